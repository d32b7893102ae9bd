"""An xlsx workbook as a grid of texts, guarded on both sides of the parser.

Before: size limits from the archive's own directory and one look at the sheet's XML. After: the
rows the parser found must be as many as that look counted. The parser gets a file object, so
that content decides and not the name. Members of the archive are never used as paths.
"""

import math
import posixpath
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from xml.parsers.expat import ExpatError

from python_calamine import CalamineError, CalamineWorkbook

from agir_pipeline.methods.reading.grid import (
    UNCACHED,
    Flag,
    Grid,
    Limits,
    Refused,
    column_letter,
)
from agir_pipeline.methods.reading.sheet_scan import (
    SheetFacts,
    empty_shared_texts,
    local,
    parse_xml,
    scan_sheet,
)

WORKBOOK = "xl/workbook.xml"
RELATIONS = "xl/_rels/workbook.xml.rels"
SHARED_TEXTS = "xl/sharedStrings.xml"
STYLES = "xl/styles.xml"
HEAD_BYTES = 4096
DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    ExpatError,
    CalamineError,
    EOFError,
    KeyError,
    ValueError,
    RuntimeError,
)
"""What the archive, the XML and the parser raise on a file that contradicts itself."""
EXACT_INTEGERS = 10**15
"""Spreadsheets keep 15 digits; a longer whole number has lost its end."""


class SheetEntry(NamedTuple):
    """A worksheet as the workbook lists it."""

    name: str
    part: str
    is_visible: bool


def read_workbook(path: Path, sheet: str | None, limits: Limits) -> Grid:
    """The chosen sheet, else the first visible one; the others are listed as ignored."""
    try:
        with zipfile.ZipFile(path) as archive:
            check_archive(archive, path.stat().st_size, limits)
            entries = worksheets(archive)
            chosen = _choose(entries, sheet)
            facts = _scan(archive, chosen, limits)
            rows = _parse(path, chosen.name)
            if facts.errors or facts.uncached:
                _overlay(rows, facts)
            n_parsed = sum(any(cell.strip() for cell in row) for row in rows)
            if n_parsed != len(facts.held_rows):
                # Shared texts may be empty; only then is their list worth reading.
                facts = _scan(archive, chosen, limits, _empty_texts(archive))
    except DAMAGED as fault:
        raise Refused("damaged", sheet=sheet or "") from fault
    if n_parsed != len(facts.held_rows):
        raise Refused("rows_lost", sheet=chosen.name, expected=len(facts.held_rows), found=n_parsed)
    return Grid(
        container="xlsx",
        sheet=chosen.name,
        rows=list(enumerate(rows, 1)),
        ignored_sheets=[entry.name for entry in entries if entry is not chosen],
        flags=list(_flags(facts)),
    )


def check_archive(archive: zipfile.ZipFile, file_bytes: int, limits: Limits) -> None:
    """Refuses what would be dangerous to inflate, locked, or able to run."""
    members = archive.infolist()
    declared = sum(member.file_size for member in members)
    if len(members) > limits.members:
        raise Refused("too_many_members", found=len(members), allowed=limits.members)
    if declared > limits.declared_bytes or declared > limits.ratio * file_bytes:
        raise Refused("inflates_too_much", file_bytes=file_bytes, declared_bytes=declared)
    if any(member.flag_bits & 1 for member in members):
        raise Refused("encrypted")
    if any(member.filename.lower().endswith("vbaproject.bin") for member in members):
        raise Refused("macros")
    names = {member.filename for member in members}
    for part in {SHARED_TEXTS, STYLES} & names:
        with archive.open(part) as file:
            if b"<!DOCTYPE" in file.read(HEAD_BYTES):
                raise Refused("doctype")


