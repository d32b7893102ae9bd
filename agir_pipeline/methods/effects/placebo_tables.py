"""The released table of placebos: the design and its estimators where nothing can be found."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import inf
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from agir_pipeline.language import _
from agir_pipeline.methods.effects.answer_pairs import due_pairs
from agir_pipeline.methods.effects.calendar import follow_up_cut
from agir_pipeline.methods.effects.event_pairs import PairedTimes
from agir_pipeline.methods.effects.joint_bands import joint_claim
from agir_pipeline.methods.effects.layout import COUNT, FLAG, NUMBER, TEXT, in_points, typed
from agir_pipeline.methods.effects.paired import PairedTable, bonett_price
from agir_pipeline.methods.effects.placebo import (
    Drawn,
    Pool,
    can_be_reassigned,
    is_alarm,
    null_outcome,
    permuted_answers,
    permuted_events,
    reassigned_index,
)
from agir_pipeline.methods.effects.survival import censor
from agir_pipeline.protocol.model import EventOutcome, Inference, StatusOutcome
from agir_pipeline.protocol.placebo import Placebo

PLACEBO_COLUMNS = {
    "placebo": TEXT, "outcome": TEXT, "definition": TEXT, "horizon_days": COUNT, "n": COUNT,
    "n_replicates": COUNT, "effect_points": NUMBER, "monte_carlo_se_points": NUMBER,
    "limit_points": NUMBER, "is_alarm": FLAG, "method": TEXT,
}  # fmt: skip

PERMUTED, REASSIGNED, UNALIGNED, BEFORE = "permuted", "reassigned", "unaligned", "null_outcome"
JOINT = "joint_bands"
GROSS = "gross"
"""The definition whose event is any early end: all that a contract of the pool tells by itself."""

Row = dict[str, Any]


def event_placebos(
    pairs: PairedTimes,
    pool: pd.DataFrame,
    delays: NDArray[np.int64],
    outcome: EventOutcome,
    placebo: Placebo,
    inference: Inference,
    data_cut_on: date,
) -> list[Row]:
    """Labels drawn by lot at the primary place, then index dates given to people never supported.

    ``pairs`` are those of the primary definition. ``pool`` has one row per person never
    supported: starts_on, ends_on (missing while no end is known), is_early. ``delays`` are the
    elapsed days of the pairs. Nothing evaluable, nobody in the pool: no row.
    """
    horizon = outcome.primary_horizon_days
    rows: list[Row] = []
    if horizon is None:
        return rows
    n, seed = placebo.replicates.value, inference.seed
    place = {"outcome": outcome.name, "horizon_days": horizon}
    if pairs.n_pairs and pairs.complete(horizon).any():
        drawn = permuted_events(pairs.times, pairs.causes, horizon, n, seed)
        named = {**place, "definition": outcome.primary_definition, "n": pairs.n_pairs}
        rows.append(_row(PERMUTED, named, drawn, placebo, inference))
    for definition in outcome.without_variants.definitions:
        if definition.method != GROSS:
            continue
        cut_on = follow_up_cut(data_cut_on, outcome.consolidation_days.value, 0)
        people = _pool(pool, cut_on)
        if not can_be_reassigned(people, delays):
            continue
        named = {**place, "definition": definition.name, "n": len(people.times)}
        for kind, aligned in ((REASSIGNED, True), (UNALIGNED, False)):
            drawn = reassigned_index(people, delays, horizon, n, seed, is_aligned=aligned)
            rows.append(_row(kind, named, drawn, placebo, inference))
    return rows


def status_placebo(
    answers: pd.DataFrame, outcome: StatusOutcome, placebo: Placebo, inference: Inference
) -> list[Row]:
    """Labels drawn by lot within the due pairs of the primary definition."""
    definition = outcome.primary_definition
    if definition is None:
        return []
    status = due_pairs(answers, definition, ()).answers.status
    if np.isnan(status).all(axis=0).any():
        return []
    drawn = permuted_answers(status, placebo.replicates.value, inference.seed)
    named = {"outcome": outcome.name, "definition": definition, "n": len(status)}
    return [_row(PERMUTED, named, drawn, placebo, inference)]


@dataclass(frozen=True)
class Rounds:
    """What the rounds were solved on.

    ``pool`` has a row per round, band and person: round_number, band_number, person_id, arm,
    is_open, index_on, logit and the ``exact`` covariates; ``ends`` one per person and
    arm: ends_on (missing while no end is known), is_early. ``pairs`` is ``matched_pairs``.
    """

    pool: pd.DataFrame
    pairs: pd.DataFrame
    ends: pd.DataFrame
    exact: Sequence[str]
    window_days: int


def joint_placebos(
    rounds: Rounds,
    outcome: EventOutcome,
    placebo: Placebo,
    inference: Inference,
    data_cut_on: date,
) -> list[Row]:
    """What bands solved together would have claimed of an early end, beyond bands in sequence.

    An alarm says that here the wrong way would have shown an effect that is none. Nobody followed
    to the horizon, nobody paired: no row.
    """
    definition = next((d for d in outcome.definitions if d.method == GROSS), None)
    horizon = outcome.primary_horizon_days
    if definition is None or horizon is None or rounds.pool.empty:
        return []
    cut_on = follow_up_cut(data_cut_on, outcome.consolidation_days.value, 0)
    people = _in_rounds(rounds, cut_on)
    pairs = rounds.pairs
    bands = zip(pairs["round_number"], pairs["band_number"], strict=True)
    calipers = {
        (int(number), int(band)): inf if pd.isna(caliper) else float(caliper)
        for (number, band), caliper in zip(bands, pairs["caliper"], strict=True)
    }
    used_in = {
        str(person): int(number)
        for arm in ("beneficiary", "control")
        for person, number in zip(pairs[f"{arm}_person_id"], pairs["round_number"], strict=True)
    }
    drawn, n = joint_claim(people, calipers, used_in, rounds.window_days, horizon)
    if not n or not (people["followed_days"] >= horizon).any():
        return []
    named = {"outcome": outcome.name, "definition": definition.name, "horizon_days": horizon}
    return [_row(JOINT, {**named, "n": n}, drawn, placebo, inference)]


def _in_rounds(rounds: Rounds, cut_on: date) -> pd.DataFrame:
    """The pools with days and cause of each person's end, counted from the index of the band."""
    order = ["round_number", "band_number", "person_id"]
    pool = rounds.pool.sort_values(order, ignore_index=True)
    who = ["person_id", "arm"]
    own = pool[who].merge(rounds.ends.drop_duplicates(who), on=who, how="left")
    index_on = pd.to_datetime(pool["index_on"])
    followed = (pd.Timestamp(cut_on) - index_on).dt.days.to_numpy(dtype=float)
    days = (pd.to_datetime(own["ends_on"]) - index_on).dt.days.to_numpy(dtype=float)
    is_early = own["is_early"].fillna(False).to_numpy(dtype=bool)
    causes = np.where(np.isnan(days), 0.0, np.where(is_early, 1.0, 2.0))
    times, seen = censor(days, causes, followed)
    exact = list(rounds.exact)
    stratum = pool.groupby(exact, dropna=False).ngroup() if exact else 0
    return pool.assign(time_days=times, cause=seen, followed_days=followed, stratum=stratum)


