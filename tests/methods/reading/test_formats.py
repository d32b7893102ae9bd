"""The same table in every format of workbook, and what each format hides."""

import io
import struct
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import msoffcrypto
import pytest
from msoffcrypto.format.ooxml import OOXMLFile

from agir_pipeline.methods.reading import child
from agir_pipeline.methods.reading.biff import records, scan_records, sheet_starts
from agir_pipeline.methods.reading.child import read_file
from agir_pipeline.methods.reading.compound import streams
from agir_pipeline.methods.reading.grid import UNCACHED, Flag, Grid, Limits, Refusal, Refused
from tests.grids import grid_of
from tests.workbooks import (
    MERGED,
    binary_part,
    merged_xlsx,
    ods,
    ods_rows,
    xls,
    xlsb,
    xlsx,
    zipped,
)

TABLE = [
    ["id", "né le", "montant"],
    ["P1", date(2010, 11, 5), 1.5],
    ["", None, ""],
    ["é\nb", True, 7],
]
TEXTS = [
    ["id", "né le", "montant"],
    ["P1", "2010-11-05", "1.5"],
    ["", "", ""],
    ["é\nb", "true", "7"],
]
NUMBER = '<table:table-cell office:value-type="float" office:value="1"{more}/>'

Read = Callable[..., Grid]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def once(content: bytes, sheet: str | None = None, limits: Limits | None = None) -> Grid:
        path = tmp_path / "delivery"
        path.write_bytes(content)
        return grid_of(path, sheet, limits=limits)

    return once


def refusal_of(read: Callable[[], Any]) -> Refusal:
    with pytest.raises(Refused) as caught:
        read()
    return caught.value.refusal


def cells_of(grid: Grid) -> list[list[str]]:
    return [cells for _number, cells in grid.rows]


@pytest.mark.parametrize("make", [xlsx, xls, lambda table: ods(ods_rows(table))])
def test_one_table_reads_the_same_in_every_format(read: Read, make: Any) -> None:
    grid = read(make(TABLE))
    assert cells_of(grid) == TEXTS
    assert [number for number, _cells in grid.rows] == [1, 2, 3, 4]
    assert grid.flags == []


def test_a_binary_workbook_is_read_and_says_what_it_hides(read: Read) -> None:
    hidden = struct.pack("<4IH", 1, 1, 0, 0, 1)
    cells = [(0, 0, 1.0), (0, 1, "="), (2, 0, "#N/A"), (2, 1, 3.5), (3, 0, None), (3, 1, "x")]
    grid = read(xlsb(cells, hidden_row=2, before=binary_part(60, hidden)))
    assert cells_of(grid) == [["1", ""], ["", ""], ["#N/A", "3.5"], ["", "x"]]
    assert grid.flags == [
        Flag("hidden_rows", 3, "", 1),
        Flag("silent_formulas", 1, "", 1),
        Flag("hidden_column", None, "B", 1),
    ]


def test_an_empty_shared_text_of_a_binary_workbook_holds_nothing(read: Read) -> None:
    grid = read(xlsb([(0, 0, 0), (1, 0, 1)], shared=["a", " "]))
    assert cells_of(grid) == [["a"], [" "]]


def test_a_row_the_parser_does_not_see_refuses_a_binary_workbook(read: Read) -> None:
    short = binary_part(17, bytes(4) + struct.pack("<I", 1) + "x".encode("utf-16-le"))
    row = binary_part(0, struct.pack("<IIHHBI", 4, 0, 300, 0, 0, 0))
    refusal = refusal_of(lambda: read(xlsb([(0, 0, 1.0)], before=row + short)))
    assert (refusal.code, refusal.context) == ("rows_lost", {"expected": 2, "found": 1})


@pytest.mark.parametrize("after", [b"\x05\x7f", b"\xff" * 6])
def test_a_binary_workbook_that_ends_early_is_refused(read: Read, after: bytes) -> None:
    content = xlsb([(0, 0, 1.0)], after=after)
    assert refusal_of(lambda: read(content)).code == "incomplete"


