from math import exp, isnan, log

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from statsmodels.duration.survfunc import CumIncidenceRight

from agir_pipeline.methods.effects.estimate import Estimate
from agir_pipeline.methods.effects.paired import PairedTable, bonett_price
from agir_pipeline.methods.effects.survival import (
    censor,
    censored_bonett_price,
    cumulative_incidence,
    days_lost,
    free_time_difference,
    log_log_interval,
)

BENEFICIARIES = [(40, 1), (200, 0), (300, 0), (300, 0), (120, 2), (300, 0), (90, 0), (300, 0)]
CONTROLS = [(300, 0), (60, 1), (210, 0), (150, 1), (300, 0), (40, 1), (95, 0), (300, 0)]

members = st.tuples(st.integers(1, 60), st.integers(0, 2))
some_pairs = st.lists(st.tuples(members, members), min_size=1, max_size=25)


def columns(members: list) -> tuple[list, list]:
    return [time for time, _ in members], [cause for _, cause in members]


def effect(beneficiaries: list, controls: list, horizon: float = 274) -> Estimate:
    return censored_bonett_price(*columns(beneficiaries), *columns(controls), horizon, 0.95)


def test_hand_case_with_staggered_censoring_and_a_competing_ending() -> None:
    found = effect(BENEFICIARIES, CONTROLS)
    assert (found.ci_low + found.ci_high) / 2 == pytest.approx(-0.2166667, abs=1e-7)
    assert found.standard_error == pytest.approx(0.2443434, abs=1e-7)
    assert found.ci_low == pytest.approx(-0.6955710, abs=1e-7)
    assert found.ci_high == pytest.approx(0.2622376, abs=1e-7)


def test_arms_of_the_hand_case_are_those_of_survfit() -> None:
    pseudo = {"beneficiary": [(0.5, 1), (275, 0)], "control": [(275, 0), (0.5, 1)]}
    first = cumulative_incidence(*columns(BENEFICIARIES + pseudo["beneficiary"]), 274)
    second = cumulative_incidence(*columns(CONTROLS + pseudo["control"]), 274)
    assert first.risk == pytest.approx(0.2, rel=1e-11)
    assert first.standard_error == pytest.approx(0.126491106407, rel=1e-11)
    assert second.risk == pytest.approx(0.416666666667, rel=1e-11)
    assert second.standard_error == pytest.approx(0.161015297180, rel=1e-11)


def test_the_printed_estimate_is_that_of_the_real_pairs() -> None:
    found = effect(BENEFICIARIES, CONTROLS)
    # one of 8; among controls 1/8, 1/7, then 1/5 of those left
    controls = 1 / 8 + 7 / 8 * (1 / 7) + 6 / 8 * (1 / 5)
    assert found.estimate == pytest.approx(1 / 8 - controls)


def test_uncensored_it_is_bonett_price() -> None:
    b, c, n = 9, 14, 75
    beneficiaries = [(20 + i, 1) for i in range(b)] + [(400, 0)] * (n - b)
    controls = [(400, 0)] * b + [(30 + i, 1) for i in range(c)] + [(400, 0)] * (n - b - c)
    found = effect(beneficiaries, controls)
    plain = bonett_price(PairedTable(0, b, c, n - b - c), 0.95)
    assert (found.ci_low + found.ci_high) / 2 == pytest.approx(-0.06493506, abs=5e-9)
    for name in ("estimate", "standard_error", "ci_low", "ci_high", "p_value"):
        assert getattr(found, name) == pytest.approx(getattr(plain, name), abs=1e-12)


@given(some_pairs)
def test_without_censoring_competing_endings_change_nothing(pairs: list) -> None:
    horizon = 30
    first, second = (
        [(t, c) if c else (horizon + 1, 0) for t, c in arm] for arm in zip(*pairs, strict=True)
    )
    has_event = [[c == 1 and t <= horizon for t, c in arm] for arm in (first, second)]
    plain = bonett_price(PairedTable.of(*has_event), 0.95)
    found = effect(first, second, horizon)
    assert found.estimate == pytest.approx(plain.estimate, abs=1e-12)
    assert found.standard_error == pytest.approx(plain.standard_error, abs=1e-12)
    assert found.ci_low == pytest.approx(plain.ci_low, abs=1e-12)


@given(some_pairs)
def test_swapping_the_arms_flips_the_sign(pairs: list) -> None:
    first, second = map(list, zip(*pairs, strict=True))
    found, mirrored = effect(first, second, 40), effect(second, first, 40)
    assert mirrored.estimate == pytest.approx(-found.estimate, abs=1e-12)
    assert mirrored.ci_low == pytest.approx(-found.ci_high, abs=1e-12)
    assert mirrored.p_value == pytest.approx(found.p_value)


