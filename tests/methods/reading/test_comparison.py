"""What a delivery says against the one before it: each surprise alone, and what is none."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from agir_pipeline.methods.reading.comparison import Delivery, Told, compared
from agir_pipeline.protocol.model import Source

JANUARY, FEBRUARY, MARCH, APRIL = (date(2010, month, 28) for month in (1, 2, 3, 4))
KEYS = [f"K{n}" for n in range(6)]


@pytest.fixture(scope="module")
def register(make: Any) -> Source:
    columns = [
        make.column("case", "identifier", required=True),
        make.column("entry_on", "date", is_fixed=True),
        make.column("town"),
    ]
    source: Source = make.source(
        *columns, key=["case"], back_dated={"column": "entry_on", "after_days": 30}
    )
    one = source.providers[0].model_copy(update={"is_cumulative": True})
    present = one.model_copy(update={"name": "present", "is_cumulative": False})
    return source.model_copy(update={"providers": (one, present)})


def file(day: date, keys: list[str] = KEYS, provider: str = "partner", **more: Any) -> Delivery:
    """A file of rows from the second on, all entered in January and living in Nozay."""
    rows = pd.DataFrame(
        {
            "entity_key": keys,
            "row_number": range(2, len(keys) + 2),
            "case": keys,
            "entry_on": pd.Timestamp(JANUARY),
            "town": "Nozay",
        }
    )
    for column, values in more.pop("cells", {}).items():
        rows[column] = values
    table = pa.Table.from_pandas(rows, preserve_index=False)
    return Delivery(str(day), provider, day, table, **more)


def told(source: Source, *files: Delivery) -> list[tuple[str, int | None, str]]:
    return [(one.code, one.row, one.column) for one in compared(source, files)]


def test_equal_files_surprise_nobody(register: Source) -> None:
    assert told(register, file(JANUARY), file(FEBRUARY), file(MARCH)) == []


def test_a_row_that_is_gone_is_named_by_its_place_in_the_file_before(register: Source) -> None:
    kept = [key for key in KEYS if key != "K3"]
    assert told(register, file(JANUARY), file(FEBRUARY, kept)) == [("row_left", 5, "")]


def test_a_list_of_people_present_may_lose_rows(register: Source) -> None:
    files = (file(JANUARY, provider="present"), file(FEBRUARY, KEYS[:5], "present"))
    assert told(register, *files) == []


def test_providers_are_not_compared_with_each_other(register: Source) -> None:
    assert told(register, file(JANUARY), file(FEBRUARY, ["K9"], "present")) == []


def test_a_file_without_most_rows_is_partial_and_its_rows_are_not_told(register: Source) -> None:
    assert told(register, file(JANUARY), file(FEBRUARY, ["K0"])) == [("partial_file", None, "")]


def test_half_of_the_rows_gone_is_told_row_by_row(register: Source) -> None:
    assert len(told(register, file(JANUARY), file(FEBRUARY, KEYS[:3]))) == 3


def test_a_row_that_is_rejected_is_not_gone(register: Source) -> None:
    assert told(register, file(JANUARY), file(FEBRUARY, KEYS[:5], rejected=["K5"])) == []


def test_a_rejected_row_without_a_key_may_be_the_one_that_misses(register: Source) -> None:
    assert told(register, file(JANUARY), file(FEBRUARY, KEYS[:5], rejected=[None])) == []
    new_and_bad = file(FEBRUARY, KEYS[:5], rejected=["K9"])
    assert told(register, file(JANUARY), new_and_bad) == [("row_left", 7, "")]
    two_of_one_key = file(FEBRUARY, KEYS[:4], rejected=["K4", "K4"])
    assert told(register, file(JANUARY), two_of_one_key) == []
    two_gone = file(FEBRUARY, KEYS[:4], rejected=[None])
    assert len(told(register, file(JANUARY), two_gone)) == 2


def test_a_fixed_value_that_changes_is_told_once_and_not_when_put_right(register: Source) -> None:
    wrong = [pd.Timestamp(JANUARY)] * 5 + [pd.Timestamp(FEBRUARY)]
    files = (file(JANUARY), file(FEBRUARY, cells={"entry_on": wrong}), file(MARCH))
    assert told(register, *files) == [("rewritten", 7, "entry_on")]


def test_a_fixed_value_that_stays_changed_is_told_once(register: Source) -> None:
    new = {"entry_on": [pd.Timestamp(JANUARY)] * 5 + [pd.Timestamp(FEBRUARY)]}
    files = (file(JANUARY), file(FEBRUARY, cells=new), file(MARCH, cells=new))
    assert told(register, *files) == [("rewritten", 7, "entry_on")]


def test_a_fixed_value_filled_later_and_any_other_value_may_change(register: Source) -> None:
    first = file(JANUARY, cells={"entry_on": [pd.NaT] * 6, "town": ["Derval"] * 6})
    assert told(register, first, file(FEBRUARY)) == []


def test_a_new_row_of_an_old_day_is_back_dated(register: Source) -> None:
    assert told(register, file(MARCH), file(APRIL, [*KEYS, "K9"])) == [
        ("back_dated", 8, "entry_on")
    ]


def test_a_new_row_within_the_days_allowed_is_not(register: Source) -> None:
    inside = JANUARY + timedelta(days=30)
    assert told(register, file(inside), file(MARCH, [*KEYS, "K9"])) == []


def test_a_row_that_comes_back_is_not_back_dated(register: Source) -> None:
    files = (file(JANUARY), file(MARCH, KEYS[:5]), file(APRIL))
    assert told(register, *files) == [("row_left", 7, "")]


def test_without_a_rule_no_row_is_back_dated(register: Source) -> None:
    free = register.model_copy(update={"back_dated": None})
    assert told(free, file(MARCH), file(APRIL, [*KEYS, "K9"])) == []


WITHOUT_TOWN = {"cells": {"town": [None] * 6}, "absent": ["town"]}


def test_a_column_that_left_holds_every_file_until_somebody_decides(register: Source) -> None:
    files = (file(JANUARY), file(FEBRUARY, **WITHOUT_TOWN), file(MARCH, **WITHOUT_TOWN))
    assert told(register, *files) == [("column_left", None, "town")] * 2


SILENT = ("column_silent", None, "town")


def test_a_column_that_may_be_absent_or_empty_is_silent_and_not_held(register: Source) -> None:
    allowed = file(FEBRUARY, **WITHOUT_TOWN, accepted=["town"])
    empty = file(MARCH, cells={"town": [None] * 6}, accepted=["town"])
    files = (file(JANUARY), allowed, file(MARCH, **WITHOUT_TOWN))
    assert told(register, *files, file(APRIL)) == [SILENT, SILENT]
    assert told(register, file(JANUARY), empty, replace(empty, accepted=())) == [SILENT, SILENT]


def test_an_accepted_column_that_never_said_anything_is_not_missed(register: Source) -> None:
    never = file(JANUARY, cells={"town": [None] * 6})
    gone = file(FEBRUARY, **WITHOUT_TOWN)
    assert told(register, never, gone) == [("column_left", None, "town")]
    assert told(register, never, replace(gone, accepted=["town"])) == []


def test_a_new_heading_holds_the_file_and_one_known_before_does_not(register: Source) -> None:
    files = (file(JANUARY, n_unknown=1), file(FEBRUARY, n_unknown=1), file(MARCH, n_unknown=2))
    assert told(register, *files) == [("column_added", None, "")]


def test_a_held_file_is_not_what_the_next_one_is_compared_with(register: Source) -> None:
    short = file(FEBRUARY, KEYS[:5], cells={"town": [None] * 5}, absent=["town"])
    files = (file(JANUARY), short, file(MARCH))
    assert told(register, *files) == [("column_left", None, "town")]


def test_a_column_that_few_rows_filled_is_emptied_where_files_repeat_their_rows(
    register: Source,
) -> None:
    """A quarter of the contracts broke; an export without any is no news of them."""
    some = {"town": ["Nozay"] * 5 + [None] * 15}
    keys = [f"K{n}" for n in range(20)]
    none = {"town": [None] * 20}
    files = [file(day, keys, cells=some) for day in (JANUARY, FEBRUARY)]
    files += [file(day, keys, cells=none) for day in (MARCH, APRIL)]
    assert told(register, *files) == [("column_emptied", None, "town")] * 2
    accepted = [replace(one, accepted=["town"]) for one in files]
    assert told(register, *accepted) == [SILENT, SILENT]
    assert told(register, *(replace(one, provider="present") for one in files)) == []


def test_a_column_that_few_rows_filled_may_be_empty_in_a_file_of_new_rows_alone(
    register: Source,
) -> None:
    """Support has begun for a quarter of those listed, and for none of this month's."""
    some = {"town": ["Nozay"] * 5 + [None] * 15}
    before = file(JANUARY, [f"K{n}" for n in range(20)], cells=some)
    new = file(FEBRUARY, [f"N{n}" for n in range(20)], cells={"town": [None] * 20})
    assert told(register, before, new) == [("partial_file", None, "")]
    filled = file(JANUARY, [f"K{n}" for n in range(20)])
    assert told(register, filled, new) == [("column_emptied", None, "town")]


