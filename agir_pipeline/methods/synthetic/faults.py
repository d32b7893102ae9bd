"""The catalogue of faults: each stands in exactly one delivered file, the next one is right.

``check`` is the code under which the reader must report it. Rows hit by a fault were already
delivered intact, so the last good version of every row stays in use.
"""

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from agir_pipeline.methods.synthetic.layouts import Cell, Page
from agir_pipeline.methods.synthetic.streams import Stream

IMPOSSIBLE_DAY = "31/11/2010"
SECTOR_BYTES = 512


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong. ``turn`` is the delivery it is in, counted from the end."""

    what: str
    source: str
    provider: str
    check: str
    turn: int
    column: str = ""
    found: Cell = ""
    """What stands in the cell instead."""

    @property
    def is_of_file(self) -> bool:
        return self.check in SPOILERS or self.check == "missing_columns"


CATALOGUE = (
    Fault(
        "an impossible date",
        "beneficiary_register",
        "cnam",
        "not_a_date",
        14,
        "support_entry_on",
        IMPOSSIBLE_DAY,
    ),
    Fault(
        "a birth year typed as this year",
        "beneficiary_register",
        "cnam",
        "out_of_range",
        12,
        "born_on",
        40_609.0,
    ),
    Fault(
        "one case number given to two people",
        "beneficiary_register",
        "cnam",
        "key_collision",
        10,
        "case_number",
    ),
    Fault("an upload that was cut", "beneficiary_register", "cnam", "incomplete", 8),
    Fault(
        "a level nobody knows",
        "control_pool",
        "opca_pdl",
        "not_a_code",
        9,
        "entry_level",
        "niveau 9",
    ),
    Fault("an empty file", "control_pool", "opca_pdl", "empty", 6),
    Fault(
        "letters in a postcode",
        "control_pool",
        "missions_locales",
        "pattern",
        9,
        "postcode",
        "44O00",
    ),
    Fault("the same row twice", "control_pool", "missions_locales", "duplicate", 7),
    Fault(
        "a name left out", "control_pool", "gref_formation", "required_missing", 9, "first_name", ""
    ),
    Fault("a workbook under a password", "control_pool", "gref_formation", "encrypted", 7),
    Fault(
        "a workplace number with a wrong last digit",
        "contract_register",
        "opca_export",
        "wrong_checksum",
        20,
        "employer_siret",
    ),
    Fault(
        "a length in words",
        "contract_register",
        "opca_export",
        "not_a_number",
        18,
        "contract_duration_months",
        "douze",
    ),
    Fault(
        "a separator inside a name",
        "contract_register",
        "opca_export",
        "wrong_field_count",
        16,
        "last_name",
    ),
    Fault(
        "a heading renamed for one month",
        "contract_register",
        "opca_export",
        "missing_columns",
        13,
        "contract_number",
    ),
    Fault(
        "a journey in words",
        "youth_survey_t0",
        "limesurvey",
        "not_a_number",
        3,
        "commute_minutes",
        "vingt",
    ),
    Fault(
        "an answer beyond the scale",
        "youth_survey_t0",
        "limesurvey",
        "out_of_range",
        2,
        "company_relation_1",
        "7",
    ),
    Fault(
        "an answer code that does not exist",
        "youth_survey_tf",
        "limesurvey",
        "not_a_code",
        3,
        "activity_status",
        "A9",
    ),
    Fault(
        "a reference of another kind",
        "youth_survey_tf",
        "limesurvey",
        "pattern",
        2,
        "case_number",
        "XX 12",
    ),
)


@dataclass(frozen=True)
class Planted:
    """A fault in its file: the page it leaves, and where it can be seen."""

    fault: Fault
    page: Page
    places: tuple[tuple[int | None, str], ...]
    """Physical row (None: the file as a whole) and column."""


def plant(fault: Fault, stream: Stream, day: np.datetime64, earlier: np.datetime64) -> Planted:
    """The file of ``day`` with the fault in it, in rows that the delivery before held as well."""
    page = stream.page(day)
    if fault.check in SPOILERS:
        return Planted(fault, page, ((None, ""),))
    if fault.check == "missing_columns":
        place = stream.position_of(fault.column)
        headings = [*page.headings[:place], "Code interne", *page.headings[place + 1 :]]
        return Planted(fault, replace(page, headings=headings), ((None, ""),))
    shown = stream.shown_on(day)
    settled = np.flatnonzero(stream.shown_from[shown] <= earlier)
    rows = [list(row) for row in page.rows]
    hit = EDITS.get(fault.check, _other_value)(fault, stream, rows, settled.tolist())
    first = stream.layout.first_row
    column = "" if fault.check in ("duplicate", "wrong_field_count") else fault.column
    return Planted(fault, replace(page, rows=rows), tuple((first + row, column) for row in hit))


def spoil(check: str, data: bytes) -> bytes:
    """The bytes of a file whose content is right but which nobody can open."""
    return SPOILERS[check](data)


# ------------------------------------------------------------------------- faults inside rows

Edit = Callable[[Fault, Stream, list[list[Cell]], list[int]], Sequence[int]]
"""Changes the rows in place; gives the positions where the fault can be seen."""


def _other_value(
    fault: Fault, stream: Stream, rows: list[list[Cell]], settled: list[int]
) -> Sequence[int]:
    place = stream.position_of(fault.column)
    filled = [row for row in settled if rows[row][place] != ""]
    row = filled[len(filled) // 3]
    rows[row][place] = fault.found
    return [row]


def _wrong_digit(
    fault: Fault, stream: Stream, rows: list[list[Cell]], settled: list[int]
) -> Sequence[int]:
    place = stream.position_of(fault.column)
    row = settled[len(settled) // 3]
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


EDITS: dict[str, Edit] = {
    "wrong_checksum": _wrong_digit,
    "key_collision": _same_key,
    "duplicate": _same_row,
    "wrong_field_count": _cut_cell,
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
