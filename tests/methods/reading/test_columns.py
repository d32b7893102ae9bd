"""Rows that travel and stay column by column are, row by row, those of the file."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agir_pipeline.methods.reading import columns, grid
from agir_pipeline.methods.reading.child import told
from agir_pipeline.methods.reading.columns import Coded, Gathered, Rows
from agir_pipeline.methods.reading.grid import Row, blocks_of, comes_again

CELLS = st.sampled_from(["", "a", "b", "é", "un\ndeux", "\0", "a\0b", "#UNCACHED!"]) | st.text(
    max_size=3
)
LETTERS = st.sampled_from("abcd")
EVEN = st.lists(st.lists(LETTERS, min_size=2, max_size=2), max_size=40)
TABLES = st.lists(st.lists(CELLS, max_size=5), max_size=40) | EVEN
"""Rows of any widths, and rows of one width in which the same few texts come again and again."""
WIDE = ["x"] * (grid.WIDEST + 1)


def gathered(rows: Sequence[Row]) -> tuple[Rows, int]:
    """The rows as the other side of the pipe has them, and how long they were said to be."""
    whole, n_written = Gathered(), 0
    for block in blocks_of(rows):
        message, places = told(block)
        n_written += whole.add(json.loads(json.dumps(message))["block"], places)
    return whole.rows(), n_written


def numbered(table: Sequence[list[str]], step: int = 1) -> list[Row]:
    return [(step * n, cells) for n, cells in enumerate(table, 1)]


@given(TABLES, st.integers(1, 7), st.integers(1, 2), st.integers(1, 3))
def test_rows_of_any_widths_arrive_as_they_left(
    table: list[list[str]], block_rows: int, step: int, sample: int
) -> None:
    rows = numbered(table, step)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(grid, "BLOCK_ROWS", block_rows)
        patch.setattr(grid, "FEW", 2)
        patch.setattr(grid, "SAMPLE", sample)  # a text that comes again may not be noticed
        patch.setattr(columns, "LOOKED_AT", 6)
        patch.setattr(columns, "SMALL_BLOCK", 0)
        found, n_written = gathered(rows)
    assert list(found) == rows == list(Rows.of(rows))
    assert found == rows
    assert [found[place] for place in range(len(rows))] == rows
    assert found[1:30:2] == rows[1:30:2]
    longest = max(map(len, table), default=0)
    for column, expected in zip(found.every(), range(longest), strict=True):
        texts = [cells[expected] for cells in table if expected < len(cells)]
        assert [text for text in column if text] == [text for text in texts if text]
    least = sum(len(cell) + columns.BYTES_BESIDE for cells in table for cell in cells)
    assert n_written >= least


@given(TABLES)
def test_a_column_of_rows_of_one_width_holds_nothing_of_the_others(table: list[list[str]]) -> None:
    rows = Rows.of(numbered(table))
    for width in range(1, 6):
        places = np.flatnonzero(rows.as_wide_as(width))
        own = [cells for cells in table if len(cells) == width]
        assert len(places) == len(own)
        for position in range(width):
            column = rows.cells(position, places)
            assert column == [cells[position] for cells in own]
            assert set(column.entries) == set(column)


def test_a_text_in_many_rows_is_held_once_and_counted_as_often_as_it_stands() -> None:
    n_rows = 3 * grid.BLOCK_ROWS
    rows, n_written = gathered(numbered([["long " * 200, str(n)] for n in range(n_rows)]))
    assert len(rows.columns[0].entries) == 1
    assert n_written >= 1000 * n_rows


def test_a_row_longer_than_any_worksheet_makes_no_column_longer() -> None:
    rows, _n_written = gathered(numbered([["a"], WIDE, WIDE]))
    assert (len(rows.columns), sorted(rows.odd)) == (1, [1, 2])
    assert gathered(numbered([WIDE]))[0] == [(1, WIDE)]


def test_a_text_unnoticed_twice_in_one_block_moves_no_text_of_the_next() -> None:
    """The register of ten thousand contracts: a number comes again with its amendment."""
    texts = [f"N{n}" for n in range(grid.BLOCK_ROWS)]
    texts[-1] = texts[-2]
    rows = numbered([[text] for text in [*texts, "N1", "new", "newer", "N1"]])
    assert not comes_again(texts)
    assert list(gathered(rows)[0]) == rows


def test_numbers_that_are_no_more_than_a_count_are_not_sent() -> None:
    (block,) = blocks_of(numbered([["a"], ["b"]]))
    assert told(block)[0]["block"]["numbers"] == []
    (block,) = blocks_of(numbered([["a"], ["b"]], step=3))
    assert told(block)[0]["block"]["numbers"] == [3, 6]


def test_many_texts_in_a_block_need_two_bytes_each() -> None:
    table = [[str(n % 300)] for n in range(600)]
    (block,) = blocks_of(numbered(table))
    message, places = told(block)
    ((n_texts, n_bytes),) = message["block"]["columns"]
    assert (n_texts, len(places) - n_bytes) == (600, 0)  # none was looked for
    table = [[str(n % 300)] for n in range(450)]
    (block,) = blocks_of(numbered(table))
    message, places = told(block)
    ((n_texts, n_bytes),) = message["block"]["columns"]
    assert (n_texts, len(places) - n_bytes) == (300, 900)
    assert gathered(numbered(table))[0] == numbered(table)


def test_columns_without_end_of_texts_are_not_searched() -> None:
    assert comes_again(["a"] * 1000)
    assert comes_again([str(n) for n in range(grid.FEW - 1)])
    assert not comes_again([str(n) for n in range(1000)])


@pytest.mark.parametrize("places", [b"\x00\x02", b"\x00"], ids=["beyond its texts", "cut short"])
def test_places_that_name_no_text_are_refused(places: bytes) -> None:
    block: dict[str, Any] = {"first": 1, "n_rows": 2, "numbers": [], "columns": [["a"]], "odd": []}
    with pytest.raises(ValueError, match=r"buffer|^$"):
        Gathered().add(block, places)


@pytest.mark.parametrize("told", [[2, 1], [1, 3], [3, 5]], ids=["fewer", "more", "cut short"])
def test_texts_that_are_not_as_many_as_was_said_are_refused(told: list[int]) -> None:
    block: dict[str, Any] = {"first": 1, "n_rows": 2, "numbers": [], "columns": [told], "odd": []}
    with pytest.raises(ValueError, match=r"^$"):
        Gathered().add(block, b"a\0b")


def test_numbers_of_rows_are_a_range_while_none_is_left_out() -> None:
    rows = numbered([["a"]] * (3 * grid.BLOCK_ROWS))
    assert gathered(rows)[0].numbers == range(1, len(rows) + 1)
    del rows[grid.BLOCK_ROWS : grid.BLOCK_ROWS + 2]  # between two blocks, each without a gap
    assert list(gathered(rows)[0].numbers) == [number for number, _cells in rows]


def test_a_column_is_a_sequence_of_its_values() -> None:
    column = Coded.of(["a", "b", "a"])
    assert (len(column), column[0], column[-1], column[1:]) == (3, "a", "a", ["b", "a"])
    assert column == ("a", "b", "a") != column.turned([1, 2])
    assert Coded.of(column) is column
    assert column.where("a".__eq__).tolist() == [True, False, True]
    assert Coded.constant("x", 2) == ["x", "x"]
    assert column.take(np.array([1])).bare().entries == ["b"]
    assert column.bare() is column
    assert (column == 1, Rows.of([]) == 1) == (False, False)
    assert (column.is_plain, Coded.of(["a", "b"]).is_plain) == (False, True)
    assert Rows.of(Rows.of([(1, ["a"])])) == [(1, ["a"])]
