"""The protocol answers what the rest of the code asks of it."""

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from agir_pipeline.protocol.loading import load_protocol, packaged_protocols
from agir_pipeline.protocol.model import Fact, Protocol


@pytest.fixture(scope="module", name="study")
def _study() -> Protocol:
    return load_protocol(packaged_protocols()["agir"])


@pytest.fixture(scope="module")
def other() -> Protocol:
    return load_protocol(packaged_protocols()["nsw"])


def facts(value: Any) -> Iterator[Fact[Any]]:
    if isinstance(value, Fact):
        yield value
    parts = value.__dict__.values() if isinstance(value, BaseModel) else value
    if isinstance(parts, dict):
        parts = parts.values()
    if not isinstance(value, str) and hasattr(parts, "__iter__"):
        for part in parts:
            yield from facts(part)


@pytest.mark.parametrize(("name", "at_least"), [("agir", 17), ("nsw", 5)])
def test_every_fact_has_a_value_a_unit_and_a_source(name: str, at_least: int) -> None:
    found = list(facts(load_protocol(packaged_protocols()[name])))
    assert len(found) >= at_least
    for fact in found:
        assert fact.value is not None
        assert fact.unit.strip()
        assert len(fact.source.strip()) > 3


def test_nothing_in_a_protocol_can_be_changed(study: Protocol) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        study.matching.design_number = 2  # type: ignore[misc]


def test_labels_speak_both_languages_and_english_to_others(study: Protocol) -> None:
    labels = study.source("beneficiary_register").labels
    assert labels.in_language("fr") == "Registre des bénéficiaires"
    assert labels.in_language("en") == labels.in_language("de") == "Register of beneficiaries"


def test_identifying_columns_never_go_to_the_warehouse(study: Protocol) -> None:
    for source in study.sources:
        hidden = {column.name for column in source.identifying_columns}
        shown = {column.name for column in source.warehouse_columns}
        assert not hidden & shown
        assert hidden | shown == {c.name for c in (*source.columns, *source.derived)}
    assert "born_on" in {c.name for c in study.source("control_pool").identifying_columns}


def test_derived_columns_have_the_type_of_what_they_give(study: Protocol) -> None:
    types = {d.name: d.type for s in study.sources for d in s.derived}
    assert types["zone"] == "code"
    assert types["age_at_start_years"] == "integer"


def test_a_provider_overrules_the_layout_of_its_source(study: Protocol) -> None:
    pool = study.source("control_pool")
    assert pool.as_delivered_by("missions_locales").date_order == "year_month_day"
    assert pool.as_delivered_by("opca_pdl").date_order == "day_month_year"
    assert pool.as_delivered_by("gref_formation").sheet == "Stagiaires"
    assert pool.sheet is None


def test_the_arm_is_said_once_or_read_from_a_column(study: Protocol, other: Protocol) -> None:
    assert study.source("control_pool").arm_of() == "control"
    experiment = other.source("experiment")
    assert experiment.arm_of("yes") == "beneficiary"
    assert experiment.arm_of("maybe") is None
    assert experiment.arm_of() is None


def test_sources_are_found_by_what_they_feed(study: Protocol) -> None:
    assert [s.name for s in study.feeding("person")] == ["beneficiary_register", "control_pool"]
    assert [s.name for s in study.feeding("measure")] == ["context_series"]


def test_what_holds_can_be_written_as_json_under_its_own_names(study: Protocol) -> None:
    said = study.model_dump(mode="json", by_alias=True)
    assert "covariate" in said
    assert not {"design_digest", "protocol_digest", "folder"} & set(said)
