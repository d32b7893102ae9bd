"""A grid of texts as typed rows by the contract of its source, every row accounted for.

Each row of the grid gets exactly one end. Values that could not be read go to the quarantine,
which belongs in the vault: it is the only place where a cell's own text is kept.
"""

import hashlib
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import numpy as np
import pandas as pd

from agir_pipeline.methods.reading.derived import LookupTable, derive, disagreeing
from agir_pipeline.methods.reading.grid import UNCACHED, Grid, Refusal, column_letter
from agir_pipeline.methods.reading.headings import Layout, find_layout, normalise
from agir_pipeline.methods.reading.row_ends import End, first_ends
from agir_pipeline.methods.reading.typing_rules import TypedColumn, as_series, type_column
from agir_pipeline.protocol.model import ColumnType, Source

UNIT_SEPARATOR = "\x1f"
RECORD_ID_BYTES = 16
SHOWN_ADDRESSES = 5

PLACE = ("record_id", "sheet", "row_number", "entity_key", "provider")
QUARANTINE = ("sheet", "row_number", "column", "rule", "found", "record_id", "entity_key")


class Finding(NamedTuple):
    """Something the steward should see that rejects nothing. Never holds a value.

    ``column`` is a column of the contract, or a letter where the file's column has no name in
    it; ``row`` is the first of ``n`` places, None for the sheet as a whole.
    """

    code: str
    sheet: str
    row: int | None
    column: str
    n: int

    @property
    def place(self) -> str:
        """Column and row in one word: ``born_on:12``, ``E``, ``7``, or nothing."""
        return ":".join(part for part in (self.column, str(self.row or "")) if part)


@dataclass(frozen=True)
class RowsRead:
    """What one sheet of a delivery gave. A refused sheet has no rows and no ends."""

    rows: pd.DataFrame
    """One row per accepted row: its place, every column of the contract, every derived one."""
    quarantine: pd.DataFrame
    """One row per broken cell or row, with the text found. For the vault only."""
    row_ends: pd.DataFrame
    """One row per row of the sheet: ``sheet``, ``row_number``, ``end``."""
    findings: tuple[Finding, ...]
    refusal: Refusal | None = None

    @property
    def is_refused(self) -> bool:
        return self.refusal is not None

    @property
    def ends(self) -> dict[str, dict[str, int]]:
        """For each sheet, the number of rows with each end, and ``n_rows``, their sum."""
        return {
            str(sheet): {end.value: int((group == end.value).sum()) for end in End}
            | {"n_rows": len(group)}
            for sheet, group in self.row_ends.groupby("sheet")["end"]
        }


def read_rows(
    grid: Grid,
    source: Source,
    provider: str,
    delivered_on: date,
    record_key: bytes,
    object_digest: str,
    tables: Mapping[str, LookupTable],
) -> RowsRead:
    """The rows of one sheet, typed and accounted for.

    ``record_key`` (at most 64 bytes) keys ``record_id``; ``object_digest`` names the bytes the
    grid came from; ``tables`` holds the lookup tables by the name the protocol gives them.
    """
    layout = find_layout(grid, source, delivered_on)
    if isinstance(layout, Refusal):
        return _unmapped(grid, source, layout)
    ends, row_rules = first_ends(grid, layout, source.key)
    data = [index for index, end in enumerate(ends) if end == End.ACCEPTED]
    uncached = _uncached(grid, layout, set(data))
    if isinstance(uncached, Refusal):
        return _refused(source, uncached)
    reading = _Reading(grid, source, layout, data)
    records = reading.records(record_key, object_digest)
    broken = [
        *reading.broken_rows(row_rules),
        *reading.broken_cells(),
        *reading.collisions(),
        *reading.same_people(),
    ]
    duplicates = reading.duplicates()
    for index, end in [(b.position, End.REJECTED) for b in broken] + [
        (index, End.DUPLICATE) for index in duplicates
    ]:
        ends[index] = end
    accepted = [index for index in data if ends[index] == End.ACCEPTED]
    return RowsRead(
        rows=reading.accepted(accepted, records, provider, tables),
        quarantine=reading.quarantine(broken, records),
        row_ends=_row_ends(grid, ends),
        findings=(
            *_sheet_findings(grid),
            *_layout_findings(grid, layout, ends),
            *uncached,
            *reading.findings(),
            *reading.disagreements(tables),
            *_found("duplicate_rows", grid, [grid.rows[i][0] for i in duplicates]),
            *([] if data else [Finding("no_rows", grid.sheet, None, "", 0)]),
        ),
    )


