"""Frames against their contract: all faults at once, counted, and never a value of a row."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pandera.pandas as pa

from agir_pipeline.contracts.model import Column, TableContract, Type
from agir_pipeline.errors import CheckError
from agir_pipeline.language import _, mark

DTYPES: Mapping[Type, Any] = {
    "text": pd.StringDtype(),
    "integer": pd.Int64Dtype(),
    "number": np.dtype("float64"),
    "boolean": pd.BooleanDtype(),
    "date": np.dtype("datetime64[us]"),
    "instant": pd.DatetimeTZDtype("us", "UTC"),
}
"""The one dtype of each declared type."""

CONTENT: Mapping[Type, frozenset[str]] = {
    "text": frozenset({"string"}),
    "integer": frozenset({"integer", "floating", "mixed-integer-float"}),
    "number": frozenset({"integer", "floating", "mixed-integer-float", "decimal"}),
    "boolean": frozenset({"boolean"}),
    "date": frozenset({"date", "datetime", "datetime64"}),
    "instant": frozenset({"datetime", "datetime64"}),
}
"""What a column may hold before it is given its dtype, as pandas names it."""

SENTENCES = {
    "absent": mark("the column is not there"),
    "unexpected": mark("columns that are not declared"),
    "type": mark("not of the declared type"),
    "empty": mark("empty where a value is needed"),
    "code": mark("not one of the declared codes"),
    "range": mark("out of range"),
    "key": mark("the key is not unique"),
}
EVERY_COLUMN = "*"
ROUNDING = 1e-9
"""How far a computed share may lie beyond its limits."""

_PANDERA_NAMES = {"not_nullable": "empty"}

Faults = Counter[tuple[str, str]]
"""(column, check) → how many rows fail it."""


def checked(frame: pd.DataFrame, contract: TableContract) -> pd.DataFrame:
    """``frame`` with the declared columns in order, each in its dtype, sorted by the key.

    An integer column may come as whole floats, a date as a date object; nothing else is
    converted, and text never becomes a number.

    Raises:
        CheckError: all faults of the table by column and check with the number of rows.
    """
    _refuse(_column_faults(frame, contract), contract)
    typed, faults = _as_declared(frame, contract)
    _refuse(faults, contract)
    _refuse(_value_faults(typed, contract), contract)
    keys = list(contract.key)
    return typed.sort_values(keys, kind="stable", na_position="first", ignore_index=True)


def rules_of(contract: TableContract, typed: pd.DataFrame) -> pa.DataFrameSchema:
    """What pandera is to count: columns with a value beyond their codes or limits, or with none
    where one is needed; of a sound table nothing, for a look costs less than a question.

    Names, order and types are settled before it is asked. The key is checked apart: pandera would
    let rows of the same key pass where a part of it is missing.
    """
    asked = {c.name: _rule(c) for c in contract.columns if _may_break(typed[c.name], c)}
    return pa.DataFrameSchema(asked, name=contract.name)


def _may_break(values: "pd.Series[Any]", column: Column) -> bool:
    known = values.notna()
    if not known.all():
        if not column.is_nullable:
            return True
        values = values[known]
    if column.codes and column.is_closed and not set(values.unique()) <= set(column.codes):
        return True
    if len(values) == 0:
        return False
    is_low = column.minimum is not None and values.min() < column.minimum - ROUNDING
    return is_low or (column.maximum is not None and values.max() > column.maximum + ROUNDING)


def _rule(column: Column) -> pa.Column:
    checks = []
    if column.codes and column.is_closed:
        checks.append(pa.Check.isin(list(column.codes), error="code"))
    if column.minimum is not None:
        checks.append(pa.Check.ge(column.minimum - ROUNDING, error="range"))
    if column.maximum is not None:
        checks.append(pa.Check.le(column.maximum + ROUNDING, error="range"))
    return pa.Column(checks=checks, nullable=column.is_nullable)


def _column_faults(frame: pd.DataFrame, contract: TableContract) -> Faults:
    """Undeclared columns are counted, not named: a heading may hold anything."""
    found = Counter(str(name) for name in frame.columns)
    faults: Faults = Counter({(n, "absent"): len(frame) for n in contract.names if n not in found})
    known = sum(1 for name in contract.names if name in found)
    if known != len(frame.columns):
        faults[EVERY_COLUMN, "unexpected"] = len(frame.columns) - known
    return faults


def _as_declared(frame: pd.DataFrame, contract: TableContract) -> tuple[pd.DataFrame, Faults]:
    columns: dict[str, pd.Series[Any]] = {}
    faults: Faults = Counter()
    for column in contract.columns:
        values = frame[column.name].reset_index(drop=True)
        try:
            columns[column.name] = _converted(values, column.type)
        except (TypeError, ValueError, OverflowError):
            faults[column.name, "type"] = int(values.notna().sum())
    return pd.DataFrame(columns), faults


def _converted(values: "pd.Series[Any]", type_: Type) -> "pd.Series[Any]":
    dtype = DTYPES[type_]
    if values.dtype == dtype and type_ != "date":
        return values
    if not values.notna().any():
        return pd.Series([None] * len(values), values.index, dtype=dtype)
    if pd.api.types.infer_dtype(values, skipna=True) not in CONTENT[type_]:
        raise TypeError(type_)
    converted: pd.Series[Any] = values.astype(dtype)
    if type_ == "date" and not converted.dropna().eq(converted.dropna().dt.normalize()).all():
        raise ValueError(type_)
    return converted


def _value_faults(typed: pd.DataFrame, contract: TableContract) -> Faults:
    faults: Faults = Counter()
    n_twice = int(typed.duplicated(list(contract.key), keep=False).sum())
    if n_twice:
        faults[EVERY_COLUMN, "key"] = n_twice
    for invariant in contract.invariants:
        n_broken = invariant.count_broken(typed)
        if n_broken:
            faults[EVERY_COLUMN, invariant.sentence] = n_broken
    rules = rules_of(contract, typed)
    if not rules.columns:
        return faults
    try:
        rules.validate(typed, lazy=True)
    except pa.errors.SchemaErrors as found:
        # The exception quotes values: it is counted and dropped here, before anything is raised.
        cases = found.failure_cases.groupby(["column", "check"])["index"].nunique()
        for (column, check), rows in cases.items():
            faults[column, _PANDERA_NAMES.get(check, check)] = int(rows)
    return faults


def _refuse(faults: Faults, contract: TableContract) -> None:
    if not faults:
        return
    head = _("table {table}: {n} rule(s) of its contract are broken").format(
        table=contract.name, n=len(faults)
    )
    lines = [
        _("{place}: {rule} ({n})").format(
            place=_("whole table") if column == EVERY_COLUMN else column,
            rule=_(SENTENCES.get(check, check)),
            n=n,
        )
        for (column, check), n in sorted(faults.items())
    ]
    raise CheckError("\n".join([head, *(f"  - {line}" for line in lines)]))
