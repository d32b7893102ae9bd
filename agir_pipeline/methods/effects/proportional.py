"""How many times as fast one arm has the event as the other, pair members being alike.

Marginal Cox model with the arm as its only column; ties by Efron. The standard error sums score
residuals over pairs (Lin & Wei 1989, doi:10.1080/01621459.1989.10478874): libraries that leave
out the tie correction there are wrong on tied days. The test of proportional hazards is the score
test of a log hazard ratio that moves with the day (Grambsch & Therneau 1994,
doi:10.1093/biomet/81.3.515), as in R's ``cox.zph`` with the identity transform.
"""

from dataclasses import dataclass
from math import exp, isnan, nan, sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from agir_pipeline.methods.effects.estimate import UNKNOWN, Estimate

Floats = NDArray[np.float64]
LARGEST_LOG_RATIO = 15.0
"""Beyond it the events tell the arms apart: the likelihood rises for ever."""
TOLERANCE = 1e-12
ENOUGH_STEPS = 50
"""Of tens of thousands of pairs the sums are not exact to the tolerance: steps never get there."""
SETTLED = 1e-9
"""Where the steps are still longer than this at the end, they have found nothing."""


@dataclass(frozen=True)
class Proportional:
    """The hazard ratio (standard error on the log scale), and whether it may be one number."""

    ratio: Estimate = UNKNOWN
    naive_error: float = nan
    """Of the log ratio, as if members of a pair had nothing in common."""
    proportional_p: float = nan


@dataclass(frozen=True)
class _Ranked:
    """Members by time, and for each event day × tied event how much the tied ones still weigh."""

    times: Floats
    x: Floats
    is_event: NDArray[np.bool_]
    days: Floats
    place: NDArray[np.int64]
    """Of each event: its day."""
    tie_day: NDArray[np.int64]
    """Of each (day, tied event): its day …"""
    tie_share: Floats
    """… and the share of the tied ones that is taken to have left already."""

    @classmethod
    def of(cls, times: Floats, x: Floats, is_event: NDArray[np.bool_]) -> "_Ranked":
        days, place = np.unique(times[is_event], return_inverse=True)
        n_tied = np.bincount(place, minlength=len(days))
        tie_day = np.repeat(np.arange(len(days)), n_tied)
        rank = np.arange(len(tie_day)) - np.repeat(np.cumsum(n_tied) - n_tied, n_tied)
        return cls(times, x, is_event, days, place, tie_day, rank / n_tied[tie_day])

    def means(self, beta: float) -> tuple[Floats, Floats, Floats]:
        """For each tied event: the weight at risk, and the mean and variance of x under it."""
        hazard = np.exp(beta * self.x)
        total, share = self._sums(hazard), self._sums(hazard * self.x)
        mean = share / total
        return total, mean, mean * (1 - mean)

    def _sums(self, weight: Floats) -> Floats:
        order = np.argsort(self.times, kind="stable")
        from_end = np.concatenate([np.cumsum(weight[order][::-1])[::-1], [0.0]])
        at_risk = from_end[np.searchsorted(self.times[order], self.days, side="left")]
        tied = np.bincount(self.place, weight[self.is_event], minlength=len(self.days))
        sums: Floats = at_risk[self.tie_day] - self.tie_share * tied[self.tie_day]
        return sums


def hazard_ratio(times: ArrayLike, has_event: ArrayLike, level: float) -> Proportional:
    """Beneficiaries' hazard over controls'. Arrays are arm × pair, beneficiaries first.

    Other endings censor: this is the hazard of those still free of any. Nothing is known where
    an arm has no event, or where everybody at risk belongs to one arm at every event. Pairs that
    are all alike give the ratio alone: limits without width would claim certainty.
    """
    both, events = np.asarray(times, dtype=float), np.asarray(has_event, dtype=bool)
    x = np.repeat([1.0, 0.0], both.shape[1])
    data = _Ranked.of(both.ravel(), x, events.ravel())
    if not events.any(axis=1).all():
        return Proportional()
    beta = _maximum(data)
    if isnan(beta):
        return Proportional()
    total, mean, variance = data.means(beta)
    information = float(variance.sum())
    by_pair = _score_residuals(data, beta, total, mean).reshape(both.shape).sum(axis=0)
    error = sqrt(float(by_pair @ by_pair)) / information
    told = (1 / sqrt(information), _trend_p(data, mean, variance))
    if not error > SETTLED:
        return Proportional(Estimate(exp(beta)), *told)
    reach = float(special.ndtri((1 + level) / 2)) * error
    p_value = 2 * float(special.ndtr(-abs(beta) / error))
    return Proportional(
        Estimate(exp(beta), error, exp(beta - reach), exp(beta + reach), p_value), *told
    )


def _maximum(data: _Ranked) -> float:
    """The log ratio at which the score is zero; NaN where there is none."""
    beta, step = 0.0, 1.0
    n_first = float(data.x[data.is_event].sum())
    for _step in range(ENOUGH_STEPS):
        _total, mean, variance = data.means(beta)
        slope = float(variance.sum())
        if slope <= 0 or abs(beta) > LARGEST_LOG_RATIO:
            return nan
        step = float(np.clip((n_first - mean.sum()) / slope, -1.0, 1.0))
        beta += step
        if abs(step) <= TOLERANCE:
            break
    return beta if abs(step) <= SETTLED else nan


def _score_residuals(data: _Ranked, beta: float, total: Floats, mean: Floats) -> Floats:
    """What each member adds to the score: its own event, less what was expected of it."""
    hazard = np.exp(beta * data.x)
    n_days = len(data.days)
    n_tied = np.bincount(data.tie_day, minlength=n_days)
    mean_of_day = np.bincount(data.tie_day, mean, minlength=n_days) / n_tied

    def until(values: Floats) -> Floats:
        """Sum over the event days up to each member's own time."""
        summed = np.concatenate([[0.0], np.cumsum(np.bincount(data.tie_day, values, n_days))])
        found: Floats = summed[np.searchsorted(data.days, data.times, side="right")]
        return found

    residuals: Floats = -hazard * (data.x * until(1 / total) - until(mean / total))
    own = data.is_event
    x = data.x[own]
    # On its own day a tied member weighs only what has not left yet.
    kept = np.bincount(data.tie_day, data.tie_share / total, n_days)[data.place]
    kept_mean = np.bincount(data.tie_day, data.tie_share * mean / total, n_days)[data.place]
    residuals[own] += x - mean_of_day[data.place] + hazard[own] * (x * kept - kept_mean)
    return residuals


def _trend_p(data: _Ranked, mean: Floats, variance: Floats) -> float:
    """p-value of the score test that the log ratio does not move with the day."""
    day = data.days[data.tie_day]
    shift = day - float(variance @ day) / float(variance.sum())
    own = np.bincount(data.place, data.x[data.is_event], minlength=len(data.days))
    score = float(own @ data.days) - float(mean @ day)
    spread = float(variance @ shift**2)
    if not spread > 0:
        return nan
    return float(special.chdtrc(1, score**2 / spread))
