"""The actual estimators where the answer is known to be nothing: what they claim there is error.

Replicates are drawn from a seed; the same data and seed give the same figures.
"""

from math import nan
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agir_pipeline.methods.effects.estimate import Estimate

Floats = NDArray[np.float64]

CELLS = 300_000
"""Pairs × replicates at once: a large study needs fewer replicates for the same error."""


class Drawn(NamedTuple):
    """A mean over replicates, in shares, with its Monte-Carlo error."""

    effect: float
    standard_error: float
    n_replicates: int


class Pool(NamedTuple):
    """People never supported, each from the start of the contract.

    ``times``: days to the first ending, or as far as the person is followed; ``causes``: 0
    nothing seen, 1 the event, 2 another ending.
    """

    times: Floats
    causes: Floats


def incidences(times: Floats, causes: Floats, horizon: int) -> Floats:
    """Aalen–Johansen risk of cause 1 by ``horizon`` in every row: replicates × people at once.

    Times are whole days, at least 1 for an ending; the same figures as ``cumulative_incidence``.
    """
    n_rows, n_people = times.shape
    days = np.minimum(times, horizon + 1).astype(np.int64)
    places = (np.arange(n_rows)[:, None] * (horizon + 2) + days).ravel()
    ended = (causes > 0).ravel().astype(float)
    first = (causes == 1).ravel().astype(float)

    def counted(weights: Floats | None = None) -> Floats:
        flat = np.bincount(places, weights, minlength=n_rows * (horizon + 2))
        return flat.reshape(n_rows, -1)[:, : horizon + 1].astype(float)

    left = counted()
    at_risk = np.maximum(n_people - np.cumsum(left, axis=1) + left, 1)
    survival = np.cumprod(1 - counted(ended) / at_risk, axis=1)
    before = np.hstack([np.ones((n_rows, 1)), survival[:, :-1]])
    risks: Floats = (before * counted(first) / at_risk).sum(axis=1)
    return risks


def permuted_events(
    times: Floats, causes: Floats, horizon: int, n_replicates: int, seed: int
) -> Drawn:
    """The difference of the arms' risks with the labels of each pair drawn by lot.

    ``times`` and ``causes`` are arm × pair, as ``censor`` gives them.
    """
    is_swapped = _lots(times.shape[1], n_replicates, seed)
    risks = [
        incidences(
            np.where(is_swapped, times[1 - arm], times[arm]),
            np.where(is_swapped, causes[1 - arm], causes[arm]),
            horizon,
        )
        for arm in (0, 1)
    ]
    return _mean(risks[0] - risks[1])


def permuted_answers(status: Floats, n_replicates: int, seed: int) -> Drawn:
    """The difference of the arms' means, unweighted, with the labels of each pair drawn by lot.

    ``status`` is pair × arm: 1, 0, or NaN where nobody answered. A draw that leaves an arm without
    answer says nothing.
    """
    is_swapped = _lots(len(status), n_replicates, seed)
    sums, counts = [], []
    for arm in (0, 1):
        own = np.where(is_swapped, status[:, 1 - arm], status[:, arm])
        sums.append(np.nansum(own, axis=1))
        counts.append((~np.isnan(own)).sum(axis=1))
    told = (counts[0] > 0) & (counts[1] > 0)
    return _mean(sums[0][told] / counts[0][told] - sums[1][told] / counts[1][told])


def reassigned_index(
    pool: Pool,
    delays: NDArray[np.int64],
    horizon: int,
    n_replicates: int,
    seed: int,
    *,
    is_aligned: bool,
) -> Drawn:
    """People never supported stand in for both arms, with the delays of the real pairs.

    The stand-in of a beneficiary is still in the contract at the end of its delay, as support
    needs. Aligned, the stand-in of its control is too, and both are followed from then on: no
    difference. Not aligned, the control is anybody and both are followed from their start: what a
    comparison of those who lived to be supported with everybody would have claimed.
    """
    rng = np.random.default_rng(seed)
    n_rows = _n_rows(len(delays), n_replicates)
    drawn = rng.choice(delays, size=(n_rows, len(delays)))
    supported = _at_risk(pool, drawn, rng)
    other = (
        _at_risk(pool, drawn, rng)
        if is_aligned
        else rng.integers(0, len(pool.times), size=drawn.shape)
    )
    since = drawn if is_aligned else np.zeros_like(drawn)
    risks = [
        incidences(pool.times[who] - since, pool.causes[who], horizon) for who in (supported, other)
    ]
    return _mean(risks[0] - risks[1])


def null_outcome(effect: Estimate) -> Drawn:
    """One estimate of an outcome that was there before the index date; the error is its own."""
    return Drawn(effect.estimate, effect.standard_error, 1)


def is_alarm(drawn: Drawn, limit: float, reach: float) -> bool | None:
    """Whether an effect lies beyond ``limit`` by more than ``reach`` of its errors."""
    if np.isnan(drawn.effect) or np.isnan(drawn.standard_error):
        return None
    return bool(abs(drawn.effect) - reach * drawn.standard_error > limit)


def can_be_reassigned(pool: Pool, delays: NDArray[np.int64]) -> bool:
    """Whether somebody of the pool was still in the contract after the longest delay."""
    return len(delays) > 0 and len(pool.times) > 0 and bool(pool.times.max() > delays.max())


def _at_risk(pool: Pool, drawn: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """For each delay somebody of the pool still in the contract, and followed, after it."""
    chosen = np.zeros(drawn.shape, dtype=np.int64)
    for delay in np.unique(drawn):
        able = np.flatnonzero(pool.times > delay)
        is_own = drawn == delay
        chosen[is_own] = rng.choice(able, size=int(is_own.sum()))
    return chosen


def _lots(n_pairs: int, n_replicates: int, seed: int) -> NDArray[np.bool_]:
    rng = np.random.default_rng(seed)
    return rng.integers(0, 2, size=(_n_rows(n_pairs, n_replicates), n_pairs)).astype(bool)


def _n_rows(n_pairs: int, n_replicates: int) -> int:
    return max(2, min(n_replicates, CELLS // max(n_pairs, 1)))


def _mean(effects: Floats) -> Drawn:
    if len(effects) < 2:
        return Drawn(nan, nan, len(effects))
    error = float(effects.std(ddof=1) / np.sqrt(len(effects)))
    return Drawn(float(effects.mean()), error, len(effects))
