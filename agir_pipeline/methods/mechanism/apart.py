"""The risk of an event in two groups of different persons, however far each is followed."""

from math import exp, log, nan, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from agir_pipeline.methods.effects.estimate import ROUNDING, Estimate, normal_estimate
from agir_pipeline.methods.effects.survival import BEFORE_EVERY_DAY, cumulative_incidence

Floats = NDArray[np.float64]
Group = tuple[Floats, Floats]
"""Times and causes of some persons."""


class ComparedRisks(NamedTuple):
    first: float
    second: float
    difference: Estimate
    ratio: tuple[float, float, float]
    """First over second and its limits; NaN where a group has no event, no limits where all had."""


def compared_risks(first: Group, second: Group, *, horizon: float, level: float) -> ComparedRisks:
    """Aalen–Johansen risks of cause 1 by ``horizon`` in two groups, none of them empty.

    The difference is that of the groups as they are; its interval is of the groups with two
    pseudo-persons more in each, one with the event before everybody, one without: a group in
    which nothing happened is not taken as certain. Without censoring that is the interval of
    Agresti & Caffo 2000, doi:10.1080/00031305.2000.10474560. The ratio's is on the log scale.
    """
    real = [cumulative_incidence(*group, horizon) for group in (first, second)]
    padded = [cumulative_incidence(*_padded(group, horizon), horizon) for group in (first, second)]
    error = sqrt(padded[0].standard_error ** 2 + padded[1].standard_error ** 2)
    centre = padded[0].risk - padded[1].risk
    difference = normal_estimate(real[0].risk - real[1].risk, centre, error, level)
    ratio = (nan, nan, nan)
    if min(real[0].risk, real[1].risk) > 0:
        at = real[0].risk / real[1].risk
        spread = sqrt(sum((one.standard_error / one.risk) ** 2 for one in real))
        reach = float(special.ndtri((1 + level) / 2)) * spread if spread > ROUNDING else nan
        ratio = (at, exp(log(at) - reach), exp(log(at) + reach))
    return ComparedRisks(real[0].risk, real[1].risk, difference, ratio)


def wilson(n_with: int, n: int, level: float) -> tuple[float, float]:
    """Wilson's interval of a share; ``n`` above zero. Wilson 1927, doi:10.2307/2276774."""
    share, z2 = n_with / n, float(special.ndtri((1 + level) / 2)) ** 2
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    reach = sqrt(z2 * (share * (1 - share) + z2 / (4 * n)) / n) / (1 + z2 / n)
    return max(0.0, centre - reach), min(1.0, centre + reach)


def _padded(group: Group, horizon: float) -> Group:
    times, causes = group
    return np.append(times, [BEFORE_EVERY_DAY, horizon + 1]), np.append(causes, [1.0, 0.0])
