"""What the steward reads: where, why, what to do; never what stands in the cell."""

import ast
from pathlib import Path
from string import Formatter

import pytest

from agir_pipeline.methods.reading import sentences
from agir_pipeline.methods.reading.grid import Refusal
from agir_pipeline.methods.reading.rows import Finding
from agir_pipeline.methods.reading.sentences import (
    FINDINGS,
    REFUSALS,
    RULES,
    SURPRISES,
    finding_sentence,
    refusal_sentence,
    rule_sentence,
    surprise_sentence,
)

CODE = [
    *Path(sentences.__file__).parent.glob("*.py"),
    Path(sentences.__file__).parents[2] / "resources" / "parser.py",
]


def test_a_refusal_names_file_sheet_row_and_cause() -> None:
    refusal = Refusal("far_cell", "Suivi", 9, "XFD", {"rows": 5, "columns": 4})
    assert refusal_sentence(refusal, "list.xlsx") == (
        "list.xlsx, sheet “Suivi”, row 9, column XFD: a cell that holds something lies beyond "
        "5 rows or 4 columns; delete it"
    )
    assert refusal_sentence(Refusal("empty"), "x.csv").startswith("x.csv: the file is empty")


def test_a_bomb_is_named_by_both_its_sizes() -> None:
    context = {"file_bytes": 711708, "declared_bytes": 314400568}
    sentence = refusal_sentence(Refusal("inflates_too_much", context=context), "x.xlsx")
    assert "711708" in sentence
    assert "314400568" in sentence


def test_a_rejected_cell_is_named_by_its_column() -> None:
    sentence = rule_sentence(
        "wrong_checksum", file="list.xlsx", sheet="Suivi", row=3, label="SIRET"
    )
    assert sentence == (
        "list.xlsx, sheet “Suivi”, row 3, column SIRET: “SIRET” fails its own check sum: "
        "a digit is wrong"
    )


def test_a_finding_names_its_first_place_and_its_count() -> None:
    sentence = finding_sentence(Finding("zero_padded", "", 2, "postcode", 7), "list.csv")
    assert sentence.startswith("list.csv, row 2, column postcode: 7 value(s)")


def _texts_of_calls(names: set[str]) -> set[str]:
    """The first text given to each call of ``names`` anywhere in the reader."""
    found = set()
    for path in CODE:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                texts = [a.value for a in node.args if isinstance(a, ast.Constant)]
                if name in names and texts:
                    found |= {text for text in texts[:2] if isinstance(text, str)} - {""}
    return found


def test_every_reason_in_the_code_has_its_sentence() -> None:
    assert _texts_of_calls({"Refused", "Refusal", "_give_up"}) <= set(REFUSALS)
    notes = {"zero_padded"}
    assert _texts_of_calls({"Cell"}) - notes <= set(RULES)
    assert notes <= set(FINDINGS)
    assert _texts_of_calls({"Flag", "Finding", "_found"}) <= set(FINDINGS)


@pytest.mark.parametrize("template", [*REFUSALS.values(), *RULES.values(), *FINDINGS.values()])
def test_sentences_take_no_value_of_a_cell(template: str) -> None:
    allowed = {
        *("label", "n", "found", "allowed", "file_bytes", "declared_bytes", "rows", "columns"),
        *("sheets", "expected", "encoding", "addresses"),
    }
    assert {name for _t, name, _s, _c in Formatter().parse(template) if name} <= allowed


@pytest.mark.parametrize("code", sorted(SURPRISES))
def test_a_surprise_is_told_with_its_place_and_what_to_do(code: str) -> None:
    sentence = surprise_sentence(code, file="list.csv", row=7, label="Town")
    assert sentence.startswith("list.csv, row 7: ")
    assert "{" not in sentence
    assert ("Town" in sentence) == ("{label}" in SURPRISES[code])


def test_every_surprise_of_the_comparison_has_its_sentence() -> None:
    path = Path(sentences.__file__).parent / "comparison.py"
    told = {
        node.args[1].value
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", "") == "Told"
        and isinstance(node.args[1], ast.Constant)
    }
    assert told == set(SURPRISES)
