"""One look at the records of an ``.xls`` workbook (BIFF5, BIFF8) beside the parser.

The parser shows error cells as empty and hidden rows like the others; this look finds both, and
counts by itself the rows that hold something. A formula always has a result in this format; one
that was never computed has an empty text, as one that rightly shows nothing has.
Source: [MS-XLS] Excel Binary File Format.
"""

import struct
from collections.abc import Iterator

from agir_pipeline.methods.reading.grid import Limits, Refused
from agir_pipeline.methods.reading.sheet_scan import SheetFacts, hold

SHEET, FILE_PASS, START, END = 0x85, 0x2F, 0x809, 0x0A
MERGED = 0xE5
ROW, COLUMNS, FORMULA, BOOLEAN_OR_ERROR = 0x208, 0x7D, 0x06, 0x205
MANY_NUMBERS = 0xBD
ONE_CELL = {
    0x203: "number",
    0x27E: "number",
    0xFD: "text",
    0x204: "text",
    0xD6: "text",
    BOOLEAN_OR_ERROR: "boolean or error",
    FORMULA: "formula",
}
ERRORS = {
    0x00: "#NULL!",
    0x07: "#DIV/0!",
    0x0F: "#VALUE!",
    0x17: "#REF!",
    0x1D: "#NAME?",
    0x24: "#NUM!",
    0x2A: "#N/A",
}
WORKSHEET = 0
HIDDEN_ROW = 0x20
EMPTY_TEXT, ERROR = 3, 2
"""Results of formulas that are no number."""


def records(data: bytes, start: int = 0) -> Iterator[tuple[int, bytes]]:
    """The records from ``start`` to the end of the part that begins there."""
    depth = 0
    while start + 4 <= len(data):
        kind, n_bytes = struct.unpack_from("<2H", data, start)
        start += 4
        yield kind, data[start : start + n_bytes]
        start += n_bytes
        depth += (kind == START) - (kind == END)
        if depth == 0:
            return
    raise Refused("incomplete")


def sheet_starts(data: bytes) -> list[tuple[str, int]]:
    """The name of each worksheet and where its records begin, in the order of the tabs.

    Raises ``Refused``: the workbook is locked, or its records end too early.
    """
    starts: list[tuple[str, int]] = []
    for kind, body in records(data):
        if kind == FILE_PASS:
            raise Refused("encrypted")
        if kind == SHEET and body[5] == WORKSHEET:
            starts.append((_name(body[6:]), struct.unpack_from("<I", body)[0]))
    return starts


def _name(text: bytes) -> str:
    """A text after its length: in wide letters where a mark says so."""
    n_letters, mark = text[0], text[1]
    if mark == 1:
        return text[2 : 2 + 2 * n_letters].decode("utf-16-le", "replace")
    start = 2 if mark == 0 else 1  # BIFF5 has no mark
    return text[start : start + n_letters].decode("cp1252", "replace")


def scan_records(data: bytes, start: int, limits: Limits, sheet: str = "") -> SheetFacts:
    """Facts of the sheet whose records begin at ``start``.

    Raises ``Refused``: a cell that holds something lies too far out.
    """
    facts = SheetFacts(sheet=sheet)
    for kind, body in records(data, start):
        if kind in ONE_CELL:
            _cell(kind, body, facts, limits)
        elif kind == MANY_NUMBERS:
            row, _first = struct.unpack_from("<2H", body)
            last = struct.unpack_from("<H", body, len(body) - 2)[0]
            hold(facts, limits, row + 1, last + 1)
        elif kind == ROW and struct.unpack_from("<H", body, 12)[0] & HIDDEN_ROW:
            facts.hidden_rows.append(struct.unpack_from("<H", body)[0] + 1)
        elif kind == MERGED:
            for place in range(struct.unpack_from("<H", body)[0]):
                top, bottom, left, right = struct.unpack_from("<4H", body, 2 + 8 * place)
                facts.merged.append((top + 1, left + 1, bottom + 1, right + 1))
        elif kind == COLUMNS and body[8] & 1:
            first, last = struct.unpack_from("<2H", body)
            facts.hidden_columns += range(first + 1, min(last + 1, limits.columns) + 1)
    return facts


def _cell(kind: int, body: bytes, facts: SheetFacts, limits: Limits) -> None:
    row, column = (number + 1 for number in struct.unpack_from("<2H", body))
    error = None
    if kind == BOOLEAN_OR_ERROR and body[7]:
        error = body[6]
    elif kind == FORMULA and body[12:14] == b"\xff\xff":
        if body[6] == EMPTY_TEXT:
            facts.silent.append((row, column))
            return
        error = body[8] if body[6] == ERROR else None
    hold(facts, limits, row, column)
    if error is not None:
        facts.errors[row, column] = ERRORS.get(error, "")
