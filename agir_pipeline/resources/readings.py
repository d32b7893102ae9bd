"""Deliveries read once: what a file said under a contract is kept beside the identities.

The key of a reading is (bytes, source contract, provider's layout, reader version): a night with
three new files parses three files.
"""

import hashlib
import hmac
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from agir_pipeline.methods.decisions.layouts import AS_RECEIVED, Amendment, answered, joined
from agir_pipeline.methods.reading.grid import Grid, Refusal
from agir_pipeline.methods.reading.rows import RowsRead, read_rows
from agir_pipeline.methods.reading.sentences import refusal_sentence
from agir_pipeline.methods.versions import row_digests
from agir_pipeline.protocol.lookup_tables import read_table
from agir_pipeline.protocol.model import Protocol, Source
from agir_pipeline.resources.files import disk_fault, flush
from agir_pipeline.resources.landing import Landing
from agir_pipeline.resources.parser import Parser
from agir_pipeline.resources.receipts import Receipt

READER_VERSION = "4"
PASSING = ("reader_died", "reader_too_slow")
"""Refusals that may be the machine's fault: tried again on the next night, never kept."""


@dataclass(frozen=True)
class Reading:
    """What one delivery said: its accepted rows, what was wrong, and the account of its rows."""

    receipt: Receipt
    contract: str
    """Under which contract it was read: a hash of layout, columns and reader version."""
    rows: pd.DataFrame
    quarantine: pd.DataFrame
    ends: Mapping[str, Mapping[str, int]]
    findings: list[tuple[str, str, str, int]]
    refusal: tuple[str, str] | None
    """(code, sentence) when the file is refused whole."""
    is_new: bool
    """Whether the file was parsed just now."""

    @property
    def rejected_keys(self) -> frozenset[str]:
        """The business keys of its rejected rows, where they could be read."""
        if self.quarantine.empty:
            return frozenset()
        return frozenset(self.quarantine["entity_key"].dropna())

    @property
    def has_nameless_rejects(self) -> bool:
        """Whether a rejected row does not say whose it is: then nobody is known to have left."""
        return not self.quarantine.empty and bool(self.quarantine["entity_key"].isna().any())


class Readings:
    """Reads deliveries of one protocol, from the cache where it can."""

    def __init__(
        self, cache: Path, landing: Landing, protocol: Protocol, record_key: bytes
    ) -> None:
        self.cache = cache
        self.landing = landing
        self.protocol = protocol
        self.record_key = record_key
        self.tables = lookup_tables(protocol)
        self.contracts = contracts_in_force(protocol)

    def read(self, receipt: Receipt, parser: Parser, amendment: Amendment = AS_RECEIVED) -> Reading:
        """The reading of one delivery; parses it only if nobody has under this contract.

        ``amendment`` is what decisions change about it. A reading that is kept but damaged is
        made again: the file as received still stands.
        """
        contract = self.contracts[receipt.source]
        folder = self._folder(receipt, contract, amendment)
        if folder.is_dir():
            try:
                return _reading(receipt, contract, *_kept(folder), is_new=False)
            except (OSError, ValueError, KeyError):
                shutil.rmtree(folder, ignore_errors=True)
        read = self._parse(receipt, parser, amendment)
        if isinstance(read, Refusal) and read.code in PASSING:
            return _unread(receipt, contract, read)
        rows, quarantine, outcome = _parts(read)
        self._keep(folder, rows, quarantine, outcome)
        return _reading(receipt, contract, rows, quarantine, outcome, is_new=True)

    def _folder(self, receipt: Receipt, contract: str, amendment: Amendment) -> Path:
        drawn = receipt.extracted_on or receipt.known_on
        parts = [receipt.sha256, contract, receipt.provider, drawn.isoformat()]
        if amendment != AS_RECEIVED:
            parts.append(repr(amendment))
        name = hmac.digest(self.record_key, "\x1f".join(parts).encode(), "sha256").hex()
        return self.cache / name[:2] / name

    def _parse(
        self, receipt: Receipt, parser: Parser, amendment: Amendment
    ) -> "RowsRead | Refusal":
        source = self.protocol.source(receipt.source).as_delivered_by(receipt.provider)
        layout = amendment.layout(source)
        path = self.landing.object_path(receipt.sha256)
        grid = parser.read(path, sheet=layout.sheet, encoding=layout.encoding)
        if not isinstance(grid, Grid):
            return grid
        others = self._sheets_for_review(layout, grid)
        grids = [grid, *(parser.read(path, sheet=name) for name in others)]
        return joined(
            [self._rows(receipt, layout, one, amendment) for one in grids if isinstance(one, Grid)]
        )

    def _sheets_for_review(self, layout: Source, grid: Grid) -> list[str]:
        """Sheets of a workbook of decisions in which corrections may have been filled in."""
        if layout.corrects is None:
            return []
        taken = {source.sheet for source in self.protocol.feeding("decision")}
        return [name for name in grid.ignored_sheets if name not in taken]

    def _rows(self, receipt: Receipt, layout: Source, grid: Grid, amendment: Amendment) -> RowsRead:
        day = receipt.extracted_on or receipt.known_on
        grid = answered(amendment.grid(grid, layout, day), layout, day)
        read = read_rows(
            grid,
            layout,
            provider=receipt.provider,
            delivered_on=day,
            record_key=self.record_key,
            object_digest=receipt.sha256,
            tables=self.tables,
        )
        return amendment.told(read, grid)

    def _keep(
        self, folder: Path, rows: pd.DataFrame, quarantine: pd.DataFrame, outcome: dict[str, Any]
    ) -> None:
        """Write all parts under a temporary name, then rename: a reading is whole or absent."""
        temporary = folder.with_name(f".{folder.name}.{os.getpid()}.tmp")
        try:
            temporary.mkdir(parents=True, exist_ok=True, mode=0o700)
            rows.to_parquet(temporary / "rows.parquet", index=False)
            if outcome["has_quarantine"]:
                quarantine.to_parquet(temporary / "quarantine.parquet", index=False)
            (temporary / "outcome.json").write_text(json.dumps(outcome), encoding="utf-8")
            for part in temporary.iterdir():
                flush(part)
            os.replace(temporary, folder)
        except OSError as fault:
            shutil.rmtree(temporary, ignore_errors=True)
            raise disk_fault(folder, fault) from None


