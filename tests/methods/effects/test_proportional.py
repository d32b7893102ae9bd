from math import exp, isnan, log, sqrt

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from agir_pipeline.methods.effects.proportional import Proportional, hazard_ratio

pairs = st.lists(
    st.tuples(st.integers(1, 12), st.booleans(), st.integers(1, 12), st.booleans()),
    min_size=4,
    max_size=25,
)


def of(rows) -> tuple[np.ndarray, np.ndarray]:
    times, events, other_times, other_events = map(list, zip(*rows, strict=True))
    return np.array([times, other_times]), np.array([events, other_events])


def test_worked_by_hand():
    """A beneficiary on day 1 of 2 against 2, then a control on day 2 of 1 against 2.

    The score is 1/(1 + θ) − θ/(θ + 2), zero at θ = √2; its slope is the sum of p(1 − p).
    """
    found = hazard_ratio([[1, 3], [2, 3]], [[True, False], [True, False]], 0.95)
    assert found.ratio.estimate == pytest.approx(sqrt(2))
    first, second = 2 * sqrt(2) / (2 * sqrt(2) + 2), sqrt(2) / (sqrt(2) + 2)
    slope = first * (1 - first) + second * (1 - second)
    assert found.naive_error == pytest.approx(1 / sqrt(slope))


def test_errors_are_those_of_r_on_matched_pairs_with_tied_days(lalonde):
    """R survival 3.5-3, Efron ties: earnings as a toy time, ended at 10,000."""
    pairs = lalonde("nearest_logit_caliper02")
    times = np.minimum(pairs[["beneficiary_re78", "control_re78"]].to_numpy().T + 1, 10_000)
    found = hazard_ratio(times, times < 10_000, 0.95)
    assert log(found.ratio.estimate) == pytest.approx(-0.230134520985729, abs=1e-11)
    assert found.naive_error == pytest.approx(0.146582199126111, abs=1e-11)
    assert found.ratio.standard_error == pytest.approx(0.143463467810098, abs=1e-11)
    reach = 1.959963984540054 * 0.143463467810098
    assert found.ratio.ci_low == pytest.approx(exp(-0.230134520985729 - reach))
    assert found.ratio.ci_high == pytest.approx(exp(-0.230134520985729 + reach))


def test_many_ties_and_the_trend_are_those_of_r(fixtures):
    """``coxph(…, cluster = pair)`` and ``cox.zph(transform = "identity")``, survival 3.5-3."""
    rows = pd.read_csv(fixtures / "effects" / "competing_input.csv").sort_values(["arm", "pair"])
    times = rows["time_days"].to_numpy().reshape(2, -1)
    found = hazard_ratio(times, (rows["cause"] == 1).to_numpy().reshape(2, -1), 0.95)
    assert log(found.ratio.estimate) == pytest.approx(0.369084738747730, abs=1e-11)
    assert found.ratio.standard_error == pytest.approx(0.412600024004882, abs=1e-11)
    assert found.naive_error == pytest.approx(0.443607205304338, abs=1e-11)
    assert found.proportional_p == pytest.approx(0.036790888077798, abs=1e-11)


@pytest.mark.parametrize(
    ("times", "events"),
    [
        ([[1, 2], [3, 4]], [[True, True], [False, False]]),  # no event among controls
        ([[1, 2], [3, 4]], [[True, True], [True, True]]),  # every beneficiary before any control
        ([[5, 5], [2, 2]], [[False, False], [False, False]]),
    ],
)
def test_without_a_maximum_nothing_is_claimed(times, events):
    found = hazard_ratio(times, events, 0.95)
    assert isnan(found.ratio.estimate)
    assert isnan(found.proportional_p)


def test_alike_members_give_one_and_limits_that_would_claim_certainty_are_left_out():
    found = hazard_ratio([[1, 2, 3], [1, 2, 3]], [[True] * 3, [True] * 3], 0.95)
    assert found.ratio.estimate == pytest.approx(1)
    assert isnan(found.ratio.standard_error)
    assert isnan(found.ratio.ci_low)
    assert found.naive_error > 0


def test_one_event_day_tells_no_trend():
    found = hazard_ratio([[4, 9], [4, 9]], [[True, False], [True, False]], 0.95)
    assert isnan(found.proportional_p)


@given(pairs)
def test_swapping_the_arms_inverts_the_ratio(rows):
    times, events = of(rows)
    found, mirrored = (
        hazard_ratio(times, events, 0.95),
        hazard_ratio(times[::-1], events[::-1], 0.95),
    )
    assume(not isnan(found.ratio.estimate))
    assert log(mirrored.ratio.estimate) == pytest.approx(-log(found.ratio.estimate), abs=1e-7)
    assert mirrored.ratio.standard_error == pytest.approx(found.ratio.standard_error, abs=1e-7)


@given(pairs, st.integers(2, 9))
def test_only_the_order_of_days_counts(rows, stretch):
    times, events = of(rows)
    found, stretched = (hazard_ratio(t, events, 0.95) for t in (times, times**2 * stretch))
    same = pytest.approx(stretched.ratio.estimate, nan_ok=True)
    assert found.ratio.estimate == same
    assert found.ratio.standard_error == pytest.approx(stretched.ratio.standard_error, nan_ok=True)


def test_nothing_known_is_the_default():
    assert isnan(Proportional().naive_error)


def test_steps_that_find_no_maximum_give_no_ratio(monkeypatch):
    times, events = of([(1, True, 2, True), (3, True, 2, True), (4, True, 5, True)] * 4)
    assert not isnan(hazard_ratio(times, events, 0.95).ratio.estimate)
    monkeypatch.setattr("agir_pipeline.methods.effects.proportional.ENOUGH_STEPS", 1)
    assert isnan(hazard_ratio(times, events, 0.95).ratio.estimate)


def test_of_tens_of_thousands_of_pairs_the_ratio_is_found_all_the_same():
    # here the sums are not exact to the tolerance: Newton's steps never get below it
    rng = np.random.default_rng(4)
    times = rng.integers(1, 300, size=(2, 30)).astype(float)
    has_event = rng.random((2, 30)) < 0.2
    few = hazard_ratio(np.tile(times, 100), np.tile(has_event, 100), 0.95).ratio
    many = hazard_ratio(np.tile(times, 3000), np.tile(has_event, 3000), 0.95).ratio
    assert many.estimate == pytest.approx(few.estimate, rel=1e-3)
    assert many.standard_error == pytest.approx(few.standard_error / np.sqrt(30), rel=1e-3)