def null_outcome_placebos(
    members: pd.DataFrame, placebo: Placebo, inference: Inference
) -> list[Row]:
    """What was so before the index date, compared as an outcome is: complete pairs, Bonett–Price.

    ``members`` has one row per pair member: pair_id, arm, and a column per null outcome: true,
    false, or missing.
    """
    rows = []
    for null in placebo.null_outcomes:
        wide = members.pivot(index="pair_id", columns="arm", values=null.name)
        wide = wide.reindex(columns=["beneficiary", "control"]).dropna()
        if wide.empty:
            continue
        table = PairedTable.of(
            wide["beneficiary"].to_numpy(dtype=bool), wide["control"].to_numpy(dtype=bool)
        )
        drawn = null_outcome(bonett_price(table, inference.confidence_level.value))
        named = {"outcome": null.name, "definition": null.name, "n": table.n}
        rows.append(_row(BEFORE, named, drawn, placebo, inference))
    return rows


def placebo_table(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    return typed(list(rows), PLACEBO_COLUMNS)


def _pool(pool: pd.DataFrame, cut_on: date) -> Pool:
    """Days from the start of the contract to its end, or to the cut; those never followed go."""
    starts_on = pd.to_datetime(pool["starts_on"])
    follow_up = (pd.Timestamp(cut_on) - starts_on).dt.days.to_numpy(dtype=float)
    time_days = (pd.to_datetime(pool["ends_on"]) - starts_on).dt.days.to_numpy(dtype=float)
    is_early = pool["is_early"].fillna(False).to_numpy(dtype=bool)
    causes = np.where(np.isnan(time_days), 0.0, np.where(is_early, 1.0, 2.0))
    times, seen = censor(time_days, causes, follow_up)
    is_followed = times > 0
    return Pool(times[is_followed], seen[is_followed])


def _row(
    kind: str, named: Mapping[str, Any], drawn: Drawn, placebo: Placebo, inference: Inference
) -> Row:
    reach = float(special.ndtri((1 + inference.confidence_level.value) / 2))
    limit = placebo.limit_points.value
    found = Drawn(in_points(drawn.effect), in_points(drawn.standard_error), drawn.n_replicates)
    return {
        "placebo": kind,
        **named,
        "n_replicates": found.n_replicates,
        "effect_points": found.effect,
        "monte_carlo_se_points": found.standard_error,
        "limit_points": limit,
        "is_alarm": None if kind == UNALIGNED else is_alarm(found, limit, reach),
        "method": _method(kind),
    }


def _method(kind: str) -> str:
    return {
        PERMUTED: _("Who is the beneficiary is drawn by lot in each pair, then the estimator runs"),
        REASSIGNED: _(
            "People never supported stand in for both arms with the delays of the pairs, both "
            "still in contract at the index date; then the estimator runs"
        ),
        UNALIGNED: _(
            "The same, wrong on purpose: the control need not be in contract at the index date, "
            "and time runs from the start of the contract"
        ),
        JOINT: _(
            "All bands of a round solved as one problem, less the same bands in sequence: alike in "
            "the exact covariates, nearest in log-odds within window and caliper. Wrong on purpose"
        ),
        BEFORE: _("What was so before the index date, compared as an outcome: Bonett–Price"),
    }[kind]
