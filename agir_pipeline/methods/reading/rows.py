"""A grid of texts as typed rows by the contract of its source, every row accounted for.

Each row of the grid gets exactly one end. Values that could not be read go to the quarantine,
which belongs in the vault: it is the only place where a cell's own text is kept.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import repeat
from typing import Any, NamedTuple, TypeVar

import numpy as np
import pyarrow as pa

from agir_pipeline.methods.reading.cells import trimmed
from agir_pipeline.methods.reading.columns import Coded, Places, Rows
from agir_pipeline.methods.reading.derived import LookupTable, deriver, disagreeing
from agir_pipeline.methods.reading.findings import (
    Finding,
    cell_findings,
    found,
    layout_findings,
    sheet_findings,
    uncached_findings,
)
from agir_pipeline.methods.reading.grid import Grid, Refusal
from agir_pipeline.methods.reading.headings import Layout, find_layout
from agir_pipeline.methods.reading.records import (
    RecordNames,
    Records,
    business_keys,
    row_digests,
)
from agir_pipeline.methods.reading.row_ends import End, first_ends
from agir_pipeline.methods.reading.terms import broken_after_term, shortened_terms
from agir_pipeline.methods.reading.typing_rules import ColumnReader, TypedColumn, as_array
from agir_pipeline.protocol.model import ColumnType, Source

T = TypeVar("T")

PLACE: Mapping[str, ColumnType] = {
    "record_id": "text",
    "sheet": "text",
    "row_number": "integer",
    "entity_key": "text",
    "provider": "text",
}
"""Where an accepted row stands, and what it is called."""

Texts = Mapping[str, Coded[str]]
"""By column of the contract, the text of every data row."""


class Quarantined(NamedTuple):
    """A broken cell or row with the text found. For the vault only."""

    sheet: str
    row_number: int
    column: str
    """Empty for a row broken as a whole."""
    rule: str
    found: str
    record_id: str
    entity_key: str | None


class RowTold(NamedTuple):
    """Whose a row is, as far as it says so."""

    row_number: int
    entity_key: str | None
    values: Mapping[str, str | None]


class _Broken(NamedTuple):
    """A rule that one row breaks; ``place`` is the row's among those of the grid."""

    place: int
    column: str
    rule: str
    found: str


@dataclass(frozen=True)
class RowsRead:
    """What one sheet of a delivery gave. A refused sheet has no rows and no ends."""

    rows: pa.Table
    """One row per accepted row: its place, every column of the contract, every derived one, and
    ``row_digest``, which changes when any of its values does."""
    quarantine: Sequence[Quarantined]
    sheet: str
    numbers: Sequence[int]
    row_ends: Sequence[str]
    """The number of every row of the sheet, and its end."""
    findings: tuple[Finding, ...]
    refusal: Refusal | None = None

    @property
    def is_refused(self) -> bool:
        return self.refusal is not None

    @property
    def ends(self) -> dict[str, dict[str, int]]:
        """For each sheet, the number of rows with each end, and ``n_rows``, their sum."""
        if not self.row_ends:
            return {}
        others = [end for end in self.row_ends if end is not End.ACCEPTED]
        by_end = {end.value: others.count(end) for end in End}
        by_end[End.ACCEPTED.value] = len(self.row_ends) - len(others)
        return {self.sheet: by_end | {"n_rows": len(self.row_ends)}}


