from math import isnan, nan

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize, special, stats

from agir_pipeline.methods.effects.estimate import UNKNOWN, Estimate
from agir_pipeline.methods.effects.response import (
    PairedAnswers,
    ipw_difference,
    lee_bounds,
)
from agir_pipeline.methods.effects.response_model import ResponseModel, response_design

shares = st.floats(0, 1)
rates = st.floats(0.05, 1)


def answers_of(status: np.ndarray, design: np.ndarray | None = None) -> PairedAnswers:
    members = 2 * len(status)
    return PairedAnswers(status, np.empty((members, 0)) if design is None else design)


def some_answers(n_pairs: int, seed: int) -> PairedAnswers:
    """Young people who answer more also work more: the raw shares are too high in both arms."""
    rng = np.random.default_rng(seed)
    liking = rng.normal(size=(2, n_pairs))
    works = rng.random((2, n_pairs)) < special.expit(0.4 + 1.2 * liking)
    answers = rng.random((2, n_pairs)) < special.expit([[0.7], [-0.2]] + 1.2 * liking)
    return PairedAnswers(np.where(answers, works, np.nan).T, liking.reshape(-1, 1))


def found_in(answers: PairedAnswers, n_draws: int = 200):
    return ipw_difference(answers, n_draws, 0.95, np.random.default_rng(1))


# ------------------------------------------------------------------------ weighted difference


def test_when_everybody_answers_weighting_changes_nothing() -> None:
    status = np.array([[1, 0], [1, 1], [0, 0], [1, 0], [0, 1], [1, 1]], dtype=float)
    design = np.arange(12.0)[:, None]
    found = found_in(answers_of(status, design))
    assert found.effect.estimate == pytest.approx(1 / 6, abs=0.02)
    assert found.unweighted == pytest.approx(1 / 6)
    assert found.n_effective == pytest.approx((6, 6), rel=0.01)


def test_without_covariates_it_is_the_difference_of_the_respondents_shares() -> None:
    status = np.array([[1, nan], [1, 1], [nan, 0], [0, 0], [1, nan]])
    found = found_in(answers_of(status))
    assert found.effect.estimate == pytest.approx(3 / 4 - 1 / 3)
    assert found.means == pytest.approx((3 / 4, 1 / 3))
    assert found.n_effective == pytest.approx((4, 3))


def test_weights_correct_shares_that_depend_on_who_answers() -> None:
    # truth: about 0.58 in both arms; those who answer work more often
    found = found_in(some_answers(4000, seed=2), n_draws=3)
    truth = float(special.expit(0.4 + 1.2 * np.random.default_rng(9).normal(size=200_000)).mean())
    answered = some_answers(4000, seed=2).status
    assert np.nanmean(answered[:, 1]) > truth + 0.1
    # what truncating the largest weights gives back stays small
    assert found.means == pytest.approx((truth, truth), abs=0.04)


def test_the_interval_is_students_on_the_smaller_arm() -> None:
    answers = some_answers(40, seed=3)
    found = found_in(answers).effect
    df = min(answers.n_respondents) - 1
    reach = stats.t.ppf(0.975, df) * found.standard_error
    assert found.ci_high - found.estimate == pytest.approx(reach)
    expected = 2 * stats.t.sf(abs(found.estimate) / found.standard_error, df)
    assert found.p_value == pytest.approx(expected)


def test_without_covariates_the_bootstrap_error_is_that_of_two_shares() -> None:
    rng = np.random.default_rng(4)
    status = (rng.random((150, 2)) < [0.6, 0.4]).astype(float)
    status[:, 1] = np.where(rng.random(150) < 0.3, nan, status[:, 1])
    found = found_in(answers_of(status), n_draws=2000)
    variances = [np.nanvar(status[:, i]) / (~np.isnan(status[:, i])).sum() for i in (0, 1)]
    assert found.effect.standard_error == pytest.approx(np.sqrt(sum(variances)), rel=0.1)


