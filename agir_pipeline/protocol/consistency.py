"""What a protocol says in one place must agree with what it says in another.

Works on the file as written, so that these mistakes come together with the structural ones:
anything of the wrong shape is left to the model and simply not looked at here.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from agir_pipeline.errors import Mistake
from agir_pipeline.language import _

Raw = Mapping[str, Any]


def inconsistencies(raw: Raw) -> list[Mistake]:
    """All disagreements inside one protocol, in the order of its sections."""
    checks: tuple[Callable[[Raw], Iterator[Mistake]], ...] = (
        _names_are_unique,
        _sources_hold_together,
        _identity_uses_columns,
        _covariates_are_known_before_index,
        _eligibility_uses_columns,
        _index_uses_columns,
        _outcomes_use_sources,
        _family_has_primaries,
        _benchmarks_name_measures,
        _windows_make_sense,
    )
    return [mistake for check in checks for mistake in check(raw)]


def _items(parent: Any, key: str) -> list[Raw]:
    values = parent.get(key) if isinstance(parent, Mapping) else None
    return [v for v in values if isinstance(v, Mapping)] if isinstance(values, list) else []


def _names(items: list[Raw]) -> list[str]:
    return [item["name"] for item in items if isinstance(item.get("name"), str)]


def _texts(parent: Any, key: str) -> list[str]:
    values = parent.get(key) if isinstance(parent, Mapping) else None
    return [v for v in values if isinstance(v, str)] if isinstance(values, list) else []


def _place(section: str, position: int, item: Raw) -> str:
    name = item.get("name", item.get("outcome"))
    return f"{section} {position}" + (f" ({name})" if isinstance(name, str) else "")


def _columns(raw: Raw, feeds: str | None = None, *, identifying: bool | None = None) -> set[str]:
    """Names of the columns (derived ones too) of the sources that feed an entity."""
    found: set[str] = set()
    for source in _items(raw, "source"):
        if feeds is not None and source.get("feeds") != feeds:
            continue
        for column in _items(source, "column"):
            is_identifying = column.get("sensitivity") == "identifying"
            if identifying is None or is_identifying == identifying:
                found.update(_names([column]))
        if not identifying:
            found.update(_names(_items(source, "derived")))
    return found


def _unknown(place: str, key: str, name: str, known: set[str]) -> Mistake:
    return Mistake(
        f"{place} › {key}",
        _("'{name}' is not one of: {known}").format(
            name=name, known=", ".join(sorted(known)) or _("(none)")
        ),
    )


def _names_are_unique(raw: Raw) -> Iterator[Mistake]:
    groups = [(section, _items(raw, section)) for section in ("source", "covariate", "outcome")]
    for position, source in enumerate(_items(raw, "source"), 1):
        place = _place("source", position, source)
        groups.append((f"{place} › column", _items(source, "column") + _items(source, "derived")))
        groups.append((f"{place} › provider", _items(source, "provider")))
    for position, outcome in enumerate(_items(raw, "outcome"), 1):
        place = _place("outcome", position, outcome)
        groups.append((f"{place} › definition", _items(outcome, "definition")))
    for place, items in groups:
        names = _names(items)
        for name in sorted({n for n in names if names.count(n) > 1}):
            yield Mistake(place, _("'{name}' is declared more than once").format(name=name))


def _sources_hold_together(raw: Raw) -> Iterator[Mistake]:
    for position, source in enumerate(_items(raw, "source"), 1):
        place = _place("source", position, source)
        own = set(_names(_items(source, "column")))
        for name in _texts(source, "key"):
            if name not in own:
                yield _unknown(place, "key", name, own)
        yield from _arm_is_declared(place, source, own)
        yield from _role_is_declared(place, source, own)
        if not _items(source, "provider"):
            yield Mistake(place, _("has no provider; say who delivers it"))
        for number, column in enumerate(_items(source, "column"), 1):
            yield from _column_is_usable(f"{place} › {_place('column', number, column)}", column)
        for number, derived in enumerate(_items(source, "derived"), 1):
            at = f"{place} › {_place('derived', number, derived)}"
            for name in _texts(derived, "inputs"):
                if name not in own:
                    yield _unknown(at, "inputs", name, own)
            if derived.get("method") == "lookup" and "table" not in derived:
                yield Mistake(at, _("a lookup needs a table"))


def _role_is_declared(place: str, source: Raw, own: set[str]) -> Iterator[Mistake]:
    """Spell and answer sources say which of their columns carry the dates."""
    spell, answered = source.get("spell"), source.get("answered_at")
    if source.get("feeds") == "spell" and not isinstance(spell, Mapping):
        yield Mistake(place, _("feeds spells: a [source.spell] table must name its columns"))
    if source.get("feeds") == "answer" and answered is None:
        yield Mistake(place, _("feeds answers: answered_at must name the day of submission"))
    named = dict(spell) if isinstance(spell, Mapping) else {}
    for key, name in {**named, "answered_at": answered}.items():
        if isinstance(name, str) and name not in own:
            yield _unknown(place, key, name, own)


def _arm_is_declared(place: str, source: Raw, own: set[str]) -> Iterator[Mistake]:
    arm = source.get("arm")
    if source.get("feeds") == "person":
        if arm is None:
            yield Mistake(place, _("feeds persons: say their arm"))
        if (
            isinstance(arm, Mapping)
            and isinstance(arm.get("column"), str)
            and arm["column"] not in own
        ):
            yield _unknown(place, "arm › column", arm["column"], own)
    elif arm is not None and source.get("feeds") in ("spell", "answer"):
        yield Mistake(place, _("only sources that feed persons have an arm"))


def _column_is_usable(place: str, column: Raw) -> Iterator[Mistake]:
    if column.get("type") == "code" and not _items(column, "codes"):
        yield Mistake(place, _("is a code without codes; list them with their labels"))
    pattern = column.get("pattern")
    if isinstance(pattern, str):
        try:
            re.compile(pattern)
        except re.error as fault:
            yield Mistake(f"{place} › pattern", _("is not a pattern: {cause}").format(cause=fault))


def _identity_uses_columns(raw: Raw) -> Iterator[Mistake]:
    known = {n for source in _items(raw, "source") for n in _names(_items(source, "column"))}
    identity = raw.get("identity")
    rules = identity.get("same_when") if isinstance(identity, Mapping) else None
    for number, rule in enumerate(rules if isinstance(rules, list) else [], 1):
        for name in rule if isinstance(rule, list) else []:
            if isinstance(name, str) and name not in known:
                yield _unknown("identity", f"same_when {number}", name, known)


def _covariates_are_known_before_index(raw: Raw) -> Iterator[Mistake]:
    late = {
        column["name"]
        for source in _items(raw, "source")
        for column in _items(source, "column") + _items(source, "derived")
        if column.get("known_before_index") is False and isinstance(column.get("name"), str)
    }
    for position, covariate in enumerate(_items(raw, "covariate"), 1):
        place, column = _place("covariate", position, covariate), covariate.get("column")
        if not isinstance(column, str):
            continue
        known = _known_columns(raw, covariate.get("origin"))
        if known is not None and column not in known:
            yield _unknown(place, "column", column, known)
        if column in late:
            yield Mistake(
                f"{place} › column",
                _("'{name}' is not known before the index date; it can only be an outcome").format(
                    name=column
                ),
            )
        points = covariate.get("cut_points")
        if isinstance(points, list) and points != sorted(set(points)):
            yield Mistake(f"{place} › cut_points", _("must increase"))


INDEX_COLUMNS = {"planned_days_remaining"}


def _known_columns(raw: Raw, origin: Any) -> set[str] | None:
    if origin == "index":
        return INDEX_COLUMNS
    return _columns(raw, origin, identifying=False) if origin in ("person", "spell") else None


def _eligibility_uses_columns(raw: Raw) -> Iterator[Mistake]:
    for position, rule in enumerate(_items(raw, "eligibility"), 1):
        place, column = _place("eligibility", position, rule), rule.get("column")
        known = _known_columns(raw, rule.get("origin"))
        if isinstance(column, str) and known is not None and column not in known:
            yield _unknown(place, "column", column, known)
        if not {"minimum", "maximum", "one_of"} & set(rule):
            yield Mistake(place, _("says no limit; give minimum, maximum or one_of"))


def _index_uses_columns(raw: Raw) -> Iterator[Mistake]:
    matching = raw.get("matching")
    index = matching.get("index") if isinstance(matching, Mapping) else None
    if not isinstance(index, Mapping):
        return
    for key, feeds in (
        ("entry_column", "person"),
        ("supported_since_column", "person"),
        ("consent_column", "person"),
    ):
        name = index.get(key)
        known = _columns(raw, feeds, identifying=False)
        if isinstance(name, str) and name not in known:
            yield _unknown("matching › index", key, name, known)


def _outcomes_use_sources(raw: Raw) -> Iterator[Mistake]:
    feeds = {"event": "spell", "status": "answer"}
    for position, outcome in enumerate(_items(raw, "outcome"), 1):
        place, kind = _place("outcome", position, outcome), outcome.get("kind")
        if kind == "measure":
            column, known = outcome.get("column"), _columns(raw, "person", identifying=False)
            if isinstance(column, str) and column not in known:
                yield _unknown(place, "column", column, known)
            continue
        sources = {
            s["name"]: s
            for s in _items(raw, "source")
            if s.get("feeds") == feeds.get(str(kind)) and isinstance(s.get("name"), str)
        }
        origin = outcome.get("origin")
        if kind in feeds and isinstance(origin, str) and origin not in sources:
            yield _unknown(place, "origin", origin, set(sources))
        primary = outcome.get("primary_definition")
        known = set(_names(_items(outcome, "definition")))
        if isinstance(primary, str) and primary not in known:
            yield _unknown(place, "primary_definition", primary, known)
        if kind == "status" and origin in sources:
            yield from _rules_use_answers(place, outcome, sources[origin])


def _rules_use_answers(place: str, outcome: Raw, source: Raw) -> Iterator[Mistake]:
    own = set(_names(_items(source, "column")))
    for number, definition in enumerate(_items(outcome, "definition"), 1):
        at = f"{place} › {_place('definition', number, definition)}"
        named = [definition.get("known_when")]
        for rule in _items(definition, "true_when"):
            for part in ("codes", "minimum"):
                named += list(rule[part]) if isinstance(rule.get(part), Mapping) else []
        for name in named:
            if isinstance(name, str) and name not in own:
                yield _unknown(at, "column", name, own)


def _family_has_primaries(raw: Raw) -> Iterator[Mistake]:
    outcomes = {o["name"]: o for o in _items(raw, "outcome") if isinstance(o.get("name"), str)}
    for name in _texts(raw.get("inference"), "primary_family"):
        if name not in outcomes:
            yield _unknown("inference", "primary_family", name, set(outcomes))
        elif outcomes[name].get("kind") in ("event", "status") and (
            "primary_definition" not in outcomes[name]
        ):
            yield Mistake(
                "inference › primary_family",
                _("outcome '{name}' has no primary_definition").format(name=name),
            )


def _benchmarks_name_measures(raw: Raw) -> Iterator[Mistake]:
    measures = {
        o["name"] for o in _items(raw, "outcome") if o.get("kind") == "measure" and "name" in o
    }
    for position, benchmark in enumerate(_items(raw, "benchmark"), 1):
        name = benchmark.get("outcome")
        if isinstance(name, str) and name not in measures:
            yield _unknown(_place("benchmark", position, benchmark), "outcome", name, measures)


def _windows_make_sense(raw: Raw) -> Iterator[Mistake]:
    for position, outcome in enumerate(_items(raw, "outcome"), 1):
        place = _place("outcome", position, outcome)
        horizons = outcome.get("horizons_days")
        values = horizons.get("value") if isinstance(horizons, Mapping) else None
        if isinstance(values, list) and all(isinstance(v, int) for v in values):
            if not values or values != sorted(set(values)) or values[0] < 1:
                yield Mistake(f"{place} › horizons_days", _("must be days from 1 on that increase"))
            primary = outcome.get("primary_horizon_days")
            if isinstance(primary, int) and primary not in values:
                yield _unknown(
                    place, "primary_horizon_days", str(primary), {str(v) for v in values}
                )