@given(some_pairs, st.integers(2, 9))
def test_neither_the_order_of_pairs_nor_the_unit_of_time_matters(pairs: list, factor: int) -> None:
    first, second = map(list, zip(*pairs, strict=True))
    found = effect(first, second, 40)
    reversed_pairs = effect(first[::-1], second[::-1], 40)
    stretched = effect(
        [(t * factor, c) for t, c in first], [(t * factor, c) for t, c in second], 40 * factor
    )
    for other in (reversed_pairs, stretched):
        assert other.estimate == pytest.approx(found.estimate, abs=1e-12)
        assert other.standard_error == pytest.approx(found.standard_error, abs=1e-12)


@given(some_pairs)
def test_what_comes_after_the_horizon_changes_nothing(pairs: list) -> None:
    first, second = map(list, zip(*pairs, strict=True))
    later = [(t, c) if t <= 20 else (t + 5, (c + 1) % 3) for t, c in first]
    assert effect(later, second, 20) == effect(first, second, 20)


def weighted_risk(times: np.ndarray, causes: np.ndarray, weights: np.ndarray, h: float) -> float:
    """Aalen–Johansen written as its definition, each person counting by a weight."""
    survival, risk = 1.0, 0.0
    for day in sorted({t for t, c in zip(times, causes, strict=True) if c and t <= h}):
        at_risk = weights[times >= day].sum()
        risk += survival * weights[(times == day) & (causes == 1)].sum() / at_risk
        survival *= 1 - weights[(times == day) & (causes > 0)].sum() / at_risk
    return risk


@given(st.lists(members, min_size=2, max_size=15))
def test_influences_are_the_derivatives_of_the_risk(persons: list) -> None:
    times, causes = (np.array(x, dtype=float) for x in zip(*persons, strict=True))
    found = cumulative_incidence(times, causes, 40)
    once = np.ones(len(times))
    assert found.risk == pytest.approx(weighted_risk(times, causes, once, 40))
    assert found.influence.sum() == pytest.approx(0, abs=1e-9)
    for i in range(len(times)):
        more, less = once.copy(), once.copy()
        more[i] += 1e-5
        less[i] -= 1e-5
        slope = weighted_risk(times, causes, more, 40) - weighted_risk(times, causes, less, 40)
        assert found.influence[i] == pytest.approx(slope / 2e-5, abs=1e-6)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@given(st.lists(members, min_size=2, max_size=40))
def test_the_risk_is_that_of_statsmodels(persons: list) -> None:
    times, causes = (np.array(x) for x in zip(*persons, strict=True))
    assume((causes == 1).any())
    oracle = CumIncidenceRight(times.astype(float), causes)
    expected = oracle.cinc[0][np.searchsorted(oracle.times, 40, side="right") - 1]
    assume(oracle.times[0] <= 40)
    assert cumulative_incidence(times, causes, 40).risk == pytest.approx(expected)


def test_one_uncensored_arm_has_the_binomial_standard_error() -> None:
    found = cumulative_incidence([5, 9, 100, 100], [1, 1, 0, 0], 50)
    assert (found.risk, found.standard_error) == (0.5, pytest.approx(0.25))


def test_without_an_event_the_risk_is_zero() -> None:
    found = cumulative_incidence([10, 20], [0, 0], 15)
    assert (found.risk, found.standard_error) == (0, 0)


def test_a_person_whose_follow_up_has_not_begun_is_never_at_risk() -> None:
    times, causes = censor([np.nan, 3, np.nan], [0, 1, 0], [30, 30, -4])
    assert times.tolist() == [30, 3, 0]
    assert cumulative_incidence(times, causes, 20).risk == pytest.approx(1 / 2)


def test_events_after_the_cut_are_not_seen() -> None:
    times, causes = censor([10, 10, 10], [1, 2, 1], [9, 10, 11])
    assert times.tolist() == [9, 10, 10]
    assert causes.tolist() == [0, 2, 1]


def test_log_log_interval_worked_by_hand() -> None:
    # log(−log 0.2) = 0.47588; 1.95996 × 0.126491/(0.2 × 1.609438) = 0.77021
    low, high = log_log_interval(0.2, 0.126491106407, 0.95)
    assert low == pytest.approx(exp(-exp(0.475885 + 0.770210)), rel=1e-4)
    assert high == pytest.approx(exp(-exp(0.475885 - 0.770210)), rel=1e-4)
    assert log(-log(low)) + log(-log(high)) == pytest.approx(2 * log(-log(0.2)))


