"""Every column SQL makes has words in both languages."""

import pytest

from agir_pipeline.contracts.model import in_language
from agir_pipeline.contracts.sql_words import PERSON_LINKS, sql_column
from agir_pipeline.protocol.model import Protocol
from agir_pipeline.protocol.registry import models_folder
from agir_pipeline.resources.sql_models import SqlModels


def test_every_column_of_schema_yml_is_explained(agir: Protocol) -> None:
    project = SqlModels(models_folder()).project
    n_columns = 0
    for name, model in project.models.items():
        declared = project.declared.get(name)
        for column in declared.columns if declared else ():
            n_columns += 1
            word = sql_column(column.name, agir, model.step)
            assert word.label != column.name, (name, column.name)
            assert in_language(word.label, "fr"), (name, column.name)
    assert n_columns > 60


def test_the_links_are_explained_too(agir: Protocol) -> None:
    assert all(sql_column(name, agir, "linked").label != name for name in PERSON_LINKS)


@pytest.mark.parametrize(
    ("name", "step", "type_"),
    [
        ("sex", "linked", "text"),  # of a source
        ("spell_contract_duration_months", "linked", "number"),  # of its contract
        ("is_unfollowed_180", "outcomes", "boolean"),  # one column per window
        ("spell_id", "linked", "text"),  # ours, though its name begins like theirs
        ("nobody_knows", "linked", "text"),  # stands for itself
    ],
)
def test_a_column_is_found_by_whoever_named_it(
    agir: Protocol, name: str, step: str, type_: str
) -> None:
    column = sql_column(name, agir, step)
    assert (column.name, column.type) == (name, type_)
    assert (column.label == name) == (name == "nobody_knows")


def test_what_a_source_calls_sensitive_stays_so(agir: Protocol) -> None:
    assert sql_column("has_health_difficulty", agir, "linked").sensitivity == "sensitive"
    assert sql_column("person_id", agir, "linked").sensitivity == "pseudonym"
