"""Dates written by people."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agir_pipeline.methods.reading.cells import Cell
from agir_pipeline.methods.reading.dates import date_reader, instant_reader, settle_order
from agir_pipeline.methods.reading.grid import Grid
from agir_pipeline.protocol.model import Column

Make = Callable[..., Column]
FIFTH = datetime(2010, 11, 5)


@pytest.mark.parametrize(
    "text",
    [
        "05/11/2010",
        "5/11/10",
        "05.11.2010",
        "05-11-2010",
        "05 11 2010",
        "2010-11-05",
        "2010/11/05",
        "20101105",
        "2010-11-05T14:30:00",
        "05/11/2010 14:30",
        "5 novembre 2010",
        "5 Nov. 2010",
        "5th November 2010",
    ],
)
def test_one_day_in_many_forms(make_column: Make, text: str) -> None:
    assert date_reader(make_column("on", "date"), "day_month_year")(text).value == FIFTH


@pytest.mark.parametrize(
    ("text", "order", "rule"),
    [
        ("31/02/2010", "day_month_year", "not_a_date"),
        ("11/25/2010", "day_month_year", "date_order"),
        ("25/11/2010", "month_day_year", "date_order"),
        ("05/11/2010", "year_month_day", "date_order"),
        ("31/31/2010", "year_month_day", "not_a_date"),
        ("00/00/0000", "day_month_year", "not_a_date"),
        ("40487", "day_month_year", "not_a_date"),
        ("nov-10", "day_month_year", "not_a_date"),
        ("5 brumaire 2010", "day_month_year", "not_a_date"),
        ("31 fevrier 2010", "day_month_year", "not_a_date"),
        ("2010-13-01", "day_month_year", "not_a_date"),
        ("05/11/2010 25:00", "day_month_year", "not_a_date"),
        ("?", "day_month_year", "not_a_date"),
        ("01/01/1900", "day_month_year", "out_of_range"),
        ("٠٥/١١/٢٠١٠", "day_month_year", "not_a_date"),
    ],
)
def test_what_is_no_date_says_why(make_column: Make, text: str, order: str, rule: str) -> None:
    cell = date_reader(make_column("on", "date"), order)(text)
    assert (cell.value, cell.rule) == (None, rule)


def test_the_declared_order_decides(make_column: Make) -> None:
    column = make_column("on", "date")
    assert date_reader(column, "month_day_year")("11/05/2010").value == FIFTH
    assert date_reader(column, "day_month_year")("05/11/2010").value == FIFTH


@pytest.mark.parametrize(("text", "year"), [("00", 2000), ("68", 2068), ("69", 1969), ("99", 1999)])
def test_two_digit_years_turn_at_68(make_column: Make, text: str, year: int) -> None:
    cell = date_reader(make_column("on", "date"), "day_month_year")(f"05/11/{text}")
    assert cell.value == datetime(year, 11, 5)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("31/12/1984", "out_of_range"),
        ("01/01/1985", ""),
        ("31/12/1994", ""),
        ("01/01/1995", "out_of_range"),
    ],
)
def test_bounds_belong_to_the_range(make_column: Make, text: str, rule: str) -> None:
    column = make_column("on", "date", minimum=date(1985, 1, 1), maximum=date(1994, 12, 31))
    assert date_reader(column, "day_month_year")(text).rule == rule


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2010-11-05 14:30:59", datetime(2010, 11, 5, 14, 30, 59)),
        ("2010-11-05T14:30:59.123Z", datetime(2010, 11, 5, 15, 30, 59)),
        ("2010-11-05T14:30:00+01:00", datetime(2010, 11, 5, 14, 30)),
        ("2010-11-05T23:30:00-0200", datetime(2010, 11, 6, 2, 30)),
        ("2010-07-05T00:30:00+02:00", datetime(2010, 7, 5, 0, 30)),
        ("2010-07-04T22:30:00Z", datetime(2010, 7, 5, 0, 30)),
        ("2010-10-31T01:30:00Z", datetime(2010, 10, 31, 2, 30)),
        ("05/11/2010 14h30", datetime(2010, 11, 5, 14, 30)),
        ("05/11/2010", FIFTH),
        ("1/11/2010 9:05", datetime(2010, 11, 1, 9, 5)),
    ],
)
def test_instants_are_what_the_clock_of_the_study_showed(
    make_column: Make, text: str, moment: datetime
) -> None:
    """An answer given in the hour after midnight is of the new day, however it was sent."""
    read = instant_reader(make_column("at", "instant"), "day_month_year", "Europe/Paris")
    assert read(text).value == moment


def test_an_offset_that_does_not_exist_is_no_instant(make_column: Make) -> None:
    read = instant_reader(make_column("at", "instant"), "day_month_year", "Europe/Paris")
    assert read("2010-11-05T14:30:00+99:00").rule == "not_a_date"


@given(
    day=st.dates(date(1969, 1, 1), date(2068, 12, 31)),
    form=st.sampled_from(["%d/%m/%Y", "%d.%m.%y", "%Y-%m-%d", "%Y%m%d"]),
)
def test_any_day_comes_back(day: date, form: str) -> None:
    labels = {"en": "on", "fr": "on"}
    column = Column.model_validate(
        {
            "name": "on",
            "type": "date",
            "labels": labels,
            "sensitivity": "none",
            "known_before_index": True,
        }
    )
    read = date_reader(column, "day_month_year")
    assert read(day.strftime(form)).value == datetime.combine(day, datetime.min.time())


# ------------------------------------------------------------------ evidence of the column


def settled(make_column: Make, *texts: str) -> list[Cell]:
    read = date_reader(make_column("on", "date"), "day_month_year")
    return settle_order([read(text) for text in texts])


def test_without_a_contradiction_doubtful_dates_stand(make_column: Make) -> None:
    cells = settled(make_column, "05/11/2010", "25/11/2010")
    assert [(cell.rule, cell.note) for cell in cells] == [("", ""), ("", "")]


def test_one_slip_among_right_dates_is_rejected_and_doubtful_ones_are_pointed_out(
    make_column: Make,
) -> None:
    cells = settled(make_column, "05/11/2010", "25/11/2010", "26/11/2010", "11/25/2010")
    assert [cell.rule for cell in cells] == ["", "", "", "date_order"]
    assert cells[0].note == "ambiguous_dates"
    assert cells[3].note == "date_order_contradiction"


def test_a_column_in_the_other_order_gives_none_of_its_doubtful_dates(make_column: Make) -> None:
    cells = settled(make_column, "03/05/1990", "12/31/1988", "02/28/1991", "04/04/1990", "?")
    rules = ["ambiguous_date", "date_order", "date_order", "", "not_a_date"]
    assert [cell.rule for cell in cells] == rules
    assert cells[0].value is None
    assert cells[3].value == datetime(1990, 4, 4)


def test_evidence_on_both_sides_alike_settles_nothing(make_column: Make) -> None:
    cells = settled(make_column, "03/05/1990", "25/11/2010", "11/26/2010")
    assert [cell.rule for cell in cells] == ["ambiguous_date", "", "date_order"]


def test_dates_out_of_range_are_not_called_ambiguous(make_column: Make) -> None:
    column = make_column("on", "date", minimum=date(2000, 1, 1))
    read = date_reader(column, "day_month_year")
    cells = settle_order([read("05/11/1990"), read("11/25/2010")])
    assert [cell.rule for cell in cells] == ["out_of_range", "date_order"]


def test_the_file_of_mixed_dates_is_read_as_its_description_says(
    make: Any, spreadsheet: Callable[..., Grid]
) -> None:
    source = make.source(
        make.column("id", "integer"),
        make.column("date_contrat", "date", maximum=date(2050, 1, 1)),
        key=["id"],
        date_order="day_month_year",
        missing=["?", "en cours"],
    )
    result = make.read(spreadsheet("dates_mixed.xlsx"), source)
    days = dict(zip(result.rows["id"], result.rows["date_contrat"], strict=True))
    assert {n for n, day in days.items() if day == FIFTH} >= {1, 2, 6, 7, 13}
    assert days[8] == FIFTH - timedelta(days=4)
    assert result.rows["date_contrat"].isna().sum() == 3  # ?, en cours, empty
    rules = dict(zip(result.quarantine["row_number"], result.quarantine["rule"], strict=True))
    assert rules == {
        4: "not_a_date",  # a bare serial number
        5: "ambiguous_date",
        6: "ambiguous_date",
        10: "not_a_date",
        11: "not_a_date",
        12: "date_order",
        13: "ambiguous_date",
        17: "out_of_range",
        18: "not_a_date",
        19: "out_of_range",
    }
    codes = [finding.code for finding in result.findings]
    assert "date_order_contradiction" in codes
