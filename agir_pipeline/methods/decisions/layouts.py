"""Layouts the steward accepted: headings a partner changed, columns it no longer fills.

An amendment is what decisions change about the reading of one file: headings that mean a column,
headings nobody reads, and cells that a correction makes readable.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import pyarrow as pa

from agir_pipeline.methods.reading.cells import trimmed
from agir_pipeline.methods.reading.grid import Grid, Refusal, column_number
from agir_pipeline.methods.reading.headings import find_layout, normalise
from agir_pipeline.methods.reading.sheets import FileRead
from agir_pipeline.protocol.model import Source
from agir_pipeline.protocol.sources import Alias


@dataclass(frozen=True)
class Accepted:
    """One decision on the layout of a source, for files drawn from ``since`` on."""

    source: str
    heading: str
    """Empty: the column may be absent or empty."""
    column: str
    """Empty: nobody reads the heading."""
    since: date
    known_on: date


@dataclass(frozen=True)
class Amendment:
    """What decisions change about the reading of one file."""

    headings: tuple[tuple[str, str], ...] = ()
    """(heading, column it means; empty: it is not read)."""
    cells: tuple[tuple[str, int, str, str], ...] = ()
    """(sheet, row, column, the text to read in place of what stands there)."""

    def layout(self, source: Source) -> Source:
        """The contract with the headings accepted for its columns."""
        new = {column: heading for heading, column in self.headings if column}
        if not new:
            return source
        columns = [
            c.model_copy(update={"aliases": (*c.aliases, Alias(heading=new[c.name]))})
            if c.name in new
            else c
            for c in source.columns
        ]
        return source.model_copy(update={"columns": tuple(columns)})

    def grid(self, grid: Grid, source: Source, day: date) -> Grid:
        """The grid with the corrected cells in place of those that could not be read."""
        layout = find_layout(grid, source, day) if self.cells else None
        if layout is None or isinstance(layout, Refusal):
            return grid
        rows = {number: list(cells) for number, cells in grid.rows}
        for sheet, number, column, text in self.cells:
            if sheet == grid.sheet and number in rows and column in layout.positions:
                rows[number][layout.positions[column]] = text
        return replace(grid, rows=list(rows.items()))

    def told(self, read: FileRead, grids: Sequence[Grid]) -> FileRead:
        """The reading of these sheets without the notes on headings that nobody is to read."""
        unread = {normalise(heading) for heading, column in self.headings if not column}
        if not unread:
            return read
        cells = {(grid.sheet, number): row for grid in grids for number, row in grid.rows}
        kept = [
            f
            for f in read.findings
            if f.code != "unknown_heading"
            or f.row is None
            or normalise(cells[f.sheet, f.row][column_number(f.column) - 1]) not in unread
        ]
        return replace(read, findings=tuple(kept))


AS_RECEIVED = Amendment()
OTHER_HEADINGS = ("no_header", "missing_columns")
"""Refusals of a sheet that holds something else than decisions."""


def answered(grid: Grid, source: Source, day: date) -> Grid:
    """A sheet of decisions whose unanswered rows are blank: proposals nobody signed.

    A row is unanswered while neither its author nor, for a correction, the new value is written.
    """
    roles = source.corrects or source.maps or source.settles
    if roles is None:
        return grid
    layout = find_layout(grid, source, day)
    if isinstance(layout, Refusal):
        return grid
    names = [roles.author, *([source.corrects.new_value] if source.corrects else [])]
    places = [layout.positions[name] for name in names if name in layout.positions]
    width = len(grid.rows[layout.row_index][1])
    rows = [
        (number, cells)
        if index <= layout.row_index
        or len(cells) != width
        or any(trimmed(cells[place]) for place in places)
        else (number, [""] * len(cells))
        for index, (number, cells) in enumerate(grid.rows)
    ]
    return replace(grid, rows=rows)


def joined(reads: Sequence[FileRead]) -> FileRead:
    """The readings of one file as one; of those after the first, what tells decisions.

    A sheet for review has columns beside those of the decision: they are for the reader. One that
    has the headings of decisions and cannot be read refuses the file: nothing decided is lost.
    """
    first, *others = reads
    for read in others:
        if read.refusal is not None and read.refusal.code not in OTHER_HEADINGS:
            return read
    usable = [read for read in others if read.refusal is None]
    if first.refusal is not None or not usable:
        return first
    sheets = {sheet for read in usable for sheet in read.ends}
    told = [f for f in first.findings if f.code != "ignored_sheet" or f.sheet not in sheets]
    return FileRead(
        rows=pa.concat_tables(read.rows for read in (first, *usable)),
        quarantine=[one for read in (first, *usable) for one in read.quarantine],
        ends={sheet: ends for read in (first, *usable) for sheet, ends in read.ends.items()},
        findings=tuple(told),
    )
