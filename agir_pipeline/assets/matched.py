"""Step 4: the fold over the matching instants. Reads no outcome and no date of exit."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import dagster as dg
import pandas as pd
import sqlalchemy as sa

from agir_pipeline.assets.catalogue import asset_spec, check_specs
from agir_pipeline.assets.checks import CONTRACT, TEXTS, contract_checks
from agir_pipeline.assets.lineage import KEY, declared_lineage
from agir_pipeline.assets.markdown import picture
from agir_pipeline.assets.retold import told_findings
from agir_pipeline.assets.shown import balance_shown, margin_shown
from agir_pipeline.assets.step import Check, StepResult, StudyRun, carry_out, settle
from agir_pipeline.assets.variables import model_variables
from agir_pipeline.contracts.covariates import level_namer
from agir_pipeline.contracts.matched import matched_contracts
from agir_pipeline.contracts.words import ALTERNATIVES
from agir_pipeline.language import _, mark, written_number
from agir_pipeline.methods.identity.linking import PAIR
from agir_pipeline.methods.matching.balance import balance_table
from agir_pipeline.methods.matching.love_plot import love_plot
from agir_pipeline.methods.matching.named_alternatives import alternative_weights
from agir_pipeline.methods.matching.pair_findings import pair_findings
from agir_pipeline.methods.matching.pair_tables import (
    analysis_population,
    empty_round,
    pair_terms,
    status_of,
    still_unmatched,
    surplus_in_rounds,
    used_in_rounds,
)
from agir_pipeline.methods.matching.participants import (
    Candidates,
    candidates_of,
    undecided_persons,
)
from agir_pipeline.methods.matching.records import Round
from agir_pipeline.methods.matching.rounds import match_round
from agir_pipeline.methods.matching.spec import MatchingSpec
from agir_pipeline.methods.matching.spillover import spillover
from agir_pipeline.methods.matching.verification import Terms, verify_pairs
from agir_pipeline.protocol.model import Protocol
from agir_pipeline.resources.rounds import (
    RecordedRound,
    names_apart,
    record_round,
    recorded_rounds,
    renamed,
)
from agir_pipeline.resources.study import (
    Study,
    code_version,
    contracts_known_to,
    due_instants,
)

TABLES = {
    "matched_pairs": mark("Who is compared with whom"),
    "unmatched_beneficiaries": mark("Beneficiaries without a pair, and why"),
    "analysis_population": mark("Both members of each pair at the index date"),
    "covariate_balance": mark("How alike the arms are, before and after"),
    "matching_pool": mark("Everybody at risk, band by band, as matched"),
    "matching_prices": mark("Dual prices that prove each optimum"),
    "certificates": mark("Primal against dual, stratum by stratum"),
    "exclusions": mark("Controls kept out by a dated condition"),
    "pair_findings": mark("What today's data say otherwise of locked pairs"),
}
CATEGORIES = {"category_prices": mark("Dual prices of the categories balanced near-finely")}
WEIGHTS = {"alternative_weights": mark("Weights of the alternatives to the pairs")}
CHECKS = {
    "matched_pairs/somebody_is_matched": mark("At least one pair is formed"),
    "certificates/optimum_is_proved": mark("Every stratum's total equals its dual bound"),
    "covariate_balance/arms_are_alike": mark("No covariate is further apart than allowed"),
}
BLOCKING = frozenset({"optimum_is_proved"})
CANDIDATES = ("participants", "spells", "spell_terms")
"""The linked tables that tell who may serve whom."""


def matched_tables(protocol: Protocol) -> dict[str, str]:
    """The tables of this step for this study, and what they say."""
    matching = protocol.matching
    more = CATEGORIES if matching.near_fine else {}
    return TABLES | more | (WEIGHTS if matching.alternatives else {})


def matched_assets(protocol: Protocol) -> dg.AssetsDefinition:
    tables = matched_tables(protocol)

    @dg.multi_asset(
        name="matched",
        specs=[
            asset_spec(protocol, "matched", table, _(text), [("linked", "participants")])
            for table, text in tables.items()
        ],
        check_specs=check_specs(
            "matched",
            CHECKS | {f"{table}/{CONTRACT}": TEXTS[CONTRACT] for table in tables},
            BLOCKING | {CONTRACT},
        ),
    )
    def matched(study_run: StudyRun) -> Iterator[Any]:
        yield from carry_out(study_run, "matched", _store, _examine, after="linked")

    return matched


def _store(study: Study) -> StepResult:
    rounds = fold(study)
    made = _tables(study, rounds)
    with study.warehouse.transaction() as connection:
        for name, table in made.items():
            study.warehouse.replace(connection, "matched", name, table)
        return settle(study, connection, "matched", _result(study, made))


def _examine(study: Study, connection: sa.Connection) -> StepResult:
    read = study.warehouse.read
    return _result(
        study, {name: read(connection, "matched", name) for name in matched_tables(study.protocol)}
    )


def fold(study: Study) -> list[RecordedRound]:
    """The rounds due by now, in order; one not yet on record is formed from what its day knew.

    A recorded round of the design always wins; another design number is a re-match. A rebuild of
    a past day records nothing.
    """
    landing = study.home.landing
    anchors, names = _anchors_and_names(study)
    rounds: list[RecordedRound] = []
    taken: list[pd.DataFrame] = []
    design = study.protocol.matching.design_number
    recorded = recorded_rounds(landing, study.state().of_kind("round"), design)
    for number, instant in enumerate(due_instants(study), 1):
        made = recorded.get(instant)
        if made is None:
            made = _form(study, instant, number, rounds, used_in_rounds(taken)).renamed(anchors)
            if not study.is_draft:
                record_round(landing, made)
        rounds.append(made)
        taken.append(renamed(made.tables["pairs"], names))
    apart = names_apart({p for one in rounds for p in one.persons()}, names, study.keys.person_id)
    return [one.renamed(apart) for one in rounds]


def _anchors_and_names(study: Study) -> tuple[dict[str, str], dict[str, str]]:
    """Pseudonym, present or past → anchor; and anchor → the pseudonym its person has now."""
    links = study.vault.read("links")
    current = links[links["superseded_on"].isna()]
    entities = current["source"] + PAIR + current["entity_key"]
    return (
        dict(zip(links["person_id"], links["anchor"], strict=True)),
        dict(zip(entities, current["person_id"], strict=True)),
    )


def _form(
    study: Study, instant: date, number: int, before: list[RecordedRound], used: Any
) -> RecordedRound:
    spec = MatchingSpec.of(study.protocol)
    candidates = known_then(study, instant)
    formed = match_round(
        candidates.persons,
        candidates.covariates_at,
        candidates.at_risk,
        spec,
        instant,
        used,
        contracts_known_to(study, instant),
        surplus_in_rounds([(one.tables["pairs"], one.tables["pool"]) for one in before], spec),
    )
    made_with = {
        "design_number": spec.design_number,
        "design_digest": study.protocol.design_digest,
        "algorithm_version": spec.algorithm_version,
        "code_version": code_version(),
        "models": list(formed.models),
    }
    return RecordedRound(
        instant, number, made_with, _round_tables(formed, candidates, number, spec)
    )


def known_then(study: Study, instant: date) -> Candidates:
    """What the end of ``instant`` knew: the linked models built for that day and thrown away."""
    warehouse = study.warehouse
    with warehouse.rehearsal() as connection:
        study.models.build(connection, "linked", model_variables(study, instant), CANDIDATES)
        participants = warehouse.read(connection, "linked", "participants")
        spells, terms = _spells(study, connection), _terms(study, connection)
        withdrawn = withdrawn_persons(study, connection)
    undecided = undecided_persons(study.vault.read("undecided"), study.vault.read("links"), instant)
    return candidates_of(participants, spells, terms, study.protocol, undecided, withdrawn)


def _round_tables(
    formed: Round, candidates: Candidates | None, number: int, spec: MatchingSpec
) -> dict[str, pd.DataFrame]:
    """The round's tables; pairs also get an id, their contracts and their common planned end."""
    pairs = formed.pairs.sort_values(
        ["elapsed_days", "beneficiary_index_on", "beneficiary_person_id"], na_position="first"
    ).reset_index(drop=True)
    pairs = pairs.assign(
        pair_id=[f"{spec.design_number}-{number:02d}-{n:04d}" for n in range(1, len(pairs) + 1)]
    )
    for column, values in pair_terms(pairs, candidates, spec).items():
        pairs[column] = values
    tables = {
        "pairs": pairs,
        "unmatched": formed.unmatched,
        "certificates": formed.certificates,
        "pool": formed.pool,
        "prices": formed.prices,
        "exclusions": formed.exclusions,
    }
    if formed.categories is not None:
        tables["categories"] = formed.categories
    return {name: table.assign(round_number=number) for name, table in tables.items()}


