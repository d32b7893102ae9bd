"""The steward's decisions as the workbooks say them: corrections and accepted layouts."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd

from agir_pipeline.methods.decisions.corrections import Correction
from agir_pipeline.methods.decisions.layouts import Accepted, Amendment
from agir_pipeline.methods.reading.cells import trimmed
from agir_pipeline.methods.reading.rows import UNIT_SEPARATOR
from agir_pipeline.methods.reading.typing_rules import type_column
from agir_pipeline.methods.versions import versions
from agir_pipeline.protocol.model import Protocol, Source
from agir_pipeline.protocol.sources import CorrectionColumns, MappingColumns
from agir_pipeline.resources.readings import Reading
from agir_pipeline.resources.receipts import Receipt
from agir_pipeline.resources.usable import as_delivered

BETWEEN_PARTS = " / "
"""Between the parts of a business key, as people write them side by side."""


@dataclass(frozen=True)
class Decisions:
    """All of them, every version; those of people who may not decide carry their fault."""

    corrections: tuple[Correction, ...] = ()
    accepted: tuple[Accepted, ...] = ()

    def amendment(self, receipt: Receipt, known_on: date) -> Amendment:
        """What was decided of the headings of this file by the end of ``known_on``."""
        return Amendment(
            headings=tuple(
                (a.heading, a.column)
                for a in self._of(receipt)
                if a.heading and a.known_on <= known_on
            )
        )

    def decided_on(self, receipt: Receipt) -> date:
        """The last night on which something about its layout was decided, or that it came."""
        return max([receipt.known_on, *(a.known_on for a in self._of(receipt))])

    def allowed_absent(self, receipt: Receipt) -> dict[str, date]:
        """The columns this file may lack or have empty, each with the night that was decided."""
        return {a.column: a.known_on for a in self._of(receipt) if not a.heading}

    def _of(self, receipt: Receipt) -> list[Accepted]:
        day = receipt.extracted_on or receipt.known_on
        return [a for a in self.accepted if a.source == receipt.source and a.since <= day]

    def cells(self, reading: Reading) -> dict[tuple[int, str], Correction]:
        """(row, column) of a cell that could not be read → the correction that says what it was."""
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
        if not own or broken.empty:
            return {}
        cells = zip(
            broken["row_number"], broken["column"], broken["entity_key"], broken["found"],
            strict=True,
        )  # fmt: skip
        return {
            (int(row), column): own[key, column]
            for row, column, key, found in cells
            if (key, column) in own and trimmed(_text(found)) == trimmed(own[key, column].old or "")
        }


def decisions_in(
    protocol: Protocol, deciders: Collection[str], readings: Sequence[Reading]
) -> Decisions:
    """The decisions that stand in the readings of the steward's workbooks."""
    corrections: list[Correction] = []
    accepted: list[Accepted] = []
    for source in protocol.feeding("decision"):
        own = [r for r in readings if r.receipt.source == source.name]
        table = versions(as_delivered(source, own))
        if table.empty:
            continue
        if source.corrects:
            corrections += _corrections(protocol, source.corrects, deciders, table)
        if source.maps:
            accepted += _accepted(source.maps, deciders, table)
    return Decisions(tuple(corrections), tuple(accepted))


def _corrections(
    protocol: Protocol, roles: CorrectionColumns, deciders: Collection[str], table: pd.DataFrame
) -> Iterator[Correction]:
    for row in table.to_dict("records"):
        said: Callable[[str], Any] = _reader(row)
        target = next((s for s in protocol.sources if s.name == said(roles.of_source)), None)
        parts = str(said(roles.of_key)).split(BETWEEN_PARTS)
        yield Correction(
            decision=row["entity_key"],
            source=str(said(roles.of_source)),
            entity_key=UNIT_SEPARATOR.join(" ".join(part.split()) for part in parts),
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


def _text(found: Any) -> str:
    return "" if pd.isna(found) else str(found)


def typed_by(source: Source) -> Callable[[str, str, str | None], "pd.Series[Any] | None"]:
    """Reads a text of a decision as the files of a provider would be read."""
    columns = {column.name: column for column in source.columns}
    known: dict[tuple[str, str, str | None], pd.Series[Any] | None] = {}

    def read(name: str, provider: str, text: str | None) -> "pd.Series[Any] | None":
        if (name, provider, text) not in known:
            typed = type_column(columns[name], source.as_delivered_by(provider), [text or ""])
            is_wrong = typed.rules[0] != "" or (columns[name].required and typed.values.isna()[0])
            known[name, provider, text] = None if is_wrong else typed.values
        return known[name, provider, text]

    return read
