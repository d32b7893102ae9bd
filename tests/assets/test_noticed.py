"""What the steward reads of the newest files: where and why, and nobody's name."""

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from agir_pipeline.assets.noticed import (
    SHOWN_FAULTS,
    by_receipt,
    findings_table,
    rejected_sentences,
)
from agir_pipeline.language import use_language
from agir_pipeline.methods.reading.grid import Refusal
from agir_pipeline.protocol.loading import load_protocol
from agir_pipeline.resources.receipts import Receipt
from agir_pipeline.resources.refusals import shown_sheet, told_refusal

SMALL = load_protocol(Path(__file__).parents[1] / "study" / "small.toml")
PEOPLE = SMALL.source("people")
RECEIPT = Receipt("delivery", "ab", date(2020, 1, 31), "people", "office", "people_2020-01-31.xlsx")
COLUMNS = ["receipt_id", "sheet", "column_name", "rule", "row_number", "found"]


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    use_language("en")
    yield
    use_language("en")


Cell = tuple[str, str, str, int]
Told = dict[str, list[Mapping[Any, Any]]]


def quarantine(*cells: Cell, of: Receipt = RECEIPT) -> Told:
    told = [(of.receipt_id, *cell, "Zzvalue") for cell in cells]
    return by_receipt([dict(zip(COLUMNS, cell, strict=True)) for cell in told])


def test_a_check_on_rejected_rows_says_where_and_why_once_for_all_like_it() -> None:
    cells = quarantine(
        ("", "age_years", "not_a_number", 7),
        ("", "group", "not_a_code", 4),
        ("", "age_years", "not_a_number", 3),
    )
    assert rejected_sentences(SMALL, PEOPLE, cells, [RECEIPT]) == [
        "people_2020-01-31.xlsx, row 3, column Age: “Age” is not a number; "
        "a character may have been lost (and 1 more)",
        "people_2020-01-31.xlsx, row 4, column Group: “Group” is not one of the answers declared; "
        "correct it, or declare its spelling",
    ]
    assert rejected_sentences(SMALL, PEOPLE, cells, []) == []


def test_many_kinds_of_fault_are_cut_and_the_whole_list_is_named() -> None:
    two = (("", "age_years", "not_a_number", 2), ("", "id", "pattern", 2))
    many = [
        Receipt("delivery", f"{n}", RECEIPT.known_on, "people", "office", f"people_{n}.xlsx")
        for n in range(SHOWN_FAULTS)
    ]
    cells = {name: told for one in many for name, told in quarantine(*two, of=one).items()}
    lines = rejected_sentences(SMALL, PEOPLE, cells, many)
    assert len(lines) == SHOWN_FAULTS + 1
    assert lines[-1] == f"… {SHOWN_FAULTS} more; agir review lists every cell"


def test_what_was_noticed_is_a_table_that_ends_with_what_partners_always_do() -> None:
    told = [
        {"receipt_id": RECEIPT.receipt_id, "code": code, "sheet": sheet, "place": place, "n": n}
        for code, sheet, place, n in [
            ("absent_column", "", "income_eur:1", 1),
            ("out_of_order", "Marie Zzdupont", "age_years:12", 3),
        ]
    ] + [{"receipt_id": "an older file", "code": "no_rows", "sheet": "", "place": "", "n": 1}]
    table = findings_table(SMALL, PEOPLE, by_receipt(told), [RECEIPT])
    first, second = table.splitlines()[2:]
    assert "| 12 | Age | 3 day(s) lie before one that comes first" in first
    assert "Income a year later" in second
    assert "Zz" not in table
    assert findings_table(SMALL, PEOPLE, by_receipt(told[2:]), [RECEIPT]) == ""


def test_a_refusal_names_columns_by_their_labels_in_the_language_of_the_reader() -> None:
    refusal = Refusal("missing_columns", "", 1, context={"columns": "id, group"})
    assert "are not: Number, Group; add them" in told_refusal(refusal, RECEIPT, SMALL)
    use_language("fr")
    assert "Numéro, Groupe" in told_refusal(refusal, RECEIPT, SMALL)


def test_the_name_of_a_sheet_is_told_only_if_it_tells_of_nobody() -> None:
    refusal = Refusal(
        "no_such_sheet", "Data", context={"sheets": "Marie Zzdupont, Feuil1, Liste janvier"}
    )
    told = told_refusal(refusal, RECEIPT, SMALL)
    assert "Zz" not in told
    assert "the workbook has: …, Feuil1, Liste janvier;" in told
    source = PEOPLE.model_copy(update={"sheet": "Martin"})
    declared = SMALL.model_copy(update={"sources": (source,)})
    assert shown_sheet("Martin", RECEIPT, declared) == "Martin"
    assert shown_sheet("Martin", RECEIPT, SMALL) == "…"
