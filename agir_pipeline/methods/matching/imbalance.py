"""How far apart two arms are on one variable; figures are weighted, missing values left out.

Formulas as in MatchIt; limits and use as in Austin (2009), doi:10.1002/sim.3697.
"""

import numpy as np

from agir_pipeline.methods.matching.arrays import Floats
from agir_pipeline.methods.matching.propensity import weighted_variance


def weighted_mean(values: Floats, weights: Floats) -> float:
    """NaN where nothing has a weight."""
    total = float(weights.sum())
    return float((values * weights).sum()) / total if total > 0 else float("nan")


def smd_denominator(
    beneficiaries: Floats, controls: Floats, control_weights: Floats, is_binary: bool
) -> float:
    """The spread that divides the difference, fixed before matching.

    The beneficiaries' SD (n - 1), or sqrt(p (1 - p)) for a 0/1 variable; where it is 0 or
    unknown, the pooled SD of both arms. 0 means that both arms are constant.
    """
    share = weighted_mean(beneficiaries, np.ones(len(beneficiaries)))
    own = weighted_variance(beneficiaries, np.ones(len(beneficiaries)))
    spread = float(np.sqrt(share * (1 - share))) if is_binary else float(np.sqrt(own))
    if spread > 0:
        return spread
    pooled = np.nan_to_num([own, weighted_variance(controls, control_weights)])
    return float(np.sqrt(pooled.mean()))


def standardized_mean_difference(
    mean_beneficiary: float, mean_control: float, denominator: float
) -> float:
    """Difference of the means in units of ``denominator``.

    With a denominator of 0 (both arms constant before matching): 0 when the means are equal, else
    infinite, which fails any threshold. NaN where an arm is empty.
    """
    difference = mean_beneficiary - mean_control
    if np.isnan(difference):
        return float("nan")
    if denominator > 0:
        return difference / denominator
    return float(np.sign(difference) * np.inf) if difference else 0.0


def variance_ratio(
    beneficiaries: Floats, beneficiary_weights: Floats, controls: Floats, control_weights: Floats
) -> float:
    """Beneficiaries' variance over the controls'; NaN where the latter is 0 or unknown."""
    below = weighted_variance(controls, control_weights)
    if not below > 0:
        return float("nan")
    return weighted_variance(beneficiaries, beneficiary_weights) / below


def ecdf_differences(
    beneficiaries: Floats,
    beneficiary_weights: Floats,
    controls: Floats,
    control_weights: Floats,
    points: Floats,
) -> Floats:
    """Absolute difference of the two distribution functions at each of ``points``.

    Its mean is the eCDF mean, its maximum the Kolmogorov-Smirnov distance. ``points`` are the
    distinct values of the whole sample before matching.
    """
    return np.abs(
        _distribution(beneficiaries, beneficiary_weights, points)
        - _distribution(controls, control_weights, points)
    )


def standardized_pair_distance(
    beneficiaries: Floats, controls: Floats, denominator: float
) -> float:
    """Mean over pairs of the absolute difference, in units of ``denominator``.

    NaN without pairs; with a denominator of 0, as the difference of means.
    """
    if not len(beneficiaries):
        return float("nan")
    distance = float(np.abs(beneficiaries - controls).mean())
    return standardized_mean_difference(distance, 0.0, denominator)


def effective_sample_size(weights: Floats) -> float:
    """(sum w)^2 / sum w^2 (Kish): how many equally weighted people the weights are worth."""
    squares = float((weights**2).sum())
    return float(weights.sum()) ** 2 / squares if squares > 0 else 0.0


def _distribution(values: Floats, weights: Floats, points: Floats) -> Floats:
    order = np.argsort(values, kind="stable")
    cumulated = np.concatenate([[0.0], np.cumsum(weights[order])])
    below = np.searchsorted(values[order], points, side="right")
    return np.asarray(cumulated[below] / cumulated[-1])