class RowReader:
    """Reads the sheets of one source in one layout; what one file taught serves the next.

    ``record_key`` (at most 64 bytes) keys ``record_id``; ``tables`` holds the lookup tables by
    the name the protocol gives them.
    """

    def __init__(
        self, source: Source, tables: Mapping[str, LookupTable], record_key: bytes
    ) -> None:
        self.source = source
        self._record_key = record_key
        self._columns = {
            column.name: ColumnReader(
                column, source, is_required=column.required or column.name in source.key
            )
            for column in source.columns
        }
        self._past = [column.name for column in source.columns if column.not_after]
        self._derivers = {derived.name: deriver(derived, tables) for derived in source.derived}
        self._disagreements = [
            (agreement.columns[-1], disagreeing(agreement, tables[agreement.table]))
            for agreement in source.agreements
        ]

    def read(
        self,
        grid: Grid,
        provider: str,
        delivered_on: date,
        object_digest: str,
        received_on: date | None = None,
    ) -> RowsRead:
        """The rows of one sheet; ``object_digest`` names the bytes the grid came from.

        Without ``received_on`` the day the file was drawn is the day it came.
        """
        rows = Rows.of(grid.rows)
        grid = replace(grid, rows=rows)
        layout = find_layout(grid, self.source, delivered_on)
        if isinstance(layout, Refusal):
            return _unmapped(grid, self.source, layout)
        ends, row_rules = first_ends(grid, layout, self.source.key)
        data = _accepted(ends)
        uncached = uncached_findings(grid, layout, data)
        if isinstance(uncached, Refusal):
            return _refused(self.source, uncached)
        texts = _texts(rows, layout, data, self.source, grid.sheet)
        typed = {name: reader.read(texts[name]) for name, reader in self._columns.items()}
        self._judge_places(grid, layout, data, typed)
        self._judge_days(typed, received_on or delivered_on)
        records = Records(self.source, _chosen(rows.numbers, data), typed)
        names = RecordNames(self._record_key, object_digest, grid.sheet)
        broken = [
            *_broken_rows(grid, row_rules),
            *_broken_cells(data, typed, texts),
            *(_Broken(int(data[position]), *told) for position, *told in records.doubtful(texts)),
        ]
        for one in broken:
            ends[one.place] = End.REJECTED
        copies = data[records.copies].tolist()
        for index in copies:
            ends[index] = End.DUPLICATE
        kept = np.flatnonzero(np.isin(data, _accepted(ends), assume_unique=True))
        return RowsRead(
            rows=self._table(grid, records, kept, names, provider),
            quarantine=_quarantine(grid, broken, names, data, records.keys),
            sheet=grid.sheet,
            numbers=rows.numbers,
            row_ends=ends,
            findings=(
                *sheet_findings(grid),
                *layout_findings(grid, layout, ends),
                *uncached,
                *cell_findings(grid, typed, records.numbers),
                *self._disagreeing(grid, records),
                *self._spells_at_odds(grid, records),
                *self._out_of_order(grid, records),
                *found("duplicate_rows", grid, [rows.numbers[index] for index in copies]),
                *([] if len(data) else [Finding("no_rows", grid.sheet, None, "", 0)]),
            ),
        )

    def _judge_places(
        self, grid: Grid, layout: Layout, data: Places, typed: Mapping[str, TypedColumn]
    ) -> None:
        """Empty cells under a merged one break a rule: nobody knows whether its value is theirs."""
        names = {position: name for name, position in layout.positions.items()}
        numbers = [grid.rows[index][0] for index in data.tolist()] if grid.merged else []
        for top, left, bottom, right in grid.merged:
            for place in range(bisect_left(numbers, top), bisect_right(numbers, bottom)):
                cells = grid.rows[data[place]][1]
                for position in range(left - 1, min(right, len(cells))):
                    is_first = numbers[place] == top and position == left - 1
                    if position in names and not is_first and not trimmed(cells[position]):
                        typed[names[position]].rules[place] = "merged_cell"

    def _judge_days(self, typed: Mapping[str, TypedColumn], received_on: date) -> None:
        """What a file says has happened had happened when it came."""
        for name in self._past:
            days = typed[name].values

            def is_late(value: datetime | None) -> bool:
                return value is not None and value.date() > received_on

            late = np.flatnonzero(days.where(is_late)).tolist()
            typed[name].rules.update(dict.fromkeys(late, "in_the_future"))
            days.entries[:] = [None if is_late(day) else day for day in days.entries]

    def told(self, grid: Grid, delivered_on: date, wanted: Collection[str]) -> Iterator[RowTold]:
        """What every row below the headings says of whose it is, whatever becomes of the row.

        ``wanted``: the columns of the contract that tell, beside those of the key.
        """
        layout = find_layout(grid, self.source, delivered_on)
        if isinstance(layout, Refusal):
            return
        rows = Rows.of(grid.rows)
        is_data = rows.as_wide_as(len(rows[layout.row_index][1]))
        is_data[: layout.row_index + 1] = False
        data = np.flatnonzero(is_data)
        texts = _texts(rows, layout, data, self.source, grid.sheet)
        names = [name for name in self._columns if name in wanted or name in self.source.key]
        values = {name: self._columns[name].read(texts[name]).values for name in names}
        keys = business_keys(self.source, values) if self.source.key else [None] * len(data)
        said = [one.turned(list(map(_as_text, one.entries))) for one in values.values()]
        told: Iterable[tuple[str | None, ...]] = zip(*said, strict=True) if said else repeat(())
        for index, key, row in zip(data.tolist(), keys, told, strict=False):
            yield RowTold(rows.numbers[index], key, dict(zip(names, row, strict=True)))

    def _table(
        self, grid: Grid, records: Records, kept: Places, names: RecordNames, provider: str
    ) -> pa.Table:
        numbers, n = _chosen(records.numbers, kept), len(kept)
        values: dict[str, Sequence[object]] = {
            "sheet": Coded.constant(grid.sheet, n),
            "row_number": numbers,
            "entity_key": _chosen(records.keys, kept),
            "provider": Coded.constant(provider, n),
        }
        for name, column in records.values.items():
            values[name] = column if n == len(column) else column.take(kept)
        told = [values[name] for name in ("entity_key", "provider", *records.values)]
        for name, derive in self._derivers.items():
            values[name] = derive(values)
        digests = pa.array(row_digests(told, n))
        table = _table(self.source, values).append_column("row_digest", digests)
        return table.set_column(0, "record_id", names.column(numbers))

    def _disagreeing(self, grid: Grid, records: Records) -> Iterator[Finding]:
        """Columns that do not go together, one finding per agreement."""
        for name, places in self._disagreements:
            numbers = [records.numbers[position] for position in places(records.values)]
            yield from found("disagreement", grid, numbers, name)

    def _spells_at_odds(self, grid: Grid, records: Records) -> Iterator[Finding]:
        """Contracts broken before their first day or after their last, and terms cut short."""
        spell = self.source.spell
        if spell:
            told = (
                ("never_begun", spell.ended_early, records.before(spell.ended_early, spell.starts)),
                ("broken_after_term", spell.ended_early, broken_after_term(records, spell)),
                ("term_shortened_before_end", spell.planned_end, shortened_terms(records, spell)),
            )
            for code, name, places in told:
                yield from found(code, grid, [records.numbers[one] for one in places], name)

    def _out_of_order(self, grid: Grid, records: Records) -> Iterator[Finding]:
        """Days that lie before one that comes first, one finding per pair of columns."""
        for pair in self.source.in_order:
            places = records.before(pair.then, pair.first)
            numbers = [records.numbers[position] for position in places]
            yield from found("out_of_order", grid, numbers, pair.then)


