"""The tables of the programme: read from its own sources as they are known, then counted."""

from collections.abc import Mapping

import pandas as pd
import sqlalchemy as sa

from agir_pipeline.contracts.lineage import effect_tables
from agir_pipeline.contracts.programme import programme_contracts
from agir_pipeline.methods.programme.costs import cost_effectiveness, cost_table, cost_totals
from agir_pipeline.methods.programme.funding import funding_table
from agir_pipeline.methods.programme.governance import governance_table
from agir_pipeline.methods.programme.pace import enrolment_pace, enrolment_projection
from agir_pipeline.methods.programme.reach import context_table, mobilisation_funnel
from agir_pipeline.resources.release_inputs import as_of_day
from agir_pipeline.resources.study import Study


def programme_tables(
    study: Study, connection: sa.Connection, progress: pd.DataFrame | None
) -> dict[str, pd.DataFrame]:
    """Every table of the programme that the protocol asks for, by name.

    ``progress`` is ``enrolment_progress`` where the study counts entries.
    """
    protocol, last_on = study.protocol, as_of_day(study)
    tables: dict[str, pd.DataFrame] = {}
    enrolment = protocol.enrolment
    if enrolment and enrolment.pace and progress is not None:
        level = protocol.inference.confidence_level.value
        tables["enrolment_pace"] = enrolment_pace(progress, enrolment.pace, last_on, level)
        tables["enrolment_projection"] = enrolment_projection(
            progress, enrolment, enrolment.pace, last_on
        )
    if costs := protocol.costs:
        tables["costs"] = cost_table(_known(study, connection, costs.origin), costs)
        tables["cost_totals"] = cost_totals(tables["costs"], _n_beneficiaries(progress), costs)
        effects = _effects(study, connection)
        tables["cost_effectiveness"] = cost_effectiveness(effects, protocol, costs)
    if governance := protocol.governance:
        meetings = _known(study, connection, governance.origin)
        tables["governance"] = governance_table(meetings, governance, last_on)
    if outreach := protocol.outreach:
        contacts = _with_organisations(
            study, connection, _known(study, connection, outreach.origin), outreach.origin
        )
        tables["mobilisation_funnel"] = mobilisation_funnel(contacts, outreach, last_on)
    if context := protocol.context:
        series = _known(study, connection, context.origin)
        tables["context"] = context_table(series, context, last_on)
    if funding := protocol.funding:
        people = study.warehouse.read(connection, "linked", "participants", "arm = 'beneficiary'")
        cost = protocol.costs.direct_per_beneficiary.value if protocol.costs else None
        tables[funding.name] = funding_table(people, funding, cost)
    wanted = programme_contracts(protocol)
    return {name: table for name, table in tables.items() if name in wanted}


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
