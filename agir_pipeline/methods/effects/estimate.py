"""What every estimator returns: one number, how sure it is, and its test."""

from dataclasses import dataclass
from math import inf, isfinite, nan

from scipy import special

ROUNDING = 1e-12
"""What a sum may be off by: an error as small as this, of the estimate or of 1, is none."""


@dataclass(frozen=True)
class Estimate:
    """An estimate with its standard error, interval and two-sided p-value.

    The unit is the caller's (shares for events, the outcome's own unit for measures). What is
    unknown is NaN: an interval with one limit has NaN at the other.
    """

    estimate: float = nan
    standard_error: float = nan
    ci_low: float = nan
    ci_high: float = nan
    p_value: float = nan


UNKNOWN = Estimate()


def normal_estimate(
    estimate: float, centre: float, standard_error: float, level: float
) -> Estimate:
    """``estimate``, with a normal interval and test around ``centre`` (they may differ).

    The standard error is above zero: pseudo-pairs see to that.
    """
    reach = float(special.ndtri((1 + level) / 2)) * standard_error
    p_value = 2 * float(special.ndtr(-abs(centre) / standard_error))
    return Estimate(estimate, standard_error, centre - reach, centre + reach, p_value)


def student_estimate(estimate: float, standard_error: float, df: float, level: float) -> Estimate:
    """``estimate`` with Student's interval and test on ``df`` degrees of freedom.

    No standard error beyond rounding, or no degree of freedom, gives the estimate alone: an
    interval without width would claim certainty. Numbers too large to add give nothing.
    """
    least = ROUNDING * max(1.0, abs(estimate))
    if not isfinite(estimate):
        return UNKNOWN
    if not least < standard_error < inf or df < 1:
        return Estimate(estimate=estimate)
    reach = float(special.stdtrit(df, (1 + level) / 2)) * standard_error
    p_value = 2 * float(special.stdtr(df, -abs(estimate) / standard_error))
    return Estimate(estimate, standard_error, estimate - reach, estimate + reach, p_value)
