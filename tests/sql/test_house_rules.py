"""What every SQL model of the project owes its reader."""

from itertools import takewhile
from pathlib import Path

import pytest
import yaml

from agir_pipeline.resources.sql_models import SqlModels
from agir_pipeline.resources.sql_models.project import load_project

HERE = Path(__file__).parent
FOLDER = HERE.parents[1] / "dbt_like_sql"
LONGEST = 80

MODELS = sorted(load_project(FOLDER).models)


def test_the_project_loads_and_its_steps_are_folders_that_stand_or_will() -> None:
    assert SqlModels(FOLDER).project.steps == ("linked", "outcomes")


def test_every_macro_file_is_read_by_the_runner_too() -> None:
    settings = yaml.safe_load((FOLDER / "dbt_project.yml").read_text(encoding="utf-8"))
    assert settings["macro-paths"] == ["macros"]
    macros = load_project(FOLDER).macros
    assert "generate_schema_name" in macros
    assert "test unique_combination" in macros


@pytest.mark.parametrize("name", MODELS)
def test_a_model_is_short_and_says_its_grain_first(name: str) -> None:
    lines = load_project(FOLDER).models[name].text.splitlines()
    opening = list(takewhile(lambda line: line.startswith("-- "), lines))
    assert len(lines) <= LONGEST
    assert any("Grain: " in line for line in opening)


@pytest.mark.parametrize("name", MODELS)
def test_a_model_and_each_of_its_columns_is_described(name: str) -> None:
    declared = load_project(FOLDER).declared.get(name)
    assert declared is not None, f"{name} is not declared in schema.yml"
    assert declared.description
    assert declared.columns
    assert [column.name for column in declared.columns if not column.description] == []


@pytest.mark.parametrize("name", MODELS)
def test_a_model_has_a_test_on_drawn_tables(name: str) -> None:
    tests = HERE / load_project(FOLDER).models[name].step / f"test_{name}.py"
    assert tests.is_file(), f"draw tables for {name} in {tests.relative_to(HERE.parents[1])}"
    assert f'"{name}"' in tests.read_text(encoding="utf-8")
