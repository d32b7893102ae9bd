"""Every row of a grid gets exactly one end, with a reason."""

import string
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agir_pipeline.methods.reading.findings import Finding
from agir_pipeline.methods.reading.grid import UNCACHED, Flag, Grid
from tests.grids import grid_of
from tests.workbooks import MERGED


def ends_of(result: Any) -> dict[int, str]:
    return dict(zip(result.row_ends["row_number"], result.row_ends["end"], strict=True))


def rules_of(result: Any) -> dict[int, str]:
    return dict(zip(result.quarantine["row_number"], result.quarantine["rule"], strict=True))


def found_in(result: Any, code: str) -> list[tuple[int | None, str, int]]:
    return [(f.row, f.column, f.n) for f in result.findings if f.code == code]


@pytest.fixture
def people(make: Any) -> Any:
    return make.source(
        make.column("last_name", aliases=["Nom"]),
        make.column("first_name", aliases=["Prénom"]),
        make.column("born_on", "date", aliases=["Date de naissance"]),
        make.column("siret", "identifier", aliases=["SIRET entreprise"]),
        make.column("pay_eur", "number", aliases=["Salaire brut mensuel (€)"]),
        make.column("has_rupture", "boolean", aliases=["Rupture ?"]),
        key=["last_name", "first_name"],
        date_order="day_month_year",
    )


# ------------------------------------------------------------- merged cells, days to come


@pytest.mark.parametrize("kind", ["xlsx", "xls", "ods", "xlsb"])
def test_an_empty_cell_under_a_merged_one_is_never_taken_for_no_answer(
    make: Any, tmp_path: Path, kind: str
) -> None:
    path = tmp_path / f"file.{kind}"
    path.write_bytes(MERGED[kind]())
    source = make.source(make.column("a"), make.column("b"), key=["b"])
    result = make.read(grid_of(path), source)
    assert result.quarantine.to_dict("records")[0] | {"record_id": ""} == {
        "sheet": "Suivi",
        "row_number": 3,
        "column": "a",
        "rule": "merged_cell",
        "found": "",
        "record_id": "",
        "entity_key": "three",
    }
    assert result.rows["b"].tolist() == ["two"]


def test_merged_cells_outside_the_data_or_with_texts_of_their_own_change_nothing(
    make: Any,
) -> None:
    merged = [(1, 1, 1, 3), (2, 1, 2, 2), (3, 1, 4, 1), (3, 3, 4, 3)]
    rows = (["title", "", ""], ["a", "b", "beside"], ["1", "x", "?"], ["1", "y", ""])
    source = make.source(make.column("a"), make.column("b"))
    result = make.read(make.grid(*rows, sheet="Suivi", merged=merged), source)
    assert result.ends["Suivi"]["accepted"] == 2


def test_what_has_happened_had_happened_when_the_file_came(make: Any) -> None:
    source = make.source(
        make.column("id"),
        make.column("held_on", "date", not_after="received"),
        make.column("due_on", "date"),
    )
    rows = (
        ["id", "held_on", "due_on"],
        ["1", "2010-11-05", "2011-01-01"],
        ["2", "2010-11-06", ""],
        ["3", "2010-11-07 08:00", ""],
        ["4", "", ""],
    )
    result = make.read(make.grid(*rows), source)
    assert rules_of(result) == {3: "in_the_future", 4: "in_the_future"}
    assert result.quarantine["column"].tolist() == ["held_on", "held_on"]
    assert result.rows["id"].tolist() == ["1", "4"]


# ---------------------------------------------------------------------------- whole files


def test_a_partner_workbook_is_accounted_for_row_by_row(
    make: Any, people: Any, spreadsheet: Callable[..., Grid]
) -> None:
    result = make.read(spreadsheet("titles_merged_totals_hidden.xlsx"), people)
    assert result.ends == {
        "Contrats 2010": {
            "accepted": 4,
            "rejected": 0,
            "duplicate": 1,
            "blank": 1,
            "outside": 7,
            "erased": 0,
            "n_rows": 13,
        }
    }
    ends = ends_of(result)
    assert (ends[10], ends[11], ends[12], ends[13]) == ("duplicate", "blank", "outside", "outside")
    assert list(result.rows["row_number"]) == [6, 7, 8, 9]
    assert found_in(result, "set_aside") == [(12, "", 2)]
    assert found_in(result, "uncached_formulas") == [(12, "", 1)]
    assert found_in(result, "duplicate_rows") == [(10, "", 1)]
    assert found_in(result, "hidden_rows") == [(7, "", 1)]
    assert found_in(result, "unknown_heading") == [(5, "D", 1), (5, "E", 1)]
    ignored = [f.sheet for f in result.findings if f.code == "ignored_sheet"]
    assert ignored == ["Listes", "_config", "Lisez-moi"]