# --------------------------------------------------------------------------- merged cells


@pytest.mark.parametrize("kind", ["xlsx", "xls", "ods", "xlsb"])
def test_merged_cells_are_told_in_every_format(read: Read, kind: str) -> None:
    assert read(MERGED[kind]()).merged == [(2, 1, 3, 1)]


def test_merged_cells_end_where_the_sheet_does(read: Read) -> None:
    assert read(merged_xlsx("A1:XFD1", "E9:F9")).merged == [(1, 1, 1, 2)]


@pytest.mark.parametrize("ranges", [("A1:B2", "A1:B2"), ("B2:A1",), ("A0:B1",), ("wrong",)])
def test_merged_cells_that_cannot_be_are_refused(read: Read, ranges: tuple[str, ...]) -> None:
    assert refusal_of(lambda: read(merged_xlsx(*ranges))).code == "damaged"


# ------------------------------------------------------------------------------- as sent


def test_the_workbook_of_a_partner_is_the_same_in_biff8(spreadsheet: Read) -> None:
    old, new = spreadsheet("lo_titles_biff8.xls"), spreadsheet("titles_merged_totals_hidden.xlsx")
    assert (old.flags, old.ignored_sheets) == (new.flags, new.ignored_sheets)
    assert [c[:6] for c in cells_of(old)] == [c[:6] for c in cells_of(new)]
    assert old.rows[11][1][6] == "2163.25"


def test_error_cells_of_an_open_document_are_shown_where_they_stand(spreadsheet: Read) -> None:
    assert [cells[3:] for cells in cells_of(spreadsheet("lo_formulas.ods"))[1:]] == [
        ["6", "#DIV/0!", "A1"],
        ["9", "#REF!", "A2"],
        ["12", "#N/A", "A3"],
        ["15", "#N/A", "A4"],
    ]


def test_a_day_in_an_open_document_has_no_epoch(spreadsheet: Read) -> None:
    assert spreadsheet("lo_dates_1904.ods").rows[1][1] == ["1", "2010-11-05"]


def test_numbers_of_biff8_are_written_as_those_of_xlsx(spreadsheet: Read) -> None:
    old = spreadsheet("lo_leading_zeros.xls")
    assert cells_of(old) == cells_of(spreadsheet("leading_zeros_numbers_as_text.xlsx"))


# ------------------------------------------------------------------------- open documents


def row(*cells: str, more: str = "") -> str:
    return f"<table:table-row{more}>{''.join(cells)}</table:table-row>"


def test_what_an_open_document_repeats_or_hides_is_counted(read: Read) -> None:
    hidden = ' table:visibility="collapse"'
    grid = read(
        ods(
            f'<table:table-column{hidden}/><table:table-column table:number-columns-repeated="9"/>'
            + row(NUMBER.format(more=' table:number-columns-repeated="2"'))
            + row(NUMBER.format(more=""), more=f'{hidden} table:number-rows-repeated="3"')
            + row(more=hidden)
            + row("<table:table-cell/>", more=' table:number-rows-repeated="1048000"')
        )
    )
    assert cells_of(grid) == [["1", "1"]] + [["1", ""]] * 3
    assert grid.flags == [Flag("hidden_rows", 2, "", 3), Flag("hidden_column", None, "A", 1)]


def test_formulas_and_errors_of_an_open_document_are_never_empty(read: Read) -> None:
    error = ' office:value-type="string" office:string-value="" calcext:value-type="error"'
    formula = '<table:table-cell table:formula="of:=1+1"{more}>{text}</table:table-cell>'
    grid = read(
        ods(
            row(
                formula.format(more="", text=""),
                formula.format(more=error, text="<text:p>Err:508</text:p>"),
                formula.format(more=error, text=""),
                formula.format(more=' office:value-type="string"', text=""),
                formula.format(more=' office:value-type="string" office:string-value="x"', text=""),
            )
        )
    )
    assert cells_of(grid) == [[UNCACHED, "#VALUE!", "#VALUE!", "", "x"]]


