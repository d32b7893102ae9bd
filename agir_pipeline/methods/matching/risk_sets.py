"""Stacked risk sets: the rows the score, the ranks and the caliper of a band are made from.

The score of a band is fitted on the rows of this band and the earlier ones, never on later
ones. A later row says "still in contract after a longer delay"; were it in the fit, the
coefficients, and through them the pairs of this band, would depend on exits after its edge.
With the cumulative rule the pairs of a band depend on no exit after it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from agir_pipeline.methods.matching.arrays import Bools, Columns, Floats, Ints
from agir_pipeline.methods.matching.design import design_matrix
from agir_pipeline.methods.matching.distance import distances, robust_rank_whitened
from agir_pipeline.methods.matching.propensity import (
    Fit,
    caliper_width,
    firth_fit,
    linear_predictor,
    score_fit,
)
from agir_pipeline.methods.matching.spec import MatchingSpec


@dataclass(frozen=True)
class RiskSet:
    """The rows of one band: its beneficiaries at risk and every candidate of one of them.

    ``rows`` point into the people of the round; ``edges`` has a row per beneficiary and a column
    per control of this set, in the same order.
    """

    edge_days: int | None
    rows: Ints
    is_beneficiary: Bools
    edges: Bools
    folded: Columns

    @property
    def weights(self) -> Floats:
        """1 for a beneficiary; the candidates of each beneficiary share 1 among them."""
        weights = np.ones(len(self.rows))
        candidates = self.edges.sum(axis=1, keepdims=True)
        weights[~self.is_beneficiary] = (self.edges / np.maximum(candidates, 1)).sum(axis=0)
        return weights


@dataclass(frozen=True)
class Scores:
    """What the stack says about the rows of its last band, and the model that says it."""

    logit: Floats
    caliper: float
    cost: Floats
    """Distance of each beneficiary to each control of the last band, caliper or not."""
    model: dict[str, object]


def score(stack: Sequence[RiskSet], spec: MatchingSpec) -> Scores:
    """Log-odds, caliper and distances in the last band of ``stack``.

    The score is the linear predictor without the intercepts of the bands, which are common to
    both members of a pair.
    """
    last = stack[-1]
    folded = {n: np.concatenate([s.folded[n] for s in stack]) for n in last.folded}
    is_beneficiary = np.concatenate([s.is_beneficiary for s in stack])
    band = np.repeat(np.arange(len(stack)), [len(s.rows) for s in stack])
    here = band == len(stack) - 1

    names, x = design_matrix(spec.propensity_covariates, folded, len(band), True)
    fit = _fit(x, band, is_beneficiary, spec)
    logit = linear_predictor(x, fit.coefficients)
    weights = np.concatenate([s.weights for s in stack])
    caliper = caliper_width(
        logit, is_beneficiary, weights, spec.caliper_multiple, spec.caliper_convention
    )
    if spec.distance == "logit":
        points = logit[:, None]
    else:
        points = robust_rank_whitened(
            design_matrix(spec.distance_covariates, folded, len(band), False)[1]
        )
    points = points[here]
    cost = distances(points[last.is_beneficiary], points[~last.is_beneficiary])
    model = _described(fit, names, is_beneficiary, caliper)
    return Scores(logit[here], caliper, cost, {"elapsed_days": last.edge_days, **model})


def _fit(x: Floats, band: Ints, is_beneficiary: Bools, spec: MatchingSpec) -> Fit:
    """Coefficients of the covariates alone, with one intercept per band fitted beside.

    A band in which only one arm stands has an infinite intercept and says nothing: it is left
    out. Without any informative band the score is 0 for everybody.
    """
    n_treated, n_rows = np.bincount(band, is_beneficiary), np.bincount(band)
    is_informative = ((n_treated > 0) & (n_treated < n_rows))[band]
    p = x.shape[1]
    if not is_informative.any() or not p:
        return Fit(np.zeros(p), np.zeros((p, p)), 0.0, 0, is_separated=False)
    bands = np.unique(band[is_informative])
    intercepts = (band[is_informative][:, None] == bands[None, :]).astype(np.float64)
    columns = np.hstack([intercepts, x[is_informative]])
    treated = is_beneficiary[is_informative]
    fit = (score_fit if spec.propensity == "plain" else firth_fit)(columns, treated)
    k = len(bands)
    return Fit(
        fit.coefficients[k:],
        fit.covariance[k:, k:],
        fit.deviance,
        fit.n_iterations,
        fit.is_separated,
    )


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
