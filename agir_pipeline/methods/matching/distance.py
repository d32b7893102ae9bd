"""How far apart two people are: Mahalanobis distances as plain distances between whitened rows."""

import numpy as np
from scipy.spatial.distance import cdist
from scipy.stats import rankdata

from agir_pipeline.methods.matching.arrays import Bools, Floats
from agir_pipeline.methods.matching.propensity import linear_predictor


def robust_rank_whitened(x: Floats) -> Floats:
    """Rows whose Euclidean distance is the robust rank Mahalanobis distance of the rows of ``x``.

    Average ranks over all rows; their covariance rescaled so that a column with ties has the
    variance of an untied one; generalised inverse. No column may be constant. Monotone changes of
    a column change nothing. Source: Rosenbaum (2010) §8.3, doi:10.1007/978-1-4419-1213-8.
    """
    if not x.shape[1]:
        return np.zeros((len(x), 1))
    ranks = np.asarray(rankdata(x, axis=0), dtype=np.float64)
    covariance = _covariance(ranks)
    untied = np.arange(1, len(x) + 1).std(ddof=1)
    rescale = untied / np.sqrt(np.diag(covariance))
    return _whiten(ranks, covariance * np.outer(rescale, rescale))


def mahalanobis_whitened(x: Floats, is_treated: Bools) -> Floats:
    """The same for the ordinary Mahalanobis distance with the pooled within-arm covariance."""
    arms = (x[is_treated], x[~is_treated])
    pooled = sum((len(arm) - 1) * _covariance(arm) for arm in arms) / (len(x) - 2)
    return _whiten(x, np.asarray(pooled))


def distances(beneficiaries: Floats, controls: Floats) -> Floats:
    """Euclidean distance of each row to each row; one column (the log-odds) or many."""
    return np.asarray(cdist(beneficiaries, controls))


def _covariance(x: Floats) -> Floats:
    return np.atleast_2d(np.cov(x, rowvar=False))


def _whiten(x: Floats, covariance: Floats) -> Floats:
    """``x`` times a square root of the generalised inverse; equal rows stay equal to the bit."""
    values, vectors = np.linalg.eigh(covariance)
    kept = values > 1e-10 * values.max()
    root = vectors[:, kept] / np.sqrt(values[kept])
    return np.column_stack([linear_predictor(x, column) for column in root.T])
