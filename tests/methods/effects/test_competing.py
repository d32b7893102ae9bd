"""Figures of R: ``cmprsk`` 2.2-11 (``cuminc``) and ``survival`` 3.5-3 (``finegray``, ``coxph``)."""

from math import isnan, log, sqrt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agir_pipeline.methods.effects.competing import (
    gray_test,
    hazard_ratio_within,
    subdistribution_ratio,
)
from agir_pipeline.methods.effects.proportional import hazard_ratio

members = st.lists(
    st.tuples(st.integers(1, 12), st.integers(0, 2), st.integers(1, 12), st.integers(0, 2)),
    min_size=4,
    max_size=25,
)


@pytest.fixture
def of(fixtures) -> tuple[np.ndarray, np.ndarray]:
    """Forty pairs with many tied days, censored members and three endings: times and causes."""
    rows = pd.read_csv(fixtures / "effects" / "competing_input.csv").sort_values(["arm", "pair"])
    return tuple(rows[name].to_numpy().reshape(2, -1) for name in ("time_days", "cause"))


def spread(rows) -> tuple[np.ndarray, np.ndarray]:
    times, causes, other_times, other_causes = map(list, zip(*rows, strict=True))
    return np.array([times, other_times]), np.array([causes, other_causes])


@pytest.mark.parametrize(
    ("cause", "statistic", "p_value"),
    [
        (1, 0.893723186067326, 0.344470350195216),
        (2, 0.426618274998573, 0.513652991746802),
        (3, 0.0123521606003362, 0.9115051121782644),
    ],
)
def test_gray_is_that_of_cmprsk_for_each_ending(of, cause, statistic, p_value):
    times, causes = of
    own = np.where(causes == cause, 1, np.where(causes > 0, 2, 0))
    found = gray_test(times, own)
    assert found.statistic == pytest.approx(statistic, abs=1e-12)
    assert found.p_value == pytest.approx(p_value, abs=1e-12)


def test_gray_is_that_of_cmprsk_up_to_a_horizon(of):
    times, causes = of
    found = gray_test(np.minimum(times, 10), np.where(times <= 10, causes, 0))
    assert found.statistic == pytest.approx(2.309852988414812, abs=1e-12)


def test_gray_is_that_of_cmprsk_where_one_arm_is_gone_early(of):
    """Beneficiaries' days quartered, rounded up: nobody of them is left on most days."""
    times, causes = of
    found = gray_test(np.vstack([np.ceil(times[0] / 4), times[1]]), causes)
    assert found.statistic == pytest.approx(16.9087285603968, abs=1e-11)
    assert found.p_value == pytest.approx(3.92208163741969e-05, abs=1e-14)


def test_gray_worked_by_hand():
    """An event on day 1 and one on day 2, two pairs, nobody censored before.

    Day 1: one beneficiary of 2 among 4, expected 1/2. Day 2: a control, of 1 beneficiary among 3,
    expected 1/3. Score 1 − 1/2 − 1/3. Each arm would have 2 of 4 at risk had nobody left: its own
    day weighs 1, and day 1 also moves the share free, by which the 1/3 of day 2 is weighted:
    −1/2 among beneficiaries, 1/4 among controls. Variance (5/6)²/8 + 1/8 + (13/12)²/8 + 1/8.
    """
    found = gray_test([[1, 3], [2, 3]], [[1, 0], [1, 0]])
    assert found.statistic == pytest.approx((1 / 6) ** 2 / (557 / 1152))


@given(members)
def test_swapping_the_arms_changes_no_test_and_turns_every_ratio_over(rows):
    times, causes = spread(rows)
    test, other = gray_test(times, causes), gray_test(times[::-1], causes[::-1])
    assert test.statistic == pytest.approx(other.statistic, abs=1e-9, nan_ok=True)
    assert isnan(test.p_value) or 0 <= test.p_value <= 1
    within = hazard_ratio_within(times, causes == 1, 0.95)
    turned = hazard_ratio_within(times[::-1], causes[::-1] == 1, 0.95)
    assert within.estimate == pytest.approx(1 / turned.estimate, nan_ok=True)
    assert within.p_value == pytest.approx(turned.p_value, nan_ok=True)