@pytest.mark.parametrize(
    ("shown", "text"), [("#DIV/0!", "#DIV/0!"), ("Err:503", "#VALUE!"), ("0", "0")]
)
def test_a_number_that_shows_an_error_is_an_error(read: Read, shown: str, text: str) -> None:
    cell = f'<table:table-cell office:value-type="float" office:value="0"><text:p>{shown}</text:p>'
    assert cells_of(read(ods(row(f"{cell}</table:table-cell>")))) == [[text]]


@pytest.mark.parametrize(("shown", "text"), [("#N/A", "#N/A"), ("Err:502", "#VALUE!"), ("", "")])
def test_an_empty_text_that_shows_an_error_is_an_error(read: Read, shown: str, text: str) -> None:
    """As LibreOffice writes a failed formula when it keeps to ODF 1.2 without extensions."""
    failed = (
        '<table:table-cell table:formula="of:=X()" office:value-type="string"'
        f' office:string-value=""><text:p>{shown}</text:p></table:table-cell>'
    )
    assert cells_of(read(ods(row(NUMBER.format(more=""), failed)))) == [["1", text]]


def test_comments_and_drawings_beside_a_cell_are_not_its_text(read: Read) -> None:
    cell = (
        "<table:table-cell><office:annotation><text:p>note</text:p></office:annotation>"
        "</table:table-cell>"
    )
    grid = read(ods(f"<table:shapes><draw:frame/></table:shapes>{row(cell)}{ods_rows([['a']])}"))
    assert [c[0] for c in cells_of(grid)] == ["", "a"]


def test_a_repetition_beyond_the_limits_is_refused_before_it_is_parsed(read: Read) -> None:
    far = row(NUMBER.format(more=""), more=' table:number-rows-repeated="1048576"')
    refusal = refusal_of(lambda: read(ods(far)))
    assert (refusal.code, refusal.sheet, refusal.row) == ("far_cell", "Suivi", 1_048_576)
    wide = row(NUMBER.format(more=' table:number-columns-repeated="16384"'))
    assert refusal_of(lambda: read(ods(wide))).code == "far_cell"


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ({"META-INF/manifest.xml": "<m:m><m:encryption-data/></m:m>"}, "encrypted"),
        ({"Basic/script-lc.xml": "<x/>"}, "macros"),
        ({"content.xml": "<!DOCTYPE x><x/>"}, "doctype"),
        ({"content.xml": "<x>"}, "damaged"),
        ({"content.xml": "<x/>"}, "no_such_sheet"),
    ],
)
def test_open_documents_that_are_refused(read: Read, parts: Any, code: str) -> None:
    assert refusal_of(lambda: read(ods("", parts=parts))).code == code


def test_an_open_document_without_a_manifest_is_damaged(read: Read) -> None:
    whole = ods(ods_rows(TABLE))
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        kept = {n: archive.read(n) for n in ("mimetype", "content.xml")}
    assert refusal_of(lambda: read(zipped({**kept}))).code == "damaged"


# ---------------------------------------------------------------------------------- biff


def test_errors_hidden_rows_and_silent_formulas_of_biff8_are_told(read: Read) -> None:
    grid = read(xls([["a", "#REF!", "=1+1"], [1, 2, True]], hidden_row=1))
    assert cells_of(grid) == [["a", "#REF!", ""], ["1", "2", "true"]]
    assert grid.flags == [Flag("hidden_rows", 2, "", 1), Flag("silent_formulas", 1, "", 1)]


def test_results_of_formulas_in_biff8_are_told_apart() -> None:
    def formula(column: int, result: bytes) -> bytes:
        body = struct.pack("<3H", 0, column, 0) + result
        return struct.pack("<2H", 6, len(body)) + body

    text, error = b"\0\0\0\0\0\0\xff\xff", b"\2\0\x2a\0\0\0\xff\xff"
    odd = b"\2\0\x63\0\0\0\xff\xff"
    bounds = struct.pack("<2H", 0x809, 0), struct.pack("<2H", 0x0A, 0)
    body = b"".join(formula(n, r) for n, r in enumerate((text, error, odd, b"\0" * 8)))
    facts = scan_records(bounds[0] + body + bounds[1], 0, Limits())
    assert facts.errors == {(1, 2): "#N/A", (1, 3): ""}
    assert (facts.held_rows, facts.n_columns) == ({1}, 4)


