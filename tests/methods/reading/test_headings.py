"""Headings: what is the same, what is refused, what is only pointed out."""

import unicodedata
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agir_pipeline.methods.reading.grid import Grid, Refusal
from agir_pipeline.methods.reading.headings import HEADER_ROWS, Layout, find_layout, normalise


@pytest.mark.parametrize(
    ("heading", "folded"),
    [
        ("Né(e) le", "ne e le"),
        ("  Code\u00a0\npostal ", "code postal"),
        ("code_postal", "code postal"),
        ("C.P.", "c p"),
        ("SATIS[SQ001]", "satis sq001"),
        ("Cœur", "coeur"),
        ("№ 1", "no 1"),
        ("(€)", ""),
    ],
)
def test_headings_are_folded(heading: str, folded: str) -> None:
    assert normalise(heading) == folded


@given(st.text(max_size=12))
def test_folding_is_done_once_and_ignores_how_accents_are_written(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)
    assert normalise(unicodedata.normalize("NFD", text)) == normalise(text)


def people(make: Any, **more: Any) -> Any:
    return make.source(
        make.column("last_name", labels={"en": "Last name", "fr": "Nom"}),
        make.column("first_name", labels={"en": "First name", "fr": "Prénom"}),
        make.column("born_on", "date", aliases=["Date de naissance", "Né(e) le", "Date naiss."]),
        make.column("postcode", aliases=["Code postal", "CP", "C.P."]),
        **{"key": ["last_name", "first_name"], **more},
    )


def found(layout: Layout | Refusal) -> Layout:
    assert isinstance(layout, Layout)
    return layout


@pytest.mark.parametrize(
    ("sheet", "positions"),
    [
        ("Janvier", (0, 1, 2, 3)),
        ("Février", (0, 1, 2, 3)),
        ("Avril (prov.)", (1, 0, 2, 3)),
    ],
)
def test_variants_of_headings_mean_the_same_columns(
    make: Any, spreadsheet: Callable[..., Grid], sheet: str, positions: tuple[int, ...]
) -> None:
    grid = spreadsheet("sheets_per_month_heading_variants.xlsx", sheet)
    layout = found(find_layout(grid, people(make), make.day))
    names = ("last_name", "first_name", "born_on", "postcode")
    assert tuple(layout.positions[name] for name in names) == positions


def test_an_abbreviation_that_is_not_declared_is_not_guessed(
    make: Any, spreadsheet: Callable[..., Grid]
) -> None:
    grid = spreadsheet("sheets_per_month_heading_variants.xlsx", "Mars ")
    refusal = find_layout(grid, people(make), make.day)
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.row) == ("missing_columns", 1)
    assert refusal.context == {"columns": "last_name"}


def test_the_header_is_the_row_that_names_most_columns(make: Any) -> None:
    grid = make.grid(["Nom", "x", ""], ["Nom", "Prénom", "Note"], ["Nom", "Prénom", ""])
    layout = found(find_layout(grid, people(make), make.day))
    assert layout.row_index == 1
    assert layout.unknown == (2,)
    assert layout.absent == ("born_on", "postcode")


def test_a_header_lower_than_thirty_rows_is_not_looked_for(make: Any) -> None:
    titles = [["title", ""]] * HEADER_ROWS
    refusal = find_layout(make.grid(*titles, ["Nom", "Prénom"]), people(make), make.day)
    assert isinstance(refusal, Refusal)
    assert refusal.code == "no_header"
    assert "born_on" in str(refusal.context["expected"])
    below = find_layout(make.grid(*titles[1:], ["Nom", "Prénom"]), people(make), make.day)
    assert found(below).row_index == HEADER_ROWS - 1


@pytest.mark.parametrize("mark", ["must_exist", "required"])
def test_a_column_that_must_be_there_is_named(make: Any, mark: str) -> None:
    source = make.source(make.column("id"), make.column("town", **{mark: True}))
    refusal = find_layout(make.grid(["id", "note"]), source, make.day)
    assert isinstance(refusal, Refusal)
    assert refusal.context == {"columns": "town"}


def test_two_headings_of_one_column_are_refused_by_their_letters(
    make: Any, spreadsheet: Callable[..., Grid]
) -> None:
    grid = spreadsheet("duplicate_and_blank_headings.xlsx")
    source = make.source(make.column("last_name", aliases=["Nom"]), key=["last_name"])
    refusal = find_layout(grid, source, make.day)
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.column, refusal.row) == ("duplicate_heading", "A, E", 1)


def test_a_heading_of_two_columns_is_refused_by_its_letter(make: Any) -> None:
    source = make.source(make.column("start_on", aliases=["Date"]), make.column("date"))
    refusal = find_layout(make.grid(["start_on", "DATE"]), source, make.day)
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.column) == ("ambiguous_heading", "B")
    assert refusal.context == {"columns": "date, start_on"}


@pytest.mark.parametrize(
    ("delivered_on", "is_valid"),
    [
        (date(2010, 1, 1), True),
        (date(2010, 6, 30), True),
        (date(2009, 12, 31), False),
        (date(2010, 7, 1), False),
    ],
)
def test_an_alias_holds_between_its_days(make: Any, delivered_on: date, is_valid: bool) -> None:
    alias = {"heading": "Matricule", "since": date(2010, 1, 1), "until": date(2010, 6, 30)}
    source = make.source(make.column("id", aliases=[alias]))
    layout = find_layout(make.grid(["Matricule"]), source, delivered_on)
    assert isinstance(layout, Layout) is is_valid
