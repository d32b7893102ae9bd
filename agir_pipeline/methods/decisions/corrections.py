"""Corrections of single values, replayed over the deliveries of a source.

A correction says: in the row of this key, this column says *old*, it should say *new*. It is
carried out only where the source really says *old*, in files drawn between its day of effect and
its expiry, from the night on which it became known until it is withdrawn or replaced. A file
silent about the column says neither: there what was corrected before it stays. Nothing is
edited: a corrected row is a version of its own, and the source's version stands before and after.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pyarrow as pa

from agir_pipeline.methods.decisions.late import keys_of, with_late
from agir_pipeline.methods.reading.cells import Cell
from agir_pipeline.methods.versions import Delivered

Row = Mapping[str, Any]
"""The values of one row, None where missing."""
TypeText = Callable[[str, str, str | None], Cell]
"""(column, provider, text) → what a file of the provider would say by it."""
Compute = Callable[[Row], Row]
"""A row with a changed value → what is computed from the others, its digest too."""


@dataclass(frozen=True)
class Correction:
    """One version of one decision. ``fault`` says why it may not be carried out, if so."""

    decision: str
    source: str
    entity_key: str
    column: str
    old: str | None
    new: str | None
    effective_on: date
    known_on: date
    expires_on: date | None = None
    until: date | None = None
    """The night on which another version of the decision replaced this one."""
    is_withdrawn: bool = False
    fault: str = ""

    @property
    def is_in_force(self) -> bool:
        """Whether it is the version that counts now, and may be carried out."""
        return self.until is None and not self.is_withdrawn and not self.fault


@dataclass(frozen=True)
class Outcome:
    """What became of one decision. ``n_changed`` counts versions of the row that it changed."""

    correction: Correction
    status: str
    """applied, conflict, orphan, expired, withdrawn, waiting"""
    reason: str = ""
    n_changed: int = 0


Rescued = Mapping[tuple[str, str], int]
"""(key, column) → how many rejected rows a correction made acceptable."""


def carry_out(
    deliveries: Sequence[Delivered],
    corrections: Sequence[Correction],
    type_text: TypeText,
    compute: Compute,
    rescued: Rescued,
) -> tuple[list[Delivered], list[Outcome]]:
    """The deliveries of one source with its corrections, and the outcome of each decision.

    ``deliveries`` come in known order; ``corrections`` hold every version of every decision.
    """
    if not corrections:
        return list(deliveries), []
    replay = _Replay(deliveries, corrections, type_text, compute)
    return replay.deliveries(), [replay.outcome(c, rescued) for c in corrections if c.until is None]


class _Replay:
    def __init__(
        self,
        deliveries: Sequence[Delivered],
        corrections: Sequence[Correction],
        type_text: TypeText,
        compute: Compute,
    ) -> None:
        self.given = deliveries
        self.type_text, self.compute = type_text, compute
        self.of_key: dict[str, list[Correction]] = {}
        for correction in sorted(corrections, key=lambda c: (c.effective_on, c.known_on)):
            self.of_key.setdefault(correction.entity_key, []).append(correction)
        self.listings = self._listings()
        self.spans = {id(c): self._span(c) for c in corrections}
        self.changed: dict[int, set[int]] = {id(c): set() for c in corrections}
        """Correction → digests of the versions it changed."""
        self.known: dict[tuple[int, str, tuple[int, ...]], Row] = {}
        """A row that many files repeat is corrected once."""

    def _listings(self) -> dict[str, list[tuple[int, int]]]:
        """Key → where its row stands: delivery and position, in known order."""
        found: dict[str, list[tuple[int, int]]] = {key: [] for key in self.of_key}
        for place, delivery in enumerate(self.given):
            for position, key in enumerate(keys_of(delivery)):
                if key in found:
                    found[key].append((place, position))
        return found

    def _span(self, correction: Correction) -> tuple[date | None, date | None]:
        """From which night until which it counts; (None, …): its day has not come yet."""
        providers = {self.given[p].provider for p, _at in self.listings[correction.entity_key]}
        drawn = [(d.known_on, d.extracted_on) for d in self.given if d.provider in providers]
        started = [known for known, day in drawn if day >= correction.effective_on]
        if not started or correction.fault or correction.is_withdrawn:
            return None, None
        ended = [correction.until] if correction.until else []
        if correction.expires_on is not None:
            ended += [known for known, day in drawn if day > correction.expires_on]
        return max(correction.known_on, min(started)), min(ended, default=None)

    def _counts(self, correction: Correction, day: date) -> bool:
        start, end = self.spans[id(correction)]
        return start is not None and start <= day and (end is None or day < end)

    def deliveries(self) -> list[Delivered]:
        edits: dict[int, dict[int, Row]] = {}
        extra: list[tuple[int, Delivered]] = []
        for key, corrections in self.of_key.items():
            for place, position in self.listings[key]:
                values = self._values(place, position, self.given[place].known_on)
                if values:
                    edits.setdefault(place, {})[position] = values
            days = {day for c in corrections for day in self.spans[id(c)] if day is not None}
            for day in sorted(days):
                extra += self._on_the_night(key, day)
        made = [
            replace(one, rows=_edited(one.rows, edits[place])) if place in edits else one
            for place, one in enumerate(self.given)
        ]
        return with_late(made, extra)

    def _on_the_night(self, key: str, day: date) -> Iterable[tuple[int, Delivered]]:
        """The row as it is from ``day`` on, where a correction begins or ends between files."""
        before = [(p, at) for p, at in self.listings[key] if self.given[p].known_on < day]
        if not before or self._has_left(key, before[-1][0], day):
            return
        place, position = before[-1]
        given = self.given[place]
        rows = _edited(given.rows.slice(position, 1), {0: self._values(place, position, day)})
        yield (
            place,
            replace(given, known_on=day, rows=rows, is_complete=False, spoilt=frozenset()),
        )

    def _has_left(self, key: str, place: int, day: date) -> bool:
        provider = self.given[place].provider
        return any(
            d.is_complete and d.provider == provider and d.known_on <= day and key not in d.spoilt
            for d in self.given[place + 1 :]
        )

    def _row(self, place: int, position: int) -> dict[str, Any]:
        [row] = self.given[place].rows.slice(position, 1).to_pylist()
        return dict(row)

    def _values(self, place: int, position: int, day: date) -> Row:
        """The columns of a row that are others by the corrections that count on ``day``."""
        row, given = self._row(place, position), self.given[place]
        provider, own = given.provider, self.of_key[row["entity_key"]]
        active = [c for c in own if self._counts(c, day) and c.column not in given.unsaid]
        known = (row["row_digest"], provider, tuple(map(id, active)))
        if known not in self.known:
            self.known[known] = self._corrected(row, provider, active)
        return self.known[known]

    def _corrected(self, row: dict[str, Any], provider: str, active: Sequence[Correction]) -> Row:
        digest, touched = row["row_digest"], []
        for correction in active:
            old = self.type_text(correction.column, provider, correction.old)
            new = self.type_text(correction.column, provider, correction.new)
            if old.rule or new.rule or row[correction.column] != old.value:
                continue
            row[correction.column] = new.value
            self.changed[id(correction)].add(digest)
            touched.append(correction.column)
        return {**{n: row[n] for n in touched}, **self.compute(row)} if touched else {}

    def outcome(self, correction: Correction, rescued: Rescued) -> Outcome:
        """What the decision came to by now."""
        if correction.is_withdrawn:
            return Outcome(correction, "withdrawn")
        if correction.fault:
            status = "orphan" if correction.fault.startswith("no_such") else "conflict"
            return Outcome(correction, status, correction.fault)
        n_changed = len(self.changed[id(correction)])
        n_changed += rescued.get((correction.entity_key, correction.column), 0)
        listings = self.listings[correction.entity_key]
        is_spoilt = any(correction.entity_key in d.spoilt for d in self.given)
        if not listings:
            if is_spoilt:
                return Outcome(correction, "conflict", "row_still_rejected")
            return Outcome(correction, "orphan", "no_such_key")
        start, end = self.spans[id(correction)]
        if start is None:
            return Outcome(correction, "waiting", "not_yet_effective")
        if end is not None:
            return Outcome(correction, "expired", n_changed=n_changed)
        told = [one for one in listings if correction.column not in self.given[one[0]].unsaid]
        return self._told_by_last(correction, (told or listings)[-1], n_changed)

    def _told_by_last(
        self, correction: Correction, listing: tuple[int, int], n_changed: int
    ) -> Outcome:
        """By the last row that says something: the old value, the new one, or another."""
        place, position = listing
        given = self.given[place]
        old = self.type_text(correction.column, given.provider, correction.old)
        new = self.type_text(correction.column, given.provider, correction.new)
        if new.rule:
            return Outcome(correction, "conflict", "new_value_unreadable", n_changed)
        row = self._row(place, position)
        if row["row_digest"] in self.changed[id(correction)]:
            return Outcome(correction, "applied", n_changed=n_changed)
        if row[correction.column] == new.value:
            reason = "" if n_changed else "already_right"
            return Outcome(correction, "applied", reason, n_changed)
        reason = "old_value_unreadable" if old.rule else "old_value_differs"
        return Outcome(correction, "conflict", reason, n_changed)


def _edited(rows: pa.Table, edits: Mapping[int, Row]) -> pa.Table:
    """``rows`` with some values of some rows replaced; ``edits``: position → column → value."""
    for name in dict.fromkeys(name for values in edits.values() for name in values):
        column = rows[name].to_pylist()
        for position, values in edits.items():
            if name in values:
                column[position] = values[name]
        place = rows.schema.get_field_index(name)
        kind = rows.schema.field(place).type
        rows = rows.set_column(place, rows.schema.field(place), pa.array(column, kind))
    return rows
