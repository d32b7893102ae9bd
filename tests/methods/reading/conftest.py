"""Small sources, grids and workbooks for the tests of the reader."""

import io
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pytest

from agir_pipeline.methods.reading.grid import Grid, Limits
from agir_pipeline.methods.reading.rows import Quarantined, RowReader, RowsRead
from agir_pipeline.methods.reading.typing_rules import as_frame
from agir_pipeline.protocol.model import Column, Source
from tests.grids import grid_of

DAY = date(2010, 11, 5)
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def column(name: str, type: str = "text", **more: Any) -> dict[str, Any]:
    labels = {"en": name, "fr": name}
    base = {"sensitivity": "none", "known_before_index": True, "labels": labels}
    return {"name": name, "type": type, **base, **more}


def code(value: str, en: str = "", fr: str = "", *aliases: str) -> dict[str, Any]:
    return {
        "code": value,
        "labels": {"en": en or value, "fr": fr or value},
        "aliases": list(aliases),
    }


def source(*columns: dict[str, Any], **more: Any) -> Source:
    labels = {"en": "Register", "fr": "Registre"}
    return Source.model_validate(
        {
            "name": "register",
            "labels": labels,
            "feeds": "answer",
            "source": "a test",
            "key": [],
            "column": list(columns),
            "provider": [{"name": "partner", "labels": labels}],
            **more,
        }
    )


def grid(*rows: list[str], sheet: str = "", **more: Any) -> Grid:
    container = "xlsx" if sheet else "csv"
    return Grid(container, sheet, list(enumerate(rows, 1)), delimiter=";", **more)


def workbook(
    cells: str, *, head: str = "", state: str = "visible", parts: dict[str, str] | None = None
) -> bytes:
    """A workbook of one sheet whose ``sheetData`` is written by hand."""
    relation = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        '<Relationship Id="r1" Type="{office}/{kind}" Target="{target}"/></Relationships>'
    )
    members = {
        "[Content_Types].xml": (
            '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
            '<Default Extension="rels" ContentType='
            '"application/vnd.openxmlformats-package.relationships+xml"/>'
            '<Default Extension="xml" ContentType="application/xml"/></Types>'
        ),
        "_rels/.rels": relation.format(
            office=OFFICE, kind="officeDocument", target="xl/workbook.xml"
        ),
        "xl/_rels/workbook.xml.rels": relation.format(
            office=OFFICE, kind="worksheet", target="worksheets/sheet1.xml"
        ),
        "xl/workbook.xml": (
            f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>'
            f'<sheet name="Suivi" sheetId="1" r:id="r1" state="{state}"/></sheets></workbook>'
        ),
        "xl/worksheets/sheet1.xml": (
            f'{head}<worksheet xmlns="{MAIN}"><sheetData>{cells}</sheetData></worksheet>'
        ),
        **(parts or {}),
    }
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return target.getvalue()


class Seen(NamedTuple):
    """What a sheet gave, its rows and broken cells as frames."""

    rows: pd.DataFrame
    quarantine: pd.DataFrame
    row_ends: pd.DataFrame
    read: RowsRead

    def __getattr__(self, name: str) -> Any:
        return getattr(self.read, name)


def read(of: Grid, by: Source, **more: Any) -> Seen:
    settings: dict[str, Any] = {"delivered_on": DAY, "record_key": b"key", "tables": {}, **more}
    provider = settings.pop("provider", "partner")
    reader = RowReader(by, settings["tables"], settings["record_key"])
    found = reader.read(
        of, provider, settings["delivered_on"], settings.get("object_digest", "digest")
    )
    ends = pd.DataFrame({"row_number": found.numbers, "end": found.row_ends})
    return Seen(
        as_frame(found.rows.drop_columns("row_digest")),
        pd.DataFrame(found.quarantine, columns=list(Quarantined._fields)),
        ends.assign(sheet=found.sheet),
        found,
    )


@pytest.fixture
def make_column() -> Callable[..., Column]:
    return lambda *args, **more: Column.model_validate(column(*args, **more))


@pytest.fixture(scope="session")
def make() -> Any:
    """The builders above, under one name."""
    builders = {
        "column": column,
        "code": code,
        "source": source,
        "grid": grid,
        "workbook": workbook,
        "read": read,
        "day": DAY,
    }
    return type("Make", (), {k: staticmethod(v) if callable(v) else v for k, v in builders.items()})


@pytest.fixture
def sheet_of(tmp_path: Path, make: Any) -> Callable[..., Grid]:
    """The grid of a workbook whose cells are written by hand."""

    def build(cells: str, limits: Limits | None = None, **more: Any) -> Grid:
        path = tmp_path / "delivery.xlsx"
        path.write_bytes(make.workbook(cells, **more))
        return grid_of(path, limits=limits)

    return build


@pytest.fixture
def spreadsheet(fixtures: Path) -> Callable[..., Grid]:
    """The grid of a file among the fixtures."""

    def build(name: str, sheet: str | None = None, encoding: str | None = None) -> Grid:
        return grid_of(fixtures / "spreadsheets" / name, sheet, encoding)

    return build