@given(members)
def test_arms_alike_differ_in_nothing(rows):
    times, causes = spread(rows)
    alike = gray_test([times[0], times[0]], [causes[0], causes[0]])
    assert isnan(alike.statistic) or alike.statistic == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("causes", [[[0, 0], [0, 0]], [[2, 2], [2, 2]]])
def test_without_an_event_nothing_is_tested(causes):
    found = gray_test([[1, 2], [2, 3]], causes)
    assert isnan(found.statistic)
    assert isnan(found.p_value)


def test_fine_gray_is_that_of_r_where_nobody_is_censored(of):
    """``finegray`` then ``coxph(…, cluster = pair)``, Efron ties; censored: a fourth ending."""
    times, causes = of
    found = subdistribution_ratio(times, np.where(causes == 0, 4, causes), 99, 99, 0.95)
    assert log(found.estimate) == pytest.approx(0.398020994792514, abs=1e-11)
    assert found.standard_error == pytest.approx(0.421887844067231, abs=1e-11)


def test_fine_gray_keeps_the_others_at_risk_to_the_end_of_their_own_follow_up(of):
    """``coxph`` with the days of the calendar; weighting the days (``finegray``) says 0.7353.

    Pairs are followed 10, 13, … 22 days: that is known of those who ended otherwise, too.
    """
    times, causes = of
    follow_up = np.tile(10 + 3 * (np.arange(1, times.shape[1] + 1) % 5), (2, 1))
    causes, times = np.where(times > follow_up, 0, causes), np.minimum(times, follow_up)
    found = subdistribution_ratio(times, causes, follow_up, 99, 0.95)
    assert log(found.estimate) == pytest.approx(0.717792072680021, abs=1e-11)
    assert found.standard_error == pytest.approx(0.472633561130320, abs=1e-11)
    assert log(found.estimate) == pytest.approx(0.735269609882056, abs=0.05)


@given(members)
def test_without_other_endings_fine_gray_is_the_hazard_ratio(rows):
    times, causes = spread(rows)
    causes = np.where(causes == 2, 0, causes)
    found = subdistribution_ratio(times, causes, 12, 12, 0.95)
    assert found == hazard_ratio(times, causes == 1, 0.95).ratio or isnan(found.estimate)


def test_an_event_after_the_horizon_is_none(of):
    times, causes = of
    cut = subdistribution_ratio(times, causes, 99, 10, 0.95)
    seen = np.where(times <= 10, causes, 0)
    assert cut == subdistribution_ratio(np.minimum(times, 10), seen, 10, 10, 0.95)


def test_within_pairs_is_that_of_r(of):
    """``coxph(Surv(…) ~ arm + strata(pair))``, Efron ties; one pair has both on one day."""
    times, causes = of
    found = hazard_ratio_within(times, causes == 1, 0.95)
    assert log(found.estimate) == pytest.approx(0.980829253011709, abs=1e-12)
    assert found.standard_error == pytest.approx(0.677003200386327, abs=1e-12)
    any_ending = hazard_ratio_within(times, causes > 0, 0.95)
    assert log(any_ending.estimate) == pytest.approx(0.348306694268123, abs=1e-12)
    assert any_ending.standard_error == pytest.approx(0.377036951431946, abs=1e-12)


def test_within_pairs_worked_by_hand():
    """Beneficiary first in two pairs, control in one; a partner gone before tells nothing."""
    times = [[1, 2, 9, 8], [5, 2, 4, 3]]
    events = [[True, True, False, True], [False, False, True, False]]
    found = hazard_ratio_within(times, events, 0.95)
    assert found.estimate == pytest.approx(2)
    assert found.standard_error == pytest.approx(sqrt(1 / 2 + 1))


def test_an_arm_that_was_never_first_has_no_ratio_within_pairs():
    assert isnan(hazard_ratio_within([[1, 2], [3, 4]], [[True, True], [True, True]], 0.95).estimate)
