"""Other origins and people taken out: figures of R ``survival`` 3.5-3, and worked by hand."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agir_pipeline.methods.effects import reweighted
from agir_pipeline.methods.effects.reweighted import (
    entered_incidence,
    from_start_difference,
    stay_weights,
    uncontaminated_difference,
)
from agir_pipeline.methods.effects.survival import censored_bonett_price, cumulative_incidence

members = st.lists(st.tuples(st.integers(1, 12), st.integers(0, 2)), min_size=4, max_size=25).map(
    lambda rows: tuple(np.array(column, dtype=float) for column in zip(*rows, strict=True))
)


@pytest.fixture
def arms(fixtures):
    """Forty pairs with many tied days: times and causes, arm × pair in the order of the pairs."""
    rows = pd.read_csv(fixtures / "effects" / "competing_input.csv").sort_values(["arm", "pair"])
    told = (rows[name].to_numpy(dtype=float).reshape(2, -1) for name in ("time_days", "cause"))
    return tuple(told)


@pytest.mark.parametrize(
    ("arm", "risk", "error"),
    [(0, 0.2608707604663487, 0.0751696895345222), (1, 0.2139547413793104, 0.0723518415705028)],
)
def test_delayed_entry_is_that_of_r(arms, arm, risk, error):
    """``survfit(Surv(entry, entry + time, cause))`` at 15 days; pairs enter after 0, 1, 2, 3."""
    times, causes = arms
    entries = np.arange(1, 41) % 4
    found = entered_incidence(entries, times[arm] + entries, causes[arm], 15)
    assert found.risk == pytest.approx(risk, abs=1e-12)
    assert found.standard_error == pytest.approx(error, abs=1e-12)


@given(members)
def test_entered_at_once_it_is_the_incidence_from_the_index(rows):
    times, causes = rows
    found = entered_incidence(np.zeros(len(times)), times, causes, 9)
    known = cumulative_incidence(times, causes, 9)
    assert found.risk == pytest.approx(known.risk, abs=1e-12)
    assert found.influence == pytest.approx(known.influence, abs=1e-12)


def test_days_a_few_at_a_time_say_the_same(arms, monkeypatch):
    times, causes = arms
    whole = entered_incidence(np.zeros(40), times[0], causes[0], 15)
    monkeypatch.setattr(reweighted, "CELLS", 90)
    parts = entered_incidence(np.zeros(40), times[0], causes[0], 15)
    assert parts.risk == whole.risk
    assert parts.influence == pytest.approx(whole.influence)


def test_those_who_stay_stand_for_those_alike_who_were_taken_out():
    """Of four of a kind one leaves on day 2, of the three left one on day 5: 4/3, then 2."""
    out = np.array([2, 5, np.nan, np.nan, np.nan])
    weights = stay_weights(out, np.array([9.0, 9, 9, 9, 9]), ["a", "a", "a", "a", "b"])
    told = weights(np.array([2.0, 3, 5, 6]))
    assert told[:, 2] == pytest.approx([1, 4 / 3, 4 / 3, 2])
    assert told[:, 4] == pytest.approx([1, 1, 1, 1])


def test_nobody_stands_for_the_last_of_a_kind():
    weights = stay_weights(np.array([2.0, 2.0]), np.array([9.0, 9.0]), ["a", "a"])
    assert weights(np.array([2.0, 3.0])).tolist() == [[1, 1], [0, 0]]


def test_of_one_kind_the_weights_change_nothing(arms):
    """Everybody counts the same on each day: weighting and plain censoring are one."""
    times, causes = arms
    out = np.where(np.arange(40) % 6 == 0, 3.0, np.nan)
    seen, cause = np.fmin(out, times[1]), np.where(out < times[1], 0, causes[1])
    weights = stay_weights(np.where(out < times[1], out, np.nan), times[1], ["one"] * 40)
    found = entered_incidence(np.zeros(40), seen, cause, 12, weights)
    assert found.risk == pytest.approx(cumulative_incidence(seen, cause, 12).risk)


def test_two_kinds_worked_by_hand():
    """Kind a: one of two is taken out on day 1, the other has the event on day 2 and counts 2.

    Kind b: one has the event on day 2, one on no day. On day 2 the risk is (2 + 1) of 4.
    """
    out, times = np.array([1, np.nan, np.nan, np.nan]), np.array([9.0, 2, 2, 9])
    weights = stay_weights(out, times, ["a", "a", "b", "b"])
    found = entered_incidence(np.zeros(4), np.fmin(out, times), [0, 1, 1, 0], 5, weights)
    assert found.risk == pytest.approx(3 / 4)


def test_a_share_of_more_moves_the_risk_by_the_influence(arms):
    """The derivative of the risk by each person's own weight, taken numerically."""
    times, causes = arms
    out = np.where(np.arange(40) % 6 == 0, 3.0, np.nan)
    seen, cause = np.fmin(out, times[1]), np.where(out < times[1], 0, causes[1])
    staying = stay_weights(np.where(out < times[1], out, np.nan), times[1], np.arange(40) % 2)
    entries = np.arange(40) % 3.0
    found = entered_incidence(entries, seen, cause, 12, staying)
    assert found.influence.sum() == pytest.approx(0, abs=1e-12)
    for who in (1, 4, 7, 12, 33):
        more = 1 + 1e-6 * (np.arange(40) == who)
        moved = entered_incidence(entries, seen, cause, 12, lambda d, m=more: staying(d) * m)
        slope = (moved.risk - found.risk) / 1e-6
        assert slope == pytest.approx(found.influence[who], abs=1e-5)


