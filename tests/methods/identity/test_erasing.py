"""Whose a row is: by marks where it can be read, by telling words and whole names elsewhere."""

from datetime import date
from typing import Any

import pytest

from agir_pipeline.methods.identity.erasing import (
    Words,
    marks_of,
    name_words,
    rows_with,
    telling_words,
)
from agir_pipeline.methods.reading.grid import Grid
from agir_pipeline.methods.reading.rows import RowReader
from agir_pipeline.protocol.model import Source

RULES = (("case",), ("last_name", "born_on"))
DAY = date(2010, 11, 5)


def sheet(*rows: list[str]) -> Grid:
    return Grid("csv", "", list(enumerate(rows, 1)))


def register(**more: Any) -> Source:
    def column(name: str, type: str = "text") -> dict[str, Any]:
        labels = {"en": name, "fr": name}
        told = {"name": name, "type": type, "labels": labels}
        return {**told, "sensitivity": "identifying", "known_before_index": True}

    labels = {"en": "Register", "fr": "Registre"}
    return Source.model_validate(
        {
            **{"name": "register", "labels": labels, "feeds": "person", "source": "a test"},
            **{"arm": "beneficiary", "key": ["case"]},
            "column": [column("case"), column("last_name"), column("born_on", "date")],
            "provider": [{"name": "partner", "labels": labels}],
            **more,
        }
    )


def marked(grid: Grid, marks: set[str], source: Source | None = None) -> list[int]:
    source = source or register()
    told = RowReader(source, {}, b"key").told(grid, DAY, {"last_name", "born_on"})
    return list(rows_with(told, source.name, RULES, marks.__contains__))


def test_a_row_is_known_by_its_key_and_by_each_rule_it_fills_however_it_is_written() -> None:
    values = {"last_name": "Le Goff", "born_on": "1990-05-12"}
    marks = set(marks_of("register", "A 1", values | {"case": "A 1"}, RULES))
    assert len(marks) == 3
    rows = (
        ["case", "last_name", "born_on"],
        ["A 1", "Quelqu'un", "1980-01-01"],
        ["B2", "LE-GOFF", "1990-05-12"],
        ["B3", "Le Goff", ""],
        ["", "Le Goff", "12 mai"],
        ["a1", "Autre", ""],  # a rule reads keys without case, a key does not
        ["A 1"],  # not as wide as the headings: nobody can say which cell is which
    )
    assert marked(sheet(*rows), marks) == [2, 3, 6]
    assert marked(sheet(*rows), {next(iter(sorted(marks)))}) == [2]


def test_a_source_without_key_has_no_key_marks_and_a_sheet_without_headings_no_rows() -> None:
    grid = sheet(["case", "last_name", "born_on"], ["A1", "Le Goff", "1990-05-12"])
    assert list(marks_of("register", None, {}, RULES)) == []
    keyless = register(key=[])
    key = set(marks_of("register", "2", {}, RULES))
    assert marked(grid, key, keyless) == []
    assert marked(sheet(["nothing"], ["A1"]), key) == []


@pytest.mark.parametrize(
    ("cells", "is_found"),
    [
        (["dossier AGIR-012, à revoir"], True),
        (["agir 012"], True),
        (["AGIR012"], True),
        (["AGIR-0123"], False),
        (["tél. 06 39 98 00 12"], True),
        (["+33639980012", "x"], True),
        (["639980012"], True),
        (["0639980013"], False),
        (["écrire à <Ines.G@example.org>."], True),
        (["Ines", "Garnier-Roy"], True),
        (["GARNIER ROY Inès"], True),
        (["Garnier", "Roy"], False),
        (["", "Inès"], False),
    ],
)
def test_rows_nobody_can_read_are_known_by_telling_words_and_whole_names(
    cells: list[str], is_found: bool
) -> None:
    telling = telling_words(["AGIR-012", "06 39 98 00 12", "ines.g@example.org", "12", "Roy", None])
    words = Words(frozenset(telling), [name_words("Garnier-Roy", "Inès")])
    found = [number for number, _is in words.rows(sheet(["Titre"], cells))]
    assert found == ([2] if is_found else [])
    assert words.holds(" ".join(cells)) is is_found


def test_without_names_only_words_are_looked_for() -> None:
    assert telling_words(["12", "Roy", "", None]) == set()
    words = Words(frozenset({"agir012"}), [])
    assert [n for n, _is in words.rows(sheet(["AGIR-012"], ["Roy"]))] == [1]