def test_the_same_seed_gives_the_same_interval_and_parts_change_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers = some_answers(30, seed=5)
    whole = found_in(answers)
    assert found_in(answers) == whole
    monkeypatch.setattr("agir_pipeline.methods.effects.response.CELLS_AT_ONCE", 60 * 7)
    in_parts = found_in(answers)
    assert in_parts.effect.standard_error == pytest.approx(whole.effect.standard_error)


def test_swapping_the_arms_flips_the_sign() -> None:
    answers = some_answers(60, seed=6)
    swapped = PairedAnswers(answers.status[:, ::-1], np.roll(answers.design, 60, axis=0))
    found, mirrored = found_in(answers), found_in(swapped)
    assert mirrored.effect.estimate == pytest.approx(-found.effect.estimate, abs=1e-6)
    assert mirrored.effect.ci_low == pytest.approx(-found.effect.ci_high, abs=1e-6)
    assert mirrored.lee.low == pytest.approx(-found.lee.high)
    assert mirrored.worst_case.low == pytest.approx(-found.worst_case.high)


def test_a_covariate_that_separates_respondents_does_not_stop_it() -> None:
    rng = np.random.default_rng(7)
    age = rng.normal(size=(2, 30))
    status = np.where(age > 0, rng.random((2, 30)) < 0.5, np.nan).T
    found = found_in(answers_of(status, np.column_stack([age.ravel(), 1000 * age.ravel()])))
    assert np.isfinite([found.effect.ci_low, found.effect.ci_high]).all()


def test_an_arm_without_respondents_has_worst_case_bounds_only() -> None:
    found = found_in(answers_of(np.array([[1.0, nan], [0.0, nan]])))
    assert found.effect == UNKNOWN
    assert isnan(found.lee.low)
    assert (found.worst_case.low, found.worst_case.high) == (-0.5, 0.5)


def test_no_due_pair_gives_nothing() -> None:
    assert isnan(found_in(answers_of(np.empty((0, 2)))).worst_case.low)


def test_a_single_draw_gives_no_interval() -> None:
    found = found_in(some_answers(20, seed=8), n_draws=1)
    assert isnan(found.effect.standard_error)
    assert isnan(found.lee.ci_low)
    assert not isnan(found.lee.low)


@pytest.mark.parametrize("status", [[[1, 0], [0, 1]], [[1, 0], [1, 0]], [[1, nan], [nan, 0]]])
def test_an_interval_as_wide_as_the_scale_is_none(status: list) -> None:
    """Two answers in an arm leave one degree of freedom or none: nothing looks like a finding."""
    found = found_in(answers_of(np.array(status, dtype=float)))
    assert found.effect == Estimate(estimate=found.effect.estimate)


def test_answers_that_are_all_alike_are_not_taken_as_certain() -> None:
    # six of six against three of six: Fisher's exact test finds 0.18, resampling alone 0.04
    few = found_in(answers_of(np.array([[1.0, k % 2] for k in range(6)])))
    of_six = 7 / 8 * 1 / 8 / 8
    assert few.effect.standard_error > np.sqrt(of_six + 0.15**2)
    assert few.effect.p_value > 0.05
    all_work = found_in(answers_of(np.ones((75, 2))))
    one_arm = 76 / 77 * 1 / 77 / 77
    assert all_work.effect.standard_error == pytest.approx(np.sqrt(2 * one_arm))
    assert all_work.effect.ci_low < 0 < all_work.effect.ci_high
    assert all_work.effect.p_value == pytest.approx(1)


def test_the_interval_of_lee_bounds_stays_on_the_scale() -> None:
    found = found_in(answers_of(np.array([[1.0, nan], [0.0, nan], [nan, 1.0], [nan, 0.0]])))
    assert -1 <= found.lee.ci_low <= found.lee.low
    assert found.lee.high <= found.lee.ci_high <= 1


# --------------------------------------------------------------------------- response model


