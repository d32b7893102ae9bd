"""Texts written plainly, which most are: one look says what they are worth.

A text that is not plain goes to the reader of its type, which knows every other way of writing;
for a plain one that reader would give the same value without rule or note.
"""

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any

from agir_pipeline.methods.reading.dates import FIRST_DAY
from agir_pipeline.protocol.model import Column

Plain = Callable[[list[str]], tuple[list[Any], Sequence[int]]]
"""The value of each text, and the places of those that are not plain, whose value says nothing."""

BARE = re.compile(r"\w(?:.*\w)?", re.DOTALL)
"""No white space around it, visible or not, and no error of a spreadsheet."""
WHOLE = re.compile(r"-?[0-9]{1,15}")
NUMBER = re.compile(r"-?[0-9]{1,15}(?:\.(?:[0-9]{1,2}|[0-9]{4,15}))?")
"""Three decimals may be a thousands mark: that is for the reader to say."""
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
INSTANT = re.compile(rf"{DAY.pattern}(?:[T ][0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}})?")


def plain_reader(column: Column) -> Plain:
    """What reads the plain texts of a column."""
    match column.type:
        case "text":
            return _texts
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
    return lambda texts: (texts, range(len(texts)))


def _texts(texts: list[str]) -> tuple[list[str], Sequence[int]]:
    if _are_alphanumeric(texts):
        return texts, ()
    return texts, [place for place, text in enumerate(texts) if not BARE.fullmatch(text)]


def _are_alphanumeric(texts: list[str]) -> bool:
    return "".join(texts).isalnum() and "" not in texts


def _identifiers(column: Column) -> Plain:
    fits = re.compile(column.pattern).fullmatch if column.pattern else bool

    def read(texts: list[str]) -> tuple[list[str], Sequence[int]]:
        if _are_alphanumeric(texts):
            return texts, [place for place, text in enumerate(texts) if not fits(text)]
        told = enumerate(texts)
        return texts, [place for place, text in told if not (text.isalnum() and fits(text))]

    return read


def _within(column: Column, pattern: re.Pattern[str], convert: Callable[[str], float]) -> Plain:
    low, high = column.minimum, column.maximum
    least = low if isinstance(low, int | float) else float("-inf")
    most = high if isinstance(high, int | float) else float("inf")
    lines = re.compile(rf"(?:{pattern.pattern}\n)++")

    def read(texts: list[str]) -> tuple[list[Any], Sequence[int]]:
        whole = "\n".join(texts) + "\n"
        if whole.count("\n") == len(texts) and lines.fullmatch(whole):
            values = list(map(convert, texts))
            if least <= min(values) and max(values) <= most:
                return values, ()
        told = [convert(text) if pattern.fullmatch(text) else None for text in texts]
        others = [p for p, value in enumerate(told) if value is None or not least <= value <= most]
        return told, others

    return read


def _days(column: Column, pattern: re.Pattern[str]) -> Plain:
    low = column.minimum if isinstance(column.minimum, date) else date.min
    high = column.maximum if isinstance(column.maximum, date) else date.max

    def day_of(text: str) -> datetime | None:
        if not pattern.fullmatch(text):
            return None
        try:
            day = datetime.fromisoformat(text)
        except ValueError:  # no such day
            return None
        return day if day >= FIRST_DAY and low <= day.date() <= high else None

    def read(texts: list[str]) -> tuple[list[datetime | None], Sequence[int]]:
        days = list(map(day_of, texts))
        return days, [place for place, day in enumerate(days) if day is None]

    return read
