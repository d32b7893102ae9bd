"""Numbers written by people: decimal comma or point, grouped thousands, euros, percentages."""

import re
from collections.abc import Callable

from agir_pipeline.methods.reading.cells import Cell
from agir_pipeline.protocol.model import Column

SPACES = re.compile(r"[ \u00a0\u202f\u2009]")
AROUND = re.compile(r"^(?:€|eur(?:os?)?)?\s*(.*?)\s*(€|eur(?:os?)?|%)?$", re.IGNORECASE | re.DOTALL)
PLAIN = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?", re.ASCII)
"""How a number cell of a workbook is written in the grid, whatever the source declares."""

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