def test_a_csv_in_the_other_order_of_dates_gives_no_date(
    make: Any, people: Any, spreadsheet: Callable[..., Grid]
) -> None:
    result = make.read(spreadsheet("lo_titles_cp1252_semicolon.csv"), people)
    assert rules_of(result) == {
        6: "ambiguous_date",
        7: "date_order",
        8: "date_order",
        10: "ambiguous_date",
    }
    assert list(result.rows["row_number"]) == [9]


def test_formulas_without_a_result_refuse_the_sheet_with_their_count(
    make: Any, spreadsheet: Callable[..., Grid]
) -> None:
    source = make.source(make.column("id"), make.column("somme"), make.column("texte"))
    result = make.read(spreadsheet("formulas_uncached.xlsx"), source)
    assert result.is_refused
    assert result.refusal is not None
    assert result.refusal.code == "uncached_formulas"
    assert result.refusal.context == {"n": 8, "addresses": "D2, F2, D3, F3, D4"}
    assert (len(result.rows), result.ends) == (0, {})


def test_error_cells_reject_their_rows(make: Any, spreadsheet: Callable[..., Grid]) -> None:
    source = make.source(make.column("id", "integer"), make.column("erreur"), key=["id"])
    result = make.read(spreadsheet("lo_formulas_recalculated.xlsx"), source)
    assert rules_of(result) == dict.fromkeys(range(2, 6), "error_cell")
    assert set(result.quarantine["column"]) == {"erreur"}


def test_ragged_and_unquoted_lines_are_rejected_by_number(
    make: Any, spreadsheet: Callable[..., Grid]
) -> None:
    source = make.source(*map(make.column, ("nom", "prenom", "ville")), key=["nom", "prenom"])
    result = make.read(spreadsheet("mixed_eol_ragged.csv"), source)
    assert ends_of(result) == {
        1: "outside",
        2: "rejected",
        3: "rejected",
        4: "blank",
        5: "blank",
        6: "rejected",
    }
    assert rules_of(result) == {2: "wrong_field_count", 3: "wrong_field_count", 6: "bad_quotes"}
    assert result.quarantine["found"].tolist() == [
        "DUPONT;Éloïse;Nantes;extra",
        "LE GOFF;Yann",
        'ŒUVRARD;Zoé;"Nantes',
    ]


def test_a_file_with_only_a_header_holds_no_rows(
    make: Any, spreadsheet: Callable[..., Grid]
) -> None:
    result = make.read(spreadsheet("header_only.csv"), make.source(make.column("nom")))
    assert result.ends[""]["outside"] == result.ends[""]["n_rows"] == 1
    assert not result.is_refused
    assert result.findings[-1] == Finding("no_rows", "", None, "", 0)


def answers_source(make: Any) -> Any:
    return make.source(
        make.column("response_id", "identifier", aliases=["id"], required=True),
        make.column("submitted_at", "instant", aliases=["submitdate"]),
        make.column("born_on", "date", aliases=["DNAIS"]),
        make.column("income_eur", "number", aliases=["RESS"]),
        make.column("housing_other", aliases=["LOGT[other]"]),
        make.column("satisfied", "integer", aliases=["SATIS[SQ001]"]),
        make.column(
            "title", "code", aliases=["CIV"], codes=list(map(make.code, ["F", "H", "NSP"]))
        ),
        key=["response_id"],
        missing=["NC"],
    )


