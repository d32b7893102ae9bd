"""How much an unseen difference between the arms would have to do to explain an effect away.

Γ is by how many times the odds of being supported may differ within a pair. Sources: Rosenbaum
2002, Observational Studies, ch. 4; VanderWeele & Ding 2017, doi:10.7326/M16-2607.
"""

from collections.abc import Sequence
from math import isnan, nan, sqrt

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats


def mcnemar_bound(n_claimed: int, n_discordant: int, gamma: float) -> float:
    """Largest one-sided p-value of McNemar's test under Γ.

    ``n_claimed`` counts the discordant pairs in the direction claimed before the data, whichever
    is the larger number. Without a discordant pair it is 1.
    """
    return float(stats.binom.sf(n_claimed - 1, n_discordant, gamma / (1 + gamma)))


def wilcoxon_bound(differences: ArrayLike, gamma: float) -> float:
    """Largest one-sided p-value of the signed rank test under Γ; a benefit is positive.

    Zeros and missing values are left out; normal approximation without continuity correction,
    as for the test itself. Without a difference it is 1.
    """
    values = np.asarray(differences, dtype=float)
    values = values[~np.isnan(values) & (values != 0)]
    ranks = stats.rankdata(np.abs(values))
    share = gamma / (1 + gamma)
    spread = sqrt(share * (1 - share) * float(ranks @ ranks))
    if spread == 0:
        return 1.0
    above = float(ranks[values > 0].sum()) - share * float(ranks.sum())
    return float(stats.norm.sf(above / spread))


def largest_gamma(gammas: Sequence[float], p_values: Sequence[float], alpha: float) -> float:
    """The largest Γ at which the effect still stands; NaN when it does not stand at the first.

    ``gammas`` increase, and so do their one-sided p-values.
    """
    stands = [g for g, p in zip(gammas, p_values, strict=True) if p <= alpha]
    return max(stands, default=nan)


def e_value(ratio: float) -> float:
    """How strong, as a risk ratio with both arm and outcome, an unseen cause would have to be.

    For a risk ratio below 1 its inverse counts; NaN where the ratio is unknown or 0.
    """
    if isnan(ratio) or ratio <= 0:
        return nan
    away = max(ratio, 1 / ratio)
    return away + sqrt(away * (away - 1))


def e_value_of_limit(low: float, high: float) -> float:
    """The same for the limit nearest 1; 1 when the interval holds 1, NaN without a limit."""
    if isnan(low) or isnan(high):
        return nan
    return 1.0 if low <= 1 <= high else e_value(low if low > 1 else high)
