"""What a row is called, and when two rows say the same."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agir_pipeline.methods.reading import records
from agir_pipeline.methods.reading.records import row_digests

texts = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=3)
rows = st.lists(st.one_of(st.none(), texts), min_size=2, max_size=2)


@given(rows, rows)
@settings(max_examples=40, deadline=None)
def test_digests_are_equal_exactly_when_rows_are(one: list[Any], other: list[Any]) -> None:
    found = row_digests(zip(one, other, strict=True), 2)
    assert (found[0] == found[1]) == (one == other)


def test_missing_is_no_text() -> None:
    found = row_digests([[None, "", "-", "nan", "None"]], 5)
    assert len(set(found.tolist())) == 5


def test_a_value_in_another_column_is_another_row() -> None:
    found = row_digests([["a", "b"], ["b", "a"]], 2)
    assert found[0] != found[1]


def test_without_columns_rows_are_equal() -> None:
    assert row_digests([], 2).tolist() == [0, 0]


@pytest.mark.parametrize("column", [["a", "b", "a"], [1.5, 2.0, 1.5], ["a", None, "a"], [1, 2, 1]])
def test_a_large_file_gives_the_digests_of_a_small_one(
    column: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    small = row_digests([column], 3).tolist()
    assert small[0] == small[2] != small[1]
    monkeypatch.setattr(records, "LARGE", 2)
    assert row_digests([column], 3).tolist() == small
    monkeypatch.setattr(records, "LARGE", 3)
    monkeypatch.setattr(records, "VALUES_REMEMBERED", 0)  # all are forgotten
    assert row_digests([column], 3).tolist() == small