def test_a_limesurvey_export_gives_its_responses(make: Any, fixtures: Path) -> None:
    path = fixtures / "limesurvey" / "t0_fr_code_short.csv"
    grid = grid_of(path)
    result = make.read(grid, answers_source(make))
    assert result.ends[""] == {
        "accepted": 52,
        "rejected": 1,
        "duplicate": 0,
        "blank": 1,
        "outside": 1,
        "erased": 0,
        "n_rows": 55,
    }
    by_id = result.rows.set_index("response_id")
    assert by_id.loc["2", "income_eur"] == 777.25
    assert by_id.loc["2", "submitted_at"] == pd.Timestamp("2026-11-22 22:34:06")
    assert by_id.loc["2", "born_on"] == pd.Timestamp("1991-03-12")
    assert by_id.loc["1"].drop(["record_id", "sheet", "row_number"]).isna().sum() == 6
    assert by_id["submitted_at"].isna().sum() == 14
    assert result.quarantine[["column", "rule", "found"]].to_numpy().tolist() == [
        ["title", "not_a_code", "ZZ"]
    ]


def test_an_export_of_no_answers_is_no_fault(make: Any, fixtures: Path) -> None:
    grid = grid_of(fixtures / "limesurvey" / "t0_from99999.csv")
    result = make.read(grid, answers_source(make))
    assert not result.is_refused
    assert result.ends == {
        "": {
            "accepted": 0,
            "rejected": 0,
            "duplicate": 0,
            "blank": 1,
            "outside": 0,
            "erased": 0,
            "n_rows": 1,
        }
    }
    assert result.findings == (Finding("no_rows", "", None, "", 0),)


def test_an_empty_sheet_is_a_fault(make: Any) -> None:
    result = make.read(make.grid(["", ""], sheet="Suivi"), make.source(make.column("nom")))
    assert result.refusal is not None
    assert (result.refusal.code, result.refusal.sheet) == ("no_header", "Suivi")


# ---------------------------------------------------------------------------- ends of rows


@pytest.fixture
def contracts(make: Any) -> Any:
    return make.source(
        make.column("opca"),
        make.column("number", "identifier"),
        make.column("pay_eur", "number"),
        key=["opca", "number"],
    )


HEADER = ["opca", "number", "pay_eur"]


@pytest.mark.parametrize(
    ("row", "end"),
    [
        (["a", "1", "9"], "accepted"),
        (["TOTAL", "", "9"], "outside"),
        (["Total général", "", ""], "outside"),
        (["", "Sous-total", "9"], "outside"),
        (["* provisional", "", ""], "outside"),
        (["", "", "9"], "outside"),
        (["", "", ""], "blank"),
        ([" ", "\u00a0", "\t"], "blank"),
        (HEADER, "outside"),
        (["Total", "1", "9"], "accepted"),
        (["Total", "1", ""], "accepted"),
        (["Totalement", "", "9"], "rejected"),
        (["a", "", "9"], "rejected"),
        (["a", "1"], "rejected"),
        (["a", "1", "9", ""], "rejected"),
        (["a", "1", "x"], "rejected"),
    ],
)
def test_the_end_of_a_row(make: Any, contracts: Any, row: list[str], end: str) -> None:
    result = make.read(make.grid(["title", "", ""], HEADER, row), contracts)
    assert ends_of(result) == {1: "outside", 2: "outside", 3: end}


@pytest.mark.parametrize(
    ("row", "end"),
    [
        (["TOTAL", "12"], "outside"),
        (["a", ""], "accepted"),
        (["", "12"], "outside"),
        (["", "x"], "outside"),
    ],
)
def test_the_end_of_a_row_with_a_key_of_one_column(make: Any, row: list[str], end: str) -> None:
    source = make.source(make.column("id"), make.column("n", "number"), key=["id"])
    assert ends_of(make.read(make.grid(["id", "n"], row), source))[2] == end


def test_a_source_without_a_key_keeps_every_row(make: Any) -> None:
    source = make.source(make.column("pay", "number"), make.column("note"))
    result = make.read(
        make.grid(["pay", "note"], ["1", ""], ["1", ""], ["", "total"], ["", ""]), source
    )
    assert result.ends[""]["accepted"] == 3
    assert result.rows["entity_key"].tolist() == ["2", "3", "4"]


