from collections.abc import Callable
from math import isnan, nan, sqrt

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from agir_pipeline.methods.effects.estimate import UNKNOWN, Estimate, student_estimate
from agir_pipeline.methods.effects.measure import (
    difference_from_reference,
    paired_mean_difference,
    weighted_difference,
)

pairs = st.lists(st.tuples(*[st.integers(-1000, 1000)] * 2), min_size=3, max_size=30).filter(
    lambda rows: len({a - b for a, b in rows}) > 1
)


@pytest.mark.parametrize(
    ("design", "n_pairs", "att", "cluster_se", "p_value"),
    [
        ("nearest_logit_caliper02", 117, 1770.60290641026, 924.234347046261, 0.0573293764958107),
        ("nearest_exact_caliper", 111, 1787.53781486487, 906.457581726165, 0.050603422507055),
    ],
)
def test_golden_pairs_of_the_lalonde_data(
    lalonde: Callable[[str], pd.DataFrame],
    design: str,
    n_pairs: int,
    att: float,
    cluster_se: float,
    p_value: float,
) -> None:
    rows = lalonde(design)
    found = paired_mean_difference(rows["beneficiary_re78"], rows["control_re78"], 0.95)
    assert found.n_complete_pairs == n_pairs
    assert found.effect.estimate == pytest.approx(att, rel=1e-9)
    assert found.effect.standard_error == pytest.approx(cluster_se, rel=1e-9)
    assert found.effect.p_value == pytest.approx(p_value, rel=1e-9)
    reach = stats.t.ppf(0.975, n_pairs - 1) * cluster_se
    assert found.effect.ci_low == pytest.approx(att - reach)
    assert found.effect.ci_high == pytest.approx(att + reach)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@given(pairs)
def test_the_standard_error_is_the_clustered_sandwich(rows: list) -> None:
    beneficiary, control = np.array(rows, dtype=float).T
    found = paired_mean_difference(beneficiary, control, 0.95)
    n = len(rows)
    arm = np.repeat([1.0, 0.0], n)
    model = sm.OLS(np.concatenate([beneficiary, control]), sm.add_constant(arm))
    groups = {"groups": np.tile(np.arange(n), 2)}
    oracle = model.fit(cov_type="cluster", cov_kwds=groups)
    assert found.effect.standard_error == pytest.approx(oracle.bse[1], rel=1e-8)
    paired = stats.ttest_rel(beneficiary, control)
    paired_error = found.effect.estimate / paired.statistic if paired.statistic else nan
    identity = paired_error * sqrt((2 * n - 1) / (2 * n - 2))
    assert found.effect.p_value == pytest.approx(paired.pvalue)
    if paired.statistic:
        assert found.effect.standard_error == pytest.approx(identity)


@given(pairs, st.integers(2, 9))
def test_swapping_scaling_and_shifting(rows: list, factor: int) -> None:
    beneficiary, control = np.array(rows, dtype=float).T
    found = paired_mean_difference(beneficiary, control, 0.95).effect
    mirrored = paired_mean_difference(control, beneficiary, 0.95).effect
    moved = paired_mean_difference(factor * beneficiary + 7, factor * control + 7, 0.95).effect
    assert mirrored.estimate == pytest.approx(-found.estimate)
    assert mirrored.ci_low == pytest.approx(-found.ci_high)
    assert moved.estimate == pytest.approx(factor * found.estimate)
    assert moved.standard_error == pytest.approx(factor * found.standard_error)
    assert moved.p_value == pytest.approx(found.p_value)


def test_a_pair_with_a_missing_value_is_counted_and_left_out() -> None:
    found = paired_mean_difference([1.0, nan, 5.0, 3.0], [0.0, 2.0, 1.0, nan], 0.95)
    assert (found.n_complete_pairs, found.n_missing_pairs) == (2, 2)
    assert found.effect.estimate == 2.5
    assert (found.mean_beneficiary, found.mean_control) == (3.0, 0.5)


def test_one_pair_gives_a_difference_without_interval_and_none_gives_nothing() -> None:
    one = paired_mean_difference([4.0], [1.0], 0.95).effect
    assert one.estimate == 3
    assert isnan(one.standard_error)
    assert paired_mean_difference([nan], [1.0], 0.95).effect == UNKNOWN


def test_equal_differences_claim_no_certainty() -> None:
    found = paired_mean_difference([2.0, 3.0, 4.0], [1.0, 2.0, 3.0], 0.95).effect
    assert found.estimate == 1
    assert isnan(found.ci_low)
    assert isnan(found.p_value)


def test_differences_that_only_rounding_tells_apart_claim_no_certainty() -> None:
    found = paired_mean_difference([0.1 + 0.2, 0.3, 1.3], [0.0, 0.0, 1.0], 0.95).effect
    assert found.estimate == pytest.approx(0.3)
    assert isnan(found.ci_low)
    assert isnan(found.p_value)
    apart = difference_from_reference([0.1] * 3, [0.3] * 3, 0.95)
    assert apart.estimate == pytest.approx(-0.2)
    assert isnan(apart.ci_low)


def test_an_infinite_value_is_a_missing_one() -> None:
    found = paired_mean_difference([1.0, np.inf, 3.0, 7.0], [2.0, 3.0, 4.0, 4.0], 0.95)
    assert (found.n_complete_pairs, found.n_missing_pairs) == (3, 1)
    assert np.isfinite(found.effect.ci_low)
    known = difference_from_reference([1.0, np.inf, 3.0], [2.0, 3.0], 0.95)
    assert known.estimate == -0.5


