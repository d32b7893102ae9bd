"""The score: R's numbers, Firth's by hand, and what happens when the arms are separated."""

import math

import numpy as np
import pytest
from scipy.special import expit

from agir_pipeline.methods.matching.propensity import (
    caliper_width,
    firth_fit,
    independent_columns,
    is_separated,
    linear_predictor,
    logistic_fit,
    weighted_variance,
)


@pytest.fixture(scope="module")
def columns(lalonde):
    names = ["age", "educ", "racehispan", "racewhite", "married", "nodegree", "re74", "re75"]
    return np.column_stack([np.ones(len(lalonde)), lalonde[names]]).astype(float)


def test_the_fit_is_r_s_fit(lalonde, columns, golden):
    model = golden("lalonde_ps_model")
    fit = logistic_fit(columns, lalonde["is_treated"].to_numpy())
    logit = linear_predictor(columns, fit.coefficients)
    assert np.abs(logit - lalonde["logit"]).max() < 1e-7
    assert np.abs(expit(logit) - lalonde["ps"]).max() < 1e-7
    assert fit.coefficients == pytest.approx(list(model["coef"].values()), rel=1e-7)
    assert np.sqrt(np.diag(fit.covariance)) == pytest.approx(list(model["se"].values()), rel=1e-4)
    assert fit.deviance == pytest.approx(model["deviance"], abs=1e-8)
    assert not fit.is_separated


def test_the_caliper_has_its_published_widths(lalonde):
    logit, ps = lalonde["logit"].to_numpy(), lalonde["ps"].to_numpy()
    treated, ones = lalonde["is_treated"].to_numpy(), np.ones(len(lalonde))
    assert caliper_width(logit, treated, ones, 0.2, "pooled") == pytest.approx(0.269294, abs=1e-6)
    assert caliper_width(logit, treated, ones, 0.2, "whole") == pytest.approx(0.360902, abs=1e-6)
    assert caliper_width(ps, treated, ones, 0.2, "whole") == pytest.approx(0.058063, abs=1e-6)


def test_an_arm_with_one_row_has_no_variance_to_pool():
    logit = np.array([0.0, 1.0, 3.0])
    treated = np.array([True, False, False])
    assert caliper_width(logit, treated, np.ones(3), 0.2, "pooled") == pytest.approx(
        0.2 * math.sqrt(2)
    )
    assert caliper_width(logit[:2], treated[:2], np.ones(2), 0.2, "pooled") == 0.0
    assert caliper_width(logit[:1], treated[:1], np.ones(1), 0.2, "whole") == 0.0


def test_equal_weights_give_the_sample_variance_and_whole_weights_count_people():
    values = np.array([1.0, 2.0, 4.0, 9.0])
    assert weighted_variance(values, np.full(4, 0.3)) == pytest.approx(values.var(ddof=1))
    assert math.isnan(weighted_variance(values, np.array([0.0, 2.0, 0.0, 0.0])))


def test_firth_adds_half_a_person_to_each_cell():
    # 3 of 3 with x = 1, 1 of 4 with x = 0: log-odds (3.5/0.5) and (1.5/3.5)
    x = np.array([[1.0, v] for v in (1, 1, 1, 0, 0, 0, 0)])
    y = np.array([True, True, True, True, False, False, False])
    fit = firth_fit(x, y)
    assert fit.coefficients[0] == pytest.approx(math.log(1.5 / 3.5), abs=1e-6)
    assert fit.coefficients.sum() == pytest.approx(math.log(3.5 / 0.5), abs=1e-6)
    assert fit.is_separated
    assert logistic_fit(x, y).is_separated


def test_separation_is_told_from_a_large_but_finite_coefficient():
    x = np.column_stack([np.ones(6), [0.0, 0.001, 1.0, 0.002, 500.0, 600.0]])
    assert is_separated(x, np.array([False, False, False, False, True, True]))
    mixed = np.array([False, True, False, False, True, True])
    assert not is_separated(x, mixed)
    assert not logistic_fit(x, mixed).is_separated


def test_far_but_overlapping_arms_are_not_called_separated():
    rng = np.random.default_rng(3)
    x = np.column_stack([np.ones(4000), rng.normal(size=4000)])
    y = rng.random(4000) < expit(-8 + 12 * x[:, 1])
    fit = logistic_fit(x, y)
    assert not fit.is_separated
    assert fit.coefficients[1] == pytest.approx(12, rel=0.3)


def test_a_combination_of_earlier_columns_gets_no_coefficient():
    rng = np.random.default_rng(1)
    a = rng.normal(size=(50, 2))
    x = np.column_stack([np.ones(50), a, a[:, 0] + a[:, 1], np.zeros(50)])
    assert independent_columns(x).tolist() == [True, True, True, False, False]
    y = rng.random(50) < 0.5
    fit = logistic_fit(x, y)
    assert fit.coefficients[3:].tolist() == [0.0, 0.0]
    assert fit.coefficients[:3] == pytest.approx(logistic_fit(x[:, :3], y).coefficients)


def test_steps_are_halved_where_a_full_one_would_overshoot():
    # without halving the fit stops at a deviance of 14.91
    values = np.r_[np.zeros(30), -500, np.arange(1, 6), 250]
    treated = np.r_[np.zeros(28), 1, 0, 0, 0, 0, 0, 1, 0, 1] == 1
    x = np.column_stack([np.ones(37), values])
    fit = logistic_fit(x, treated)
    mu = expit(linear_predictor(x, fit.coefficients))
    assert fit.deviance == pytest.approx(13.11603, abs=1e-5)
    assert x.T @ (treated - mu) == pytest.approx(np.zeros(2), abs=1e-5)


def test_equal_rows_have_equal_bits():
    rng = np.random.default_rng(0)
    x = np.repeat(rng.normal(size=(5, 7)), 101, axis=0)
    scores = linear_predictor(x, rng.normal(size=7)).reshape(5, 101)
    assert (scores == scores[:, :1]).all()
