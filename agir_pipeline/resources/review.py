"""``agir review``: what waits for the steward, as one workbook to fill and drop in ``decisions/``.

It holds raw values, and nobody else may read it. A row that nobody signs decides nothing.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from agir_pipeline.language import _, current_language
from agir_pipeline.methods.reading.expectations import expectation
from agir_pipeline.methods.reading.records import UNIT_SEPARATOR
from agir_pipeline.methods.reading.sentences import rule_sentence
from agir_pipeline.protocol.loading import load_protocol
from agir_pipeline.protocol.model import Protocol, Source
from agir_pipeline.protocol.sources import CorrectionColumns
from agir_pipeline.resources.decisions import BETWEEN_PARTS
from agir_pipeline.resources.files import make_folder, write_whole
from agir_pipeline.resources.home import Home
from agir_pipeline.resources.making import today_of

LONGEST_NAME = 31
"""What a spreadsheet allows as the name of a sheet."""
WIDEST = 60
MADE_AT = datetime(2000, 1, 1)
"""The same content gives the same bytes."""

Cell = str | int | float | date | None


@dataclass(frozen=True)
class Sheet:
    """One sheet: its headings, its rows, and the headings somebody is to fill in."""

    name: str
    headings: list[str]
    rows: list[list[Cell]] = field(default_factory=list)
    to_fill: frozenset[str] = frozenset()
    choices: dict[str, list[str]] = field(default_factory=dict)
    """Heading → the answers a cell under it may hold."""


def review_files(home: Home) -> list[str]:
    """What ``agir review`` does about files: lines that say what waits, and where."""
    protocol = load_protocol(home.protocol_path)
    day = home.landing.state().as_of or today_of(protocol)
    path, n_rows = write_review(home, protocol, day)
    waiting = [_("{n} rows wait for a decision: {path}").format(n=n_rows, path=path)]
    if n_rows:
        waiting.append(_("fill in the coloured columns, then put the workbook into decisions/"))
    return waiting


def write_review(home: Home, protocol: Protocol, day: date) -> tuple[Path, int]:
    """The workbook of all that waits, and how many rows of it ask for something.

    A workbook that somebody may be filling in is never written over: a new one takes a number.
    """
    sheets = [sheet for make in WAITING for sheet in make(home, protocol)]
    content = _workbook([*sheets, *_blank_sheets(protocol, {sheet.name for sheet in sheets})])
    make_folder(home.review, mode=0o700)
    path = _free(home.review, f"review_{day.isoformat()}", content)
    write_whole(path, content)
    return path, sum(len(sheet.rows) for sheet in sheets)


def _free(folder: Path, stem: str, content: bytes) -> Path:
    number, path = 1, folder / f"{stem}.xlsx"
    while path.exists() and path.read_bytes() != content:
        number += 1
        path = folder / f"{stem}_{number}.xlsx"
    return path


# ------------------------------------------------------------------------- cells in quarantine


def _cells(home: Home, protocol: Protocol) -> Iterator[Sheet]:
    """One sheet per provider with cells to correct, in the words of the sheet of corrections."""
    deciding = next((s for s in protocol.sources if s.corrects), None)
    roles = deciding.corrects if deciding else None
    if deciding is None or roles is None:
        return
    waiting = home.vault().read("cells_to_review")
    for (name, provider), cells in waiting.groupby(["source", "provider"], sort=True):
        source = protocol.source(str(name))
        told = [_told(source, cell) for cell in cells.to_dict("records")]
        own = [_prefilled(deciding, roles, source, cell) for cell in cells.to_dict("records")]
        yield Sheet(
            name=f"{name}.{provider}",
            headings=[*_told_headings(), *_headings(deciding)],
            rows=[[*one, *other] for one, other in zip(told, own, strict=True)],
            to_fill=frozenset(
                _heading(deciding, role) for role in (roles.new_value, roles.author, roles.approver)
            ),
        )


def _told_headings() -> list[str]:
    return [
        _("In the file"), _("In the sheet"), _("In the row"), _("What is wrong"),
        _("What is expected"),
    ]  # fmt: skip


def _told(source: Source, cell: dict[Any, Any]) -> list[Cell]:
    """Where the cell stands, what is wrong with it, and what may stand there."""
    column = next((c for c in source.columns if c.name == cell["column_name"]), None)
    label = column.labels.in_language(current_language()) if column else ""
    wrong = rule_sentence(
        cell["rule"],
        file=cell["file_name"],
        sheet=cell["sheet"],
        row=cell["row_number"],
        label=label,
    )
    if column is None or cell["entity_key"] is None or column.name in source.key:
        expected = _("cannot be corrected here: ask for the row again")
    else:
        expected = expectation(column)
    return [cell["file_name"], cell["sheet"], cell["row_number"], wrong, expected]


def _prefilled(
    deciding: Source, roles: CorrectionColumns, source: Source, cell: dict[Any, Any]
) -> list[Cell]:
    """The row of a correction, but for the new value and the two signatures."""
    known: dict[str, Cell] = {
        roles.of_source: source.name,
        roles.of_key: (cell["entity_key"] or "").replace(UNIT_SEPARATOR, BETWEEN_PARTS),
        roles.of_column: cell["column_name"],
        roles.old_value: cell["found"],
        roles.effective: date.fromisoformat(cell["extracted_on"]),
    }
    return [known.get(column.name) for column in deciding.columns]


# ------------------------------------------------------------------------- layouts that changed


def _layouts(home: Home, protocol: Protocol) -> Iterator[Sheet]:
    """Old and new headings side by side, with the mapping proposed; signing a row accepts it."""
    waiting = home.vault().read("headings_to_review").to_dict("records")
    for deciding in protocol.feeding("decision"):
        roles = deciding.maps
        if roles is None:
            continue
        has_heading = roles.of_heading is not None
        own = [line for line in waiting if bool(line["heading"]) == has_heading]
        if not own:
            continue
        rows = []
        for line in own:
            known: dict[str, Cell] = {
                roles.of_source: line["source"],
                roles.of_heading or "": line["heading"],
                roles.of_column: line["column_name"],
                roles.effective: date.fromisoformat(line["extracted_on"]),
            }
            shown = [line["file_name"], line["letter"], line["heading_before"], line["heading"]]
            rows.append(
                [*shown, round(line["likeness"], 2), *(known.get(c.name) for c in deciding.columns)]
            )
        yield Sheet(
            name=deciding.sheet or deciding.name,
            headings=[
                _("In the file"), _("Under the letter"), _("Heading before"), _("Heading now"),
                _("Likeness of the two"), *_headings(deciding),
            ],
            rows=rows,
            to_fill=frozenset({_heading(deciding, roles.author)}),
        )  # fmt: skip


# ------------------------------------------------------------------------- rows that left a file


def _departures(home: Home, protocol: Protocol) -> Iterator[Sheet]:
    """Rows that a file no longer holds: gone for good, or still true; signing one decides it."""
    deciding = next((s for s in protocol.sources if s.settles), None)
    roles = deciding.settles if deciding else None
    waiting = home.vault().read("rows_to_settle").to_dict("records")
    if deciding is None or roles is None or not waiting:
        return
    rows = []
    for line in waiting:
        since = date.fromisoformat(line["missing_since"])
        source = protocol.source(line["source"])
        known: dict[str, Cell] = {
            roles.of_source: source.name,
            roles.of_key: line["entity_key"].replace(UNIT_SEPARATOR, BETWEEN_PARTS),
            roles.since: since,
        }
        label = source.provider(line["provider"]).labels.in_language(current_language())
        rows.append([label, since, *(known.get(column.name) for column in deciding.columns)])
    fate = next(column for column in deciding.columns if column.name == roles.fate)
    yield Sheet(
        name=deciding.sheet or deciding.name,
        headings=[_("Provider"), _("Missing since"), *_headings(deciding)],
        rows=rows,
        to_fill=frozenset(_heading(deciding, name) for name in (roles.fate, roles.author)),
        choices={
            _heading(deciding, roles.fate): [
                code.labels.in_language(current_language()) for code in fate.codes
            ]
        },
    )


WAITING: Sequence[Callable[[Home, Protocol], Iterator[Sheet]]] = (_cells, _layouts, _departures)
"""What the workbook asks for; another kind of question is one more of these."""


def _blank_sheets(protocol: Protocol, taken: set[str]) -> Iterator[Sheet]:
    """The other sheets of decisions: a workbook of decisions has them all."""
    for source in protocol.feeding("decision"):
        name = source.sheet or source.name
        if name not in taken:
            yield Sheet(name, _headings(source))


def _headings(source: Source) -> list[str]:
    return [_heading(source, column.name) for column in source.columns]


def _heading(source: Source, name: str) -> str:
    column = next(c for c in source.columns if c.name == name)
    return column.labels.in_language(current_language())


# ----------------------------------------------------------------------------------- workbook


def _workbook(sheets: Sequence[Sheet]) -> bytes:
    """Cells as they are: a text that looks like a formula or an address stays a text."""
    import xlsxwriter

    buffer = BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(buffer, options) as book:
        book.set_properties({"created": MADE_AT})
        forms = {
            "day": book.add_format({"num_format": "dd/mm/yyyy"}),
            "bold": book.add_format({"bold": True, "text_wrap": True}),
            "fill": book.add_format({"bold": True, "text_wrap": True, "bg_color": "#FFF2CC"}),
        }
        for sheet in _with_short_names(sheets):
            _write(book.add_worksheet(sheet.name), sheet, forms)
    return buffer.getvalue()


def _with_short_names(sheets: Sequence[Sheet]) -> Iterator[Sheet]:
    """No two sheets of one name, whatever their case; none longer than a spreadsheet allows."""
    taken: set[str] = set()
    for sheet in sheets:
        name, number = sheet.name[:LONGEST_NAME], 1
        while name.casefold() in taken:
            number += 1
            name = f"{sheet.name[: LONGEST_NAME - 3]}~{number}"
        taken.add(name.casefold())
        yield replace(sheet, name=name)


def _write(page: Any, sheet: Sheet, forms: dict[str, Any]) -> None:
    for place, heading in enumerate(sheet.headings):
        page.write_string(0, place, heading, forms["fill" if heading in sheet.to_fill else "bold"])
        widths = [len(str(row[place])) for row in sheet.rows if row[place] is not None]
        page.set_column(place, place, min(WIDEST, max([len(heading), *widths]) + 2))
        if heading in sheet.choices and sheet.rows:
            answers = {"validate": "list", "source": sheet.choices[heading]}
            page.data_validation(1, place, len(sheet.rows), place, answers)
    page.freeze_panes(1, 0)
    for number, row in enumerate(sheet.rows, 1):
        for place, cell in enumerate(row):
            if isinstance(cell, date):
                page.write_datetime(number, place, datetime(*cell.timetuple()[:3]), forms["day"])
            elif isinstance(cell, int | float):
                page.write_number(number, place, cell)
            elif cell:
                page.write_string(number, place, cell)
