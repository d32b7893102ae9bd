"""The row account: for every file that arrived, the one end each of its rows came to."""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from agir_pipeline.errors import CheckError, InfrastructureError
from agir_pipeline.language import _

ENDS = ("accepted", "rejected", "duplicate", "blank", "outside", "erased")

SCHEMA = f"""
create table if not exists landings (
    receipt_id text not null,
    received_at text not null,
    file_name text not null,
    how text not null,
    is_repeat integer not null
);
create table if not exists inbox_looks (
    path text primary key,
    look text not null
);
create table if not exists row_ends (
    receipt_id text not null,
    reading text not null,
    sheet text not null,
    n_rows integer not null,
    {", ".join(f"{end} integer not null check ({end} >= 0)" for end in ENDS)},
    primary key (receipt_id, reading, sheet),
    check (n_rows = {" + ".join(ENDS)})
);
create table if not exists refusals (
    receipt_id text not null,
    reading text not null,
    code text not null,
    sentence text not null,
    primary key (receipt_id, reading)
);
create table if not exists findings (
    receipt_id text not null,
    reading text not null,
    code text not null,
    sheet text not null,
    place text not null,
    n integer not null
);
create table if not exists checks (
    step text not null,
    name text not null,
    status text not null check (status in ('passed', 'warned', 'failed')),
    sentence text not null,
    primary key (step, name)
);
"""


class FileAccount(NamedTuple):
    """What became of the rows of one file, as read under one contract."""

    receipt_id: str
    reading: str
    ends: Mapping[str, Mapping[str, int]]
    """Sheet → end → rows, and ``n_rows``."""
    refusal: tuple[str, str] | None
    """Code and sentence, when it is refused whole."""
    findings: Sequence[tuple[str, str, str, int]]
    """Code, sheet, place and number of places."""


class Ledger:
    """Counts, reasons and clock times; never a value of a row."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            connection = sqlite3.connect(self.path, timeout=30)
            try:
                with connection:
                    connection.executescript("pragma journal_mode=wal;" + SCHEMA)
                    connection.row_factory = sqlite3.Row
                    yield connection
            finally:
                connection.close()
        except sqlite3.Error as fault:
            raise InfrastructureError(
                _("the ledger {path} cannot be used: {cause}").format(
                    path=self.path, cause=type(fault).__name__
                )
            ) from None

    def record_landings(self, landings: Iterable[tuple[str, str, str, str, bool]]) -> None:
        """Many arrivals in one transaction: a history of hundreds of files."""
        with self._open() as connection:
            connection.executemany("insert into landings values (?, ?, ?, ?, ?)", landings)

    def inbox_looks(self) -> dict[str, str]:
        """How each file of the inbox looked when it was last taken in."""
        return {row["path"]: row["look"] for row in self._rows("select * from inbox_looks")}

    def record_looks(self, looks: Mapping[str, str]) -> None:
        with self._open() as connection:
            connection.executemany(
                "insert or replace into inbox_looks values (?, ?)", looks.items()
            )

    def forget_looks(self, places: Iterable[str]) -> None:
        with self._open() as connection:
            connection.executemany(
                "delete from inbox_looks where path = ?", [(place,) for place in places]
            )

    def replace_texts(self, names: Mapping[str, str]) -> None:
        """Put other names of files in the place of known ones, wherever they stand."""
        places = (
            *(("landings", "file_name"), ("refusals", "sentence"), ("checks", "sentence")),
            *(("inbox_looks", "look"), ("inbox_looks", "path")),
        )
        with self._open() as connection:
            for table, column in places:
                connection.executemany(
                    f"update {table} set {column} = replace({column}, ?, ?)",  # noqa: S608
                    names.items(),
                )

    def compact(self) -> None:
        """Leave nothing of what was deleted in the free pages of the file or beside it."""
        with self._open():
            pass
        vacuum(self.path)

    def record_readings(self, accounts: Iterable[FileAccount]) -> None:
        """Account for files, all or none; the database refuses a false account.

        Raises:
            CheckError: the ends of a sheet do not add up to its rows.
        """
        with self._open() as connection:
            for account in accounts:
                with _balanced(account.receipt_id):
                    _record(connection, account)

    def readings(self) -> set[tuple[str, str]]:
        """The (receipt, reading) couples already accounted for."""
        rows = self._rows(
            "select receipt_id, reading from row_ends "
            "union select receipt_id, reading from refusals"
        )
        return {(row["receipt_id"], row["reading"]) for row in rows}

    def replace_checks(self, step: str, checks: Iterable[tuple[str, str, str]]) -> None:
        """Keep the last results (name, status, sentence) of a step's checks."""
        with self._open() as connection:
            connection.execute("delete from checks where step = ?", (step,))
            connection.executemany(
                "insert into checks values (?, ?, ?, ?)", [(step, *check) for check in checks]
            )

    def checks(self) -> list[dict[str, Any]]:
        return self._rows("select * from checks order by step, name")

    def row_ends(self) -> list[dict[str, Any]]:
        return self._rows("select * from row_ends order by receipt_id, reading, sheet")

    def spoilt(self) -> dict[tuple[str, str], int]:
        """(receipt, reading) → rows, of the files each row of which was rejected."""
        rows = self._rows(
            "select receipt_id, reading, sum(rejected) as n from row_ends "
            "group by receipt_id, reading having n > 0 and sum(accepted + duplicate) = 0"
        )
        return {(row["receipt_id"], row["reading"]): row["n"] for row in rows}

    def refusals(self) -> list[dict[str, Any]]:
        return self._rows("select * from refusals order by receipt_id, reading")

    def findings(self) -> list[dict[str, Any]]:
        return self._rows("select * from findings order by receipt_id, reading, code, place")

    def landings(self) -> list[dict[str, Any]]:
        return self._rows("select * from landings order by received_at, receipt_id")

    def _rows(self, query: str) -> list[dict[str, Any]]:
        with self._open() as connection:
            return [dict(row) for row in connection.execute(query).fetchall()]


def vacuum(path: Path) -> None:
    """Write an SQLite file anew, without its free pages, and empty the journal beside it."""
    connection = sqlite3.connect(path, timeout=30, isolation_level=None)
    try:
        connection.execute("vacuum")
        connection.execute("pragma wal_checkpoint(truncate)")
    finally:
        connection.close()


@contextmanager
def _balanced(receipt_id: str) -> Iterator[None]:
    try:
        yield
    except sqlite3.IntegrityError:
        raise CheckError(
            _(
                "receipt {receipt}: the rows that came to an end do not add up to the rows of the "
                "file; nothing of it is recorded"
            ).format(receipt=receipt_id)
        ) from None


def _record(connection: sqlite3.Connection, account: FileAccount) -> None:
    place = (account.receipt_id, account.reading)
    for table in ("row_ends", "refusals", "findings"):
        connection.execute(
            f"delete from {table} where receipt_id = ? and reading = ?",  # noqa: S608
            place,
        )
    connection.executemany(
        f"insert into row_ends values (?, ?, ?, ?{', ?' * len(ENDS)})",  # noqa: S608
        [
            (*place, sheet, n["n_rows"], *(n.get(end, 0) for end in ENDS))
            for sheet, n in account.ends.items()
        ],
    )
    if account.refusal:
        connection.execute("insert into refusals values (?, ?, ?, ?)", (*place, *account.refusal))
    connection.executemany(
        "insert into findings values (?, ?, ?, ?, ?, ?)",
        [(*place, *finding) for finding in account.findings],
    )
