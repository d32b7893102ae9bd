"""The tables beside the effects: curves, causes, response, hidden bias, explorations."""

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

import pandas as pd
import sqlalchemy as sa

from agir_pipeline.assets.doubted import before_index, kept_pairs
from agir_pipeline.assets.judged import People, effect_sheets, placebos_before, placebos_of_event
from agir_pipeline.assets.seen import ascertained
from agir_pipeline.assets.variables import cut_on
from agir_pipeline.contracts.ascertainment import ASCERTAINMENT
from agir_pipeline.contracts.beside import beside_contracts
from agir_pipeline.language import mark
from agir_pipeline.methods.effects.cause_tables import cause_table
from agir_pipeline.methods.effects.causes import numbered_pairs, of_any_cause
from agir_pipeline.methods.effects.event_pairs import PairedTimes
from agir_pipeline.methods.effects.free_time_tables import free_time_table
from agir_pipeline.methods.effects.hidden_bias_tables import (
    event_hidden_bias,
    measure_hidden_bias,
    status_hidden_bias,
)
from agir_pipeline.methods.effects.incidence_tables import incidence_table
from agir_pipeline.methods.effects.nonresponse_weights import nonresponse_weights
from agir_pipeline.methods.effects.placebo_tables import Row, placebo_table, status_placebo
from agir_pipeline.methods.effects.response_rates import response_rates
from agir_pipeline.methods.effects.specifications import (
    event_specifications,
    status_specifications,
)
from agir_pipeline.methods.effects.subgroups import event_subgroups, status_subgroups
from agir_pipeline.methods.programme.funding import eligibility
from agir_pipeline.methods.rules import first_situation
from agir_pipeline.protocol.model import (
    EventOutcome,
    Inference,
    MeasureOutcome,
    Outcome,
    Protocol,
    StatusOutcome,
)
from agir_pipeline.resources.study import Study, included

NO_SITUATIONS = pd.DataFrame(columns=["pair_id", "arm", "answered_days", "situation"])
NO_CAUSES = pd.DataFrame(columns=["outcome", "definition", "pair_id", "arm", "reason"])


def facts_beside(protocol: Protocol) -> dict[str, str]:
    """The SQL tables that only these tables rest on, where the study has them."""
    found = {}
    if any(isinstance(o, EventOutcome) and o.causes for o in protocol.outcomes):
        found["event_causes"] = mark("Why each first event happened")
    if protocol.waves:
        found["wave_responses"] = mark("What became of each questionnaire")
    if protocol.employment or protocol.mechanism:
        found["wave_answers"] = mark("The answer that counts of each questionnaire")
    if protocol.employment:
        found["situations"] = mark("What the register shows on the date of the question")
        found["calendar_months"] = mark("Where each member of a pair stands month by month")
    if protocol.mechanism and protocol.mechanism.support:
        found["support_sessions"] = mark("Each interview of a supported person")
    return found


def facts_of(study: Study, connection: sa.Connection, outcome: Outcome) -> pd.DataFrame:
    table = {"event": "event_times", "status": "status_answers", "measure": "measures"}
    where, name = "outcome = :outcome", {"outcome": outcome.name}
    return study.warehouse.read(connection, "outcomes", table[outcome.kind], where, name)


class Ground(NamedTuple):
    """What the effects of one outcome are made of."""

    facts: pd.DataFrame
    cut_on: date
    """How far its data reach; of a measure, the day of the state."""


def grounds_of(study: Study, connection: sa.Connection) -> dict[str, Ground]:
    """Of each outcome, read once."""
    state_on = included(study).as_of or study.horizon
    return {
        outcome.name: Ground(
            facts_of(study, connection, outcome),
            state_on if isinstance(outcome, MeasureOutcome) else cut_on(study, outcome),
        )
        for outcome in study.protocol.outcomes
    }


