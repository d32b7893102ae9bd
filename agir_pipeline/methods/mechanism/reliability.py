"""How far the items of a scale, or several tellers of one thing, say the same.

Sources: Cronbach 1951, doi:10.1007/BF02310555; McDonald 1999, Test Theory, ch. 6 (omega of one
common factor); Shrout & Fleiss 1979, doi:10.1037/0033-2909.86.2.420, cases ICC(2,1) and ICC(2,k);
Krippendorff 2004, Content Analysis, ch. 11, interval data.
"""

from math import nan

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
LEAST_ROWS = 3
MAX_STEPS = 200
TOLERANCE = 1e-8


def cronbach_alpha(items: ArrayLike) -> float:
    """α of persons × items, over the persons who answered all of them.

    NaN with fewer than three persons or two items, or when all totals are the same.
    """
    whole = _complete(items)
    n, k = whole.shape
    if n < LEAST_ROWS or k < 2:
        return nan
    total = float(whole.sum(axis=1).var(ddof=1))
    if not total > 0:
        return nan
    return float(k / (k - 1) * (1 - whole.var(axis=0, ddof=1).sum() / total))


def mcdonald_omega(items: ArrayLike) -> float:
    """ω of persons × items under one common factor, fitted by least squares.

    NaN as for α, with fewer than three items, when an item does not vary, or when no single
    factor stands: an item would share more than all it has, or nothing settles.
    """
    whole = _complete(items)
    n, k = whole.shape
    if n < LEAST_ROWS or k < 3 or not (whole.std(axis=0) > 0).all():
        return nan
    covariance = np.cov(whole, rowvar=False)
    spread = np.sqrt(np.diag(covariance))
    standardised = _one_factor(covariance / np.outer(spread, spread))
    if standardised is None:
        return nan
    loadings = np.array(standardised) * spread
    unique = np.diag(covariance) - loadings**2
    common = float(loadings.sum() ** 2)
    return float(common / (common + unique.sum()))


def _one_factor(correlation: Floats) -> list[float] | None:
    """Standardised loadings of the least squares off the diagonal, one by one until they stand."""
    rows = [[float(r) for r in row] for row in correlation]
    places = range(len(rows))
    loadings = [sum(row) / len(rows) for row in rows]
    for _step in range(MAX_STEPS):
        largest_move = 0.0
        for i in places:
            others = sum(loadings[j] ** 2 for j in places if j != i)
            if not others > 0:
                return None
            found = sum(rows[i][j] * loadings[j] for j in places if j != i) / others
            largest_move = max(largest_move, abs(found - loadings[i]))
            loadings[i] = found
        if max(map(abs, loadings)) > 1:
            return None
        if largest_move < TOLERANCE:
            return loadings
    return None


def icc_agreement(ratings: ArrayLike) -> tuple[float, float]:
    """ICC(2,1) and ICC(2,k) of targets × tellers, over the targets that all of them told.

    Two-way, tellers drawn from many, absolute agreement. NaN with fewer than three targets or two
    tellers, or when nothing varies.
    """
    whole = _complete(ratings)
    n, k = whole.shape
    if n < LEAST_ROWS or k < 2:
        return nan, nan
    mean = whole.mean()
    between = k * float(((whole.mean(axis=1) - mean) ** 2).sum()) / (n - 1)
    tellers = n * float(((whole.mean(axis=0) - mean) ** 2).sum()) / (k - 1)
    rest = whole - whole.mean(axis=1, keepdims=True) - whole.mean(axis=0) + mean
    error = float((rest**2).sum()) / ((n - 1) * (k - 1))
    single = between + (k - 1) * error + k * (tellers - error) / n
    averaged = between + (tellers - error) / n
    if not min(single, averaged) > 0:
        return nan, nan
    return (between - error) / single, (between - error) / averaged


def krippendorff_alpha(ratings: ArrayLike) -> float:
    """Krippendorff's α for numbers: targets × tellers, NaN where a teller says nothing.

    Only targets that two tellers or more told can be compared; NaN when there is none, or when
    all that is told is one number.
    """
    values = np.asarray(ratings, dtype=float)
    values = values[(~np.isnan(values)).sum(axis=1) >= 2]
    told = values[~np.isnan(values)]
    n = len(told)
    if n == 0 or np.all(told == told[0]):
        return nan
    counts = (~np.isnan(values)).sum(axis=1)
    squares = counts * np.nansum(values**2, axis=1) - np.nansum(values, axis=1) ** 2
    observed = float((2 * squares / (counts - 1)).sum()) / n
    expected = 2 * float(n * (told**2).sum() - told.sum() ** 2) / (n * (n - 1))
    return 1 - observed / expected


def _complete(values: ArrayLike) -> Floats:
    rows = np.asarray(values, dtype=float)
    return np.asarray(rows[~np.isnan(rows).any(axis=1)], dtype=np.float64)
