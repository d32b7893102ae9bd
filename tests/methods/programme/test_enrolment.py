"""Entries month by month, against the target; the interval of the share watched."""

from collections.abc import Callable
from datetime import date

import pandas as pd
import pytest

from agir_pipeline.contracts.checking import checked
from agir_pipeline.contracts.tables import table_contract
from agir_pipeline.methods.programme.enrolment import enrolled_persons, enrolment_progress
from agir_pipeline.protocol.model import Enrolment, Fact, Protocol, Target

Draw = Callable[[str], pd.DataFrame]


@pytest.fixture
def enrolment() -> Enrolment:
    seats = Fact[int](value=5, unit="people", source="a test")
    return Enrolment(
        entry_column="entered_on",
        target=Target(beneficiary=seats, control=seats),
        watched_column="level",
        watched_codes=("V", "IV"),
    )


@pytest.fixture
def participants(draw: Draw) -> pd.DataFrame:
    return draw("""
        person_id | arm         | entered_on | level
        b1        | beneficiary | 2010-11-30 | V
        b2        | beneficiary | 2010-11-01 | III
        b3        | beneficiary | 2011-01-15 | IV
        b4        | beneficiary | 2011-01-15 |
        b5        | beneficiary |            | V
        b6        | beneficiary | 2011-03-01 | V
        c1        | control     |            | IV
        c2        | control     |            | IV
    """)


@pytest.fixture
def pairs(draw: Draw) -> pd.DataFrame:
    return draw("""
        control_person_id | formed_on  | status
        c1                | 2010-12-15 | active
        c2                | 2010-12-15 | void_not_at_risk
    """)


def test_worked_by_hand(
    participants: pd.DataFrame, pairs: pd.DataFrame, enrolment: Enrolment, draw: Draw
) -> None:
    table = enrolment_progress(participants, pairs, enrolment, date(2011, 2, 3), 0.95)
    expected = draw("""
        month_on   | arm         | n_entries | n_cumulative | n_target | n_gap | share_watched
        2010-11-01 | beneficiary | 2         | 2            | 5        | 3     | 0.5
        2010-11-01 | control     | 0         | 0            | 5        | 5     |
        2010-12-01 | beneficiary | 0         | 2            | 5        | 3     | 0.5
        2010-12-01 | control     | 1         | 1            | 5        | 4     | 1.0
        2011-01-01 | beneficiary | 2         | 4            | 5        | 1     | 0.66666666666666666
        2011-01-01 | control     | 0         | 1            | 5        | 4     | 1.0
        2011-02-01 | beneficiary | 0         | 4            | 5        | 1     | 0.66666666666666666
        2011-02-01 | control     | 0         | 1            | 5        | 4     | 1.0
    """)
    named = table[expected.columns]
    pd.testing.assert_frame_equal(named, expected.astype(named.dtypes.to_dict()))


def test_the_interval_is_wilsons(enrolment: Enrolment) -> None:
    # Newcombe 1998, Stat Med 17:857, table I: 81 of 263 gives 0.2553 to 0.3662
    levels = ["V"] * 81 + ["I"] * 182
    participants = pd.DataFrame(
        {
            "person_id": [str(n) for n in range(263)],
            "arm": "beneficiary",
            "entered_on": pd.Timestamp("2010-01-05"),
            "level": levels,
        }
    )
    pairs = pd.DataFrame(columns=["control_person_id", "formed_on", "status"])
    row = enrolment_progress(participants, pairs, enrolment, date(2010, 1, 31), 0.95).iloc[0]
    assert row["share_watched_low"] == pytest.approx(0.2553, abs=5e-5)
    assert row["share_watched_high"] == pytest.approx(0.3662, abs=5e-5)


def test_without_target_or_watched_code_these_are_missing(
    participants: pd.DataFrame, pairs: pd.DataFrame
) -> None:
    bare = Enrolment(entry_column="entered_on")
    table = enrolment_progress(participants, pairs, bare, date(2011, 2, 3), 0.95)
    assert table["n_cumulative"].max() == 4
    assert table[["n_target", "n_gap", "share_watched"]].isna().all(axis=None)


def test_without_an_entry_there_is_no_month(
    participants: pd.DataFrame, pairs: pd.DataFrame, enrolment: Enrolment, agir: Protocol
) -> None:
    table = enrolment_progress(participants, pairs, enrolment, date(2009, 12, 31), 0.95)
    assert len(table) == 0
    assert len(checked(table, table_contract("enrolment_progress", agir))) == 0


def test_everybody_counted_is_named_in_the_month(
    participants: pd.DataFrame, pairs: pd.DataFrame, enrolment: Enrolment, draw: Draw
) -> None:
    # b5 has no day of entry, b6 enters later, the pair of c2 counts no more
    found = enrolled_persons(participants, pairs, enrolment, date(2011, 2, 3))
    expected = draw("""
        person_id | arm         | month_on
        b1        | beneficiary | 2010-11-01
        b2        | beneficiary | 2010-11-01
        b3        | beneficiary | 2011-01-01
        b4        | beneficiary | 2011-01-01
        c1        | control     | 2010-12-01
    """)
    assert found.astype("string").to_dict("list") == expected.astype("string").to_dict("list")
    table = enrolment_progress(participants, pairs, enrolment, date(2011, 2, 3), 0.95)
    counts = found.groupby(["month_on", "arm"]).size().to_dict()
    entered = table[table["n_entries"] > 0].set_index(["month_on", "arm"])["n_entries"]
    assert counts == entered.to_dict()
