"""What a protocol wants told beside its effects must name what its sources and covariates hold."""

from collections.abc import Iterator

from agir_pipeline.errors import Mistake
from agir_pipeline.language import _
from agir_pipeline.protocol.written import (
    Raw,
    codes,
    columns,
    items,
    names,
    numbers,
    place,
    table,
    text,
    texts,
    unknown,
)

WINDOW = 2


def _causes_use_the_origin(raw: Raw) -> Iterator[Mistake]:
    for position, outcome in enumerate(items(raw, "outcome"), 1):
        causes, where = table(outcome, "causes"), f"{place('outcome', position, outcome)} › causes"
        own = _own_columns(raw, text(outcome, "origin"))
        if not causes or not own:
            continue
        for key in ("reason_column", "initiative_column"):
            name = text(causes, key)
            if name is not None and name not in own:
                yield unknown(where, key, name, own)
        known = codes(own.get(text(causes, "reason_column") or "", {})) or set()
        groups = items(causes, "class")
        used = [code for group in groups for code in texts(group, "codes")]
        for code in dict.fromkeys(used):
            if code not in known:
                yield unknown(where, "class › codes", code, known)
            if used.count(code) > 1:
                message = _("'{name}' is declared more than once").format(name=code)
                yield Mistake(f"{where} › class › codes", message)


def _waves_use_sources(raw: Raw) -> Iterator[Mistake]:
    answering = names([s for s in items(raw, "source") if s.get("feeds") == "answer"])
    persons = columns(raw, "person", warehouse_only=True)
    for position, wave in enumerate(items(raw, "wave"), 1):
        where, origin = place("wave", position, wave), text(wave, "origin")
        if origin is not None and origin not in answering:
            yield unknown(where, "origin", origin, answering)
            continue
        own = _own_columns(raw, origin)
        for key in ("complete_when", "only_when"):
            for name in table(wave, key):
                if name not in own:
                    yield unknown(where, key, name, own)
        contact = text(wave, "contact_column")
        if contact is not None and contact not in persons:
            yield unknown(where, "contact_column", contact, persons)
        window = numbers(table(wave, "window_days").get("value"))
        if window is not None and (len(window) != WINDOW or min(window) < 0):
            message = _("names two numbers: days before, days after")
            yield Mistake(f"{where} › window_days", message)


def _subgroups_are_covariates(raw: Raw) -> Iterator[Mistake]:
    known = names([c for c in items(raw, "covariate") if c.get("scale") == "category"])
    known += [name] if (name := text(table(raw, "funding"), "name")) else []
    for name in texts(raw.get("inference"), "subgroups"):
        if name not in known:
            yield unknown("inference", "subgroups", name, known)


def _help_is_answered(raw: Raw) -> Iterator[Mistake]:
    asked = columns(raw, "answer", warehouse_only=True)
    allowed = [name for name, column in asked.items() if column.get("type") == "boolean"]
    name = text(table(raw, "inference"), "helped_column")
    if name and name not in allowed:
        yield unknown("inference", "helped_column", name, allowed)


def _own_columns(raw: Raw, origin: str | None) -> dict[str, Raw]:
    sources = [source for source in items(raw, "source") if source.get("name") == origin]
    return {
        column["name"]: column
        for source in sources
        for column in items(source, "column") + items(source, "derived")
        if isinstance(column.get("name"), str)
    }


REPORTING_CHECKS = (
    _causes_use_the_origin,
    _waves_use_sources,
    _subgroups_are_covariates,
    _help_is_answered,
)