class Broken(NamedTuple):
    """A rule that one row breaks; ``position`` is the row's place among those of the grid."""

    position: int
    column: str
    rule: str
    found: str


class _Reading:
    """The data rows of a grid, column by column; positions are those of ``data``."""

    def __init__(self, grid: Grid, source: Source, layout: Layout, data: list[int]) -> None:
        self.grid, self.source, self.data = grid, source, data
        absent = ("",) * len(data)
        width = len(grid.rows[layout.row_index][1])
        by_position = list(zip(*(grid.rows[index][1] for index in data), strict=True))
        by_name = {n: (by_position or [()] * width)[p] for n, p in layout.positions.items()}
        sheet = (grid.sheet,) * len(data)
        self.texts = {
            column.name: sheet if column.is_sheet_name else by_name.get(column.name, absent)
            for column in source.columns
        }
        self.typed = {
            column.name: _with_required(
                type_column(column, source, self.texts[column.name]),
                is_required=column.required or column.name in source.key,
            )
            for column in source.columns
        }
        self.numbers = [grid.rows[index][0] for index in data]
        self.values = pd.DataFrame({name: typed.values for name, typed in self.typed.items()})
        self.is_right = ~np.any([typed.rules != "" for typed in self.typed.values()], axis=0)
        self.entity_keys = self._entity_keys()
        self.is_copy, self.collides = self._repetitions()

    def _entity_keys(self) -> pd.Series:
        """The business key as text; None where a part of it could not be read."""
        if not self.source.key:
            return pd.Series([str(number) for number in self.numbers], dtype=object)
        parts = [_key_texts(self.values[name]) for name in self.source.key]
        keys = [
            None if None in row else UNIT_SEPARATOR.join(map(str, row))
            for row in zip(*parts, strict=True)
        ]
        return pd.Series(keys, dtype=object)

    def _repetitions(self) -> tuple[set[int], set[int]]:
        """Positions of rows equal to an earlier one, and of rows that contradict another."""
        right = self.entity_keys[self.is_right]
        repeated = right[right.duplicated(keep=False)]
        if repeated.empty:
            return set(), set()
        group = self.values.loc[repeated.index].assign(entity_key=repeated)
        is_copy = group.duplicated(keep="first")
        first = group[~is_copy]
        collides = first["entity_key"].duplicated(keep=False)
        return set(group.index[is_copy]), set(first.index[collides])

    def records(self, record_key: bytes, object_digest: str) -> dict[int, str]:
        """The keyed name of every row of the sheet, by its position in the grid."""
        begun = hashlib.blake2b(key=record_key, digest_size=RECORD_ID_BYTES)
        begun.update(f"{object_digest}{UNIT_SEPARATOR}{self.grid.sheet}{UNIT_SEPARATOR}".encode())
        return {index: _ended(begun, row[0]) for index, row in enumerate(self.grid.rows)}

    def broken_rows(self, rules: Mapping[int, str]) -> Iterator[Broken]:
        for index, rule in rules.items():
            yield Broken(index, "", rule, self.grid.delimiter.join(self.grid.rows[index][1]))

    def broken_cells(self) -> Iterator[Broken]:
        for name, typed in self.typed.items():
            for position in np.flatnonzero(typed.rules != ""):
                text = self.texts[name][position]
                yield Broken(self.data[position], name, typed.rules[position], text)

    def collisions(self) -> Iterator[Broken]:
        for position in sorted(self.collides):
            found = " ; ".join(self.texts[name][position] for name in self.source.key)
            yield Broken(self.data[position], self.source.key[0], "key_collision", found)

    def same_people(self) -> Iterator[Broken]:
        """Rows of different keys that name one person: a case opened twice."""
        names = self.source.same_person
        if not names:
            return
        told = self.values.loc[self.is_right, list(names)].dropna()
        # Few people share a date: only their names are compared.
        days = [name for name in names if pd.api.types.is_datetime64_dtype(told[name])]
        told = told[told.duplicated(days, keep=False)] if days else told
        found: dict[tuple[str, ...], list[int]] = {}
        for position, *values in told.itertuples(name=None):
            found.setdefault(tuple(normalise(str(value)) for value in values), []).append(position)
        for positions in found.values():
            keys = self.entity_keys[positions]
            if keys.nunique() > 1:
                for position, key in zip(positions, keys, strict=True):
                    yield Broken(self.data[position], self.source.key[0], "same_person", key)

    def duplicates(self) -> list[int]:
        return [self.data[position] for position in sorted(self.is_copy)]

    def accepted(
        self,
        indices: list[int],
        records: Mapping[int, str],
        provider: str,
        tables: Mapping[str, LookupTable],
    ) -> pd.DataFrame:
        kept = set(indices)
        positions = [p for p, index in enumerate(self.data) if index in kept]
        values = self.values.iloc[positions].reset_index(drop=True)
        place = {
            "record_id": as_series([records[index] for index in indices], "text"),
            "sheet": as_series([self.grid.sheet] * len(indices), "text"),
            "row_number": as_series([self.grid.rows[index][0] for index in indices], "integer"),
            "entity_key": as_series(self.entity_keys.iloc[positions].tolist(), "text"),
            "provider": as_series([provider] * len(indices), "text"),
        }
        derived = {d.name: derive(d, values, tables) for d in self.source.derived}
        return pd.DataFrame(place | {str(n): values[n] for n in values.columns} | derived)

    def quarantine(self, broken: Sequence[Broken], records: Mapping[int, str]) -> pd.DataFrame:
        keys = dict(zip(self.data, self.entity_keys, strict=True))
        lines = [
            (
                *(self.grid.sheet, self.grid.rows[b.position][0], b.column, b.rule, b.found),
                *(records[b.position], keys.get(b.position)),
            )
            for b in sorted(broken, key=lambda b: b.position)
        ]
        return _quarantine(lines)

    def disagreements(self, tables: Mapping[str, LookupTable]) -> Iterator[Finding]:
        """Columns that do not go together, one finding per agreement."""
        for agreement in self.source.agreements:
            places = disagreeing(agreement, self.values, tables[agreement.table])
            numbers = [self.numbers[p] for p in places]
            yield from _found("disagreement", self.grid, numbers, agreement.columns[-1])

    def findings(self) -> Iterator[Finding]:
        """Notes on cells, one finding per column and note."""
        for name, typed in self.typed.items():
            for note in sorted(set(typed.notes) - {""}):
                places = np.flatnonzero(typed.notes == note)
                yield from _found(note, self.grid, [self.numbers[p] for p in places], name)


