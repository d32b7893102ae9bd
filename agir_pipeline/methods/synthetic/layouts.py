"""How a partner writes its files, and the bytes of one file.

A *page* is what stands in one file: headings and rows of finished cells. Text cells are
strings; in a workbook dates are day numbers under a date format.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from io import BytesIO
from typing import Any, Literal

import numpy as np
import pandas as pd

from agir_pipeline.methods.reading.typing_rules import CODE_MARK
from agir_pipeline.methods.synthetic.spelling import without_accents
from agir_pipeline.protocol.model import Column

Cell = str | float
Row = Sequence[Cell]

THIN_SPACE = "\u00a0"
"""What accounting software puts between thousands: it looks like a space."""
CONTACTS = ("phone", "email")
SPREADSHEET_EPOCH = np.datetime64("1899-12-30", "D")
MAC_EPOCH = np.datetime64("1904-01-01", "D")


@dataclass(frozen=True)
class Layout:
    """One partner's habits. ``spelling`` chooses among a column's headings and code spellings."""

    container: Literal["csv", "xlsx"]
    spelling: int
    heading_style: Literal["as_is", "capitals", "plain", "broken"]
    delimiter: str = ";"
    encoding: str = "utf-8"
    is_quoted: bool = False
    day_format: str = "%d/%m/%Y"
    decimal: str = "."
    yes_no: tuple[str, str] = ("Oui", "Non")
    is_shouting: bool = False
    """Texts in capitals."""
    missing: str = ""
    """What stands in an empty telephone or e-mail cell."""
    sheet: str = ""
    title: tuple[str, ...] = ()
    total: str = ""
    other_sheet: str = ""
    left_out: tuple[str, ...] = ()
    lag_days: tuple[int, int] = (0, 0)
    """Between extraction and reception."""
    is_1904: bool = False
    """Days of the workbook count from 1904, as on an old Mac."""
    list_mark: str = " + "
    """Between the entries of a list in one cell."""
    minutes: Literal["plain", "hours", "unit"] = "plain"
    """90, 1h30 or 90 min."""
    money: str = "{}"
    """How an amount is written, once its decimals are."""

    @property
    def first_row(self) -> int:
        """The physical row of the first person or contract: under titles and headings."""
        return len(self.title) + 2


@dataclass(frozen=True)
class Page:
    headings: Sequence[str]
    rows: Sequence[Row]
    is_date: Sequence[bool]
    title: tuple[str, ...] = ()
    hidden: tuple[int, ...] = ()
    """Positions of hidden columns."""


def heading(column: Column, layout: Layout) -> str:
    """The column's heading in this partner's spelling."""
    aliases = column.aliases
    text = aliases[layout.spelling % len(aliases)].heading
    match layout.heading_style:
        case "capitals":
            return text.upper()
        case "plain":
            return without_accents(text)
        case "broken":
            return text.replace(" ", "\n", 1)
    return text


def cells(values: pd.Series, column: Column, layout: Layout) -> list[Cell]:
    """The column's values as this partner writes them; missing ones as an empty cell."""
    match column.type:
        case "date":
            return _days(values, layout)
        case "instant":
            return [*values.dt.strftime("%Y-%m-%d %H:%M:%S").fillna("")]
        case "code":
            return [*values.map(_spellings(column, layout)).astype(object).fillna("")]
        case "codes":
            return _lists(values, column, layout)
        case "minutes":
            return [_duration(value, layout) for value in values]
        case "boolean":
            yes, no = layout.yes_no
            return [*values.map({True: yes, False: no}).astype(object).fillna("")]
        case "number" | "integer":
            return _numbers(values, column, layout)
    texts = values.astype(object).fillna("")
    if column.name in CONTACTS and layout.missing:
        texts = texts.where(texts != "", layout.missing)
    is_shouted = layout.is_shouting and column.type == "text"
    return [*(texts.str.upper() if is_shouted else texts)]


def _spellings(column: Column, layout: Layout) -> dict[str, str]:
    """Code → what this partner writes for it."""
    return {
        code.code: (code.code, *code.aliases)[-1 - layout.spelling % 2]
        if code.aliases
        else code.labels.fr
        for code in column.codes
    }


def _lists(values: pd.Series, column: Column, layout: Layout) -> list[Cell]:
    """Lists of codes; ``values`` holds them joined by the mark of the reader."""
    spelled = _spellings(column, layout)
    return [
        layout.list_mark.join(spelled[code] for code in text.split(CODE_MARK)) if text else ""
        for text in values
    ]