def test_numbers_and_categories_become_columns_and_missing_is_never_dropped() -> None:
    persons = pd.DataFrame(
        {
            "age": pd.array([20, None, 24, 30], dtype="Int64"),
            "level": ["IV", None, "V", "IV"],
            "is_driver": pd.array([True, False, None, True], dtype="boolean"),
        }
    )
    design = response_design(persons, ["age", "level", "is_driver"])
    assert design[:, 0].tolist() == [20, 24, 24, 30]
    assert design[:, 1].tolist() == [0, 1, 0, 0]
    assert design[:, 2:5].tolist() == [[0, 1, 0], [1, 0, 0], [0, 0, 1], [0, 1, 0]]
    assert design[:, 5].tolist() == [1, 0, 1, 1]


def test_a_covariate_nobody_has_and_no_covariate_at_all_explain_nothing() -> None:
    persons = pd.DataFrame({"age": [nan, nan]})
    assert response_design(persons, ["age"]).tolist() == [[0, 1], [0, 1]]
    assert response_design(persons, []).shape == (2, 0)


def arms(answers: PairedAnswers) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    return np.repeat([True, False], len(answers.status))


def test_an_infinite_number_explains_as_little_as_a_missing_one() -> None:
    ages = pd.DataFrame({"age": [18.0, np.inf, 20.0, nan]})
    assert response_design(ages, ["age"])[:, 0].tolist() == [18, 19, 20, 19]


def test_the_fit_solves_the_penalised_equations() -> None:
    answers = some_answers(50, seed=10)
    is_respondent = ~np.isnan(answers.status.T.ravel())
    model = ResponseModel.of(answers.design, is_respondent, arms(answers))
    chance = special.expit(model.columns @ model.start[0])
    slope = model.columns.T @ (is_respondent - chance)
    assert slope == pytest.approx(0.1 * model.start[0], abs=1e-6)


