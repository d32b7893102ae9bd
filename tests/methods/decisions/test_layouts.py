"""What decisions change about the reading of a file."""

from typing import Any

from agir_pipeline.methods.decisions.layouts import AS_RECEIVED, Amendment, answered, joined
from agir_pipeline.methods.reading.grid import Grid
from agir_pipeline.methods.reading.rows import RowReader
from agir_pipeline.methods.reading.sheets import FileRead, read_sheets
from agir_pipeline.protocol.model import Source
from agir_pipeline.protocol.sources import CorrectionColumns, MappingColumns
from tests.methods.reading.conftest import DAY, column, grid, source


def read(of: Grid, by: Source) -> FileRead:
    return read_sheets(RowReader(by, {}, b"key"), [of], "partner", DAY, "digest")


HEADER = ["Dossier", "Ville", "Niveau", "Visites"]


def test_an_accepted_heading_means_its_column(register: Source) -> None:
    file = grid(["Dossier", "Lieu", "Niveau", "Visites"], ["A", "Nozay", "V", "1"])
    amendment = Amendment(headings=(("Lieu", "town"),))
    assert read(file, amendment.layout(register)).rows["town"].to_pylist() == ["Nozay"]
    assert AS_RECEIVED.layout(register) is register


def test_a_heading_that_nobody_is_to_read_is_not_told(register: Source) -> None:
    file = grid([*HEADER, "Fax", "Chat"], ["A", "Nozay", "V", "1", "02", "oui"])
    amendment = Amendment(headings=(("FAX", ""),))
    told = amendment.told(read(file, register), [file]).findings
    assert [(f.code, f.column) for f in told if f.code == "unknown_heading"] == [
        ("unknown_heading", "F")
    ]
    whole = read(file, register)
    assert AS_RECEIVED.told(whole, [file]) is whole


def test_a_corrected_cell_makes_its_row_acceptable(register: Source) -> None:
    file = grid(HEADER, ["A", "Nozay", "V", "one"], ["B", "Derval", "V", "2"])
    assert read(file, register).ends[""]["rejected"] == 1
    cells = [("", 2, "n_visits", "1"), ("", 9, "town", "x"), ("", 3, "absent", "x")]
    amendment = Amendment(cells=(*cells, ("another sheet", 3, "town", "x")))
    again = read(amendment.grid(file, register, DAY), register)
    assert again.ends[""]["accepted"] == 2
    assert again.rows["n_visits"].to_pylist() == [1, 2]
    assert again.rows["town"].to_pylist() == ["Nozay", "Derval"]
    assert file.rows[1][1][3] == "one"


def test_a_grid_that_cannot_be_mapped_is_left_alone(register: Source) -> None:
    strange = grid(["one", "two"])
    assert Amendment(cells=(("", 1, "town", "x"),)).grid(strange, register, DAY) is strange
    assert AS_RECEIVED.grid(strange, register, DAY) is strange


CORRECTS = CorrectionColumns(
    of_source="of", of_key="key", of_column="field", old_value="old", new_value="new",
    effective="since", expires="until", author="author", approver="approver", withdrawn="gone",
)  # fmt: skip
NAMES = ["of", "key", "field", "old", "new", "since", "until", "author", "approver", "gone"]


def corrections() -> Source:
    made = source(*(column(name) for name in NAMES), feeds="decision", key=["key"])
    return made.model_copy(update={"corrects": CORRECTS})


def decision(**cells: str) -> list[str]:
    return [cells.get(name, "") for name in NAMES]


def test_a_row_without_author_and_answer_is_blank() -> None:
    file = grid(
        NAMES,
        decision(key="A", old="x"),
        decision(key="B", old="x", new="y"),
        decision(key="C", old="x", author="S."),
        ["too", "short"],
    )
    kept = answered(file, corrections(), DAY)
    assert [cells[1] if len(cells) > 1 else "" for _n, cells in kept.rows] == [
        "key", "", "B", "C", "short",
    ]  # fmt: skip
    assert file.rows[1][1][1] == "A"


def test_a_proposed_heading_nobody_signed_is_blank() -> None:
    maps = MappingColumns(
        of_source="of", of_column="field", effective="since", author="author", withdrawn="gone"
    )
    made = source(*(column(name) for name in NAMES), feeds="decision", key=["key"])
    kept = answered(
        grid(NAMES, decision(key="A", new="y"), decision(key="B", author="S.")),
        made.model_copy(update={"maps": maps}),
        DAY,
    )
    assert [cells[1] for _n, cells in kept.rows] == ["key", "", "B"]


def test_a_sheet_that_decides_nothing_is_left_alone(register: Source) -> None:
    file = grid(HEADER, ["A", "Nozay", "V", "1"])
    assert answered(file, register, DAY) is file
    strange = grid(["one", "two"])
    assert answered(strange, corrections(), DAY) is strange


def test_sheets_filled_for_review_are_read_with_the_first(register: Source) -> None:
    def sheet(name: str, *rows: list[str], **more: Any) -> Any:
        return read(grid(*rows, sheet=name, **more), register)

    first = sheet("main", HEADER, ["A", "Nozay", "V", "1"], ignored_sheets=["one", "other"])
    more = sheet(
        "one",
        [*HEADER, "In the row"],
        ["B", "Blain", "V", "x", "7"],
        ["C", "Blain", "V", "2", "8"],
    )
    strange = sheet("other", ["something", "else"])
    whole = joined([first, more, strange])
    assert whole.rows["entity_key"].to_pylist() == ["A", "C"]
    assert [one.entity_key for one in whole.quarantine] == ["B"]
    assert {name: ends["accepted"] for name, ends in whole.ends.items()} == {"main": 1, "one": 1}
    assert [(f.code, f.sheet) for f in whole.findings] == [("ignored_sheet", "other")]
    assert joined([first, strange]) is first
    assert joined([strange, more]) is strange
    formula = sheet("one", HEADER, ["B", "Blain", "V", "#UNCACHED!"])
    assert joined([first, formula]) is formula
