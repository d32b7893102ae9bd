"""Whoever releases an interval says by which simulation it is known to hold the truth."""

import re
from pathlib import Path

import pytest

from agir_pipeline.contracts.mechanism import mechanism_contracts
from agir_pipeline.contracts.outcomes import outcome_contracts
from agir_pipeline.contracts.programme import programme_contracts
from agir_pipeline.protocol.loading import load_protocol, packaged_protocols

FIGURES = Path(__file__).parents[2] / "benchmarks" / "README.md"
LOWER_LIMIT = re.compile(r"_low(_points|_days|_eur)?$")


@pytest.mark.parametrize("study", ["agir", "nsw"])
def test_every_table_with_limits_stands_in_the_list_of_intervals(study: str) -> None:
    protocol = load_protocol(packaged_protocols()[study])
    contracts = {
        **outcome_contracts(protocol),
        **(programme_contracts(protocol) if protocol.enrolment else {}),
        **(mechanism_contracts(protocol) if protocol.mechanism else {}),
    }
    with_limits = {
        name
        for name, contract in contracts.items()
        if any(LOWER_LIMIT.search(column.name) for column in contract.columns)
    }
    assert with_limits
    figures = FIGURES.read_text(encoding="utf-8")
    listed = figures.split("### Every interval that is released")[1].split("\n## ")[0]
    assert {name for name in with_limits if f"`{name}`" not in listed} == set()
