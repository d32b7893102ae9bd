"""The names the product keeps for itself are those its tables really have."""

from collections.abc import Callable
from typing import Any

import pytest

from agir_pipeline.contracts.matched import matched_contracts
from agir_pipeline.contracts.tables import table_contracts
from agir_pipeline.protocol.loading import load_protocol, packaged_protocols
from agir_pipeline.protocol.model import Protocol
from agir_pipeline.protocol.registry import models_folder
from agir_pipeline.protocol.reserved_names import (
    EVENT_TABLES,
    OUTCOME_STEP,
    PARTICIPANT,
    STAMPS,
    TABLES,
)

Mistakes = Callable[[dict[str, Any]], list[str]]
TAKEN = "is a name the product uses itself; choose another"


@pytest.fixture(scope="module")
def loaded() -> Protocol:
    return load_protocol(packaged_protocols()["agir"])


def test_the_columns_beside_covariates_are_reserved(loaded: Protocol) -> None:
    contracts = matched_contracts(loaded)
    covariates = {covariate.name for covariate in loaded.covariates}
    for name in ("analysis_population", "matching_pool"):
        own = {column.name for column in contracts[name].columns} - covariates
        assert own <= PARTICIPANT | STAMPS


def test_the_tables_of_every_study_are_reserved(loaded: Protocol) -> None:
    outcomes = {f"rupture_{ending}" for ending in EVENT_TABLES} | {"durable_employment"}
    of_some = {"alternative_weights", "category_prices"}
    assert loaded.funding is not None
    own = outcomes | {loaded.funding.name}
    assert set(table_contracts(loaded)) - own == TABLES - of_some
    assert {p.stem for p in (models_folder() / "outcomes").glob("*.sql")} == OUTCOME_STEP


@pytest.mark.parametrize(
    ("source", "name"),
    [(0, "person_id"), (0, "arm"), (0, "known_on"), (0, "spell_rooms"), (2, "starts_on")],
)
def test_a_column_may_not_take_a_name_of_the_product(
    source: int, name: str, agir: dict[str, Any], mistakes: Mistakes
) -> None:
    column = next(c for c in agir["source"][source]["column"] if c["sensitivity"] == "none")
    agir["source"][source]["column"].append(
        {
            **column,
            "name": name,
            "aliases": [],
            "labels": {"en": "Something new", "fr": "Du nouveau"},
        }
    )
    assert [line for line in mistakes(agir) if line.endswith(f"› name: '{name}' {TAKEN}")]


def test_a_column_with_a_role_keeps_the_name_of_its_role(
    agir: dict[str, Any], mistakes: Mistakes
) -> None:
    assert agir["source"][2]["spell"]["planned_end"] == "planned_end_on"
    assert mistakes(agir) == []


def test_a_covariate_may_not_take_a_name_of_the_product(
    agir: dict[str, Any], mistakes: Mistakes
) -> None:
    agir["covariate"][5]["name"] = "pair_id"
    assert mistakes(agir) == [f"covariate 6 (pair_id) › name: 'pair_id' {TAKEN}"]


@pytest.mark.parametrize("name", ["matched_pairs", "measures", "other_risk"])
def test_an_outcome_may_not_take_the_table_of_another(
    name: str, agir: dict[str, Any], nsw: dict[str, Any], mistakes: Mistakes
) -> None:
    agir["outcome"][0]["name"] = "other"
    agir["outcome"][1]["name"] = name
    agir["inference"]["primary_family"] = ["other", name]
    del agir["employment"], agir["mechanism"]
    assert mistakes(agir) == [
        f"outcome 2 ({name}) › name: its table {name} would have the name of another; "
        "choose another"
    ]
