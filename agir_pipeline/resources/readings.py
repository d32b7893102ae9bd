"""Deliveries read once: what a file said under a contract is kept beside the identities.

The key of a reading is (bytes, source contract, provider's layout, reader version): a night with
three new files parses three files.
"""

import hashlib
import hmac
import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa

from agir_pipeline.methods.decisions.layouts import AS_RECEIVED, Amendment, answered, joined
from agir_pipeline.methods.identity.erasing import marks_of, rows_with
from agir_pipeline.methods.reading.answer_states import Added, added_fields
from agir_pipeline.methods.reading.answered import AnswerReader
from agir_pipeline.methods.reading.exports import in_codes
from agir_pipeline.methods.reading.grid import Grid, Refusal
from agir_pipeline.methods.reading.headings import header_of
from agir_pipeline.methods.reading.nir import nir_refusal
from agir_pipeline.methods.reading.questionnaire import Questionnaire
from agir_pipeline.methods.reading.redacted import RedactedCopy, blanked, rows_below
from agir_pipeline.methods.reading.rows import Quarantined, RowReader
from agir_pipeline.methods.reading.sheets import FileRead, read_sheets
from agir_pipeline.methods.reading.structure_files import CONTAINER
from agir_pipeline.protocol.lookup_tables import read_table
from agir_pipeline.protocol.model import Protocol, Source
from agir_pipeline.resources.intake import Intake
from agir_pipeline.resources.kept_readings import keep_parts, kept_parts, memory_given_back
from agir_pipeline.resources.landing import Landing
from agir_pipeline.resources.parser import Parser, Request, collector_paused
from agir_pipeline.resources.receipts import Receipt
from agir_pipeline.resources.refusals import told_refusal

READER_VERSION = "13"
PASSING = frozenset(
    {
        *("reader_died", "reader_too_slow"),
        *("file_too_large", "inflates_too_much", "too_many_members", "far_cell"),
        *("macros", "encrypted", "no_unlocker", "wrong_password"),
    }
)
"""Refusals by the machine or by the settings of the site: tried again, never kept."""
NO_ROWS = pa.table({})


@dataclass(frozen=True)
class Reading:
    """What one delivery said: its accepted rows, what was wrong, and the account of its rows."""

    receipt: Receipt
    contract: str
    """Under which contract it was read: a hash of layout, columns and reader version."""
    rows: pa.Table
    """As ``RowsRead.rows``; no columns when the file is refused whole."""
    quarantine: Sequence[Quarantined]
    ends: Mapping[str, Mapping[str, int]]
    findings: list[tuple[str, str, str, int]]
    refusal: tuple[str, str] | None
    """(code, sentence) when the file is refused whole."""
    is_new: bool
    """Whether the file was parsed just now."""

    @property
    def rejected_keys(self) -> frozenset[str]:
        """The business keys of its rejected rows, where they could be read."""
        return frozenset(one.entity_key for one in self.quarantine if one.entity_key is not None)

    @property
    def has_nameless_rejects(self) -> bool:
        """Whether a rejected row does not say whose it is: then nobody is known to have left."""
        return any(one.entity_key is None for one in self.quarantine)


