"""The six kinds of column the warehouse keeps, and the way of a frame to them and back.

kind        written from                          read back as
text        string, category, object of text      string
integer     any integer                           Int64
float       float, Decimal                        float64
boolean     bool, boolean                         boolean
date        datetime named ``…_on``, date         datetime64[us] at midnight
timestamp   any other datetime, kept in UTC       datetime64[us]; with zone UTC when named ``…_at``

A missing value is missing on both sides: NaN never reaches the database as a number. A column
with no value at all is text, unless its dtype or its name (``_on``, ``_at``) says more.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from agir_pipeline.errors import InfrastructureError
from agir_pipeline.language import _


class Kind(StrEnum):
    """What a column of the warehouse may be; the value is what people read."""

    TEXT = "text"
    INTEGER = "integer"
    FLOAT = "float"
    BOOLEAN = "boolean"
    DATE = "date"
    TIMESTAMP = "timestamp"


SQL_TYPES: Mapping[Kind, str] = {
    Kind.TEXT: "text",
    Kind.INTEGER: "bigint",
    Kind.FLOAT: "double precision",
    Kind.BOOLEAN: "boolean",
    Kind.DATE: "date",
    Kind.TIMESTAMP: "timestamp",
}

_ARROW_TYPES: Mapping[Kind, Any] = {
    Kind.TEXT: pa.string(),
    Kind.INTEGER: pa.int64(),
    Kind.FLOAT: pa.float64(),
    Kind.BOOLEAN: pa.bool_(),
    Kind.DATE: pa.date32(),
    Kind.TIMESTAMP: pa.timestamp("us"),
}

# As information_schema spells them: DuckDB first, PostgreSQL second.
_KINDS_BY_SQL_NAME: Mapping[str, Kind] = {
    "varchar": Kind.TEXT,
    "text": Kind.TEXT,
    "character varying": Kind.TEXT,
    "bigint": Kind.INTEGER,
    "integer": Kind.INTEGER,
    "double": Kind.FLOAT,
    "double precision": Kind.FLOAT,
    "boolean": Kind.BOOLEAN,
    "date": Kind.DATE,
    "timestamp": Kind.TIMESTAMP,
    "timestamp without time zone": Kind.TIMESTAMP,
}

_KINDS_BY_CONTENT: Mapping[str, Kind] = {
    "string": Kind.TEXT,
    "integer": Kind.INTEGER,
    "floating": Kind.FLOAT,
    "mixed-integer-float": Kind.FLOAT,
    "decimal": Kind.FLOAT,
    "boolean": Kind.BOOLEAN,
    "date": Kind.DATE,
    "datetime": Kind.TIMESTAMP,
    "datetime64": Kind.TIMESTAMP,
    "empty": Kind.TEXT,
}


def kind_of_sql_type(data_type: str) -> Kind | None:
    """The kind of a type named by information_schema; None when the warehouse keeps no such."""
    return _KINDS_BY_SQL_NAME.get(data_type.lower())


def stored_kinds(table: Any) -> dict[str, Kind]:
    """The kind of each column of a table made by :func:`to_storage`, in order."""
    kinds = {arrow_type: kind for kind, arrow_type in _ARROW_TYPES.items()}
    return {field.name: kinds[field.type] for field in table.schema}


def to_storage(frame: pd.DataFrame) -> Any:
    """``frame`` as an Arrow table of the six kinds; its index is left out.

    Raises InfrastructureError naming the columns that cannot be stored: mixed values, a zone
    or an hour in a ``_on`` column, two columns of one name.
    """
    names = [str(name) for name in frame.columns]
    if not names or len(set(names)) < len(names):
        raise InfrastructureError(_("a table needs columns, each with a name of its own"))
    arrays, refused = [], []
    for position, name in enumerate(names):
        try:
            arrays.append(_stored_column(frame.iloc[:, position], name))
        except (pa.ArrowException, TypeError, ValueError, OverflowError):
            refused.append(name)
    if refused:  # raised outside the handler: the fault it would chain quotes a value
        raise InfrastructureError(
            _("columns that cannot be stored as declared by their name and type: {columns}").format(
                columns=", ".join(refused)
            )
        )
    return pa.table(arrays, names=names)


def from_storage(table: Any, kinds: Mapping[str, Kind]) -> pd.DataFrame:
    """The frame of an Arrow table, each column in the one dtype of its kind."""
    dtypes = {
        pa.int64(): pd.Int64Dtype(),
        pa.bool_(): pd.BooleanDtype(),
        pa.string(): pd.StringDtype(),
    }
    arrays = [
        column.cast(_frame_type(name, kind))
        for (name, kind), column in zip(kinds.items(), table.columns, strict=True)
    ]
    frame: pd.DataFrame = pa.table(arrays, names=list(kinds)).to_pandas(types_mapper=dtypes.get)
    return frame


def from_rows(rows: list[Any], kinds: Mapping[str, Kind]) -> pd.DataFrame:
    """The frame of rows fetched one by one, in the same dtypes as :func:`from_storage`."""
    values = zip(*rows, strict=True) if rows else ((),) * len(kinds)
    arrays = [
        pa.array(column, _ARROW_TYPES[kind])
        for column, kind in zip(values, kinds.values(), strict=True)
    ]
    return from_storage(pa.table(arrays, names=list(kinds)), kinds)


def _frame_type(name: str, kind: Kind) -> Any:
    """Dates become instants at midnight, so that pandas can reckon with them."""
    if kind is Kind.DATE:
        return pa.timestamp("us")
    if kind is Kind.TIMESTAMP and name.endswith("_at"):
        return pa.timestamp("us", tz="UTC")
    return _ARROW_TYPES[kind]


def _stored_column(column: "pd.Series[Any]", name: str) -> Any:
    kind = _kind_of(column, name)
    arrow_type = _ARROW_TYPES[kind]
    if kind in (Kind.DATE, Kind.TIMESTAMP):
        return pa.array(_instants(column, kind), pa.timestamp("us")).cast(arrow_type)
    if kind is Kind.FLOAT:
        numbers = column.to_numpy(dtype=np.float64, na_value=np.nan)
        return pa.array(numbers, arrow_type, from_pandas=True)
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(object)
    stored = pa.array(column, arrow_type, from_pandas=True)
    return stored.combine_chunks() if isinstance(stored, pa.ChunkedArray) else stored


def _kind_of(column: "pd.Series[Any]", name: str) -> Kind:
    dtype = column.dtype
    if not column.notna().any():
        named = {"_on": Kind.DATE, "_at": Kind.TIMESTAMP}.get(name[-3:])
        if named is not None:
            return named
    if isinstance(dtype, pd.CategoricalDtype):
        labels = dtype.categories
        return _kind_of(labels.to_series(), name) if len(labels) else Kind.TEXT
    kind = _kind_of_content(column)
    if name.endswith("_on"):
        if kind not in (Kind.DATE, Kind.TIMESTAMP):
            raise TypeError(name)
        return Kind.DATE
    return kind


def _kind_of_content(column: "pd.Series[Any]") -> Kind:
    dtype = column.dtype
    if pd.api.types.is_bool_dtype(dtype):
        return Kind.BOOLEAN
    if pd.api.types.is_integer_dtype(dtype):
        return Kind.INTEGER
    if pd.api.types.is_float_dtype(dtype):
        return Kind.FLOAT
    if pd.api.types.is_datetime64_any_dtype(dtype):
        return Kind.TIMESTAMP
    if isinstance(dtype, pd.StringDtype):
        return Kind.TEXT
    content = pd.api.types.infer_dtype(column, skipna=True)
    if content not in _KINDS_BY_CONTENT:
        raise TypeError(content)
    return _KINDS_BY_CONTENT[content]


def _instants(column: "pd.Series[Any]", kind: Kind) -> "pd.Series[Any]":
    """Instants in UTC without zone; a date with a zone or an hour is refused, not cut."""
    instants = pd.to_datetime(column)
    if isinstance(instants.dtype, pd.DatetimeTZDtype):
        if kind is Kind.DATE:
            raise TypeError(column.name)
        instants = instants.dt.tz_convert("UTC").dt.tz_localize(None)
    instants = instants.astype("datetime64[us]")
    if kind is Kind.DATE and not instants.dropna().eq(instants.dropna().dt.normalize()).all():
        raise ValueError(column.name)
    return instants
