"""Exports made by hand give what a pull gives, as far as they tell it."""

import io
from dataclasses import replace
from pathlib import Path

import pytest

from agir_pipeline.methods.reading.child import read_file
from agir_pipeline.methods.reading.delimited import read_delimited
from agir_pipeline.methods.reading.exports import in_codes
from agir_pipeline.methods.reading.grid import Grid, Limits, Refusal
from agir_pipeline.methods.reading.questionnaire import Field, Questionnaire
from agir_pipeline.methods.reading.structure_files import from_structure


def csv_grid(data: bytes) -> Grid:
    return read_delimited(io.BytesIO(data)).whole()


@pytest.fixture(scope="module")
def folder(fixtures: Path) -> Path:
    return fixtures / "limesurvey"


@pytest.fixture(scope="module")
def asked(folder: Path) -> Questionnaire:
    return from_structure((folder / "survey_140140.lss").read_bytes())


@pytest.fixture(scope="module")
def pulled(folder: Path) -> list[list[str]]:
    return filled(csv_grid((folder / "t0_fr_code_short.csv").read_bytes()))


def filled(grid: Grid) -> list[list[str]]:
    return [cells for _number, cells in grid.rows if any(cells)]


def coded(path: Path, asked: Questionnaire) -> Grid:
    [grid] = [sheet.whole() for sheet in read_file(path, Limits())]
    found = in_codes(grid, asked)
    assert isinstance(found, Grid)
    return found


@pytest.mark.parametrize(
    "name", ["t0_fr_code_short.csv", "t0_fr_abbreviated_short.csv", "ui_export_rdata.csv"]
)
def test_a_file_in_codes_holds_exactly_what_a_pull_holds(
    name: str, folder: Path, asked: Questionnaire, pulled: list[list[str]]
) -> None:
    found = coded(folder / name, asked)
    assert filled(found) == pulled
    assert found.flags == []


@pytest.mark.parametrize(
    "name",
    ["t0_en_full_long.csv", "t0_fr_codetext_long.csv", "t0_fr_code_long.csv", "ui_export_csv.csv",
     "ui_export_xls.xlsx"],
)  # fmt: skip
def test_a_file_in_words_is_named_and_differs_only_where_words_lose_something(
    name: str, folder: Path, asked: Questionnaire, pulled: list[list[str]]
) -> None:
    """The export in words leaves out comments of one type, and codes the question has not."""
    found = coded(folder / name, asked)
    assert [flag.code for flag in found.flags] == ["long_answers"]
    header, *rows = filled(found)
    assert header == pulled[0]
    unlike = {
        (head, one)
        for before, after in zip(pulled[1:], rows, strict=True)
        for head, one, two in zip(header, before, after, strict=True)
        if one != two.removesuffix(".0") and one != two
    }
    assert {head for head, _one in unlike} == {"LISTC[comment]", "CIV"}
    assert ("CIV", "ZZ") in unlike


def test_zeros_the_server_wrote_over_empty_cells_are_refused(
    folder: Path, asked: Questionnaire
) -> None:
    grid = csv_grid((folder / "t0_convert.csv").read_bytes())
    assert in_codes(grid, asked) == Refusal("false_zeros")


def test_another_table_is_left_as_it_is(folder: Path, asked: Questionnaire) -> None:
    grid = csv_grid((folder / "participants_tokens.csv").read_bytes())
    assert in_codes(grid, asked) is grid
    empty = csv_grid(b"\r\n")
    assert in_codes(empty, asked) is empty


SMALL = Questionnaire(
    "1",
    ("fr",),
    "G",
    (
        Field("id"),
        Field("submitdate"),
        Field("B[x]", "B", "M", 1, labels={"fr": ("Aides", "Une")}),
        Field("Y", "Y", "Y", 1, labels={"fr": ("Rupture",)}),
        Field("T", "T", "T", 1, labels={"fr": ("Texte",)}),
    ),
)


def small(text: str) -> Grid:
    return csv_grid(text.encode())


def test_the_vv_export_is_read_by_its_second_line() -> None:
    grid = small(
        "Numéro\tDate\tAides\tRupture\tTexte\n"
        "id\tsubmitdate\tB_x\tY\tT\n"
        "1\t{question_not_shown}\tY\tN\tsay {quote}yes{quote}{newline}twice\n"
    )
    found = in_codes(grid, SMALL)
    assert isinstance(found, Grid)
    assert [cells for _n, cells in found.rows[1:]] == [
        ["id", "submitdate", "B[x]", "Y", "T"],
        ["1", "", "Y", "N", 'say "yes"\ntwice'],
    ]


def test_the_apostrophe_before_an_equals_sign_is_the_screens() -> None:
    found = in_codes(small("id;Y;T\n1;Y;'=1+1\n2;N;'tis\n"), SMALL)
    assert isinstance(found, Grid)
    assert [cells[2] for _n, cells in found.rows] == ["T", "=1+1", "'tis"]


def test_rows_that_do_not_fit_stay_where_they_are_for_the_reader_to_name() -> None:
    found = in_codes(small("Étude A;;\nid;Y;T\n1;Y;x\n2;Y\n3;N;y\n"), SMALL)
    assert isinstance(found, Grid)
    assert found.rows == [
        (1, ["Étude A", "", ""]), (2, ["id", "Y", "T"]), (3, ["1", "Y", "x"]), (4, ["2", "Y"]),
        (5, ["3", "N", "y"]),
    ]  # fmt: skip


def test_a_heading_of_nobody_stays_for_the_reader_to_name() -> None:
    found = in_codes(small("ID de la réponse;Rupture;Texte;Note\n1;Y;x;z\n"), SMALL)
    assert isinstance(found, Grid)
    assert found.rows[0][1] == ["id", "Y", "T", "Note"]


def test_headings_that_mean_two_questions_are_refused_by_their_letter() -> None:
    twin = replace(
        SMALL, fields=(*SMALL.fields, Field("Z", "Z", "N", 1, labels={"fr": ("Texte",)}))
    )
    found = in_codes(small("Rupture;Texte;ID de la réponse\nY;x;1\n"), twin)
    assert isinstance(found, Refusal)
    assert (found.code, found.column, found.row) == ("ambiguous_heading", "B", 1)
    assert found.context == {"columns": "T, Z"}


@pytest.mark.parametrize("row", ["1;Ja;N;x", "1;Oui;Ja;x"])
def test_words_of_an_unknown_language_are_refused_by_column(row: str) -> None:
    found = in_codes(small(f"id;B[x];Y;T\n2;Non;Oui;y\n{row}\n"), SMALL)
    assert isinstance(found, Refusal)
    assert found.code == "long_answers"
    assert found.context["columns"] in ("B[x]", "Y")


def test_a_file_of_headings_alone_holds_no_answers() -> None:
    found = in_codes(small("ID de la réponse;Rupture;Texte\n"), SMALL)
    assert isinstance(found, Grid)
    assert found.rows == [(1, ["id", "Y", "T"])]
