"""Workbooks: what is read, what is refused before it is parsed, what the parser hides."""

import io
import zipfile
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agir_pipeline.methods.reading import cell_texts, workbook
from agir_pipeline.methods.reading.cell_texts import cell_text
from agir_pipeline.methods.reading.grid import UNCACHED, Flag, Grid, Limits, Refusal, Refused
from tests.grids import grid_of

Sheet = Callable[..., Grid]


def refusal_of(read: Callable[[], Any]) -> Refusal:
    with pytest.raises(Refused) as caught:
        read()
    return caught.value.refusal


def cells_of(grid: Grid) -> list[list[str]]:
    return [cells for _number, cells in grid.rows]


# ------------------------------------------------------------------------- files as they are


def test_titles_totals_and_hidden_things_are_kept_with_their_rows(spreadsheet: Sheet) -> None:
    grid = spreadsheet("titles_merged_totals_hidden.xlsx")
    assert grid.sheet == "Contrats 2010"
    assert grid.ignored_sheets == ["Listes", "_config", "Lisez-moi"]
    assert [number for number, _cells in grid.rows] == list(range(1, 14))
    assert grid.rows[6][1][:3] == ["LE GOFF", "Yann", "1988-12-31"]
    assert grid.rows[11][1] == ["TOTAL", "4 jeunes", "", "", "", "", UNCACHED, ""]
    assert grid.flags == [Flag("hidden_rows", 7, "", 1), Flag("hidden_column", None, "E", 1)]


@pytest.mark.parametrize("wanted", ["Mars ", "mars", "MARS"])
def test_a_declared_sheet_is_found_in_spite_of_spaces_and_case(
    spreadsheet: Sheet, wanted: str
) -> None:
    grid = spreadsheet("sheets_per_month_heading_variants.xlsx", wanted)
    assert grid.sheet == "Mars "
    assert grid.rows[0][1] == ["Nom du jeune", "Prénom\xa0", "Date naiss.", "C.P."]


def test_a_sheet_that_is_not_there_is_refused_with_those_that_are(spreadsheet: Sheet) -> None:
    refusal = refusal_of(lambda: spreadsheet("sheets_per_month_heading_variants.xlsx", "Mai"))
    assert (refusal.code, refusal.sheet) == ("no_such_sheet", "Mai")
    assert "Février" in str(refusal.context["sheets"])


def test_a_workbook_whose_sheets_are_all_hidden_is_refused(sheet_of: Sheet) -> None:
    assert refusal_of(lambda: sheet_of("", state="hidden")).code == "all_hidden"


def test_cells_become_texts_that_lose_nothing(spreadsheet: Sheet) -> None:
    grid = spreadsheet("leading_zeros_numbers_as_text.xlsx")
    first, second = grid.rows[1][1], grid.rows[3][1]
    assert first[:4] == ["73282932000074", "1000", "1000", "01000"]
    assert first[6:9] == ["1 234,56", "1234.56", "0.35"]
    assert second[0] == "732 829 320 00074"


def test_dates_are_iso_in_both_epochs(spreadsheet: Sheet) -> None:
    assert spreadsheet("dates_1904.xlsx").rows[1][1] == ["1", "2010-11-05"]
    mixed = [cells[1] for cells in cells_of(spreadsheet("dates_mixed.xlsx"))]
    assert mixed[1:5] == ["2010-11-05", "2010-11-05T14:30:00", "40487", "05/11/2010"]


def test_formulas_without_a_result_are_marked_never_empty(spreadsheet: Sheet) -> None:
    grid = spreadsheet("formulas_uncached.xlsx")
    assert [cells[3:] for cells in cells_of(grid)[1:]] == [[UNCACHED] * 3] * 4


def test_the_so_called_xls_of_limesurvey_is_a_workbook_with_36_live_formulas(
    fixtures: Path,
) -> None:
    path = fixtures / "limesurvey" / "t0_fr_code_short.xls"
    grid = grid_of(path)
    assert len(grid.rows) == 54
    assert {len(cells) for cells in cells_of(grid)} == {73}
    assert sum(cell == UNCACHED for cells in cells_of(grid) for cell in cells) == 36
    assert grid.rows[5][1][38] == UNCACHED  # AM6


