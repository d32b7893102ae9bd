"""Does every rule, covariate and outcome of the design use what the sources give?"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from agir_pipeline.errors import Mistake
from agir_pipeline.language import _
from agir_pipeline.protocol.registry import event_methods
from agir_pipeline.protocol.written import (
    Raw,
    codes,
    columns,
    is_number,
    items,
    names,
    numbers,
    place,
    table,
    text,
    texts,
    unknown,
)

INDEX_COLUMNS: dict[str, Raw] = {"planned_days_remaining": {"type": "integer"}}


def _known_columns(raw: Raw, origin: Any) -> dict[str, Raw] | None:
    """What a rule may use; None when it does not say where from."""
    if origin == "index":
        return INDEX_COLUMNS
    return columns(raw, origin, warehouse_only=True) if origin in ("person", "spell") else None


def _outside(where: str, key: str, used: list[str], column: Raw) -> Iterator[Mistake]:
    """The codes a rule names that its column does not have."""
    declared = codes(column)
    if declared is not None:
        yield from (unknown(where, key, code, declared) for code in used if code not in declared)


# ------------------------------------------------------------------- population, matching


def _eligibility_uses_columns(raw: Raw) -> Iterator[Mistake]:
    for position, rule in enumerate(items(raw, "eligibility"), 1):
        where = place("eligibility", position, rule)
        for at, asked in ((where, rule), (f"{where} › or_else", table(rule, "or_else"))):
            name, known = text(asked, "column"), _known_columns(raw, asked.get("origin"))
            if name is not None and known is not None:
                if name not in known:
                    yield unknown(at, "column", name, known)
                yield from _outside(at, "one_of", texts(asked, "one_of"), known.get(name, {}))
        if not {"minimum", "maximum", "one_of"} & set(rule):
            yield Mistake(where, _("says no limit; give minimum, maximum or one_of"))


def _covariates_are_known_before_index(raw: Raw) -> Iterator[Mistake]:
    for position, covariate in enumerate(items(raw, "covariate"), 1):
        where, name = place("covariate", position, covariate), text(covariate, "column")
        known = _known_columns(raw, covariate.get("origin"))
        if name is not None and known is not None:
            if name not in known:
                yield unknown(where, "column", name, known)
            else:
                yield from _covariate_suits(where, name, known[name], covariate)
        points = numbers(covariate.get("cut_points"))
        if points is not None and points != sorted(set(points)):
            yield Mistake(f"{where} › cut_points", _("must increase"))


def _covariate_suits(where: str, name: str, column: Raw, covariate: Raw) -> Iterator[Mistake]:
    if column.get("known_before_index") is False:
        yield Mistake(
            f"{where} › column",
            _("'{name}' is not known before the index date; it can only be an outcome").format(
                name=name
            ),
        )
    is_numeric = is_number(column) or column.get("type") == "boolean"
    if covariate.get("scale") == "number" and "codes" in column:
        yield Mistake(f"{where} › scale", _("'{name}' has codes, not numbers").format(name=name))
    elif covariate.get("scale") == "number" and not is_numeric:
        yield Mistake(f"{where} › scale", _("'{name}' is not a number").format(name=name))
    for key, scale in (("cut_points", "number"), ("groups", "category")):
        if covariate.get(key) and covariate.get("scale") != scale:
            yield Mistake(
                f"{where} › {key}", _("goes with the scale '{scale}' alone").format(scale=scale)
            )
    yield from _outside(where, "groups", list(table(covariate, "groups")), column)
    groups = {str(group) for group in table(covariate, "groups").values()}
    for name in table(covariate, "group_labels"):
        if name not in groups:
            yield unknown(where, "group_labels", name, groups)


def _matching_makes_sense(raw: Raw) -> Iterator[Mistake]:
    matching = table(raw, "matching")
    instants = matching.get("instants")
    days = [str(day) for day in instants] if isinstance(instants, list) else []
    if days != sorted(set(days)):
        yield Mistake("matching › instants", _("must increase"))
    index = table(matching, "index")
    known = columns(raw, "person", warehouse_only=True)
    for key in ("entry_column", "supported_since_column", "consent_column"):
        name = text(index, key)
        if name is not None and name not in known:
            yield unknown("matching › index", key, name, known)
    ratio = numbers(table(table(raw, "balance"), "variance_ratio_range").get("value"))
    if ratio is not None and (len(ratio) != 2 or ratio[0] >= ratio[1]):
        yield Mistake("balance › variance_ratio_range", _("names two numbers that increase"))
    yield from _alternatives_can_be_estimated(raw, matching)
    yield from _near_fine_suits(raw, matching)


def _near_fine_suits(raw: Raw, matching: Raw) -> Iterator[Mistake]:
    """It balances one category that pairs may differ in, and pairs alone."""
    near_fine, at = table(matching, "near_fine"), "matching › near_fine › covariate"
    name = text(near_fine, "covariate")
    if isinstance(near_fine.get("covariate"), list):
        yield Mistake(at, _("names one covariate; more than one cannot be balanced this way"))
    if name is None:
        return
    declared = {c["name"]: c for c in items(raw, "covariate") if isinstance(c.get("name"), str)}
    if name not in declared:
        yield unknown("matching › near_fine", "covariate", name, declared)
        return
    if declared[name].get("scale") == "number":
        yield Mistake(at, _("'{name}' is a number; only a category has shares").format(name=name))
    if declared[name].get("role") == "exact":
        yield Mistake(at, _("'{name}' is equal within every pair already").format(name=name))
    for alternative in ("coarsened_exact", "full"):
        if alternative in texts(matching, "alternatives"):
            message = _("is for pairs; take '{name}' out of alternatives: its sets have no shares")
            yield Mistake("matching › near_fine", message.format(name=alternative))


def _alternatives_can_be_estimated(raw: Raw, matching: Raw) -> Iterator[Mistake]:
    """Their estimators weigh one value per person: there is none yet for events or answers."""
    where, named = "matching › alternatives", texts(matching, "alternatives")
    for name in sorted(name for name, n in Counter(named).items() if n > 1):
        yield Mistake(where, _("'{name}' is declared more than once").format(name=name))
    if not named:
        return
    if "index" in matching:
        yield Mistake(where, _("are for a study without [matching.index]"))
    if "measure" not in [text(outcome, "kind") for outcome in items(raw, "outcome")]:
        yield Mistake(where, _("are estimated for outcomes of kind 'measure' only; there is none"))


def _enrolment_uses_columns(raw: Raw) -> Iterator[Mistake]:
    enrolment, known = table(raw, "enrolment"), columns(raw, "person", warehouse_only=True)
    for key in ("entry_column", "watched_column"):
        name = text(enrolment, key)
        if name is not None and name not in known:
            yield unknown("enrolment", key, name, known)
    watched = known.get(text(enrolment, "watched_column") or "", {})
    yield from _outside("enrolment", "watched_codes", texts(enrolment, "watched_codes"), watched)


# ----------------------------------------------------------------------------- outcomes


def _outcomes_use_sources(raw: Raw) -> Iterator[Mistake]:
    feeds = {"event": "spell", "status": "answer"}
    for position, outcome in enumerate(items(raw, "outcome"), 1):
        where, kind = place("outcome", position, outcome), text(outcome, "kind")
        if kind == "measure":
            yield from _measure_is_an_outcome(where, raw, outcome)
        if kind not in feeds:
            continue
        written = [s for s in items(raw, "source") if s.get("feeds") == feeds[kind]]
        sources = {s["name"]: s for s in written if isinstance(s.get("name"), str)}
        origin = text(outcome, "origin")
        if origin is not None and origin not in sources:
            yield unknown(where, "origin", origin, sources)
        primary, known = text(outcome, "primary_definition"), names(items(outcome, "definition"))
        if primary is not None and primary not in known:
            yield unknown(where, "primary_definition", primary, known)
        if kind == "event":
            yield from _event_makes_sense(where, raw, outcome)
        else:
            yield from _status_makes_sense(where, outcome, sources)


def _measure_is_an_outcome(where: str, raw: Raw, outcome: Raw) -> Iterator[Mistake]:
    name, known = text(outcome, "column"), columns(raw, "person", warehouse_only=True)
    if name is None:
        return
    if name not in known:
        yield unknown(where, "column", name, known)
        return
    if known[name].get("known_before_index") is True:
        yield Mistake(
            f"{where} › column",
            _("'{name}' is known before the index date; nothing could change it").format(name=name),
        )
    if not is_number(known[name]):
        yield Mistake(f"{where} › column", _("'{name}' is not a number").format(name=name))


def _event_makes_sense(where: str, raw: Raw, outcome: Raw) -> Iterator[Mistake]:
    for number, definition in enumerate(items(outcome, "definition"), 1):
        method = text(definition, "method")
        at = f"{where} › {place('definition', number, definition)}"
        if method is not None and method not in event_methods():
            yield unknown(at, "method", method, event_methods())
        needs_window = method in ("path_net", "first_net") or items(definition, "also_told")
        if needs_window and not definition.get("window_days"):
            yield Mistake(f"{at} › window_days", _("is missing"))
        yield from _told_elsewhere(at, raw, definition)
    if "index" not in table(raw, "matching"):
        yield Mistake(where, _("is counted from the index date: [matching.index] is missing"))
    horizons = numbers(table(outcome, "horizons_days").get("value"))
    if horizons is None:
        return
    if not horizons or horizons != sorted(set(horizons)) or horizons[0] < 1:
        yield Mistake(f"{where} › horizons_days", _("must be days from 1 on that increase"))
    primary = outcome.get("primary_horizon_days")
    if isinstance(primary, int) and primary not in horizons:
        known = ", ".join(map(str, horizons))
        message = _("'{name}' is not one of: {known}").format(name=primary, known=known)
        yield Mistake(f"{where} › primary_horizon_days", message)


def _told_elsewhere(at: str, raw: Raw, definition: Raw) -> Iterator[Mistake]:
    """New contracts that answers tell: within a window, and only in a variant."""
    surveys = {
        s["name"]: s
        for s in items(raw, "source")
        if isinstance(s.get("name"), str) and s.get("feeds") == "answer"
    }
    told = items(definition, "also_told")
    if told and definition.get("is_variant") is not True:
        message = _("sources that do not see both arms alike serve a variant only")
        yield Mistake(f"{at} › also_told", message)
    for number, one in enumerate(told, 1):
        where, origin = f"{at} › also_told {number}", text(one, "origin")
        if origin is not None and origin not in surveys:
            yield unknown(where, "origin", origin, surveys)
        elif origin is not None:
            yield from _rules_use_answers(where, {"true_when": [one]}, surveys[origin])
            days = [
                c.get("name") for c in items(surveys[origin], "column") if c.get("type") == "date"
            ]
            if (starts := text(one, "starts")) is not None and starts not in days:
                message = _("'{name}' is not a day of the source").format(name=starts)
                yield Mistake(f"{where} › starts", message)


def _status_makes_sense(where: str, outcome: Raw, sources: Mapping[str, Raw]) -> Iterator[Mistake]:
    window = numbers(table(outcome, "window_days").get("value"))
    if window is not None and (len(window) != 2 or min(window) < 0):
        yield Mistake(f"{where} › window_days", _("names two numbers: days before, days after"))
    yield from _primary_is_asked_for_its_day(where, outcome)
    for number, definition in enumerate(items(outcome, "definition"), 1):
        at = f"{where} › {place('definition', number, definition)}"
        if definition.get("true_when") == []:
            yield Mistake(f"{at} › true_when", _("holds no rule; the status would never be true"))
        asked = text(table(definition, "asked"), "origin")
        if asked is not None and asked not in sources:
            yield unknown(f"{at} › asked", "origin", asked, sources)
        source = sources.get(asked or text(outcome, "origin") or "")
        if source is not None:
            yield from _rules_use_answers(at, definition, source)


def _primary_is_asked_for_its_day(where: str, outcome: Raw) -> Iterator[Mistake]:
    """What follows from the primary definition, or else the first, is of the outcome's own date."""
    primary = text(outcome, "primary_definition")
    for number, definition in enumerate(items(outcome, "definition"), 1):
        is_primary = text(definition, "name") == primary
        if is_primary and text(definition, "counted_from") == "actual_end":
            message = _("a date that hangs on the end of the contract cannot be the primary one")
            yield Mistake(f"{where} › primary_definition", message)
        if "asked" in definition and (is_primary or (primary is None and number == 1)):
            at = f"{where} › {place('definition', number, definition)} › asked"
            yield Mistake(at, _("the primary definition is asked as the outcome says"))