def test_equal_rows_are_duplicates_and_contradicting_rows_are_all_rejected(
    make: Any, contracts: Any
) -> None:
    result = make.read(
        make.grid(
            HEADER,
            ["a", "1", "9"],
            ["a", "1", "9.0"],
            ["b", "1", "9"],
            ["b", "1", "8"],
            ["b", "1", "8"],
            ["c", "1", ""],
            ["c", "1", ""],
        ),
        contracts,
    )
    assert ends_of(result) == {
        1: "outside",
        2: "accepted",
        3: "duplicate",
        4: "rejected",
        5: "rejected",
        6: "duplicate",
        7: "accepted",
        8: "duplicate",
    }
    assert rules_of(result) == {4: "key_collision", 5: "key_collision"}
    assert result.quarantine["found"].tolist() == ["b ; 1", "b ; 1"]
    assert found_in(result, "duplicate_rows") == [(3, "", 3)]


def test_a_rejected_row_does_not_collide_with_a_right_one(make: Any, contracts: Any) -> None:
    result = make.read(make.grid(HEADER, ["a", "1", "9"], ["a", "1", "x"]), contracts)
    assert ends_of(result)[2] == "accepted"
    assert rules_of(result) == {3: "not_a_number"}


def test_a_missing_required_value_is_named(make: Any) -> None:
    source = make.source(make.column("id"), make.column("town", required=True))
    result = make.read(make.grid(["id", "town"], ["a", " "]), source)
    line = result.quarantine.iloc[0]
    assert (line["column"], line["rule"], line["found"]) == ("town", "required_missing", " ")


def test_all_faults_of_a_row_are_in_the_quarantine(make: Any, contracts: Any) -> None:
    result = make.read(make.grid(HEADER, ["a", "", "x"], ["b", "2", "y"]), contracts)
    assert result.quarantine[["row_number", "column", "rule"]].to_numpy().tolist() == [
        [2, "number", "required_missing"],
        [2, "pay_eur", "not_a_number"],
        [3, "pay_eur", "not_a_number"],
    ]
    assert result.quarantine["entity_key"].isna().tolist() == [True, True, False]
    assert result.ends[""]["rejected"] == 2


def test_formulas_outside_the_contract_are_only_pointed_out(make: Any, contracts: Any) -> None:
    grid = make.grid([*HEADER, "calc"], ["a", "1", "9", UNCACHED], ["TOTAL", "", UNCACHED, ""])
    result = make.read(grid, contracts)
    assert not result.is_refused
    assert found_in(result, "uncached_formulas") == [(2, "", 2)]


# ------------------------------------------------------------------------------- the rows


def test_rows_hold_place_contract_and_derived_columns_in_order(make: Any) -> None:
    labels = {"en": "Age", "fr": "Âge"}
    years = {"name": "age_years", "method": "completed_years", "inputs": ["born_on", "start_on"]}
    base = {"labels": labels, "sensitivity": "none", "known_before_index": True}
    source = make.source(
        make.column("id"),
        make.column("born_on", "date"),
        make.column("start_on", "date"),
        make.column("absent", "boolean"),
        derived=[{**years, **base}],
        key=["id", "start_on"],
    )
    grid = make.grid(
        ["start_on", "id", "born_on"], ["2010-03-05", " A\n1 ", "1990-03-05"], sheet="Suivi"
    )
    result = make.read(grid, source)
    assert list(result.rows.columns) == [
        "record_id",
        "sheet",
        "row_number",
        "entity_key",
        "provider",
        "id",
        "born_on",
        "start_on",
        "absent",
        "age_years",
    ]
    row = result.rows.iloc[0]
    assert (row["sheet"], row["row_number"], row["provider"]) == ("Suivi", 2, "partner")
    assert row["entity_key"] == "A 1\x1f2010-03-05"
    assert row["age_years"] == 20
    assert pd.isna(row["absent"])
    assert found_in(result, "absent_column") == [(1, "absent", 1)]
    refused = make.read(make.grid(["x"]), source)
    pd.testing.assert_series_equal(refused.rows.dtypes, result.rows.dtypes)
    assert list(refused.quarantine.columns) == list(result.quarantine.columns)