def test_a_risk_that_rounding_keeps_from_one_is_certain_all_the_same() -> None:
    days = np.repeat(np.arange(1, 26), 3)
    found = cumulative_incidence(days, np.ones(75), 274)
    assert found.risk != 1, "the sum of 25 steps"
    assert isnan(log_log_interval(found.risk, found.standard_error, 0.95)[0])
    assert isnan(log_log_interval(1 - 2e-16, 1e-16, 0.95)[0])


@pytest.mark.parametrize(("risk", "standard_error"), [(0, 0.1), (1, 0.1), (0.5, 0)])
def test_a_certain_risk_has_no_interval(risk: float, standard_error: float) -> None:
    assert all(isnan(limit) for limit in log_log_interval(risk, standard_error, 0.95))


def test_days_lost_worked_by_hand() -> None:
    # of 4: event on day 4 (6 days lost of 10), competing on day 5, one censored on day 6,
    # then event on day 8 of the one left: 1/4·6 + 1/2·2
    found = days_lost([4, 5, 6, 8], [1, 2, 0, 1], 10)
    assert found.risk == pytest.approx(2.5)


@pytest.mark.parametrize(
    ("arm", "mean", "error"),
    [
        ("beneficiary", 4243.49432307692, 307.981373424208),
        ("control", 3492.64316025641, 315.515628508755),
    ],
)
def test_with_one_cause_it_is_the_restricted_mean_of_r(lalonde, arm, mean, error) -> None:  # type: ignore[no-untyped-def]
    times = np.minimum(lalonde("nearest_logit_caliper02")[f"{arm}_re78"].to_numpy() + 1, 10_000)
    found = days_lost(times, times < 10_000, 8_000)
    assert 8_000 - found.risk == pytest.approx(mean, abs=1e-9)
    assert found.standard_error == pytest.approx(error, abs=1e-9)


def test_with_competing_causes_it_is_the_time_r_spends_in_the_state(fixtures) -> None:  # type: ignore[no-untyped-def]
    rows, told = (
        pd.read_csv(fixtures / "effects" / f"competing_{name}.csv")
        for name in ("input", "days_lost")
    )
    for arm, tau, lost in zip(told["arm"], told["tau"], told["days_lost"], strict=True):
        own = rows[rows["arm"] == arm]
        found = days_lost(own["time_days"], own["cause"], tau)
        assert found.risk == pytest.approx(lost, abs=1e-11)


@given(some_pairs, st.integers(5, 70))
def test_days_lost_are_the_area_under_the_risk(pairs: list, horizon: int) -> None:
    times, causes = columns([first for first, _second in pairs])
    found = days_lost(times, causes, horizon)
    by_day = [cumulative_incidence(times, causes, day) for day in range(horizon)]
    assert found.risk == pytest.approx(sum(day.risk for day in by_day))
    assert found.influence == pytest.approx(sum(day.influence for day in by_day), abs=1e-9)


@given(some_pairs)
def test_free_time_mirrors_when_the_arms_are_swapped(pairs: list) -> None:
    first, second = (columns(list(arm)) for arm in zip(*pairs, strict=True))
    found = free_time_difference(*first, *second, 40, 0.95)
    mirrored = free_time_difference(*second, *first, 40, 0.95)
    assert mirrored.estimate == pytest.approx(-found.estimate, abs=1e-9)
    assert mirrored.ci_low == pytest.approx(-found.ci_high, abs=1e-9)


def test_free_time_of_the_hand_case() -> None:
    found = free_time_difference(*columns(BENEFICIARIES), *columns(CONTROLS), 274, 0.95)
    lost = (274 - 40) / 8
    of_controls = (274 - 40) / 8 + (274 - 60) / 8 + 6 / 8 / 5 * (274 - 150)
    assert found.estimate == pytest.approx(of_controls - lost)
    assert found.ci_low < found.estimate < found.ci_high


def test_pseudo_pairs_cost_half_of_the_time_free() -> None:
    nobody = ([300.0] * 8, [0.0] * 8)
    found = free_time_difference(*nobody, *nobody, 274, 0.95)
    # ten pairs, of which one loses 137 days in either arm: √2 · 137/10
    assert found.estimate == 0
    assert found.standard_error == pytest.approx(np.sqrt(2) * 137 / 10)
