"""Files as people and programs really leave them: each row comes to the right end."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from agir_pipeline.methods.reading.grid import Grid, Refusal, Refused
from agir_pipeline.methods.reading.rows import RowReader, RowsRead
from agir_pipeline.methods.reading.sentences import refusal_sentence
from tests.grids import csv_grid, grid_of
from tests.methods.reading.conftest import code, column, source, workbook
from tests.workbooks import ods, xls, xlsx

DAY = date(2010, 11, 5)
HEAD = ("id", "name", "born_on", "amount_eur", "sex")
SEXES = [code("H", "Man", "Homme"), code("F", "Woman", "Femme")]
REGISTER = source(
    column("id", "identifier", required=True),
    column("name"),
    column("born_on", "date"),
    column("amount_eur", "number", unit="EUR"),
    column("sex", "code", codes=SEXES),
    key=["id"],
    feeds="measure",
    date_order="day_month_year",
    decimal=",",
)
ADA = ("A1", "Ada", "05/03/1990", "1 234,50", "F")
BOB = ("B2", "Bob", "06/03/1990", "12,00", "H")


def lines(*rows: Sequence[str]) -> bytes:
    return "".join(f"{';'.join(row)}\n" for row in rows).encode()


def read(grid: Grid) -> RowsRead:
    return RowReader(REGISTER, {}, b"key").read(grid, "partner", DAY, "digest")


def of_file(content: bytes, folder: Path) -> RowsRead:
    path = folder / "delivery.xlsx"
    path.write_bytes(content)
    return read(grid_of(path))


def ends(found: RowsRead) -> str:
    """The first letter of the end of each row."""
    return "".join(str(end)[0] for end in found.row_ends)


def ids(found: RowsRead) -> list[str]:
    return list(found.rows["id"].to_pylist())


BELOW = [
    (lines(HEAD, ADA, HEAD, BOB), "oaoa"),
    (lines(HEAD, ADA, [heading.upper() for heading in HEAD], BOB), "oaoa"),
    (b"\xef\xbb\xbfid;name\nA1;Ada\n\xef\xbb\xbfid;name\nB2;Bob\n", "oaoa"),
    (lines(HEAD, ADA, ("Id", "Ada", "", "", "")), "oaa"),
    (lines(HEAD, ADA, ("TOTAL", "", "", "1", ""), ("Source : OPCA", "", "", "", "")), "oaoo"),
    (lines(HEAD, ADA) + b"\n* provisional figures\n", "oabo"),
    (lines(HEAD, ADA, ("see note", "", "", "", "")), "oaa"),
    (lines(HEAD, ADA) + b"\n" + lines(("C3", "", "", "", "")), "oaba"),
    (lines(HEAD, ADA) + b"\nsee: note\n" + lines(BOB), "oabra"),
    (b"id;name\nA1;Ada\n\nA note: here;\n", "oaba"),
    (lines(HEAD, ADA) + b"\x1a", "oab"),
    (b"id;name\nA1;Ada;;\n", "or"),
    (b"id;name\r\nA1;Ada\nB2;Bob\rC3;Cyd\r\n", "oaaa"),
    (b"\xef\xbb\xbfid;name\nA1;Ada\n\xef\xbb\xbfB2;Bob\n", "oaa"),
    (lines(HEAD, ADA, ADA, BOB, ("B2", "Bobby", *BOB[2:])), "oadrr"),
]


@pytest.mark.parametrize(("content", "expected"), BELOW, ids=[f"{n}" for n in range(len(BELOW))])
def test_what_is_no_data_is_told_from_what_is(content: bytes, expected: str) -> None:
    assert ends(read(csv_grid(content))) == expected


def test_an_erased_row_is_no_end_of_the_data() -> None:
    grid = csv_grid(
        lines(HEAD, ADA) + b"\n" + lines(("", "", "", "", ""), ("a: b", "", "", "", ""))
    )
    erased = Grid(**{**vars(grid), "erased": [4]})
    assert ends(read(erased)) == "oabea"


def test_a_number_kept_as_text_keeps_its_zeros_and_is_pointed_out() -> None:
    found = read(csv_grid(b'id;name\n="00012";="Ada"\n="";x\n'))
    assert (ids(found), ends(found)) == (["00012"], "oar")
    assert found.rows["name"].to_pylist() == ['="Ada"']
    assert ("kept_as_text", 2) in [(f.code, f.row) for f in found.findings]


def test_letters_of_ms_dos_are_pointed_out() -> None:
    grid = csv_grid("id;name\nA1;Zoé\nA2;François\n".encode("cp850"))
    assert [(flag.code, flag.row, flag.n) for flag in grid.flags] == [("dos_text", 2, 2)]
    assert csv_grid("id;name\nA1;Zoé\n".encode("cp850"), "cp850").rows[1][1] == ["A1", "Zoé"]


def test_letters_of_iso_8859_15_are_pointed_out() -> None:
    text = "id;name;paid\nA1;Cœur;12 €\nA2;ŒUVRE;3\nA3;Durand;½\n"
    grid = csv_grid(text.replace("½", "").encode("iso8859-15"))
    assert [(f.code, f.row, f.column, f.n) for f in grid.flags] == [
        ("latin_9", 2, "B", 2),
        ("latin_9", 2, "C", 1),
    ]
    told = csv_grid(text.replace("½", "").encode("iso8859-15"), "iso8859-15")
    assert (told.rows[1][1], told.flags) == (["A1", "Cœur", "12 €"], [])
    assert csv_grid(text.encode("cp1252")).flags == []  # a half alone is one


def test_tabs_and_line_ends_in_an_open_document_part_its_words(tmp_path: Path) -> None:
    def cell(text: str) -> str:
        kind = 'office:value-type="string"'
        return f"<table:table-cell {kind}><text:p>{text}</text:p></table:table-cell>"

    mixed = '12<text:tab/>34<text:line-break/>5<text:s text:c="2"/>6</text:p><text:p>7'
    rows = [["id", "name"], ["A1", mixed], ["B2", 'Le<text:s text:c="2"/>Goff'], ["C3", "a"]]
    content = "".join(
        f"<table:table-row>{''.join(map(cell, row))}</table:table-row>" for row in rows
    )
    found = of_file(ods(content), tmp_path)
    assert found.rows["name"].to_pylist() == ["12\t34\n5  6\n7", "Le  Goff", "a"]
    beside = "<table:table-row><text:p>in no cell</text:p></table:table-row>"
    with pytest.raises(Refused):
        of_file(ods(content + beside), tmp_path)


def test_a_workbook_of_hidden_sheets_says_so(tmp_path: Path) -> None:
    (tmp_path / "f.xlsx").write_bytes(workbook("", state="veryHidden"))
    with pytest.raises(Refused) as caught:
        grid_of(tmp_path / "f.xlsx")
    sentence = refusal_sentence(caught.value.refusal, "f.xlsx")
    assert sentence.startswith("f.xlsx: every sheet is hidden (Suivi)")


@pytest.mark.parametrize("make", [xls, xlsx])
def test_the_content_decides_and_not_the_name(make: Any, tmp_path: Path) -> None:
    found = of_file(make([HEAD, ["A1", "Ada", date(1990, 3, 5), 1.5, "F"]]), tmp_path)
    assert (ids(found), ends(found)) == (["A1"], "oa")
    assert str(found.rows["born_on"].to_pylist()[0].date()) == "1990-03-05"


def test_a_shared_formula_without_its_result_refuses_the_sheet(tmp_path: Path) -> None:
    rich = '<c r="{}1" t="inlineStr"><is><r><t>{}</t></r><r><t>{}</t></r></is></c>'
    named = zip("ABCDE", HEAD, strict=True)
    head = "".join(rich.format(letter, name[0], name[1:]) for letter, name in named)
    first = '<c r="A2"><v>1</v></c><c r="D2"><f t="shared" ref="D2:D3" si="0">A2*2</f><v>2</v></c>'
    rows = f'<row r="1">{head}</row><row r="2">{first}</row><row r="3"><c r="A3"><v>2</v></c>'
    whole = of_file(workbook(f'{rows}<c r="D3"><f t="shared" si="0"/><v>4</v></c></row>'), tmp_path)
    assert whole.rows["amount_eur"].to_pylist() == [2.0, 4.0]
    lacking = of_file(workbook(f'{rows}<c r="D3"><f t="shared" si="0"/></c></row>'), tmp_path)
    assert isinstance(lacking.refusal, Refusal)
    assert lacking.refusal.context["addresses"] == "D3"


def test_serial_numbers_and_impossible_days_are_no_dates() -> None:
    days = ("40487", "31/02/1990", "1990", "mars 1990", "05032010")
    rows = [(f"A{n}", "", day, "", "") for n, day in enumerate(days)]
    found = read(csv_grid(lines(HEAD, *rows)))
    assert [one.rule for one in found.quarantine] == ["not_a_date"] * len(days)


def test_letters_of_two_bytes_without_their_mark_are_refused() -> None:
    with pytest.raises(Refused) as caught:
        csv_grid("id\tname\nA1\tZoé\n".encode("utf-16-le"))
    assert (caught.value.refusal.code, caught.value.refusal.row) == ("nul_byte", 1)
    assert csv_grid("id\tname\nA1\tZoé\n".encode("utf-16")).rows[1][1] == ["A1", "Zoé"]
