"""Step 6: every released table against its contract, then one immutable folder and one swap."""

from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg
import pandas as pd
import sqlalchemy as sa

from agir_pipeline.assets.step import (
    Check,
    StepResult,
    StudyRun,
    asset_spec,
    check_specs,
    report,
    told_plainly,
)
from agir_pipeline.contracts.checking import checked
from agir_pipeline.contracts.matched import matched_contracts
from agir_pipeline.contracts.model import TableContract
from agir_pipeline.contracts.outcomes import outcome_contracts
from agir_pipeline.contracts.tables import table_contracts
from agir_pipeline.errors import CheckError
from agir_pipeline.language import _, current_language, mark
from agir_pipeline.methods.dictionary import data_dictionary
from agir_pipeline.methods.matching.participants import blocked_reasons, undecided_persons
from agir_pipeline.methods.programme.enrolment import enrolment_progress
from agir_pipeline.methods.programme.flow import participant_flow
from agir_pipeline.methods.programme.losses import event_losses, measure_losses, status_losses
from agir_pipeline.protocol.model import EventOutcome, Outcome, Protocol, StatusOutcome
from agir_pipeline.resources.release_folder import ReleaseContent, damaged_files
from agir_pipeline.resources.release_inputs import (
    as_of_day,
    release_facts,
    release_id,
    release_manifest,
)
from agir_pipeline.resources.releases import ReleaseOutcome, Releases
from agir_pipeline.resources.study import Study, record_step, require_step, state_digest

CHECKS = {
    "release_manifest/release_is_whole": mark("Every file is as the manifest says"),
    "data_dictionary/no_identifying_column": mark("No identifying column is released"),
}
ERROR = dg.AssetCheckSeverity.ERROR


def published_assets(protocol: Protocol) -> dg.AssetsDefinition:
    @dg.multi_asset(
        name="published",
        specs=[
            asset_spec(
                protocol,
                "published",
                contract.name,
                _(contract.title),
                _deps(contract.name, protocol),
                kinds=frozenset({"parquet"}),
            )
            for contract in table_contracts(protocol).values()
        ],
        check_specs=check_specs("published", {place: _(text) for place, text in CHECKS.items()}),
    )
    def published(study_run: StudyRun) -> Iterator[Any]:
        with told_plainly():
            study = study_run.study()
            require_step(study, "outcomes")
            outcome = publish(study)
            yield from report(study, "published", _result(study, outcome))

    return published


def _deps(table: str, protocol: Protocol) -> list[tuple[str, str]]:
    for step, contracts in (("matched", matched_contracts), ("outcomes", outcome_contracts)):
        if table in contracts(protocol):
            return [(step, table)]
    return [("matched", "matched_pairs"), ("outcomes", "precision")]


def publish(study: Study) -> ReleaseOutcome:
    """Bring out what the study knows now; a rebuild of a past day stays a draft.

    Raises:
        CheckError: a table breaks its contract, holds an identifying column, or the release of
            this state is damaged.
        InfrastructureError: the disk refused; the current release still stands.
    """
    protocol = study.protocol
    with study.warehouse.transaction() as connection:
        tables = released_tables(study, connection)
    content = ReleaseContent(
        release_id=release_id(study),
        study=protocol.study.name,
        title=protocol.study.title.in_language(current_language()),
        language=current_language(),
        tables=tables,
        contracts=_released_contracts(protocol),
        facts=release_facts(study),
    )
    outcome = Releases(study.home.releases).publish(content, study.is_draft)
    with study.warehouse.transaction() as connection:
        record_step(study, connection, "published", state_digest(study, "published"))
    return outcome


def released_tables(study: Study, connection: sa.Connection) -> dict[str, pd.DataFrame]:
    """Every table of the release, stamped and as its contract promises, by name.

    Raises:
        CheckError: a table breaks its contract or holds an identifying column.
    """
    protocol = study.protocol
    contracts = _released_contracts(protocol)
    refuse_identifying(contracts, protocol)
    built = {
        **_from_steps(study, connection),
        **_programme(study, connection),
        "data_dictionary": data_dictionary(contracts),
        "release_manifest": release_manifest(study),
    }
    stamps: dict[str, Any] = {
        "as_of": pd.Timestamp(as_of_day(study)),
        "protocol_digest": protocol.protocol_digest,
        "design_digest": protocol.design_digest,
    }
    return {c.name: checked(built[c.name].assign(**stamps), c) for c in contracts}


