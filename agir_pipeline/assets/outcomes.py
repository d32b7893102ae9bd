"""Step 5: what happened to each pair member, then effects with their intervals."""

from collections.abc import Iterator
from typing import Any

import dagster as dg
import pandas as pd
import sqlalchemy as sa

from agir_pipeline.assets.beside import (
    Ground,
    facts_beside,
    facts_of,
    grounds_of,
    tables_beside,
)
from agir_pipeline.assets.catalogue import asset_spec, check_specs
from agir_pipeline.assets.checks import CONTRACT, DATA_TESTS, TEXTS, contract_checks
from agir_pipeline.assets.judged import nothing_is_claimed
from agir_pipeline.assets.lineage import KEY, declared_lineage
from agir_pipeline.assets.markdown import picture
from agir_pipeline.assets.shown import effects_shown, risks_shown
from agir_pipeline.assets.sql_tables import build_models, sql_result
from agir_pipeline.assets.step import Check, StepResult, StudyRun, carry_out, settle
from agir_pipeline.assets.variables import cut_on, outcome_variables
from agir_pipeline.contracts.beside import beside_contracts
from agir_pipeline.contracts.outcomes import outcome_contracts
from agir_pipeline.language import _, current_language, mark
from agir_pipeline.methods.effects.event_pairs import paired_times
from agir_pipeline.methods.effects.event_tables import paired_effect_table
from agir_pipeline.methods.effects.measure_tables import measure_effect_table
from agir_pipeline.methods.effects.multiplicity import with_false_discovery, with_holm
from agir_pipeline.methods.effects.planned_end_tables import planned_end_table
from agir_pipeline.methods.effects.precision_tables import (
    event_evaluability,
    measure_evaluability,
    precision_table,
    status_evaluability,
)
from agir_pipeline.methods.effects.risk_plot import primary_definition, risk_plot
from agir_pipeline.methods.effects.risk_tables import risk_table
from agir_pipeline.methods.effects.status_tables import status_effect_table
from agir_pipeline.protocol.model import (
    EventOutcome,
    Outcome,
    Protocol,
    StatusOutcome,
)
from agir_pipeline.resources.sql_models import BuiltModel
from agir_pipeline.resources.study import Study, included

FACTS: dict[str, dict[str, str]] = {
    "event": {
        "spell_ends": mark("How each contract ended"),
        "event_candidates": mark("Every end of a contract after the index"),
        "event_times": mark("Days from the index to the first event"),
    },
    "status": {
        "question_dates": mark("When each situation is asked for"),
        "status_answers": mark("The situation on the date of the question"),
    },
    "measure": {"measures": mark("Measured values of pairs and references")},
}
CHECKS = {"precision/an_effect_can_be_told": mark("At least one effect is evaluable")}
PLACEBO_CHECK = {"placebo/nothing_is_claimed": mark("No effect is claimed where there can be none")}


def effect_tables(outcome: Outcome) -> dict[str, str]:
    """The released tables of one outcome and what they say."""
    match outcome.kind:
        case "event":
            return {
                f"{outcome.name}_risk": mark("Risk of the event by arm and horizon"),
                f"{outcome.name}_planned_end": mark(
                    "Effect on the event by the planned end of each pair"
                ),
                f"{outcome.name}_paired_effect": mark("Effect on the event, pair by pair"),
            }
        case "status":
            return {outcome.name: mark("Effect on the situation, answers weighted")}
        case _:
            return {outcome.name: mark("Effect on the measure, pair by pair")}


def outcome_tables(protocol: Protocol) -> dict[str, str]:
    """Every table of this step for this study."""
    tables = {"pair_members": mark("Members of the pairs that count")}
    for kind in dict.fromkeys(outcome.kind for outcome in protocol.outcomes):
        tables |= FACTS[kind]
    tables |= facts_beside(protocol)
    for outcome in protocol.outcomes:
        tables |= effect_tables(outcome)
    tables["precision"] = mark("How precisely each effect is known")
    tables["evaluability"] = mark("What can be known now, and when the rest")
    return tables | {table.name: table.title for table in beside_contracts(protocol).values()}