def test_error_cells_are_shown_where_they_stand(spreadsheet: Sheet) -> None:
    grid = spreadsheet("lo_formulas_recalculated.xlsx")
    assert [cells[3:] for cells in cells_of(grid)[1:]] == [
        ["6", "#DIV/0!", "A1"],
        ["9", "#REF!", "A2"],
        ["12", "#N/A", "A3"],
        ["15", "#N/A", "A4"],
    ]


@pytest.mark.parametrize("error", ["#SPILL!", "#CALC!", "#CONNECT!", "#BLOCKED!"])
def test_an_error_the_parser_does_not_know_is_read_or_named(sheet_of: Sheet, error: str) -> None:
    cells = f'<row><c t="e"><v>#N/A</v></c><c t="e"><v>{error}</v></c></row>'
    try:
        (told,) = cells_of(sheet_of(cells))
    except Refused as refused:
        refusal = refused.refusal
        assert (refusal.code, refusal.sheet) == ("new_error", "Suivi")
        assert (refusal.row, refusal.column) == (1, "B")
    else:
        assert told[1].startswith("#")


def test_a_sheet_the_parser_gives_up_for_another_reason_is_damaged(sheet_of: Sheet) -> None:
    cells = '<row><c t="e"><v>#N/A</v></c></row><row><c t="s"><v>7</v></c></row>'
    assert refusal_of(lambda: sheet_of(cells)).code == "damaged"


def test_texts_that_look_like_formulas_are_kept_unchanged(spreadsheet: Sheet) -> None:
    texts = [cells[1] for cells in cells_of(spreadsheet("injection_texts.xlsx"))]
    assert texts[1:6] == [
        '=HYPERLINK("http://evil","clic")',
        "+33612345678",
        "-12",
        "@SUM(A1)",
        "\t=1+1",
    ]


def test_a_styled_empty_cell_far_away_is_no_row(spreadsheet: Sheet) -> None:
    assert cells_of(spreadsheet("far_styled_cell.xlsx")) == [["id", "nom"], ["1", "DUPONT"]]


# ---------------------------------------------------------------------------- refused before


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("password_protected.xlsx", "encrypted"),
        ("truncated.xlsx", "incomplete"),
        ("empty.xlsx", "empty"),
        ("lo_html_disguised.xls", "html"),
        ("lo_titles.fods", "flat_open_document"),
    ],
)
def test_what_is_no_workbook_is_refused_by_its_name(
    spreadsheet: Sheet, name: str, code: str
) -> None:
    assert refusal_of(lambda: spreadsheet(name)).code == code


@pytest.mark.parametrize("reference", ["XFD1048576", "A200001", "SG1"])
def test_a_far_cell_with_a_value_is_refused_before_it_is_parsed(
    sheet_of: Sheet, reference: str
) -> None:
    cells = f'<row r="1"><c r="A1"><v>1</v></c></row><row><c r="{reference}"><v>1</v></c></row>'
    refusal = refusal_of(lambda: sheet_of(cells))
    assert (refusal.code, refusal.sheet) == ("far_cell", "Suivi")
    assert f"{refusal.column}{refusal.row}" == reference


def test_a_sheet_too_wide_for_its_length_is_refused(sheet_of: Sheet) -> None:
    cells = '<row><c r="A1"><v>1</v></c></row><row r="90"><c r="J90"><v>1</v></c></row>'
    assert len(sheet_of(cells).rows) == 90
    assert refusal_of(lambda: sheet_of(cells, Limits(cells=899))).code == "far_cell"


def test_a_zip_bomb_is_refused_by_both_its_sizes(sheet_of: Sheet) -> None:
    refusal = refusal_of(lambda: sheet_of(" " * 3_000_000))
    assert refusal.code == "inflates_too_much"
    assert int(refusal.context["declared_bytes"]) > 3_000_000
    assert int(refusal.context["file_bytes"]) < 10_000


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        (Limits(file_bytes=100), "file_too_large"),
        (Limits(declared_bytes=100), "inflates_too_much"),
        (Limits(members=3), "too_many_members"),
    ],
)
def test_limits_are_those_of_the_request(sheet_of: Sheet, limits: Limits, code: str) -> None:
    assert refusal_of(lambda: sheet_of("", limits)).code == code