def _with_required(typed: TypedColumn, *, is_required: bool) -> TypedColumn:
    if not is_required:
        return typed
    is_absent = typed.values.isna().to_numpy() & (typed.rules == "")
    rules = np.where(is_absent, "required_missing", typed.rules)
    return TypedColumn(typed.values, rules, typed.notes)


def _key_texts(values: pd.Series) -> list[str | None]:
    """One part of a key as text that does not depend on how the file wrote it."""
    if pd.api.types.is_datetime64_dtype(values):
        texts = values.dt.strftime("%Y-%m-%dT%H:%M:%S").str.removesuffix("T00:00:00")
    else:
        texts = values.astype(object)
    return [
        None if pd.isna(text) else " ".join(unicodedata.normalize("NFC", str(text)).split())
        for text in texts
    ]


def _ended(begun: hashlib.blake2b, number: int) -> str:
    digest = begun.copy()
    digest.update(str(number).encode())
    return digest.hexdigest()


def _uncached(grid: Grid, layout: Layout, data: set[int]) -> list[Finding] | Refusal:
    """Formulas without a result refuse the sheet where they stand in its data."""
    wanted = set(layout.positions.values())
    inside: list[str] = []
    beside: list[int] = []
    for index, (number, cells) in enumerate(grid.rows):
        if UNCACHED not in cells:
            continue
        for position, cell in enumerate(cells):
            if cell == UNCACHED and index in data and position in wanted:
                inside.append(f"{column_letter(position)}{number}")
            elif cell == UNCACHED:
                beside.append(number)
    if inside:
        addresses = ", ".join(inside[:SHOWN_ADDRESSES])
        context: dict[str, str | int] = {"n": len(inside), "addresses": addresses}
        return Refusal("uncached_formulas", grid.sheet, context=context)
    return list(_found("uncached_formulas", grid, beside))


