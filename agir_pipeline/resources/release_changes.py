"""``changes.csv``: what a release says otherwise than the one before it, and which causes differ.

It stands beside the manifest and not in it: which release came before is history, not part of what
was known, so a rebuild of the same day has other neighbours and yet the same tables.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pyarrow as pa

from agir_pipeline.contracts.model import STAMPS, TableContract
from agir_pipeline.resources.release_files import csv_bytes, offline, quoted

CHANGES = "changes.csv"
SCHEMA = pa.schema(
    [
        *(pa.field(n, pa.string()) for n in ("previous_release", "kind", "name")),
        *(pa.field(n, pa.string()) for n in ("before", "after")),
        *(pa.field(n, pa.int64()) for n in ("n_new", "n_gone", "n_changed")),
    ]
)
"""kind: input (receipts of a kind), cause (whatever else a release follows from), table (rows),
column (``table.column`` that came or went)."""
LIBRARY = "library "
"""Before the name of one, among the causes."""
STAMPED = {column.name for column in STAMPS}
Facts = Mapping[str, Any]
Row = dict[str, Any]


class Cause(NamedTuple):
    """One thing that a release follows from, as it was and as it is."""

    name: str
    before: str
    after: str


class Release(NamedTuple):
    """A written release: its files, its facts, and the digest and rows of its tables."""

    database: Path
    csv: Path
    """The folder of its csv files."""
    facts: Facts
    tables: Mapping[str, Mapping[str, Any]]


def causes_apart(before: Facts, after: Facts) -> Iterator[Cause]:
    """What differs beside what arrived; an empty text where a side does not say."""
    named = {
        "design": "design_digest",
        "protocol": "protocol_digest",
        "keys": "keys_fingerprint",
        "code": "code_version",
        "language": "language",
    }
    sides = [
        {name: side.get(fact) or "" for name, fact in named.items()} for side in (before, after)
    ]
    for side, facts in zip(sides, (before, after), strict=True):
        versions = facts.get("versions", {})
        side |= {f"{LIBRARY}{name}": versions[name] for name in sorted(versions)}
    for name in sides[0] | sides[1]:
        one, other = (side.get(name, "") for side in sides)
        if one != other:
            yield Cause(name, one, other)


def inputs_apart(before: Facts, after: Facts) -> dict[str, tuple[int, int]]:
    """Kind of receipt → how many are new, and how many are gone."""
    one, other = (
        {entry["receipt_id"]: entry["kind"] for entry in facts.get("inputs", ())}
        for facts in (before, after)
    )
    new = [kind for receipt, kind in other.items() if receipt not in one]
    gone = [kind for receipt, kind in one.items() if receipt not in other]
    return {kind: (new.count(kind), gone.count(kind)) for kind in sorted({*new, *gone})}


def changes_csv(
    previous: str, before: Release | None, after: Release, contracts: Sequence[TableContract]
) -> bytes:
    """The file, in the csv rule of the tables; of the first release the heading alone.

    A table without a line says the same of every key; its stamps are causes, not changes. Where
    the release before cannot be read, causes are told and no tables.
    """
    rows: list[Row] = []
    if before is not None:
        apart = inputs_apart(before.facts, after.facts).items()
        rows += [_row("input", kind, n_new=new, n_gone=gone) for kind, (new, gone) in apart]
        for cause in causes_apart(before.facts, after.facts):
            rows.append(_row("cause", cause.name, before=cause.before, after=cause.after))
        rows += _tables_apart(before, after, contracts)
    told = [{"previous_release": previous, **row} for row in rows]
    return csv_bytes(pa.Table.from_pylist(told, schema=SCHEMA))


def _row(kind: str, name: str, **told: Any) -> Row:
    return {"kind": kind, "name": name, **told}


def _tables_apart(before: Release, after: Release, contracts: Sequence[TableContract]) -> list[Row]:
    rows: list[Row] = []
    keys = {contract.name: contract.key for contract in contracts}
    try:
        with offline() as connection:
            for name, release in (("before", before), ("after", after)):
                connection.execute(f"attach '{quoted(release.database)}' as {name} (read_only)")
            columns = _columns(connection)
            for table in sorted({*before.tables, *after.tables}):
                one, other = before.tables.get(table), after.tables.get(table)
                if one is None or other is None:
                    counts = {"n_new": (other or {}).get("n_rows", 0)}
                    counts["n_gone"] = (one or {}).get("n_rows", 0)
                    rows.append(_row("table", table, **counts))
                elif one["digest"] != other["digest"] and not _says_the_same(before, after, table):
                    rows += _table_apart(connection, table, keys[table], columns)
    except duckdb.Error:
        return []
    return rows


def _says_the_same(before: Release, after: Release, table: str) -> bool:
    """Whether the csv files differ in nothing but their stamps: most do from night to night."""
    paths = [release.csv / f"{table}.csv" for release in (before, after)]
    if not all(path.is_file() for path in paths) or len({p.stat().st_size for p in paths}) > 1:
        return False
    one, other = (
        path.read_bytes().replace(_stamp(release), b"\n")
        for path, release in zip(paths, (before, after), strict=True)
    )
    return one == other


def _stamp(release: Release) -> bytes:
    """How every row ends."""
    told = [str(release.facts.get(column.name, "")) for column in STAMPS]
    return f";{';'.join(told)}\r\n".encode()


def _columns(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], dict[str, str]]:
    """Side and table → its columns with their types."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    told = connection.execute(
        "select database_name, table_name, column_name, data_type from duckdb_columns() "
        "where database_name in ('before', 'after') order by column_index"
    )
    for side, table, column, kind in told.fetchall():
        found.setdefault((side, table), {})[column] = kind
    return found


def _table_apart(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    key: Sequence[str],
    columns: Mapping[tuple[str, str], Mapping[str, str]],
) -> Iterator[Row]:
    """The rows that came, went or say something else in the columns both have, by the key."""
    one, other = columns["before", table], columns["after", table]
    for column in [c for c in {**one, **other} if one.get(c) != other.get(c)]:
        here = {"n_new": int(column in other), "n_gone": int(column in one)}
        yield _row("column", f"{table}.{column}", before=one.get(column), after=other.get(column),
                   **here)  # fmt: skip
    shared = [c for c in other if one.get(c) == other[c] and c not in STAMPED]
    if not {*key} <= {*shared}:
        yield _row("table", table)
        return
    told = ", ".join(f'"{c}"' for c in shared)
    sides = [
        f"(select {', '.join(_named(key))}, true as is_there, row({told}) as said "  # noqa: S608
        f'from {side}.main."{table}")'
        for side in ("before", "after")
    ]
    alike = " and ".join(f"b.k{n} is not distinct from a.k{n}" for n, _key in enumerate(key))
    [counts] = connection.execute(
        "select count(*) filter (where b.is_there is null), "  # noqa: S608
        "count(*) filter (where a.is_there is null), count(*) filter (where a.is_there and "
        f"b.is_there and a.said is distinct from b.said) from {sides[0]} as b "
        f"full join {sides[1]} as a on {alike}"
    ).fetchall()
    if any(counts):
        yield _row(
            "table", table, **dict(zip(("n_new", "n_gone", "n_changed"), counts, strict=True))
        )


def _named(key: Sequence[str]) -> list[str]:
    return [f'"{name}" as k{n}' for n, name in enumerate(key)]
