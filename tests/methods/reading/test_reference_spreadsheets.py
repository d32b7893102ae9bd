"""Every file of the shared collection answers what its description says a good reader answers."""

import json
import os
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from agir_pipeline.methods.reading.child import read_file
from agir_pipeline.methods.reading.grid import Grid, Limits, Refused
from agir_pipeline.resources.sources.inbox import files_below

FIXTURES = Path(__file__).parents[2] / "fixtures" / "spreadsheets"
SHARED = Path(os.environ.get("AGIR_REFERENCE_DATA", "")) / "spreadsheets"
FOLDERS = [FIXTURES, *([SHARED] if SHARED.is_dir() else [])]


class Read(NamedTuple):
    """A file that is read: its rows, blank ones too, and what is pointed out."""

    container: str
    n_rows: int
    flags: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    faults: tuple[int, ...] = ()


MONTHS = ("Février", "Mars ", "Avril (prov.)")
ASIDE = ("Listes", "_config", "Lisez-moi")
HIDDEN = ("hidden_rows 7", "hidden_column E")
ANSWERS: dict[str, Read | str] = {
    "titles_merged_totals_hidden.xlsx": Read("xlsx", 13, HIDDEN, ASIDE),
    "lo_titles_biff8.xls": Read("xls", 13, HIDDEN, ASIDE),
    "lo_titles.fods": "flat_open_document",
    "lo_titles_cp1252_semicolon.csv": Read("csv", 13),
    "sheets_per_month_heading_variants.xlsx": Read("xlsx", 3, (), MONTHS),
    "dates_mixed.xlsx": Read("xlsx", 20),
    "dates_1904.xlsx": Read("xlsx", 2),
    "lo_dates_1904.ods": Read("ods", 2),
    "leading_zeros_numbers_as_text.xlsx": Read("xlsx", 5),
    "lo_leading_zeros.xls": Read("xls", 5),
    "lo_leading_zeros_cp1252_fr_formatted.csv": Read("csv", 5),
    "formulas_uncached.xlsx": Read("xlsx", 5),
    "lo_formulas_recalculated.xlsx": Read("xlsx", 5),
    "lo_formulas.ods": Read("ods", 5),
    "injection_texts.xlsx": Read("xlsx", 8),
    "far_styled_cell.xlsx": Read("xlsx", 2),
    "zip_bomb_300MB.xlsx": "inflates_too_much",
    "duplicate_and_blank_headings.xlsx": Read("xlsx", 5),
    "password_protected.xlsx": "encrypted",
    "truncated.xlsx": "incomplete",
    "empty.xlsx": "empty",
    "~$suivi.xlsx": "ignored by its name",
    "utf8_nobom.csv": Read("csv", 4),
    "macroman.csv": Read("csv", 4, ("mac_roman 1", "mac_roman 3")),
    "utf16le_bom.csv": Read("csv", 4),
    "sep_line.csv": Read("csv", 4),
    "mojibake_double_utf8.csv": Read("csv", 4, ("double_encoded 1", "double_encoded 3")),
    "tsv_named.xls": Read("csv", 4),
    "lo_html_disguised.xls": "html",
    "mixed_eol_ragged.csv": Read("csv", 6, faults=(6,)),
    "mixed_encodings.csv": Read("csv", 2, ("double_encoded 1",)),
    "nul_bytes.csv": "nul_byte 2",
    "header_only.csv": Read("csv", 1),
}
"""What the rows say once they are typed stands in test_rows, test_typing_rules, test_dates and
test_headings; this table is what the reader of files answers."""


def answer(path: Path) -> Read | str:
    if path not in list(files_below(path.parent)):
        return "ignored by its name"
    sheets = read_file(path, Limits())
    try:
        grid = next(sheets).whole()
    except Refused as refused:
        refusal = refused.refusal
        return refusal.code if refusal.row is None else f"{refusal.code} {refusal.row}"
    return Read(
        grid.container,
        len(grid.rows),
        tuple(f"{flag.code} {flag.row or flag.column}" for flag in grid.flags),
        tuple(grid.ignored_sheets),
        tuple(number for number, _rule in grid.faults),
    )


@pytest.mark.parametrize("folder", FOLDERS, ids=["fixtures", "shared"][: len(FOLDERS)])
@pytest.mark.parametrize("name", ANSWERS)
def test_a_file_answers_as_described(folder: Path, name: str) -> None:
    if folder == FIXTURES and not (folder / name).is_file():
        pytest.skip("too large to keep beside the tests; stands in the shared collection")
    assert answer(folder / name) == ANSWERS[name]


@pytest.mark.skipif(not SHARED.is_dir(), reason="no shared collection here")
def test_no_described_file_is_left_out() -> None:
    described: dict[str, Any] = json.loads((SHARED / "README.json").read_text(encoding="utf-8"))
    assert set(described) == set(ANSWERS)


def test_months_are_eight_rows_under_their_sheets() -> None:
    grids: list[Grid] = [
        sheet.whole()
        for sheet in read_file(FIXTURES / "sheets_per_month_heading_variants.xlsx", Limits(), ["*"])
    ]
    assert [(grid.sheet, len(grid.rows) - 1) for grid in grids] == [
        ("Janvier", 2),
        *((month, 2) for month in MONTHS),
    ]
