"""The study database: whole tables, replaced and read within one transaction per step.

One DuckDB file by default (``duckdb:////folder/study.duckdb``), a PostgreSQL database by URL
(``postgresql+psycopg://…``). It holds no study knowledge and no identifying column.
"""

import io
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pandas as pd
import sqlalchemy as sa
from pyarrow import csv

from agir_pipeline.errors import InfrastructureError, UsageError
from agir_pipeline.language import _
from agir_pipeline.resources import tables
from agir_pipeline.resources.storage_types import (
    SQL_TYPES,
    Kind,
    from_rows,
    from_storage,
    stored_kinds,
    to_storage,
)

_COPY_ROWS = 100_000
SCHEMAS = ("books", "validated", "linked", "matched", "outcomes")
"""Those whose tables the steps make."""


class Warehouse:
    """Replaces and reads whole tables; a failure leaves the tables of the last commit."""

    def __init__(self, url: str) -> None:
        self.engine = _engine(url)
        self.place = str(self.engine.url.database)

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        """One connection, committed at the end, rolled back by any exception, then closed.

        A database fault becomes an InfrastructureError without values; other errors pass.
        """
        with tables.named_faults(self.place), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def held(self) -> Iterator[None]:
        """Inside, the database stays open between transactions: a DuckDB file is opened once."""
        with tables.named_faults(self.place), self.engine.connect():
            yield

    @contextmanager
    def rehearsal(self) -> Iterator[sa.Connection]:
        """A transaction that is always rolled back: what a past day knew is built and forgotten."""
        with tables.named_faults(self.place), self.engine.connect() as connection:
            attempt = connection.begin()
            try:
                yield connection
            finally:
                attempt.rollback()

    def replace(
        self, connection: sa.Connection, schema: str, table: str, frame: pd.DataFrame
    ) -> None:
        """``schema.table`` becomes ``frame``, within the caller's transaction.

        Column types are those of ``storage_types``; a frame without rows keeps them.
        """
        stored = to_storage(frame)
        with tables.named_faults(f"{schema}.{table}"):
            tables.ensure_schema(connection, schema)
            tables.drop_table(connection, schema, table)
            name = tables.qualified(schema, table)
            columns = ", ".join(
                f"{tables.quoted(column)} {SQL_TYPES[kind]}"
                for column, kind in stored_kinds(stored).items()
            )
            tables.execute(connection, f"create table {name} ({columns})")
            load = _load_duckdb if connection.dialect.name == "duckdb" else _load_postgresql
            load(connection, name, stored)
            tables.analyze(connection, name)

    def read(
        self,
        connection: sa.Connection | None,
        schema: str,
        table: str,
        where: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        wanted: Collection[str] = (),
    ) -> pd.DataFrame:
        """The rows of ``schema.table`` in no promised order; the caller sorts.

        ``where`` is SQL with ``:name`` placeholders, filled from ``parameters``. Without a
        connection the table is read in a transaction of its own. All columns, or the ``wanted``.
        """
        if connection is None:
            with self.transaction() as own:
                return self.read(own, schema, table, where, parameters, wanted)
        kinds = self._kinds(connection, schema, table)
        kinds = {name: kind for name, kind in kinds.items() if not wanted or name in wanted}
        columns = ", ".join(tables.quoted(column) for column in kinds)
        query = f"select {columns} from {tables.qualified(schema, table)}"  # noqa: S608
        statement = sa.text(_literally(query) + (f" where {where}" if where else ""))
        fetch = _fetch_duckdb if connection.dialect.name == "duckdb" else _fetch_postgresql
        with tables.named_faults(f"{schema}.{table}"):
            return fetch(connection, statement, dict(parameters or {}), kinds)

    def rows(self, connection: sa.Connection, query: str) -> list[tuple[Any, ...]]:
        """The rows of one query that counts over several tables, as it is written."""
        with tables.named_faults(self.place):
            return [tuple(row) for row in tables.execute(connection, query).fetchall()]

    def tables(self, connection: sa.Connection) -> list[tuple[str, str]]:
        """(schema, table) of every table, sorted."""
        return tables.table_names(connection)

    def columns(self, connection: sa.Connection, schema: str, table: str) -> Mapping[str, str]:
        """The kind of each column, in order; empty when the table is not there."""
        return tables.column_types(connection, schema, table)

    def drop(self, connection: sa.Connection, schema: str, table: str) -> None:
        """Drop ``schema.table`` if it is there, within the caller's transaction."""
        with tables.named_faults(f"{schema}.{table}"):
            tables.drop_table(connection, schema, table)

    def clear(self) -> None:
        """Drop every table of the study; the file of an embedded one is the caller's to remove."""
        with self.transaction() as connection:
            for schema, table in self.tables(connection):
                if schema in SCHEMAS:
                    self.drop(connection, schema, table)
        if self.engine.dialect.name == "postgresql":
            self._forget_statistics()

    def _forget_statistics(self) -> None:
        """The server notes common values of a column, and a dropped table leaves them on its pages.

        Whoever owns the database may rewrite them; for anybody else the server does nothing.
        """
        options = {"isolation_level": "AUTOCOMMIT"}
        with (
            tables.named_faults(self.place),
            self.engine.connect().execution_options(**options) as connection,
        ):
            tables.execute(connection, "vacuum (full) pg_catalog.pg_statistic")

    def _kinds(self, connection: sa.Connection, schema: str, table: str) -> dict[str, Kind]:
        found = self.columns(connection, schema, table)
        if not found:
            raise InfrastructureError(
                _("{schema}.{table} is not in the warehouse").format(schema=schema, table=table)
            )
        strange = [name for name, kind in found.items() if not isinstance(kind, Kind)]
        if strange:
            raise InfrastructureError(
                _("{schema}.{table}: columns of a type the warehouse does not keep: {c}").format(
                    schema=schema, table=table, c=", ".join(strange)
                )
            )
        return {name: Kind(kind) for name, kind in found.items()}


