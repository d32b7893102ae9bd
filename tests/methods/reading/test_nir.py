"""A column of social security numbers is known by its values, and only then."""

from typing import Any

import pytest

from agir_pipeline.methods.reading.nir import nir_refusal
from agir_pipeline.methods.reading.sentences import refusal_sentence

WOMAN, CORSICA, SPACED = "295109912611193", "2 85 03 2A 456 789", "1 89 12 99 126 111 81"
KEYLESS = ["1850338123456", "2950912345678", "1871175012345"]


def with_key(number: str) -> str:
    bare = number.replace(" ", "").replace("2A", "19")
    return f"{number}{97 - int(bare) % 97:02d}"


@pytest.mark.parametrize(
    "cells",
    [
        [WOMAN],
        ["", WOMAN, "  ", SPACED],
        [with_key(CORSICA).replace(" ", "")],
        KEYLESS,
        [WOMAN, "inconnu"],
    ],
)
def test_a_column_mostly_of_nir_is_refused_by_its_letter(make: Any, cells: list[str]) -> None:
    rows = [["Nom", "Autre"], *(["Dupont", cell] for cell in cells)]
    found = nir_refusal(make.grid(*rows, sheet="Liste"))
    assert found is not None
    assert (found.code, found.sheet, found.column) == ("nir_column", "Liste", "B")
    assert dict(found.context) == {}
    said = refusal_sentence(found, "list.xlsx")
    assert "column B" in said
    assert not any(cell.strip() and cell in said for cell in cells)


@pytest.mark.parametrize(
    "cells",
    [
        [],
        ["295109912611194", "189129912611180"],  # a wrong key each
        KEYLESS[:2],  # too few without a key that could be checked
        ["4850338123456", "7950912345678", "3871175012345"],  # of no sex
        ["73282932000074", "35600000000048", "30613890001294"],  # SIRET
        ["0612345678", "0698765432", "2010-01-01"],
        [WOMAN, "vu", "rappeler", "absent"],
    ],
)
def test_other_numbers_are_no_nir(make: Any, cells: list[str]) -> None:
    rows = [["Nom", "Autre"], *(["Dupont", cell] for cell in cells)]
    assert nir_refusal(make.grid(*rows)) is None


def test_rows_of_unequal_length_and_a_sheet_of_nothing_are_looked_through(make: Any) -> None:
    found = nir_refusal(make.grid(["a"], ["x", "y", WOMAN]))
    assert found is not None
    assert found.column == "C"
    assert nir_refusal(make.grid()) is None
