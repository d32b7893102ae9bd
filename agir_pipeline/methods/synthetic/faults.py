"""How the faults of the catalogue are put into files, and where they can be seen.

A fault changes one page; the next file of the stream is right again. An entry that comes late
is the exception: it is missing from the files before.
"""

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from agir_pipeline.methods.reading.grid import column_letter
from agir_pipeline.methods.synthetic.catalogue import Fault
from agir_pipeline.methods.synthetic.layouts import Cell, Page
from agir_pipeline.methods.synthetic.spelling import without_accents
from agir_pipeline.methods.synthetic.streams import Stream
from agir_pipeline.methods.synthetic.timeline import Days

SECTOR_BYTES = 512
LATE_TURNS = 3
"""A late entry should have stood in so many files before."""

Place = tuple[int | None, str]
"""Physical row (None: the file as a whole) and column."""


@dataclass(frozen=True)
class Planted:
    """A fault in its file: the page it leaves, and where it can be seen."""

    fault: Fault
    page: Page
    places: tuple[Place, ...]


def plant(fault: Fault, stream: Stream, day: np.datetime64, earlier: np.datetime64) -> Planted:
    """The file of ``day`` with the fault in it, in rows that the delivery before held as well."""
    page = stream.page(day)
    if fault.check in SPOILERS:
        return Planted(fault, page, ((None, ""),))
    if fault.check in OF_PAGES:
        return Planted(fault, *OF_PAGES[fault.check](fault, stream, day, earlier))
    shown = stream.shown_on(day)
    settled = np.flatnonzero(stream.shown_from[shown] <= earlier)
    rows = [list(row) for row in page.rows]
    hit = EDITS.get(fault.check, _other_value)(fault, stream, rows, settled.tolist())
    first = stream.layout.first_row
    column = "" if fault.check in ("duplicate", "wrong_field_count") else fault.column
    return Planted(fault, replace(page, rows=rows), tuple((first + row, column) for row in hit))


def with_late_entry(stream: Stream, days: Days, place: int) -> Stream:
    """The stream with one row that first stands in file ``place``, long after its time."""
    in_time = np.flatnonzero(stream.shown_from <= days[place - LATE_TURNS])
    shown_from = stream.shown_from.copy()
    shown_from[in_time[-1]] = days[place - 1] + np.timedelta64(1, "D")
    return replace(stream, shown_from=shown_from)


def spoil(check: str, data: bytes) -> bytes:
    """The bytes of a file whose content is right but which nobody can open."""
    return SPOILERS[check](data)


# ------------------------------------------------------------------------- faults inside rows

Edit = Callable[[Fault, Stream, list[list[Cell]], list[int]], Sequence[int]]
"""Changes the rows in place; gives the positions where the fault can be seen."""


def _other_value(
    fault: Fault, stream: Stream, rows: list[list[Cell]], settled: list[int]
) -> Sequence[int]:
    """A value that already stands in a row is no fault there: a row with another one takes it."""
    place = stream.position_of(fault.column)
    filled = [row for row in settled if rows[row][place] != ""]
    third = len(filled) // 3
    others = (row for row in filled[third:] + filled[:third] if rows[row][place] != fault.found)
    row = next(others)
    rows[row][place] = fault.found
    return [row]


def _of_another_place(
    fault: Fault, stream: Stream, rows: list[list[Cell]], settled: list[int]
) -> Sequence[int]:
    """A postcode of the same department: the table of places knows no other."""
    place = stream.position_of(fault.column)
    near = [row for row in settled if str(rows[row][place])[:2] == str(fault.found)[:2]]
    return _other_value(fault, stream, rows, near)