def test_sheets_of_an_older_biff_have_names_too() -> None:
    body = struct.pack("<IHB", 7, 0, 3) + b"Mai"
    start, end = struct.pack("<2H", 0x809, 0), struct.pack("<2H", 0x0A, 0)
    sheet = struct.pack("<2H", 0x85, len(body)) + body
    assert sheet_starts(start + sheet + end) == [("Mai", 7)]


def test_hidden_columns_and_many_sheets_of_biff8_are_found(read: Read) -> None:
    content = xls([["a"]], [["b"]])
    assert cells_of(read(content, "suivi1")) == [["b"]]
    assert read(content).ignored_sheets == ["Suivi1"]


def test_records_that_never_end_are_incomplete() -> None:
    start = struct.pack("<2H", 0x809, 0)
    assert refusal_of(lambda: list(records(start))).code == "incomplete"


def test_a_cell_of_biff8_beyond_the_limits_is_refused(read: Read) -> None:
    for name in ("Suivi", "Été – œuvre"):
        content = xls([["a"] * 30], name=name)
        refusal = refusal_of(lambda content=content: read(content, limits=Limits(columns=20)))
        assert (refusal.sheet, refusal.row, refusal.column) == (name, 1, "U")


def test_a_locked_workbook_of_biff8_says_so(read: Read) -> None:
    content = bytearray(xls([["a", "b"]]))
    where = content.index(struct.pack("<2H", 0x42, 2))  # the code page: as long, and not needed
    content[where : where + 2] = struct.pack("<H", 0x2F)
    assert refusal_of(lambda: read(bytes(content))).code == "encrypted"


def test_a_container_with_macros_is_refused_unless_they_are_allowed(read: Read) -> None:
    content = bytearray(xls([["a"] * 200] * 30))
    directory = content.index("Root Entry".encode("utf-16-le"))
    second = directory + 256  # an entry that is free
    name = "_VBA_PROJECT".encode("utf-16-le")
    content[second : second + len(name)] = name
    content[second + 64 : second + 67] = struct.pack("<HB", len(name) + 2, 2)
    content[second + 116 : second + 124] = struct.pack("<2I", 0xFFFFFFFE, 0)
    assert refusal_of(lambda: read(bytes(content))).code == "macros"
    assert len(read(bytes(content), limits=Limits(macros=True)).rows) == 30


def test_macros_of_a_new_workbook_are_allowed_by_the_site_alone(make: Any, read: Read) -> None:
    content = make.workbook("<row><c><v>1</v></c></row>", parts={"xl/vbaProject.bin": "x"})
    assert refusal_of(lambda: read(content)).code == "macros"
    assert cells_of(read(content, limits=Limits(macros=True))) == [["1"]]


# ---------------------------------------------------------------------------- containers


def test_streams_of_a_container_are_found_by_name(fixtures: Path) -> None:
    found = streams((fixtures / "spreadsheets" / "lo_titles_biff8.xls").read_bytes())
    assert len(found["Workbook"]) > 6_000
    assert len(found["\x01Ole"]) == 20  # among the small ones


@pytest.mark.parametrize(
    ("at", "bytes_there"),
    [
        (30, b"\x04\x00"),
        (48, b"\x00\xff\x00\x00"),
        (76, b"\xff\xff\xff\xff"),
        (68, b"\x07\x00\x00\x00\x09\x00\x00\x00"),
    ],
)
def test_a_container_that_leads_nowhere_is_incomplete(
    fixtures: Path, at: int, bytes_there: bytes
) -> None:
    content = bytearray((fixtures / "spreadsheets" / "lo_titles_biff8.xls").read_bytes())
    content[at : at + len(bytes_there)] = bytes_there
    assert refusal_of(lambda: streams(bytes(content))).code == "incomplete"


