"""A quantity of each person: the mean difference within pairs, and against a known answer."""

from dataclasses import dataclass
from math import isnan, nan, sqrt

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from agir_pipeline.methods.effects.estimate import (
    ROUNDING,
    UNKNOWN,
    Estimate,
    student_estimate,
)


@dataclass(frozen=True)
class PairedMeans:
    """The effect on pairs whose members both have a value, and how many there were."""

    effect: Estimate
    mean_beneficiary: float
    mean_control: float
    n_complete_pairs: int
    n_missing_pairs: int


@dataclass(frozen=True)
class WeightedMeans:
    """The effect on weighted people, and how many of them have a weight and a value."""

    effect: Estimate
    mean_beneficiary: float
    mean_control: float
    n_beneficiaries: int
    n_persons: int
    n_missing: int


def paired_mean_difference(beneficiary: ArrayLike, control: ArrayLike, level: float) -> PairedMeans:
    """Mean of beneficiary minus control, one value per pair; NaN (or infinite) is missing.

    The standard error is the sandwich clustered by pair, with the usual small-sample factors;
    for one control per beneficiary it is the paired t test's times √((N−1)/(N−2)), N members.
    Interval: Student on pairs − 1. The p-value is the paired t test's. One complete pair gives
    the difference alone. Source: Abadie & Spiess 2022, doi:10.1080/01621459.2020.1840383.
    """
    first, second = np.asarray(beneficiary, dtype=float), np.asarray(control, dtype=float)
    is_complete = np.isfinite(first) & np.isfinite(second)
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

    NaN and infinite values are left out; a group with fewer than two values gives no interval.
    """
    first, second = (
        values[np.isfinite(values)]
        for values in (np.asarray(group, dtype=float) for group in (beneficiary, reference))
    )
    if min(len(first), len(second)) == 0:
        return UNKNOWN
    difference = float(first.mean() - second.mean())
    if min(len(first), len(second)) < 2:
        return Estimate(estimate=difference)
    variance = first.var(ddof=1) / len(first) + second.var(ddof=1) / len(second)
    if not sqrt(variance) > ROUNDING * max(1.0, abs(difference)):
        return Estimate(estimate=difference)
    test = stats.ttest_ind(first, second, equal_var=False)
    interval = test.confidence_interval(level)
    return Estimate(
        difference, sqrt(variance), float(interval.low), float(interval.high), float(test.pvalue)
    )


def weighted_difference(
    values: ArrayLike, is_beneficiary: ArrayLike, weights: ArrayLike, sets: ArrayLike, level: float
) -> WeightedMeans:
    """Weighted mean of beneficiaries minus that of controls; NaN is missing, weight 0 left out.

    The standard error is the sandwich of the weighted regression on the arm, clustered by
    ``sets`` with the factors G/(G−1) · (N−1)/(N−2); without sets (NaN) each person is its own.
    Weights are taken as known. Interval: Student on the effective number of sets − 1, which is
    G − 1 where all weigh the same; where all of an arm are one set it would have no spread, and
    there is none. Sources: Abadie & Spiess 2022, doi:10.1080/01621459.2020.1840383; Carter,
    Schnepel & Steigerwald 2017, doi:10.1162/REST_a_00639.
    """
    y, w = np.asarray(values, dtype=float), np.asarray(weights, dtype=float)
    arm, group = np.asarray(is_beneficiary, dtype=bool), np.asarray(sets, dtype=float)
    is_in = np.isfinite(y) & (w > 0)
    n_missing = int((~np.isfinite(y) & (w > 0)).sum())
    y, w, arm, group = y[is_in], w[is_in], arm[is_in], group[is_in]
    if not arm.any() or arm.all():
        return WeightedMeans(UNKNOWN, nan, nan, 0, 0, n_missing)
    means = [float(np.average(y[rows], weights=w[rows])) for rows in (arm, ~arm)]
    alone = np.isnan(group)
    group[alone] = np.nanmax(group, initial=0.0) + 1 + np.arange(int(alone.sum()))
    share = np.where(arm, w / w[arm].sum(), -w / w[~arm].sum())
    pull = share * (y - np.where(arm, means[0], means[1]))
    place = np.unique(group, return_inverse=True)[1]
    sums = np.bincount(place, pull)
    n_sets, n = len(sums), len(y)
    of_arms = (len(np.unique(place[rows])) for rows in (arm, ~arm))
    difference = means[0] - means[1]
    effect = Estimate(estimate=difference)
    if min(of_arms) > 1:
        error = sqrt(float((sums**2).sum()) * n_sets / (n_sets - 1) * (n - 1) / (n - 2))
        weight = np.bincount(place, share**2)
        n_effective = float(weight.sum() ** 2 / (weight @ weight))
        effect = student_estimate(difference, error, max(n_effective - 1, 1.0), level)
    return WeightedMeans(effect, means[0], means[1], int(arm.sum()), n, n_missing)


def _clustered_difference(differences: np.ndarray, level: float) -> Estimate:
    n_pairs, n_members = len(differences), 2 * len(differences)
    mean = float(differences.mean())
    if n_pairs < 2:
        return Estimate(estimate=mean)
    paired_error = float(differences.std(ddof=1)) / sqrt(n_pairs)
    clustered_error = paired_error * sqrt((n_members - 1) / (n_members - 2))
    clustered = student_estimate(mean, clustered_error, n_pairs - 1, level)
    if isnan(clustered.standard_error):
        return clustered
    p_value = 2 * float(stats.t.sf(abs(mean) / paired_error, n_pairs - 1))
    return Estimate(mean, clustered_error, clustered.ci_low, clustered.ci_high, p_value)