def _duration(minutes: float, layout: Layout) -> Cell:
    whole = int(minutes)
    match layout.minutes:
        case "hours":
            return f"{whole // 60}h{whole % 60:02d}" if whole >= 60 else f"{whole} min"
        case "unit":
            return f"{whole} min"
    return str(whole)


def _days(values: pd.Series, layout: Layout) -> list[Cell]:
    if layout.container == "csv":
        return [*values.dt.strftime(layout.day_format).astype(object).fillna("")]
    epoch = MAC_EPOCH if layout.is_1904 else SPREADSHEET_EPOCH
    serials = (values.to_numpy("M8[D]") - epoch).astype(float)
    return [float(s) if known else "" for s, known in zip(serials, values.notna(), strict=True)]


def _numbers(values: pd.Series, column: Column, layout: Layout) -> list[Cell]:
    numbers = pd.to_numeric(values)
    if column.unit == "EUR":
        return [_amount(number, layout) for number in numbers]
    form = "{:.0f}" if column.type == "integer" or layout.is_quoted else "{:.1f}"
    texts = numbers.map(form.format, na_action="ignore").astype(object).fillna("")
    return [text.replace(".", layout.decimal) for text in texts]


def _amount(number: float, layout: Layout) -> Cell:
    """2 300,00 €, as accounts print it; nothing where there is no amount."""
    if pd.isna(number):
        return ""
    text = f"{number:,.2f}".replace(",", THIN_SPACE).replace(".", layout.decimal)
    return layout.money.format(text)


# ------------------------------------------------------------------------------------ bytes


def file_bytes(page: Page, layout: Layout, made_at: datetime) -> bytes:
    """The file as the partner sends it; the same page always gives the same bytes."""
    if layout.container == "xlsx":
        return workbook_bytes([(page, layout)], made_at)
    mark = '"' if layout.is_quoted else ""
    separator = f"{mark}{layout.delimiter}{mark}"
    lines = [f"{mark}{separator.join(map(str, row))}{mark}" for row in (page.headings, *page.rows)]
    # The survey server ends its exports with a blank line.
    tail = ["", ""] if layout.is_quoted else [""]
    return "\r\n".join([*lines, *tail]).encode(layout.encoding)


def workbook_bytes(sheets: Sequence[tuple[Page, Layout]], made_at: datetime) -> bytes:
    """A workbook of several sheets, each with its own habits."""
    import xlsxwriter

    buffer = BytesIO()
    options = {"in_memory": True, "date_1904": sheets[0][1].is_1904}
    with xlsxwriter.Workbook(buffer, options) as book:
        book.set_properties({"created": made_at})
        day = book.add_format({"num_format": "dd/mm/yyyy"})
        bold = book.add_format({"bold": True})
        for page, layout in sheets:
            _fill(book.add_worksheet(layout.sheet), page, layout, day, bold)
        for page, layout in sheets:
            if layout.other_sheet:
                other = book.add_worksheet(layout.other_sheet)
                other.write_row(0, 0, page.headings)
    return buffer.getvalue()


def _fill(sheet: Any, page: Page, layout: Layout, day: Any, bold: Any) -> None:
    """Titles, headings, rows, then the total and the hidden columns."""
    for number, text in enumerate(page.title):
        sheet.merge_range(number, 0, number, len(page.headings) - 1, text, bold)
    top = len(page.title)
    for place, text in enumerate(page.headings):
        sheet.write_string(top, place, text, bold)
    for number, row in enumerate(page.rows, top + 1):
        for place, cell in enumerate(row):
            if isinstance(cell, str):
                if cell:
                    sheet.write_string(number, place, cell)
            else:
                sheet.write_number(number, place, cell, day if page.is_date[place] else None)
    if layout.total:
        bottom = top + 1 + len(page.rows)
        sheet.write_string(bottom, 0, layout.total)
        sheet.write_number(bottom, 1, len(page.rows))
    for place in page.hidden:
        sheet.set_column(place, place, None, None, {"hidden": True})


def with_title(page: Page, title: Sequence[str], day: np.datetime64) -> Page:
    """The page under its title rows, which name the day of extraction."""
    shown = pd.Timestamp(day).strftime("%d/%m/%Y")
    return replace(page, title=tuple(line.format(day=shown) for line in title))
