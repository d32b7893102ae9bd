"""Risks of competing endings day by day, with how sure each of them is.

Times and causes as in ``survival``: causes 1, 2, … each make the others impossible, 0 is nothing
seen. Source: infinitesimal jackknife of the Aalen–Johansen estimator as in R's ``survfit``.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Curves:
    """One row per day on which somebody's follow-up ended in an event of any cause.

    ``n_events``, ``incidence`` and ``standard_error`` have a column per cause. With one cause
    ``free`` is the Kaplan–Meier estimate and the error is Greenwood's.
    """

    days: Floats
    n_at_risk: Counts
    n_events: Counts
    free: Floats
    """Share without any event after the day."""
    incidence: Floats
    standard_error: Floats


def incidence_curves(times: ArrayLike, causes: ArrayLike, of_causes: Sequence[int]) -> Curves:
    """Aalen–Johansen incidence of each of ``of_causes`` on every event day.

    An event whose cause is none of them is an ending too: it has no curve of its own. A person
    censored on an event day still counts at risk on that day.
    """
    x, cause = np.asarray(times, dtype=float), np.asarray(causes)
    has_event = cause > 0
    days, place = np.unique(x[has_event], return_inverse=True)
    n_days = len(days)
    at_risk = len(x) - np.searchsorted(np.sort(x), days, side="left")
    n_any = np.bincount(place, minlength=n_days)
    by_cause = [np.bincount(place[cause[has_event] == k], minlength=n_days) for k in of_causes]
    free = np.asarray(np.cumprod(1 - n_any / at_risk), dtype=np.float64)
    before = np.concatenate([[1.0], free[:-1]]) if n_days else free
    ended = np.searchsorted(days, x[~has_event], side="right")
    n_censored = np.bincount(ended, minlength=n_days + 1)[1:]

    curves = [np.cumsum(before * n / at_risk) for n in by_cause]
    errors = [
        _errors(before, at_risk, n_any, own, n_censored, curve)
        for own, curve in zip(by_cause, curves, strict=True)
    ]
    wide = (n_days, len(of_causes))
    return Curves(
        days=days,
        n_at_risk=at_risk.astype(np.int64),
        n_events=np.reshape(np.transpose(by_cause), wide).astype(np.int64),
        free=free,
        incidence=np.reshape(np.transpose(curves), wide),
        standard_error=np.reshape(np.transpose(errors), wide),
    )


def _errors(
    before: Floats,
    at_risk: Counts,
    n_any: Counts,
    n_own: Counts,
    n_censored: Counts,
    curve: Floats,
) -> Floats:
    """The standard error on each day: members alike in day and cause share one influence."""
    left = at_risk - n_any
    gain = before / at_risk
    variances = np.zeros(len(curve))
    for last in range(len(curve)):
        seen = slice(0, last + 1)
        loss = np.divide(
            curve[last] - curve[seen], left[seen], out=np.zeros(last + 1), where=left[seen] > 0
        )
        drift = np.cumsum((loss * n_any[seen] - gain[seen] * n_own[seen]) / at_risk[seen])
        own = n_own[seen] @ (drift + gain[seen] - loss) ** 2
        other = (n_any - n_own)[seen] @ (drift - loss) ** 2
        still = left[last] - n_censored[last]
        variances[last] = own + other + n_censored[seen] @ drift**2 + still * drift[last] ** 2
    errors: Floats = np.sqrt(variances)
    return errors