def _engine(url: str) -> sa.Engine:
    """An engine that keeps no connection open: the DuckDB file is released after each step."""
    try:
        address = sa.make_url(url)
        # A DuckDB that lacks an extension would fetch it over the network by itself. One thread:
        # small tables take longer with two, and sums are the same whatever the number of cores.
        options = (
            {"config": {"autoinstall_known_extensions": False, "threads": 1}}
            if address.get_backend_name() == "duckdb"
            else {}
        )
        return sa.create_engine(
            address, poolclass=sa.NullPool, hide_parameters=True, connect_args=options
        )
    except (sa.exc.ArgumentError, ModuleNotFoundError):  # the first may quote a password
        raise UsageError(
            _(
                "the warehouse URL must begin with duckdb:/// or postgresql+psycopg:// "
                "(the latter needs the [server] extra)"
            )
        ) from None


def _load_duckdb(connection: sa.Connection, name: str, stored: Any) -> None:
    driver: Any = connection.connection.driver_connection
    driver.register("_incoming", stored)
    try:
        tables.execute(connection, f"insert into {name} select * from _incoming")  # noqa: S608
    finally:
        driver.unregister("_incoming")


def _load_postgresql(connection: sa.Connection, name: str, stored: Any) -> None:
    """COPY as CSV: text is quoted and a missing value is not, so '' stays apart from null."""
    driver: Any = connection.connection.driver_connection
    options = csv.WriteOptions(include_header=False)
    with driver.cursor() as cursor, cursor.copy(f"copy {name} from stdin (format csv)") as copy:
        for batch in stored.to_batches(max_chunksize=_COPY_ROWS):
            lines = io.BytesIO()
            csv.write_csv(batch, lines, options)
            copy.write(lines.getvalue())


def _fetch_duckdb(
    connection: sa.Connection,
    statement: sa.TextClause,
    parameters: dict[str, Any],
    kinds: Mapping[str, Kind],
) -> pd.DataFrame:
    """Through Arrow, as a relation: whole numbers stay whole, and no row is copied twice."""
    compiled: Any = statement.compile(dialect=connection.dialect)
    driver: Any = connection.connection.driver_connection
    values = [parameters[name] for name in compiled.positiontup or ()]
    return from_storage(driver.sql(str(compiled), params=values or None).to_arrow_table(), kinds)


def _fetch_postgresql(
    connection: sa.Connection,
    statement: sa.TextClause,
    parameters: dict[str, Any],
    kinds: Mapping[str, Kind],
) -> pd.DataFrame:
    rows = connection.execute(statement, parameters).fetchall()
    return from_rows(list(rows), kinds)


def _literally(query: str) -> str:
    """A colon in a column name is no placeholder."""
    return query.replace(":", "\\:")
