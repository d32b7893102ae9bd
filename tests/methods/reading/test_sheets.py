"""Several sheets of one file as one table."""

from pathlib import Path
from typing import Any

import pytest

from agir_pipeline.methods.reading.child import read_file
from agir_pipeline.methods.reading.findings import Finding
from agir_pipeline.methods.reading.grid import Grid, Limits
from agir_pipeline.methods.reading.rows import RowReader
from agir_pipeline.methods.reading.sheets import FileRead, read_sheets

MONTHS = "sheets_per_month_heading_variants.xlsx"


def read(make: Any, source: Any, *grids: Grid) -> FileRead:
    return read_sheets(RowReader(source, {}, b"key"), grids, "partner", make.day, "digest")


def rows(found: FileRead, *names: str) -> list[tuple[Any, ...]]:
    return list(zip(*(found.rows[name].to_pylist() for name in names), strict=True))


@pytest.fixture
def people(make: Any) -> Any:
    """One row a month for each person, known by the sheet it stands in."""
    return make.source(
        make.column("last_name", labels={"en": "Last name", "fr": "Nom"}, aliases=["Nom du jeune"]),
        make.column("first_name", labels={"en": "First name", "fr": "Prénom"}),
        make.column("born_on", "date", aliases=["Date de naissance", "Né(e) le", "Date naiss."]),
        make.column("postcode", aliases=["Code postal", "CP", "C.P."]),
        make.column("month", is_sheet_name=True, required=True),
        key=["last_name", "first_name", "month"],
        date_order="day_month_year",
    )


def test_a_sheet_per_month_is_one_table_with_the_month_of_each_row(
    make: Any, people: Any, fixtures: Path
) -> None:
    sheets = read_file(fixtures / "spreadsheets" / MONTHS, Limits(), ["*"])
    found = read(make, people, *(sheet.whole() for sheet in sheets))
    assert found.refusal is None
    assert len(found.rows) == 8
    assert len(set(rows(found, "last_name", "first_name", "born_on", "postcode"))) == 2
    months = ["Janvier", "Février", "Mars", "Avril (prov.)"]
    assert found.rows["month"].to_pylist() == [month for month in months for _twice in "ab"]
    assert found.rows["sheet"].to_pylist()[4] == "Mars "
    assert {ends["accepted"] for ends in found.ends.values()} == {2}
    assert set(found.ends) == {"Janvier", "Février", "Mars ", "Avril (prov.)"}


def test_no_heading_stands_for_the_name_of_the_sheet(make: Any, people: Any) -> None:
    grid = make.grid(["Nom", "Prénom", "Né(e) le", "CP", "month"], ["a", "b", "", "", "Mai"])
    found = read(make, people, grid)  # a csv has no sheet
    assert [one.rule for one in found.quarantine] == ["required_missing"]
    assert Finding("unknown_heading", "", 1, "E", 1) in found.findings


def test_a_sheet_that_is_refused_refuses_the_file(make: Any, people: Any) -> None:
    good = make.grid(["Nom", "Prénom"], ["a", "b"], sheet="Mai")
    found = read(make, people, good, make.grid(["x", "y"], ["a", "b"], sheet="Juin"))
    assert found.refusal is not None
    assert (found.refusal.code, found.refusal.sheet) == ("no_header", "Juin")
    assert (len(found.rows), found.ends) == (0, {})


def test_a_key_in_two_sheets_is_a_duplicate_or_a_contradiction(make: Any) -> None:
    source = make.source(make.column("id"), make.column("town"), key=["id"])
    found = read(
        make,
        source,
        make.grid(["id", "town"], ["1", "Nantes"], ["2", "Rezé"], ["3", "Rezé"], sheet="A"),
        make.grid(["id", "town"], ["2", "Rezé"], ["1", "Angers"], ["4", ""], sheet="B"),
        make.grid(["id", "town"], ["1", "Nantes"], sheet="C"),
    )
    assert rows(found, "id", "sheet") == [("2", "A"), ("3", "A"), ("4", "B")]
    told = [(one.sheet, one.row_number, one.rule, one.found) for one in found.quarantine]
    assert told == [
        ("A", 2, "key_collision", "1"),
        ("B", 3, "key_collision", "1"),
        ("C", 2, "key_collision", "1"),
    ]
    assert {(one.column, one.entity_key) for one in found.quarantine} == {("id", "1")}
    assert Finding("duplicate_rows", "B", 2, "", 1) in found.findings
    for ends in found.ends.values():
        assert ends["n_rows"] == sum(n for end, n in ends.items() if end != "n_rows")
    assert [ends["accepted"] for ends in found.ends.values()] == [2, 1, 0]
    assert found.ends["B"]["duplicate"] == 1


def test_rows_without_a_key_are_told_apart_by_sheet_and_row(make: Any) -> None:
    source = make.source(make.column("town"))
    grids = [make.grid(["town"], ["Nantes"], sheet=name) for name in "AB"]
    found = read(make, source, *grids)
    assert rows(found, "town", "entity_key") == [("Nantes", "A\x1f2"), ("Nantes", "B\x1f2")]
    assert len(set(found.rows["record_id"].to_pylist())) == 2
