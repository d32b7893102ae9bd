"""Mahalanobis distances against MatchIt's, and what leaves them unchanged."""

import numpy as np
import pytest

from agir_pipeline.methods.matching.distance import (
    distances,
    mahalanobis_whitened,
    robust_rank_whitened,
)

NAMES = ["age", "educ", "raceblack", "racehispan", "racewhite", "married", "nodegree", "re74"]


@pytest.fixture(scope="module")
def x(lalonde):
    return lalonde[[*NAMES, "re75"]].to_numpy(dtype=float)


def total(z, pairs):
    treated, controls = pairs
    return np.linalg.norm(z[treated] - z[controls], axis=1).sum()


def test_totals_on_the_golden_pairs_are_matchit_s(x, lalonde, golden_pairs):
    treated = lalonde["is_treated"].to_numpy()
    ordinary, robust = mahalanobis_whitened(x, treated), robust_rank_whitened(x)
    found = {
        "lalonde_mahalanobis": total(ordinary, golden_pairs("lalonde_mahalanobis")),
        "lalonde_robust_mahalanobis": total(robust, golden_pairs("lalonde_robust_mahalanobis")),
        "lalonde_mahvars_caliper": total(ordinary, golden_pairs("lalonde_mahvars_caliper")),
    }
    assert found == pytest.approx(
        {
            "lalonde_mahalanobis": 342.810199,
            "lalonde_robust_mahalanobis": 321.404790,
            "lalonde_mahvars_caliper": 248.653188,
        },
        abs=1e-6,
    )


def test_monotone_changes_leave_rank_distances_and_affine_ones_the_ordinary(x, lalonde):
    treated = lalonde["is_treated"].to_numpy()
    numbers = x[:, [0, 1, 7, 8]]
    ranks = distances(*np.split(robust_rank_whitened(numbers), [185]))
    changed = distances(*np.split(robust_rank_whitened(np.log1p(numbers) * 3 + 1), [185]))
    assert changed == pytest.approx(ranks, abs=1e-9)
    plain = distances(*np.split(mahalanobis_whitened(numbers, treated), [185]))
    affine = distances(*np.split(mahalanobis_whitened(numbers * -2 + 5, treated), [185]))
    assert affine == pytest.approx(plain, abs=1e-9)


def test_equal_people_are_at_distance_zero(x):
    twins = np.vstack([x[150:250], x[150:250]])
    z = robust_rank_whitened(twins)
    assert (z[:100] == z[100:]).all()


def test_where_nobody_spreads_everybody_is_alike():
    two = np.array([[1.0, 5.0], [2.0, 7.0], [2.0, 7.0]])
    for x, treated in ((two, [True, False, False]), (two[:2], [True, False])):
        z = mahalanobis_whitened(x, np.array(treated))
        assert not distances(z[:1], z[1:]).any()


def test_one_treated_row_leaves_the_spread_to_the_others():
    x = np.array([[3.0], [0.0], [2.0], [4.0]])
    z = mahalanobis_whitened(x, np.array([True, False, False, False]))
    # the others' variance is 4; their two degrees of freedom are all there are
    assert np.abs(z[0] - z[1:]).ravel() == pytest.approx([1.5, 0.5, 0.5])


def test_without_columns_everybody_is_alike():
    z = robust_rank_whitened(np.zeros((3, 0)))
    assert distances(z[:1], z[1:]).tolist() == [[0.0, 0.0]]
