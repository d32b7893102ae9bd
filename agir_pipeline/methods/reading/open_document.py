"""One streaming look at the tables of an OpenDocument spreadsheet before it is parsed.

It finds what the parser hides (error cells, formulas without a result, hidden rows and columns),
refuses what would be repeated beyond the limits, and counts by itself the rows that hold
something. Source: OASIS OpenDocument 1.3, part 3, section 9.
"""

import re
import zipfile
from dataclasses import dataclass
from itertools import product

from agir_pipeline.methods.reading.grid import ERROR_TEXT, Limits, Refused
from agir_pipeline.methods.reading.sheet_scan import SheetFacts, hold, parse_xml

CONTENT = "content.xml"
MANIFEST = "META-INF/manifest.xml"
HIDDEN = ("collapse", "filter")
CELLS = ("table:table-cell", "table:covered-table-cell")
BESIDE = ("office:annotation", "table:table", "table:shapes", "draw:frame", "draw:custom-shape")
"""What may stand in a cell and is not what the cell shows."""
SPACES = "text:s"
MARKS = {SPACES: " ", "text:tab": "\t", "text:line-break": "\n"}
VALUES = ("office:value", "office:date-value", "office:time-value", "office:boolean-value")
ERROR_SHOWN = re.compile(rf"{ERROR_TEXT.pattern}|Err:[0-9]{{3}}")


@dataclass
class _Cell:
    """A cell, or a run of equal ones."""

    n: int
    is_error: bool
    is_uncached: bool
    shows_text: bool
    """Whether what it shows is its value, and not a number or a date as displayed."""
    text: str
    spans: tuple[int, int] = (1, 1)
    """How many rows and columns it is shown over."""
    shown: str = ""
    written: str = ""
    """Its paragraphs with the tabs and line ends in them …"""
    has_marks: bool = False
    """… which the parser leaves out where there are some."""


def scan_tables(archive: zipfile.ZipFile, limits: Limits) -> dict[str, SheetFacts]:
    """The facts of every sheet by its name.

    Raises ``Refused``: the document is locked, or a cell that holds something lies too far out.
    """
    with archive.open(MANIFEST) as file:
        parse_xml(file, _refuse_locked)
    scan = _Tables(limits)
    with archive.open(CONTENT) as file:
        parse_xml(file, scan.start, scan.end, scan.text)
    return scan.found


def _refuse_locked(name: str, _attributes: dict[str, str]) -> None:
    if name.endswith("encryption-data"):
        raise Refused("encrypted")


class _Tables:
    """The state of the look. Rows and columns count from 1; runs of equal ones count as many."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.found: dict[str, SheetFacts] = {}
        self.facts: SheetFacts | None = None
        self.cell: _Cell | None = None
        self.cells: list[_Cell] = []
        self.row = self.n_rows = self.n_columns = 0
        self.beside = 0
        self.in_paragraph = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if self.beside or (self.facts is not None and name in BESIDE):
            self.beside += 1
        elif name == "table:table":
            sheet = attributes.get("table:name", "")
            self.facts = self.found.setdefault(sheet, SheetFacts(sheet=sheet))
            self.row = self.n_columns = 0
        elif self.facts is None:
            return
        elif name in CELLS:
            self.cell = _cell(attributes)
        elif name == "text:p":
            self.in_paragraph = True
            self._write("\n" if self.cell and self.cell.written else "")
        elif name in MARKS:
            self._write(MARKS[name] * int(attributes.get("text:c", 1)), is_mark=name != SPACES)
        elif name == "table:table-row":
            self.cells = []
            self.n_rows = int(attributes.get("table:number-rows-repeated", 1))
            if attributes.get("table:visibility") in HIDDEN:
                until = min(self.row + self.n_rows, self.limits.rows)
                self.facts.hidden_rows += range(self.row + 1, until + 1)
        elif name == "table:table-column":
            self._column(self.facts, attributes)

    def _column(self, facts: SheetFacts, attributes: dict[str, str]) -> None:
        first = self.n_columns + 1
        self.n_columns += int(attributes.get("table:number-columns-repeated", 1))
        if attributes.get("table:visibility") in HIDDEN:
            facts.hidden_columns += range(first, min(self.n_columns, self.limits.columns) + 1)

    def text(self, data: str) -> None:
        if not self.in_paragraph or self.beside or self.cell is None:
            return
        self.cell.written += data
        if self.cell.shows_text:
            self.cell.text += data
        else:
            self.cell.shown += data

    def _write(self, text: str, *, is_mark: bool = False) -> None:
        if self.cell is not None:
            self.cell.written += text
            self.cell.has_marks |= is_mark

    def end(self, name: str) -> None:
        if self.beside:
            self.beside -= 1
        elif self.facts is None:
            return
        elif name == "text:p":
            self.in_paragraph = False
        elif name in CELLS and self.cell:
            # Some programs write an error as the number 0, or no text, that shows an error.
            self.cell.is_error |= bool(ERROR_SHOWN.fullmatch(self.cell.shown.strip()))
            self.cells.append(self.cell)
            self.cell = None
        elif name == "table:table-row":
            self._close_row(self.facts)
            self.row += self.n_rows
        elif name == "table:table":
            self.facts = None

    def _close_row(self, facts: SheetFacts) -> None:
        column = 0
        for cell in self.cells:
            first, column = column + 1, column + cell.n
            if cell.spans != (1, 1):
                top, (n_rows, n_columns) = self.row + 1, cell.spans
                facts.merged.append((top, first, top + n_rows - 1, first + n_columns - 1))
            if not (cell.text.strip() or cell.is_error or cell.is_uncached):
                continue
            hold(facts, self.limits, self.row + self.n_rows, column)
            rows = range(self.row + 1, self.row + self.n_rows + 1)
            facts.held_rows.update(rows)
            places = product(rows, range(first, column + 1))
            if cell.is_uncached:
                facts.uncached += places
            elif cell.is_error:
                told = cell.text.strip() if cell.shows_text else cell.shown.strip()
                facts.errors |= dict.fromkeys(places, told)
            elif cell.has_marks and cell.shows_text:
                facts.texts |= dict.fromkeys(places, cell.written)


def _cell(attributes: dict[str, str]) -> _Cell:
    kind = attributes.get("office:value-type")
    is_error = attributes.get("calcext:value-type") == "error"
    names = ("office:string-value",) if kind == "string" else VALUES
    value = None if is_error else next((attributes[n] for n in names if n in attributes), None)
    return _Cell(
        n=int(attributes.get("table:number-columns-repeated", 1)),
        is_error=is_error,
        is_uncached="table:formula" in attributes and kind is None,
        shows_text=value is None,
        text=value or "",
        spans=(
            int(attributes.get("table:number-rows-spanned", 1)),
            int(attributes.get("table:number-columns-spanned", 1)),
        ),
    )
