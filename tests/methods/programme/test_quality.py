"""What checks found, night by night: drawn nights of files, refusals, decisions and rows."""

from datetime import date
from typing import Any

import pandas as pd
import pytest

from agir_pipeline.methods.programme.quality import (
    ERROR,
    QUALITY_COLUMNS,
    WARN,
    Arrival,
    InFile,
    Standing,
    data_quality,
)


def night(day: int) -> date:
    return date(2010, 1, day)


def arrival(receipt: str, day: int, provider: str = "north", is_refused: bool = False) -> Arrival:
    return Arrival(receipt, "lists", provider, night(day), is_refused)


def told(table: pd.DataFrame) -> list[tuple[Any, ...]]:
    """Check, day, rows, change, in order, day found since."""
    return [
        (
            row.check, row.night_on.day, row.n_rows, row.n_change, row.is_silenced,
            None if pd.isna(row.oldest_open_on) else row.oldest_open_on.day,
        )
        for row in table.itertuples()
    ]  # fmt: skip


def test_a_finding_stands_until_the_next_file_of_its_provider() -> None:
    arrivals = [arrival(f"f{day}", day) for day in (1, 2, 3, 4, 5)]
    found = [InFile("date", ERROR, "f2", 2), InFile("date", ERROR, "f3", 3)]
    found += [InFile("date", ERROR, "f5", 1)]
    assert told(data_quality(arrivals, found, [])) == [
        ("date", 2, 2, 2, False, 2),
        ("date", 3, 3, 1, False, 2),
        ("date", 4, 0, -3, False, None),  # put right, and told once
        ("date", 5, 1, 1, False, 5),  # a run of its own
    ]


def test_a_file_of_another_provider_puts_nothing_right() -> None:
    arrivals = [arrival("f1", 1), arrival("g2", 2, "south"), arrival("f3", 3)]
    found = [InFile("code", ERROR, "f1", 2), InFile("code", ERROR, "g2", 5)]
    assert told(data_quality(arrivals, found, [])) == [
        ("code", 1, 2, 2, False, 1),
        ("code", 2, 7, 5, False, 1),
        ("code", 3, 5, -2, False, 1),
    ]


def test_several_files_of_one_night_are_taken_together() -> None:
    arrivals = [arrival("f1", 1), arrival("f2", 1)]
    found = [InFile("code", ERROR, "f1", 2), InFile("code", ERROR, "f2", 3)]
    assert told(data_quality(arrivals, found, [])) == [("code", 1, 5, 5, False, 1)]


def test_a_refused_file_leaves_what_the_last_good_one_says() -> None:
    arrivals = [arrival("f1", 1), arrival("f2", 2, is_refused=True), arrival("f3", 3)]
    found = [InFile("code", ERROR, "f1", 2), InFile("unreadable", ERROR, "f2", 1)]
    assert told(data_quality(arrivals, found, [])) == [
        ("code", 1, 2, 2, False, 1),
        ("code", 2, 2, 0, False, 1),
        ("unreadable", 2, 1, 1, False, 2),
        ("code", 3, 0, -2, False, None),
        ("unreadable", 3, 0, -1, False, None),
    ]


@pytest.mark.parametrize(
    ("days", "silenced"),
    [((None, None), [False, False]), ((2, None), [False, False]), ((2, 2), [False, True])],
)
def test_it_is_in_order_from_the_night_the_steward_has_said_so_of_all(
    days: tuple[int | None, ...], silenced: list[bool]
) -> None:
    arrivals = [arrival("f1", 1), arrival("g2", 2, "south")]
    found = [InFile("left", ERROR, "f1", 1, day and night(day)) for day in days]
    assert data_quality(arrivals, found, [])["is_silenced"].tolist() == silenced


def test_what_stands_in_rows_adds_up_and_makes_nights_of_its_own() -> None:
    standing = [
        Standing("pay", WARN, "lists", night(2), 1),
        Standing("pay", WARN, "lists", night(4), 2),
        Standing("pay", ERROR, "lists", night(4), 1),
        Standing("orphan", ERROR, "nowhere", night(9), 1),  # a source that does not exist
    ]
    table = data_quality([arrival("f1", 1), arrival("f3", 3)], [], standing)
    assert told(table) == [
        ("pay", 2, 1, 1, False, 2),
        ("pay", 3, 1, 0, False, 2),
        ("pay", 4, 1, 1, False, 4),
        ("pay", 4, 3, 2, False, 2),
        ("orphan", 9, 1, 1, False, 9),
    ]
    assert table["severity"].tolist() == [WARN, WARN, ERROR, WARN, ERROR]


def test_before_anything_arrived_there_is_a_table_without_rows() -> None:
    assert list(data_quality([], [], [])) == list(QUALITY_COLUMNS)
    assert data_quality([arrival("f1", 1)], [], []).empty
