"""How the arms differ where other endings make the event impossible.

Arrays are arm × pair, beneficiaries first. Times and causes as in ``survival``: causes 0 nothing
seen by then, 1 the event, 2 and more an ending that makes the event impossible.
"""

from dataclasses import dataclass
from math import exp, log, nan, sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from agir_pipeline.methods.effects.estimate import UNKNOWN, Estimate
from agir_pipeline.methods.effects.proportional import hazard_ratio

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Gray:
    """The test that the event adds up alike in both arms; chi-squared of one degree."""

    statistic: float = nan
    p_value: float = nan


@dataclass(frozen=True)
class _Arm:
    """One arm on every day on which somebody of either arm had an ending."""

    at_risk: Floats
    n_first: Floats
    n_other: Floats
    free_before: Floats
    """Share without any ending before the day …"""
    free: Floats
    """… and after it."""
    had_before: Floats
    """Share that had the event before the day."""

    @classmethod
    def of(cls, times: Floats, causes: Floats, days: Floats) -> "_Arm":
        place = np.searchsorted(days, times)
        n_first, n_any = (
            np.bincount(place[is_own], minlength=len(days)).astype(float)
            for is_own in (causes == 1, causes > 0)
        )
        at_risk = len(times) - np.searchsorted(np.sort(times), days, side="left").astype(float)
        share = np.divide(n_any, at_risk, out=np.zeros_like(n_any), where=at_risk > 0)
        free = np.cumprod(1 - share)
        before = np.concatenate([[1.0], free[:-1]])
        gained = np.divide(before * n_first, at_risk, out=np.zeros_like(free), where=at_risk > 0)
        had_before = np.cumsum(gained) - gained
        return cls(at_risk, n_first, n_any - n_first, before, free, had_before)

    @property
    def reached(self) -> Floats:
        """How many would be at risk had nobody had an ending: at risk over the free."""
        return _over(self.at_risk, self.free_before)


def gray_test(times: ArrayLike, causes: ArrayLike) -> Gray:
    """Gray's test of equal cumulative incidence of cause 1, members taken as independent.

    Members of a pair that are alike make the true spread smaller, so that the test errs on the
    careful side. Nothing is known where nobody had the event or the arms never were at risk
    together. Source: Gray 1988, doi:10.1214/aos/1176350951, with ρ = 0; as ``cuminc`` of R's
    ``cmprsk``.
    """
    both, cause = np.asarray(times, dtype=float), np.asarray(causes, dtype=float)
    days = np.unique(both[cause > 0])
    if not len(days):
        return Gray()
    arms = [_Arm.of(both[arm], cause[arm], days) for arm in (0, 1)]
    first, second = arms
    n_first = first.n_first + second.n_first
    reached = first.reached + second.reached
    weight = [arm.reached * (1 - arm.had_before) for arm in arms]
    score = float((first.n_first - _over(n_first * weight[0], weight[0] + weight[1])).sum())

    hazard = _over(n_first, reached)
    had = np.cumsum(hazard)
    slope = _over(first.reached * second.reached, reached)
    drift = np.cumsum(_over(slope * hazard, 1 - (had - hazard)))
    to_come = drift[-1] - drift
    variance = sum(_spread(arm, slope, n_first, reached, had, to_come) for arm in arms)
    if not variance > 0:
        return Gray()
    statistic = score**2 / variance
    return Gray(statistic, float(special.chdtrc(1, statistic)))


def _spread(
    arm: _Arm, slope: Floats, n_first: Floats, reached: Floats, had: Floats, to_come: Floats
) -> float:
    """What one arm adds to the variance of the score: by its events, then by other endings.

    An ending on a day moves the score at once (``slope``) and through the share free, by which
    everything ``to_come`` is weighted.
    """
    still = _over(1 - had, arm.free)
    kept = np.where(arm.free > 0, 1 - still, 1.0)
    expected = np.where(arm.at_risk > 0, _over(arm.free_before * n_first, reached), 0.0)
    tied = _tied(n_first, reached * arm.free_before)
    by_event = (slope + kept * to_come) ** 2 * tied * _over(expected, arm.at_risk)
    rate = _over(arm.free_before, arm.at_risk) ** 2 * arm.n_other
    by_other = (still * to_come) ** 2 * _tied(arm.n_other, arm.at_risk) * rate
    return float(by_event.sum() + by_other.sum())


def subdistribution_ratio(
    times: ArrayLike, causes: ArrayLike, follow_up_days: ArrayLike, horizon: float, level: float
) -> Estimate:
    """Beneficiaries' subdistribution hazard of cause 1 over controls', error robust by pair.

    Whoever had another ending stays at risk to the end of the own follow-up: it is a day of the
    calendar, known of everybody, so that nothing has to be weighted for it. Standard error on the
    log scale. Source: Fine & Gray 1999, doi:10.1080/01621459.1999.10474144, section 3.1; as R's
    ``finegray`` with ``coxph``, Efron ties, where nobody is censored.
    """
    both, cause = np.asarray(times, dtype=float), np.asarray(causes, dtype=float)
    stays = np.where(cause > 1, np.asarray(follow_up_days, dtype=float), both)
    has_event = (cause == 1) & (both <= horizon)
    return hazard_ratio(np.minimum(stays, horizon), has_event, level).ratio


def hazard_ratio_within(times: ArrayLike, has_event: ArrayLike, level: float) -> Estimate:
    """The hazard ratio of a Cox model stratified by pair: who of the two had the event first.

    Other endings censor. Events of both on one day count for both, as Efron ties do. Standard
    error on the log scale; nothing is known where an arm was never first.
    """
    both, events = np.asarray(times, dtype=float), np.asarray(has_event, dtype=bool)
    later = both[::-1]
    first, second = ((events & (both <= later)).sum(axis=1)).tolist()
    if not (first and second):
        return UNKNOWN
    ratio, error = log(first / second), sqrt(1 / first + 1 / second)
    reach = float(special.ndtri((1 + level) / 2)) * error
    p_value = 2 * float(special.ndtr(-abs(ratio) / error))
    return Estimate(exp(ratio), error, exp(ratio - reach), exp(ratio + reach), p_value)


def _over(part: Floats, whole: Floats) -> Floats:
    """The quotient; 0 where there is nothing to divide by."""
    found: Floats = np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)
    return found


def _tied(n: Floats, among: Floats) -> Floats:
    """Of several endings on one day, drawn without putting back: less spread than one by one."""
    return 1 - _over(np.maximum(n - 1, 0.0), among - 1)