def test_record_names_depend_on_key_bytes_sheet_and_row(make: Any, contracts: Any) -> None:
    grid = make.grid(HEADER, ["a", "1", "9"], ["b", "1", "x"])
    result = make.read(grid, contracts)
    name = result.rows["record_id"][0]
    assert len(name) == 32
    assert int(name, 16) > 0
    assert make.read(grid, contracts).rows["record_id"][0] == name
    other_key = make.read(grid, contracts, record_key=b"other").rows["record_id"][0]
    other_sheet = make.read(make.grid(HEADER, ["a", "1", "9"], sheet="x"), contracts).rows[
        "record_id"
    ][0]
    rejected = result.quarantine["record_id"][0]
    assert len({name, other_key, other_sheet, rejected}) == 4


def test_an_instant_in_a_key_keeps_its_time(make: Any) -> None:
    source = make.source(make.column("at", "instant"), key=["at"])
    result = make.read(make.grid(["at"], ["2010-11-05 14:30:00"], ["2010-11-05"]), source)
    assert result.rows["entity_key"].tolist() == ["2010-11-05T14:30:00", "2010-11-05"]


def test_lookup_tables_are_given_by_name(make: Any) -> None:
    zone = {
        "name": "zone",
        "method": "lookup",
        "inputs": ["town"],
        "table": "zones.csv",
        "otherwise": "outside",
        "labels": {"en": "Zone", "fr": "Zone"},
        "sensitivity": "none",
        "known_before_index": True,
    }
    source = make.source(make.column("town"), derived=[zone])
    tables = {"zones.csv": [("town", "Nantes", "inside")]}
    result = make.read(make.grid(["town"], ["NANTES"], ["Lyon"]), source, tables=tables)
    assert result.rows["zone"].tolist() == ["inside", "outside"]


def test_notes_and_flags_become_findings_without_values(make: Any) -> None:
    source = make.source(make.column("cp", "identifier", pattern="[0-9]{5}"))
    flags = [Flag("double_encoded", 1, "B", 3)]
    result = make.read(make.grid(["cp", "?"], ["1000", ""], ["2000", ""], flags=flags), source)
    assert found_in(result, "zero_padded") == [(2, "cp", 2)]
    assert found_in(result, "double_encoded") == [(1, "B", 3)]
    assert [f.place for f in result.findings] == ["B:1", "B:1", "cp:2"]
    assert Finding("no_rows", "", None, "", 0).place == ""


# ------------------------------------------------------------------------------- any grid


CELLS = st.one_of(
    st.sampled_from(["", "a", "b", "1", "2", "x", "TOTAL", "05/11/2010", "11/25/2010", "#N/A"]),
    st.text(string.printable, max_size=4),
)


@st.composite
def grids(draw: st.DrawFn) -> Grid:
    header = draw(st.permutations(["id", "on", "n", "note"]))
    above = draw(st.lists(st.lists(CELLS, max_size=4), max_size=2))
    below = draw(st.lists(st.lists(CELLS, min_size=4, max_size=4) | st.lists(CELLS), max_size=12))
    rows = list(enumerate([*above, list(header), *below], 1))
    faults = draw(st.lists(st.sampled_from([number for number, _cells in rows]), max_size=1))
    return Grid(
        draw(st.sampled_from(["csv", "xlsx"])),
        draw(st.sampled_from(["", "Suivi"])),
        rows,
        delimiter=";",
        faults=[(number, "bad_quotes") for number in faults],
    )


@settings(max_examples=100, deadline=None)
@given(grid=grids(), key=st.sampled_from([[], ["id"], ["id", "on"]]))
def test_every_row_of_any_grid_has_exactly_one_end(make: Any, grid: Grid, key: list[str]) -> None:
    source = make.source(
        make.column("id"),
        make.column("on", "date"),
        make.column("n", "number"),
        make.column("note"),
        key=key,
        date_order="day_month_year",
    )
    result = make.read(grid, source)
    if result.is_refused:
        assert result.ends == {}
        return
    ends = result.ends[grid.sheet]
    assert sum(n for end, n in ends.items() if end != "n_rows") == ends["n_rows"] == len(grid.rows)
    assert list(result.row_ends["row_number"]) == [number for number, _cells in grid.rows]
    assert len(result.rows) == ends["accepted"]
    assert set(result.quarantine["row_number"]) == {
        number for number, end in ends_of(result).items() if end == "rejected"
    }
    assert result.rows["record_id"].is_unique
    if key:
        assert result.rows["entity_key"].is_unique