def _tables(study: Study, rounds: list[RecordedRound]) -> dict[str, pd.DataFrame]:
    spec = MatchingSpec.of(study.protocol)
    parts = [one.tables for one in rounds] or [_no_round(spec)]
    if spec.near_fine and not all("categories" in part for part in parts):
        parts = [_no_round(spec), *parts]  # the round was made before a category was balanced
    stacked = {
        name: pd.concat([p[name] for p in parts if name in p], ignore_index=True)
        for name in parts[0]
    }
    with study.warehouse.transaction() as connection:
        participants = study.warehouse.read(connection, "linked", "participants")
        spells, terms = _spells(study, connection), _terms(study, connection)
        withdrawn = withdrawn_persons(study, connection)
    has_spells = bool(study.protocol.feeding("spell"))
    formed_on = {one.round_number: pd.Timestamp(one.instant) for one in rounds}
    pairs = stacked["pairs"].assign(
        design_number=spec.design_number,
        algorithm_version=spec.algorithm_version,
        formed_on=pd.to_datetime(stacked["pairs"]["round_number"].map(formed_on)),
        status=status_of(stacked["pairs"], spells, has_spells, withdrawn),
    )
    alternatives = None
    if study.protocol.matching.alternatives:
        named = study.protocol.matching.alternatives
        alternatives = alternative_weights(stacked["pool"], spec, named)
    population = analysis_population(pairs, stacked["pool"], spec)
    near = spillover(pairs, population, participants, spells, study.protocol)
    made = {
        "matched_pairs": pairs.assign(**near),
        "unmatched_beneficiaries": still_unmatched(
            participants, pairs, stacked["unmatched"], withdrawn
        ),
        "analysis_population": population,
        "covariate_balance": balance_table(stacked["pool"], pairs, spec, alternatives),
        "matching_pool": stacked["pool"],
        "matching_prices": stacked["prices"],
        "certificates": stacked["certificates"],
        "exclusions": stacked["exclusions"],
        "pair_findings": told_findings(
            study,
            pair_findings(pairs, population, participants, spells, terms, study.protocol),
            population,
            participants,
        ),
    }
    if spec.near_fine:
        made["category_prices"] = stacked["categories"]
    return made if alternatives is None else made | {"alternative_weights": alternatives}


