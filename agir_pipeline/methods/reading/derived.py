"""Columns computed row by row before identifying columns leave for the vault."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from agir_pipeline.methods.reading.headings import normalise
from agir_pipeline.protocol.model import Agreement, Derived

CEDEX = re.compile(r" cedex( \d+)?$")

LookupTable = Sequence[tuple[str, str, str]]
"""Rows of column, value (may end in * for "begins with") and result."""

Columns = Mapping[str, Sequence[Any]]
"""Typed values by column, None where missing."""


def deriver(
    derived: Derived, tables: Mapping[str, LookupTable]
) -> Callable[[Columns], list[str | int | None]]:
    """What computes one derived column from the columns of a file."""
    if derived.method == "lookup":
        return _Lookup(derived, tables[derived.table or ""])
    count = completed_years if derived.method == "completed_years" else days_between
    first, second = derived.inputs
    return partial(_counted, count, first, second)


def _counted(
    count: Callable[[datetime, datetime], int | None], first: str, second: str, columns: Columns
) -> list[str | int | None]:
    days = zip(columns[first], columns[second], strict=True)
    return [None if one is None or other is None else count(one, other) for one, other in days]


def completed_years(birth: datetime, day: datetime) -> int | None:
    """Age in completed years on ``day``; None where birth comes later.

    Somebody born on 29 February completes a year on 1 March of a common year.
    """
    if day < birth:
        return None
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def days_between(start: datetime, end: datetime) -> int:
    """Whole days from ``start`` to ``end``, negative when the end comes first."""
    return (end - start).days


class _Lookup:
    """The result of the first input column for which the table has a row, else ``otherwise``.

    Texts are compared after folding. An exact value beats a beginning, a longer beginning a
    shorter one.
    """

    def __init__(self, derived: Derived, table: LookupTable) -> None:
        self._inputs, self._otherwise = derived.inputs, derived.otherwise
        self._rules = {name: _rules(name, table) for name in derived.inputs}
        self._known: dict[tuple[Any, ...], str | None] = {}

    def __call__(self, columns: Columns) -> list[str | int | None]:
        told = list(zip(*(columns[name] for name in self._inputs), strict=True))
        for values in set(told) - self._known.keys():
            self._known[values] = self._result(values)
        return [self._known[values] for values in told]

    def _result(self, values: tuple[Any, ...]) -> str | None:
        for name, value in zip(self._inputs, values, strict=True):
            result = None if value is None else _found(_bare(str(value)), *self._rules[name])
            if result is not None:
                return result
        return self._otherwise


def _rules(name: str, table: LookupTable) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """Of one column: the exact values, and the beginnings from the longest."""
    rules = [(value, end) for column, value, end in table if column == name]
    exact = {normalise(value): end for value, end in rules if not value.endswith("*")}
    starts = [(normalise(value), end) for value, end in rules if value.endswith("*")]
    return exact, sorted(starts, key=lambda start: (-len(start[0]), start[0]))


def _found(text: str, exact: Mapping[str, str], starts: list[tuple[str, str]]) -> str | None:
    if text in exact:
        return exact[text]
    return next((result for start, result in starts if text.startswith(start)), None)


def disagreeing(agreement: Agreement, table: LookupTable) -> Callable[[Columns], list[int]]:
    """What finds the rows in which the second column is none of those the first allows."""
    one, other = agreement.columns
    allowed: dict[str, set[str]] = {}
    for column, value, result in table:
        if column == one:
            allowed.setdefault(normalise(value), set()).add(result)

    def places(columns: Columns) -> list[int]:
        said = zip(columns[one], columns[other], strict=True)
        return [
            position
            for position, (value, beside) in enumerate(said)
            if beside and value and beside not in allowed.get(_bare(str(value)), {beside})
        ]

    return places


def _bare(text: str) -> str:
    """The text folded, without the mark of business post that follows a place."""
    return CEDEX.sub("", normalise(text))
