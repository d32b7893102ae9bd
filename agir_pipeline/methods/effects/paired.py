"""Two yes-or-no answers per pair: differences, tests and ratios on complete pairs.

Sign: beneficiary minus control, in shares. For something unwanted a benefit is negative.
Sources: Bonett & Price 2012, doi:10.3102/1076998611411915; Newcombe 1998,
doi:10.1002/(SICI)1097-0258(19981130)17:22<2635::AID-SIM954>3.0.CO;2-C; Fagerland, Lydersen &
Laake 2014, doi:10.1002/sim.6148.
"""

from math import exp, log, nan, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from agir_pipeline.methods.effects.estimate import UNKNOWN, Estimate, normal_estimate


class PairedTable(NamedTuple):
    """Complete pairs by what happened to their members.

    ``a`` both, ``b`` the beneficiary only, ``c`` the control only, ``d`` neither.
    """

    a: int
    b: int
    c: int
    d: int

    @classmethod
    def of(cls, beneficiary: ArrayLike, control: ArrayLike) -> "PairedTable":
        """Counts from two boolean arrays, one value per pair in the same order."""
        first, second = np.asarray(beneficiary, dtype=bool), np.asarray(control, dtype=bool)
        cells = (first & second, first & ~second, ~first & second, ~first & ~second)
        return cls(*(int(cell.sum()) for cell in cells))

    @property
    def n(self) -> int:
        return self.a + self.b + self.c + self.d


def bonett_price(table: PairedTable, level: float) -> Estimate:
    """Risk difference; interval and z test after adding one pair to each discordant cell.

    The estimate is (b − c)/n; the interval's middle is the shrunk difference.
    """
    if table.n == 0:
        return UNKNOWN
    p_b, p_c = (table.b + 1) / (table.n + 2), (table.c + 1) / (table.n + 2)
    centre = p_b - p_c
    standard_error = sqrt((p_b + p_c - centre**2) / (table.n + 2))
    return normal_estimate((table.b - table.c) / table.n, centre, standard_error, level)


def newcombe(table: PairedTable, level: float) -> Estimate:
    """Risk difference with Newcombe's hybrid score interval for paired shares (no test)."""
    if table.n == 0:
        return UNKNOWN
    p1, down1, up1 = _wilson(table.a + table.b, table.n, level)
    p2, down2, up2 = _wilson(table.a + table.c, table.n, level)
    phi = _newcombe_correlation(table)
    below = sqrt(max(0.0, down1**2 - 2 * phi * down1 * up2 + up2**2))
    above = sqrt(max(0.0, up1**2 - 2 * phi * up1 * down2 + down2**2))
    return Estimate(estimate=p1 - p2, ci_low=p1 - p2 - below, ci_high=p1 - p2 + above)


def mcnemar_midp(table: PairedTable) -> float:
    """Two-sided mid-p value of McNemar's test; 1 without a discordant pair."""
    discordant, smaller = table.b + table.c, min(table.b, table.c)
    if discordant == 0:
        return 1.0
    tail = float(special.bdtr(smaller, discordant, 0.5))
    below = float(special.bdtr(smaller - 1, discordant, 0.5)) if smaller else 0.0
    return tail + below


def mcnemar_exact(table: PairedTable) -> float:
    """Two-sided exact p-value of McNemar's test; 1 without a discordant pair."""
    discordant, smaller = table.b + table.c, min(table.b, table.c)
    return min(1.0, 2 * float(special.bdtr(smaller, discordant, 0.5)))


def risk_ratio(table: PairedTable, level: float) -> Estimate:
    """Beneficiaries' risk over controls', with a log-normal interval; SE on the log scale.

    Without an event in an arm, or without a discordant pair, there is no limit; without an
    event among controls there is no ratio.
    """
    events, control_events = table.a + table.b, table.a + table.c
    if control_events == 0:
        return UNKNOWN
    ratio = events / control_events
    if events == 0 or table.b + table.c == 0:
        return Estimate(estimate=ratio)
    standard_error = sqrt((table.b + table.c) / (events * control_events))
    reach = float(special.ndtri((1 + level) / 2)) * standard_error
    return Estimate(ratio, standard_error, ratio * exp(-reach), ratio * exp(reach))


def conditional_odds_ratio(table: PairedTable, level: float) -> Estimate:
    """Odds ratio b/c given the pair, with exact limits; SE on the log scale.

    Limits are Clopper–Pearson's on b/(b + c), turned into odds. With b = 0 only the upper one
    exists beside 0; with c = 0 the ratio is unbounded and only the lower one is known. The
    p-value is McNemar's exact one.
    """
    if table.b + table.c == 0:
        return UNKNOWN
    low, high = (_odds(share) for share in _clopper_pearson(table.b, table.c, level))
    p_value = mcnemar_exact(table)
    if table.c == 0:
        return Estimate(ci_low=low, p_value=p_value)
    if table.b == 0:
        return Estimate(estimate=0.0, ci_low=0.0, ci_high=high, p_value=p_value)
    standard_error = sqrt(1 / table.b + 1 / table.c)
    ratio = exp(log(table.b) - log(table.c))
    return Estimate(ratio, standard_error, low, high, p_value)


def _odds(share: float) -> float:
    return share / (1 - share) if share < 1 else nan


def _wilson(events: int, n: int, level: float) -> tuple[float, float, float]:
    """The share, and its distances to Wilson's lower and upper limits."""
    share, z = events / n, float(special.ndtri((1 + level) / 2))
    middle, reach = share + z**2 / (2 * n), z * sqrt(share * (1 - share) / n + (z / (2 * n)) ** 2)
    low = 0.0 if events == 0 else (middle - reach) / (1 + z**2 / n)
    high = 1.0 if events == n else (middle + reach) / (1 + z**2 / n)
    return share, share - low, high - share


def _clopper_pearson(b: int, c: int, level: float) -> tuple[float, float]:
    """Exact limits of the share b/(b + c)."""
    tail = (1 - level) / 2
    low = 0.0 if b == 0 else float(special.betaincinv(b, c + 1, tail))
    high = 1.0 if c == 0 else float(special.betaincinv(b + 1, c, 1 - tail))
    return low, high


def _newcombe_correlation(table: PairedTable) -> float:
    """Correlation of the two answers, continuity-corrected when positive."""
    a, b, c, d = table
    margins = (a + b) * (c + d) * (a + c) * (b + d)
    if margins == 0:
        return 0.0
    cross = a * d - b * c
    corrected = cross if cross < 0 else max(cross - table.n / 2, 0.0)
    return float(corrected / sqrt(margins))
