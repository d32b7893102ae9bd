"""Who is in contract on an index day: the only answer matching gets about how contracts end."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agir_pipeline.methods.matching.at_risk import at_risk

CONTRACTS = """
asked               | starts_on  | planned_end_on | ended_early_on | index_on   | is_at_risk
day before start    | 2010-02-01 | 2010-12-31     |                | 2010-01-31 | false
first day           | 2010-02-01 | 2010-12-31     |                | 2010-02-01 | true
day after start     | 2010-02-01 | 2010-12-31     |                | 2010-02-02 | true
day before the end  | 2010-02-01 | 2010-12-31     |                | 2010-12-30 | true
last planned day    | 2010-02-01 | 2010-12-31     |                | 2010-12-31 | true
day after the end   | 2010-02-01 | 2010-12-31     |                | 2011-01-01 | false
day before the exit | 2010-02-01 | 2010-12-31     | 2010-06-15     | 2010-06-14 | true
day of the exit     | 2010-02-01 | 2010-12-31     | 2010-06-15     | 2010-06-15 | false
day after the exit  | 2010-02-01 | 2010-12-31     | 2010-06-15     | 2010-06-16 | false
exit before start   | 2010-02-01 | 2010-12-31     | 2010-01-15     | 2010-02-01 | false
exit on first day   | 2010-02-01 | 2010-12-31     | 2010-02-01     | 2010-02-01 | false
exit after the end  | 2010-02-01 | 2010-12-31     | 2011-02-01     | 2011-01-01 | false
one-day contract    | 2010-02-01 | 2010-02-01     |                | 2010-02-01 | true
ends before start   | 2010-02-01 | 2010-01-01     |                | 2010-02-01 | false
no contract         |            |                |                | 2010-02-01 | false
no index            | 2010-02-01 | 2010-12-31     |                |            | false
no planned end      | 2010-02-01 |                |                | 2010-02-01 | false
no start            |            | 2010-12-31     |                | 2010-02-01 | false
"""
DAYS = st.integers(0, 40).map(lambda n: date(2010, 1, 1) + timedelta(days=n))


def test_each_boundary_day_is_on_its_side(draw) -> None:
    contracts = draw(CONTRACTS)
    found = at_risk(contracts, contracts["index_on"])
    assert found.dtype == np.bool_
    expected = contracts["is_at_risk"].astype(bool)
    assert list(contracts["asked"][found != expected]) == []


@pytest.mark.parametrize("rows", [slice(0, 0), slice(14, 16)], ids=["nobody", "all missing"])
def test_nobody_and_nothing_known_are_answered(draw, rows: slice) -> None:
    contracts = draw(CONTRACTS).iloc[rows]
    assert not at_risk(contracts, contracts["index_on"]).any()
    assert len(at_risk(contracts, contracts["index_on"])) == len(contracts)


def test_the_callers_contracts_stay_as_they_were(draw) -> None:
    contracts = draw(CONTRACTS)
    before = contracts.copy()
    at_risk(contracts, contracts["index_on"])
    pd.testing.assert_frame_equal(contracts, before)


def _one(starts_on: date, planned_end_on: date, ended_early_on: date | None) -> pd.DataFrame:
    days = {"starts_on": [starts_on], "planned_end_on": [planned_end_on]}
    return pd.DataFrame({**days, "ended_early_on": [ended_early_on]}, dtype="datetime64[us]")


@given(DAYS, DAYS, st.none() | DAYS, DAYS)
def test_it_says_what_counting_the_days_in_contract_says(
    starts_on: date, planned_end_on: date, ended_early_on: date | None, index_on: date
) -> None:
    last = (planned_end_on - starts_on).days
    if ended_early_on is not None:
        last = min(last, (ended_early_on - starts_on).days - 1)
    days_in_contract = {starts_on + timedelta(days=n) for n in range(last + 1)}
    contract = _one(starts_on, planned_end_on, ended_early_on)
    found = at_risk(contract, pd.Series([index_on], dtype="datetime64[us]"))
    assert found.tolist() == [index_on in days_in_contract]


@given(DAYS, DAYS, DAYS, st.integers(1, 400))
def test_a_later_exit_than_the_day_after_says_nothing_more(
    starts_on: date, planned_end_on: date, index_on: date, days: int
) -> None:
    asked = pd.Series([index_on], dtype="datetime64[us]")
    never = at_risk(_one(starts_on, planned_end_on, None), asked)
    later = at_risk(_one(starts_on, planned_end_on, index_on + timedelta(days=days)), asked)
    assert later.tolist() == never.tolist()
