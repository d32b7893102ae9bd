"""How far answers moved between two moments, and whether one person's move is more than noise."""

from math import nan, sqrt

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from agir_pipeline.methods.effects.estimate import UNKNOWN, Estimate, student_estimate


def clustered_mean(values: ArrayLike, clusters: ArrayLike, level: float) -> Estimate:
    """The mean with Student's interval, answers of one respondent taken together.

    Standard error: √(G/(G−1) Σ (sum of deviations in a cluster)²)/n, on the effective number of
    clusters n²/Σ(answers in a cluster)² − 1 degrees of freedom: where one respondent answers for
    many, G − 1 are too many (92.9 % instead of 94.4 at 23 answers of 7). With one answer each it
    is a mean as always. One cluster gives the mean alone. Source:
    Carter, Schnepel & Steigerwald 2017, doi:10.1162/REST_a_00639.
    """
    x = np.asarray(values, dtype=float)
    if len(x) == 0:
        return UNKNOWN
    place = np.unique(np.asarray(clusters).astype(str), return_inverse=True)[1]
    sums = np.bincount(place, x - x.mean())
    n_clusters = len(sums)
    if n_clusters < 2:
        return Estimate(estimate=float(x.mean()))
    error = sqrt(n_clusters / (n_clusters - 1) * float((sums**2).sum())) / len(x)
    n_effective = len(x) ** 2 / float((np.bincount(place) ** 2).sum())
    return student_estimate(float(x.mean()), error, max(n_effective - 1, 1.0), level)


def wilcoxon_p(changes: ArrayLike) -> float:
    """Two-sided p of Wilcoxon's signed ranks: zeros left out, normal, no continuity correction."""
    x = np.asarray(changes, dtype=float)
    moved = x[x != 0]
    if len(moved) == 0:
        return nan
    test = stats.wilcoxon(moved, correction=False, method="approx")
    return float(test.pvalue)


def reliable_changes(
    before: ArrayLike, after: ArrayLike, reliability: float, limit: float
) -> tuple[float, float]:
    """Shares that improved and that got worse by more than a scale's own noise.

    The index is (after − before)/(SD of before · √(2(1 − reliability))); its size must pass
    ``limit``. NaN without a known reliability below 1, or a spread. Source: Jacobson & Truax 1991,
    doi:10.1037/0022-006X.59.1.12.
    """
    first, second = np.asarray(before, dtype=float), np.asarray(after, dtype=float)
    if len(first) < 2 or not 0 <= reliability < 1:
        return nan, nan
    noise = float(first.std(ddof=1)) * sqrt(2 * (1 - reliability))
    if not noise > 0:
        return nan, nan
    index = (second - first) / noise
    return float((index > limit).mean()), float((index < -limit).mean())
