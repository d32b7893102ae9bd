"""Numbers written by people: decimal comma or point, thousands, euros, percentages, hours."""

import re
from collections.abc import Callable

from agir_pipeline.methods.reading.cells import Cell
from agir_pipeline.protocol.model import Column

SPACES = re.compile(r"[ \u00a0\u202f\u2009]")
AROUND = re.compile(r"^(?:€|eur(?:os?)?)?\s*(.*?)\s*(€|eur(?:os?)?|%)?$", re.IGNORECASE | re.DOTALL)
PLAIN = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?", re.ASCII)
"""How a number cell of a workbook is written in the grid, whatever the source declares."""

DURATION = re.compile(
    r"(?:(?P<hours>\d{1,2}) ?h(?:eures?)? ?(?P<rest>\d{1,2})?|(?P<minutes>\d+) ?(?:mn|min\.?|'))",
    re.ASCII | re.IGNORECASE,
)

WRITTEN = {
    mark: re.compile(
        rf"[+-]?(\d+|\d{{1,3}}([ ]\d{{3}})+|\d{{1,3}}([{other}]\d{{3}})+)([{mark}]\d+)?", re.ASCII
    )
    for mark, other in ((",", "."), (".", ","))
}


def number_reader(column: Column, decimal: str) -> Callable[[str], Cell]:
    """Reads a number; 35 % is 0.35. A thousands mark must part groups of exactly three."""

    def read(text: str) -> Cell:
        number = _number(text, decimal)
        if number is None:
            return Cell(None, "not_a_number")
        return _within(number, column)

    return read


def integer_reader(column: Column, decimal: str) -> Callable[[str], Cell]:
    """Reads a whole number; 12,0 is 12 and 12,5 is refused."""

    def read(text: str) -> Cell:
        number = _number(text, decimal)
        if number is None:
            return Cell(None, "not_a_number")
        if not number.is_integer() or abs(number) >= 2**53:
            return Cell(None, "not_an_integer")
        return _within(int(number), column)

    return read


def minutes_reader(column: Column, decimal: str) -> Callable[[str], Cell]:
    """Reads a length of time in whole minutes: 90, 1h30, 1 h, 45 min."""
    read_integer = integer_reader(column, decimal)

    def read(text: str) -> Cell:
        match = DURATION.fullmatch(text)
        if match is None:
            return read_integer(text)
        hours, minutes = match["hours"] or 0, match["minutes"] or match["rest"] or 0
        return _within(60 * int(hours) + int(minutes), column)

    return read


def _number(text: str, decimal: str) -> float | None:
    if WRITTEN[decimal].fullmatch(text) and " " not in text:
        return float(text.replace("." if decimal == "," else ",", "").replace(decimal, "."))
    match = AROUND.fullmatch(text.replace("\u2212", "-"))
    body = SPACES.sub(" ", match[1]) if match else ""
    share = 100 if match and match[2] == "%" else 1
    other = "." if decimal == "," else ","
    if WRITTEN[decimal].fullmatch(body):
        return float(body.replace(" ", "").replace(other, "").replace(decimal, ".")) / share
    if PLAIN.fullmatch(body):
        number = float(body) / share
        return number if abs(number) != float("inf") else None
    return None


def _within(number: float | int, column: Column) -> Cell:
    low, high = column.minimum, column.maximum
    if isinstance(low, int | float) and number < low:
        return Cell(None, "out_of_range")
    if isinstance(high, int | float) and number > high:
        return Cell(None, "out_of_range")
    return Cell(number)
