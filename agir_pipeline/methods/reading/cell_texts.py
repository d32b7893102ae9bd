"""The cells of a workbook as texts that lose nothing."""

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import Any

from agir_pipeline.methods.reading.grid import BLOCK_ROWS, Block, comes_again

EXACT_INTEGERS = 10**15
"""Spreadsheets keep 15 digits; a longer whole number has lost its end."""
EXACT_LENGTH = len(".0") + 15
TEXTS, NUMBERS, DAYS = {str}, {float}, {date}


def in_texts(rows: Iterator[list[Any]]) -> Iterator[Block]:
    """The rows with texts in place of cells, block by block, numbered from 1.

    Most columns are of one kind: their cells are turned without looking at each.
    """
    first = 1
    while some := list(islice(rows, BLOCK_ROWS)):
        numbers = range(first, first + len(some))
        first += len(some)
        yield Block(numbers, [_column_texts(cells) for cells in zip(*some, strict=True)])


def _column_texts(cells: tuple[Any, ...]) -> Sequence[str]:
    kinds = set(map(type, cells))
    if kinds == TEXTS:
        return cells
    if kinds == NUMBERS:
        return _each_once(cells, _float_texts)
    if kinds == DAYS:
        return _each_once(cells, lambda days: map(date.isoformat, days))
    return list(map(cell_text, cells))


def _each_once(
    cells: Sequence[Any], texts: Callable[[Collection[Any]], Iterable[str]]
) -> list[str]:
    """Of cells of one kind, each that differs is turned once where that is worth it."""
    if not comes_again(cells):
        return list(texts(cells))
    distinct = dict.fromkeys(cells)
    text_of = dict(zip(distinct, texts(distinct), strict=True))
    return list(map(text_of.__getitem__, cells))


def _float_texts(values: Collection[float]) -> Iterable[str]:
    """As ``cell_text``, most often without another look at the value."""
    return [
        (text[:-2] if value else "0")
        if text[-2:] == ".0" and len(text) <= EXACT_LENGTH
        else (cell_text(value) if text[-4:-3] == "." or "e" in text else text)
        for value, text in zip(values, map(repr, values), strict=True)
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


def _number_text(value: float | int) -> str:
    if not math.isfinite(value):
        return repr(value)
    if value == int(value):
        return str(int(value)) if abs(value) < EXACT_INTEGERS else f"{float(value):.16e}"
    text = repr(value)
    whole, _point, decimals = text.partition(".")
    return f"{text}0" if len(decimals) == 3 and len(whole.lstrip("-")) <= 3 else text
