"""How far apart two people are: Mahalanobis distances as plain distances between whitened rows."""

import numpy as np
from scipy.spatial.distance import cdist

from agir_pipeline.methods.matching.arrays import Bools, Floats, Ints
from agir_pipeline.methods.matching.propensity import linear_predictor


def robust_rank_whitened(x: Floats, n_of: Ints | None = None, wanted: Ints | None = None) -> Floats:
    """Rows whose Euclidean distance is the robust rank Mahalanobis distance of the rows of ``x``.

    Average ranks over all rows; their covariance rescaled so that a column with ties has the
    variance of an untied one; generalised inverse. No column may be constant. Monotone changes of
    a column change nothing. ``n_of`` says how often each row counts; ``wanted`` which rows to give
    back. Source: Rosenbaum (2010) §8.3, doi:10.1007/978-1-4419-1213-8.
    """
    times = np.ones(len(x), dtype=np.int64) if n_of is None else n_of
    wanted = np.arange(len(x)) if wanted is None else wanted
    if not x.shape[1]:
        return np.zeros((len(wanted), 1))
    ranks = np.column_stack([_average_ranks(column, times) for column in x.T])
    covariance = np.atleast_2d(np.cov(ranks, rowvar=False, fweights=times))
    n = int(times.sum())
    untied = np.sqrt(n * (n + 1) / 12)
    rescale = untied / np.sqrt(np.diag(covariance))
    return _whiten(ranks[wanted], covariance * np.outer(rescale, rescale))


def _average_ranks(values: Floats, times: Ints) -> Floats:
    """The mean of the ranks 1 … n that each value shares; a value counts ``times`` times."""
    is_one = values == 1.0
    if (is_one | (values == 0.0)).all():  # a level: the zeros stand before the ones
        n_ones = int(times[is_one].sum())
        n_zeros = int(times.sum()) - n_ones
        return np.where(is_one, n_zeros + (n_ones + 1) / 2, (n_zeros + 1) / 2)
    distinct, place = np.unique(values, return_inverse=True)
    n_each = np.bincount(place, times, len(distinct))
    return np.asarray((np.cumsum(n_each) - n_each + (n_each + 1) / 2)[place])


def mahalanobis_whitened(x: Floats, is_treated: Bools) -> Floats:
    """The same for the ordinary Mahalanobis distance with the pooled within-arm covariance.

    A single person spreads by nothing. Where nobody spreads, all are equally far: 0.
    """
    arms = [arm for arm in (x[is_treated], x[~is_treated]) if len(arm) > 1]
    spread = sum((len(arm) - 1) * _covariance(arm) for arm in arms)
    return _whiten(x, np.broadcast_to(spread, (x.shape[1],) * 2) / max(len(x) - 2, 1))


def distances(beneficiaries: Floats, controls: Floats) -> Floats:
    """Euclidean distance of each row to each row; one column (the log-odds) or many."""
    return np.asarray(cdist(beneficiaries, controls))


def _covariance(x: Floats) -> Floats:
    return np.atleast_2d(np.cov(x, rowvar=False))


def _whiten(x: Floats, covariance: Floats) -> Floats:
    """``x`` times a square root of the generalised inverse; equal rows stay equal to the bit."""
    values, vectors = np.linalg.eigh(covariance)
    kept = values > 1e-10 * values.max()
    if not kept.any():
        return np.zeros((len(x), 1))
    root = vectors[:, kept] / np.sqrt(values[kept])
    x = np.asfortranarray(x)  # read column by column
    return np.column_stack([linear_predictor(x, column) for column in root.T])