def outcomes_assets(protocol: Protocol) -> dg.AssetsDefinition:
    deps = [("matched", "matched_pairs"), ("linked", "persons")]
    tables, contracts = outcome_tables(protocol), outcome_contracts(protocol)
    kinds = {table: CONTRACT if table in contracts else DATA_TESTS for table in tables}

    @dg.multi_asset(
        name="outcomes",
        specs=[
            asset_spec(protocol, "outcomes", table, _(text), deps) for table, text in tables.items()
        ],
        check_specs=check_specs(
            "outcomes",
            CHECKS
            | (PLACEBO_CHECK if protocol.placebo else {})
            | {f"{table}/{kind}": TEXTS[kind] for table, kind in kinds.items()},
            {CONTRACT, DATA_TESTS},
        ),
    )
    def outcomes(study_run: StudyRun) -> Iterator[Any]:
        yield from carry_out(study_run, "outcomes", _store, _examine, after="matched")

    return outcomes


def _store(study: Study) -> StepResult:
    with study.warehouse.transaction() as connection:
        models = build_models(study, connection, "outcomes", outcome_variables(study))
        made = effects(study, connection)
        for name, table in made.items():
            study.warehouse.replace(connection, "outcomes", name, table)
        result = _result(study, connection, made, models)
        return settle(study, connection, "outcomes", result)


def _examine(study: Study, connection: sa.Connection) -> StepResult:
    read = study.warehouse.read
    made = {n: read(connection, "outcomes", n) for n in outcome_contracts(study.protocol)}
    models = study.models.standing(connection, "outcomes", outcome_variables(study))
    return _result(study, connection, made, models)


def effects(study: Study, connection: sa.Connection) -> dict[str, pd.DataFrame]:
    """The effect tables of every outcome, then what they can find and when."""
    protocol = study.protocol
    pairs = study.warehouse.read(connection, "matched", "matched_pairs")
    n_void = int((pairs["status"] == "void_not_at_risk").sum())
    tables: dict[str, pd.DataFrame] = {}
    primary: dict[str, pd.DataFrame] = {}
    judged: dict[str, pd.DataFrame] = {}
    evaluability: list[pd.DataFrame] = []
    grounds = grounds_of(study, connection)
    for outcome in protocol.outcomes:
        facts, cut = grounds[outcome.name]
        if isinstance(outcome, EventOutcome):
            tables[f"{outcome.name}_risk"] = risk_table(facts, outcome, protocol.inference, cut)
            tables[f"{outcome.name}_planned_end"] = planned_end_table(
                facts, pairs, outcome, protocol.inference, cut
            )
            effect = paired_effect_table(facts, outcome, protocol.inference, cut, n_void)
            primary[f"{outcome.name}_paired_effect"] = effect
            told = outcome.without_variants
            own = effect[effect["definition"].isin([d.name for d in told.definitions])]
            judged[f"{outcome.name}_paired_effect"] = own
            evaluability.append(event_evaluability(own, facts, told, protocol.inference))
        elif isinstance(outcome, StatusOutcome):
            effect = _status_effect(study, connection, grounds[outcome.name], outcome)
            primary[outcome.name] = effect
            due_on = _due_on(facts, outcome, protocol)
            evaluability.append(status_evaluability(effect, due_on, outcome, protocol.inference))
        else:
            effect = measure_effect_table(
                facts,
                outcome,
                protocol.inference,
                included(study).as_of,
                protocol.benchmarks,
                _alternatives(study, connection),
            )
            primary[outcome.name] = effect
            evaluability.append(measure_evaluability(effect))
    adjusted = with_false_discovery(with_holm(list(primary.values()), protocol.inference))
    tables |= dict(zip(primary, adjusted, strict=True))
    tables["precision"] = precision_table(
        *([(tables | judged)[name] for name in _named(protocol, kind)] for kind in FACTS)
    )
    tables["evaluability"] = pd.concat(evaluability, ignore_index=True)
    return tables | tables_beside(study, connection, tables, grounds)


