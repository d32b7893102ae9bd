"""Step 6: every released table against its contract, then one immutable folder and one swap."""

from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg
import pandas as pd
import sqlalchemy as sa

from agir_pipeline.assets.catalogue import asset_spec, check_specs
from agir_pipeline.assets.checks import CONTRACT, TEXTS, Checks, contract_checks
from agir_pipeline.assets.lineage import KEY, declared_lineage, headings_shown
from agir_pipeline.assets.markdown import picture
from agir_pipeline.assets.matched import withdrawn_persons
from agir_pipeline.assets.mechanism import mechanism_tables
from agir_pipeline.assets.programme import programme_tables
from agir_pipeline.assets.promised import promised_checks, promises
from agir_pipeline.assets.quality import quality
from agir_pipeline.assets.shown import enrolment_shown
from agir_pipeline.assets.step import BlockedStep, Check, StepResult, StudyRun, carry_out, settle
from agir_pipeline.contracts.facts import ENDINGS, FACTS_OF, NAMES, fact_contracts
from agir_pipeline.contracts.matched import matched_contracts
from agir_pipeline.contracts.mechanism_lineage import facts_of_mechanism
from agir_pipeline.contracts.model import TableContract
from agir_pipeline.contracts.outcomes import outcome_contracts
from agir_pipeline.contracts.published import wave_step
from agir_pipeline.contracts.tables import table_contracts
from agir_pipeline.errors import CheckError, DecisionNeeded
from agir_pipeline.language import _, current_language, mark
from agir_pipeline.methods.dictionary import data_dictionary
from agir_pipeline.methods.matching.participants import blocked_reasons, undecided_persons
from agir_pipeline.methods.programme.enrolment import enrolment_progress
from agir_pipeline.methods.programme.enrolment_plot import enrolment_plot
from agir_pipeline.methods.programme.flow import participant_flow
from agir_pipeline.methods.programme.losses import (
    event_losses,
    measure_losses,
    status_losses,
    wave_losses,
)
from agir_pipeline.methods.programme.sensitivity import cost_sensitivity
from agir_pipeline.protocol.model import EventOutcome, Outcome, Protocol, StatusOutcome
from agir_pipeline.resources.effect_pages import effect_pages
from agir_pipeline.resources.link_review import n_decisions_needed
from agir_pipeline.resources.release_folder import ReleaseContent, damaged_files
from agir_pipeline.resources.release_inputs import (
    as_of_day,
    release_facts,
    release_id,
    release_manifest,
)
from agir_pipeline.resources.releases import ReleaseOutcome, Releases
from agir_pipeline.resources.study import Study

CHECKS = {
    "release_manifest/release_is_whole": mark("Every file is as the manifest says"),
    "release_manifest/decisions_are_made": mark("No decision on a beneficiary is missing"),
    "data_dictionary/no_identifying_column": mark("No identifying column is released"),
}
Facts = Mapping[str, pd.DataFrame]
BLOCKING = frozenset({"release_is_whole", "decisions_are_made", "no_identifying_column"})


def published_assets(protocol: Protocol) -> dg.AssetsDefinition:
    contracts = table_contracts(protocol)

    @dg.multi_asset(
        name="published",
        specs=[
            asset_spec(
                protocol,
                "published",
                contract.name,
                _(contract.title),
                _deps(contract.name, protocol),
                kinds=["parquet"],
            )
            for contract in contracts.values()
        ],
        check_specs=check_specs(
            "published",
            CHECKS
            | promises(protocol)
            | {f"{table}/{CONTRACT}": TEXTS[CONTRACT] for table in contracts},
            BLOCKING | {CONTRACT},
        ),
    )
    def published(study_run: StudyRun) -> Iterator[Any]:
        yield from carry_out(study_run, "published", _store, after="outcomes")

    return published


def _deps(table: str, protocol: Protocol) -> list[tuple[str, str]]:
    for step, contracts in (
        ("matched", matched_contracts),
        ("outcomes", outcome_contracts),
        ("outcomes", fact_contracts),
    ):
        if table in contracts(protocol):
            return [(step, table)]
    if table == "contradictions":
        return [("linked", table), ("matched", "matched_pairs")]
    if table in (rests := facts_of_mechanism(protocol)):
        return [("outcomes", fact) for fact in rests[table]]
    return [("matched", "matched_pairs"), ("outcomes", "precision")]


def _store(study: Study) -> StepResult:
    missing = _decisions_are_made(study)
    if missing.status == "failed" and not study.is_draft:
        raise BlockedStep(StepResult({}, {}, {"release_manifest": [missing]}), DecisionNeeded)
    with study.warehouse.transaction() as connection:
        tables, checks = released_tables(study, connection)
    kept = StepResult({}, {}, checks)
    if kept.blocked:
        raise BlockedStep(kept)
    outcome = publish(study, tables)
    with study.warehouse.transaction() as connection:
        return settle(study, connection, "published", _result(study, outcome, tables, checks))


