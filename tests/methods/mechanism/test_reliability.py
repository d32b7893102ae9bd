"""Reliability: published cases, values of R, and what cannot be said."""

import numpy as np
import pytest

from agir_pipeline.methods.mechanism.reliability import (
    _one_factor,
    cronbach_alpha,
    icc_agreement,
    krippendorff_alpha,
    mcdonald_omega,
)

SHROUT_FLEISS = [
    [9, 2, 5, 8],
    [6, 1, 3, 2],
    [8, 4, 6, 8],
    [7, 1, 2, 6],
    [10, 5, 6, 9],
    [6, 2, 4, 7],
]
"""Shrout & Fleiss 1979, table 2: six targets, four judges."""

KRIPPENDORFF = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, np.nan, np.nan, np.nan],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, np.nan, 3],
        [np.nan, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, np.nan],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, np.nan],
    ]
).T
"""Krippendorff 2011, Computing Krippendorff's alpha-reliability, example D: twelve units."""

EIGHT = [[4, 5, 3, 4], [2, 2, 1, 3], [5, 4, 4, 5], [3, 3, 2, 2], [1, 2, 2, 1], [4, 4, 5, 3],
         [2, 3, 3, 2], [5, 5, 4, 4]]  # fmt: skip

TWELVE = [
    [2, 3, 2, 2],
    [1, 3, 3, 4],
    [3, 2, 3, 3],
    [4, 3, 5, 4],
    [3, 3, 3, 4],
    [3, 3, 2, 1],
    [4, 5, 4, 5],
    [4, 3, 4, 5],
    [4, 4, 3, 3],
    [3, 3, 2, 2],
    [4, 3, 4, 5],
    [2, 3, 4, 3],
]
OMEGA = 0.7993568214
"""From R: least squares of the correlations off the diagonal, by optim."""


def test_alpha_by_hand_and_as_r_computes_it():
    # two items, variances 1 and 1, covariance ½: α = 2·(1 − 2/3)
    assert cronbach_alpha([[1, 1], [2, 3], [3, 2]]) == pytest.approx(2 / 3)
    assert cronbach_alpha(EIGHT) == pytest.approx(0.919540229885057, abs=1e-12)


def test_alpha_leaves_out_whoever_skipped_an_item():
    assert cronbach_alpha([*EIGHT, [1, np.nan, 5, 5]]) == pytest.approx(0.919540229885057)


def test_omega_as_r_computes_it_by_least_squares():
    assert mcdonald_omega(TWELVE) == pytest.approx(OMEGA, abs=1e-6)


def test_items_of_one_true_score_have_the_same_alpha_and_omega():
    alike = np.array([[1, 2, 3], [2, 3, 4], [4, 5, 6], [5, 6, 7]]) + 0.0
    noise = np.array([[1, -1, 0], [-1, 0, 1], [0, 1, -1], [0, 0, 0]]) / 2
    assert mcdonald_omega(alike + noise) == pytest.approx(cronbach_alpha(alike + noise), abs=0.02)


@pytest.mark.parametrize(
    ("items", "why"),
    [
        ([[1, 2, 3], [2, 3, 1]], "two persons"),
        ([[1, 2], [2, 3], [4, 4]], "two items"),
        ([[1, 2, 3], [2, 2, 1], [3, 2, 5]], "an item that does not vary"),
        (EIGHT, "an item that would share more than all it has"),
    ],
)
def test_omega_is_not_told_of(items, why):
    assert np.isnan(mcdonald_omega(items)), why


def test_omega_of_a_factor_that_does_not_settle_is_not_told(monkeypatch):
    monkeypatch.setattr("agir_pipeline.methods.mechanism.reliability.MAX_STEPS", 1)
    assert np.isnan(mcdonald_omega(TWELVE))


def test_items_that_cancel_each_other_have_no_factor():
    """Each goes down by what the other two go up: no loading to begin with."""
    assert _one_factor(np.array([[1, -0.5, -0.5], [-0.5, 1, -0.5], [-0.5, -0.5, 1]])) is None


def test_reversed_signs_of_all_items_leave_omega():
    assert mcdonald_omega(-np.array(TWELVE)) == pytest.approx(OMEGA, abs=1e-6)


def test_alpha_is_not_told_of_too_few_or_of_equal_totals():
    assert np.isnan(cronbach_alpha([[1, 2], [2, 3]]))
    assert np.isnan(cronbach_alpha([[1], [2], [3]]))
    assert np.isnan(cronbach_alpha([[1, 3], [2, 2], [3, 1]]))


def test_icc_of_the_published_judges():
    single, averaged = icc_agreement(SHROUT_FLEISS)  # printed there: .29 and .62
    assert single == pytest.approx(0.289763779527559, abs=1e-12)
    assert averaged == pytest.approx(0.620050547598989, abs=1e-12)


def test_icc_is_one_when_all_agree_and_unknown_when_nothing_varies():
    assert icc_agreement([[1, 1], [2, 2], [5, 5]]) == pytest.approx((1, 1))
    assert np.isnan(icc_agreement([[2, 2], [2, 2], [2, 2]])).all()
    assert np.isnan(icc_agreement([[1, 2], [2, 3]])).all()


def test_krippendorff_of_the_published_units():
    assert krippendorff_alpha(KRIPPENDORFF) == pytest.approx(0.849, abs=5e-4)


def test_krippendorff_is_not_told_without_two_tellers_or_two_numbers():
    assert np.isnan(krippendorff_alpha([[1, np.nan], [np.nan, 2]]))
    assert np.isnan(krippendorff_alpha([[2, 2], [2, 2]]))
