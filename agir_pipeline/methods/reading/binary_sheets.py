"""One look at the records of a sheet of an ``.xlsb`` workbook beside the parser.

As in ``.xls``, a formula always has a result in this format; one that was never computed has an
empty text, as one that rightly shows nothing has. Source: [MS-XLSB] Excel Binary File Format.
"""

import struct
from collections.abc import Iterator

from agir_pipeline.methods.reading.biff import ERRORS
from agir_pipeline.methods.reading.grid import Limits, Refused
from agir_pipeline.methods.reading.sheet_scan import SheetFacts, hold

ROW, COLUMNS, SHEET, MERGED, SHARED_TEXT = 0, 60, 156, 176, 19
BLANK, ERROR, TEXT, SHARED, FORMULA_TEXT, FORMULA_ERROR = 1, 3, 6, 7, 8, 11
RICH_TEXT = int("3E", 16)
CELLS = frozenset((*range(BLANK, FORMULA_ERROR + 1), RICH_TEXT))
SHORT_CELLS = range(12, 19)
"""The same as from ``BLANK`` on, without their column: they follow the cell before."""
SHORT = 11
HIDDEN_ROW, HIDDEN_COLUMN = 0x1000, 0x01
HEAD = 8
"""Bytes of a cell before its value."""


def records(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The records of one part: their kind and what they hold."""
    place = 0
    while place < len(data):
        kind, place = _number(data, place, 2)
        n_bytes, place = _number(data, place, 4)
        if place + n_bytes > len(data):
            raise Refused("incomplete")
        yield kind, data[place : place + n_bytes]
        place += n_bytes


def _number(data: bytes, place: int, most: int) -> tuple[int, int]:
    """A number in as many bytes as it needs, seven bits in each; and where it ends."""
    number = 0
    for turn in range(most):
        number |= (data[place] & 0x7F) << (7 * turn)
        place += 1
        if not data[place - 1] & 0x80:
            break
    return number, place


def listed_sheets(data: bytes) -> list[tuple[str, str, bool]]:
    """Of each sheet its name, the key of its part and whether it is visible."""
    found = []
    for kind, body in records(data):
        if kind == SHEET:
            key, place = _text(body, 8)
            name, _end = _text(body, place)
            found.append((name, key, struct.unpack_from("<I", body)[0] == 0))
    return found


def _text(body: bytes, place: int) -> tuple[str, int]:
    start = place + 4
    end = start + 2 * struct.unpack_from("<I", body, place)[0]
    return body[start:end].decode("utf-16-le", "replace"), end


def empty_shared(data: bytes) -> frozenset[int]:
    """Which of the shared texts hold nothing visible."""
    texts = (_text(body, 1)[0] for kind, body in records(data) if kind == SHARED_TEXT)
    return frozenset(place for place, text in enumerate(texts) if not text.strip())


def scan_binary(data: bytes, limits: Limits, empty: frozenset[int], sheet: str = "") -> SheetFacts:
    """Facts of one sheet. ``empty`` are the shared texts that hold nothing.

    Raises ``Refused``: a cell that holds something lies too far out, or the records end early.
    """
    facts = SheetFacts(sheet=sheet)
    row = column = 0
    for kind, body in records(data):
        if kind in CELLS:
            column = struct.unpack_from("<I", body)[0] + 1
            _cell(kind, body[HEAD:], (row, column), facts, limits, empty)
        elif kind in SHORT_CELLS:
            column += 1
            _cell(kind - SHORT, body[4:], (row, column), facts, limits, empty)
        elif kind == ROW:
            row, column = struct.unpack_from("<I", body)[0] + 1, 0
            if struct.unpack_from("<H", body, 10)[0] & HIDDEN_ROW:
                facts.hidden_rows.append(row)
        elif kind == COLUMNS and body[16] & HIDDEN_COLUMN:
            first, last = struct.unpack_from("<2I", body)
            facts.hidden_columns += range(first + 1, min(last + 1, limits.columns) + 1)
        elif kind == MERGED:
            top, bottom, left, right = (n + 1 for n in struct.unpack_from("<4I", body))
            facts.merged.append((top, left, bottom, right))
    return facts


def _cell(
    kind: int,
    value: bytes,
    place: tuple[int, int],
    facts: SheetFacts,
    limits: Limits,
    empty: frozenset[int],
) -> None:
    if kind == BLANK or (kind == SHARED and struct.unpack_from("<I", value)[0] in empty):
        return
    is_text = kind in (TEXT, FORMULA_TEXT, RICH_TEXT)
    if is_text and not _text(value, kind == RICH_TEXT)[0].strip():
        facts.silent += [place] if kind == FORMULA_TEXT else []
        return
    hold(facts, limits, *place)
    if kind in (ERROR, FORMULA_ERROR):
        facts.errors[place] = ERRORS.get(value[0], "")