def _alternatives(study: Study, connection: sa.Connection) -> pd.DataFrame | None:
    if not study.protocol.matching.alternatives:
        return None
    return study.warehouse.read(connection, "matched", "alternative_weights")


def _named(protocol: Protocol, kind: str) -> list[str]:
    """The effect table of each outcome of a kind."""
    return [list(effect_tables(o))[-1] for o in protocol.outcomes if o.kind == kind]


def _status_effect(
    study: Study, connection: sa.Connection, ground: Ground, outcome: StatusOutcome
) -> pd.DataFrame:
    """Response is modelled on the covariates the pairs were matched on."""
    population = study.warehouse.read(connection, "matched", "analysis_population")
    names = [c.name for c in study.protocol.covariates if c.role != "report"]
    answers = ground.facts.merge(population[["pair_id", "arm", *names]], on=["pair_id", "arm"])
    return status_effect_table(answers, outcome, study.protocol.inference, ground.cut_on, names)


def _due_on(facts: pd.DataFrame, outcome: StatusOutcome, protocol: Protocol) -> pd.Series:
    """For each pair the day its answers are all in; missing when that is after the study."""
    after = pd.Timedelta(days=outcome.window_days.value[1])
    last = facts.groupby("pair_id")["asked_on"].max() + after
    end_on = protocol.study.end_on
    return last.mask(last > pd.Timestamp(end_on.value)) if end_on else last


def _result(
    study: Study,
    connection: sa.Connection,
    made: dict[str, pd.DataFrame],
    models: list[BuiltModel],
) -> StepResult:
    protocol = study.protocol
    facts = sql_result(study, "outcomes", models)
    _typed, checks = contract_checks(made, outcome_contracts(protocol))
    checks["precision"].append(_an_effect_can_be_told(made["precision"]))
    if "placebo" in made:
        checks["placebo"].append(nothing_is_claimed(made["placebo"]))
    lineage = declared_lineage(protocol, "outcomes")
    figures: dict[str, dict[str, Any]] = {n: {KEY: lineage[n]} for n in made if n in lineage}
    for outcome in protocol.outcomes:
        effect = effects_shown(made[list(effect_tables(outcome))[-1]], outcome)
        figures[list(effect_tables(outcome))[-1]]["effects"] = dg.MetadataValue.md(effect)
        if isinstance(outcome, EventOutcome):
            drawn = _curve(study, connection, outcome)
            figures[f"{outcome.name}_risk"] |= {k: dg.MetadataValue.md(v) for k, v in drawn.items()}
    n_rows = {name: len(table) for name, table in made.items()}
    return StepResult(
        {**facts.n_rows, **n_rows}, {**facts.figures, **figures}, {**facts.checks, **checks}
    )


def _an_effect_can_be_told(precision: pd.DataFrame) -> Check:
    n_known = int(precision["half_width"].notna().sum())
    sentence = _("{n} of {total} effects can be told now").format(n=n_known, total=len(precision))
    return Check("an_effect_can_be_told", n_known > 0, sentence)


def _curve(study: Study, connection: sa.Connection, outcome: EventOutcome) -> dict[str, str]:
    """The risk of the event day by day in each arm: drawn, and the same numbers as a table."""
    facts = facts_of(study, connection, outcome)
    definition = primary_definition(outcome)
    pairs = paired_times(facts, outcome, definition, cut_on(study, outcome))
    if pairs.n_pairs == 0:
        return {}
    label = definition.labels.in_language(current_language())
    svg = risk_plot(pairs, outcome.horizons_days.value, label)
    return {
        "risk_curve": picture(svg, _("Risk of the event by arm, day by day")),
        "risk_curve_in_numbers": risks_shown(pairs, outcome),
    }
