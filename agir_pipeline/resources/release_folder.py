"""The folder of one release: written whole, and checked against its own manifest."""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from agir_pipeline.contracts.model import TableContract
from agir_pipeline.language import _, mark
from agir_pipeline.resources.files import flush
from agir_pipeline.resources.release_changes import CHANGES, Release, changes_csv
from agir_pipeline.resources.release_files import (
    Printed,
    arrow_table,
    duckdb_digests,
    parquet_bytes,
    write_duckdb,
)
from agir_pipeline.resources.release_texts import data_package, dictionary_page, read_me

TIER = "tier1"
MANIFEST = "MANIFEST.json"
CERTIFICATE = "certificate.json"
SCHEMA_NAMES = frozenset({"main", "temp", "system", "information_schema", "pg_catalog"})
CSV_RULE = mark(
    "; between cells, decimal comma, CRLF, UTF-8 with BOM, ISO dates; a missing value is empty, an "
    "empty text is two quotes; a text that begins with = + - @ ' tab or carriage return has one "
    "apostrophe put before it"
)
DATABASE_RULE = mark(
    "not hashed: a DuckDB file has no fixed bytes; its tables have the digests above"
)


@dataclass(frozen=True)
class ReleaseContent:
    """What a release is made of. Tables are as their contracts have checked them.

    ``facts`` goes into the manifest: at least ``state_digest``, ``protocol_digest`` and
    ``code_version``, and nothing that depends on the clock, the folder or the machine.
    """

    release_id: str
    study: str
    title: str
    language: str
    tables: Mapping[str, pd.DataFrame]
    contracts: Sequence[TableContract]
    facts: Mapping[str, Any]
    pages: Mapping[str, str] = field(default_factory=dict)
    """Pages to read, by file name: they stand beside the tables and are hashed as they are."""
    audit_head: str = ""
    """Where the audit trail ended; like the clock it stands in the certificate alone."""

    @property
    def database(self) -> str:
        """A DuckDB file may not be named like a schema in it."""
        suffix = "_release" if self.study in SCHEMA_NAMES else ""
        return f"{self.study}{suffix}.duckdb"


def printed_tables(content: ReleaseContent) -> dict[str, Printed]:
    return {
        contract.name: Printed.of(
            arrow_table(content.tables[contract.name], contract, content.language)
        )
        for contract in content.contracts
    }


def damaged_files(folder: Path) -> list[str]:
    """The files of a release that are not as its manifest says; empty when it is whole."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return [MANIFEST]
    found = [
        name
        for name, sha256 in manifest["files"].items()
        if not (folder / name).is_file() or _sha256(folder / name) != sha256
    ]
    digests = {name: table["digest"] for name, table in manifest["tables"].items()}
    try:
        is_same = duckdb_digests(folder / manifest["database"], digests) == digests
    except duckdb.Error:
        is_same = False
    return found if is_same else [*found, manifest["database"]]


def write_release(
    folder: Path,
    content: ReleaseContent,
    tables: Mapping[str, Printed],
    previous: Path | None = None,
) -> None:
    """Every file of a release, flushed to the disk; the manifest after what it hashes.

    ``previous`` is the folder of the release before it, which ``changes.csv`` compares it with.

    Raises:
        OSError, duckdb.Error: the disk refused.
    """
    database = folder / TIER / content.database
    database.parent.mkdir(parents=True, mode=0o750)
    arrow = {name: printed.table for name, printed in tables.items()}
    with ThreadPoolExecutor(1) as beside:  # the files wait for the disk, DuckDB for nobody
        written_beside = beside.submit(
            write_duckdb, database, arrow, content.contracts, content.language
        )
        files = _hashed_files(content, tables)
        for name, written in files.items():
            _write_file(folder / name, written)
        written_beside.result()
    os.chmod(database, 0o440)
    flush(database)
    manifest = _manifest(content, tables, files)
    said = _as_json(manifest)
    _write_file(folder / MANIFEST, said)
    before = None if previous is None else _written(previous)
    after = Release(database, folder / TIER / "csv", content.facts, manifest["tables"])
    name = "" if previous is None else previous.name
    changes = changes_csv(name, before, after, content.contracts)
    _write_file(folder / CHANGES, changes)
    certificate = {
        "previous_release": name or None,
        "changes_sha256": hashlib.sha256(changes).hexdigest(),
        "manifest_sha256": hashlib.sha256(said).hexdigest(),
        "written_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "audit_head": content.audit_head,
    }
    _write_file(folder / CERTIFICATE, _as_json(certificate))
    for written_in in (folder / TIER / "parquet", folder / TIER / "csv", folder / TIER, folder):
        flush(written_in)


def _written(folder: Path) -> Release:
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    database = folder / manifest["database"]
    return Release(database, folder / TIER / "csv", manifest["facts"], manifest["tables"])


def _manifest(
    content: ReleaseContent, tables: Mapping[str, Printed], files: Mapping[str, bytes]
) -> dict[str, Any]:
    return {
        "release_id": content.release_id,
        "study": content.study,
        "language": content.language,
        "facts": content.facts,
        "tables": {
            name: {"n_rows": printed.table.num_rows, "digest": printed.digest}
            for name, printed in tables.items()
        },
        "files": {name: hashlib.sha256(written).hexdigest() for name, written in files.items()},
        "database": f"{TIER}/{content.database}",
        "database_rule": _(DATABASE_RULE),
        "csv_rule": _(CSV_RULE),
    }


def _hashed_files(content: ReleaseContent, tables: Mapping[str, Printed]) -> dict[str, bytes]:
    """Every file with fixed bytes, by its path in the release."""
    n_rows = {name: printed.table.num_rows for name, printed in tables.items()}
    contracts, language = content.contracts, content.language
    texts = {
        **content.pages,
        "dictionary.html": dictionary_page(content.title, contracts, n_rows, language),
        "README.md": read_me(
            content.title, content.release_id, content.database, contracts[0].name
        ),
        "datapackage.json": data_package(
            content.study, content.title, content.release_id, contracts, language
        ),
    }
    found = {f"{TIER}/{name}": text.encode() for name, text in texts.items()}
    for name, printed in tables.items():
        found[f"{TIER}/parquet/{name}.parquet"] = parquet_bytes(printed.table)
        found[f"{TIER}/csv/{name}.csv"] = printed.csv
    if "data_dictionary" in tables:
        found[f"{TIER}/dictionary.csv"] = tables["data_dictionary"].csv
    return dict(sorted(found.items()))


def _as_json(content: Mapping[str, Any]) -> bytes:
    text = json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True, default=str)
    return f"{text}\n".encode()


def _write_file(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
    with open(path, "xb", opener=lambda p, flags: os.open(p, flags, 0o440)) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
