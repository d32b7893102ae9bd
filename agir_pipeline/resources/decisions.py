"""The steward's decisions as the workbooks say them: corrections and accepted layouts."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

import pandas as pd

from agir_pipeline.methods.decisions.corrections import Correction, TypeText
from agir_pipeline.methods.decisions.departures import Departure
from agir_pipeline.methods.decisions.layouts import Accepted, Amendment
from agir_pipeline.methods.reading.cells import Cell, trimmed
from agir_pipeline.methods.reading.records import UNIT_SEPARATOR
from agir_pipeline.methods.reading.typing_rules import ColumnReader
from agir_pipeline.methods.versions import versions
from agir_pipeline.protocol.model import Protocol, Source
from agir_pipeline.protocol.sources import CorrectionColumns, MappingColumns, SettlingColumns
from agir_pipeline.resources.readings import Reading
from agir_pipeline.resources.receipts import Receipt
from agir_pipeline.resources.surprises import silent_columns, surprises
from agir_pipeline.resources.usable import as_delivered

BETWEEN_PARTS = " / "
"""Between the parts of a business key, as people write them side by side."""


class Unheard(NamedTuple):
    """Where a decision stands that counts for nothing, and why."""

    source: str
    receipt_id: str
    sheet: str
    row_number: int
    reason: str
    """author_not_listed, or row_not_missing"""


@dataclass(frozen=True)
class Decisions:
    """All of them, every version; those of people who may not decide carry their fault."""

    corrections: tuple[Correction, ...] = ()
    accepted: tuple[Accepted, ...] = ()
    unheard: tuple[Unheard, ...] = ()
    """Decisions in force that nobody who may decide has signed."""
    departures: tuple[tuple[str, Departure], ...] = ()
    """With the source of decisions each stands in."""

    def amendment(self, receipt: Receipt, known_on: date) -> Amendment:
        """What was decided of the headings of this file by the end of ``known_on``."""
        return Amendment(
            headings=tuple(
                (a.heading, a.column)
                for a in self._of(receipt)
                if a.heading and a.known_on <= known_on
            )
        )

    def later_days(self, receipt: Receipt) -> list[date]:
        """The nights after its arrival on which something about its headings was decided."""
        days = {a.known_on for a in self._of(receipt) if a.heading}
        return sorted(day for day in days if day > receipt.known_on)

    def allowed_absent(self, receipt: Receipt) -> dict[str, date]:
        """The columns this file may lack or have empty, each since the night that was decided."""
        since: dict[str, date] = {}
        for a in self._of(receipt):
            if not a.heading:
                since[a.column] = min(a.known_on, since.get(a.column, date.max))
        return since

    def _of(self, receipt: Receipt) -> list[Accepted]:
        day = receipt.extracted_on or receipt.known_on
        return [a for a in self.accepted if a.source == receipt.source and a.since <= day]

    def cells(self, reading: Reading) -> dict[tuple[str, int, str], Correction]:
        """(sheet, row, column) of an unreadable cell → the correction that says what it was."""
        receipt, broken = reading.receipt, reading.quarantine
        day = receipt.extracted_on or receipt.known_on
        own = {
            (c.entity_key, c.column): c
            for c in self.corrections
            if c.source == receipt.source
            and c.is_in_force
            and c.effective_on <= day
            and (c.expires_on is None or day <= c.expires_on)
        }
        if not own:
            return {}
        found = ((one, own.get((one.entity_key or "", one.column))) for one in broken)
        return {
            (one.sheet, one.row_number, one.column): c
            for one, c in found
            if c is not None and trimmed(one.found) == trimmed(c.old or "")
        }


def decisions_in(
    protocol: Protocol, deciders: Collection[str], readings: Sequence[Reading]
) -> Decisions:
    """The decisions that stand in the readings of the steward's workbooks."""
    corrections: list[Correction] = []
    accepted: list[Accepted] = []
    unheard: list[Unheard] = []
    departures: list[tuple[str, Departure]] = []
    told = surprises(protocol, readings)
    for source in protocol.feeding("decision"):
        own = [r for r in readings if r.receipt.source == source.name]
        table = versions(as_delivered(source, own, silent_columns(source, told)))
        if table.empty:
            continue
        if source.corrects:
            corrections += _corrections(protocol, source.corrects, deciders, table)
        if source.maps:
            accepted += _accepted(source.maps, deciders, table)
            unheard += _unheard(source.name, source.maps, deciders, table)
        if source.settles:
            departures += (
                (source.name, one) for one in _departures(source.settles, deciders, table)
            )
            unheard += _unheard(source.name, source.settles, deciders, table)
    return Decisions(tuple(corrections), tuple(accepted), tuple(unheard), tuple(departures))