def test_a_chain_that_bites_its_tail_is_incomplete(fixtures: Path) -> None:
    content = bytearray((fixtures / "spreadsheets" / "lo_titles_biff8.xls").read_bytes())
    (directory,) = struct.unpack_from("<I", content, 48)
    (table,) = struct.unpack_from("<I", content, 76)
    struct.pack_into("<I", content, ((table + 1) << 9) + 4 * directory, directory)
    assert refusal_of(lambda: streams(bytes(content))).code == "incomplete"


def test_a_large_container_lists_its_table_in_sectors_of_its_own(read: Read) -> None:
    rows = [[f"text {n} {m} " + "x" * 200 for m in range(60)] for n in range(600)]
    content = xls(rows)
    assert struct.unpack_from("<I", content, 72)[0] > 0  # more than the header holds
    assert cells_of(read(content)) == rows


# -------------------------------------------------------------------------------- locked


def test_a_locked_workbook_opens_with_its_password_alone(fixtures: Path) -> None:
    path = fixtures / "spreadsheets" / "password_protected.xlsx"
    plain = grid_of(fixtures / "spreadsheets" / "leading_zeros_numbers_as_text.xlsx")
    (sheet,) = read_file(path, Limits(), password="agir2010")
    assert sheet.whole().rows == plain.rows
    assert refusal_of(lambda: list(read_file(path, Limits()))).code == "encrypted"
    assert (
        refusal_of(lambda: list(read_file(path, Limits(), password="x"))).code == "wrong_password"
    )


def test_a_password_is_of_no_use_to_a_file_that_is_not_locked(fixtures: Path) -> None:
    path = fixtures / "spreadsheets" / "truncated.xlsx"
    assert refusal_of(lambda: list(read_file(path, Limits(), password="x"))).code == "incomplete"


def test_a_workbook_that_was_locked_here_opens(tmp_path: Path) -> None:
    locked = io.BytesIO()
    OOXMLFile(io.BytesIO(xlsx(TABLE))).encrypt("secret", locked)
    path = tmp_path / "locked.xlsx"
    path.write_bytes(locked.getvalue())
    assert msoffcrypto.OfficeFile(io.BytesIO(locked.getvalue())).is_encrypted()
    (sheet,) = read_file(path, Limits(), password="secret")
    assert cells_of(sheet.whole()) == TEXTS


def test_without_the_extra_a_locked_workbook_says_what_to_install(
    fixtures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(child.sys.modules, "msoffcrypto", None)
    path = fixtures / "spreadsheets" / "password_protected.xlsx"
    assert refusal_of(lambda: list(read_file(path, Limits(), password="x"))).code == "no_unlocker"


# -------------------------------------------------------------------------------- sheets


def names_of(path: Path, *wanted: str) -> list[str]:
    return [sheet.whole().sheet for sheet in read_file(path, Limits(), wanted)]


def test_sheets_are_wanted_by_name_or_pattern_in_the_order_of_their_tabs(fixtures: Path) -> None:
    months = fixtures / "spreadsheets" / "sheets_per_month_heading_variants.xlsx"
    assert names_of(months, "Mars", "janvier") == ["Janvier", "Mars "]
    assert names_of(months, "*") == ["Janvier", "Février", "Mars ", "Avril (prov.)"]
    assert names_of(months, "*ier", "Mars ") == ["Janvier", "Février", "Mars "]
    assert names_of(months, "Fe\u0301vrier") == ["Février"]
    assert refusal_of(lambda: names_of(months, "janvier", "mai")).sheet == "mai"
    assert refusal_of(lambda: names_of(months, "20*")).code == "no_such_sheet"


def test_a_pattern_never_means_a_hidden_sheet(fixtures: Path) -> None:
    path = fixtures / "spreadsheets" / "titles_merged_totals_hidden.xlsx"
    assert names_of(path, "*") == ["Contrats 2010", "Lisez-moi"]
    assert names_of(path, "_config") == ["_config"]
    first = next(iter(read_file(path, Limits(), ["*"])))
    assert first.grid.ignored_sheets == ["Listes", "_config"]
