"""Numbers written by people."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agir_pipeline.methods.reading.numbers import (
    _number,
    integer_reader,
    minutes_reader,
    number_reader,
)
from agir_pipeline.protocol.model import Column

Make = Callable[..., Column]


@pytest.mark.parametrize(
    ("text", "decimal", "number"),
    [
        ("1 234,56", ",", 1234.56),
        ("1\u202f234,56 €", ",", 1234.56),
        ("1\u00a0234,56\u00a0EUR", ",", 1234.56),
        ("€ 12,50", ",", 12.5),
        ("1.234,56", ",", 1234.56),
        ("1.234", ",", 1234),
        ("1.2340", ",", 1.234),
        ("1234.56", ",", 1234.56),
        ("1,234.56", ".", 1234.56),
        ("1,234", ".", 1234),
        ("35 %", ",", 0.35),
        ("35,5%", ",", 0.355),
        ("12.5 %", ",", 0.125),
        ("-12,5", ",", -12.5),
        ("\u221212,5", ",", -12.5),
        ("+7", ",", 7),
        ("1.2e-05", ",", 1.2e-05),
        ("12 euros", ",", 12),
    ],
)
def test_a_number_in_its_source_form(
    make_column: Make, text: str, decimal: str, number: float
) -> None:
    cell = number_reader(make_column("n", "number"), decimal)(text)
    assert (cell.value, cell.rule) == (pytest.approx(number, abs=1e-15), "")


@pytest.mark.parametrize(
    ("text", "decimal"),
    [
        ("1?234,56", ","),
        ("n.c.", ","),
        ("1234,56", "."),
        ("1 23,5", ","),
        ("1.23.456", ","),
        ("12,", ","),
        ("€", ","),
        ("1e999", ","),
        ("inf", ","),
        ("nan", ","),
        ("٣", ","),
        ("1,2,3", ","),
    ],
)
def test_what_lost_a_character_is_no_number(make_column: Make, text: str, decimal: str) -> None:
    cell = number_reader(make_column("n", "number"), decimal)(text)
    assert (cell.value, cell.rule) == (None, "not_a_number")


@pytest.mark.parametrize(("text", "rule"), [("0", ""), ("10", ""), ("-1", "out_of_range")])
def test_bounds_of_a_number_belong_to_its_range(make_column: Make, text: str, rule: str) -> None:
    read = number_reader(make_column("n", "number", minimum=0.0, maximum=10.0), ".")
    assert read(text).rule == rule
    assert read("10.5").rule == "out_of_range"


@pytest.mark.parametrize(
    ("text", "value", "rule"),
    [
        ("12", 12, ""),
        ("12.0", 12, ""),
        ("1 234", 1234, ""),
        ("12.5", None, "not_an_integer"),
        ("9007199254740993", None, "not_an_integer"),
        ("douze", None, "not_a_number"),
        ("2000", None, "out_of_range"),
    ],
)
def test_whole_numbers(make_column: Make, text: str, value: int | None, rule: str) -> None:
    cell = integer_reader(make_column("n", "integer", maximum=1999.0), ".")(text)
    assert (cell.value, cell.rule) == (value, rule)


@given(st.floats(-1e12, 1e12), st.sampled_from(".,"))
def test_any_number_comes_back(number: float, decimal: str) -> None:
    written = f"{number:,.4f}"
    if decimal == ",":
        written = written.translate(str.maketrans(",.", "\u202f,"))
    assert _number(written, decimal) == pytest.approx(number, abs=1e-4)


@pytest.mark.parametrize(
    ("text", "value", "rule"),
    [
        ("90", 90, ""),
        ("90,0", 90, ""),
        ("1h30", 90, ""),
        ("1 h 05", 65, ""),
        ("2h", 120, ""),
        ("2 heures", 120, ""),
        ("45 min", 45, ""),
        ("45mn", 45, ""),
        ("45'", 45, ""),
        ("99h59", None, "out_of_range"),
        ("0 min", None, "out_of_range"),
        ("une heure", None, "not_a_number"),
        ("1,5", None, "not_an_integer"),
    ],
)
def test_lengths_of_time_in_minutes(
    make_column: Make, text: str, value: int | None, rule: str
) -> None:
    column = make_column("n", "minutes", minimum=1, maximum=600)
    cell = minutes_reader(column, ",")(text)
    assert (cell.value, cell.rule) == (value, rule)