def _corrections(
    protocol: Protocol, roles: CorrectionColumns, deciders: Collection[str], table: pd.DataFrame
) -> Iterator[Correction]:
    for row in table.to_dict("records"):
        said: Callable[[str], Any] = _reader(row)
        target = next((s for s in protocol.sources if s.name == said(roles.of_source)), None)
        yield Correction(
            decision=row["entity_key"],
            source=str(said(roles.of_source)),
            entity_key=_key_as_read(said(roles.of_key)),
            column=str(said(roles.of_column)),
            old=said(roles.old_value),
            new=said(roles.new_value),
            effective_on=said(roles.effective),
            known_on=row["known_on"].date(),
            expires_on=said(roles.expires),
            until=None if pd.isna(row["superseded_on"]) else row["superseded_on"].date(),
            is_withdrawn=said(roles.withdrawn) is not None,
            fault=_target_fault(target, said(roles.of_column))
            or _signature_fault(said(roles.author), said(roles.approver), deciders),
        )


def _accepted(
    roles: MappingColumns, deciders: Collection[str], table: pd.DataFrame
) -> Iterator[Accepted]:
    """Those in force now, by people who may decide."""
    for row in table[table["superseded_on"].isna()].to_dict("records"):
        said = _reader(row)
        if said(roles.withdrawn) is None and said(roles.author) in deciders:
            yield Accepted(
                source=str(said(roles.of_source)),
                heading=(said(roles.of_heading) or "") if roles.of_heading else "",
                column=said(roles.of_column) or "",
                since=said(roles.effective),
                known_on=row["known_on"].date(),
            )


def _unheard(
    source: str,
    roles: MappingColumns | SettlingColumns,
    deciders: Collection[str],
    table: pd.DataFrame,
) -> Iterator[Unheard]:
    """Those in force now that nobody who may decide has signed."""
    for row in table[table["superseded_on"].isna()].to_dict("records"):
        said = _reader(row)
        if said(roles.withdrawn) is None and said(roles.author) not in deciders:
            yield Unheard(source, *_place(row), "author_not_listed")


def _departures(
    roles: SettlingColumns, deciders: Collection[str], table: pd.DataFrame
) -> Iterator[Departure]:
    """Those in force now, by people who may decide."""
    for row in table[table["superseded_on"].isna()].to_dict("records"):
        said = _reader(row)
        if said(roles.withdrawn) is None and said(roles.author) in deciders:
            yield Departure(
                source=str(said(roles.of_source)),
                entity_key=_key_as_read(said(roles.of_key)),
                is_gone=said(roles.fate) == "gone",
                known_on=row["known_on"].date(),
                place=_place(row),
            )


def _place(row: Mapping[Any, Any]) -> tuple[str, str, int]:
    return row["receipt_id"], row["sheet"], int(row["row_number"])


def _key_as_read(said: Any) -> str:
    """A business key as people write its parts side by side."""
    return UNIT_SEPARATOR.join(" ".join(part.split()) for part in str(said).split(BETWEEN_PARTS))


def _reader(row: Mapping[Any, Any]) -> Callable[[str], Any]:
    """The value of a column: None where it is missing, a day as a date."""

    def said(name: str) -> Any:
        value = row[name]
        if pd.isna(value):
            return None
        return value.date() if isinstance(value, pd.Timestamp) else value

    return said


def _target_fault(target: Source | None, column: str) -> str:
    if target is None:
        return "no_such_source"
    if column in target.key:
        return "key_cannot_change"
    return "" if column in {c.name for c in target.columns} else "no_such_column"


def _signature_fault(author: str, approver: str | None, deciders: Collection[str]) -> str:
    if author not in deciders:
        return "author_not_listed"
    if approver is None or approver not in deciders:
        return "not_approved"
    return "approved_by_author" if approver == author else ""


def typed_by(source: Source) -> TypeText:
    """Reads a text of a decision as the files of a provider would be read."""
    columns = {column.name: column for column in source.columns}
    readers: dict[tuple[str, str], ColumnReader] = {}

    def read(name: str, provider: str, text: str | None) -> Cell:
        place = (name, provider)
        if place not in readers:
            column = columns[name]
            layout = source.as_delivered_by(provider)
            readers[place] = ColumnReader(column, layout, is_required=column.required)
        typed = readers[place].read([text or ""])
        return Cell(typed.values[0], typed.rules.get(0, ""))

    return read