def test_numbers_too_large_to_add_give_nothing() -> None:
    assert student_estimate(np.inf, 1.0, 9, 0.95) == UNKNOWN
    assert student_estimate(1.0, np.inf, 9, 0.95) == Estimate(estimate=1.0)


def test_an_arm_of_one_has_no_spread_and_no_interval() -> None:
    one = weighted_difference([1, 2, 3], [1, 0, 0], [1, 1, 1], [nan] * 3, 0.95).effect
    assert one.estimate == -1.5
    assert isnan(one.ci_low)
    one_teller = weighted_difference(
        [1, 4, 2, 3, 5], [1, 1, 0, 0, 0], [1] * 5, [7, 7, 1, 2, 3], 0.95
    ).effect
    assert isnan(one_teller.ci_low)


def test_the_experimental_answer_of_the_national_supported_work_data() -> None:
    causaldata = pytest.importorskip("causaldata")
    data = causaldata.nsw_mixtape.load_pandas().data
    trained, reference = (data.loc[data["treat"] == arm, "re78"] for arm in (1, 0))
    found = difference_from_reference(trained, reference, 0.95)
    assert (len(trained), len(reference)) == (185, 260)
    assert found.estimate == pytest.approx(1794.34, abs=0.005)
    assert found.ci_low < found.estimate < found.ci_high


def test_unequal_variance_interval_worked_by_hand() -> None:
    # means 2 and 4, variances 1 and 4, n 3 each: SE √(5/3), df (5/3)²/((1/9 + 16/9)/2)
    found = difference_from_reference([1.0, 2.0, 3.0, nan], [2.0, 4.0, 6.0], 0.95)
    df = (5 / 3) ** 2 / ((1 / 9 + 16 / 9) / 2)
    assert found.standard_error == pytest.approx(sqrt(5 / 3))
    assert found.ci_low == pytest.approx(-2 - stats.t.ppf(0.975, df) * sqrt(5 / 3))


def test_groups_too_small_for_an_interval() -> None:
    assert difference_from_reference([], [1.0, 2.0], 0.95) == UNKNOWN
    alone = difference_from_reference([5.0], [1.0, 2.0], 0.95)
    assert alone.estimate == 3.5
    assert isnan(alone.ci_low)
    constant = difference_from_reference([5.0, 5.0], [1.0, 1.0], 0.95)
    assert constant.estimate == 4
    assert isnan(constant.ci_low)


def test_weights_and_sets_worked_by_hand() -> None:
    # set 1: 4 against 1 and 3; set 2: 8 and 6 against 6; weights 1/2, 1/2, 2
    values = [4.0, 8.0, 6.0, 1.0, 3.0, 6.0]
    arm = [True, True, True, False, False, False]
    found = weighted_difference(values, arm, [1, 1, 1, 0.5, 0.5, 2], [1, 2, 2, 1, 1, 2], 0.95)
    assert (found.mean_beneficiary, found.mean_control) == pytest.approx((6.0, 14 / 3))
    assert (found.n_beneficiaries, found.n_persons, found.n_missing) == (3, 6, 0)
    assert found.effect.estimate == pytest.approx(4 / 3)
    # set 1 pulls (4 - 6)/3 + (11/6 + 5/6)/3 = 2/9, set 2 as much the other way
    assert found.effect.standard_error == pytest.approx(sqrt(8 / 81 * 2 * 5 / 4))
    alone = weighted_difference([4, 8, 6, 1, 3, 5], arm, [1] * 6, [nan] * 6, 0.95)
    # unweighted, each its own set: pulls of (-2, 2, 0)/3 and (2, 0, -2)/3
    assert alone.effect.standard_error == pytest.approx(sqrt(16 / 9 * 6 / 5 * 5 / 4))


def test_sets_that_weigh_unequally_count_as_fewer_degrees_of_freedom() -> None:
    arm, values = [1, 1, 1, 1, 0, 0, 0, 0], [4, 8, 6, 5, 1, 3, 5, 2]
    even = weighted_difference(values, arm, [1] * 8, [1, 2, 3, 4] * 2, 0.95).effect
    reach = (even.ci_high - even.ci_low) / 2 / even.standard_error
    assert reach == pytest.approx(stats.t.ppf(0.975, 3))
    # sets of 3, 1, 1, 1, 1 and 1 people: 8² / (9 + 5) of them
    uneven = weighted_difference(values, arm, [1] * 8, [1, 1, 1, 2, 3, 4, 5, 6], 0.95).effect
    reach = (uneven.ci_high - uneven.ci_low) / 2 / uneven.standard_error
    assert reach == pytest.approx(stats.t.ppf(0.975, 64 / 14 - 1))


def test_people_without_weight_or_value_are_left_out_of_the_weighted_means() -> None:
    values, arm = [1.0, np.nan, 3.0, 2.0], [True, True, False, False]
    found = weighted_difference(values, arm, [1, 1, 1, 0], [1, 2, 1, 2], 0.95)
    assert (found.n_persons, found.n_missing) == (2, 1)
    assert found.effect == Estimate(estimate=-2.0)
    nobody = weighted_difference(values, arm, [0, 1, 1, 1], [1, 2, 1, 2], 0.95)
    assert (nobody.n_persons, nobody.effect) == (0, UNKNOWN)