def withdrawn_persons(study: Study, connection: sa.Connection) -> set[str]:
    """Who has left the whole study, as the linked step says."""
    if not any(source.withdraws for source in study.protocol.sources):
        return set()
    rows = study.warehouse.read(connection, "linked", "withdrawals", "scope = 'study'")
    return set(rows["person_id"])


def _no_round(spec: MatchingSpec) -> dict[str, pd.DataFrame]:
    return _round_tables(empty_round(spec), None, 0, spec)


def _spells(study: Study, connection: sa.Connection) -> pd.DataFrame:
    if study.protocol.feeding("spell"):
        return study.warehouse.read(connection, "linked", "spells")
    return pd.DataFrame(columns=["spell_id", "starts_on", "planned_end_on", "ended_early_on"])


def _terms(study: Study, connection: sa.Connection) -> pd.DataFrame:
    if study.protocol.feeding("spell"):
        return study.warehouse.read(connection, "linked", "spell_terms")
    return pd.DataFrame()


def _result(study: Study, made: dict[str, pd.DataFrame]) -> StepResult:
    contracts = matched_contracts(study.protocol)
    population = made["analysis_population"].drop(columns="status", errors="ignore")
    _typed, checks = contract_checks(made | {"analysis_population": population}, contracts)
    checks["matched_pairs"].append(_somebody_is_matched(made["matched_pairs"]))
    checks["certificates"].append(_optimum_is_proved(made, study.protocol))
    limit = study.protocol.balance.max_absolute_smd.value
    balance = made["covariate_balance"]
    balance = balance[(balance["round_number"] == 0) & ~balance["sample"].isin(ALTERNATIVES)]
    checks["covariate_balance"].append(_arms_are_alike(balance, limit))
    lineage = declared_lineage(study.protocol, "matched")
    figures: dict[str, dict[str, Any]] = {
        name: {KEY: lineage[name]} if name in lineage else {} for name in made
    }
    if len(balance):
        text = _("Standardised differences before and after matching")
        plot = love_plot(balance, limit, level_namer(study.protocol))
        figures["covariate_balance"] |= {
            "balance": dg.MetadataValue.md(balance_shown(balance, study.protocol)),
            "love_plot": dg.MetadataValue.md(picture(plot, text)),
        }
    if "category_prices" in made:
        shown = margin_shown(made["category_prices"], study.protocol)
        figures["category_prices"]["margin"] = dg.MetadataValue.md(shown)
    return StepResult({name: len(table) for name, table in made.items()}, figures, checks)


def _somebody_is_matched(pairs: pd.DataFrame) -> Check:
    sentence = _("{n} pairs are formed").format(n=len(pairs))
    return Check("somebody_is_matched", len(pairs) > 0, sentence)


def _optimum_is_proved(made: dict[str, pd.DataFrame], protocol: Protocol) -> Check:
    """By the checker that reads pairs, pool and prices alone; it trusts neither solver nor gap."""
    findings = verify_pairs(
        made["matched_pairs"],
        made["matching_pool"],
        made["matching_prices"],
        Terms.of(MatchingSpec.of(protocol)),
        made.get("category_prices"),
    )
    n_unproved = sum(finding.fault is not None for finding in findings)
    sentence = _("{n} of {total} strata are not proved optimal").format(
        n=n_unproved, total=len(findings)
    )
    return Check.blocking("optimum_is_proved", len(findings), n_unproved, sentence)


def _arms_are_alike(balance: pd.DataFrame, limit: float) -> Check:
    matched = balance[(balance["sample"] == "matched") & (balance["n_beneficiaries"] > 0)]
    if matched.empty:
        warning = dg.AssetCheckSeverity.WARN
        return Check("arms_are_alike", False, _("no pair yet: nothing can be compared"), warning)
    apart = matched[~(matched["smd"].abs() <= limit)]
    sentence = _("{n} of {total} lines are further apart than {limit}").format(
        n=len(apart), total=len(matched), limit=written_number(limit)
    )
    return Check("arms_are_alike", apart.empty, sentence, dg.AssetCheckSeverity.ERROR)
