"""What all bands of delay solved as one problem would have claimed, on the pools that were used.

Still in contract late tells who survives: an optimiser that sees all bands at once gives controls
who break early to short delays and saves survivors for long ones. The same people are paired
twice, band after band and all at once, by the same rule: alike in the exact covariates, within the
window of starts and the caliper, nearest in log-odds. Only the order differs, so without that
leak the controls are as likely to break in the one as in the other.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import nan, sqrt

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from agir_pipeline.methods.effects.placebo import Drawn
from agir_pipeline.methods.effects.survival import Incidence, cumulative_incidence
from agir_pipeline.methods.matching.pairs import LEFT_OUT, optimal_pairs

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Band = tuple[int, int]
"""Number of the round, number of the band."""

CELLS = 300_000
"""Beneficiaries × controls of one problem; a larger one is thinned, both arms alike."""
NOWHERE = -1


@dataclass(frozen=True)
class _People:
    """The rows of a pool, column by column; a person's number is its place by pseudonym."""

    number: Ints
    band: Ints
    person: Ints
    is_mine: Bools
    is_open: Bools
    day: Ints
    logit: Floats
    stratum: Ints
    used_in: Floats
    """The round in which the person was paired; infinite for nobody's."""
    times: Floats
    causes: Floats

    @classmethod
    def of(cls, pool: pd.DataFrame, used_in: Mapping[str, int]) -> "_People":
        person, names = pd.factorize(pool["person_id"].to_numpy(dtype=object), sort=True)
        used = np.array([used_in.get(name, np.inf) for name in names], dtype=np.float64)
        return cls(
            number=pool["round_number"].to_numpy(dtype=np.int64),
            band=pool["band_number"].to_numpy(dtype=np.int64),
            person=np.asarray(person, dtype=np.int64),
            is_mine=pool["arm"].to_numpy(dtype=object) == "beneficiary",
            is_open=pool["is_open"].to_numpy(dtype=np.bool_),
            day=pool["index_on"].to_numpy(dtype="datetime64[D]").astype(np.int64),
            logit=pool["logit"].to_numpy(dtype=np.float64),
            stratum=pool["stratum"].to_numpy(dtype=np.int64),
            used_in=used[person],
            times=pool["time_days"].to_numpy(dtype=np.float64),
            causes=pool["cause"].to_numpy(dtype=np.float64),
        )


def joint_claim(
    pool: pd.DataFrame,
    calipers: Mapping[Band, float],
    used_in: Mapping[str, int],
    window_days: float,
    horizon: int,
) -> tuple[Drawn, int]:
    """Risk difference of bands solved jointly less that of bands in sequence, and the pairs.

    ``pool`` has one row per round, band and person: round_number, band_number, person_id, arm,
    is_open (of beneficiaries), index_on, logit, stratum of the exact covariates, time_days and
    cause from the index on, censored. ``calipers`` of the bands that formed pairs; ``used_in``
    the round in which a person was paired. NaN where a way pairs nobody.
    """
    people = _People.of(pool, used_in)
    place = people.number * (int(people.stratum.max(initial=0)) + 1) + people.stratum
    chosen = [np.zeros((3, 0), dtype=np.int64)]
    for one in np.unique(place):
        rows = np.flatnonzero(place == one)
        chosen.append(_paired_twice(people, rows, calipers, window_days))
    mine, *ways = np.hstack(chosen)
    if any((way == NOWHERE).all() for way in ways):
        return Drawn(nan, nan, 1), 0
    in_turn, at_once = (_difference(people, mine, way, horizon) for way in ways)
    error = sqrt(float(np.sum((at_once.influence - in_turn.influence) ** 2)))
    n_pairs = int((ways[1] != NOWHERE).sum())
    return Drawn(at_once.risk - in_turn.risk, error, 1), n_pairs


