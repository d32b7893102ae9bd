"""What a delivery says that the one before it did not lead one to expect.

A row that is gone, a value rewritten, an entry that comes late, a column that has left: none of
it can be seen in one file. Nothing is rejected for it; the steward is told.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import Any, NamedTuple

import pyarrow as pa

from agir_pipeline.protocol.model import Source

MOSTLY = 0.5
"""More than this share of the rows gone: the file is partial. A column filled in at least this
share of the rows and now in none: emptied."""
HOLDING = frozenset({"column_left", "column_added", "column_emptied"})
"""What keeps a delivery from being used until somebody decides: its layout is another."""
FEWEST_ROWS = 5
"""Shorter files say nothing about a column that is empty. Where files repeat the rows of those
before, a column that so many rows filled and none does now was emptied too."""


@dataclass(frozen=True)
class Delivery:
    """One readable delivery: its accepted rows, and what is known of the others."""

    receipt_id: str
    provider: str
    extracted_on: date
    rows: pa.Table
    absent: Collection[str] = ()
    """Columns of the contract the file does not have."""
    rejected: Sequence[str | None] = ()
    """The key of each rejected row; None where it could not be read."""
    n_unknown: int = 0
    """How many of its headings say nothing to the contract."""
    accepted: Collection[str] = ()
    """Columns that the steward allows to be absent or empty."""
    _said: dict[str, dict[str, Any]] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def keys(self) -> list[str]:
        keys: list[str] = self.rows["entity_key"].to_pylist()
        return keys

    @cached_property
    def numbers(self) -> dict[str, int]:
        """Key → number of its row."""
        return dict(zip(self.keys, self.rows["row_number"].to_pylist(), strict=True))

    def said(self, column: str) -> dict[str, Any]:
        """Key → what its row says in a column, where it says something; not to be changed."""
        if column not in self._said:
            values = zip(self.keys, self.rows[column].to_pylist(), strict=True)
            self._said[column] = {key: value for key, value in values if value is not None}
        return self._said[column]

    def filled(self, column: str) -> int:
        """In how many rows a column is filled."""
        return int(self.rows.num_rows - self.rows[column].null_count)


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
    ``back_dated``, ``column_silent`` for a column in which the file says nothing though files
    before it did, and those of ``HOLDING``. A delivery that is held is not compared with later:
    the one before it stays the last good one. Only a layout that was accepted falls silent: what
    is accepted is not held, and what earlier files said stays.
    """
    memories: dict[str, _Memory] = {}
    told: list[Told] = []
    for delivery in deliveries:
        is_cumulative = source.provider(delivery.provider).is_cumulative
        memory = memories.setdefault(delivery.provider, _Memory(source, is_cumulative))
        if not delivery.rows.num_rows:
            if memory.last is not None and is_cumulative and not delivery.rejected:
                told.append(Told(delivery.receipt_id, "partial_file", None, ""))
            continue
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
    said: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Column → filled rows and all rows of the last file that said something in it."""
    silent: frozenset[str] = frozenset()
    """Columns in which the last file said nothing, though files before it had."""
    listed: set[str] = field(default_factory=set)
    first: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Fixed column → key → the first value."""
    current: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Fixed column → key → the last value."""

    def take(self, delivery: Delivery) -> None:
        self.silent = self._silent(delivery)
        self.last = delivery
        for column in self.source.columns:
            if filled := delivery.filled(column.name):
                self.said[column.name] = (filled, delivery.rows.num_rows)
        self.listed.update(delivery.keys)
        for name, said in self._fixed(delivery):
            first = self.first.setdefault(name, {})
            for key, value in said.items():
                first.setdefault(key, value)
            self.current.setdefault(name, {}).update(said)

    def changes(self, delivery: Delivery, last: Delivery) -> Iterator[Told]:
        """What is another layout than that of the last good file, and was not accepted."""
        receipt = delivery.receipt_id
        if self.source.feeds == "decision":  # the steward's own sheets are held by nobody
            return
        for name in sorted(set(delivery.absent) - set(last.absent) - set(delivery.accepted)):
            yield Told(receipt, "column_left", None, name)
        if delivery.n_unknown > last.n_unknown:
            yield Told(receipt, "column_added", None, "")
        emptied = self._silent(delivery) - self.silent - set(delivery.absent)
        for name in sorted(emptied - set(delivery.accepted)):
            yield Told(receipt, "column_emptied", None, name)

    def surprises(self, delivery: Delivery, last: Delivery) -> Iterator[Told]:
        receipt = delivery.receipt_id
        for name in sorted(self._silent(delivery)):
            yield Told(receipt, "column_silent", None, name)
        if self.is_cumulative:
            yield from self._gone(delivery, last)
        number = delivery.numbers
        for key, name in self._rewritten(delivery):
            yield Told(receipt, "rewritten", number[key], name)
        for key, name in self._back_dated(delivery, last):
            yield Told(receipt, "back_dated", number[key], name)

    def _fixed(self, delivery: Delivery) -> Iterator[tuple[str, dict[str, Any]]]:
        """Each fixed column with the values it has in this file."""
        for column in self.source.columns:
            if column.is_fixed:
                yield column.name, delivery.said(column.name)

    def _gone(self, delivery: Delivery, last: Delivery) -> Iterator[Told]:
        """Rows of the file before; those that this file holds but spoils are not gone.

        A rejected row may be any of them if its key cannot be read, or if another rejected row
        has the same; one with a key of its own is none.
        """
        before = last.numbers
        spoilt = set(delivery.rejected) - {None}
        still = delivery.numbers.keys() | spoilt
        gone = [key for key in before if key not in still]
        if len(gone) <= len(delivery.rejected) - len(spoilt):
            return
        if len(gone) > MOSTLY * len(before):
            yield Told(delivery.receipt_id, "partial_file", None, "")
            return
        for key in gone:
            yield Told(delivery.receipt_id, "row_left", before[key], "")

    def _rewritten(self, delivery: Delivery) -> Iterator[tuple[str, str]]:
        """A fixed value that is neither the last nor, put right again, the first one."""
        for name, said in self._fixed(delivery):
            first, current = self.first.get(name, {}), self.current.get(name, {})
            for key, value in said.items():
                if key in current and value not in (current[key], first[key]):
                    yield key, name

    def _back_dated(self, delivery: Delivery, last: Delivery) -> Iterator[tuple[str, str]]:
        """Rows never listed before whose day should have brought them into an earlier file."""
        rule = self.source.back_dated
        if rule is None:
            return
        limit = datetime.combine(last.extracted_on - timedelta(days=rule.after_days), time())
        for key, day in delivery.said(rule.column).items():
            if day < limit and key not in self.listed:
                yield key, rule.column

    def _silent(self, delivery: Delivery) -> frozenset[str]:
        """Columns without a value in this file that were filled when they last said anything."""
        empty = {name for name in self.said if not delivery.filled(name)}
        repeats = bool(empty - set(delivery.absent)) and self._repeats(delivery)
        n_rows = delivery.rows.num_rows
        return frozenset(
            name
            for name in empty
            if name in delivery.absent or _is_lost(*self.said[name], n_rows, repeats)
        )

    def _repeats(self, delivery: Delivery) -> bool:
        """Whether most rows of the file before stand in this one; new rows alone do not."""
        if not self.is_cumulative or self.last is None:
            return False
        before = self.last.numbers.keys()
        return len(before & delivery.numbers.keys()) >= MOSTLY * len(before)


def _is_lost(filled: int, of: int, n_rows: int, repeats: bool) -> bool:
    """Whether a column empty in ``n_rows`` was emptied: values of few rows may just end."""
    repeats_them = repeats and filled >= FEWEST_ROWS
    return n_rows >= FEWEST_ROWS and (repeats_them or filled >= MOSTLY * of)
