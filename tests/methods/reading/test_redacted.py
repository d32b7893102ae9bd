"""A copy with blanked rows is read as the file was; the blanked rows count as erased."""

from typing import Any

import pytest

from agir_pipeline.methods.reading.grid import Flag, Grid, Refusal
from agir_pipeline.methods.reading.redacted import MARK, RedactedCopy, blanked, rows_below
from agir_pipeline.methods.reading.rows import RowReader


@pytest.fixture
def copy(make: Any) -> RedactedCopy:
    sheets = [make.grid(["id"], [name], sheet=name) for name in ("Old", "2010-01", "2010-02")]
    return RedactedCopy(sheets, ["2010-01", "2010-02"])


def names(found: list[Grid] | Refusal) -> list[str]:
    assert isinstance(found, list)
    return [grid.sheet for grid in found]


def test_its_sheets_are_chosen_like_those_of_a_workbook(copy: RedactedCopy) -> None:
    assert names(copy.chosen([])) == ["2010-01"]
    assert names(copy.chosen(["20??-*"])) == ["2010-01", "2010-02"]
    assert names(copy.chosen(["old", "2010-02"])) == ["Old", "2010-02"]
    chosen = copy.chosen([])
    assert isinstance(chosen, list)
    assert chosen[0].ignored_sheets == ["Old", "2010-02"]
    lost = copy.chosen(["O*"])  # a pattern means visible sheets
    assert isinstance(lost, Refusal)
    assert lost.code == "no_such_sheet"


def test_it_stays_the_same_as_bytes(copy: RedactedCopy, make: Any) -> None:
    odd = make.grid(["é", ""], faults=[(1, "bad_quotes")], flags=[Flag("x", 1, "A", 2)], erased=[2])
    kept = RedactedCopy([*copy.grids, odd], copy.visible)
    content = kept.to_bytes()
    assert content.startswith(MARK)
    assert RedactedCopy.from_bytes(content) == kept
    assert RedactedCopy.from_bytes(content).to_bytes() == content
    refused = RedactedCopy([], refusal=Refusal("nir_column", "s", column="B"))
    assert RedactedCopy.from_bytes(refused.to_bytes()).chosen([]) == refused.refusal


def test_blanked_rows_are_erased_and_the_others_keep_number_name_and_values(make: Any) -> None:
    source = make.source(make.column("id", required=True), make.column("town"), key=["id"])
    whole = make.grid(["id", "town"], ["a", "x"], ["b", "y"], ["b", "z"], [""], faults=[(3, "f")])
    copy = blanked(blanked(whole, {2}), {3, 4})
    assert [cells for _n, cells in copy.rows] == [
        ["id", "town"],
        ["", ""],
        ["", ""],
        ["", ""],
        [""],
    ]
    assert (copy.erased, copy.faults) == ([2, 3, 4], [])
    kept = blanked(make.grid(["id", "town"], ["a", "x"], ["b", "y"]), {2})
    reader = RowReader(source, {}, b"key")
    before = reader.read(make.grid(["id", "town"], ["a", "x"], ["b", "y"]), "p", make.day, "d")
    after = reader.read(kept, "p", make.day, "d")
    assert after.ends[""]["erased"] == 1
    assert after.rows.to_pylist() == before.rows.to_pylist()[1:]
    assert after.quarantine == []


def test_rows_that_hold_something_below_the_headings(make: Any) -> None:
    assert rows_below(make.grid(["t"], ["id"], ["a"], [""], ["b"]), 1) == [3, 5]
