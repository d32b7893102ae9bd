"""Entries before and since the change, and where their pace leads: facts of the interim note."""

from datetime import date
from math import isnan, sqrt

import pandas as pd
import pytest
from scipy import stats

from agir_pipeline.methods.programme.pace import (
    PACE_COLUMNS,
    PROJECTION_COLUMNS,
    enrolment_pace,
    enrolment_projection,
    rate_ratio,
)

LAST = date(2010, 12, 31)


def progress(entries, first="2010-01"):
    """Beneficiaries of each month, and a control that must never count."""
    months = pd.period_range(first, periods=len(entries), freq="M").to_timestamp()
    own = pd.DataFrame({"month_on": months, "arm": "beneficiary", "n_entries": entries})
    table = pd.concat([own, own.assign(arm="control", n_entries=99)])
    return table.assign(n_cumulative=table.groupby("arm")["n_entries"].cumsum())


def projection(entries, enrolment, last_on):
    """Of the beneficiaries alone."""
    table = enrolment_projection(entries, enrolment, enrolment.pace, last_on)
    return table[table["arm"] == "beneficiary"].reset_index(drop=True)


NOTE = progress([2] * 8 + [6] * 4)


def test_entries_tripled_since_september_with_the_interval_of_the_note(agir):
    assert rate_ratio(24, 4, 16, 8, 0.95) == pytest.approx((3.0, 1.53, 6.04), abs=5e-3)
    [row] = enrolment_pace(NOTE, agir.enrolment.pace, LAST, 0.95).to_dict("records")
    assert set(row) == set(PACE_COLUMNS)
    assert (row["n_before"], row["months_before"]) == (16, 8)
    assert (row["n_since"], row["months_since"]) == (24, 4)
    assert row["rate_ratio"] == pytest.approx(3.0)
    assert row["cumulative_ratio"] == 2.5


def test_a_ratio_needs_months_and_entries_on_both_sides():
    assert all(isnan(value) for value in rate_ratio(1, 0, 1, 1, 0.95))
    assert all(isnan(value) for value in rate_ratio(0, 1, 0, 1, 0.95))
    ratio, low, high = rate_ratio(5, 1, 0, 1, 0.95)
    assert isnan(ratio)
    assert low > 0
    assert isnan(high)
    assert rate_ratio(0, 1, 5, 1, 0.95)[:2] == (0.0, 0.0)


def test_before_the_change_nothing_is_compared(agir):
    [row] = enrolment_pace(progress([2, 2]), agir.enrolment.pace, LAST, 0.95).to_dict("records")
    assert isnan(row["rate_ratio"])
    assert row["cumulative_ratio"] == 1.0
    [row] = enrolment_pace(progress([0, 0]), agir.enrolment.pace, LAST, 0.95).to_dict("records")
    assert isnan(row["cumulative_ratio"])


def test_entries_after_the_last_day_of_the_projection_count_in_neither(agir):
    longer = progress([2] * 8 + [6] * 12)
    [row] = enrolment_pace(longer, agir.enrolment.pace, date(2012, 12, 31), 0.95).to_dict("records")
    assert (row["n_since"], row["months_since"]) == (42, 7)


def test_the_months_ahead_are_one_negative_binomial(agir):
    table = projection(NOTE, agir.enrolment, LAST)
    assert table["state"].tolist() == ["realised"] * 12 + ["projected"] * 3
    ahead = table[table["state"] == "projected"]
    assert ahead["month_on"].iloc[-1] == pd.Timestamp(2011, 3, 1)
    # shape 24.5 over 4 months, 3 ahead: the spread that independent months would understate
    whole = stats.nbinom(24.5, 4 / 7)
    assert whole.std() == pytest.approx(sqrt(24.5 * (3 / 7)) / (4 / 7))
    assert whole.std() == pytest.approx(5.7, abs=0.05)
    last = ahead.iloc[-1]
    assert last["n_cumulative"] == 40 + whole.ppf(0.5)
    assert last["cumulative_low"] == 40 + whole.ppf(0.1)
    assert last["cumulative_high"] == 40 + whole.ppf(0.9)
    assert last["p_target"] == pytest.approx(whole.sf(34))
    month = stats.nbinom(24.5, 4 / 5)
    expected = [month.ppf(0.5), month.ppf(0.1), month.ppf(0.9)]
    assert last[["projected", "projected_low", "projected_high"]].tolist() == expected
    assert ahead["p_target"].is_monotonic_increasing
    # one month ahead the whole is the month
    first = ahead.iloc[0]
    assert first["cumulative_high"] - 40 == first["projected_high"]


def test_the_target_of_the_note_is_not_reached_at_the_end_of_2010(agir):
    table = projection(NOTE, agir.enrolment, LAST)
    assert set(table["n_target"]) == {75}
    assert set(table.loc[table["state"] == "realised", "p_target"]) == {0.0}
    reached = progress([75])
    done = projection(reached, agir.enrolment, date(2010, 1, 31))
    assert done["p_target"].tolist() == [1.0]
    assert done["state"].tolist() == ["realised"]


def test_without_a_target_there_is_no_chance_of_it(agir):
    free = agir.enrolment.model_copy(update={"target": None})
    table = projection(NOTE, free, LAST)
    assert table[["n_target", "p_target"]].isna().all(axis=None)
    assert len(table) == 15


def test_when_the_day_has_passed_nothing_is_projected(agir):
    longer = progress([2] * 8 + [6] * 12)
    table = projection(longer, agir.enrolment, date(2011, 8, 31))
    assert set(table["state"]) == {"realised"}
    assert enrolment_projection(longer.head(0), agir.enrolment, agir.enrolment.pace, LAST).empty


def test_controls_come_with_their_pairs_and_are_not_projected(agir):
    table = enrolment_projection(NOTE, agir.enrolment, agir.enrolment.pace, LAST)
    assert list(table.columns) == list(PROJECTION_COLUMNS)
    assert table["month_on"].is_monotonic_increasing
    controls = table[table["arm"] == "control"]
    assert set(controls["state"]) == {"realised"}
    assert controls["n_cumulative"].tolist() == [99 * (1 + k) for k in range(12)]
    assert controls["p_target"].tolist() == [1.0] * 12
    assert controls[["projected", "cumulative_high"]].isna().all(axis=None)
