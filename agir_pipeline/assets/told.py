"""What the SQL models are told about employment and mechanism: which columns, waves and days."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from agir_pipeline.protocol.mechanism import Employment, StatusRule, Support
from agir_pipeline.protocol.model import EventOutcome, Mechanism, Protocol, StatusOutcome


def told_variables(
    protocol: Protocol, cuts: Mapping[str, date], last_on: date
) -> dict[str, list[Any]]:
    """The variables of the models that only employment and mechanism rest on; empty without them.

    ``cuts`` are the days to which the data of each source reach.
    """
    employment, mechanism = protocol.employment, protocol.mechanism
    support = mechanism.support if mechanism else None
    return {
        "told_columns": told_columns(protocol),
        "employment": [_employment(protocol, employment, cuts, last_on)] if employment else [],
        "support": [_support(protocol, support)] if support else [],
    }


def told_columns(protocol: Protocol) -> list[str]:
    """Every column of answers that a table of employment or mechanism reads, each once."""
    named: list[str] = []
    if employment := protocol.employment:
        named += [employment.now_column, employment.qualification_column]
        named += employment.month_columns
        named += [name for name in (employment.job_start_column,) if name]
        for situation in employment.situations:
            for rule in situation.true_when:
                named += [*rule.codes, *rule.minimum, *rule.above]
    if mechanism := protocol.mechanism:
        named += [mechanism.respondent_column, *_items(mechanism)]
        for risk in mechanism.risks:
            named += [*risk.rule.codes, *risk.rule.minimum, *risk.rule.above]
    return list(dict.fromkeys(named))


def _items(mechanism: Mechanism) -> Iterable[str]:
    for scale in mechanism.scales:
        for dimension in scale.dimensions:
            yield from (*dimension.columns, *dimension.version_columns)


def _employment(
    protocol: Protocol, employment: Employment, cuts: Mapping[str, date], last_on: date
) -> dict[str, Any]:
    statuses = (o for o in protocol.outcomes if isinstance(o, StatusOutcome))
    outcome = next(o for o in statuses if o.name == employment.outcome)
    waits = [
        o.consolidation_days.value
        for o in protocol.outcomes
        if isinstance(o, EventOutcome) and o.origin == employment.register_origin
    ]
    register_on = cuts.get(employment.register_origin, last_on)
    definitions = {one.name: one for one in outcome.definitions}
    definition = definitions.get(outcome.primary_definition or "", outcome.definitions[0])
    working = [code for code, month in employment.now_means.items() if month in employment.at_work]
    return {
        "outcome": outcome.name,
        "definition": definition.name,
        "rules": [conditions(rule) for rule in definition.true_when],
        "job_start": employment.job_start_column or "",
        "now_at_work": working,
        "wave": employment.wave,
        "register": employment.register_origin,
        "register_read_on": str(min(register_on - timedelta(days=max(waits, default=0)), last_on)),
        "read_on": str(min(max(cuts.values()), last_on)),
        "lasting_column": employment.lasting_column,
        "lasting_codes": list(employment.lasting_codes),
        "months": employment.months.value,
        "month_columns": list(employment.month_columns),
        "now_column": employment.now_column,
        "now_waves": list(employment.now_waves),
        "now_means": dict(employment.now_means),
    }


def _support(protocol: Protocol, support: Support) -> dict[str, Any]:
    index = protocol.matching.index
    return {
        "origin": support.origin,
        "day": support.day_column,
        "time": support.time_column,
        "minutes": support.minutes_column,
        "shared_by": support.shared_by_column,
        "theme_codes": support.themes_column,
        "subtheme_codes": support.subthemes_column or "",
        "phase": support.phase_column,
        "present": support.present_column,
        "entry": index.entry_column if index else "",
    }


def conditions(rule: StatusRule) -> list[dict[str, Any]]:
    """The conditions of one rule, all of which must hold."""
    return [
        *coded(rule.codes),
        *({"column": column, "minimum": float(least)} for column, least in rule.minimum.items()),
        *({"column": column, "above": float(limit)} for column, limit in rule.above.items()),
    ]


def coded(codes: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
    """The condition that a column has one of some codes, for each column."""
    return [{"column": column, "codes": list(values)} for column, values in codes.items()]
