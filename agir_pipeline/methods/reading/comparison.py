"""What a delivery says that the one before it did not lead one to expect.

A row that is gone, a value rewritten, an entry that comes late, a column that has left: none of
it can be seen in one file. Nothing is rejected for it; the steward is told.
"""

from collections.abc import Collection, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, NamedTuple

import pandas as pd

from agir_pipeline.protocol.model import Source

MOSTLY = 0.5
"""More than this share of the rows gone: the file is partial. A column filled in at least this
share of the rows and now in none: emptied."""
HOLDING = frozenset({"column_left", "column_added", "column_emptied"})
"""What keeps a delivery from being used until somebody decides: its layout is another."""
FEWEST_ROWS = 5
"""Shorter files say nothing about a column that is empty."""


@dataclass(frozen=True)
class Delivery:
    """One readable delivery: its accepted rows, and what is known of the others."""

    receipt_id: str
    provider: str
    extracted_on: date
    rows: pd.DataFrame
    absent: Collection[str] = ()
    """Columns of the contract the file does not have."""
    rejected: Sequence[str | None] = ()
    """The key of each rejected row; None where it could not be read."""
    n_unknown: int = 0
    """How many of its headings say nothing to the contract."""
    accepted: Collection[str] = ()
    """Columns that the steward allows to be absent or empty."""


class Told(NamedTuple):
    """Something told of a delivery. ``row`` is one of its rows, for ``row_left`` one of the file
    before; None for the file as a whole."""

    receipt_id: str
    code: str
    row: int | None
    column: str


def compared(source: Source, deliveries: Iterable[Delivery]) -> list[Told]:
    """What is told of each delivery beside the one before it from the same provider.

    ``deliveries`` come in known order. Codes: ``row_left``, ``partial_file``, ``rewritten``,
    ``back_dated``, and those of ``HOLDING``. A delivery that is held is not compared with later:
    the one before it stays the last good one.
    """
    memories: dict[str, _Memory] = {}
    told: list[Told] = []
    for delivery in deliveries:
        if delivery.rows.empty:
            continue
        is_cumulative = source.provider(delivery.provider).is_cumulative
        memory = memories.setdefault(delivery.provider, _Memory(source, is_cumulative))
        changes = list(memory.changes(delivery, memory.last)) if memory.last else []
        told += changes
        if changes:
            continue
        if memory.last is not None:
            told += memory.surprises(delivery, memory.last)
        memory.take(delivery)
    return told


@dataclass
class _Memory:
    """What one provider has said so far."""

    source: Source
    is_cumulative: bool
    last: Delivery | None = None
    listed: set[Hashable] = field(default_factory=set)
    first: dict[str, dict[Hashable, Any]] = field(default_factory=dict)
    """Fixed column → key → the first value."""
    current: dict[str, dict[Hashable, Any]] = field(default_factory=dict)
    """Fixed column → key → the last value."""

    def take(self, delivery: Delivery) -> None:
        self.last = delivery
        self.listed.update(delivery.rows["entity_key"])
        for name, said in self._fixed(delivery):
            self.first[name] = said | self.first.get(name, {})
            self.current[name] = self.current.get(name, {}) | said

    def changes(self, delivery: Delivery, last: Delivery) -> Iterator[Told]:
        """What is another layout than that of the last good file, and was not accepted."""
        receipt = delivery.receipt_id
        if self.source.feeds == "decision":  # the steward's own sheets are held by nobody
            return
        for name in sorted(set(delivery.absent) - set(last.absent) - set(delivery.accepted)):
            yield Told(receipt, "column_left", None, name)
        if delivery.n_unknown > last.n_unknown:
            yield Told(receipt, "column_added", None, "")
        for name in self._emptied(delivery, last):
            if name not in delivery.accepted:
                yield Told(receipt, "column_emptied", None, name)

    def surprises(self, delivery: Delivery, last: Delivery) -> Iterator[Told]:
        receipt = delivery.receipt_id
        if self.is_cumulative:
            yield from self._gone(delivery, last)
        number = dict(
            zip(delivery.rows["entity_key"], delivery.rows["row_number"].astype(int), strict=True)
        )
        for key, name in self._rewritten(delivery):
            yield Told(receipt, "rewritten", number[key], name)
        for key, name in self._back_dated(delivery, last):
            yield Told(receipt, "back_dated", number[key], name)

    def _fixed(self, delivery: Delivery) -> Iterator[tuple[str, dict[Hashable, Any]]]:
        """Each fixed column with the values it has in this file."""
        for column in self.source.columns:
            if column.is_fixed:
                said = delivery.rows[["entity_key", column.name]].dropna()
                yield column.name, dict(zip(said["entity_key"], said[column.name], strict=True))

    def _gone(self, delivery: Delivery, last: Delivery) -> Iterator[Told]:
        """Rows of the file before; those that this file holds but spoils are not gone."""
        before = dict(zip(last.rows["entity_key"], last.rows["row_number"], strict=True))
        spoilt = set(delivery.rejected) & before.keys()
        still = set(delivery.rows["entity_key"]) | spoilt
        gone = [key for key in before if key not in still]
        if len(gone) <= len(delivery.rejected) - len(spoilt):
            return
        if len(gone) > MOSTLY * len(before):
            yield Told(delivery.receipt_id, "partial_file", None, "")
            return
        for key in gone:
            yield Told(delivery.receipt_id, "row_left", int(before[key]), "")

    def _rewritten(self, delivery: Delivery) -> Iterator[tuple[Hashable, str]]:
        """A fixed value that is neither the last nor, put right again, the first one."""
        for name, said in self._fixed(delivery):
            first, current = self.first.get(name, {}), self.current.get(name, {})
            for key, value in said.items():
                if key in current and value not in (current[key], first[key]):
                    yield key, name

    def _back_dated(self, delivery: Delivery, last: Delivery) -> Iterator[tuple[Hashable, str]]:
        """Rows never listed before whose day should have brought them into an earlier file."""
        rule = self.source.back_dated
        if rule is None:
            return
        limit = pd.Timestamp(last.extracted_on - timedelta(days=rule.after_days))
        days = delivery.rows[["entity_key", rule.column]]
        for key in days.loc[days[rule.column] < limit, "entity_key"]:
            if key not in self.listed:
                yield key, rule.column

    def _emptied(self, delivery: Delivery, last: Delivery) -> Iterator[str]:
        if len(delivery.rows) < FEWEST_ROWS:
            return
        is_empty = delivery.rows.isna().all()
        filled = last.rows.notna().mean()
        for column in self.source.columns:
            name = column.name
            if name not in delivery.absent and is_empty[name] and filled[name] >= MOSTLY:
                yield name