def _found(code: str, grid: Grid, numbers: Sequence[int], column: str = "") -> Iterator[Finding]:
    if numbers:
        yield Finding(code, grid.sheet, numbers[0], column, len(numbers))


def _sheet_findings(grid: Grid) -> Iterator[Finding]:
    for flag in grid.flags:
        yield Finding(flag.code, grid.sheet, flag.row, flag.column, flag.n)
    for name in grid.ignored_sheets:
        yield Finding("ignored_sheet", name, None, "", 1)


def _layout_findings(grid: Grid, layout: Layout, ends: Sequence[str]) -> Iterator[Finding]:
    number = grid.rows[layout.row_index][0]
    for position in layout.unknown:
        yield Finding("unknown_heading", grid.sheet, number, column_letter(position), 1)
    for name in layout.absent:
        yield Finding("absent_column", grid.sheet, number, name, 1)
    below = range(layout.row_index + 1, len(ends))
    aside = [grid.rows[index][0] for index in below if ends[index] == End.OUTSIDE]
    yield from _found("set_aside", grid, aside)


def _row_ends(grid: Grid, ends: Sequence[str]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "sheet": as_series([grid.sheet] * len(ends), "text"),
            "row_number": as_series([number for number, _cells in grid.rows], "integer"),
            "end": as_series([str(end) for end in ends], "text"),
        }
    )


def _quarantine(lines: Sequence[tuple[object, ...]]) -> pd.DataFrame:
    columns = list(zip(*lines, strict=True)) if lines else [() for _name in QUARANTINE]
    return pd.DataFrame(
        {
            name: as_series(values, "integer" if name == "row_number" else "text")
            for name, values in zip(QUARANTINE, columns, strict=True)
        }
    )


def _unmapped(grid: Grid, source: Source, refusal: Refusal) -> RowsRead:
    """No header: a fault, unless a csv holds nothing at all, as an export of no answers does."""
    is_bare = not any(cell.strip() for _number, cells in grid.rows for cell in cells)
    empty = _refused(source, refusal)
    if grid.container != "csv" or not is_bare:
        return empty
    finding = Finding("no_rows", grid.sheet, None, "", 0)
    ends = _row_ends(grid, [End.BLANK] * len(grid.rows))
    return RowsRead(empty.rows, empty.quarantine, ends, (finding,))


def _refused(source: Source, refusal: Refusal) -> RowsRead:
    place: dict[str, ColumnType] = {**dict.fromkeys(PLACE, "text"), "row_number": "integer"}
    kinds: dict[str, ColumnType] = {
        **place,
        **{column.name: column.type for column in source.columns},
        **{derived.name: derived.type for derived in source.derived},
    }
    rows = pd.DataFrame({name: as_series([], kind) for name, kind in kinds.items()})
    no_ends = _row_ends(Grid("csv", "", []), [])
    return RowsRead(rows, _quarantine([]), no_ends, (), refusal)