class Readings:
    """Reads deliveries of one protocol, from the cache where it can."""

    def __init__(
        self,
        cache: Path,
        landing: Landing,
        protocol: Protocol,
        record_key: bytes,
        intake: Intake | None = None,
        is_erased: Callable[[str], bool] | None = None,
        expired: Collection[str] = (),
    ) -> None:
        self.cache = cache
        self.landing = landing
        self.protocol = protocol
        self.record_key = record_key
        self.intake = intake or Intake()
        self._is_erased = is_erased
        """Whether a mark is of somebody who had the data erased; None while nobody has."""
        self.expired = frozenset(expired)
        """Sources whose rows may be kept no longer."""
        self.tables = lookup_tables(protocol)
        self.contracts = contracts_in_force(protocol)
        self.unfit: dict[str, Refusal] = {}
        """Receipts read just now whose bytes may not be kept, and why."""
        self._readers: dict[tuple[Any, ...], RowReader] = {}
        self._questionnaires: dict[str, Questionnaire | None] = {}

    def read(
        self,
        receipt: Receipt,
        parser: Parser,
        structures: Sequence[Receipt] = (),
        amendment: Amendment = AS_RECEIVED,
    ) -> Reading:
        """The reading of one delivery; parses it only if nobody has under this contract.

        ``structures`` say what questionnaires ask; those of other sources do not matter.
        ``amendment`` is what decisions change about it. A reading that is kept but damaged is
        made again: the file as received still stands.
        """
        contract = self.contracts[receipt.source]
        versions = structures_in_force(receipt, structures)
        path = self._path(receipt, contract, versions, amendment)
        kept = kept_parts(path)
        if kept is not None:
            return self._reading(receipt, contract, *kept, is_new=False)
        with collector_paused(), memory_given_back():
            read = self._parse(receipt, parser, versions, amendment)
        if isinstance(read, Refusal) and read.code in PASSING:
            refusal = (read.code, told_refusal(read, receipt, self.protocol))
            return Reading(receipt, contract, NO_ROWS, [], {}, [], refusal, is_new=True)
        rows, outcome = _parts(read)
        keep_parts(path, rows, outcome)
        return self._reading(receipt, contract, rows, outcome, is_new=True)

    def _reading(
        self,
        receipt: Receipt,
        contract: str,
        rows: pa.Table,
        outcome: Mapping[str, Any],
        *,
        is_new: bool,
    ) -> Reading:
        """What was made or kept of a delivery; its refusal in the language in force now."""
        kept = outcome["refusal"]
        refusal = Refusal.from_json(kept) if kept else None
        return Reading(
            receipt=receipt,
            contract=contract,
            rows=rows,
            quarantine=[Quarantined(*one) for one in outcome["quarantine"]],
            ends=outcome["ends"],
            findings=[tuple(finding) for finding in outcome["findings"]],
            refusal=(refusal.code, told_refusal(refusal, receipt, self.protocol))
            if refusal
            else None,
            is_new=is_new,
        )

    def _path(
        self, receipt: Receipt, contract: str, versions: Sequence[Receipt], amendment: Amendment
    ) -> Path:
        drawn = receipt.extracted_on or receipt.known_on
        parts = [receipt.object_name, contract, receipt.provider, drawn.isoformat()]
        if any(column.not_after for column in self.protocol.source(receipt.source).columns):
            parts.append(receipt.known_on.isoformat())
        parts += [f"{one.sha256} {one.known_on}" for one in versions]
        parts += [repr(amendment)] if amendment != AS_RECEIVED else []
        name = hmac.digest(self.record_key, "\x1f".join(parts).encode(), "sha256").hex()
        return self.cache / name[:2] / f"{name}.arrow"

    def grids(
        self, receipt: Receipt, parser: Parser, sheets: Sequence[str] = ()
    ) -> list[Grid] | Refusal:
        """The sheets of one delivery as they are written: ``sheets``, else those of its layout."""
        if receipt.stands_as:
            layout = self.protocol.source(receipt.source).as_delivered_by(receipt.provider)
            copy = RedactedCopy.from_bytes(self.landing.content(receipt))
            return copy.chosen(sheets or layout.wanted_sheets)
        asked = self._request(receipt, sheets)
        return parser.read_sheets(
            *(asked.path, asked.sheets, asked.encoding),
            limits=asked.limits,
            password=asked.password,
        )

    def request(
        self,
        receipt: Receipt,
        structures: Sequence[Receipt] = (),
        amendment: Amendment = AS_RECEIVED,
    ) -> Request | None:
        """What ``read`` will ask a parser; None for a delivery that was read before."""
        versions = structures_in_force(receipt, structures)
        path = self._path(receipt, self.contracts[receipt.source], versions, amendment)
        return None if receipt.stands_as or path.exists() else self._request(receipt)

    def _request(self, receipt: Receipt, sheets: Sequence[str] = ()) -> Request:
        layout = self.protocol.source(receipt.source).as_delivered_by(receipt.provider)
        return Request(
            self.landing.object_path(receipt.object_hash),
            tuple(sheets or layout.wanted_sheets),
            layout.encoding,
            self.intake.limits(receipt.source),
            self.intake.password(receipt.provider),
        )

    def _parse(
        self, receipt: Receipt, parser: Parser, versions: Sequence[Receipt], amendment: Amendment
    ) -> FileRead | Refusal:
        asked = self._questionnaire(versions[-1], parser) if versions else None
        added = self._added(versions, parser)
        reader = self._reader(receipt.source, receipt.provider, asked, amendment, added)
        layout = reader.source
        grids = self.grids(receipt, parser)
        if isinstance(grids, Refusal):
            return grids
        if refused := [found for found in map(nir_refusal, grids) if found]:
            self.unfit[receipt.receipt_id] = refused[0]
            return refused[0]
        if asked is not None:
            coded = [in_codes(grid, asked) for grid in grids]
            grids = [grid for grid in coded if isinstance(grid, Grid)]
            if refused := [grid for grid in coded if isinstance(grid, Refusal)]:
                return refused[0]
        drawn = receipt.extracted_on or receipt.known_on

        def read(some: Sequence[Grid]) -> FileRead:
            some = [answered(amendment.grid(one, layout, drawn), layout, drawn) for one in some]
            if self._is_erased or layout.name in self.expired:
                some = [self._blanked(reader, one, drawn) for one in some]
            names = (receipt.provider, drawn, receipt.object_name, receipt.known_on)
            told = read_sheets(reader, some, *names)
            return amendment.told(told, some)

        names = self._sheets_for_review(layout, grids)
        others = [self.grids(receipt, parser, [name]) for name in names]
        return joined([read(grids), *(read(one) for one in others if isinstance(one, list))])

    @property
    def rules(self) -> tuple[tuple[str, ...], ...]:
        identity = self.protocol.identity
        return identity.same_when if identity else ()

    def _blanked(self, reader: RowReader, grid: Grid, drawn: date) -> Grid:
        """The sheet without the rows of people who had their data erased before it came."""
        if reader.source.name in self.expired:
            gone = set(rows_below(grid, header_of(grid, reader.source, drawn)[0]))
        else:
            gone = self.rows_of(reader, grid, drawn, self._is_erased or (lambda _mark: False))
        return blanked(grid, gone) if gone else grid

    def erased_in(self, receipt: Receipt, grid: Grid, parser: Parser) -> set[int]:
        """The rows of a sheet, as it arrived, that may not be kept."""
        layout = self.protocol.source(receipt.source).as_delivered_by(receipt.provider)
        if layout.name in self.expired:
            drawn = receipt.extracted_on or receipt.known_on
            return set(rows_below(grid, header_of(grid, layout, drawn)[0]))
        is_erased = self._is_erased or (lambda _mark: False)
        rows = self.told(receipt, grid, parser)
        return {number for number, marks in rows if any(map(is_erased, marks))}

    def told(
        self, receipt: Receipt, grid: Grid, parser: Parser, structures: Sequence[Receipt] = ()
    ) -> Iterator[tuple[int, set[str]]]:
        """Number and marks of each row of a sheet, as the contract of its source reads it."""
        in_force = structures_in_force(receipt, structures)
        asked = self._questionnaire(in_force[-1], parser) if in_force else None
        added = self._added(in_force, parser)
        reader = self._reader(receipt.source, receipt.provider, asked, AS_RECEIVED, added)
        drawn = receipt.extracted_on or receipt.known_on
        coded = grid if asked is None else in_codes(grid, asked)
        if isinstance(coded, Grid):
            one = answered(coded, reader.source, drawn)
            name = reader.source.name
            wanted = {column for rule in self.rules for column in rule}
            for row in reader.told(one, drawn, wanted):
                marks = marks_of(name, row.entity_key, row.values, self.rules)
                yield row.row_number, set(marks)

    def rows_of(
        self, reader: RowReader, grid: Grid, drawn: date, is_theirs: Callable[[str], bool]
    ) -> set[int]:
        """The numbers of the rows of a sheet that have a mark of somebody."""
        wanted = {name for rule in self.rules for name in rule}
        told = reader.told(grid, drawn, wanted)
        return set(rows_with(told, reader.source.name, self.rules, is_theirs))

    def _sheets_for_review(self, layout: Source, grids: Sequence[Grid]) -> list[str]:
        """Sheets of a workbook of decisions in which corrections may have been filled in."""
        if layout.corrects is None:
            return []
        taken = {name for s in self.protocol.feeding("decision") for name in s.wanted_sheets}
        return [name for name in grids[0].ignored_sheets if name not in taken]

    def _questionnaire(self, structure: Receipt, parser: Parser) -> Questionnaire | None:
        """What a questionnaire asks; None when its structure cannot be read."""
        if structure.sha256 not in self._questionnaires:
            found = None
            if structure.how == "pull":
                text = self.landing.content(structure).decode()
                found = Questionnaire.from_json(text)
            else:
                grid = parser.read(self.landing.object_path(structure.sha256))
                if isinstance(grid, Grid) and grid.container == CONTAINER:
                    found = Questionnaire.from_json(grid.rows[0][1][0])
            self._questionnaires[structure.sha256] = found
        return self._questionnaires[structure.sha256]

    def _added(self, versions: Sequence[Receipt], parser: Parser) -> Added:
        """The questions that came to a questionnaire after its first version."""
        told = [(one.known_on, self._questionnaire(one, parser)) for one in versions]
        return added_fields([(day, asked) for day, asked in told if asked is not None])

    def _reader(
        self,
        source: str,
        provider: str,
        asked: Questionnaire | None,
        amendment: Amendment,
        added: Added,
    ) -> RowReader:
        book = asked.codebook if asked else ""
        key = (source, provider, book, amendment.headings, tuple(sorted(added.items())))
        if key not in self._readers:
            layout = amendment.layout(self.protocol.source(source).as_delivered_by(provider))
            if layout.feeds == "answer":
                reader: RowReader = AnswerReader(
                    *(layout, self.tables, self.record_key, asked, added)
                )
            else:
                reader = RowReader(layout, self.tables, self.record_key)
            self._readers[key] = reader
        return self._readers[key]


# ------------------------------------------------------------------------------- the cache


def _parts(read: FileRead | Refusal) -> tuple[pa.Table, dict[str, Any]]:
    if isinstance(read, Refusal):
        return NO_ROWS, {"ends": {}, "findings": [], "quarantine": [], "refusal": read.to_json()}
    return read.rows, {
        "ends": read.ends,
        "findings": [(f.code, f.sheet, f.place, f.n) for f in read.findings],
        "quarantine": read.quarantine,
        "refusal": read.refusal.to_json() if read.refusal else None,
    }


# --------------------------------------------------------------------------- the contracts


def structures_in_force(receipt: Receipt, structures: Sequence[Receipt]) -> list[Receipt]:
    """The versions of the questionnaire known with a delivery, the newest last; else the first
    one after it."""
    own = [structure for structure in structures if structure.source == receipt.source]
    known = [structure for structure in own if structure.known_on <= receipt.known_on]
    return known or own[:1]


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


def lookup_tables(protocol: Protocol) -> dict[str, list[tuple[str, ...]]]:
    """The tables that lie beside the protocol, by name."""
    names = frozenset().union(*(source.tables for source in protocol.sources))
    return {name: read_table(protocol.folder, name) for name in sorted(names)}
