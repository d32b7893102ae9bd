"""Can the columns that tell one fact of a person be compared with each other?"""

from collections.abc import Iterator, Mapping
from typing import get_args

from agir_pipeline.errors import Mistake
from agir_pipeline.language import _
from agir_pipeline.protocol.model import PERSONAL, ColumnType
from agir_pipeline.protocol.written import (
    COUNTING_METHODS,
    Raw,
    codes,
    items,
    place,
    table,
    text,
    unknown,
)

TYPES = get_args(ColumnType)
"""A column of another type is a mistake that is told elsewhere."""
DAYS = ("date", "instant")
IN_WORDS = ("means", "filled", "empty")
Sources = Mapping[str, Raw]


def shared_facts_can_be_compared(raw: Raw) -> Iterator[Mistake]:
    sources = {s["name"]: s for s in items(raw, "source") if isinstance(s.get("name"), str)}
    for position, fact in enumerate(items(raw, "shared_fact"), 1):
        where = place("shared_fact", position, fact)
        tellers = items(fact, "told_by")
        if len({(text(t, "source"), text(t, "column")) for t in tellers}) < max(2, len(tellers)):
            yield Mistake(f"{where} › told_by", _("names two columns or more, each once"))
        kinds: dict[str, None] = {}
        for number, teller in enumerate(tellers, 1):
            at = f"{where} › {place('told_by', number, teller)}"
            yield from _column_exists(at, teller, sources)
            column = _columns_of(teller, sources).get(text(teller, "column") or "")
            if column is not None and ("method" in column or column.get("type") in TYPES):
                yield from _reading_suits(at, teller, column)
                kinds[_kind(teller, column)] = None
        yield from _kinds_agree(where, fact, list(kinds))
        yield from _secrets_stay_apart(where, tellers, sources)
        if "of_spell" in fact:
            yield from _spells_can_be_told_apart(where, table(fact, "of_spell"), tellers, sources)


def _columns_of(teller: Raw, sources: Sources) -> dict[str, Raw]:
    source = sources.get(text(teller, "source") or "", {})
    declared = items(source, "column") + items(source, "derived")
    return {c["name"]: c for c in declared if isinstance(c.get("name"), str)}


def _column_exists(at: str, teller: Raw, sources: Sources) -> Iterator[Mistake]:
    name, column = text(teller, "source"), text(teller, "column")
    if name is not None and name not in sources:
        yield unknown(at, "source", name, sources)
    elif name is not None and sources[name].get("feeds") not in PERSONAL:
        yield Mistake(f"{at} › source", _("'{name}' tells nothing of persons").format(name=name))
    elif column is not None and column not in _columns_of(teller, sources):
        yield unknown(at, "column", column, _columns_of(teller, sources))


def _reading_suits(at: str, teller: Raw, column: Raw) -> Iterator[Mistake]:
    name = column["name"]
    has_words = any(key in teller for key in ("filled", "empty"))
    if sum((has_words, "means" in teller, "part" in teller)) > 1:
        yield Mistake(at, _("read in one way: part, means, or filled and empty"))
    if "part" in teller and column.get("type") not in DAYS:
        yield Mistake(f"{at} › part", _("'{name}' is not a date").format(name=name))
    declared = codes(column)
    if "means" in teller and declared is None:
        message = _("'{name}' is not a code with its codes").format(name=name)
        yield Mistake(f"{at} › means", message)
    for code in table(teller, "means"):
        if declared is not None and code not in declared:
            yield unknown(at, "means", code, declared)
    if column.get("sensitivity") == "identifying" and set(IN_WORDS) & set(teller):
        yield Mistake(
            at, _("'{name}' identifies a person: only its part is read").format(name=name)
        )
    if column.get("type") == "codes":
        yield Mistake(f"{at} › column", _("'{name}' holds several codes").format(name=name))


def _kind(teller: Raw, column: Raw) -> str:
    """What its values are once read: only those of one kind can be compared."""
    if any(key in teller for key in IN_WORDS):
        return "text"
    if "part" in teller:
        return "integer"
    if "method" in column:
        return "integer" if column["method"] in COUNTING_METHODS else "text"
    kind = str(column.get("type"))
    return {"code": "text", "identifier": "text", "instant": "date"}.get(kind, kind)


def _kinds_agree(where: str, fact: Raw, kinds: list[str]) -> Iterator[Mistake]:
    if len(kinds) > 1:
        message = _("cannot be compared: {kinds}").format(kinds=", ".join(kinds))
        yield Mistake(f"{where} › told_by", message)
    if "tolerance" in fact and set(kinds) - {"date"}:
        yield Mistake(f"{where} › tolerance", _("is counted in days: compares dates alone"))


def _secrets_stay_apart(where: str, tellers: list[Raw], sources: Sources) -> Iterator[Mistake]:
    """A fact is compared in the vault or in the warehouse, never between the two."""
    found = [_columns_of(t, sources).get(text(t, "column") or "") for t in tellers]
    secret = [c.get("sensitivity") == "identifying" for c in found if c is not None]
    if any(secret) and not all(secret):
        message = _("some of its columns identify a person and some do not")
        yield Mistake(f"{where} › told_by", message)


def _spells_can_be_told_apart(
    where: str, of_spell: Raw, tellers: list[Raw], sources: Sources
) -> Iterator[Mistake]:
    """Two sources at least have the column, of one kind, and anybody may read it."""
    name, asked = text(of_spell, "column"), {text(t, "source") or "" for t in tellers}
    if name is None or not asked <= sources.keys():
        return
    at = f"{where} › of_spell › column"
    columns = [_columns_of({"source": source}, sources) for source in sorted(asked)]
    having = [declared[name] for declared in columns if name in declared]
    if len(having) < 2:
        yield Mistake(at, _("'{name}' is a column of two of its sources").format(name=name))
        return
    if any(column.get("sensitivity") == "identifying" for column in having):
        yield Mistake(at, _("'{name}' identifies a person").format(name=name))
    if "tolerance" in of_spell and {_kind({}, column) for column in having} - {"date"}:
        yield Mistake(
            f"{where} › of_spell › tolerance", _("is counted in days: compares dates alone")
        )
