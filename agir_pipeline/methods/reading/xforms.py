"""When a form of ODK shows each question, from its definition (an XForm) or its table (XLSForm).

Conditions are translated to the expressions that questionnaires know; what has no like among them
is not known, never guessed. Source: ODK XForms Specification, getodk.github.io/xforms-spec.
"""

import io
import re
from collections.abc import Collection, Mapping, Sequence
from xml.parsers.expat import ExpatError

from agir_pipeline.methods.reading.grid import Refused
from agir_pipeline.methods.reading.sheet_scan import local, parse_xml

UNKNOWN = ("unknown(form)",)
"""The condition of a question of which the form tells nothing."""
CONTROLS = frozenset({"input", "select", "select1", "upload", "range", "rank", "trigger"})
TOKEN = re.compile(
    r"""\s*(?:(?P<one>selected\s*\(\s*(?P<of>/[\w/.-]+)\s*,\s*(?P<is>'[^']*'|"[^"]*")\s*\))
    |(?P<path>/[\w.-]+(?:/[\w.-]+)+)|(?P<text>'[^']*'|"[^"]*")|(?P<number>\d+(?:\.\d+)?)
    |(?P<not>not\s*(?=\())|(?P<word>(?:and|or)\b)|(?P<sign><=|>=|!=|=|<|>|\(|\)|\+|-))""",
    re.VERBOSE,
)


REFERENCE = re.compile(r"\$\{\s*([^\s${}]+)\s*\}")
"""How the table of a form calls a question: by its own name, wherever it stands."""


class NoForm(Exception):
    """What was sent is no definition of a form."""


def conditions_of(
    definition: bytes, names: Mapping[str, str], several: Collection[str]
) -> dict[str, tuple[str, ...]]:
    """Path of each question that is shown to somebody → the conditions that must all hold.

    ``names``: path without the root → the name expressions call it by; ``several``: the paths of
    questions with several choices.

    Raises:
        NoForm: it is no XForm.
    """
    relevant: dict[str, str] = {}
    shown: list[str] = []

    def start(element: str, attributes: Mapping[str, str]) -> None:
        kind = local(element)
        if kind == "bind":
            relevant[_below_root(attributes.get("nodeset", ""))] = attributes.get("relevant", "")
        elif kind in CONTROLS and "ref" in attributes:
            shown.append(_below_root(attributes["ref"]))

    try:
        parse_xml(io.BytesIO(definition), start)
    except (ExpatError, Refused) as fault:
        raise NoForm from fault
    if not shown:
        raise NoForm
    found = {}
    for path in shown:
        above = [path[:at] for at in range(1, len(path)) if path[at] == "/"]
        told = [relevant.get(one, "") for one in (*above, path)]
        found[path] = tuple(_translated(one, names, several) for one in told if one.strip())
    return found


def conditions_of_table(
    relevant: Mapping[str, Sequence[str]], names: Mapping[str, str], several: Collection[str]
) -> dict[str, tuple[str, ...]]:
    """The same from the table a form is made of (XLSForm): path of each question → the texts
    ``relevant`` of its groups and its own. A name that two questions bear is not known.

    Paths are those without the root, names and ``several`` as in ``conditions_of``.
    """
    places: dict[str, list[str]] = {}
    for path in names:
        places.setdefault(path.rpartition("/")[2], []).append(path)

    def full(reference: re.Match[str]) -> str:
        found = places.get(reference[1], [])
        return f"/form{found[0]}" if len(found) == 1 else "?"

    return {
        path: tuple(_translated(REFERENCE.sub(full, one), names, several) for one in texts)
        for path, texts in relevant.items()
    }


def _below_root(path: str) -> str:
    """``/data/group/question`` without the root, as the server names it."""
    return "/" + path.strip("/").partition("/")[2]


def _translated(xpath: str, names: Mapping[str, str], several: Collection[str]) -> str:
    parts: list[str] = []
    place, text = 0, xpath.strip()
    while place < len(text):
        token = TOKEN.match(text, place)
        if token is None:
            return UNKNOWN[0]
        path = _below_root(token["of"] or token["path"] or "")
        if path != "/" and (path not in names or path in several):
            return UNKNOWN[0]
        name = f"{names.get(path)}.NAOK"
        if token["one"]:
            parts.append(f"({name} == {token['is']})")
        elif token["path"]:
            parts.append(name)
        else:
            sign = token[0].strip()
            parts.append("!" if token["not"] else "==" if sign == "=" else sign)
        place = token.end()
    return " ".join(parts)