def worksheets(archive: zipfile.ZipFile) -> list[SheetEntry]:
    """The worksheets in the order of their tabs; charts and dialogs are no worksheets."""
    parts: dict[str, str] = {}
    listed: list[tuple[str, str, bool]] = []

    def relation(name: str, attributes: dict[str, str]) -> None:
        if local(name) == "Relationship" and attributes["Type"].endswith("/worksheet"):
            target = posixpath.join("/xl", attributes["Target"])
            parts[attributes["Id"]] = posixpath.normpath(target).lstrip("/")

    def sheet(name: str, attributes: dict[str, str]) -> None:
        if local(name) == "sheet":
            key = next((v for k, v in attributes.items() if local(k) == "id"), "")
            is_visible = attributes.get("state", "visible") == "visible"
            listed.append((attributes.get("name", ""), key, is_visible))

    for part, handler in ((RELATIONS, relation), (WORKBOOK, sheet)):
        with archive.open(part) as file:
            parse_xml(file, handler)
    return [
        SheetEntry(name, parts[key], is_visible) for name, key, is_visible in listed if key in parts
    ]


def _choose(entries: list[SheetEntry], sheet: str | None) -> SheetEntry:
    if sheet is None:
        chosen = [entry for entry in entries if entry.is_visible][:1]
    else:
        chosen = [entry for entry in entries if entry.name == sheet]
        chosen = chosen or [e for e in entries if _folded(e.name) == _folded(sheet)]
    if len(chosen) != 1:
        names = ", ".join(entry.name for entry in entries)
        raise Refused("no_such_sheet", sheet=sheet or "", sheets=names)
    return chosen[0]


def _folded(name: str) -> str:
    return " ".join(name.casefold().split())


def _scan(
    archive: zipfile.ZipFile,
    entry: SheetEntry,
    limits: Limits,
    empty_texts: frozenset[str] = frozenset(),
) -> SheetFacts:
    with archive.open(entry.part) as file:
        return scan_sheet(file, limits, empty_texts)


def _empty_texts(archive: zipfile.ZipFile) -> frozenset[str]:
    if SHARED_TEXTS not in archive.namelist():
        return frozenset()
    with archive.open(SHARED_TEXTS) as file:
        return empty_shared_texts(file)


def _parse(path: Path, sheet: str) -> list[list[str]]:
    with path.open("rb") as file, CalamineWorkbook.from_filelike(file) as workbook:
        table = workbook.get_sheet_by_name(sheet).to_python(skip_empty_area=False)
    return [[cell_text(cell) for cell in row] for row in table]


def cell_text(value: Any) -> str:
    """A cell as text: dates as ISO, whole numbers without ``.0``, booleans true or false.

    Whole numbers beyond 15 digits keep an exponent, which says that digits are lost. A number
    such as 1.234 is written 1.2340, so that nobody takes its point for a thousands mark.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat() if value.time() != time() else value.date().isoformat()
    if isinstance(value, timedelta):
        minutes, seconds = divmod(int(value.total_seconds()), 60)
        return f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"
    if isinstance(value, date | time):
        return value.isoformat()
    return _number_text(value)


def _number_text(value: float | int) -> str:
    if not math.isfinite(value):
        return repr(value)
    if value == int(value):
        return str(int(value)) if abs(value) < EXACT_INTEGERS else f"{float(value):.16e}"
    text = repr(value)
    whole, _point, decimals = text.partition(".")
    return f"{text}0" if len(decimals) == 3 and len(whole.lstrip("-")) <= 3 else text


def _overlay(rows: list[list[str]], facts: SheetFacts) -> None:
    """Writes what the parser hides: error cells, and formulas without a result."""
    hidden = {**facts.errors, **dict.fromkeys(facts.uncached, UNCACHED)}
    width = max([len(row) for row in rows] + [column for _row, column in hidden])
    rows += [[] for _missing in range(max([row for row, _column in hidden]) - len(rows))]
    for cells in rows:
        cells += [""] * (width - len(cells))
    for (row, column), text in hidden.items():
        rows[row - 1][column - 1] = text


def _flags(facts: SheetFacts) -> Iterator[Flag]:
    held = [row for row in facts.hidden_rows if row in facts.held_rows]
    if held:
        yield Flag("hidden_rows", held[0], "", len(held))
    columns = [column for column in facts.hidden_columns if column <= facts.n_columns]
    for column in columns:
        yield Flag("hidden_column", None, column_letter(column - 1), 1)
