"""Identities, links and the raw values of rejected rows: the only place where they stand."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

from agir_pipeline.errors import InfrastructureError
from agir_pipeline.language import _
from agir_pipeline.resources.ledger import vacuum

TABLES = {
    "identities": (
        "source text not null, entity_key text not null, record_id text not null, "
        "provider text not null, known_on text not null, identity text not null"
    ),
    "links": (
        "source text not null, entity_key text not null, entity_id text not null, "
        "person_id text not null, anchor text not null, rule text not null, "
        "known_on text not null, superseded_on text"
    ),
    "undecided": (
        "source text not null, entity_key text not null, rule text not null, "
        "n_candidates integer not null, touches_beneficiary integer not null, "
        "known_on text not null"
    ),
    "review": (
        "source_a text not null, key_a text not null, source_b text not null, "
        "key_b text not null, fingerprint_a text, fingerprint_b text, rule text not null, "
        "touches_beneficiary integer not null, is_answered integer not null, "
        "known_on text not null"
    ),
    "tombstones": "mark text not null, erasure text not null, erased_on text not null",
    "erasing": "plan text not null",
    "decisions_told": "what text not null, n integer not null",
    "unlisted_keys": "source text not null, column_name text not null, record_id text not null",
    "scores": (
        "fingerprint_a text not null, fingerprint_b text not null, probability real not null, "
        "model text not null"
    ),
    "scored": "fingerprint text not null, is_left_over integer not null, model text not null",
    "quarantine": (
        "receipt_id text not null, source text not null, file_name text not null, "
        "sheet text not null, row_number integer not null, column_name text not null, "
        "rule text not null, found text"
    ),
    "surprises": (
        "receipt_id text not null, source text not null, file_name text not null, "
        "code text not null, row_number integer, column_name text not null"
    ),
    "unheard_decisions": (
        "source text not null, receipt_id text not null, sheet text not null, "
        "row_number integer not null, reason text not null"
    ),
    "rows_to_settle": (
        "source text not null, provider text not null, entity_key text not null, "
        "missing_since text not null"
    ),
    "cells_to_review": (
        "source text not null, provider text not null, file_name text not null, "
        "extracted_on text not null, sheet text not null, row_number integer not null, "
        "column_name text not null, rule text not null, found text, entity_key text"
    ),
    "headings_to_review": (
        "source text not null, provider text not null, file_name text not null, "
        "extracted_on text not null, letter text not null, heading text not null, "
        "column_name text not null, heading_before text not null, likeness real not null"
    ),
}


class Vault:
    """One SQLite file, mode 0600, deleted content overwritten; a disposable one per past day."""

    def __init__(self, folder: Path, as_of: str | None = None) -> None:
        self.folder = folder
        self.path = folder / (f"as_of-{as_of}.sqlite" if as_of else "vault.sqlite")

    def create(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.chmod(self.folder, 0o700)
        with self.transaction():
            pass

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing; faults are told by their class, never with a value."""
        connection = None
        try:
            # SQLite would make a new file readable by whoever the site's mask lets in.
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
            connection = sqlite3.connect(self.path, timeout=30)
            connection.execute("pragma secure_delete = on")
            with connection:
                for table, columns in TABLES.items():
                    connection.execute(f"create table if not exists {table} ({columns})")
                yield connection
        except (sqlite3.Error, OSError) as fault:
            raise InfrastructureError(
                _("the vault {path} cannot be used: {cause}").format(
                    path=self.path, cause=type(fault).__name__
                )
            ) from None
        finally:
            if connection is not None:
                connection.close()

    def compact(self) -> None:
        """Leave nothing of what was deleted in the free pages of the file."""
        with self.transaction():
            pass
        vacuum(self.path)

    def replace(self, connection: sqlite3.Connection, table: str, rows: pd.DataFrame) -> None:
        """Put ``rows`` in the place of a table's content, inside the caller's transaction."""
        columns = [part.split()[0] for part in TABLES[table].split(", ")]
        connection.execute(f"delete from {table}")  # noqa: S608
        plain = rows[columns].astype(object).where(rows[columns].notna(), None)
        connection.executemany(
            f"insert into {table} values ({', '.join('?' * len(columns))})",  # noqa: S608
            plain.itertuples(index=False, name=None),
        )

    def read(self, table: str) -> pd.DataFrame:
        with self.transaction() as connection:
            return pd.read_sql_query(f"select * from {table}", connection)  # noqa: S608

    def broken_rows(self) -> list[tuple[str, str, int]]:
        """Receipt, rule, and how many rows of the file broke it: no value leaves the vault."""
        query = (
            "select receipt_id, rule, count(distinct sheet || '/' || row_number) "
            "from quarantine group by receipt_id, rule order by receipt_id, rule"
        )
        with self.transaction() as connection:
            return connection.execute(query).fetchall()
