"""What a file holds once it is read: a grid of texts, or the reason why it cannot be.

Both travel as JSON from the reading process, never as pickle. Row numbers are the ones a
person sees: the row of the sheet, or the line of the file on which a csv row begins.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple

Row = tuple[int, list[str]]
"""The number of a row and its cells."""

Range = tuple[int, int, int, int]
"""First row, first column, last row, last column of a rectangle of cells, counted from 1."""

UNCACHED = "#UNCACHED!"
"""Stands in the grid for a formula whose result was never computed."""

ERROR_TEXT = re.compile(
    r"#(DIV/0!|REF!|N/A|VALUE!|NAME\?|NUM!|NULL!|GETTING_DATA|SPILL!|CALC!|N/D|VALEUR!|NOM\?"
    r"|NOMBRE!|NUL!)"
)
"""What spreadsheets show in place of a result, in English and French."""


@dataclass(frozen=True)
class Limits:
    """What a file may ask of the machine; anything larger is refused before it is parsed."""

    file_bytes: int = 50_000_000
    """Of a workbook, which is held in memory whole."""
    text_bytes: int = 2_000_000_000
    """Of a csv file, which is read line by line."""
    declared_bytes: int = 500_000_000
    ratio: int = 200
    members: int = 2_000
    rows: int = 200_000
    """Of a sheet; a csv file has no such limit."""
    columns: int = 500
    cells: int = 10_000_000
    macros: bool = False
    """Whether a workbook that could run something is read; it is never run."""
    memory_bytes: int = 1 << 30
    cpu_seconds: int = 60


class Flag(NamedTuple):
    """Something to look at that stops nothing: its first place, and how often."""

    code: str
    row: int | None
    column: str
    n: int


@dataclass(frozen=True)
class Refusal:
    """Why a file, or a sheet of it, is not read. ``context`` never holds a cell's content."""

    code: str
    sheet: str = ""
    row: int | None = None
    column: str = ""
    context: Mapping[str, str | int] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Refusal":
        return cls(**values)


class Refused(Exception):
    """Carries a refusal up to the loop of the reading process."""

    def __init__(self, code: str, **context: str | int) -> None:
        place = {k: context.pop(k) for k in ("sheet", "row", "column") if k in context}
        self.refusal = Refusal(code, context=context, **place)  # type: ignore[arg-type]
        super().__init__(code)

    def at(self, sheet: str) -> "Refused":
        """The same, of this sheet unless it names one."""
        self.refusal = replace(self.refusal, sheet=self.refusal.sheet or sheet)
        return self


@dataclass(frozen=True)
class Grid:
    """One sheet as texts. An empty cell is ``""``; every row keeps its number, blank ones too."""

    container: str
    """How it was read: csv, xlsx, xlsb, xls or ods, whatever the file is called."""
    sheet: str
    """The sheet's name; empty for csv."""
    rows: Sequence[Row]
    encoding: str = ""
    delimiter: str = ""
    ignored_sheets: list[str] = field(default_factory=list)
    faults: list[tuple[int, str]] = field(default_factory=list)
    """Rows that could not be taken apart, with the rule they break."""
    flags: list[Flag] = field(default_factory=list)
    merged: list[Range] = field(default_factory=list)
    """Cells shown as one: only the first of each holds what is seen."""
    erased: list[int] = field(default_factory=list)
    """Numbers of rows that were blanked because their person had the data erased."""

    def to_json(self) -> dict[str, Any]:
        told = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {**told, "rows": list(self.rows)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Grid":
        lists = {
            "faults": [(number, rule) for number, rule in values["faults"]],
            "flags": [Flag(*flag) for flag in values["flags"]],
            "merged": [tuple(merged) for merged in values["merged"]],
        }
        return cls(**{**values, **lists})


class Block(NamedTuple):
    """Some rows of a sheet, column by column: what stands in many of them is told once."""

    numbers: Sequence[int]
    columns: Sequence[Sequence[str]]
    """Of the rows that are as wide as most; of all others each holds an empty text."""
    odd: Mapping[int, list[str]] = {}
    """The cells of the others, by their place in the block."""

    def rows(self) -> Iterator[Row]:
        """The same, row by row."""
        empty: Iterable[tuple[str, ...]] = [()] * len(self.numbers)
        plain = zip(*self.columns, strict=True) if self.columns else empty
        for place, (number, cells) in enumerate(zip(self.numbers, plain, strict=True)):
            yield number, self.odd[place] if place in self.odd else list(cells)


BLOCK_ROWS = 2_000
FEW = 500
WIDEST = 16_384
"""No worksheet has more columns; longer rows of a csv file are kept as they are."""
SAMPLE = 64
BETWEEN = "\0"
"""Parts the texts of a column on their way from the reading process."""
SMALL = 256
"""Up to as many texts in a block, one byte says which of them stands in a row; else two."""


def blocks_of(rows: Iterable[Row]) -> Iterator[Block]:
    """Rows as blocks. One row of a million cells makes no column of the others longer."""
    left = iter(rows)
    while some := list(islice(left, BLOCK_ROWS)):
        yield block_of(some)


def block_of(rows: Sequence[Row]) -> Block:
    """All these rows as one block."""
    numbers = [number for number, _cells in rows]
    widths = Counter(len(cells) for _number, cells in rows if len(cells) <= WIDEST)
    width = max(widths, key=lambda one: (widths[one], -one), default=0)
    odd = {p: cells for p, (_number, cells) in enumerate(rows) if len(cells) != width}
    filler = [""] * width
    plain = [filler if place in odd else cells for place, (_number, cells) in enumerate(rows)]
    return Block(numbers, list(zip(*plain, strict=True)), odd)


@dataclass(frozen=True)
class Sheet:
    """A sheet while it is read. What its grid says of it is whole after the last row."""

    grid: Grid
    """Without rows."""
    blocks: Iterable[Block]

    def whole(self) -> Grid:
        """The grid with all its rows."""
        rows = [row for block in self.blocks for row in block.rows()]
        return replace(self.grid, rows=rows)


def comes_again(cells: Sequence[object]) -> bool:
    """Whether it is worth to look for what stands several times in a column of a block.

    In a small one always: whoever judges it has the less to do.
    """
    some = cells[:: len(cells) // SAMPLE or 1]
    return len(cells) < FEW or len(set(some)) < len(some)


def column_letter(position: int) -> str:
    """The letter over a column: 0 is A, 26 is AA."""
    letters = ""
    number = position + 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


@lru_cache(maxsize=1024)
def column_number(letters: str) -> int:
    """How many columns there are up to this letter: A is 1, AA is 27."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number
