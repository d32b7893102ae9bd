"""Risks of an event counted from another origin, or with some people taken out on the way.

Times and causes as in ``survival``. Whoever enters late is at risk from the day after; whoever is
taken out leaves its place to those alike who stay. Source: weights by the inverse probability of
staying, Robins & Finkelstein 2000, doi:10.1111/j.0006-341X.2000.00779.x; delayed entry and
infinitesimal jackknife as in R's ``survfit``.
"""

from collections.abc import Callable, Iterator
from math import nan

import numpy as np
from numpy.typing import ArrayLike, NDArray

from agir_pipeline.methods.effects.estimate import Estimate, normal_estimate
from agir_pipeline.methods.effects.survival import (
    BEFORE_EVERY_DAY,
    Incidence,
    censored_bonett_price,
    cumulative_incidence,
)

Floats = NDArray[np.float64]
Weights = Callable[[Floats], Floats]
"""Days → days × people: what each person counts on each day."""

CELLS = 4_000_000
"""Days × people looked at together."""


def entered_incidence(
    entries: ArrayLike,
    times: ArrayLike,
    causes: ArrayLike,
    horizon: float,
    weights: Weights | None = None,
) -> Incidence:
    """Aalen–Johansen risk of cause 1 by ``horizon`` of people at risk from ``entries`` on.

    Everybody counts 1, or what ``weights`` says of the day. Weights are taken as known, which is
    careful: estimating them would make the spread smaller, not larger. Without entries above 0
    and without weights this is ``cumulative_incidence``.
    """
    enter, x = np.asarray(entries, dtype=float), np.asarray(times, dtype=float)
    cause = np.asarray(causes, dtype=float)
    has_event = (cause > 0) & (x <= horizon) & (x > enter)
    days = np.unique(x[has_event])
    at_risk, n_any, n_first = np.zeros((3, len(days)))
    for some, present in _blocks(enter, x, days, weights):
        ends = present * (x == days[some, None])
        at_risk[some] = present.sum(axis=1)
        n_any[some] = (ends * (cause > 0)).sum(axis=1)
        n_first[some] = (ends * (cause == 1)).sum(axis=1)
    left = at_risk - n_any
    is_last = ~(left > 1e-12 * at_risk)
    survival = np.concatenate([[1.0], np.cumprod(np.where(is_last, 0.0, left / at_risk))])[:-1]
    gain = survival / at_risk
    until = np.cumsum(gain * n_first)
    risk = float(until[-1]) if len(days) else 0.0
    loss = np.where(is_last, 0.0, (risk - until) / np.where(is_last, 1.0, left))
    expected = gain * n_first / at_risk - loss * n_any / at_risk
    influence = np.zeros(len(x))
    for some, present in _blocks(enter, x, days, weights):
        own = x == days[some, None]
        told = gain[some, None] * (own & (cause == 1)) - loss[some, None] * (own & (cause > 0))
        influence += (present * (told - expected[some, None])).sum(axis=0)
    return Incidence(risk, influence)