def refuse_identifying(contracts: list[TableContract], protocol: Protocol) -> None:
    """Refuse to release a column that the protocol says identifies a person."""
    names = {c.name for source in protocol.sources for c in source.identifying_columns}
    found = [f"{t.name}.{column}" for t in contracts for column in t.names if column in names]
    if found:
        raise CheckError(
            _("identifying columns may not be released: {columns}").format(columns=", ".join(found))
        )


def _released_contracts(protocol: Protocol) -> list[TableContract]:
    return [contract.as_released() for contract in table_contracts(protocol).values()]


def _from_steps(study: Study, connection: sa.Connection) -> dict[str, pd.DataFrame]:
    """The tables of the earlier steps; what became of a pair is no part of the population."""
    read, protocol = study.warehouse.read, study.protocol
    matched = {n: read(connection, "matched", n) for n in matched_contracts(protocol)}
    outcomes = {n: read(connection, "outcomes", n) for n in outcome_contracts(protocol)}
    population = matched["analysis_population"].drop(columns="status", errors="ignore")
    return {**matched, **outcomes, "analysis_population": population}


def _programme(study: Study, connection: sa.Connection) -> dict[str, pd.DataFrame]:
    read, protocol = study.warehouse.read, study.protocol
    participants = read(connection, "linked", "participants")
    undecided = undecided_persons(
        study.vault.read("undecided"), study.vault.read("links"), as_of_day(study)
    )
    pairs = read(connection, "matched", "matched_pairs")
    tables = {
        "participant_flow": participant_flow(
            participants,
            blocked_reasons(participants, protocol, undecided),
            read(connection, "matched", "unmatched_beneficiaries"),
            pairs,
            read(connection, "matched", "matching_pool"),
            read(connection, "matched", "exclusions"),
            {o.name: _losses(study, connection, o) for o in protocol.outcomes},
            protocol,
        )
    }
    if protocol.enrolment:
        level = protocol.inference.confidence_level.value
        tables["enrolment_progress"] = enrolment_progress(
            participants, pairs, protocol.enrolment, as_of_day(study), level
        )
    return tables


def _losses(study: Study, connection: sa.Connection, outcome: Outcome) -> pd.DataFrame:
    table = {"event": "event_times", "status": "status_answers", "measure": "measures"}
    of_outcome: Mapping[str, Any] = {"outcome": outcome.name}
    facts = study.warehouse.read(
        connection, "outcomes", table[outcome.kind], "outcome = :outcome", of_outcome
    )
    if isinstance(outcome, EventOutcome):
        return event_losses(facts, outcome)
    return (
        status_losses(facts, outcome)
        if isinstance(outcome, StatusOutcome)
        else measure_losses(facts)
    )


def _result(study: Study, outcome: ReleaseOutcome) -> StepResult:
    releases = Releases(study.home.releases)
    tables = releases.manifest(outcome.release_id)["tables"]
    dictionary = releases.read("data_dictionary", outcome.release_id)
    names = {c.name for s in study.protocol.sources for c in s.identifying_columns}
    n_named = int(dictionary["column"].isin(names).sum())
    damaged = damaged_files(outcome.folder)
    checks = {
        "release_manifest": [
            Check(
                "release_is_whole",
                not damaged,
                _("{n} of {total} files are damaged").format(n=len(damaged), total=outcome.n_files),
                ERROR,
            )
        ],
        "data_dictionary": [
            Check(
                "no_identifying_column",
                len(dictionary) > 0 and n_named == 0,
                _("{n} of {total} released columns identify a person").format(
                    n=n_named, total=len(dictionary)
                ),
                ERROR,
            )
        ],
    }
    figures = {
        "release_manifest": {
            "release_id": outcome.release_id,
            "release_kind": outcome.kind,
            "release_path": str(outcome.folder),
            "n_files": outcome.n_files,
            "release_is_new": outcome.is_new,
        }
    }
    return StepResult({name: tables[name]["n_rows"] for name in tables}, figures, checks)