def test_controls_never_supported_give_the_primary_effect(arms):
    times, causes = arms
    never = np.full(40, np.nan)
    found = uncontaminated_difference(times, causes, never, ["x"] * 40, 12, 0.95)
    assert found == censored_bonett_price(times[0], causes[0], times[1], causes[1], 12, 0.95)


def test_support_after_the_horizon_changes_nothing(arms):
    times, causes = arms
    late = np.where(np.arange(40) % 5 == 0, 13.0, np.nan)
    found = uncontaminated_difference(times, causes, late, np.arange(40) % 2, 12, 0.95)
    known = censored_bonett_price(times[0], causes[0], times[1], causes[1], 12, 0.95)
    assert found.estimate == pytest.approx(known.estimate)
    assert found.standard_error == pytest.approx(known.standard_error)


def test_a_control_supported_before_an_event_has_none(arms):
    times, causes = arms
    out = np.where(causes[1] == 1, times[1] - 1, np.nan)
    found = uncontaminated_difference(times, causes, out, ["x"] * 40, 12, 0.95)
    assert found.estimate == pytest.approx(cumulative_incidence(times[0], causes[0], 12).risk)


def test_entered_at_once_the_effect_from_the_start_is_the_primary_one(arms):
    times, causes = arms
    found = from_start_difference(np.zeros(40), times, causes, 12, 0.95)
    known = censored_bonett_price(times[0], causes[0], times[1], causes[1], 12, 0.95)
    assert found.estimate == pytest.approx(known.estimate)
    assert found.ci_low == pytest.approx(known.ci_low)
    assert found.p_value == pytest.approx(known.p_value)


def test_a_horizon_before_the_last_has_entered_is_told_of_those_who_have(arms):
    times, causes = arms
    entries = np.where(np.arange(40) < 30, 0.0, 50.0)
    found = from_start_difference(entries, times, causes, 12, 0.95)
    some = from_start_difference(entries[:30], times[:, :30], causes[:, :30], 12, 0.95)
    assert found.estimate == pytest.approx(some.estimate)


def test_from_the_start_swapping_the_arms_turns_the_effect_round(arms):
    times, causes = arms
    entries = np.arange(1, 41) % 4.0
    found = from_start_difference(entries, times, causes, 15, 0.95)
    turned = from_start_difference(entries, times[::-1], causes[::-1], 15, 0.95)
    assert found.estimate == pytest.approx(0.2608707604663487 - 0.2139547413793104)
    assert turned.estimate == pytest.approx(-found.estimate)
    assert turned.ci_low == pytest.approx(-found.ci_high)
