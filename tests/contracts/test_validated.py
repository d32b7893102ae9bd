"""The tables of decisions and changes: those a study has, with sound keys and words."""

from agir_pipeline.contracts.lineage import declared_origins
from agir_pipeline.contracts.model import in_language
from agir_pipeline.contracts.validated import validated_contracts
from agir_pipeline.protocol.model import Protocol


def test_a_study_has_the_tables_its_protocol_asks_for(agir: Protocol, nsw: Protocol) -> None:
    assert set(validated_contracts(agir)) == {
        "delivery_changes",
        "correction_outcomes",
        "legal_findings",
        "delivery_audits",
    }
    assert set(validated_contracts(nsw)) == {"delivery_changes"}


def test_keys_stand_among_the_columns_and_every_column_says_what_it_is(agir: Protocol) -> None:
    for contract in validated_contracts(agir).values():
        assert set(contract.key) <= set(contract.names), contract.name
        for column in contract.columns:
            assert in_language(column.label, "en"), (contract.name, column.name)
            assert in_language(column.label, "fr") != "", (contract.name, column.name)


def test_what_decisions_say_is_traced_to_the_workbook(agir: Protocol, nsw: Protocol) -> None:
    origins = declared_origins(agir)["validated", "correction_outcomes"]
    assert {place.table for places in origins.values() for place in places} == {"corrections"}
    assert ("validated", "correction_outcomes") not in declared_origins(nsw)
    assert ("validated", "legal_findings") in declared_origins(agir)