def _blocks(
    enter: Floats, x: Floats, days: Floats, weights: Weights | None
) -> Iterator[tuple[slice, Floats]]:
    """Some days at a time: what each person counts at risk on each of them."""
    step = max(1, CELLS // max(len(x), 1))
    for first in range(0, len(days), step):
        some = slice(first, first + step)
        present = (enter < days[some, None]) & (x >= days[some, None])
        counted: Floats = present.astype(float)
        yield some, counted if weights is None else counted * weights(days[some])


def stay_weights(out_days: Floats, times: Floats, kinds: ArrayLike) -> Weights:
    """One over the share that had not been taken out before a day, among people of the same kind.

    ``out_days`` is NaN for whoever stays; ``times`` is how far each is followed whatever becomes
    of that. Where all of a kind were taken out, nobody stands for the last of them.
    """
    kind = np.unique(np.asarray(kinds, dtype=str), return_inverse=True)[1]
    n_kinds = int(kind.max(initial=-1)) + 1
    out_on = np.unique(out_days[~np.isnan(out_days)])
    shares = np.ones((n_kinds, len(out_on) + 1))
    for place, day in enumerate(out_on):
        is_there = (times >= day) & ~(out_days < day)
        there, out = (
            np.bincount(kind[is_own], minlength=n_kinds)
            for is_own in (is_there, is_there & (out_days == day))
        )
        stay = np.divide(there - out, there, out=np.ones(n_kinds), where=there > 0)
        shares[:, place + 1] = shares[:, place] * stay

    def on(days: Floats) -> Floats:
        share = shares[kind][:, np.searchsorted(out_on, days, side="left")].T
        found: Floats = np.divide(1.0, share, out=np.zeros_like(share), where=share > 0)
        return found

    return on


def from_start_difference(
    entries: Floats, times: Floats, causes: Floats, horizon: float, level: float
) -> Estimate:
    """Beneficiaries' risk minus controls', counted from a start before the pair was formed.

    ``entries`` are days from that start to the index, by pair; ``times`` and ``causes`` are arm ×
    pair and counted from the index. The two pseudo-pairs of ``censored_bonett_price``, which this
    is where nobody enters late, have their event when everybody has entered: on the first days
    they would stand for all who are still to come.
    """
    all_in = min(float(entries.max()), horizon - 1) + BEFORE_EVERY_DAY
    never = horizon + 1
    pseudo = (([all_in, never], [1.0, 0.0]), ([never, all_in], [0.0, 1.0]))
    entered = np.append(entries, [0.0, 0.0])
    real, with_pseudo = [], []
    for arm, (days, events) in enumerate(pseudo):
        ends = entries + times[arm]
        real.append(entered_incidence(entries, ends, causes[arm], horizon).risk)
        x, cause = np.append(ends, days), np.append(causes[arm], events)
        with_pseudo.append(entered_incidence(entered, x, cause, horizon))
    first, second = with_pseudo
    error = float(np.sqrt(np.sum((first.influence - second.influence) ** 2)))
    return normal_estimate(real[0] - real[1], first.risk - second.risk, error, level)


def uncontaminated_difference(
    times: Floats,
    causes: Floats,
    out_days: Floats,
    kinds: ArrayLike,
    horizon: float,
    level: float,
) -> Estimate:
    """Beneficiaries' risk minus controls', the controls seen only while not supported themselves.

    ``out_days`` are days from the index to a control's own support (NaN: none known), ``kinds``
    what is alike in those who may stand for one another, both by pair. With the two pseudo-pairs
    of ``censored_bonett_price``, which it is where nobody was supported.
    """
    is_out = out_days < times[1]
    if not is_out.any():
        members = (times[0], causes[0], times[1], causes[1])
        return censored_bonett_price(*members, horizon, level)
    seen = np.where(is_out, np.maximum(out_days, 0.0), times[1])
    cause = np.where(is_out, 0.0, causes[1])
    staying = stay_weights(np.where(is_out, seen, nan), times[1], kinds)

    def with_pseudo(days: Floats) -> Floats:
        return np.hstack([staying(days), np.ones((len(days), 2))])

    never = horizon + 1
    first = _incidence(times[0], causes[0], [BEFORE_EVERY_DAY, never], [1.0, 0.0], horizon)
    second = _incidence(seen, cause, [never, BEFORE_EVERY_DAY], [0.0, 1.0], horizon, with_pseudo)
    error = float(np.sqrt(np.sum((first.influence - second.influence) ** 2)))
    real = cumulative_incidence(times[0], causes[0], horizon).risk
    real -= entered_incidence(np.zeros(len(seen)), seen, cause, horizon, staying).risk
    return normal_estimate(real, first.risk - second.risk, error, level)


def _incidence(
    times: Floats,
    causes: Floats,
    pseudo_times: list[float],
    pseudo_causes: list[float],
    horizon: float,
    weights: Weights | None = None,
) -> Incidence:
    x, cause = np.append(times, pseudo_times), np.append(causes, pseudo_causes)
    return entered_incidence(np.zeros(len(x)), x, cause, horizon, weights)