def _as_text(value: Any) -> str | None:
    """A value as the vault keeps it: a day without a clock time."""
    if value is None:
        return None
    return value.strftime("%Y-%m-%d") if isinstance(value, datetime) else str(value)


def _accepted(ends: Sequence[str]) -> Places:
    """The places of the rows that are accepted as far as is known."""
    is_right = End.ACCEPTED
    return np.flatnonzero(np.fromiter([end is is_right for end in ends], bool, len(ends)))


def _chosen(told: Sequence[T], places: Places) -> Sequence[T]:
    """What stands at these places, which rise; without a copy where it is all between two."""
    if len(places) and int(places[-1] - places[0]) + 1 == len(places):
        return told[int(places[0]) : int(places[-1]) + 1]
    return list(map(told.__getitem__, places.tolist()))


def _texts(rows: Rows, layout: Layout, data: Places, source: Source, sheet: str) -> Texts:
    there = {name: rows.cells(position, data) for name, position in layout.positions.items()}
    there |= {c.name: Coded.constant(sheet, len(data)) for c in source.columns if c.is_sheet_name}
    absent = Coded.constant("", len(data))
    return {column.name: there.get(column.name, absent) for column in source.columns}


def _broken_rows(grid: Grid, rules: Mapping[int, str]) -> Iterator[_Broken]:
    for index, rule in rules.items():
        yield _Broken(index, "", rule, grid.delimiter.join(grid.rows[index][1]))


def _broken_cells(
    data: Places, typed: Mapping[str, TypedColumn], texts: Texts
) -> Iterator[_Broken]:
    for name, column in typed.items():
        for position, rule in column.rules.items():
            yield _Broken(int(data[position]), name, rule, texts[name][position])


def _quarantine(
    grid: Grid,
    broken: list[_Broken],
    names: RecordNames,
    data: Places,
    keys: Sequence[str | None],
) -> list[Quarantined]:
    """``data``: the places of the rows whose ``keys`` these are."""
    key_of = dict(zip(data.tolist(), keys, strict=True)) if broken else {}
    return [
        Quarantined(
            *(grid.sheet, number := grid.rows[one.place][0], one.column, one.rule, one.found),
            record_id=names.of(number),
            entity_key=key_of.get(one.place),
        )
        for one in sorted(broken, key=lambda one: one.place)
    ]


def _table(source: Source, values: Mapping[str, Sequence[object]]) -> pa.Table:
    kinds: dict[str, ColumnType] = {
        **PLACE,
        **{column.name: column.type for column in source.columns},
        **{derived.name: derived.type for derived in source.derived},
    }
    n_rows = len(values.get("row_number", ()))
    absent = Coded.constant(None, n_rows)
    made = {name: as_array(values.get(name, absent), kind) for name, kind in kinds.items()}
    return pa.table(made)


def _no_rows(source: Source) -> pa.Table:
    return _table(source, {}).append_column("row_digest", pa.array([], pa.uint64()))


def _unmapped(grid: Grid, source: Source, refusal: Refusal) -> RowsRead:
    """No header: a fault, unless a csv holds nothing at all, as an export of no answers does."""
    is_bare = not any(cell.strip() for _number, cells in grid.rows for cell in cells)
    if grid.container != "csv" or not is_bare:
        return _refused(source, refusal)
    numbers = [number for number, _cells in grid.rows]
    ends = [End.BLANK] * len(numbers)
    finding = Finding("no_rows", grid.sheet, None, "", 0)
    return RowsRead(_no_rows(source), [], grid.sheet, numbers, ends, (finding,))


def _refused(source: Source, refusal: Refusal) -> RowsRead:
    return RowsRead(_no_rows(source), [], "", [], [], (), refusal)