def publish(study: Study, tables: dict[str, pd.DataFrame]) -> ReleaseOutcome:
    """Bring out what the study knows now; a rebuild of a past day stays a draft.

    Raises:
        CheckError: the release of this state is damaged.
        InfrastructureError: the disk refused; the current release still stands.
    """
    protocol = study.protocol
    content = ReleaseContent(
        release_id=release_id(study),
        study=protocol.study.name,
        title=protocol.study.title.in_language(current_language()),
        language=current_language(),
        tables=tables,
        contracts=_released_contracts(protocol),
        facts=release_facts(study),
        pages=effect_pages(protocol, tables),
        audit_head=study.home.audit_trail.head(),
    )
    outcome = Releases(study.home.releases).publish(content, study.is_draft or bool(study.expired))
    if outcome.is_new:
        study.home.note(
            "published" if outcome.kind == "published" else "drafted", content.release_id
        )
    return outcome


def released_tables(
    study: Study, connection: sa.Connection
) -> tuple[dict[str, pd.DataFrame], Checks]:
    """Every table of the release, stamped and as its contract promises, and that check.

    Raises:
        CheckError: a table holds an identifying column.
    """
    protocol = study.protocol
    contracts = {c.name: c for c in _released_contracts(protocol)}
    refuse_identifying(list(contracts.values()), protocol)
    facts = fact_rows(study, connection)
    built = {
        **_from_steps(study, connection),
        **_programme(study, connection, facts),
        **_facts(protocol, facts),
        "data_dictionary": data_dictionary(list(contracts.values())),
        "release_manifest": release_manifest(study),
    }
    stamps: dict[str, Any] = {
        "as_of": pd.Timestamp(as_of_day(study)),
        "protocol_digest": protocol.protocol_digest,
        "design_digest": protocol.design_digest,
    }
    stamped = {name: built[name].assign(**stamps) for name in contracts}
    return contract_checks(stamped, contracts)


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


def fact_rows(study: Study, connection: sa.Connection) -> Facts:
    """The facts of the step ``outcomes`` that effects are made from, by table."""
    names = fact_contracts(study.protocol)
    return {name: study.warehouse.read(connection, "outcomes", name) for name in names}


def _facts(protocol: Protocol, facts: Facts) -> dict[str, pd.DataFrame]:
    """What became of the members of pairs that count, as the effects read it."""
    found = {}
    for name, contract in fact_contracts(protocol).items():
        rows = facts[name][facts[name]["pair_id"].notna()]
        rows = rows.rename(columns={theirs: ours for ours, theirs in NAMES.items()})
        if "ending" in rows:
            rows["ending"] = rows["ending"].astype("Int64").map(dict(enumerate(ENDINGS)))
        rows = rows.sort_values(list(contract.key), ignore_index=True)
        found[name] = rows[contract.names]
    return found


def _programme(study: Study, connection: sa.Connection, facts: Facts) -> dict[str, pd.DataFrame]:
    read, protocol = study.warehouse.read, study.protocol
    known = flow_inputs(study, connection, facts)
    participants, pairs = known["participants"], known["pairs"]
    tables = {"participant_flow": participant_flow(**known, protocol=protocol)}
    if protocol.shared_facts:
        found = read(connection, "linked", "contradictions")
        found = found[found["person_id"].isin(_members(pairs))]
        tables["contradictions"] = found.drop(columns=["record_id_a", "record_id_b"])
    if protocol.enrolment:
        level = protocol.inference.confidence_level.value
        tables["enrolment_progress"] = enrolment_progress(
            participants, pairs, protocol.enrolment, as_of_day(study), level
        )
    progress = tables.get("enrolment_progress")
    tables["data_quality"] = quality(study, connection)
    programme = programme_tables(study, connection, progress)
    mechanism = mechanism_tables(study, connection)
    if protocol.costs and (effectiveness := programme.get("cost_effectiveness")) is not None:
        landmark, dose = mechanism.get("landmark_effects"), mechanism.get("support_dose")
        told = cost_sensitivity(effectiveness, landmark, dose, protocol, protocol.costs)
        programme["cost_sensitivity"] = told
    return tables | programme | mechanism


