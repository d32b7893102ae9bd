"""Columns computed row by row before identifying columns leave for the vault."""

import re
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from agir_pipeline.methods.reading.headings import normalise
from agir_pipeline.protocol.model import Agreement, Derived

CEDEX = re.compile(r" cedex( \d+)?$")

LookupTable = Sequence[tuple[str, ...]]
"""Rows of column, value (may end in * for "begins with") and result; in a dated table also the
first and the last day (ISO, empty where open) on which the row holds."""

Rules = tuple[dict[str, str], list[tuple[str, str]]]
"""Exact values with their result, then beginnings with theirs."""
DATED_FROM = 3
NO_DAY = -1
"""The era of a row without a day."""

Columns = Mapping[str, Sequence[Any]]
"""Typed values by column, None where missing."""


def deriver(
    derived: Derived, tables: Mapping[str, LookupTable]
) -> Callable[[Columns], list[str | int | None]]:
    """What computes one derived column from the columns of a file."""
    if derived.method == "lookup":
        codes = tables[derived.recoded_by] if derived.recoded_by else ()
        return _Lookup(derived, tables[derived.table or ""], codes)
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


class _Table:
    """A lookup table as it stands from one day on which a row begins or ends to the next."""

    def __init__(self, table: LookupTable, inputs: Sequence[str], *, has_day: bool) -> None:
        self._inputs, self._table = inputs, table
        self._is_dated = has_day and all(len(row) > DATED_FROM for row in table)
        self._turns = _turns(table) if self._is_dated else []
        self._rules: dict[int, dict[str, Rules]] = {}

    def eras(self, days: Sequence[Any]) -> list[int]:
        """Between two turns of the table the same rows hold."""
        if not self._is_dated:
            return [NO_DAY] * len(days)
        return [
            NO_DAY if day is None else bisect_right(self._turns, day.isoformat()[:10])
            for day in days
        ]

    def result(self, era: int, name: str, text: str) -> str | None:
        if era not in self._rules:
            rows = self._table if not self._is_dated else _in_force(self._table, self._turns, era)
            self._rules[era] = {one: _rules(one, rows) for one in self._inputs}
        return _found(text, *self._rules[era][name])


class _Lookup:
    """The result of the first input column for which the table has a row, else ``otherwise``.

    Texts are compared after folding. An exact value beats a beginning, a longer beginning a
    shorter one. Of a dated table the rows in force on the row's day count; without a day, those
    that hold for ever. A value that ``codes`` knows on that day is looked up by its code.
    """

    def __init__(self, derived: Derived, table: LookupTable, codes: LookupTable) -> None:
        self._inputs, self._otherwise = derived.inputs, derived.otherwise
        self._day = derived.day
        self._table = _Table(table, self._inputs, has_day=derived.day is not None)
        self._codes = _Table(codes, self._inputs, has_day=derived.day is not None)
        self._known: dict[tuple[Any, ...], str | None] = {}

    def __call__(self, columns: Columns) -> list[str | int | None]:
        n_rows = len(columns[self._inputs[0]])
        days = columns[self._day] if self._day else [None] * n_rows
        eras = zip(self._table.eras(days), self._codes.eras(days), strict=True)
        told = list(zip(eras, *(columns[name] for name in self._inputs), strict=True))
        for values in set(told) - self._known.keys():
            self._known[values] = self._result(values[0], values[1:])
        return [self._known[values] for values in told]

    def _result(self, eras: tuple[int, int], values: tuple[Any, ...]) -> str | None:
        era, era_of_codes = eras
        for name, value in zip(self._inputs, values, strict=True):
            if value is None:
                continue
            text = _bare(str(value))
            code = self._codes.result(era_of_codes, name, text)
            result = self._table.result(era, name, text if code is None else normalise(code))
            if result is not None:
                return result
        return self._otherwise


def _turns(table: LookupTable) -> list[str]:
    """The days on which a row begins to hold, or no longer does."""
    begun = {since for _c, _v, _r, since, _u in table if since}
    ended = {_day_after(until) for _c, _v, _r, _s, until in table if until}
    return sorted(begun | ended)


def _in_force(table: LookupTable, turns: list[str], era: int) -> LookupTable:
    """The rows that hold in an era: from one turn of the table to the next."""
    if era == NO_DAY:
        return [row for row in table if not row[3] and not row[4]]
    first = turns[era - 1] if era else ""
    return [
        row for row in table if row[3] <= first and (not row[4] or row[4] >= first or not first)
    ]


def _day_after(day: str) -> str:
    return (date.fromisoformat(day) + timedelta(days=1)).isoformat()


def _rules(name: str, table: LookupTable) -> Rules:
    """Of one column: the exact values, and the beginnings from the longest."""
    rules = [(row[1], row[2]) for row in table if row[0] == name]
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
    for column, value, result, *_dates in table:
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
