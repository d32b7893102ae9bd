"""Statements on whole tables that DuckDB and PostgreSQL obey alike, on an open connection.

SQLAlchemy's reflection and savepoints fail on DuckDB: what exists is asked of
information_schema. Every database fault leaves here as an InfrastructureError that holds a
place and the name of the fault, never the driver's message: that one quotes values.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import duckdb
import sqlalchemy as sa

from agir_pipeline.errors import InfrastructureError, UsageError
from agir_pipeline.language import _
from agir_pipeline.resources.storage_types import kind_of_sql_type

_FAULTS: tuple[type[Exception], ...] = (sa.exc.SQLAlchemyError, duckdb.Error)
with suppress(ModuleNotFoundError):  # the [server] extra may be absent
    import psycopg

    _FAULTS += (psycopg.Error,)

_LONGEST_NAME_BYTES = 63  # PostgreSQL cuts longer names without a word


@contextmanager
def named_faults(place: str) -> Iterator[None]:
    """Inside, a database fault becomes ``place: name of the fault``; other errors pass."""
    try:
        yield
    except _FAULTS as fault:
        raise InfrastructureError(
            _("{place}: database fault {fault}").format(place=place, fault=_fault_name(fault))
        ) from None


def quoted(name: str) -> str:
    """``name`` as an SQL identifier; raises UsageError when a database would cut it."""
    if not name or "\0" in name or len(name.encode()) > _LONGEST_NAME_BYTES:
        raise UsageError(
            _("the name of a table or column has 1 to {n} bytes").format(n=_LONGEST_NAME_BYTES)
        )
    return '"' + name.replace('"', '""') + '"'


def qualified(schema: str, table: str) -> str:
    """``"schema"."table"``."""
    return f"{quoted(schema)}.{quoted(table)}"


def execute(connection: sa.Connection, statement: str) -> "sa.CursorResult[Any]":
    """Run ``statement`` as it is written: ``:`` and ``%`` are no placeholders."""
    return connection.exec_driver_sql(statement, execution_options={"no_parameters": True})


def ensure_schema(connection: sa.Connection, schema: str) -> None:
    """Create ``schema`` unless it is there (asked first: creating needs a right of its own)."""
    found: set[str] = connection.info.setdefault("schemas", set())
    if schema in found:
        return
    catalogue, n_found = connection.execute(
        sa.text(
            "select current_database(), count(*) from information_schema.schemata"
            " where catalog_name = current_database() and schema_name = :schema"
        ),
        {"schema": schema},
    ).one()
    if connection.dialect.name == "duckdb" and catalogue == schema:
        raise UsageError(
            _("the DuckDB file must not be named like the schema {schema}").format(schema=schema)
        )
    if not n_found:
        execute(connection, f"create schema {quoted(schema)}")
    found.add(schema)


def create_table_as(connection: sa.Connection, schema: str, table: str, query: str) -> int:
    """Replace ``schema.table``, in a schema that stands, by a query; gives the number of rows."""
    drop_table(connection, schema, table)
    name = qualified(schema, table)
    made = execute(connection, f"create table {name} as\n{query}")
    n_rows = int(made.scalar_one() if made.returns_rows else made.rowcount)  # DuckDB's is a row
    analyze(connection, name)
    return n_rows


def analyze(connection: sa.Connection, name: str) -> None:
    """Have PostgreSQL count a new table before it is joined; DuckDB counts as it writes."""
    if connection.dialect.name != "duckdb":
        execute(connection, f"analyze {name}")


def drop_table(connection: sa.Connection, schema: str, table: str) -> None:
    """Drop ``schema.table`` if it is there."""
    execute(connection, f"drop table if exists {qualified(schema, table)}")


def table_names(connection: sa.Connection) -> list[tuple[str, str]]:
    """(schema, table) of every table of this database, sorted."""
    rows = connection.execute(
        sa.text(
            "select table_schema, table_name from information_schema.tables"
            " where table_catalog = current_database() and table_type = 'BASE TABLE'"
            " and table_schema not in ('information_schema', 'pg_catalog')"
        )
    )
    return sorted((row[0], row[1]) for row in rows)


def column_types(connection: sa.Connection, schema: str, table: str) -> Mapping[str, str]:
    """The kind of each column (``storage_types.Kind``), in order; empty when there is no table.

    A type outside the six kinds is given as the database names it, in lower case.
    """
    if connection.dialect.name == "duckdb":
        return _columns_in_duckdb(connection, schema, table)
    return _columns(
        connection,
        "and table_schema = :schema and table_name = :table",
        {"schema": schema, "table": table},
    ).get((schema, table), {})


def every_column(connection: sa.Connection) -> dict[tuple[str, str], dict[str, str]]:
    """(schema, table) → ``column_types`` of every table: one question costs as much as one each."""
    return _columns(connection, "", {})


def _columns(
    connection: sa.Connection, where: str, parameters: dict[str, str]
) -> dict[tuple[str, str], dict[str, str]]:
    rows = connection.execute(
        sa.text(
            "select table_schema, table_name, column_name, data_type"  # noqa: S608
            " from information_schema.columns where table_catalog = current_database()"
            f" {where} order by table_schema, table_name, ordinal_position"
        ),
        parameters,
    )
    found: dict[tuple[str, str], dict[str, str]] = {}
    for schema, table, column, sql_type in rows:
        kind = kind_of_sql_type(sql_type) or sql_type.lower()
        found.setdefault((schema, table), {})[column] = kind
    return found


def _columns_in_duckdb(connection: sa.Connection, schema: str, table: str) -> dict[str, str]:
    """The same in an eighth of the time: its information_schema lists every table for one."""
    driver: Any = connection.connection.driver_connection
    try:
        named = driver.sql(f"select * from {qualified(schema, table)}")  # noqa: S608 - not run
    except duckdb.CatalogException:
        return {}
    said = zip(named.columns, map(str, named.types), strict=True)
    return {column: kind_of_sql_type(kind) or kind.lower() for column, kind in said}


def _fault_name(fault: Exception) -> str:
    """The driver's class and, where it has one, the sqlstate: nothing that quotes a value."""
    driver = getattr(fault, "orig", None) or fault
    sqlstate = getattr(driver, "sqlstate", None)
    name = type(driver).__name__
    return f"{name} ({sqlstate})" if sqlstate else name
