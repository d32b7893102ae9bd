"""The score of a band: log-odds, caliper and points, from the bands stacked so far."""

from dataclasses import dataclass

import numpy as np

from agir_pipeline.methods.matching.arrays import Bools, Floats, Ints
from agir_pipeline.methods.matching.design import design_matrix
from agir_pipeline.methods.matching.distance import robust_rank_whitened
from agir_pipeline.methods.matching.propensity import (
    Fit,
    caliper_width,
    firth_fit,
    linear_predictor,
    score_fit,
)
from agir_pipeline.methods.matching.risk_sets import Stack
from agir_pipeline.methods.matching.rows import BandedRows
from agir_pipeline.methods.matching.spec import MatchingSpec

CHUNK = 4_000
"""Pairs of one beneficiary and one control looked at together: few enough for a cache."""


@dataclass(frozen=True)
class Scores:
    """What the stack says about the rows of its last band, and the model that says it.

    ``points`` are those of its beneficiaries and of its controls; their Euclidean distance is the
    distance of the two people. ``coefficients`` are by column, as a start for the next band.
    """

    logit: Floats
    caliper: float
    points: tuple[Floats, Floats]
    model: dict[str, object]
    coefficients: dict[str, float]

    def distances(self, beneficiaries: Ints, controls: Ints) -> Floats:
        """Of each of these beneficiaries to the control beside it; the same digits in any order."""
        found = [np.zeros(0)]
        for start in range(0, len(controls), CHUNK):
            part = slice(start, start + CHUNK)
            apart = self.points[0][beneficiaries[part]] - self.points[1][controls[part]]
            found.append(np.sqrt(np.einsum("ij,ij->i", apart, apart)))
        return np.concatenate(found)


def score(stack: Stack, spec: MatchingSpec, before: Scores | None = None) -> Scores:
    """Log-odds, caliper and points in the last band of ``stack``.

    The score is the linear predictor without the intercepts of the bands, which are common to
    both members of a pair. ``before``, the scores of the band before, only saves time.
    """
    n_profiles, n_of = len(next(iter(stack.folded.values()), ())), stack.n_of_profile
    names, x = design_matrix(spec.propensity_covariates, stack.folded, n_profiles, True, n_of)
    fit = _fit(x, names, stack, spec, before.coefficients if before else {})
    logit = linear_predictor(x, fit.coefficients)[stack.profile]
    caliper = caliper_width(
        logit, stack.is_beneficiary, stack.weights, spec.caliper_multiple, spec.caliper_convention
    )
    here = stack.here
    arm = stack.last.is_beneficiary
    points = _points(stack, spec, logit, here, n_of)
    model = _described(fit, names, stack.is_beneficiary, caliper)
    return Scores(
        logit[here],
        caliper,
        (points[arm], points[~arm]),
        {"elapsed_days": stack.last.edge_days, **model},
        dict(zip(names, fit.coefficients.tolist(), strict=True)),
    )


def _points(stack: Stack, spec: MatchingSpec, logit: Floats, here: Bools, n_of: Ints) -> Floats:
    if spec.distance == "logit":
        return logit[here][:, None]
    x = design_matrix(spec.distance_covariates, stack.folded, len(n_of), False, n_of)[1]
    return robust_rank_whitened(x, n_of, stack.profile[here])


def _fit(
    x: Floats, names: list[str], stack: Stack, spec: MatchingSpec, before: dict[str, float]
) -> Fit:
    """Coefficients of the covariates alone, with one intercept per band fitted beside.

    A band in which only one arm stands has an infinite intercept and says nothing: it is left
    out. Without any informative band the score is 0 for everybody.
    """
    n_treated, n_rows = np.bincount(stack.band, stack.is_beneficiary), np.bincount(stack.band)
    bands = (n_treated > 0) & (n_treated < n_rows)
    is_informative = bands[stack.band]
    p = x.shape[1]
    if not is_informative.any() or not p:
        return Fit(np.zeros(p), np.zeros((p, p)), 0.0, 0, is_separated=False)
    band, profile = (np.cumsum(bands) - 1)[stack.band[is_informative]], stack.profile
    rows = BandedRows(x, profile[is_informative], band)
    treated = stack.is_beneficiary[is_informative]
    start = _start(rows, treated, names, before) if before else None
    if spec.propensity == "plain":
        fit = score_fit(rows, treated, start)
    else:
        fit = firth_fit(rows, treated, start=start)
    k = rows.n_bands
    return Fit(
        fit.coefficients[k:],
        fit.covariance[k:, k:],
        fit.deviance,
        fit.n_iterations,
        fit.is_separated,
    )


def _start(
    rows: BandedRows, is_treated: Bools, names: list[str], before: dict[str, float]
) -> Floats:
    """The coefficients of the band before, and intercepts that give each band its share."""
    known = np.array([before.get(name, 0.0) for name in names])
    k = rows.n_bands
    n_rows = np.bincount(rows.band, minlength=k)
    share = np.bincount(rows.band, is_treated, k) / n_rows
    predicted = rows.times(np.concatenate([np.zeros(k), known]))
    mean = np.bincount(rows.band, predicted, k) / n_rows
    return np.concatenate([np.log(share / (1 - share)) - mean, known])


def _described(
    fit: Fit, names: list[str], is_beneficiary: Bools, caliper: float
) -> dict[str, object]:
    return {
        "coefficients": dict(zip(names, fit.coefficients.tolist(), strict=True)),
        "standard_errors": dict(zip(names, np.sqrt(np.diag(fit.covariance)).tolist(), strict=True)),
        "deviance": fit.deviance,
        "n_iterations": fit.n_iterations,
        "is_separated": fit.is_separated,
        "caliper": caliper,
        "n_beneficiaries": int(is_beneficiary.sum()),
        "n_controls": int((~is_beneficiary).sum()),
    }
