"""Rank-Mahalanobis pairs against another way: ranks, metric and optimum written anew."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import rankdata

from agir_pipeline.methods.matching import match
from tests.methods.matching.problems import many


def drawn(seed):
    """Few people with many ties: a number of five values, another with a hole, a category."""
    rng = np.random.default_rng(seed)
    n_treated, n_controls = int(rng.integers(1, 5)), int(rng.integers(1, 7))
    n = n_treated + n_controls
    y = rng.normal(size=n).round(1)
    y[int(rng.integers(0, n))] = np.nan
    return pd.DataFrame(
        {
            "treat": (np.arange(n) < n_treated).astype(int),
            "x": rng.integers(0, 5, n).astype(float),
            "y": y,
            "k": rng.choice(["a", "b", "c"], n),
            "score": rng.normal(size=n).round(2),
        }
    )


def rank_distances(data):
    """Rosenbaum's distance as the book writes it: ranks, rescaled covariance, quadratic form."""
    y = data["y"]
    columns = [data["x"], y.fillna(y.median()), y.isna().astype(float)]
    columns += [(data["k"] == level).astype(float) for level in sorted(set(data["k"]))]
    ranks = np.column_stack([rankdata(c) for c in columns if c.nunique() > 1])
    covariance = np.atleast_2d(np.cov(ranks.T))
    untied = np.var(np.arange(1, len(data) + 1), ddof=1)
    rescale = np.sqrt(untied / np.diag(covariance))
    inverse = np.linalg.pinv(covariance * np.outer(rescale, rescale), rcond=1e-10, hermitian=True)
    apart = ranks[:, None, :] - ranks[None, :, :]
    return np.sqrt(np.maximum(np.einsum("ijk,kl,ijl->ij", apart, inverse, apart), 0))


def best(cost, may, price, row=0, used=frozenset()):
    """Cheapest way to serve the rows from ``row`` on, by trying every one; (left out, total)."""
    if row == len(cost):
        return 0, 0.0
    skipped = best(cost, may, price, row + 1, used)
    found = [(skipped[0] + 1, skipped[1])]
    for column in np.flatnonzero(may[row]):
        if column not in used:
            n_out, total = best(cost, may, price, row + 1, used | {column})
            found.append((n_out, total + cost[row, column]))
    if math.isinf(price):
        return min(found)
    return min(found, key=lambda way: way[0] * price + way[1])


@given(seed=st.integers(0, 10**6), price=st.sampled_from([math.inf, 0.7, 2.0]))
@many
def test_pairs_are_as_cheap_as_trying_everything(seed, price):
    data = drawn(seed)
    found = match(data, "treat", ["x", "y", "k"], score="score", caliper=1.0, leave_out_price=price)
    arm = data["treat"] == 1
    cost = rank_distances(data)[np.ix_(arm, ~arm)]
    score = data["score"].to_numpy()
    may = np.abs(score[arm][:, None] - score[~arm][None, :]) <= found.caliper
    n_out, total = best(cost, may, price)
    ours = found.pairs["distance"].sum()
    if math.isinf(price):
        assert len(cost) - len(found.pairs) == n_out
        assert ours == pytest.approx(total, abs=1e-9)
    else:
        left = (len(cost) - len(found.pairs)) * price
        assert ours + left == pytest.approx(total + n_out * price, abs=1e-9)
