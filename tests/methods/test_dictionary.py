"""Every column in both languages, with its codes and where it comes from."""

import json

from agir_pipeline.contracts.checking import checked
from agir_pipeline.contracts.model import Column, TableContract
from agir_pipeline.contracts.tables import table_contract, table_contracts
from agir_pipeline.methods.dictionary import data_dictionary
from agir_pipeline.protocol.loading import load_protocol, packaged_protocols
from agir_pipeline.protocol.model import Labels

AGIR = load_protocol(packaged_protocols()["agir"])


def test_a_column_is_described_in_both_languages() -> None:
    column = Column(
        "level",
        "text",
        Labels(en="Level", fr="Niveau"),
        unit="rank",
        codes={"V": Labels(en="Five", fr="Cinq")},
        sensitivity="sensitive",
        source_columns=("register.level", "pool.level"),
    )
    rows = data_dictionary([TableContract("people", "People", (column,), ("level",))])
    unsaid = ["description_en", "description_fr", "since_version"]
    assert rows.loc[0].drop(["codes", *unsaid]).to_dict() == {
        "table": "people",
        "position": 1,
        "column": "level",
        "type": "text",
        "label_en": "Level",
        "label_fr": "Niveau",
        "unit": "rank",
        "sensitivity": "sensitive",
        "source_columns": "register.level pool.level",
    }
    assert json.loads(rows.loc[0, "codes"]) == {"V": {"en": "Five", "fr": "Cinq"}}
    assert rows.loc[0, unsaid].isna().all()


def test_every_released_column_of_a_study_stands_in_it() -> None:
    contracts = [contract.as_released() for contract in table_contracts(AGIR).values()]
    rows = checked(data_dictionary(contracts), table_contract("data_dictionary", AGIR))
    assert len(rows) == sum(len(contract.columns) for contract in contracts)
    assert rows["since_version"].notna().all()
    own = rows[rows["table"] == "matched_pairs"]
    assert own["column"].tolist() == table_contract("matched_pairs", AGIR).as_released().names
