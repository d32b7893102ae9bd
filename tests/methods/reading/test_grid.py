"""Grids and refusals travel as JSON and come back the same."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agir_pipeline.methods.reading.grid import (
    Flag,
    Grid,
    Refusal,
    Refused,
    column_letter,
    column_number,
)


def test_a_grid_comes_back_from_json_as_it_was() -> None:
    grid = Grid(
        container="csv",
        sheet="",
        rows=[],
        encoding="cp1252",
        delimiter=";",
        ignored_sheets=["Listes"],
        faults=[(3, "bad_quotes")],
        flags=[Flag("hidden_rows", 7, "", 1)],
    )
    assert Grid.from_json(json.loads(json.dumps(grid.to_json()))) == grid


def test_a_refusal_comes_back_from_json_as_it_was() -> None:
    refusal = Refused("far_cell", sheet="Suivi", row=9, column="XFD", rows=5).refusal
    assert refusal == Refusal("far_cell", "Suivi", 9, "XFD", {"rows": 5})
    assert Refusal.from_json(json.loads(json.dumps(refusal.to_json()))) == refusal


@pytest.mark.parametrize(
    ("position", "letter"), [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (16383, "XFD")]
)
def test_columns_have_the_letters_of_a_spreadsheet(position: int, letter: str) -> None:
    assert column_letter(position) == letter


@given(st.integers(0, 10**6))
def test_letters_and_numbers_are_inverse(position: int) -> None:
    assert column_number(column_letter(position)) == position + 1
