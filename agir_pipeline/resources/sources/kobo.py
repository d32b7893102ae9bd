"""KoboToolbox: every submission of one asset. Built from its documentation: no server proved it."""

import json
from typing import Any, NamedTuple

from agir_pipeline.methods.reading.questionnaire import WHOLE, Field, Questionnaire
from agir_pipeline.methods.reading.xforms import UNKNOWN, conditions_of_table
from agir_pipeline.resources.sources.exchange import Exchange, json_of
from agir_pipeline.resources.sources.faults import ServerFault
from agir_pipeline.resources.sources.pulled import (
    Ask,
    Pulled,
    as_cell,
    from_universal,
    next_page,
    page_digest,
    require_once,
    whole,
)

PAGE_ROWS = 1_000
"""The most a page gives since 2026; fewer when the server says so."""
KEY = "_uuid"
VERSION = "__version__"
SYSTEM = ("_id", "_submission_time", VERSION)
DENIED = (401, 403)
EARLIER = "__earlier_version__"
"""No column is called so: its value is not known."""
NOTHING_ASKED = "X"
ASKED = frozenset(
    (
        *("text", "integer", "decimal", "date", "time", "datetime", "dateTime"),
        *("select_one", "select_multiple", "rank", "range", "acknowledge", "barcode"),
        *("geopoint", "geotrace", "geoshape", "image", "audio", "video", "file"),
    )
)
"""Types of questions that somebody is shown; the form fills in the others by itself."""


class _Group(NamedTuple):
    """A group of questions, as its first row says."""

    name: str
    kind: str
    relevant: str


class _Form(NamedTuple):
    """What an asset asks."""

    kinds: dict[str, str]
    """Path of each question → its type."""
    relevant: dict[str, tuple[str, ...]]
    """Path of each question that is shown to somebody → the conditions that must all hold."""
    version: str
    """That of the deployed form; empty where what stands in the asset is not what is asked."""


def pull(ask: Ask, exchange: Exchange) -> Pulled:
    """All submissions of an asset; the columns are those of the form, then what is not in it.

    Raises:
        ServerFault: the asset cannot be read, or no whole export came in the time allowed.
    """
    if not ask.form.isalnum():
        raise ServerFault("bad_form")
    exchange.headers["Authorization"] = f"Token {ask.secret}"
    base = f"{ask.server.url}/api/v2/assets/{ask.form}"
    return whole(lambda: _export(ask, exchange, base))


def _export(ask: Ask, exchange: Exchange, base: str) -> Pulled:
    asked = _form(exchange, base)
    rows, n_rows = _pages(exchange, f"{base}/data.json?start=0&limit={PAGE_ROWS}")
    last = _told(exchange, f"{base}/data.json?start=0&limit=1").get("count")
    if {n_rows, last} != {len(rows)} or _form(exchange, base) != asked:
        raise ServerFault("not_whole")
    beside = {name for row in rows for name in row if not name.startswith("_")}
    answers = [*asked.kinds, *sorted(beside - set(asked.kinds))]
    require_once([as_cell(row.get(KEY)) for row in rows])
    lines = sorted(_line(row, answers, ask.time_zone) for row in rows)
    fields = [Field(name) for name in (KEY, *SYSTEM[:-1])]
    fields.append(Field(VERSION, VERSION, NOTHING_ASKED))  # conditions ask for it
    conditions = _conditions(asked)
    for place, name in enumerate(answers):
        relevance = conditions.get(name, UNKNOWN)
        kind = asked.kinds.get(name, "")
        fields.append(Field(name, name, kind, relevance=relevance, raw_name=f"f{place}"))
    told = Questionnaire(ask.form, ("en",), WHOLE, tuple(fields))
    return Pulled([KEY, *SYSTEM, *answers], lines, told)


def _conditions(form: _Form) -> dict[str, tuple[str, ...]]:
    """Question → when it was shown, in a submission of the version that is deployed.

    Of others nobody says by which conditions they were filled in.
    """
    names = {f"/{path}": f"f{place}" for place, path in enumerate(form.kinds)}
    several = {f"/{path}" for path, kind in form.kinds.items() if kind == "select_multiple"}
    relevant = {f"/{path}": texts for path, texts in form.relevant.items()}
    found: dict[str, tuple[str, ...]] = {}
    for path, told in conditions_of_table(relevant, names, several).items():
        is_now = f"{VERSION} == '{form.version}'"
        found[path.strip("/")] = tuple(
            f"({is_now} and ({one})) or (not ({is_now}) and {EARLIER})" for one in told or [is_now]
        )
    return found if form.version.isalnum() else {}


def _told(exchange: Exchange, url: str) -> dict[str, Any]:
    answer = exchange.get(url)
    if answer.status_code in DENIED:
        raise ServerFault("login")
    if answer.status_code != 200:
        raise ServerFault("forbidden")
    told = json_of(answer)
    if not isinstance(told, dict):
        raise ServerFault("not_whole")
    return told


def _form(exchange: Exchange, base: str) -> _Form:
    """The form as it stands; its version where that is the one deployed."""
    asset = _told(exchange, f"{base}.json")
    content = asset.get("content")
    rows = content.get("survey") if isinstance(content, dict) else None
    if not isinstance(rows, list):
        raise ServerFault("not_whole")
    kinds: dict[str, str] = {}
    relevant: dict[str, tuple[str, ...]] = {}
    groups: list[_Group] = []
    for row in rows:
        kind, _space, _list = str(row.get("type")).partition(" ")
        name = str(row.get("name") or row.get("$autoname") or "")
        own = str(row.get("relevant") or "").strip()
        if kind.startswith("begin_"):
            groups.append(_Group(name, kind, own))
            if kind == "begin_repeat":
                kinds["/".join(one.name for one in groups)] = "repeat"
        elif kind.startswith("end_"):
            groups = groups[:-1]
        elif name and kind != "note" and all(one.kind != "begin_repeat" for one in groups):
            path = "/".join([*(one.name for one in groups), name])
            kinds[path] = kind
            if kind in ASKED and all(one.kind == "begin_group" for one in groups):
                texts = (*(one.relevant for one in groups), own)
                relevant[path] = tuple(filter(None, texts))
    version = str(asset.get("version_id") or "")
    is_deployed = version == asset.get("deployed_version_id")
    return _Form(kinds, relevant, version if is_deployed else "")


def _pages(exchange: Exchange, url: str) -> tuple[list[dict[str, Any]], Any]:
    """Always by the ``next`` of the server: a page may hold fewer rows than were asked for."""
    rows: list[dict[str, Any]] = []
    seen: set[str] = set()
    counts = set()
    while url:
        told = _told(exchange, url)
        found = told.get("results")
        if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
            raise ServerFault("not_whole")
        digest = page_digest(found)
        if digest in seen:
            raise ServerFault("not_whole")
        seen.add(digest)
        rows += found
        counts.add(told.get("count"))
        url = next_page(url, str(told.get("next") or ""))
    return rows, counts.pop() if len(counts) == 1 else None


def _line(row: dict[str, Any], answers: list[str], time_zone: str) -> list[str]:
    cells = [as_cell(row.get(name)) for name in (KEY, *SYSTEM)]
    cells[2] = from_universal(f"{cells[2]}+00:00" if cells[2] else "", time_zone)
    for name in answers:
        value = row.get(name)
        is_nested = isinstance(value, list | dict)
        cells.append(json.dumps(value, ensure_ascii=False) if is_nested else as_cell(value))
    return cells