def tables_beside(
    study: Study,
    connection: sa.Connection,
    effects: dict[str, pd.DataFrame],
    grounds: Mapping[str, Ground],
) -> dict[str, pd.DataFrame]:
    """Every table beside the ``effects`` of the study, by name."""
    protocol = study.protocol
    people = People.of(study, connection)
    population = study.warehouse.read(connection, "matched", "analysis_population")
    levels = _levels(protocol, population, people)
    kept = kept_pairs(study, connection, people)
    before = before_index(protocol, people, population)
    tables: dict[str, pd.DataFrame] = {}
    shared: dict[str, list[pd.DataFrame]] = {
        "hidden_bias": [], "specification_curve": [], "subgroups": [],
    }  # fmt: skip
    inference, placebo = protocol.inference, protocol.placebo
    placebos: list[Row] = []
    for outcome in protocol.outcomes:
        facts, cut = grounds[outcome.name]
        if isinstance(outcome, EventOutcome):
            causes = _causes(study, connection, outcome)
            after = told_situations(study, connection) if outcome.causes else NO_SITUATIONS
            own, pairs_of = _of_event(outcome, facts, causes, after, inference, cut)
            tables |= own
            effect = effects[f"{outcome.name}_paired_effect"]
            told = [d.name for d in outcome.without_variants.definitions]
            effect = effect[effect["definition"].isin(told)]
            bias = event_hidden_bias(effect, outcome, inference, cut)
            curve = event_specifications(pairs_of, kept, outcome, inference, before)
            shared["specification_curve"].append(curve)
            shared["subgroups"].append(event_subgroups(pairs_of, levels, outcome, inference, cut))
            if placebo:
                args = (outcome, placebo, pairs_of, cut)
                placebos += placebos_of_event(study, connection, people, *args)
        elif isinstance(outcome, StatusOutcome):
            bias = status_hidden_bias(facts, outcome, inference, cut)
            curve = status_specifications(effects[outcome.name], facts, kept, outcome, inference)
            shared["specification_curve"].append(curve)
            shared["subgroups"].append(status_subgroups(facts, levels, outcome, inference, cut))
            if placebo:
                placebos += status_placebo(facts, outcome, placebo, inference)
        else:
            bias = measure_hidden_bias(facts, outcome, inference, included(study).as_of)
        shared["hidden_bias"].append(bias)
    if protocol.waves:
        tables |= _of_waves(study, connection, population, grounds)
    wanted = beside_contracts(protocol)
    together = {name: pd.concat(parts) for name, parts in shared.items() if name in wanted}
    tables |= {name: table.reset_index(drop=True) for name, table in together.items()}
    if ASCERTAINMENT in wanted:
        tables[ASCERTAINMENT] = ascertained(study, connection, people)
    if placebo:
        placebos += placebos_before(study, connection, people, placebo)
        tables["placebo"] = placebo_table(placebos)
    if "effect_sheet" in wanted:
        facts_by_name = {name: ground.facts for name, ground in grounds.items()}
        tables["effect_sheet"] = effect_sheets(protocol, people, effects | tables, facts_by_name)
    return tables


def _of_event(
    outcome: EventOutcome,
    facts: pd.DataFrame,
    causes: pd.DataFrame,
    situations: pd.DataFrame,
    inference: Inference,
    cut: date,
) -> tuple[dict[str, pd.DataFrame], dict[str, PairedTimes]]:
    """The event's own tables, and the pairs of each definition that the shared ones read."""
    numbered = numbered_pairs(facts, causes, outcome, cut)
    pairs = of_any_cause(numbered, outcome)
    told = outcome.without_variants
    names = [definition.name for definition in told.definitions]
    main = {name: numbered[name] for name in names}
    tables = {f"{outcome.name}_incidence": incidence_table(main, told)}
    if outcome.causes:
        own = facts[facts["definition"].isin(names)]
        tables[f"{outcome.name}_causes"] = cause_table(
            own, causes, situations, told, outcome.causes
        )
    if outcome.free_time_days:
        judged = {name: pairs[name] for name in names}
        tables[f"{outcome.name}_free_time"] = free_time_table(judged, told, inference, cut)
    return tables, pairs


def told_situations(study: Study, connection: sa.Connection) -> pd.DataFrame:
    """What members told of their situation, in any wave: pair_id, arm, answered_days, situation."""
    employment = study.protocol.employment
    if employment is None:
        return NO_SITUATIONS
    rules = [rule for one in employment.situations for rule in one.true_when]
    asked = {name for rule in rules for name in (*rule.codes, *rule.minimum, *rule.above)}
    told = study.warehouse.read(
        connection, "outcomes", "wave_answers", f'"{employment.now_column}" is not null',
        wanted=["pair_id", "arm", "answered_days", *asked],
    )  # fmt: skip
    return told.assign(situation=first_situation(employment.situations, told))


def _causes(study: Study, connection: sa.Connection, outcome: EventOutcome) -> pd.DataFrame:
    if outcome.causes is None:
        return NO_CAUSES
    where, name = "outcome = :outcome", {"outcome": outcome.name}
    return study.warehouse.read(connection, "outcomes", "event_causes", where, name)


def _of_waves(
    study: Study,
    connection: sa.Connection,
    population: pd.DataFrame,
    grounds: Mapping[str, Ground],
) -> dict[str, pd.DataFrame]:
    """Who answered each wave, and what those who did stand for."""
    protocol = study.protocol
    responses = study.warehouse.read(connection, "outcomes", "wave_responses")
    names = [c.name for c in protocol.covariates if c.role != "report"]
    events = _primary_events(protocol, grounds)
    return {
        "response_rates": response_rates(responses, protocol.waves, protocol.inference),
        "nonresponse_weights": nonresponse_weights(
            responses, population, events, protocol.waves, names
        ),
    }


def _primary_events(protocol: Protocol, grounds: Mapping[str, Ground]) -> pd.DataFrame | None:
    """The days of the first event with a primary definition, under that definition."""
    for outcome in protocol.outcomes:
        if isinstance(outcome, EventOutcome) and outcome.primary_definition:
            facts = grounds[outcome.name].facts
            own = facts[facts["definition"] == outcome.primary_definition]
            return own[["pair_id", "arm", "index_on", "time_days", "cause", "follow_up_days"]]
    return None


def _levels(protocol: Protocol, population: pd.DataFrame, people: People) -> pd.DataFrame:
    """For each pair the beneficiary's level of all that makes subgroups."""
    own = population[population["arm"] == "beneficiary"].set_index("pair_id")
    funding, asked = protocol.funding, protocol.inference.subgroups
    if funding and funding.name in asked:
        known = people.participants
        states = eligibility(known[known["arm"] == "beneficiary"], funding)
        own = own.assign(**{funding.name: own["person_id"].map(states)})
    return own[list(asked)]
