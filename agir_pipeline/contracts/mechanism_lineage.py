"""From which facts the tables of employment and mechanism are made."""

from collections.abc import Iterable

from agir_pipeline.contracts.mechanism import mechanism_contracts
from agir_pipeline.contracts.places import Origins, Place
from agir_pipeline.protocol.model import Mechanism, Protocol

MEMBER = ("person_id", "pair_id", "arm")
EVENT = ("time_days", "cause", "follow_up_days", "index_on")
FACTS: dict[str, tuple[str, ...]] = {
    "situation_at_six_months": ("situations", "wave_answers"),
    "employment_calendar": ("calendar_months",),
    "employment_by_month": ("calendar_months",),
    "contract_profile": ("pair_members",),
    "qualification": ("pair_members", "wave_answers"),
    "support_dose": ("pair_members", "support_sessions"),
    "support_dose_quantiles": ("pair_members", "support_sessions"),
    "support_subthemes": ("support_sessions",),
    "support_themes": ("support_sessions",),
    "link_index": ("wave_answers", "support_sessions"),
    "link_transitions": ("wave_answers",),
    "scale_reliability": ("wave_answers",),
    "posture_change": ("wave_answers",),
    "risk_factors": ("wave_answers", "event_times"),
    "landmark_effects": ("wave_answers", "event_times", "support_sessions"),
}
"""Table → the models of step ``outcomes`` it is made from."""


def facts_of_mechanism(protocol: Protocol) -> dict[str, tuple[str, ...]]:
    """The tables this study has, each with its models."""
    is_logged = protocol.mechanism is not None and protocol.mechanism.support is not None
    return {
        name: tuple(fact for fact in FACTS[name] if is_logged or fact != "support_sessions")
        for name in mechanism_contracts(protocol)
    }


def mechanism_origins(protocol: Protocol) -> dict[str, Origins]:
    """Table → column → the columns of facts its values are made of."""
    found: dict[str, Origins] = {}
    for name, contract in mechanism_contracts(protocol).items():
        made_of = _made_of(name, protocol)
        told = {
            column: _of("pair_members", (column,)) if column in MEMBER else made_of
            for column in contract.names
        }
        if "synergy" in told:
            met = _of("support_sessions", ("present", "index_days"))
            told |= {"n_actors": met, "synergy": (*made_of, *met)}
        found[name] = {c: f for c, f in told.items() if c not in ("claim", "method")}
    return found


def _made_of(table: str, protocol: Protocol) -> tuple[Place, ...]:
    mechanism, employment = protocol.mechanism, protocol.employment
    months = ("contract", "told", "told_in", "has_two_answers", "month_number", "month_on",
              "has_job", "is_job_lasting")  # fmt: skip
    sessions = ("session_on", "shared_minutes", "theme_codes", "phase", "present", "index_days")
    match table:
        case "employment_calendar" | "employment_by_month":
            return _of("calendar_months", months)
        case "support_dose" | "support_dose_quantiles" | "support_themes":
            return _of("support_sessions", sessions)
        case "support_subthemes":
            told = ("session_on", "shared_minutes", "subtheme_codes", "phase")
            return _of("support_sessions", told)
    if employment and employment.profile and table == "contract_profile":
        read = (employment.profile.months_column, *(t.column for t in employment.profile.traits))
        return tuple(Place("linked", "spells", column) for column in dict.fromkeys(read))
    if employment and table == "qualification":
        return _of("wave_answers", (employment.qualification_column,))
    if employment and table == "situation_at_six_months":
        named = [n for s in employment.situations for r in s.true_when
                 for n in (*r.codes, *r.minimum, *r.above)]  # fmt: skip
        return (*_of("situations", ("contract", "is_due")), *_of("wave_answers", named))
    return _of_mechanism(table, mechanism) if mechanism else ()


def _of_mechanism(table: str, mechanism: Mechanism) -> tuple[Place, ...]:
    if table == "risk_factors":
        named = [n for risk in mechanism.risks
                 for n in (*risk.rule.codes, *risk.rule.minimum, *risk.rule.above)]  # fmt: skip
        return (*_of("wave_answers", named), *_of("event_times", EVENT))
    scales = (mechanism.link.scale,) if table.startswith(("link", "landmark")) else ()
    items = _of("wave_answers", _items(mechanism, scales))
    if table != "landmark_effects":
        return items
    dose = _of("support_sessions", ("index_days",)) if mechanism.support else ()
    return (*items, *_of("event_times", EVENT), *dose)


def _items(mechanism: Mechanism, scales: tuple[str, ...]) -> list[str]:
    return [
        column
        for scale in mechanism.scales
        if scale.name in scales or not scales
        for dimension in scale.dimensions
        for column in (*dimension.columns, *dimension.version_columns)
    ]


def _of(model: str, columns: Iterable[str]) -> tuple[Place, ...]:
    return tuple(Place("outcomes", model, column) for column in dict.fromkeys(columns))
