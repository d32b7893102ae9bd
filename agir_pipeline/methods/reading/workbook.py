"""A workbook as a grid of texts, guarded on both sides of the parser.

Before: one look at the bytes of the sheet. After: the rows the parser found must be as many as
that look counted. The parser gets a file object, so that content decides and not the name.
"""

import io
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import IO, Any
from xml.parsers.expat import ExpatError

from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from agir_pipeline.methods.reading.archives import (
    SheetEntry,
    binary_worksheets,
    check_archive,
    empty_texts,
    scan_binary_worksheet,
    scan_whole,
    scan_worksheet,
    worksheets,
)
from agir_pipeline.methods.reading.biff import scan_records, sheet_starts
from agir_pipeline.methods.reading.cell_texts import in_texts
from agir_pipeline.methods.reading.compound import streams
from agir_pipeline.methods.reading.grid import (
    ERROR_TEXT,
    UNCACHED,
    Block,
    Flag,
    Grid,
    Limits,
    Range,
    Refused,
    Sheet,
    blocks_of,
    column_letter,
)
from agir_pipeline.methods.reading.open_document import scan_tables
from agir_pipeline.methods.reading.sheet_scan import SheetFacts

DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    ExpatError,
    CalamineError,
    EOFError,
    KeyError,
    ValueError,
    RuntimeError,
    IndexError,
    OSError,
    struct.error,
)
"""What the archive, the XML and the parser raise on a file that contradicts itself."""
UNNAMED_ERROR = "#VALUE!"
WILD = set("*?[")
"""A name of a sheet with one of these is a pattern."""


@dataclass(frozen=True)
class Guard:
    """The looks at one workbook, made before its parser sees a cell."""

    look: Callable[[SheetEntry], SheetFacts]
    look_again: Callable[[SheetEntry], SheetFacts]
    """The same, knowing which shared texts are empty; slow, and rarely asked for."""
    holds: Callable[[str], object]
    """Whether the text of a cell counts as something."""
    entries: list[SheetEntry] | None = None
    """The sheets, where the look lists them better than the parser."""


def read_workbook(
    file: IO[bytes], container: str, wanted: Sequence[str], limits: Limits
) -> Iterator[Sheet]:
    """The wanted sheets, else the first visible one; the others are listed as ignored.

    ``wanted`` holds names, or patterns such as ``20??-*`` that stand for visible sheets.
    """
    with _damage_told("", wanted):
        n_bytes = file.seek(0, io.SEEK_END)
        file.seek(0)
        guard = GUARDS[container](file, n_bytes, limits)
        file.seek(0)
        with CalamineWorkbook.from_filelike(file) as workbook:
            entries = _entries(workbook) if guard.entries is None else guard.entries
            chosen = choose(entries, wanted)
            ignored = [entry.name for entry in entries if entry not in chosen]
            for entry in chosen:
                with _damage_told(entry.name):
                    sheet = _sheet(workbook, container, entry, guard, ignored)
                yield sheet
                ignored = []


@contextmanager
def _damage_told(sheet: str, wanted: Sequence[str] = ()) -> Iterator[None]:
    """What is wrong is said of this sheet, unless it names one; damage of those wanted."""
    try:
        yield
    except Refused as refused:
        raise refused.at(sheet) from None
    except DAMAGED as fault:
        raise Refused("damaged", sheet=sheet or ", ".join(wanted)) from fault


def _sheet(
    workbook: CalamineWorkbook,
    container: str,
    entry: SheetEntry,
    guard: Guard,
    ignored: list[str],
) -> Sheet:
    facts = guard.look(entry)
    flags, n_held = list(_flags(facts)), len(facts.held_rows)
    facts = replace(facts, held_rows=set())  # the parser needs the room of their numbers
    blocks = in_texts(_parsed(workbook, entry.name, facts))
    blocks = _counted(_overlaid(blocks, facts), n_held, entry, guard)
    grid = Grid(
        *(container, entry.name, []),
        ignored_sheets=ignored,
        flags=flags,
        merged=_merged(facts),
    )
    return Sheet(grid, _told_of(blocks, entry.name))


def _told_of(blocks: Iterator[Block], sheet: str) -> Iterator[Block]:
    with _damage_told(sheet):
        yield from blocks


def _parsed(workbook: CalamineWorkbook, sheet: str, facts: SheetFacts) -> Iterator[list[Any]]:
    """The parser's own cells. It gives up at errors that came after it, such as #SPILL!."""
    try:
        found = workbook.get_sheet_by_name(sheet)
        if found.start is None or found.start[1] == 0:
            return iter(found.iter_rows())
        return iter(found.to_python(skip_empty_area=False))  # the other way shifts its columns
    except CalamineError as fault:
        for (row, column), text in facts.errors.items():
            if text and text in str(fault):
                letter = column_letter(column - 1)
                raise Refused("new_error", sheet=sheet, row=row, column=letter) from fault
        raise


def _counted(
    blocks: Iterable[Block], n_held: int, entry: SheetEntry, guard: Guard
) -> Iterator[Block]:
    """The rows; after the last one, those lost inside the parser refuse the file."""
    n_parsed = 0
    for block in blocks:
        n_parsed += _n_held(block, guard.holds)
        yield block
    if n_parsed != n_held:
        n_held = len(guard.look_again(entry).held_rows)
    if n_parsed != n_held:
        raise Refused("rows_lost", sheet=entry.name, expected=n_held, found=n_parsed)


def _n_held(block: Block, holds: Callable[[str], object]) -> int:
    """How many rows hold something; most often one column is filled throughout."""
    if any(all(map(holds, cells)) for cells in block.columns):
        return len(block.numbers)
    return sum(any(map(holds, cells)) for cells in zip(*block.columns, strict=True))