def _rules_use_answers(where: str, definition: Raw, source: Raw) -> Iterator[Mistake]:
    own = {c["name"]: c for c in items(source, "column") if isinstance(c.get("name"), str)}
    named: list[str | None] = [text(definition, "known_when")]
    for rule in items(definition, "true_when"):
        named += [*table(rule, "codes"), *table(rule, "minimum"), *table(rule, "above")]
        for column, used in table(rule, "codes").items():
            yield from _outside(where, f"codes › {column}", _as_texts(used), own.get(column, {}))
    for used_column in named:
        if used_column is not None and used_column not in own:
            yield unknown(where, "column", used_column, own)


def _as_texts(value: Any) -> list[str]:
    return [v for v in value if isinstance(v, str)] if isinstance(value, list) else []


def _family_has_primaries(raw: Raw) -> Iterator[Mistake]:
    outcomes = {o["name"]: o for o in items(raw, "outcome") if isinstance(o.get("name"), str)}
    family = texts(raw.get("inference"), "primary_family")
    for name in sorted(name for name, n in Counter(family).items() if n > 1):
        message = _("'{name}' is declared more than once").format(name=name)
        yield Mistake("inference › primary_family", message)
    for name in dict.fromkeys(family):
        if name not in outcomes:
            yield unknown("inference", "primary_family", name, outcomes)
        elif outcomes[name].get("kind") in ("event", "status") and (
            "primary_definition" not in outcomes[name]
        ):
            yield Mistake(
                "inference › primary_family",
                _("outcome '{name}' has no primary_definition").format(name=name),
            )
        elif outcomes[name].get("kind") == "event" and "primary_horizon_days" not in outcomes[name]:
            yield Mistake(
                "inference › primary_family",
                _("outcome '{name}' has no primary_horizon_days").format(name=name),
            )


def _benchmarks_name_measures(raw: Raw) -> Iterator[Mistake]:
    measures = names([o for o in items(raw, "outcome") if o.get("kind") == "measure"])
    for position, benchmark in enumerate(items(raw, "benchmark"), 1):
        name = text(benchmark, "outcome")
        if name is not None and name not in measures:
            yield unknown(place("benchmark", position, benchmark), "outcome", name, measures)


DESIGN_CHECKS = (
    _eligibility_uses_columns,
    _covariates_are_known_before_index,
    _matching_makes_sense,
    _outcomes_use_sources,
    _family_has_primaries,
    _benchmarks_name_measures,
    _enrolment_uses_columns,
)
