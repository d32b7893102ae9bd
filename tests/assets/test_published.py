"""What may not leave: a column the protocol says identifies a person."""

import pytest

from agir_pipeline.assets.published import published_assets, refuse_identifying
from agir_pipeline.contracts.tables import table_contracts
from agir_pipeline.errors import CheckError
from agir_pipeline.protocol.loading import load_protocol, packaged_protocols

AGIR = load_protocol(packaged_protocols()["agir"])


def test_no_declared_table_of_a_packaged_study_identifies_anybody() -> None:
    for path in packaged_protocols().values():
        protocol = load_protocol(path)
        refuse_identifying(list(table_contracts(protocol).values()), protocol)


def test_an_identifying_column_is_refused_by_its_name() -> None:
    columns = tuple(
        column.model_copy(update={"sensitivity": "identifying"}) if column.name == "sex" else column
        for column in AGIR.sources[0].columns
    )
    register = AGIR.sources[0].model_copy(update={"columns": columns})
    changed = AGIR.model_copy(update={"sources": (register, *AGIR.sources[1:])})
    with pytest.raises(CheckError, match=r"may not be released: .*matching_pool\.sex"):
        refuse_identifying(list(table_contracts(changed).values()), changed)


def test_every_released_table_is_an_asset_of_the_last_step() -> None:
    keys = {key.path[-1] for key in published_assets(AGIR).keys}
    assert keys == set(table_contracts(AGIR))
    parents = published_assets(AGIR).asset_deps
    matched = next(deps for key, deps in parents.items() if key.path[-1] == "matched_pairs")
    assert {key.to_user_string() for key in matched} == {"matched/matched_pairs"}