def flow_inputs(study: Study, connection: sa.Connection, facts: Facts) -> dict[str, Any]:
    """What ``participant_flow`` is made from, by the names of its arguments."""
    read, protocol = study.warehouse.read, study.protocol
    participants = read(connection, "linked", "participants")
    undecided = undecided_persons(
        study.vault.read("undecided"), study.vault.read("links"), as_of_day(study)
    )
    withdrawn = withdrawn_persons(study, connection)
    return {
        "participants": participants,
        "blocked": blocked_reasons(participants, protocol, undecided, withdrawn),
        "unmatched": read(connection, "matched", "unmatched_beneficiaries"),
        "pairs": read(connection, "matched", "matched_pairs"),
        "pool": read(connection, "matched", "matching_pool"),
        "exclusions": read(connection, "matched", "exclusions"),
        "losses": _wave_losses(study, connection)
        | {o.name: _losses(facts, o) for o in protocol.outcomes},
    }


def _members(pairs: pd.DataFrame) -> set[str]:
    """Persons in pairs: of nobody else does a release tell what sources say."""
    return {*pairs["beneficiary_person_id"], *pairs["control_person_id"]}


def _wave_losses(study: Study, connection: sa.Connection) -> dict[str, pd.DataFrame]:
    """By its step, of each wave of answers: who did not give one."""
    if not study.protocol.waves:
        return {}
    wanted = ["wave", "pair_id", "arm", "is_due", "state"]
    told = study.warehouse.read(connection, "outcomes", "wave_responses", wanted=wanted)
    steps = {wave.name: wave_step(wave) for wave in study.protocol.waves}
    return {steps[name]: lost for name, lost in wave_losses(told, steps).items()}


def _losses(facts: Facts, outcome: Outcome) -> pd.DataFrame:
    rows = facts[FACTS_OF[outcome.kind].name]
    rows = rows[rows["outcome"] == outcome.name]
    if isinstance(outcome, EventOutcome):
        return event_losses(rows, outcome)
    return (
        status_losses(rows, outcome) if isinstance(outcome, StatusOutcome) else measure_losses(rows)
    )


def _result(
    study: Study, outcome: ReleaseOutcome, tables: dict[str, pd.DataFrame], checks: Checks
) -> StepResult:
    checks["release_manifest"] += [_release_is_whole(outcome), _decisions_are_made(study)]
    checks["data_dictionary"].append(_no_identifying_column(study, tables["data_dictionary"]))
    for table, promised in promised_checks(tables, study.protocol).items():
        checks[table] += promised
    lineage = declared_lineage(study.protocol, "published")
    headings = headings_shown(study)
    folder = outcome.folder / "tier1" / "parquet"
    figures: dict[str, dict[str, Any]] = {
        name: {
            "dagster/uri": (folder / f"{name}.parquet").resolve().as_uri(),
            **_lineage_figures(lineage.get(name), headings.get(name)),
        }
        for name in tables
    }
    figures["release_manifest"] |= {
        "release_id": outcome.release_id,
        "release_kind": outcome.kind,
        "release_path": str(outcome.folder),
        "n_files": outcome.n_files,
        "release_is_new": outcome.is_new,
    }
    if study.protocol.enrolment and len(tables["enrolment_progress"]):
        progress = tables["enrolment_progress"]
        figures["enrolment_progress"] |= {
            "enrolment": dg.MetadataValue.md(enrolment_shown(progress)),
            "enrolment_curve": dg.MetadataValue.md(
                picture(enrolment_plot(progress), _("Entries so far against the target"))
            ),
        }
    return StepResult({name: len(table) for name, table in tables.items()}, figures, checks)


def _lineage_figures(lineage: dg.TableColumnLineage | None, headings: str | None) -> dict[str, Any]:
    """The lineage for programs, and for people the headings it ends in."""
    if lineage is None or headings is None:
        return {}
    return {KEY: lineage, "source_headings": dg.MetadataValue.md(headings)}


def _decisions_are_made(study: Study) -> Check:
    """Links that touch a beneficiary wait for nobody but the steward; a rebuild waits for none."""
    n_missing = n_decisions_needed(study)
    sentence = _(
        "{n} pairs of records that touch a beneficiary wait for a decision: run agir review, "
        "answer in the workbook it writes, hand it back with agir review --answers"
    ).format(n=n_missing)
    check = Check.blocking("decisions_are_made", 1, n_missing, sentence)
    return check._replace(severity=dg.AssetCheckSeverity.WARN) if study.is_draft else check


def _release_is_whole(outcome: ReleaseOutcome) -> Check:
    damaged = damaged_files(outcome.folder)
    sentence = _("{n} of {total} files are damaged").format(n=len(damaged), total=outcome.n_files)
    return Check.blocking("release_is_whole", outcome.n_files, len(damaged), sentence)


def _no_identifying_column(study: Study, dictionary: pd.DataFrame) -> Check:
    names = {c.name for s in study.protocol.sources for c in s.identifying_columns}
    n_named = int(dictionary["column"].isin(names).sum())
    sentence = _("{n} of {total} released columns identify a person").format(
        n=n_named, total=len(dictionary)
    )
    return Check.blocking("no_identifying_column", len(dictionary), n_named, sentence)