def test_a_sheet_of_decisions_is_never_held(register: Source) -> None:
    sheet = register.model_copy(update={"feeds": "decision"})
    assert told(sheet, file(JANUARY), file(FEBRUARY, **WITHOUT_TOWN)) == [SILENT]


def test_a_column_that_is_emptied_is_told(register: Source) -> None:
    empty = {"town": [None] * 6}
    assert told(register, file(JANUARY), file(FEBRUARY, cells=empty)) == [
        ("column_emptied", None, "town")
    ]


def test_a_column_that_few_rows_filled_may_be_empty(register: Source) -> None:
    few = {"town": ["Nozay", None, None, None, None, None]}
    files = (file(JANUARY, cells=few), file(FEBRUARY, cells={"town": [None] * 6}))
    assert told(register, *files) == []


def test_a_short_file_says_nothing_about_an_empty_column(register: Source) -> None:
    free = register.model_copy(update={"providers": register.providers[1:]})
    short = file(FEBRUARY, KEYS[:4], "present", cells={"town": [None] * 4})
    assert told(free, file(JANUARY, provider="present"), short) == []


def test_a_file_without_rows_is_partial_where_it_should_repeat_them(register: Source) -> None:
    files = (file(JANUARY), file(FEBRUARY, []), file(MARCH))
    assert told(register, *files) == [("partial_file", None, "")]
    assert told(register, *(replace(one, provider="present") for one in files)) == []
    assert told(register, file(JANUARY, []), file(FEBRUARY)) == []


def test_a_file_whose_rows_are_all_rejected_is_not_partial(register: Source) -> None:
    assert told(register, file(JANUARY), file(FEBRUARY, [], rejected=KEYS), file(MARCH)) == []


def test_what_is_told_names_the_receipt(register: Source) -> None:
    [one] = compared(register, [file(JANUARY), file(FEBRUARY, KEYS[:5])])
    assert one == Told(str(FEBRUARY), "row_left", 7, "")