def test_the_time_per_row_does_not_grow_with_the_rows(make: Any) -> None:
    codes = [make.code(letter) for letter in "abcdef"]
    source = make.source(
        make.column("id", "identifier", pattern="[A-Z]{2}-[0-9]{5}"),
        *(make.column(f"on_{n}", "date") for n in range(3)),
        *(make.column(f"code_{n}", "code", codes=codes) for n in range(3)),
        *(make.column(f"n_{n}", "number") for n in range(3)),
        key=["id"],
        date_order="day_month_year",
        decimal=",",
    )
    spelt = {"date": "{0:02}/11/2010", "code": "c", "number": "{0},5"}

    def seconds_for(n_rows: int) -> float:
        rows = [
            [
                f"AB-{n:05}" if c.type == "identifier" else spelt[c.type].format(n * 7 % 28 + 1)
                for c in source.columns
            ]
            for n in range(n_rows)
        ]
        grid = make.grid([column.name for column in source.columns], *rows)
        seconds = []
        for _attempt in range(3):
            begun = time.process_time()
            assert make.read(grid, source).ends[""]["accepted"] == n_rows
            seconds.append(time.process_time() - begun)
        return min(seconds)

    assert seconds_for(4000) < 12 * seconds_for(1000)


def register_of_people(make: Any) -> Any:
    columns = [make.column("case"), make.column("name"), make.column("born_on", "date")]
    return make.source(*columns, key=["case"], same_person=["name", "born_on"])


PEOPLE = ["case", "name", "born_on"]
ANNE, PAUL = ["1", "Anne-Marie Bré", "1990-03-05"], ["2", "Paul", "1990-03-05"]


def test_a_person_under_two_keys_is_told_at_both_rows(make: Any) -> None:
    again, alone = ["9", "ANNE MARIE BRE", "1990-03-05"], ["3", "Paul", "1991-01-01"]
    result = make.read(make.grid(PEOPLE, ANNE, PAUL, again, alone), register_of_people(make))
    assert rules_of(result) == {2: "same_person", 4: "same_person"}
    assert set(result.quarantine["column"]) == {"case"}
    assert result.rows["case"].tolist() == ["2", "3"]


def test_a_row_sent_twice_is_a_duplicate_and_not_another_person(make: Any) -> None:
    result = make.read(make.grid(PEOPLE, ANNE, PAUL, ANNE), register_of_people(make))
    assert rules_of(result) == {}
    assert found_in(result, "duplicate_rows") == [(4, "", 1)]


def test_people_without_a_date_are_not_compared(make: Any) -> None:
    rows = [["1", "Paul", ""], ["2", "Paul", ""]]
    assert rules_of(make.read(make.grid(PEOPLE, *rows), register_of_people(make))) == {}


def test_without_a_date_among_the_columns_names_alone_are_compared(make: Any) -> None:
    columns = [make.column("case"), make.column("name")]
    source = make.source(*columns, key=["case"], same_person=["name"])
    result = make.read(make.grid(["case", "name"], ["1", "Paul"], ["2", "PAUL"]), source)
    assert rules_of(result) == {2: "same_person", 3: "same_person"}


def test_a_contract_cannot_be_to_end_before_it_starts_but_may_never_begin(make: Any) -> None:
    days = ["starts", "planned", "broken"]
    columns = [make.column("number"), *(make.column(name, "date") for name in days)]
    spell = {"starts": "starts", "planned_end": "planned", "ended_early": "broken"}
    source = make.source(*columns, feeds="spell", key=["number"], spell=spell)
    rows = [
        ["1", "2010-01-01", "2010-12-31", "2009-12-31"],
        ["2", "2010-01-01", "2009-12-31", ""],
        ["3", "2010-01-01", "2010-01-01", "2010-01-01"],
        ["4", "", "2010-12-31", "2010-06-30"],
    ]
    result = make.read(make.grid(["number", *days], *rows), source)
    assert rules_of(result) == {3: "before_start"}
    assert list(result.quarantine["column"]) == ["planned"]
    assert found_in(result, "never_begun") == [(2, "broken", 1)]
    assert result.rows["number"].tolist() == ["1", "3", "4"]


