"""A quantity of each person: the mean difference within pairs, and against a known answer."""

from dataclasses import dataclass
from math import nan, sqrt

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from agir_pipeline.methods.effects.estimate import UNKNOWN, Estimate, student_estimate


@dataclass(frozen=True)
class PairedMeans:
    """The effect on pairs whose members both have a value, and how many there were."""

    effect: Estimate
    mean_beneficiary: float
    mean_control: float
    n_complete_pairs: int
    n_missing_pairs: int


def paired_mean_difference(beneficiary: ArrayLike, control: ArrayLike, level: float) -> PairedMeans:
    """Mean of beneficiary minus control, one value per pair; NaN is missing.

    The standard error is the sandwich clustered by pair, with the usual small-sample factors;
    for one control per beneficiary it is the paired t test's times √((N−1)/(N−2)), N members.
    Interval: Student on pairs − 1. The p-value is the paired t test's. One complete pair gives
    the difference alone. Source: Abadie & Spiess 2022, doi:10.1080/01621459.2020.1840383.
    """
    first, second = np.asarray(beneficiary, dtype=float), np.asarray(control, dtype=float)
    is_complete = ~np.isnan(first) & ~np.isnan(second)
    n_pairs = int(is_complete.sum())
    n_missing = len(is_complete) - n_pairs
    if n_pairs == 0:
        return PairedMeans(UNKNOWN, nan, nan, 0, n_missing)
    kept, compared = first[is_complete], second[is_complete]
    effect = _clustered_difference(kept - compared, level)
    return PairedMeans(effect, float(kept.mean()), float(compared.mean()), n_pairs, n_missing)


def difference_from_reference(
    beneficiary: ArrayLike, reference: ArrayLike, level: float
) -> Estimate:
    """Difference in means between two independent groups, with an unequal-variance interval.

    NaN values are left out; a group with fewer than two values gives no interval.
    """
    first, second = (
        values[~np.isnan(values)]
        for values in (np.asarray(group, dtype=float) for group in (beneficiary, reference))
    )
    if min(len(first), len(second)) == 0:
        return UNKNOWN
    difference = float(first.mean() - second.mean())
    if min(len(first), len(second)) < 2:
        return Estimate(estimate=difference)
    variance = first.var(ddof=1) / len(first) + second.var(ddof=1) / len(second)
    if not variance > 0:
        return Estimate(estimate=difference)
    test = stats.ttest_ind(first, second, equal_var=False)
    interval = test.confidence_interval(level)
    return Estimate(
        difference, sqrt(variance), float(interval.low), float(interval.high), float(test.pvalue)
    )


def _clustered_difference(differences: np.ndarray, level: float) -> Estimate:
    n_pairs, n_members = len(differences), 2 * len(differences)
    mean = float(differences.mean())
    if n_pairs < 2:
        return Estimate(estimate=mean)
    paired_error = float(differences.std(ddof=1)) / sqrt(n_pairs)
    clustered_error = paired_error * sqrt((n_members - 1) / (n_members - 2))
    clustered = student_estimate(mean, clustered_error, n_pairs - 1, level)
    if not paired_error > 0:
        return clustered
    p_value = 2 * float(stats.t.sf(abs(mean) / paired_error, n_pairs - 1))
    return Estimate(mean, clustered_error, clustered.ci_low, clustered.ci_high, p_value)
