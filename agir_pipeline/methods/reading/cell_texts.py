"""The cells of a workbook as texts that lose nothing."""

import math
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any

EXACT_INTEGERS = 10**15
"""Spreadsheets keep 15 digits; a longer whole number has lost its end."""
NUMBERS_REMEMBERED = 1 << 16
BLOCK_ROWS = 2_000
TEXTS, NUMBERS, DAYS = {str}, {float}, {date}


def as_texts(rows: list[list[Any]]) -> None:
    """Puts texts in place of cells, block by block, so that cells go as their texts come.

    Most columns are of one kind: their cells are turned without looking at each.
    """
    for start in range(0, len(rows), BLOCK_ROWS):
        block = rows[start : start + BLOCK_ROWS]
        columns = map(_column_texts, zip(*block, strict=True))
        rows[start : start + len(block)] = map(list, zip(*columns, strict=True))


def _column_texts(cells: tuple[Any, ...]) -> Iterable[str]:
    kinds = set(map(type, cells))
    if kinds == TEXTS:
        return cells
    if kinds == NUMBERS:
        return map(_number_text, cells)
    if kinds == DAYS:
        return map(date.isoformat, cells)
    return map(cell_text, cells)


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
