"""Small tables in the reader's language: numbers as written there, nothing that breaks a row."""

from datetime import date
from math import nan

import pandas as pd

from agir_pipeline.assets.markdown import markdown_table, picture
from agir_pipeline.language import use_language


def test_numbers_stand_right_and_what_is_missing_is_a_dash() -> None:
    rows = [["a", 1234, 0.5], ["b", None, nan], ["c", 3, 1.25]]
    assert markdown_table(["x", "n", "share"], rows).splitlines() == [
        "| x | n | share |",
        "| --- | ---: | ---: |",
        "| a | 1,234 | 0.5 |",
        "| b | – | – |",
        "| c | 3 | 1.25 |",
    ]


def test_numbers_and_days_are_written_as_in_the_language() -> None:
    use_language("fr")
    table = markdown_table(["n", "day"], [[0.5, date(2010, 12, 31)]])
    assert "| 0,5 | 31/12/2010 |" in table


def test_a_missing_day_is_a_dash() -> None:
    assert "| – |" in markdown_table(["day"], [[pd.NaT]])


def test_bars_and_lines_stay_inside_their_cell() -> None:
    assert "| a\\|b c |" in markdown_table(["x"], [["a|b\nc"]])


def test_a_picture_has_words() -> None:
    drawn = picture("<svg/>", "what it shows")
    assert drawn == "![what it shows](data:image/svg+xml;base64,PHN2Zy8+)"
