"""The tables of employment and mechanism: facts that SQL made, then one method each."""

import pandas as pd
import sqlalchemy as sa

from agir_pipeline.assets.variables import cut_on
from agir_pipeline.contracts.support import support_codes
from agir_pipeline.methods.effects.claims import is_final
from agir_pipeline.methods.effects.event_pairs import paired_times
from agir_pipeline.methods.effects.risk_plot import primary_definition
from agir_pipeline.methods.employment.months import employment_by_month, employment_calendar
from agir_pipeline.methods.employment.profile import contract_profile
from agir_pipeline.methods.employment.qualification import qualification_table
from agir_pipeline.methods.employment.situations import situation_table
from agir_pipeline.methods.mechanism.landmark import landmark_effects
from agir_pipeline.methods.mechanism.link import link_answers, link_index, link_transitions
from agir_pipeline.methods.mechanism.posture import posture_change, scale_reliability
from agir_pipeline.methods.mechanism.risks import risk_factors
from agir_pipeline.methods.mechanism.scales import item_limits, told_scales, with_party
from agir_pipeline.methods.mechanism.support import (
    dose_quantiles,
    support_dose,
    support_subthemes,
    support_themes,
)
from agir_pipeline.methods.mechanism.synergy import with_synergy
from agir_pipeline.protocol.mechanism import ContractProfile, Support
from agir_pipeline.protocol.model import Employment, EventOutcome, Mechanism
from agir_pipeline.resources.study import Study


def mechanism_tables(study: Study, connection: sa.Connection) -> dict[str, pd.DataFrame]:
    """Every table of employment and mechanism that the protocol asks for, by name."""
    employment, mechanism = study.protocol.employment, study.protocol.mechanism
    if not (employment or mechanism):
        return {}
    answers = study.warehouse.read(connection, "outcomes", "wave_answers")
    members = study.warehouse.read(connection, "outcomes", "pair_members")
    tables: dict[str, pd.DataFrame] = {}
    if employment:
        tables |= _employment(study, connection, employment, members, answers)
    if mechanism:
        tables |= _mechanism(study, connection, mechanism, members, answers)
    return tables


def _employment(
    study: Study,
    connection: sa.Connection,
    employment: Employment,
    members: pd.DataFrame,
    answers: pd.DataFrame,
) -> dict[str, pd.DataFrame]:
    asked = study.warehouse.read(connection, "outcomes", "situations")
    months = study.warehouse.read(connection, "outcomes", "calendar_months")
    calendar = employment_calendar(months, employment)
    profiles = {}
    if profile := employment.profile:
        spells = contracts_of(study, connection, profile)
        profiles["contract_profile"] = contract_profile(members, spells, profile)
    return {
        **profiles,
        "situation_at_six_months": situation_table(asked, answers, employment),
        "employment_calendar": calendar,
        "employment_by_month": employment_by_month(calendar),
        "qualification": qualification_table(members, answers, employment),
    }


def contracts_of(study: Study, connection: sa.Connection, profile: ContractProfile) -> pd.DataFrame:
    """What the profile reads of every contract."""
    read = dict.fromkeys(("spell_id", profile.months_column, *(t.column for t in profile.traits)))
    return study.warehouse.read(connection, "linked", "spells", wanted=list(read))


def _mechanism(
    study: Study,
    connection: sa.Connection,
    mechanism: Mechanism,
    members: pd.DataFrame,
    answers: pd.DataFrame,
) -> dict[str, pd.DataFrame]:
    protocol, limits = study.protocol, item_limits(study.protocol)
    level = protocol.inference.confidence_level.value
    told = with_party(answers, mechanism)
    scales = told_scales(told, mechanism, limits)
    link = link_answers(told, scales, mechanism)
    index = link_index(link, mechanism)
    events = (o for o in protocol.outcomes if isinstance(o, EventOutcome))
    outcome = next(o for o in events if o.name == mechanism.outcome)
    cut, definition = cut_on(study, outcome), primary_definition(outcome)
    facts = study.warehouse.read(
        connection, "outcomes", "event_times", "outcome = :outcome", {"outcome": outcome.name}
    )
    pairs = paired_times(facts, outcome, definition, cut)
    support = {}
    if asked := mechanism.support:
        sessions = study.warehouse.read(connection, "outcomes", "support_sessions")
        support = _support(study, sessions, mechanism, asked, members)
        index = with_synergy(index, link, sessions, asked.joint_when)
    dose = support.get("support_dose", pd.DataFrame(columns=["pair_id", DOSE]))
    final = is_final(protocol.inference, cut)
    return {
        **support,
        "link_index": index,
        "link_transitions": link_transitions(index, link, mechanism, level),
        "scale_reliability": scale_reliability(scales, mechanism),
        "posture_change": posture_change(scales, mechanism, level, is_final=final),
        "risk_factors": risk_factors(told, pairs, outcome, mechanism, level),
        "landmark_effects": landmark_effects(
            pairs, dose, link, outcome, mechanism, definition.name, level
        ),
    }


DOSE = "n_interviews_by_landmark"


def _support(
    study: Study,
    sessions: pd.DataFrame,
    mechanism: Mechanism,
    support: Support,
    members: pd.DataFrame,
) -> dict[str, pd.DataFrame]:
    themes, phases = (
        list(support_codes(study.protocol, support, column))
        for column in (support.themes_column, support.phase_column)
    )
    landmark = mechanism.landmark_days.value
    dose = support_dose(members, sessions, support, phases, landmark)
    subthemes = {}
    if column := support.subthemes_column:
        named = list(support_codes(study.protocol, support, column))
        subthemes["support_subthemes"] = support_subthemes(sessions, named, phases)
    return {
        **subthemes,
        "support_dose": dose,
        "support_dose_quantiles": dose_quantiles(dose, phases),
        "support_themes": support_themes(sessions, themes, phases),
    }
