"""How each partner's file looks, and the bytes of one file.

A *page* is what stands in one file: headings and rows of finished cells. Text cells are
strings; in a workbook dates are day numbers under a date format.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from io import BytesIO
from typing import Literal

import numpy as np
import pandas as pd

from agir_pipeline.methods.synthetic.names import without_accents
from agir_pipeline.protocol.model import Column

Cell = str | float
Row = Sequence[Cell]

CONTACTS = ("phone", "email")
SPREADSHEET_EPOCH = np.datetime64("1899-12-30", "D")


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


LAYOUTS = {
    ("beneficiary_register", "cnam"): Layout(
        "xlsx", 0, "broken", sheet="Suivi", missing="NC", other_sheet="Listes"
    ),
    ("control_pool", "opca_pdl"): Layout(
        "csv",
        0,
        "plain",
        encoding="cp1252",
        missing="NC",
        is_shouting=True,
        left_out=("email", "has_contact_consent"),
        lag_days=(1, 5),
    ),
    ("control_pool", "gref_formation"): Layout(
        "xlsx",
        1,
        "capitals",
        sheet="Stagiaires",
        missing="/",
        total="Total",
        other_sheet="Ancien",
        lag_days=(0, 90),
    ),
    ("control_pool", "missions_locales"): Layout(
        "csv",
        2,
        "as_is",
        delimiter=",",
        day_format="%Y-%m-%d",
        yes_no=("O", "N"),
        left_out=("phone",),
        lag_days=(1, 5),
    ),
    ("contract_register", "opca_export"): Layout(
        "csv",
        0,
        "as_is",
        encoding="cp1252",
        decimal=",",
        missing="NR",
    ),
    ("youth_survey_t0", "limesurvey"): Layout(
        "csv",
        0,
        "as_is",
        encoding="utf-8-sig",
        is_quoted=True,
        day_format="%Y-%m-%d",
        yes_no=("Y", "N"),
    ),
    ("youth_survey_tf", "limesurvey"): Layout(
        "csv",
        0,
        "as_is",
        encoding="utf-8-sig",
        is_quoted=True,
        day_format="%Y-%m-%d",
        yes_no=("Y", "N"),
    ),
}


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
            spelled = {
                code.code: (code.code, *code.aliases)[-1 - layout.spelling % 2]
                if code.aliases
                else code.labels.fr
                for code in column.codes
            }
            return [*values.map(spelled).astype(object).fillna("")]
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


def _days(values: pd.Series, layout: Layout) -> list[Cell]:
    if layout.container == "csv":
        return [*values.dt.strftime(layout.day_format).astype(object).fillna("")]
    serials = (values.to_numpy("M8[D]") - SPREADSHEET_EPOCH).astype(float)
    return [float(s) if known else "" for s, known in zip(serials, values.notna(), strict=True)]


def _numbers(values: pd.Series, column: Column, layout: Layout) -> list[Cell]:
    numbers = pd.to_numeric(values)
    form = "{:.0f}" if column.type == "integer" or layout.is_quoted else "{:.1f}"
    texts = numbers.map(form.format, na_action="ignore").astype(object).fillna("")
    return [text.replace(".", layout.decimal) for text in texts]


# ------------------------------------------------------------------------------------ bytes


def file_bytes(page: Page, layout: Layout, made_at: datetime) -> bytes:
    """The file as the partner sends it; the same page always gives the same bytes."""
    if layout.container == "xlsx":
        return _workbook(page, layout, made_at)
    mark = '"' if layout.is_quoted else ""
    separator = f"{mark}{layout.delimiter}{mark}"
    lines = [f"{mark}{separator.join(map(str, row))}{mark}" for row in (page.headings, *page.rows)]
    # The survey server ends its exports with a blank line.
    tail = ["", ""] if layout.is_quoted else [""]
    return "\r\n".join([*lines, *tail]).encode(layout.encoding)


def _workbook(page: Page, layout: Layout, made_at: datetime) -> bytes:
    import xlsxwriter

    buffer = BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        book.set_properties({"created": made_at})
        sheet = book.add_worksheet(layout.sheet)
        day = book.add_format({"num_format": "dd/mm/yyyy"})
        bold = book.add_format({"bold": True})
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
        other = book.add_worksheet(layout.other_sheet)
        for place, text in enumerate(page.headings):
            other.write_string(0, place, text)
    return buffer.getvalue()


def with_title(page: Page, title: Sequence[str], day: np.datetime64) -> Page:
    """The page under its title rows, which name the day of extraction."""
    shown = pd.Timestamp(day).strftime("%d/%m/%Y")
    return replace(page, title=tuple(line.format(day=shown) for line in title))