def test_a_day_before_the_one_that_comes_first_is_pointed_out_and_taken(make: Any) -> None:
    days = [make.column(name, "date") for name in ("contact", "entry")]
    source = make.source(*days, in_order=[{"first": "contact", "then": "entry"}])
    rows = [
        ["2010-03-01", "2010-03-01"],
        ["2010-03-02", "2010-03-01"],
        ["", "2010-03-01"],
        ["2011-03-01", "2010-03-01"],
    ]
    result = make.read(make.grid(["contact", "entry"], *rows), source)
    assert found_in(result, "out_of_order") == [(3, "entry", 2)]
    assert len(result.rows) == len(rows)


def test_columns_that_do_not_go_together_are_pointed_out(make: Any) -> None:
    rule = {"columns": ["town", "code"], "table": "t.csv"}
    source = make.source(make.column("town"), make.column("code"), agreements=[rule])
    grid = make.grid(["town", "code"], ["Nozay", "44170"], ["Nozay", "44000"])
    result = make.read(grid, source, tables={"t.csv": [("town", "Nozay", "44170")]})
    assert found_in(result, "disagreement") == [(3, "code", 1)]
    assert len(result.rows) == 2


def test_contracts_broken_after_their_term_and_terms_cut_short_are_pointed_out(make: Any) -> None:
    days = ["starts", "planned", "action", "broken", "effective"]
    columns = [
        make.column("opca", "text"), make.column("number"), make.column("amendment", "integer"),
        make.column("nature", "text"), *(make.column(name, "date") for name in days),
    ]  # fmt: skip
    spell = {
        "starts": "starts", "planned_end": "planned", "ended_early": "broken",
        "amendment_number": "amendment", "amendment_effective": "effective",
        "open_ended": {"column": "nature", "code": "CDI", "ends": "action"},
        "shortened_within_days": 30,
    }  # fmt: skip
    source = make.source(*columns, feeds="spell", key=["opca", "number", "amendment"], spell=spell)

    def row(number: str, amendment: int, planned: str, broken: str = "", effective: str = "",
            nature: str = "CDD", opca: str = "A") -> list[str]:  # fmt: skip
        return [opca, number, str(amendment), nature, "2010-01-01", planned, "", broken, effective]

    rows = [
        row("1", 0, "2010-06-30", broken="2010-07-01"),  # a day after its end
        row("2", 0, "2010-06-30", broken="2010-06-30"),  # on its last day
        row("3", 0, "2010-06-30", broken="2010-08-01"),  # before the end of its amendment
        row("3", 1, "2010-12-31", broken="2010-08-01", effective="2010-06-01"),
        row("4", 0, "2010-06-30", broken="2010-08-01", nature="CDI"),
        row("5", 2, "2010-06-30", effective="2010-05-31"),  # the order of rows tells nothing
        row("5", 0, "2010-12-31"),
        row("5", 1, "2011-12-31", effective="2010-03-01"),
        row("6", 0, "2010-12-31"),
        row("6", 1, "2010-06-30", effective="2010-05-30"),  # 31 days before
        row("6", 1, "2010-06-30", effective="2010-06-29", opca="B"),  # another contract
        row("7", 0, "2010-12-31"),
        row("7", 1, "2010-06-30"),  # no day told
        row("8", 0, "2010-12-31", broken="2010-06-01"),
        row("8", 1, "2010-06-30", broken="2010-06-01", effective="2010-06-20"),
    ]
    result = make.read(make.grid(["opca", "number", "amendment", "nature", *days], *rows), source)
    assert not rules_of(result)
    assert found_in(result, "broken_after_term") == [(2, "broken", 1)]
    assert found_in(result, "term_shortened_before_end") == [(7, "planned", 2)]
    silent = make.source(
        *columns, feeds="spell", key=["opca", "number", "amendment"],
        spell={"starts": "starts", "planned_end": "planned", "ended_early": "broken"},
    )  # fmt: skip
    result = make.read(make.grid(["opca", "number", "amendment", "nature", *days], *rows), silent)
    assert not found_in(result, "term_shortened_before_end")
    assert found_in(result, "broken_after_term") == [(2, "broken", 3)]