def _wrong_digit(
    fault: Fault, stream: Stream, rows: list[list[Cell]], settled: list[int]
) -> Sequence[int]:
    place = stream.position_of(fault.column)
    filled = [row for row in settled if rows[row][place] != ""]
    row = filled[len(filled) // 3]
    number = str(rows[row][place])
    rows[row][place] = number[:-1] + str((int(number[-1]) + 1) % 10)
    return [row]


def _same_key(
    fault: Fault, stream: Stream, rows: list[list[Cell]], settled: list[int]
) -> Sequence[int]:
    place = stream.position_of(fault.column)
    one, other = settled[len(settled) // 4], settled[len(settled) // 2]
    rows[other][place] = rows[one][place]
    return [one, other]


def _same_row(
    _fault: Fault, _stream: Stream, rows: list[list[Cell]], settled: list[int]
) -> Sequence[int]:
    rows.append(list(rows[settled[len(settled) // 3]]))
    return [len(rows) - 1]


def _cut_cell(
    fault: Fault, stream: Stream, rows: list[list[Cell]], settled: list[int]
) -> Sequence[int]:
    place = stream.position_of(fault.column)
    row = settled[len(settled) // 3]
    name = str(rows[row][place])
    rows[row][place : place + 1] = [name[:3], name[3:]]
    return [row]


def _second_case(
    fault: Fault, stream: Stream, rows: list[list[Cell]], settled: list[int]
) -> Sequence[int]:
    row = settled[len(settled) // 3]
    again = [without_accents(cell).upper() if isinstance(cell, str) else cell for cell in rows[row]]
    again[stream.position_of(fault.column)] = fault.found
    rows.append(again)
    return [row, len(rows) - 1]


EDITS: dict[str, Edit] = {
    "disagreement": _of_another_place,
    "wrong_checksum": _wrong_digit,
    "key_collision": _same_key,
    "duplicate": _same_row,
    "wrong_field_count": _cut_cell,
    "same_person": _second_case,
}


# ------------------------------------------------------------------------ faults of a page

OfPage = Callable[[Fault, Stream, np.datetime64, np.datetime64], tuple[Page, tuple[Place, ...]]]
"""The page with the fault in it, and where it can be seen."""


def _renamed(
    fault: Fault, stream: Stream, day: np.datetime64, _earlier: np.datetime64
) -> tuple[Page, tuple[Place, ...]]:
    page, place = stream.page(day), stream.position_of(fault.column)
    headings = [*page.headings[:place], "Code interne", *page.headings[place + 1 :]]
    return replace(page, headings=headings), ((None, ""),)


def _without_column(
    fault: Fault, stream: Stream, day: np.datetime64, _earlier: np.datetime64
) -> tuple[Page, tuple[Place, ...]]:
    page, place = stream.page(day), stream.position_of(fault.column)
    kept = [position for position in range(len(page.headings)) if position != place]
    left = replace(
        page,
        headings=[page.headings[position] for position in kept],
        rows=[[row[position] for position in kept] for row in page.rows],
        is_date=[page.is_date[position] for position in kept],
    )
    return left, ((None, fault.column),)


def _empty_column(
    fault: Fault, stream: Stream, day: np.datetime64, _earlier: np.datetime64
) -> tuple[Page, tuple[Place, ...]]:
    page, place = stream.page(day), stream.position_of(fault.column)
    rows = [[*row[:place], "", *row[place + 1 :]] for row in page.rows]
    return replace(page, rows=rows), ((None, fault.column),)


def _hidden_column(
    fault: Fault, stream: Stream, day: np.datetime64, _earlier: np.datetime64
) -> tuple[Page, tuple[Place, ...]]:
    place = stream.position_of(fault.column)
    return replace(stream.page(day), hidden=(place,)), ((None, column_letter(place)),)


def _new_rows_alone(
    _fault: Fault, stream: Stream, day: np.datetime64, earlier: np.datetime64
) -> tuple[Page, tuple[Place, ...]]:
    page = stream.page(day)
    is_new = stream.shown_from[stream.shown_on(day)] > earlier
    rows = [row for row, new in zip(page.rows, is_new, strict=True) if new]
    return replace(page, rows=rows), ((None, ""),)


def _removed_row(
    _fault: Fault, stream: Stream, day: np.datetime64, earlier: np.datetime64
) -> tuple[Page, tuple[Place, ...]]:
    """The place is that of the row in the file before."""
    page, shown, before = stream.page(day), stream.shown_on(day), stream.shown_on(earlier)
    both = np.intersect1d(shown, before)
    gone = both[len(both) // 3]
    rows = [row for row, position in zip(page.rows, shown, strict=True) if position != gone]
    row = stream.layout.first_row + int(np.flatnonzero(before == gone)[0])
    return replace(page, rows=rows), ((row, ""),)


def _late_entry(
    fault: Fault, stream: Stream, day: np.datetime64, earlier: np.datetime64
) -> tuple[Page, tuple[Place, ...]]:
    """The row that ``with_late_entry`` kept back: the oldest of those that are new."""
    page, shown = stream.page(day), stream.shown_on(day)
    row = int(np.flatnonzero(stream.shown_from[shown] == earlier + np.timedelta64(1, "D"))[0])
    return page, ((stream.layout.first_row + row, fault.column),)


OF_PAGES: dict[str, OfPage] = {
    "missing_columns": _renamed,
    "column_left": _without_column,
    "column_emptied": _empty_column,
    "hidden_column": _hidden_column,
    "partial_file": _new_rows_alone,
    "row_left": _removed_row,
    "back_dated": _late_entry,
}


# --------------------------------------------------------------------------- faults of a file


def _locked(data: bytes) -> bytes:
    """What a spreadsheet program writes under a password: a compound file, its package sealed.

    Header and directory are those of the format; the package itself is noise, as it looks.
    """
    fat = 0xFFFFFFFE  # end of chain
    header = struct.pack(
        "<8s16sHHHHH6xIIIIIIIIII",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        b"",
        0x3E,
        3,
        0xFFFE,
        9,
        6,
        0,
        1,
        1,
        0,
        4096,
        fat,
        0,
        fat,
        0,
        0,
    )
    entries = b"".join(
        _directory_entry(name, kind)
        for name, kind in (("Root Entry", 5), ("EncryptionInfo", 2), ("EncryptedPackage", 2))
    )
    noise = bytes((byte * 167 + place) % 256 for place, byte in enumerate(data))
    return header.ljust(SECTOR_BYTES, b"\xff") + entries.ljust(SECTOR_BYTES, b"\0") + noise


def _directory_entry(name: str, kind: int) -> bytes:
    encoded = name.encode("utf-16-le")
    return struct.pack("<64sHB", encoded, len(encoded) + 2, kind).ljust(128, b"\0")


SPOILERS: dict[str, Callable[[bytes], bytes]] = {
    "incomplete": lambda data: data[: len(data) // 2],
    "empty": lambda _data: b"",
    "encrypted": _locked,
}
