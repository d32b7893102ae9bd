"""The smallest effect a comparison can find: what its size allows, said beforehand.

Changes of shares are answered in percentage points, rounded up to a tenth; NaN means that
nothing short of the end of the scale (a fall to 0, a rise to 1) would be found.
"""

from collections.abc import Callable
from functools import lru_cache
from math import asin, ceil, isnan, nan, sin, sqrt
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special, stats
from statsmodels.stats.power import NormalIndPower

Direction = Literal["lower", "higher"]

PAIR_CORRELATION = 0.1
EXACT_UP_TO_PAIRS = 300
"""Beyond, the normal approximation: at 300 pairs it is 0 to 0.2 points from the enumeration."""


@lru_cache(maxsize=4096)
def detectable_in_pairs(
    n_pairs: int, baseline: float, direction: Direction, alpha: float, power: float
) -> float:
    """Smallest detectable change of a share, in points, on complete pairs.

    ``baseline`` is the controls' share; the test is Bonett–Price's z test, its power exact over
    all numbers of discordant pairs when members correlate by 0.1 (normal approximation beyond
    300 pairs). NaN without pairs, without a known baseline, or when no change is detectable.
    """
    end = _end_of_scale(baseline, direction)
    if n_pairs < 1 or isnan(end):
        return nan
    z = float(stats.norm.ppf(1 - alpha / 2))
    power_of = _exact_power if n_pairs <= EXACT_UP_TO_PAIRS else _normal_power

    def shortfall(change: float) -> float:
        return power_of(n_pairs, baseline + change, baseline, z) - power

    return _smallest(shortfall, end - baseline)


@lru_cache(maxsize=4096)
def detectable_in_arms(
    n_beneficiary: float,
    n_control: float,
    baseline: float,
    direction: Direction,
    alpha: float,
    power: float,
) -> float:
    """Smallest detectable change of a share, in points, between two independent arms.

    By the arcsine effect size (Cohen 1988); numbers may be effective ones, not whole. NaN as
    for pairs.
    """
    end = _end_of_scale(baseline, direction)
    if not min(n_beneficiary, n_control) >= 2 or isnan(end):
        return nan
    size = float(
        NormalIndPower().solve_power(
            nobs1=n_beneficiary, ratio=n_control / n_beneficiary, alpha=alpha, power=power
        )
    )
    angle = asin(sqrt(baseline)) + (size if direction == "higher" else -size) / 2
    if not 0 <= angle <= asin(1):
        return nan
    return _in_points(sin(angle) ** 2 - baseline, end - baseline)


def detectable_measure(standard_error: float, df: float, alpha: float, power: float) -> float:
    """Smallest detectable mean difference, in the measure's unit, not rounded.

    Source: Bloom 1995, doi:10.1177/0193841X9501900504.
    """
    if df < 1:
        return nan
    return float(stats.t.ppf(1 - alpha / 2, df) + stats.t.ppf(power, df)) * standard_error


def _end_of_scale(baseline: float, direction: Direction) -> float:
    """0 or 1; NaN when the baseline is unknown or already there."""
    end = 1.0 if direction == "higher" else 0.0
    return nan if isnan(baseline) or baseline == end else end


def _smallest(shortfall: Callable[[float], float], largest: float) -> float:
    if shortfall(largest) < 0:
        return nan
    return _in_points(float(optimize.brentq(shortfall, 0.0, largest, xtol=1e-7)), largest)


def _in_points(change: float, largest: float) -> float:
    """Rounded up to a tenth; the last thousandth of a point is the solver's, not a reason to."""
    points = ceil(abs(change) * 1000 - 1e-2) / 10
    return points if points < abs(largest) * 100 else nan


class _Cells(NamedTuple):
    """Every (b, c) of n pairs, with its z value and the log of its number of arrangements."""

    b: NDArray[np.float64]
    c: NDArray[np.float64]
    d: NDArray[np.float64]
    z: NDArray[np.float64]
    log_ways: NDArray[np.float64]


@lru_cache(maxsize=16)
def _cells(n_pairs: int) -> _Cells:
    b, c = (x.astype(float) for x in np.nonzero(np.tri(n_pairs + 1, dtype=bool)[::-1]))
    d = n_pairs - b - c
    p_b, p_c = (b + 1) / (n_pairs + 2), (c + 1) / (n_pairs + 2)
    difference = p_b - p_c
    z = np.abs(difference) / np.sqrt((p_b + p_c - difference**2) / (n_pairs + 2))
    arranged = special.gammaln(np.stack([b, c, d]) + 1).sum(axis=0)
    return _Cells(b, c, d, z, special.gammaln(n_pairs + 1) - arranged)


def _exact_power(n_pairs: int, share: float, baseline: float, z: float) -> float:
    p_b, p_c = _discordant(share, baseline)
    cells = _cells(n_pairs)
    is_significant = cells.z > z
    b, c, d, ways = (x[is_significant] for x in (cells.b, cells.c, cells.d, cells.log_ways))
    rest = max(0.0, 1 - p_b - p_c)
    log_chance = ways + sum(special.xlogy(x, p) for x, p in ((b, p_b), (c, p_c), (d, rest)))
    return float(np.exp(log_chance).sum())


def _normal_power(n_pairs: int, share: float, baseline: float, z: float) -> float:
    p_b, p_c = _discordant(share, baseline)
    mean = n_pairs * (p_b - p_c) / (n_pairs + 2)
    discordant = (n_pairs * (p_b + p_c) + 2) / (n_pairs + 2)
    standard_error = sqrt((discordant - mean**2) / (n_pairs + 2))
    variance = max(p_b + p_c - (p_b - p_c) ** 2, 1e-12)
    spread = sqrt(n_pairs * variance) / (n_pairs + 2)
    return float(stats.norm.cdf((abs(mean) - z * standard_error) / spread))


def _discordant(share: float, baseline: float) -> tuple[float, float]:
    """Chances of the two kinds of discordant pairs, correlation as far as the shares allow."""
    spread = sqrt(share * (1 - share) * baseline * (1 - baseline))
    both = min(share * baseline + PAIR_CORRELATION * spread, share, baseline)
    return share - both, baseline - both
