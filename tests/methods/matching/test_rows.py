"""Sums over stacked people are those of the matrix they stand for; a start saves time only."""

import numpy as np
import pytest

from agir_pipeline.methods.matching.propensity import firth_fit, logistic_fit
from agir_pipeline.methods.matching.risk_sets import RiskSet, Stack
from agir_pipeline.methods.matching.rows import BandedRows, PlainRows
from agir_pipeline.methods.matching.scores import score


@pytest.fixture
def stacked():
    rng = np.random.default_rng(4)
    profile = np.concatenate([rng.permutation(60)[:50], rng.permutation(60)[:40], np.arange(30)])
    band = np.repeat([0, 1, 2], [50, 40, 30])
    rows = BandedRows(rng.normal(size=(60, 3)), profile, band)
    treated = rng.random(120) < 0.3
    return rows, treated


def test_every_sum_is_that_of_the_dense_matrix(stacked):
    rows, _treated = stacked
    dense = PlainRows(rows.dense())
    rng = np.random.default_rng(5)
    beta, values = rng.normal(size=6), rng.random(120)
    inner = np.cov(rng.normal(size=(9, 6)), rowvar=False)
    assert (rows.n_rows, dense.n_rows) == (120, 120)
    for ours, theirs in (
        (rows.times(beta), dense.times(beta)),
        (rows.summed(values), dense.summed(values)),
        (rows.information(values), dense.information(values)),
        (rows.lengths(inner), dense.lengths(inner)),
        (rows.largest(), dense.largest()),
    ):
        np.testing.assert_allclose(ours, theirs, atol=1e-12)
    kept = np.array([True, True, True, False, True, True])
    scale = np.array([1.0, 1.0, 1.0, 2.0, 4.0, 5.0])
    np.testing.assert_allclose(
        rows.divided(scale, kept).dense(), dense.divided(scale, kept).dense()
    )


@pytest.mark.parametrize("fit", [logistic_fit, firth_fit])
def test_the_stacked_fit_is_that_of_the_dense_matrix_from_any_start(stacked, fit):
    rows, treated = stacked
    dense = fit(rows.dense(), treated)
    rng = np.random.default_rng(6)
    for start in (None, np.zeros(6), rng.normal(size=6)):
        found = fit(rows, treated, start=start)
        np.testing.assert_allclose(found.coefficients, dense.coefficients, rtol=0, atol=1e-10)
        np.testing.assert_allclose(found.covariance, dense.covariance, atol=1e-9)
        assert not found.is_separated


def test_an_aliased_column_of_stacked_rows_gets_0(stacked):
    rows, treated = stacked
    twice = BandedRows(
        np.column_stack([rows.profiles, rows.profiles[:, 0]]), rows.profile, rows.band
    )
    found, without = logistic_fit(twice, treated), logistic_fit(rows, treated)
    assert found.coefficients[6] == 0
    np.testing.assert_allclose(found.coefficients[:6], without.coefficients, atol=1e-9)


@pytest.fixture
def bands():
    """Three bands of the same people; the age of one of them changes in the second."""
    rng = np.random.default_rng(7)
    age = rng.integers(16, 26, 40).astype(float)
    age[3] = np.nan
    level = rng.choice(["iv", "v"], 40).astype(object)

    def band(number, mine, theirs, ages):
        rows = np.array([*mine, *theirs])
        return RiskSet(
            edge_days=15 * number,
            rows=rows,
            is_beneficiary=np.arange(len(rows)) < len(mine),
            edges=np.ones((len(mine), len(theirs)), dtype=bool),
            folded={"age": ages[rows], "level": level[rows]},
        )

    older = np.where(np.arange(40) == 20, age + 1, age)
    return (
        band(0, [0, 1, 2, 3], range(10, 40), age),
        band(1, [4, 5, 6], range(10, 38), older),
        band(2, [7, 8], range(12, 35), older),
    )


def test_a_person_stands_once_as_long_as_nothing_changes(bands):
    stack = Stack.of(*bands)
    n_people = len({row for band in bands for row in band.rows.tolist()})
    assert len(stack.folded["age"]) == n_people + 1
    assert stack.n_of_profile.sum() == sum(len(band.rows) for band in bands)
    told = np.concatenate([band.folded["age"] for band in bands])
    np.testing.assert_array_equal(stack.folded["age"][stack.profile], told)


@pytest.mark.parametrize("propensity", ["plain", "firth"])
@pytest.mark.parametrize("distance", ["logit", "robust_rank_mahalanobis"])
def test_scores_do_not_depend_on_the_band_before(bands, spec, covariate, propensity, distance):
    rule = spec(
        covariate("age", in_propensity=True),
        covariate("level", scale="category", in_propensity=True),
        propensity=propensity,
        distance=distance,
    )
    stack, before = Stack(), None
    for band in bands:
        stack.add(band)
        before = score(stack, rule, before)
    alone = score(Stack.of(*bands), rule)
    np.testing.assert_allclose(before.logit, alone.logit, rtol=0, atol=1e-10)
    assert before.caliper == pytest.approx(alone.caliper, abs=1e-9)
    np.testing.assert_allclose(before.points[0], alone.points[0], rtol=0, atol=1e-9)
    assert before.model["n_iterations"] <= alone.model["n_iterations"]
