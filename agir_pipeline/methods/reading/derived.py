"""Columns computed row by row before identifying columns leave for the vault."""

import re
from collections.abc import Mapping, Sequence

import pandas as pd

from agir_pipeline.methods.reading.headings import normalise
from agir_pipeline.methods.reading.typing_rules import as_series
from agir_pipeline.protocol.model import Agreement, Derived

CEDEX = re.compile(r" cedex( \d+)?$")

LookupTable = Sequence[tuple[str, str, str]]
"""Rows of column, value (may end in * for "begins with") and result."""


def derive(derived: Derived, frame: pd.DataFrame, tables: Mapping[str, LookupTable]) -> pd.Series:
    """One derived column over typed rows, in the data type of its kind."""
    if derived.method == "lookup":
        return looked_up(derived, frame, tables[derived.table or ""])
    first, second = (frame[name] for name in derived.inputs)
    if derived.method == "completed_years":
        return completed_years(first, second)
    return days_between(first, second)


def completed_years(birth: pd.Series, day: pd.Series) -> pd.Series:
    """Age in completed years on ``day``; missing where either is, or where birth comes later.

    Somebody born on 29 February completes a year on 1 March of a common year.
    """
    is_before = (day.dt.month < birth.dt.month) | (
        (day.dt.month == birth.dt.month) & (day.dt.day < birth.dt.day)
    )
    years = day.dt.year - birth.dt.year - is_before.astype("int64")
    completed: pd.Series = years.where(birth <= day).astype("Int64")
    return completed


def days_between(start: pd.Series, end: pd.Series) -> pd.Series:
    """Whole days from ``start`` to ``end``, negative when the end comes first."""
    return (end - start).dt.days.astype("Int64")


def looked_up(derived: Derived, frame: pd.DataFrame, table: LookupTable) -> pd.Series:
    """The result of the first input column for which the table has a row, else ``otherwise``.

    Texts are compared after folding. An exact value beats a beginning, a longer beginning a
    shorter one.
    """
    found: list[str | None] = [None] * len(frame)
    for name in derived.inputs:
        rules = [(value, end) for column, value, end in table if column == name]
        exact = {normalise(value): end for value, end in rules if not value.endswith("*")}
        starts = sorted(
            ((normalise(value), end) for value, end in rules if value.endswith("*")),
            key=lambda start: (-len(start[0]), start[0]),
        )
        results = {
            value: _result(_bare(str(value)), exact, starts)
            for value in frame[name].dropna().unique()
        }
        found = [
            results.get(value) if result is None else result
            for result, value in zip(found, frame[name].tolist(), strict=True)
        ]
    filled = [derived.otherwise if result is None else result for result in found]
    return as_series(filled, "code").set_axis(frame.index)


def disagreeing(agreement: Agreement, frame: pd.DataFrame, table: LookupTable) -> list[int]:
    """Positions of the rows in which the second column is none of those the first allows."""
    one, other = agreement.columns
    allowed: dict[str, set[str]] = {}
    for column, value, result in table:
        if column == one:
            allowed.setdefault(normalise(value), set()).add(result)
    said = zip(frame[one].fillna(""), frame[other].fillna(""), strict=True)
    return [
        position
        for position, (value, beside) in enumerate(said)
        if beside and beside not in allowed.get(_bare(str(value)), {beside})
    ]


def _bare(text: str) -> str:
    """The text folded, without the mark of business post that follows a place."""
    return CEDEX.sub("", normalise(text))


def _result(text: str, exact: Mapping[str, str], starts: list[tuple[str, str]]) -> str | None:
    if text in exact:
        return exact[text]
    return next((result for start, result in starts if text.startswith(start)), None)
