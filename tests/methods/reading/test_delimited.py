"""Csv files, read strictly."""

import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agir_pipeline.methods.reading.grid import Flag, Grid, Refused
from tests.grids import csv_grid

THREE_PEOPLE = [
    (1, ["Nom", "Prénom", "Ville"]),
    (2, ["DUPONT", "Éloïse", "Saint-Nazaire"]),
    (3, ['LE GOFF; dit "Yann"', "Yann", "Châteaubriant\nNord"]),
    (5, ["ŒUVRARD", "Zoé", "Nantes – 44"]),
]


@pytest.mark.parametrize(
    ("name", "encoding"), [("utf8_nobom.csv", "utf-8"), ("utf16le_bom.csv", "utf-16")]
)
def test_rows_keep_the_line_they_begin_on(
    spreadsheet: Callable[..., Grid], name: str, encoding: str
) -> None:
    grid = spreadsheet(name)
    assert grid.rows == THREE_PEOPLE
    assert (grid.encoding, grid.delimiter, grid.flags) == (encoding, ";", [])


def test_a_sep_line_is_obeyed_and_is_no_row(spreadsheet: Callable[..., Grid]) -> None:
    grid = spreadsheet("sep_line.csv")
    assert grid.rows == [(number + 1, cells) for number, cells in THREE_PEOPLE]
    assert grid.encoding == "cp1252"


def test_a_tab_separated_file_named_xls_is_read_by_content(
    spreadsheet: Callable[..., Grid],
) -> None:
    grid = spreadsheet("tsv_named.xls")
    assert grid.delimiter == "\t"
    assert grid.rows[2] == (3, ['LE GOFF\t dit "Yann"', "Yann", "Châteaubriant\nNord"])
    assert len(grid.rows) == 4


def test_a_mac_file_is_suspected_until_its_encoding_is_declared(
    spreadsheet: Callable[..., Grid],
) -> None:
    guessed = spreadsheet("macroman.csv")
    assert [flag.code for flag in guessed.flags] == ["mac_roman", "mac_roman"]
    assert guessed.flags[0] == Flag("mac_roman", 1, "B", 3)
    declared = spreadsheet("macroman.csv", encoding="mac_roman")
    assert [cells[:2] for _n, cells in declared.rows] == [c[:2] for _n, c in THREE_PEOPLE]
    assert declared.flags == []


@pytest.mark.parametrize("name", ["mojibake_double_utf8.csv", "mixed_encodings.csv"])
def test_text_encoded_twice_is_pointed_out(spreadsheet: Callable[..., Grid], name: str) -> None:
    assert ("double_encoded", 1, "B") in [flag[:3] for flag in spreadsheet(name).flags]


def test_a_nul_byte_is_refused_with_its_line(spreadsheet: Callable[..., Grid]) -> None:
    with pytest.raises(Refused) as caught:
        spreadsheet("nul_bytes.csv")
    assert (caught.value.refusal.code, caught.value.refusal.row) == ("nul_byte", 2)


def test_bytes_that_do_not_exist_in_cp1252_are_refused_with_their_line() -> None:
    with pytest.raises(Refused) as caught:
        csv_grid(b"name;town\n\xe9\x81;Nantes\n")
    assert caught.value.refusal.row == 2
    assert caught.value.refusal.context == {"encoding": "cp1252"}


@pytest.mark.parametrize(
    ("encoding", "code"), [("ascii", "undecodable"), ("klingon", "unknown_encoding")]
)
def test_a_declared_encoding_is_never_replaced_by_another(encoding: str, code: str) -> None:
    with pytest.raises(Refused, match=code):
        csv_grid("é;a\n".encode(), encoding)


def test_a_quote_that_never_closes_costs_its_own_line(spreadsheet: Callable[..., Grid]) -> None:
    grid = spreadsheet("mixed_eol_ragged.csv")
    assert [number for number, _cells in grid.rows] == [1, 2, 3, 4, 5, 6]
    assert [len(cells) for _n, cells in grid.rows[:5]] == [3, 4, 2, 0, 3]
    assert grid.faults == [(6, "bad_quotes")]


def test_lines_after_a_bad_quote_are_kept() -> None:
    grid = csv_grid(b'name;town\n1;"abc;2\n2;"def";3\n4;Nantes\n')
    assert [number for number, _rule in grid.faults] == [2]
    assert grid.rows[-1] == (4, ["4", "Nantes"])
    assert grid.rows[1] == (2, ['1;"abc;2'])


def test_an_empty_text_has_no_rows() -> None:
    assert csv_grid(b"\xef\xbb\xbf").rows == []


def test_a_limesurvey_export_goes_through_the_same_reader(fixtures: Path) -> None:
    content = (fixtures / "limesurvey" / "t0_fr_code_short.csv").read_bytes()
    grid = csv_grid(content)
    header, *answers = [cells for _number, cells in grid.rows]
    assert len(header) == 73
    assert {"LOGT[other]", "SATIS[SQ001]", "DUAL[D1][2]"} <= set(header)
    assert answers.pop() == []
    assert len(answers) == 53
    assert {len(cells) for cells in answers} == {73}
    assert grid.encoding == "utf-8-sig"
    by_id = {cells[0]: dict(zip(header, cells, strict=True)) for cells in answers}
    assert by_id["2"]["RESS"] == "777.25"
    assert by_id["2"]["LIBRE"] == "Très bien ; merci\n\nÀ bientôt"
    assert by_id["40"]["CIV"] == "ZZ"


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=8)


@given(
    rows=st.lists(st.lists(TEXTS, min_size=2, max_size=4), min_size=1, max_size=6),
    delimiter=st.sampled_from(";,\t|"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]),
)
def test_any_texts_survive_a_csv_file(rows: list[list[str]], delimiter: str, encoding: str) -> None:
    file = io.StringIO(newline="")
    file.write(f"sep={delimiter}\r\n")
    csv.writer(file, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows(rows)
    grid = csv_grid(file.getvalue().encode(encoding), encoding)
    assert [cells for _number, cells in grid.rows] == rows
    assert grid.faults == []


@given(st.binary(max_size=200))
def test_any_bytes_give_a_grid_or_a_refusal(content: bytes) -> None:
    try:
        grid = csv_grid(content)
    except Refused:
        return
    numbers = [number for number, _cells in grid.rows]
    assert numbers == sorted(set(numbers))
