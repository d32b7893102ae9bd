"""Rules of funding, null outcomes and early warnings must use what the sources say of people."""

from collections.abc import Iterator
from typing import Any

from agir_pipeline.errors import Mistake
from agir_pipeline.language import _
from agir_pipeline.protocol.model import PERSONAL
from agir_pipeline.protocol.reserved_names import OUTCOME_STEP, TABLES
from agir_pipeline.protocol.written import (
    Raw,
    codes,
    columns,
    items,
    names,
    place,
    table,
    text,
    texts,
    unknown,
)

SAYINGS = ("codes", "is_true", "minimum", "maximum", "days_before")


def _null_outcomes_were_before(raw: Raw) -> Iterator[Mistake]:
    written = items(table(raw, "placebo"), "null_outcome")
    outcomes = names(items(raw, "outcome"))
    for position, null in enumerate(written, 1):
        where = f"placebo › {place('null_outcome', position, null)}"
        yield from _column_is_known_before(where, null, raw)
        if text(null, "name") in [*outcomes, *names(written[: position - 1])]:
            message = _("'{name}' is declared more than once").format(name=null["name"])
            yield Mistake(where, message)


def _funding_uses_columns(raw: Raw) -> Iterator[Mistake]:
    funding = table(raw, "funding")
    spells = columns(raw, "spell", warehouse_only=True)
    persons = columns(raw, "person", warehouse_only=True)
    for key in ("day_column", "duration_column") if funding else ():
        name = text(funding, key)
        if name is not None and name not in spells:
            yield unknown("funding", key, name, spells)
    if text(funding, "name") in TABLES | OUTCOME_STEP | set(names(items(raw, "outcome"))):
        message = _("its table {table} would have the name of another; choose another")
        yield Mistake("funding › name", message.format(table=funding["name"]))
    known = names(items(funding, "criterion"))
    for position, criterion in enumerate(items(funding, "criterion"), 1):
        where = f"funding › {place('criterion', position, criterion)}"
        for name in texts(criterion, "evidence"):
            if name not in persons:
                yield unknown(where, "evidence", name, persons)
        for number, way in enumerate(items(criterion, "way"), 1):
            yield from _conditions(f"{where} › {place('way', number, way)}", way, "condition", raw)
    for position, amount in enumerate(items(funding, "amount"), 1):
        where = f"funding › {place('amount', position, amount)}"
        for name in texts(amount, "increased_by"):
            if name not in known:
                yield unknown(where, "increased_by", name, known)
        yield from _conditions(where, amount, "increased_when", raw)


def _conditions(where: str, parent: Raw, key: str, raw: Raw) -> Iterator[Mistake]:
    for position, condition in enumerate(items(parent, key), 1):
        at = f"{where} › {place(key, position, condition)}"
        yield from _column_is_known_before(at, condition, raw)
        said = {"range" if k in ("minimum", "maximum") else k for k in SAYINGS if k in condition}
        if len(said) != 1:
            yield Mistake(at, _("says one thing: codes, is_true, days_before, or its limits"))


def _warnings_use_sources(raw: Raw) -> Iterator[Mistake]:
    sources = {s["name"]: s for s in items(raw, "source") if isinstance(s.get("name"), str)}
    of_persons = {name for name, s in sources.items() if s.get("feeds") in PERSONAL}
    rules = items(table(raw, "warnings"), "rule")
    for position, rule in enumerate(rules, 1):
        where = f"warnings › {place('rule', position, rule)}"
        origin = text(rule, "origin")
        if origin is None or origin not in of_persons:
            yield from [unknown(where, "origin", origin, of_persons)] if origin else []
            continue
        own = {
            c["name"]: c
            for c in items(sources[origin], "column") + items(sources[origin], "derived")
            if isinstance(c.get("name"), str) and c.get("sensitivity") != "identifying"
        }
        for key in ("day_column", "column"):
            name = text(rule, key)
            if name is not None and name not in own:
                yield unknown(where, key, name, own)
        declared = codes(own.get(text(rule, "column") or "", {}))
        for code in texts(rule, "codes"):
            if declared is not None and code not in declared:
                yield unknown(where, "codes", code, declared)
        said = [key for key in ("codes", "is_true", "minimum") if key in rule]
        if rule.get("kind") == "said" and ("column" not in rule or len(said) != 1):
            yield Mistake(where, _("says what a column must say: codes, is_true or minimum"))
        if rule.get("kind") == "silent" and ("column" in rule or said):
            yield Mistake(where, _("is about silence: it names no column and no value"))


def _column_is_known_before(where: str, written: Raw, raw: Raw) -> Iterator[Mistake]:
    name, origin = text(written, "column"), written.get("origin")
    if name is None or origin not in ("person", "spell"):
        return
    known: dict[str, Any] = columns(raw, origin, warehouse_only=True)
    if name not in known:
        yield unknown(where, "column", name, known)
        return
    if known[name].get("known_before_index") is False:
        message = _("'{name}' is not known before the index date").format(name=name)
        yield Mistake(f"{where} › column", message)
    declared = codes(known[name])
    for code in texts(written, "codes") + texts(written, "unknown_codes"):
        if declared is not None and code not in declared:
            yield unknown(where, "codes", code, declared)


def _variants_are_beside(raw: Raw) -> Iterator[Mistake]:
    """A variant judges no effect, and reasons can be set apart only where they are told."""
    for position, outcome in enumerate(items(raw, "outcome"), 1):
        where, primary = place("outcome", position, outcome), text(outcome, "primary_definition")
        reasons = _reasons(raw, outcome)
        for number, definition in enumerate(items(outcome, "definition"), 1):
            at = f"{where} › {place('definition', number, definition)}"
            if definition.get("is_variant") is True and definition.get("name") == primary:
                message = _("'{name}' is a variant").format(name=primary)
                yield Mistake(f"{where} › primary_definition", message)
            apart = texts(definition, "apart")
            if apart and "causes" not in outcome:
                yield Mistake(f"{at} › apart", _("needs [outcome.causes]"))
            for code in apart:
                if reasons is not None and code not in reasons:
                    yield unknown(at, "apart", code, reasons)
            yield from _mark_is_told(raw, outcome, at, definition)


def _mark_is_told(raw: Raw, outcome: Raw, at: str, definition: Raw) -> Iterator[Mistake]:
    """A mark that sets early ends apart says yes or no, and stands beside reasons."""
    name = text(definition, "apart_if")
    if name is None:
        return
    if not texts(definition, "apart"):
        yield Mistake(f"{at} › apart_if", _("needs {name}").format(name="apart"))
    own = [s for s in items(raw, "source") if s.get("name") == outcome.get("origin")]
    found = {c.get("name"): c.get("type") for s in own for c in items(s, "column")}
    if found and name not in found:
        yield unknown(at, "apart_if", name, [str(known) for known in found])
    elif found.get(name, "boolean") != "boolean":
        message = _("'{name}' is not a yes-or-no column").format(name=name)
        yield Mistake(f"{at} › apart_if", message)


def _reasons(raw: Raw, outcome: Raw) -> set[str] | None:
    """The codes of the reasons of an early end; None where the outcome tells none."""
    name = text(table(outcome, "causes"), "reason_column")
    own = [s for s in items(raw, "source") if s.get("name") == outcome.get("origin")]
    found = [c for s in own for c in items(s, "column") if c.get("name") == name]
    return codes(found[0]) if name is not None and found else None


JUDGING_CHECKS = (
    _variants_are_beside,
    _null_outcomes_were_before,
    _funding_uses_columns,
    _warnings_use_sources,
)
