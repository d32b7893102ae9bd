"""Texts written plainly, which most are: one look says what they are worth.

A text that is not plain has no answer here and goes to the reader of its type, which knows every
other way of writing; for a plain one that reader would give the same value without rule or note.
"""

import re
from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import Any

from agir_pipeline.methods.reading.dates import FIRST_DAY
from agir_pipeline.protocol.model import Column

Values = dict[str, Any]
Plain = Callable[[Iterable[str]], Values]

BARE = re.compile(r"\w(?:.*\w)?", re.DOTALL)
"""No white space around it, visible or not, and no error of a spreadsheet."""
WHOLE = re.compile(r"-?[0-9]{1,15}")
NUMBER = re.compile(r"-?[0-9]{1,15}(?:\.(?:[0-9]{1,2}|[0-9]{4,15}))?")
"""Three decimals may be a thousands mark: that is for the reader to say."""
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
INSTANT = re.compile(rf"{DAY.pattern}(?:[T ][0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}})?")


def plain_reader(column: Column) -> Plain:
    """What reads the plain texts of a column; the others are left out of its answer."""
    match column.type:
        case "text":
            return lambda texts: {text: text for text in texts if BARE.fullmatch(text)}
        case "identifier" if not column.checksum:
            return _identifiers(column)
        case "integer":
            return _within(column, WHOLE, int)
        case "number":
            return _within(column, NUMBER, float)
        case "date":
            return _days(column, DAY)
        case "instant":
            return _days(column, INSTANT)
    return lambda _texts: {}


def _identifiers(column: Column) -> Plain:
    fits = re.compile(column.pattern).fullmatch if column.pattern else bool

    def read(texts: Iterable[str]) -> Values:
        return {text: text for text in texts if text.isalnum() and fits(text)}

    return read


def _within(column: Column, pattern: re.Pattern[str], convert: Callable[[str], float]) -> Plain:
    low, high = column.minimum, column.maximum
    is_any = low is None and high is None
    least = low if isinstance(low, int | float) else float("-inf")
    most = high if isinstance(high, int | float) else float("inf")

    def read(texts: Iterable[str]) -> Values:
        found = {text: convert(text) for text in texts if pattern.fullmatch(text)}
        if is_any:
            return found
        return {text: value for text, value in found.items() if least <= value <= most}

    return read


def _days(column: Column, pattern: re.Pattern[str]) -> Plain:
    low = column.minimum if isinstance(column.minimum, date) else date.min
    high = column.maximum if isinstance(column.maximum, date) else date.max

    def read(texts: Iterable[str]) -> Values:
        found: dict[str, datetime] = {}
        for text in filter(pattern.fullmatch, texts):
            try:
                day = datetime.fromisoformat(text)
            except ValueError:  # no such day
                continue
            if day >= FIRST_DAY and low <= day.date() <= high:
                found[text] = day
        return found

    return read
