"""What a protocol says of withdrawals must be readable: each way it is not, once."""

from typing import Any

import pytest

from agir_pipeline.protocol.consistency import inconsistencies


def withdraws(protocol: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    place, source = next(
        (n, s) for n, s in enumerate(protocol["source"], 1) if s["name"] == "consent_withdrawals"
    )
    return f"source {place} (consent_withdrawals) › withdraws", source["withdraws"]


CASES: dict[str, tuple[dict[str, Any], str]] = {
    "no such column": ({"withdrawn_on": "left_on"}, "withdrawn_on: 'left_on' is not one of"),
    "no day": ({"withdrawn_on": "withdrawal_scope"}, "'withdrawal_scope' is not a date"),
    "no day of return": ({"retracted": "withdrawal_scope"}, "'withdrawal_scope' is not a date"),
    "in the vault alone": ({"retracted": "author"}, "'author' stands in the vault alone"),
    "a scope without codes": ({"scope": "withdrawn_decision_on"}, "is not a code with its codes"),
    "a code unexplained": ({"scopes": {"whole_study": "study"}}, "what each code of the column"),
}


@pytest.mark.parametrize("case", CASES)
def test_each_fault_of_withdrawals_is_told_with_its_place(agir: dict[str, Any], case: str) -> None:
    changes, said = CASES[case]
    where, written = withdraws(agir)
    written |= changes
    found = [f"{m.place}: {m.message}" for m in inconsistencies(agir)]
    assert found
    assert all(text.startswith(where) for text in found)
    assert any(said in text for text in found)


def test_the_protocol_as_it_is_has_none(agir: dict[str, Any]) -> None:
    assert inconsistencies(agir) == []