def test_macros_are_refused(sheet_of: Sheet) -> None:
    refusal = refusal_of(lambda: sheet_of("", parts={"xl/vbaProject.bin": "x"}))
    assert refusal.code == "macros"


def test_members_locked_by_the_zip_itself_are_refused(tmp_path: Path, make: Any) -> None:
    content = bytearray(make.workbook(""))
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path = tmp_path / "locked.xlsx"
    path.write_bytes(content)
    assert refusal_of(lambda: grid_of(path)).code == "encrypted"


DOCTYPE = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;">]>'


def test_entities_are_refused_in_the_sheet_and_in_its_texts(sheet_of: Sheet) -> None:
    assert refusal_of(lambda: sheet_of("", head=DOCTYPE)).code == "doctype"
    parts = {"xl/sharedStrings.xml": f"{DOCTYPE}<sst/>", "xl/styles.xml": "<styleSheet/>"}
    assert refusal_of(lambda: sheet_of("", parts=parts)).code == "doctype"


@pytest.mark.parametrize(
    "cells",
    [
        '<row><c r="A0"><v>1</v></c></row>',
        '<row r="one"><c><v>1</v></c></row>',
        "<row><c></row>",
        "</sheetData><cols><col hidden='1'/></cols><sheetData>",
        '<row><c t="s"><v>7</v></c></row>',
    ],
)
def test_xml_that_contradicts_itself_is_damaged(sheet_of: Sheet, cells: str) -> None:
    assert refusal_of(lambda: sheet_of(cells)).code == "damaged"


def test_a_workbook_without_its_sheet_is_damaged(sheet_of: Sheet) -> None:
    parts = {"xl/_rels/workbook.xml.rels": "<Relationships/>"}
    assert refusal_of(lambda: sheet_of("", parts=parts)).code == "damaged"


def test_bytes_damaged_inside_the_archive_are_refused(tmp_path: Path, make: Any) -> None:
    content = bytearray(make.workbook("<row><c><v>1</v></c></row>" * 50))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        start = archive.getinfo("xl/worksheets/sheet1.xml").header_offset
    content[start + 60 : start + 70] = b"\xff" * 10
    path = tmp_path / "damaged.xlsx"
    path.write_bytes(content)
    assert refusal_of(lambda: grid_of(path)).code == "damaged"


# ------------------------------------------------------------------------- counted twice


def test_rows_lost_by_the_parser_refuse_the_file(
    sheet_of: Sheet, monkeypatch: pytest.MonkeyPatch
) -> None:
    cells = "".join(f"<row><c><v>{n}</v></c></row>" for n in range(5))
    assert len(sheet_of(cells).rows) == 5
    whole = workbook.in_texts
    monkeypatch.setattr(workbook, "in_texts", lambda rows: whole(islice(rows, 4)))
    refusal = refusal_of(lambda: sheet_of(cells))
    assert refusal.code == "rows_lost"
    assert refusal.context == {"expected": 5, "found": 4}


def test_a_wrong_dimension_loses_nothing(sheet_of: Sheet) -> None:
    cells = "".join(f"<row><c><v>{n}</v></c></row>" for n in range(11))
    sheet = f'<worksheet><dimension ref="A1:B5"/><sheetData>{cells}</sheetData></worksheet>'
    grid = sheet_of("", parts={"xl/worksheets/sheet1.xml": sheet})
    assert cells_of(grid) == [[str(n)] for n in range(11)]


def test_rows_the_parser_does_not_see_refuse_the_file(sheet_of: Sheet) -> None:
    cells = "<row><c><v>1</v></c></row>"
    refusal = refusal_of(lambda: sheet_of(f"{cells}</sheetData><sheetData>{cells}"))
    assert refusal.code == "rows_lost"


def test_places_are_counted_where_references_are_absent(sheet_of: Sheet) -> None:
    cells = '<row r="3"><c/><c t="e"><v>#REF!</v></c></row><row><c><v>1</v></c></row>'
    grid = sheet_of(cells)
    assert grid.rows[2:] == [(3, ["", "#REF!"]), (4, ["1", ""])]