def _entries(workbook: CalamineWorkbook) -> list[SheetEntry]:
    return [
        SheetEntry(sheet.name, str(position), sheet.visible == SheetVisibleEnum.Visible)
        for position, sheet in enumerate(
            s for s in workbook.sheets_metadata if s.typ == SheetTypeEnum.WorkSheet
        )
    ]


def _guard_xlsx(file: IO[bytes], n_bytes: int, limits: Limits) -> Guard:
    archive = zipfile.ZipFile(file)
    check_archive(archive, n_bytes, limits)
    return Guard(
        look=lambda entry: scan_worksheet(archive, entry.part, limits),
        look_again=lambda entry: scan_whole(archive, entry.part, limits, empty_texts(archive)),
        holds=str.strip,
        entries=worksheets(archive),
    )


def _guard_xlsb(file: IO[bytes], n_bytes: int, limits: Limits) -> Guard:
    archive = zipfile.ZipFile(file)
    check_archive(archive, n_bytes, limits)

    def look(entry: SheetEntry) -> SheetFacts:
        return scan_binary_worksheet(archive, entry, limits)

    return Guard(look, look, str.strip, entries=binary_worksheets(archive))


def _guard_ods(file: IO[bytes], n_bytes: int, limits: Limits) -> Guard:
    with zipfile.ZipFile(file) as archive:
        check_archive(archive, n_bytes, limits)
        found = scan_tables(archive, limits)
    return Guard(lambda entry: found[entry.name], lambda entry: found[entry.name], str.strip)


def _guard_xls(file: IO[bytes], _n_bytes: int, limits: Limits) -> Guard:
    parts = streams(file.read())
    if "_VBA_PROJECT" in parts and not limits.macros:
        raise Refused("macros")
    data = parts.get("Workbook") or parts["Book"]
    found = [scan_records(data, start, limits, name) for name, start in sheet_starts(data)]

    def look(entry: SheetEntry) -> SheetFacts:
        return found[int(entry.part)]

    return Guard(look, look, bool)


GUARDS: dict[str, Callable[[IO[bytes], int, Limits], Guard]] = {
    "xlsx": _guard_xlsx,
    "xlsb": _guard_xlsb,
    "ods": _guard_ods,
    "xls": _guard_xls,
}


def choose(entries: list[SheetEntry], wanted: Sequence[str]) -> list[SheetEntry]:
    """The sheets in the order of their tabs; a name that stands for none is refused."""
    if not wanted:
        chosen = [entry for entry in entries if entry.is_visible][:1]
        if entries and not chosen:
            raise Refused("all_hidden", sheets=", ".join(entry.name for entry in entries))
        if not chosen:
            raise _no_such_sheet("", entries)
        return chosen
    found: list[SheetEntry] = []
    for name in wanted:
        exact = [entry for entry in entries if entry.name == name]
        same = exact or [entry for entry in entries if _is_meant(entry, name)]
        if not same or (len(same) > 1 and not WILD & set(name)):
            raise _no_such_sheet(name, entries)
        found += same
    return [entry for entry in entries if entry in found]


def _is_meant(entry: SheetEntry, name: str) -> bool:
    if WILD & set(name):
        return entry.is_visible and fnmatchcase(_folded(entry.name), _folded(name))
    return _folded(entry.name) == _folded(name)


def _no_such_sheet(name: str, entries: list[SheetEntry]) -> Refused:
    names = ", ".join(entry.name for entry in entries)
    return Refused("no_such_sheet", sheet=name, sheets=names)


def _folded(name: str) -> str:
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())


def _overlaid(blocks: Iterator[Block], facts: SheetFacts) -> Iterator[Block]:
    """Writes what the parser hides: error cells, formulas without a result, marks in a text."""
    errors = {place: _error_text(text) for place, text in facts.errors.items()}
    hidden = {**facts.texts, **errors, **dict.fromkeys(facts.uncached, UNCACHED)}
    if not hidden:
        yield from blocks
        return
    rows = [cells for block in blocks for _number, cells in block.rows()]
    width = max([len(row) for row in rows] + [column for _row, column in hidden])
    rows += [[] for _missing in range(max([row for row, _column in hidden]) - len(rows))]
    for cells in rows:
        cells += [""] * (width - len(cells))
    for (row, column), text in hidden.items():
        rows[row - 1][column - 1] = text
    yield from blocks_of(enumerate(rows, 1))


def _error_text(shown: str) -> str:
    """An error under a name that is known for one, so that nobody takes it for a text."""
    return shown if ERROR_TEXT.fullmatch(shown) else UNNAMED_ERROR


def _merged(facts: SheetFacts) -> list[Range]:
    """The merged cells, as far as something is held.

    Raises ``Refused``: they overlap, which no program lets them.
    """
    inside = [
        (top, left, min(bottom, facts.n_rows), min(right, facts.n_columns))
        for top, left, bottom, right in facts.merged
        if top <= facts.n_rows and left <= facts.n_columns
    ]
    n_cells = sum((r[2] - r[0] + 1) * (r[3] - r[1] + 1) for r in inside)
    if n_cells > facts.n_rows * facts.n_columns:
        raise Refused("damaged")
    return inside


def _flags(facts: SheetFacts) -> Iterator[Flag]:
    held = [row for row in facts.hidden_rows if row in facts.held_rows]
    if held:
        yield Flag("hidden_rows", held[0], "", len(held))
    if facts.silent:
        yield Flag("silent_formulas", facts.silent[0][0], "", len(facts.silent))
    columns = [column for column in facts.hidden_columns if column <= facts.n_columns]
    for column in columns:
        yield Flag("hidden_column", None, column_letter(column - 1), 1)
