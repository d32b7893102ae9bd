"""What has arrived, read and decided: every delivery with what the steward decided about it.

Decisions are read first. A file whose layout changed is held until it is accepted; a cell that
could not be read is read again as corrected; and what became usable later than it arrived counts
from the night of the decision.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import pandas as pd
import pyarrow as pa

from agir_pipeline.methods.decisions.corrections import Compute, Outcome, Row, carry_out
from agir_pipeline.methods.decisions.departures import Absence, Departure, absences, let_go
from agir_pipeline.methods.decisions.late import keys_of, with_late
from agir_pipeline.methods.decisions.layouts import Amendment
from agir_pipeline.methods.reading.changes import Change, delivery_changes
from agir_pipeline.methods.reading.derived import deriver
from agir_pipeline.methods.reading.records import row_digests
from agir_pipeline.methods.versions import Delivered
from agir_pipeline.protocol.model import Source
from agir_pipeline.resources.decisions import Decisions, decisions_in, typed_by
from agir_pipeline.resources.ledger import ENDS, FileAccount, Ledger
from agir_pipeline.resources.parser import Parser, Request
from agir_pipeline.resources.readings import Reading
from agir_pipeline.resources.receipts import Receipt
from agir_pipeline.resources.study import Study
from agir_pipeline.resources.surprises import (
    held_receipts,
    silent_columns,
    surprise_sentences,
    surprises,
)
from agir_pipeline.resources.usable import as_delivered

HELD = "held"
"""The code under which a delivery is refused whose layout waits for a decision."""
Rescued = Mapping[tuple[str, int], tuple[date, str, str]]
"""(sheet, row) → since when a correction makes it acceptable, its key and its column."""


@dataclass(frozen=True)
class Stock:
    """All readings in known order, and what was decided about them."""

    readings: tuple[Reading, ...]
    decisions: Decisions
    surprises: pd.DataFrame
    tables: Mapping[str, Any]
    usable_on: Mapping[str, date] = field(default_factory=dict)
    """Receipt → the night on which its layout was accepted, where that was later."""
    rescued: Mapping[str, "Rescued"] = field(default_factory=dict)
    """By receipt."""

    def as_read(self, source: Source) -> list[Delivered]:
        """The deliveries of a source as its files say them."""
        silent = silent_columns(source, self.surprises)
        return list(as_delivered(source, self.readings, silent))

    def absent(self, source: Source) -> tuple[list[Change], list[Absence]]:
        """What changed between the full files of a source, and the rows that left one of them."""
        is_full = {p.name: p.complete or p.is_cumulative for p in source.providers}
        changes = delivery_changes(self.as_read(source), is_full)
        return changes, absences(changes)

    def departures(self, source: Source) -> list[Departure]:
        """What was decided of the rows of a source that left its files."""
        return [one for _sheet, one in self.decisions.departures if one.source == source.name]

    def delivered(
        self, source: Source, absent: Sequence[Absence] = ()
    ) -> tuple[list[Delivered], list[Outcome]]:
        """The deliveries of a source as decided, and what each of its corrections came to."""
        made, outcomes = self._corrected(source)
        departures = self.departures(source)
        return (let_go(made, departures, absent) if departures else made), outcomes

    def _corrected(self, source: Source) -> tuple[list[Delivered], list[Outcome]]:
        own = self.as_read(source)
        late: list[tuple[int, Delivered]] = []
        counts: dict[tuple[str, str], int] = {}
        for place, delivery in enumerate(own):
            own[place], parts = self._parted(delivery)
            late += [(place, part) for part in parts]
            for _day, key, column in self.rescued.get(delivery.receipt_id, {}).values():
                counts[key, column] = counts.get((key, column), 0) + 1
        corrections = [c for c in self.decisions.corrections if c.source == source.name]
        if not corrections and not late:
            return own, []
        return carry_out(
            with_late(own, late), corrections, typed_by(source), self._compute(source), counts
        )

    def lost(self) -> list[Outcome]:
        """Corrections of sources that do not exist: nothing carries them out."""
        return [
            Outcome(c, "withdrawn" if c.is_withdrawn else "orphan", c.fault)
            for c in self.decisions.corrections
            if c.fault == "no_such_source" and c.until is None
        ]

    def _parted(self, delivery: Delivered) -> tuple[Delivered, list[Delivered]]:
        """What counts from the night it came, and what only from a later one."""
        accepted = self.usable_on.get(delivery.receipt_id)
        if accepted is not None:
            later = replace(delivery, known_on=accepted, is_complete=False)
            nothing = replace(delivery, rows=delivery.rows.slice(0, 0), is_complete=False)
            return nothing, [later]
        days = {
            place: day
            for place, (day, _key, _column) in self.rescued.get(delivery.receipt_id, {}).items()
            if day > delivery.known_on
        }
        if not days:
            return delivery, []
        since = [days.get(place) for place in _places(delivery.rows)]

        def rows(day: date | None) -> pa.Table:
            return delivery.rows.filter(pa.array([one == day for one in since], pa.bool_()))

        parts = [
            replace(delivery, known_on=day, rows=rows(day), is_complete=False, spoilt=frozenset())
            for day in sorted(set(days.values()))
        ]
        moved = [key for part in parts for key in keys_of(part)]
        return replace(delivery, rows=rows(None), spoilt=delivery.spoilt.union(moved)), parts

    def _compute(self, source: Source) -> Compute:
        """What is computed from the other columns of a row: derived ones, and its digest."""
        derivers = {derived.name: deriver(derived, self.tables) for derived in source.derived}
        names = ["entity_key", "provider", *(column.name for column in source.columns)]

        def compute(row: Row) -> Row:
            columns = {name: [value] for name, value in row.items()}
            derived = {name: derive(columns)[0] for name, derive in derivers.items()}
            digest = row_digests([columns[name] for name in names], 1)[0]
            return derived | {"row_digest": int(digest)}

        return compute


def take_stock(study: Study) -> Stock:
    """Every delivery known, read once, decided about, and accounted for in the ledger."""
    names = {source.name for source in study.protocol.sources}
    receipts = [r for r in study.state().deliveries if r.source in names]
    deciding = {source.name for source in study.protocol.feeding("decision")}
    with Parser() as parser:
        structures = study.state().of_kind("structure")
        reader = _Reader(study, parser, structures)
        parser.expect(reader.requests(r for r in receipts if r.source in deciding))
        decided = {
            r.receipt_id: study.readings.read(r, parser) for r in receipts if r.source in deciding
        }
        reader.decisions = decisions_in(
            study.protocol, study.home.site.deciders, list(decided.values())
        )
        parser.expect(reader.requests(r for r in receipts if r.receipt_id not in decided))
        readings = [decided.get(r.receipt_id) or reader.read(r) for r in receipts]
    told, usable_on = _compared(study, readings, reader)
    held = held_receipts(told)
    readings = [_held(study, r, told) if r.receipt.receipt_id in held else r for r in readings]
    explained = {structure.source for structure in structures}
    _account(study.home.landing.ledger, readings, explained, is_draft=study.is_draft)
    return Stock(
        readings=tuple(readings),
        decisions=reader.decisions,
        surprises=told,
        tables=study.readings.tables,
        usable_on=usable_on,
        rescued={name: rows for name, rows in reader.rescued.items() if name not in held},
    )


class _Reader:
    """Reads files as decided; remembers what a decision changed, and since when."""

    def __init__(self, study: Study, parser: Parser, structures: Sequence[Receipt]) -> None:
        self.study, self.parser, self.structures = study, parser, structures
        self.decisions = Decisions()
        self.usable_on: dict[str, date] = {}
        self.rescued: dict[str, Rescued] = {}

    def read(self, receipt: Receipt) -> Reading:
        amendment = self.decisions.amendment(receipt, receipt.known_on)
        reading = self._as_amended(receipt, amendment)
        for day in self.decisions.later_days(receipt):
            later = self.decisions.amendment(receipt, day)
            accepted = self._as_amended(receipt, later)
            if _is_better(accepted, reading):
                reading, amendment = accepted, later
                self.usable_on[receipt.receipt_id] = day
        cells = self.decisions.cells(reading)
        return self._with(reading, amendment, cells) if cells else reading

    def requests(self, receipts: Iterable[Receipt]) -> Iterator[Request]:
        """What the parser will be asked for these deliveries."""
        for receipt in receipts:
            amendment = self.decisions.amendment(receipt, receipt.known_on)
            asked = self.study.readings.request(receipt, self.structures, amendment)
            if asked is not None:
                yield asked

    def _as_amended(self, receipt: Receipt, amendment: Amendment) -> Reading:
        return self.study.readings.read(receipt, self.parser, self.structures, amendment)

    def _with(self, reading: Reading, amendment: Amendment, cells: Any) -> Reading:
        """The file read again with the corrected cells; the rows that are accepted for it."""
        new = tuple((*place, c.new or "") for place, c in sorted(cells.items()))
        receipt = reading.receipt
        read = self._as_amended(receipt, replace(amendment, cells=new))
        if read.refusal is not None:
            return reading
        accepted = set(_places(read.rows))
        self.rescued[receipt.receipt_id] = {
            (sheet, row): (max(c.known_on, receipt.known_on), c.entity_key, column)
            for (sheet, row, column), c in cells.items()
            if (sheet, row) in accepted
        }
        return read


def _places(rows: pa.Table) -> list[tuple[str, int]]:
    """(sheet, row) of each row."""
    return list(zip(rows["sheet"].to_pylist(), rows["row_number"].to_pylist(), strict=True))


def _is_better(accepted: Reading, reading: Reading) -> bool:
    """Whether a decision on headings changed something about this file."""
    if accepted.refusal is not None:
        return False
    return reading.refusal is not None or _n_strange(accepted) < _n_strange(reading)


def _n_strange(reading: Reading) -> int:
    codes = [code for code, _sheet, _place, _n in reading.findings]
    return codes.count("unknown_heading") + codes.count("absent_column")


def _compared(
    study: Study, readings: Sequence[Reading], reader: _Reader
) -> tuple[pd.DataFrame, dict[str, date]]:
    """What each file says beside the one before it, and since when a held one may be used."""
    decisions, protocol = reader.decisions, study.protocol
    told = surprises(protocol, readings, decisions.allowed_absent)
    usable_on = dict(reader.usable_on)
    sources = {
        r.receipt.source
        for r in readings
        if any(day > r.receipt.known_on for day in decisions.allowed_absent(r.receipt).values())
    }
    if sources:
        # What was held until the steward decided: held without the decisions that came later.
        before = surprises(
            protocol,
            [reading for reading in readings if reading.receipt.source in sources],
            lambda r: [c for c, day in decisions.allowed_absent(r).items() if day <= r.known_on],
        )
        receipts = {r.receipt.receipt_id: r.receipt for r in readings}
        for name in held_receipts(before) - held_receipts(told):
            since = decisions.allowed_absent(receipts[name])
            columns = before.loc[before["receipt_id"] == name, "column_name"]
            days = [since[column] for column in columns if column in since]
            if days:
                usable_on[name] = max([*days, usable_on.get(name, date.min)])
    return told, usable_on


def _held(study: Study, reading: Reading, told: pd.DataFrame) -> Reading:
    """A delivery whose layout waits for a decision: none of its rows is used."""
    receipt = reading.receipt
    source = study.protocol.source(receipt.source)
    sentences = surprise_sentences(source, told[told["receipt_id"] == receipt.receipt_id])
    return replace(
        reading,
        rows=reading.rows.slice(0, 0),
        quarantine=[],
        ends={},
        refusal=(HELD, "\n".join(sentences)),
    )


def _account(
    ledger: Ledger, readings: Iterable[Reading], explained: Collection[str], *, is_draft: bool
) -> None:
    """Account for every file read now, and for those of which decisions make something else.

    What was read just now may be a file that the machine had failed to read before, and another
    structure reads the files of ``explained`` sources in another way. A rebuild of a past day
    leaves the account of today as it is.
    """
    known, new = _accounts(ledger), []
    for reading in readings:
        place = (reading.receipt.receipt_id, reading.contract)
        own = {sheet: _counts(ends) for sheet, ends in reading.ends.items()}
        told = (own, reading.refusal[0] if reading.refusal else "")
        is_other = reading.is_new or reading.receipt.source in explained or known.get(place) != told
        if place not in known or (is_other and not is_draft):
            new.append(FileAccount(*place, reading.ends, reading.refusal, reading.findings))
    ledger.record_readings(new)


def _accounts(ledger: Ledger) -> dict[tuple[str, str], tuple[dict[str, Any], str]]:
    """(receipt, reading) → the ends of its rows by sheet, and the code of its refusal."""
    found: dict[tuple[str, str], tuple[dict[str, Any], str]] = {}
    for row in ledger.refusals():
        found[row["receipt_id"], row["reading"]] = ({}, row["code"])
    for row in ledger.row_ends():
        ends, _code = found.setdefault((row["receipt_id"], row["reading"]), ({}, ""))
        ends[row["sheet"]] = _counts(row)
    return found


def _counts(ends: Mapping[str, Any]) -> tuple[int, ...]:
    return tuple(ends.get(end, 0) for end in ENDS)
