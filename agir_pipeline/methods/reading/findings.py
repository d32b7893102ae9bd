"""What the steward should see of a sheet that rejects nothing."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from agir_pipeline.methods.reading.columns import Places, Rows
from agir_pipeline.methods.reading.grid import UNCACHED, Grid, Refusal, column_letter
from agir_pipeline.methods.reading.headings import Layout
from agir_pipeline.methods.reading.row_ends import End
from agir_pipeline.methods.reading.typing_rules import TypedColumn

SHOWN_ADDRESSES = 5


class Finding(NamedTuple):
    """Something to look at. Never holds a value.

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


def found(code: str, grid: Grid, numbers: Sequence[int], column: str = "") -> Iterator[Finding]:
    """One finding for all rows of these numbers, none without any."""
    if numbers:
        yield Finding(code, grid.sheet, numbers[0], column, len(numbers))


def sheet_findings(grid: Grid) -> Iterator[Finding]:
    """What the reader of the file pointed at, and the sheets it did not read."""
    for flag in grid.flags:
        yield Finding(flag.code, grid.sheet, flag.row, flag.column, flag.n)
    for name in grid.ignored_sheets:
        yield Finding("ignored_sheet", name, None, "", 1)


def layout_findings(grid: Grid, layout: Layout, ends: Sequence[str]) -> Iterator[Finding]:
    """Headings that say nothing to the contract, columns that are not there, rows set aside."""
    number = grid.rows[layout.row_index][0]
    for position in layout.unknown:
        yield Finding("unknown_heading", grid.sheet, number, column_letter(position), 1)
    for name in layout.absent:
        yield Finding("absent_column", grid.sheet, number, name, 1)
    below = range(layout.row_index + 1, len(ends))
    aside = [grid.rows[index][0] for index in below if ends[index] == End.OUTSIDE]
    yield from found("set_aside", grid, aside)


def cell_findings(
    grid: Grid, typed: Mapping[str, TypedColumn], numbers: Sequence[int]
) -> Iterator[Finding]:
    """Notes on cells, one finding per column and note; ``numbers`` are those of the data rows."""
    for name, column in typed.items():
        for note in sorted(set(column.notes.values())):
            places = [numbers[place] for place, said in column.notes.items() if said == note]
            yield from found(note, grid, places, name)


def uncached_findings(grid: Grid, layout: Layout, data: Places) -> list[Finding] | Refusal:
    """Formulas without a result refuse the sheet where they stand in its data."""
    rows = Rows.of(grid.rows)
    told = [*(column.entries for column in rows.columns), *rows.odd.values()]
    if not any(UNCACHED in texts for texts in told):
        return []
    wanted, in_data = set(layout.positions.values()), set(data.tolist())
    inside: list[str] = []
    beside: list[int] = []
    for index, (number, cells) in enumerate(rows):
        if UNCACHED not in cells:
            continue
        for position, cell in enumerate(cells):
            if cell == UNCACHED and index in in_data and position in wanted:
                inside.append(f"{column_letter(position)}{number}")
            elif cell == UNCACHED:
                beside.append(number)
    if inside:
        addresses = ", ".join(inside[:SHOWN_ADDRESSES])
        context: dict[str, str | int] = {"n": len(inside), "addresses": addresses}
        return Refusal("uncached_formulas", grid.sheet, context=context)
    return list(found("uncached_formulas", grid, beside))
