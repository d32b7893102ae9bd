"""The cells of a workbook as texts that lose nothing."""

import math
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import Any

EXACT_INTEGERS = 10**15
"""Spreadsheets keep 15 digits; a longer whole number has lost its end."""
EXACT_LENGTH = len(".0") + 15
BLOCK_ROWS = 2_000
TEXTS, NUMBERS, DAYS = {str}, {float}, {date}


def in_texts(rows: Iterator[list[Any]]) -> Iterator[list[str]]:
    """The rows with texts in place of cells, block by block: cells go as their texts come.

    Most columns are of one kind: their cells are turned without looking at each.
    """
    while block := list(islice(rows, BLOCK_ROWS)):
        for position, cells in enumerate(zip(*block, strict=True)):
            kinds = set(map(type, cells))
            if kinds != TEXTS:
                for row, text in zip(block, _column_texts(cells, kinds), strict=True):
                    row[position] = text
        yield from block


def _column_texts(cells: tuple[Any, ...], kinds: set[type]) -> Iterable[str]:
    if kinds == NUMBERS:
        return map(_float_text, cells, map(repr, cells))
    if kinds == DAYS:
        return map(date.isoformat, cells)
    return map(cell_text, cells)


def _float_text(value: float, text: str) -> str:
    """As ``cell_text``, most often without another look at the value."""
    if text[-2:] == ".0" and len(text) <= EXACT_LENGTH:
        return text[:-2]
    return cell_text(value) if text[-4:-3] == "." or "e" in text else text


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


def _number_text(value: float | int) -> str:
    if not math.isfinite(value):
        return repr(value)
    if value == int(value):
        return str(int(value)) if abs(value) < EXACT_INTEGERS else f"{float(value):.16e}"
    text = repr(value)
    whole, _point, decimals = text.partition(".")
    return f"{text}0" if len(decimals) == 3 and len(whole.lstrip("-")) <= 3 else text