def _difference(people: _People, mine: Ints, theirs: Ints, horizon: int) -> Incidence:
    """Risk of the paired less that of their controls; who is not paired has no influence."""
    paired = np.flatnonzero(theirs != NOWHERE)
    first, second = (
        cumulative_incidence(people.times[rows], people.causes[rows], horizon)
        for rows in (mine[paired], theirs[paired])
    )
    influence = np.zeros(len(mine))
    influence[paired] = first.influence - second.influence
    return Incidence(first.risk - second.risk, influence)


def _paired_twice(
    people: _People, rows: Ints, calipers: Mapping[Band, float], window_days: float
) -> Ints:
    """Rows of the beneficiaries, and of the controls chosen in sequence and jointly, if any.

    ``rows`` are one stratum of one round.
    """
    number, band = int(people.number[rows[0]]), people.band
    is_mine = people.is_mine[rows]
    mine = rows[is_mine & people.is_open[rows]]
    mine = mine[[(number, one) in calipers for one in band[mine].tolist()]]
    theirs = rows[~is_mine & (people.used_in[rows] >= number)]
    mine, theirs = _thinned(people, mine, theirs)
    cost, place = _costs(people, mine, theirs, calipers, window_days)
    may = np.isfinite(cost)
    at_once, in_turn = _solved(cost, may), np.full(len(mine), LEFT_OUT)
    is_free = np.ones(cost.shape[1], dtype=bool)
    for one in np.unique(band[mine]):
        here = np.flatnonzero(band[mine] == one)
        in_turn[here] = _solved(cost[here], may[here] & is_free)
        is_free[in_turn[here][in_turn[here] != LEFT_OUT]] = False
    every = np.arange(len(mine))
    ways = (
        np.where(way == LEFT_OUT, NOWHERE, place[every, way] if place.shape[1] else NOWHERE)
        for way in (in_turn, at_once)
    )
    return np.vstack([mine, *ways])


def _thinned(people: _People, mine: Ints, theirs: Ints) -> tuple[Ints, Ints]:
    """The same share of both arms, whoever comes first by pseudonym; controls in every band."""
    persons = np.unique(people.person[theirs])
    n_cells = len(mine) * len(persons)
    if n_cells <= CELLS:
        return mine, theirs
    share = sqrt(CELLS / n_cells)
    few = mine[np.argsort(people.person[mine])[: int(len(mine) * share)]]
    is_kept = people.person[theirs] < persons[int(len(persons) * share)]
    return np.sort(few), theirs[is_kept]


def _costs(
    people: _People, mine: Ints, theirs: Ints, calipers: Mapping[Band, float], window_days: float
) -> tuple[Floats, Ints]:
    """Gap in log-odds of beneficiary × control, infinite where they may not be paired; and the
    row of the control in the beneficiary's band."""
    persons, column = np.unique(people.person[theirs], return_inverse=True)
    cost = np.full((len(mine), len(persons)), np.inf)
    place = np.full(cost.shape, NOWHERE, dtype=np.int64)
    for one in np.unique(people.band[mine]).tolist():
        rows, there = np.flatnonzero(people.band[mine] == one), people.band[theirs] == one
        own, here, at = mine[rows], theirs[there], column[there]
        gap = np.abs(people.logit[own][:, None] - people.logit[here])
        apart = np.abs(people.day[own][:, None] - people.day[here])
        limit = calipers[int(people.number[own[0]]), one]
        may = (gap <= limit) & (apart <= window_days)
        cost[np.ix_(rows, at)] = np.where(may, gap, np.inf)
        place[np.ix_(rows, at)] = here
    return cost, place


def _solved(cost: Floats, may: Bools) -> Ints:
    if not may.any():
        return np.full(len(cost), LEFT_OUT)
    rows, columns = (np.arange(n) for n in cost.shape)
    found: Ints = optimal_pairs(np.where(may, cost, 0.0), may, np.inf, rows, columns).control_of
    return found