def test_levels_that_add_up_are_fitted_as_they_stand() -> None:
    """The chances of the model with every column, found by a solver of another kind."""
    answers = some_answers(40, seed=13)
    level = np.random.default_rng(13).integers(0, 3, 80)
    design = np.hstack([answers.design, np.eye(3)[level], np.eye(3)[level]])
    is_respondent = ~np.isnan(answers.status.T.ravel())
    model = ResponseModel.of(design, is_respondent, arms(answers))
    explaining = np.hstack([arms(answers)[:, None].astype(float), design])
    scaled = (explaining - explaining.mean(axis=0)) / explaining.std(axis=0)
    whole = np.hstack([np.ones((80, 1)), scaled])
    assert model.columns.shape[1] == whole.shape[1] - 4

    def cost(beta: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> float:
        linear = whole @ beta
        fit = np.logaddexp(0, linear) - is_respondent * linear
        return float(fit.sum() + 0.05 * beta @ beta)

    found = optimize.minimize(cost, np.zeros(whole.shape[1]), tol=1e-12)
    once = np.ones((1, 80))
    assert model.chances(once)[0] == pytest.approx(special.expit(whole @ found.x), abs=1e-4)


def test_a_draw_is_fitted_as_if_it_were_alone() -> None:
    answers = some_answers(30, seed=15)
    is_respondent = ~np.isnan(answers.status.T.ravel())
    model = ResponseModel.of(answers.design, is_respondent, arms(answers))
    counts = np.random.default_rng(15).poisson(1, size=(40, 60)).astype(float)
    together = model.chances(counts)
    alone = np.vstack([model.chances(one[None, :]) for one in counts])
    assert together == pytest.approx(alone, abs=1e-12)


def test_a_start_far_from_the_answer_is_reached_by_shorter_steps() -> None:
    answers = some_answers(50, seed=10)
    is_respondent = ~np.isnan(answers.status.T.ravel())
    model = ResponseModel.of(answers.design, is_respondent, arms(answers))
    far = ResponseModel(model.columns, is_respondent, model.start + 12)
    once = np.ones((1, 100))
    assert far.weights(once) == pytest.approx(model.weights(once))


def test_the_number_of_steps_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agir_pipeline.methods.effects.response_model.MAX_STEPS", 1)
    assert np.isfinite(found_in(some_answers(30, seed=14)).effect.ci_low)


def test_weights_are_truncated_at_the_drawn_respondents_percentiles() -> None:
    answers = some_answers(200, seed=11)
    is_respondent = ~np.isnan(answers.status.T.ravel())
    model = ResponseModel.of(answers.design, is_respondent, arms(answers))
    weights = model.weights(np.ones((1, 400)))[0]
    raw = np.sort(1 / special.expit(model.columns @ model.start[0])[is_respondent])
    n = len(raw)
    assert weights.min() == pytest.approx(raw[int(np.ceil(0.01 * n)) - 1])
    assert weights.max() == pytest.approx(raw[int(np.ceil(0.99 * n)) - 1])
    assert weights.max() < raw.max()


def test_drawing_a_pair_twice_is_having_it_twice() -> None:
    answers = some_answers(20, seed=12)
    is_respondent = ~np.isnan(answers.status.T.ravel())
    counts = np.tile(np.repeat([2.0, 1.0], 10), 2)
    model = ResponseModel.of(answers.design, is_respondent, arms(answers))
    drawn = model.weights(counts[None, :])[0]
    twice = np.repeat(np.arange(40), counts.astype(int))
    columns, answered = model.columns[twice], is_respondent[twice]
    repeated = ResponseModel(columns, answered, model.start).weights(np.ones((1, 60)))[0]
    assert repeated == pytest.approx(drawn[twice])


# -------------------------------------------------------------------------------------- bounds


@given(shares, shares, rates)
def test_at_equal_response_lee_bounds_are_the_plain_difference(
    first: float, second: float, rate: float
) -> None:
    assert lee_bounds(first, second, rate, rate) == pytest.approx([first - second] * 2)


@given(shares, shares, rates, rates)
def test_lee_bounds_hold_the_plain_difference_and_mirror(
    first: float, second: float, rate: float, other: float
) -> None:
    low, high = lee_bounds(first, second, rate, other)
    assert low - 1e-12 <= first - second <= high + 1e-12
    mirrored = lee_bounds(second, first, other, rate)
    assert mirrored == pytest.approx([-high, -low])


def test_lee_bounds_at_the_response_of_the_reference() -> None:
    # 65 against 45 % of response: s = 20/65; a share of 0.70 may be 0.566 … 1
    low, high = lee_bounds(0.70, 0.60, 0.65, 0.45)
    s = 20 / 65
    assert low == pytest.approx((0.70 - s) / (1 - s) - 0.60)
    assert high == pytest.approx(min(1, 0.70 / (1 - s)) - 0.60)
    assert 0.35 <= high - low <= 0.44


def test_the_imbens_manski_interval_is_one_sided_when_the_bounds_are_far() -> None:
    rng = np.random.default_rng(13)
    status = (rng.random((400, 2)) < 0.6).astype(float)
    status[:, 1] = np.where(rng.random(400) < 0.5, nan, status[:, 1])
    reach = [
        found.low - found.ci_low
        for level in (0.95, 0.8)
        for found in [ipw_difference(answers_of(status), 300, level, np.random.default_rng(1)).lee]
    ]
    assert reach[0] / reach[1] == pytest.approx(
        stats.norm.ppf(0.95) / stats.norm.ppf(0.8), rel=1e-3
    )


def test_where_bounds_meet_the_imbens_manski_interval_is_two_sided() -> None:
    rng = np.random.default_rng(13)
    status = np.where(rng.random((400, 1)) < 0.5, np.nan, rng.random((400, 2)) < 0.6)
    found = found_in(answers_of(status), n_draws=1000)
    assert found.lee.low == pytest.approx(found.lee.high)
    assert found.lee.low == pytest.approx(found.unweighted)
    # without covariates the weighted difference is the plain one, and so is its error
    reach = found.lee.high - found.lee.ci_low
    assert reach == pytest.approx(1.96 * found.effect.standard_error, rel=0.01)
