"""What can go wrong, and what the command returns then."""

import pytest

from agir_pipeline import errors
from agir_pipeline.errors import Mistake, ProtocolError


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (errors.UsageError, 2),
        (errors.SourceError, 1),
        (errors.CheckError, 1),
        (errors.InfrastructureError, 3),
    ],
)
def test_each_kind_of_fault_has_its_exit_code(kind: type[errors.AgirError], code: int) -> None:
    assert kind("a sentence").exit_code == code
    assert str(kind("a sentence")) == "a sentence"


def test_a_protocol_error_lists_its_mistakes() -> None:
    fault = ProtocolError("p.toml", [Mistake("study › name", "is missing"), Mistake("", "no")])
    assert fault.exit_code == 2
    assert str(fault).splitlines() == [
        "p.toml: 2 mistake(s) in the protocol",
        "  - study › name: is missing",
        "  - no",
    ]
    assert fault.mistakes[0].place == "study › name"


def test_an_unforeseen_fault_is_told_by_kind_and_line_without_its_words() -> None:
    with pytest.raises(ValueError, match="MARTINEAU") as caught:
        int("MARTINEAU")
    assert errors.unexpected(caught.value) == (
        "an unexpected fault (ValueError) at ?; please report it"
    )
    with pytest.raises(AttributeError) as ours:
        ProtocolError("p.toml", ["MARTINEAU"])  # type: ignore[list-item]
    text = errors.unexpected(ours.value)
    assert text.startswith("an unexpected fault (AttributeError) at errors.py:")
    assert "MARTINEAU" not in text
