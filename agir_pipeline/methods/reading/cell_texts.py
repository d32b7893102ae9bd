"""The cells of a workbook as texts that lose nothing."""

import math
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any

EXACT_INTEGERS = 10**15
"""Spreadsheets keep 15 digits; a longer whole number has lost its end."""
NUMBERS_REMEMBERED = 1 << 16


def row_texts(cells: list[Any]) -> list[str]:
    """The texts of one row; most cells are texts, numbers or days."""
    return [
        cell
        if type(cell) is str
        else _number_text(cell)
        if type(cell) is float
        else cell.isoformat()
        if type(cell) is date
        else cell_text(cell)
        for cell in cells
    ]


def cell_text(value: Any) -> str:
    """A cell as text: dates as ISO, whole numbers without ``.0``, booleans true or false.

    Whole numbers beyond 15 digits keep an exponent, which says that digits are lost. A number
    such as 1.234 is written 1.2340, so that nobody takes its point for a thousands mark.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat() if value.time() != time() else value.date().isoformat()
    if isinstance(value, timedelta):
        minutes, seconds = divmod(int(value.total_seconds()), 60)
        return f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"
    if isinstance(value, date | time):
        return value.isoformat()
    return _number_text(value)


@lru_cache(maxsize=NUMBERS_REMEMBERED)
def _number_text(value: float | int) -> str:
    if not math.isfinite(value):
        return repr(value)
    if value == int(value):
        return str(int(value)) if abs(value) < EXACT_INTEGERS else f"{float(value):.16e}"
    text = repr(value)
    whole, _point, decimals = text.partition(".")
    return f"{text}0" if len(decimals) == 3 and len(whole.lstrip("-")) <= 3 else text
