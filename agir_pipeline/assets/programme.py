"""The tables of the programme: read from its own sources as they are known, then counted."""

from collections.abc import Mapping

import pandas as pd
import sqlalchemy as sa

from agir_pipeline.assets.mentions import supported_persons
from agir_pipeline.assets.variables import cut_on
from agir_pipeline.contracts.lineage import effect_tables
from agir_pipeline.contracts.programme import programme_contracts
from agir_pipeline.methods.programme.costs import cost_table, cost_totals
from agir_pipeline.methods.programme.funding import funding_table
from agir_pipeline.methods.programme.governance import governance_table
from agir_pipeline.methods.programme.membership import committee_members
from agir_pipeline.methods.programme.pace import enrolment_pace, enrolment_projection
from agir_pipeline.methods.programme.reach import (
    context_table,
    mobilisation_funnel,
    mobilisation_obstacles,
)
from agir_pipeline.methods.programme.reviews import with_reviews
from agir_pipeline.methods.programme.territory import ground_columns, territory_table
from agir_pipeline.methods.programme.worth import cost_acceptability, cost_effectiveness
from agir_pipeline.protocol.model import Costs, EventOutcome, Governance, Outreach
from agir_pipeline.resources.release_inputs import as_of_day, told_until
from agir_pipeline.resources.study import Study


def programme_tables(
    study: Study, connection: sa.Connection, progress: pd.DataFrame | None
) -> dict[str, pd.DataFrame]:
    """Every table of the programme that the protocol asks for, by name.

    ``progress`` is ``enrolment_progress`` where the study counts entries.
    """
    protocol, last_on = study.protocol, as_of_day(study)
    own = study.warehouse.read(connection, "linked", "participants", "arm = 'beneficiary'")
    tables: dict[str, pd.DataFrame] = {}
    enrolment = protocol.enrolment
    if enrolment and enrolment.pace and progress is not None:
        level = protocol.inference.confidence_level.value
        tables["enrolment_pace"] = enrolment_pace(progress, enrolment.pace, last_on, level)
        tables["enrolment_projection"] = enrolment_projection(
            progress, enrolment, enrolment.pace, last_on
        )
    if costs := protocol.costs:
        tables |= _costs(study, connection, costs, progress)
    if governance := protocol.governance:
        tables |= _governance(study, connection, governance)
    if outreach := protocol.outreach:
        tables |= _reach(study, connection, outreach, own)
    if territory := protocol.territory:
        grounds = ground_columns(protocol, territory)
        people = study.warehouse.read(connection, "linked", "participants", wanted=grounds)
        tables["territory"] = territory_table(people, protocol, territory)
    if context := protocol.context:
        series = _known(study, connection, context.origin)
        tables["context"] = context_table(series, context, last_on)
    if funding := protocol.funding:
        cost = protocol.costs.direct_per_beneficiary.value if protocol.costs else None
        tables[funding.name] = funding_table(own, funding, cost)
    wanted = programme_contracts(protocol)
    return {name: table for name, table in tables.items() if name in wanted}


def _costs(
    study: Study, connection: sa.Connection, costs: Costs, progress: pd.DataFrame | None
) -> dict[str, pd.DataFrame]:
    protocol, effects = study.protocol, _effects(study, connection)
    n_entered = _n_beneficiaries(progress)
    target = protocol.enrolment.target if protocol.enrolment else None
    spent = cost_table(_known(study, connection, costs.origin), n_entered, costs)
    n_target = target.beneficiary.value if target else None
    events = [cut_on(study, o) for o in protocol.outcomes if isinstance(o, EventOutcome)]
    cut = min(events, default=as_of_day(study))
    return {
        "costs": spent,
        "cost_totals": cost_totals(spent, n_entered, n_target, costs),
        "cost_effectiveness": cost_effectiveness(effects, protocol, costs),
        "cost_acceptability": cost_acceptability(effects, protocol, costs, cut),
    }


def _governance(
    study: Study, connection: sa.Connection, governance: Governance
) -> dict[str, pd.DataFrame]:
    last_on = told_until(study, governance.origin)
    meetings = _known(study, connection, governance.origin)
    held = governance_table(meetings, governance, last_on)
    tables = {"governance": held}
    if reviews := governance.reviews:
        mentions = study.warehouse.read(connection, "linked", "case_mentions")
        persons = supported_persons(study, connection, reviews)
        told = with_reviews(held, meetings, mentions, persons, governance, reviews, last_on)
        tables["governance"] = told
    if membership := governance.membership:
        members = committee_members(meetings, governance, membership, last_on)
        tables["committee_members"] = members
    return tables


def _reach(
    study: Study, connection: sa.Connection, outreach: Outreach, own: pd.DataFrame
) -> dict[str, pd.DataFrame]:
    last_on, enrolment = as_of_day(study), study.protocol.enrolment
    rows = _known(study, connection, outreach.origin)
    contacts = _with_organisations(study, connection, rows, outreach.origin)
    is_told = enrolment is not None and outreach.referral_column is not None
    entries = pd.DataFrame(
        {
            "entered_on": own[enrolment.entry_column] if enrolment and is_told else [],
            "referred_by": own[outreach.referral_column] if is_told else [],
        }
    )
    found = {"mobilisation_funnel": mobilisation_funnel(contacts, entries, outreach, last_on)}
    if outreach.obstacle_column:
        obstacles = mobilisation_obstacles(contacts, outreach, last_on)
        found["mobilisation_obstacles"] = obstacles
    return found


def _known(study: Study, connection: sa.Connection, source: str) -> pd.DataFrame:
    """The rows of a source in force at the end of the day of the state."""
    where = "known_on <= :day and (superseded_on is null or superseded_on > :day)"
    day: Mapping[str, object] = {"day": as_of_day(study)}
    return study.warehouse.read(connection, "validated", source, where, day)


def _with_organisations(
    study: Study, connection: sa.Connection, rows: pd.DataFrame, source: str
) -> pd.DataFrame:
    """The rows of a source with the organisation each names; missing where it names none."""
    links = study.warehouse.read(
        connection,
        "linked",
        "organisation_links",
        "source = :source",
        {"source": source},
        ["record_id", "organisation_id"],
    )
    return rows.merge(links.drop_duplicates("record_id"), on="record_id", how="left")


def _effects(study: Study, connection: sa.Connection) -> dict[str, pd.DataFrame]:
    return {
        outcome.name: study.warehouse.read(connection, "outcomes", effect_tables(outcome)[-1])
        for outcome in study.protocol.outcomes
    }


def _n_beneficiaries(progress: pd.DataFrame | None) -> int:
    if progress is None:
        return 0
    return int(progress.loc[progress["arm"] == "beneficiary", "n_entries"].sum())
