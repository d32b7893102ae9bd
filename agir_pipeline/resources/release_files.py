"""The bytes of released tables: Parquet, French CSV, DuckDB. Same rows, same bytes.

The csv rule: ``;`` between cells, decimal comma, CRLF, UTF-8 with BOM, ISO dates, no ``sep=`` line.
A missing value is an empty cell, an empty text is ``""``. A text that a spreadsheet would take for
a formula (it begins with = + - @ tab or carriage return), or that begins with an apostrophe, has
one apostrophe put before it: taking one off gives the text back. Numbers are never touched.
"""

import hashlib
import io
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from agir_pipeline.contracts.model import TableContract, Type, in_language

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "'")
NEEDS_QUOTES = (";", '"', "\r", "\n")
STORAGE_VERSION = "v1.0.0"
"""So that older clients (R, DBeaver) open the DuckDB file."""

ARROW_TYPES: Mapping[Type, Any] = {
    "text": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "instant": pa.timestamp("us", tz="UTC"),
}


def arrow_table(frame: pd.DataFrame, contract: TableContract, language: str) -> Any:
    """``frame``, as its contract has checked it, in Arrow; labels and units with each column."""
    fields, arrays = [], []
    for column in contract.columns:
        kind = ARROW_TYPES[column.type]
        words = {"label": in_language(column.label, language), "unit": column.unit}
        fields.append(pa.field(column.name, kind, metadata={k: v for k, v in words.items() if v}))
        values = pa.array(frame[column.name], from_pandas=True)
        arrays.append(values.cast(kind))
    return pa.table(arrays, schema=pa.schema(fields))


def to_frame(table: Any) -> pd.DataFrame:
    """The frame of a released table, in the dtypes of its contract."""
    dtypes = {
        pa.int64(): pd.Int64Dtype(),
        pa.bool_(): pd.BooleanDtype(),
        pa.string(): pd.StringDtype(),
    }
    fields = [
        pa.field(f.name, pa.timestamp("us") if f.type == pa.date32() else f.type)
        for f in table.schema
    ]
    frame: pd.DataFrame = table.cast(pa.schema(fields)).to_pandas(types_mapper=dtypes.get)
    return frame


@dataclass(frozen=True)
class Printed:
    """A table with its csv bytes, made once: they are its file and the ground of its digest."""

    table: Any
    csv: bytes

    @classmethod
    def of(cls, table: Any) -> "Printed":
        return cls(table, csv_bytes(table))

    @property
    def digest(self) -> str:
        """A hash of names, types and values in order; the same whatever file they stand in."""
        types = ";".join(f"{field.name}:{field.type}" for field in self.table.schema)
        return hashlib.sha256(types.encode() + b"\n" + self.csv).hexdigest()


def parquet_bytes(table: Any) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="snappy", version="2.6")
    return buffer.getvalue()


def csv_bytes(table: Any) -> bytes:
    """The table as a French Excel opens it; see the csv rule above."""
    columns = [_cells(column) for column in table.columns]
    head = ";".join(_text_cell(name) for name in table.column_names)
    lines = [head, *map(";".join, zip(*columns, strict=True))]
    return b"\xef\xbb\xbf" + "".join(f"{line}\r\n" for line in lines).encode()


def write_duckdb(
    path: Path, tables: Mapping[str, Any], contracts: Iterable[TableContract], language: str
) -> None:
    """All tables in one database file, with their labels as comments.

    Raises:
        duckdb.Error: the disk refused.
    """
    with offline() as connection:
        connection.execute(
            f"attach '{quoted(path)}' as release (storage_version '{STORAGE_VERSION}')"
        )
        connection.begin()  # one for all: each would be flushed to the disk by itself
        for contract in contracts:
            connection.register("incoming", tables[contract.name])
            name = f'release.main."{contract.name}"'
            connection.execute(f"create table {name} as select * from incoming")  # noqa: S608
            connection.unregister("incoming")
            labels: dict[str, Any] = {f"table {name}": contract.title}
            labels |= {f'column {name}."{one.name}"': one.label for one in contract.columns}
            comments = [
                f"comment on {what} is '{quoted(in_language(label, language))}'"
                for what, label in labels.items()
            ]
            connection.execute(";".join(comments))
        connection.commit()
        connection.execute("detach release")


def duckdb_digests(path: Path, names: Iterable[str]) -> dict[str, str]:
    """Table → digest of what the database file holds.

    Raises:
        duckdb.Error: the file is no database, or a table is not in it.
    """
    with offline() as connection:
        connection.execute(f"attach '{quoted(path)}' as release (read_only)")
        return {name: Printed.of(_from_duckdb(connection, name)).digest for name in names}


def _from_duckdb(connection: duckdb.DuckDBPyConnection, name: str) -> Any:
    """A table as it was written: DuckDB gives instants the zone of the machine."""
    found = connection.sql(f'select * from release.main."{name}"').to_arrow_table()  # noqa: S608
    fields = [
        pa.field(f.name, ARROW_TYPES["instant"] if pa.types.is_timestamp(f.type) else f.type)
        for f in found.schema
    ]
    return found.cast(pa.schema(fields))


def offline() -> duckdb.DuckDBPyConnection:
    """A DuckDB that would never fetch an extension over the network by itself.

    One thread: tables of a release are small, and a second one only waits for them.
    """
    return duckdb.connect(
        config={
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "threads": 1,
        }
    )


def quoted(text: object) -> str:
    return str(text).replace("'", "''")


def _cells(column: Any) -> list[str]:
    """The cells of one column as they stand in the csv file; equal texts are written once."""
    write = _writer(column.type)
    values = column.to_pylist()
    if column.type == pa.string():
        written = {text: "" if text is None else write(text) for text in set(values)}
        return [written[text] for text in values]
    return ["" if value is None else write(value) for value in values]


def _writer(kind: Any) -> Callable[[Any], str]:
    if kind == pa.string():
        return _text_cell
    if kind == pa.float64():
        return _number_cell
    if kind == pa.bool_():
        return lambda value: "true" if value else "false"
    if kind == pa.int64():
        return str
    return lambda value: str(value.isoformat().replace("+00:00", "Z"))


def _text_cell(text: str) -> str:
    safe = f"'{text}" if text.startswith(FORMULA_STARTS) else text
    if safe and not any(mark in safe for mark in NEEDS_QUOTES):
        return safe
    return '"' + safe.replace('"', '""') + '"'


def _number_cell(number: float) -> str:
    """The shortest digits that give the same number back; Inf where it is infinite."""
    return repr(number).replace("inf", "Inf").replace(".", ",")