def test_shared_texts_that_are_empty_make_no_row(sheet_of: Sheet) -> None:
    texts = {"xl/sharedStrings.xml": "<sst><si><t>a</t></si><si><t> </t></si><si/></sst>"}
    rows = "".join(f'<row><c t="s"><v>{n}</v></c></row>' for n in (0, 1, 2, 0))
    grid = sheet_of(rows, parts=texts)
    assert [cells[0].strip() for cells in cells_of(grid)] == ["a", "", "", "a"]


def test_a_computed_empty_text_is_a_result_and_an_empty_number_is_none(sheet_of: Sheet) -> None:
    grid = sheet_of(
        '<row><c t="str"><f>""</f><v></v></c><c><v>1</v></c></row>'
        '<row><c><f>1+1</f><v></v></c></row><row><c t="str"><f>A1</f></c></row>'
    )
    assert cells_of(grid) == [["", "1"], [UNCACHED, ""], [UNCACHED, ""]]


def test_inline_texts_prefixes_and_formulas_outside_cells_are_understood(
    sheet_of: Sheet,
) -> None:
    grid = sheet_of(
        '<row hidden="true"><c t="inlineStr"><is><r><t>a</t></r><r><t>b</t></r></is></c></row>'
        "</sheetData><conditionalFormatting><cfRule><f>A1</f></cfRule></conditionalFormatting>"
        '<cols><col hidden="1" min="1" max="16384"/><col min="2" max="3"/></cols><sheetData>'
    )
    assert cells_of(grid) == [["ab"]]
    assert grid.flags == [Flag("hidden_rows", 1, "", 1), Flag("hidden_column", None, "A", 1)]


def test_hidden_rows_that_hold_nothing_are_not_pointed_out(sheet_of: Sheet) -> None:
    assert sheet_of('<row hidden="1"/><row><c><v>1</v></c></row>').flags == []


def test_an_empty_sheet_has_no_rows(sheet_of: Sheet) -> None:
    assert sheet_of("").rows == []


# -------------------------------------------------------------------------------- cells


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("é ", "é "),
        (True, "true"),
        (False, "false"),
        (73282932000074.0, "73282932000074"),
        (7, "7"),
        (-0.0, "0"),
        (912.5, "912.5"),
        (1.234, "1.2340"),
        (-12.345, "-12.3450"),
        (1234.567, "1234.567"),
        (12345678901234567890.0, "1.2345678901234567e+19"),
        (float("inf"), "inf"),
        (date(2010, 11, 5), "2010-11-05"),
        (datetime(2010, 11, 5), "2010-11-05"),
        (datetime(2010, 11, 5, 14, 30), "2010-11-05T14:30:00"),
        (time(14, 30), "14:30:00"),
        (timedelta(days=1, hours=2, minutes=3, seconds=4), "26:03:04"),
    ],
)
def test_a_cell_as_text(value: Any, text: str) -> None:
    assert cell_text(value) == text


def test_long_columns_are_turned_as_short_ones_whether_or_not_their_cells_come_again() -> None:
    found = list(cell_texts.in_texts(iter([[n + 0.5, float(n % 3), -0.0] for n in range(700)])))
    assert [row for block in found for row in block.rows()] == [
        (n + 1, [cell_texts.cell_text(n + 0.5), str(n % 3), "0"]) for n in range(700)
    ]


def test_columns_of_one_kind_are_turned_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cell_texts, "BLOCK_ROWS", 2)
    rows: list[Any] = [
        ["a", "b", "c", "d"],
        *([f"P{n}", n + 0.5, date(2010, 1, n), n] for n in (1, 2, 3)),
    ]
    assert [row for block in cell_texts.in_texts(iter(rows)) for row in block.rows()][1:] == [
        (2, ["P1", "1.5", "2010-01-01", "1"]),
        (3, ["P2", "2.5", "2010-01-02", "2"]),
        (4, ["P3", "3.5", "2010-01-03", "3"]),
    ]


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_written_as_text_is_the_same_number(value: float) -> None:
    assert float(cell_text(value)) == value
