"""One streaming look at a sheet's XML before it is parsed.

The parser kills its process on a far cell, says nothing of formulas without a result, and shows
error cells as empty. This look finds all three, and counts by itself the rows that hold
something: the only defence against rows lost inside the parser.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import IO
from xml.parsers import expat

from agir_pipeline.methods.reading.grid import Limits, Range, Refused, column_letter, column_number

CHUNK_BYTES = 1 << 18
REFERENCE = re.compile(r"([A-Z]{1,4})([1-9][0-9]{0,7})")
TRUE = ("1", "true")


@dataclass
class SheetFacts:
    """What the XML of one sheet says. Rows and columns count from 1."""

    held_rows: set[int] = field(default_factory=set)
    """Rows with at least one cell that holds something."""
    n_rows: int = 0
    n_columns: int = 0
    uncached: list[tuple[int, int]] = field(default_factory=list)
    """Formulas without a computed value."""
    silent: list[tuple[int, int]] = field(default_factory=list)
    """Formulas that show an empty text where the format cannot say whether it was computed."""
    errors: dict[tuple[int, int], str] = field(default_factory=dict)
    texts: dict[tuple[int, int], str] = field(default_factory=dict)
    """Cells of whose text the parser leaves something out, as they are written."""
    hidden_rows: list[int] = field(default_factory=list)
    hidden_columns: list[int] = field(default_factory=list)
    merged: list[Range] = field(default_factory=list)
    sheet: str = ""
    """Its name, where a refusal could not be told it otherwise."""


def parse_xml(
    file: IO[bytes],
    start: Callable[[str, dict[str, str]], None],
    end: Callable[[str], None] | None = None,
    text: Callable[[str], None] | None = None,
) -> None:
    """Streams an XML part; a DOCTYPE is refused, it has no business in a workbook."""
    parser = xml_parser(start, end, text)
    while chunk := file.read(CHUNK_BYTES):
        parser.Parse(chunk, False)
    parser.Parse(b"", True)


def xml_parser(
    start: Callable[[str, dict[str, str]], None],
    end: Callable[[str], None] | None = None,
    text: Callable[[str], None] | None = None,
) -> expat.XMLParserType:
    """A parser that refuses a DOCTYPE, and so every entity of a file's own."""
    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.buffer_text = True
    return parser


def _refuse_doctype(*_ignored: object) -> None:
    raise Refused("doctype")


@lru_cache(maxsize=256)
def local(name: str) -> str:
    """An element's name without its prefix."""
    return name.rpartition(":")[2]


def scan_sheet(
    file: IO[bytes], limits: Limits, empty_texts: frozenset[str] = frozenset()
) -> SheetFacts:
    """Facts of one sheet. ``empty_texts`` are the indices of shared texts that hold nothing.

    Raises ``Refused``: a cell that holds something lies too far out, or there is a DOCTYPE.
    """
    scan = SheetScan(limits, empty_texts)
    parse_xml(file, scan.start, scan.end, scan.text)
    return scan.facts


def empty_shared_texts(file: IO[bytes]) -> frozenset[str]:
    """Indices, as the sheet writes them, of the shared texts without a visible character."""
    n_items = 0
    filled = False
    empty: list[str] = []

    def start(name: str, _attributes: dict[str, str]) -> None:
        nonlocal filled
        if local(name) == "si":
            filled = False

    def text(data: str) -> None:
        nonlocal filled
        filled = filled or bool(data.strip())

    def end(name: str) -> None:
        nonlocal n_items
        if local(name) == "si":
            if not filled:
                empty.append(str(n_items))
            n_items += 1

    parse_xml(file, start, end, text)
    return frozenset(empty)


def _range(reference: str) -> Range:
    """A rectangle of cells, from how a workbook writes it: B2:C4."""
    first, _colon, last = reference.partition(":")
    corners = [REFERENCE.fullmatch(corner) for corner in (first, last or first)]
    (top, left), (bottom, right) = (
        (int(corner[2]), column_number(corner[1])) if corner else (0, 0) for corner in corners
    )
    if not 0 < top <= bottom or not 0 < left <= right:
        raise Refused("damaged")
    return top, left, bottom, right


class SheetScan:
    """The state of the look. References are optional in the format: places are counted."""

    def __init__(self, limits: Limits, empty_texts: frozenset[str] = frozenset()) -> None:
        self.facts = SheetFacts()
        self.limits = limits
        self.empty_texts = empty_texts
        self.row = 0
        self.column = 0
        self.in_cell = False
        self.in_value = False
        self._open_cell("")

    def _open_cell(self, kind: str) -> None:
        self.kind = kind
        self.value = ""
        self.has_value = False
        self.has_formula = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        element = local(name)
        if self.in_cell:
            if element in ("v", "t"):
                self.in_value = self.has_value = True
            elif element == "f":
                self.has_formula = True
        elif element == "c":
            self._place(attributes.get("r"))
            self._open_cell(attributes.get("t", ""))
            self.in_cell = True
        elif element == "row":
            self._open_row(attributes)
        elif element == "col" and attributes.get("hidden") in TRUE:
            first, last = int(attributes["min"]), int(attributes["max"])
            self.facts.hidden_columns += range(first, min(last, self.limits.columns) + 1)
        elif element == "mergeCell":
            self.facts.merged.append(_range(attributes["ref"]))

    def _open_row(self, attributes: dict[str, str]) -> None:
        self.row = int(attributes.get("r", self.row + 1))
        self.column = 0
        if attributes.get("hidden") in TRUE:
            self.facts.hidden_rows.append(self.row)

    def _place(self, reference: str | None) -> None:
        if reference is None:
            self.column += 1
            return
        match = REFERENCE.fullmatch(reference)
        if match is None:
            raise Refused("damaged")
        self.column, self.row = column_number(match[1]), int(match[2])

    def text(self, data: str) -> None:
        if self.in_value:
            self.value += data

    def end(self, name: str) -> None:
        if not self.in_cell:
            return
        element = local(name)
        if element in ("v", "t"):
            self.in_value = False
        elif element == "c":
            self.in_cell = False
            if self.has_value or self.has_formula:
                self._close_cell()

    def _close_cell(self) -> None:
        value = self.value.strip()
        # A text result may be computed and empty; any other formula must show a value.
        is_computed = bool(value) or (self.kind == "str" and self.has_value)
        is_uncached = self.has_formula and not is_computed
        if not is_uncached and (not value or (self.kind == "s" and value in self.empty_texts)):
            return
        place = (self.row, self.column)
        hold(self.facts, self.limits, *place)
        if is_uncached:
            self.facts.uncached.append(place)
        elif self.kind == "e":
            self.facts.errors[place] = value


def hold(facts: SheetFacts, limits: Limits, row: int, column: int) -> None:
    """Notes a cell that holds something.

    Raises ``Refused``: it lies too far out.
    """
    facts.held_rows.add(row)
    if row <= facts.n_rows and column <= facts.n_columns:
        return
    facts.n_rows, facts.n_columns = max(facts.n_rows, row), max(facts.n_columns, column)
    is_far = facts.n_rows > limits.rows or facts.n_columns > limits.columns
    if is_far or facts.n_rows * facts.n_columns > limits.cells:
        letter = column_letter(column - 1)
        allowed = {"rows": limits.rows, "columns": limits.columns}
        raise Refused("far_cell", sheet=facts.sheet, row=row, column=letter, **allowed)