def contracts_in_force(protocol: Protocol) -> dict[str, str]:
    """Source → the hash of all that decides today how its files are read."""
    tables = lookup_tables(protocol)
    return {source.name: contract_digest(source, tables) for source in protocol.sources}


def contract_digest(source: Source, tables: Mapping[str, Any]) -> str:
    """A hash of all that decides how a file of ``source`` is read."""
    used = {name: tables[name] for name in source.tables}
    content = json.dumps(
        [READER_VERSION, source.model_dump(mode="json"), used], sort_keys=True, default=str
    )
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def lookup_tables(protocol: Protocol) -> dict[str, list[tuple[str, str, str]]]:
    """The tables that lie beside the protocol, by name."""
    names = frozenset().union(*(source.tables for source in protocol.sources))
    return {name: read_table(protocol.folder, name) for name in sorted(names)}


def _parts(read: "RowsRead | Refusal") -> tuple[pd.DataFrame, pd.DataFrame, dict[str, Any]]:
    if isinstance(read, Refusal):
        outcome: dict[str, Any] = {
            "ends": {},
            "findings": [],
            "refusal": read.to_json(),
            "has_quarantine": False,
        }
        return pd.DataFrame(), pd.DataFrame(), outcome
    values = read.rows.drop(columns=["record_id", "sheet", "row_number"])
    outcome = {
        "ends": dict(read.ends),
        "findings": [(f.code, f.sheet, f.place, f.n) for f in read.findings],
        "refusal": read.refusal.to_json() if read.refusal else None,
        "has_quarantine": len(read.quarantine) > 0,
    }
    return read.rows.assign(row_digest=row_digests(values)), read.quarantine, outcome


def _kept(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, Any]]:
    """Most files break no rule: they have no quarantine."""
    outcome = json.loads((folder / "outcome.json").read_text(encoding="utf-8"))
    quarantine = pd.DataFrame()
    if outcome["has_quarantine"]:
        quarantine = pd.read_parquet(folder / "quarantine.parquet")
    return pd.read_parquet(folder / "rows.parquet"), quarantine, outcome


def _reading(
    receipt: Receipt,
    contract: str,
    rows: pd.DataFrame,
    quarantine: pd.DataFrame,
    outcome: Mapping[str, Any],
    *,
    is_new: bool,
) -> Reading:
    return Reading(
        receipt=receipt,
        contract=contract,
        rows=rows,
        quarantine=quarantine,
        ends=outcome["ends"],
        findings=[tuple(finding) for finding in outcome["findings"]],
        refusal=_refusal(outcome["refusal"], receipt),
        is_new=is_new,
    )


def _unread(receipt: Receipt, contract: str, refusal: Refusal) -> Reading:
    none = pd.DataFrame()
    sentence = refusal_sentence(refusal, receipt.file_name)
    return Reading(receipt, contract, none, none, {}, [], (refusal.code, sentence), is_new=True)


def _refusal(kept: dict[str, Any] | None, receipt: Receipt) -> tuple[str, str] | None:
    """The code, and the sentence in the language in force now."""
    if kept is None:
        return None
    refusal = Refusal.from_json(kept)
    return refusal.code, refusal_sentence(refusal, receipt.file_name)
