"""A folder in dbt's format, built and tested on both databases."""

from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from agir_pipeline.errors import CheckError, InfrastructureError, UsageError
from agir_pipeline.resources.sql_models import (
    BuiltModel,
    FailedDataTests,
    SqlModels,
    TestResult,
    column_lineage,
)
from agir_pipeline.resources.warehouse import Warehouse

Draw = Callable[[str], pd.DataFrame]
REPOSITORY = Path(__file__).parents[2]
MACRO = REPOSITORY / "dbt_like_sql" / "macros" / "unique_combination.sql"

CONTRACT = """
person_id | start_on   | planned_end_on | rupture_on
----------|------------|----------------|-----------
ada       | 2010-01-01 | 2011-01-01     | 2010-06-01
ben       | 2010-01-01 | 2010-09-01     |
cid       | 2010-03-01 | 2011-03-01     | 2011-02-01
"""

FIRST = """
-- First contract of each person.
with contracts as (select * from {{ source('validated', 'contract') }})
select person_id, start_on, planned_end_on, rupture_on from contracts
"""

RUPTURE = """
{{ config(materialized='view') }}
with first_contract as (select * from {{ ref('first_contract') }}),
final as (
    select person_id, coalesce(
        rupture_on < planned_end_on and rupture_on <= cast('{{ var("data_cut_on") }}' as date),
        false
    ) as is_rupture, 'a:b 50%' as note
    from first_contract where start_on is not null
)
select * from final
"""

SCHEMA = """
version: 2
sources:
  - name: validated
    tables: [{name: contract}, {name: session}]
models:
  - name: first_contract
    description: One row per person.
    data_tests:
      - unique_combination: {arguments: {columns: [person_id, start_on]}}
    columns:
      - {name: person_id, description: The pseudonym., data_tests: [not_null, unique]}
      - {name: start_on}
      - {name: planned_end_on}
      - {name: rupture_on}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project with one model in each of two steps."""
    root = tmp_path / "models"
    for path, text in {
        "dbt_project.yml": "name: x\nmodel-paths: [linked, outcomes]\nmacro-paths: [macros]\n",
        "macros/unique_combination.sql": MACRO.read_text(encoding="utf-8"),
        "linked/first_contract.sql": FIRST,
        "linked/schema.yml": SCHEMA,
        "outcomes/rupture.sql": RUPTURE,
    }.items():
        write(root, path, text)
    return root


def write(root: Path, path: str, text: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text, encoding="utf-8")


CUT = {"data_cut_on": date(2010, 12, 31)}


def night(
    warehouse: Warehouse,
    folder: Path,
    step: str,
    variables: Mapping[str, Any] | None = None,
    **sources: pd.DataFrame,
) -> list[BuiltModel]:
    """One step built in one transaction, after its sources were replaced."""
    with warehouse.transaction() as connection:
        for table, frame in sources.items():
            warehouse.replace(connection, "validated", table, frame)
        return SqlModels(folder).build(connection, step, variables or {})


def test_a_step_builds_on_the_one_before(database: Warehouse, folder: Path, draw: Draw) -> None:
    (first,) = night(database, folder, "linked", contract=draw(CONTRACT))
    (rupture,) = night(database, folder, "outcomes", CUT)
    assert (first.name, first.schema, first.n_rows) == ("first_contract", "linked", 3)
    assert first.depends_on == (("validated", "contract"),)
    assert first.tests == (
        TestResult("first_contract", "not_null", "person_id", 0),
        TestResult("first_contract", "unique", "person_id", 0),
        TestResult("first_contract", "unique_combination", "person_id, start_on", 0),
    )
    assert rupture.depends_on == (("linked", "first_contract"),)
    assert "cast('2010-12-31' as date)" in rupture.compiled_sql
    assert dict(rupture.columns) == {"person_id": "text", "is_rupture": "boolean", "note": "text"}
    back = database.read(None, "outcomes", "rupture").sort_values("person_id")
    assert back["is_rupture"].tolist() == [True, False, False]
    assert set(back["note"]) == {"a:b 50%"}


def test_the_second_night_replaces_the_first(database: Warehouse, folder: Path, draw: Draw) -> None:
    night(database, folder, "linked", contract=draw(CONTRACT))
    later = draw(CONTRACT + "dan | 2010-01-01 | 2011-01-01 |\n")
    night(database, folder, "linked", contract=later)
    assert len(database.read(None, "linked", "first_contract")) == 4


def test_models_are_built_in_the_order_of_their_references(
    database: Warehouse, folder: Path, draw: Draw
) -> None:
    write(folder, "linked/a_last.sql", "select person_id from {{ ref('b_middle') }}")
    write(folder, "linked/b_middle.sql", "select person_id from {{ ref('first_contract') }};\n")
    built = night(database, folder, "linked", contract=draw(CONTRACT))
    assert [model.name for model in built] == ["first_contract", "b_middle", "a_last"]


def test_all_failures_are_said_and_the_old_tables_stand(
    database: Warehouse, folder: Path, draw: Draw
) -> None:
    night(database, folder, "linked", contract=draw(CONTRACT))
    worse = draw(CONTRACT + "ada | 2010-01-01 | |\n | 2010-05-01 | |\n | 2010-05-01 | |\n")
    with pytest.raises(FailedDataTests) as caught:
        night(database, folder, "linked", contract=worse)
    assert isinstance(caught.value, CheckError)
    assert str(caught.value).splitlines() == [
        "SQL data tests failed",
        "  - first_contract, not_null (person_id): 2 failure(s)",
        "  - first_contract, unique (person_id): 1 failure(s)",
        "  - first_contract, unique_combination (person_id, start_on): 1 failure(s)",
    ]
    assert caught.value.results[0] == TestResult("first_contract", "not_null", "person_id", 2)
    assert len(database.read(None, "linked", "first_contract")) == 3


OTHER_TESTS = """
models:
  - name: first_contract
    columns:
      - name: person_id
        data_tests:
          - relationships: {arguments: {to: "source('validated', 'person')", field: person_id}}
          - relationships: {arguments: {to: ref('other'), field: person_id}}
          - accepted_values: {arguments: {values: [ada, "O'Hara", cid]}}
      - {name: start_on}
      - name: n
        data_tests: [accepted_values: {arguments: {values: [1, 2]}}]
sources:
  - {name: validated, tables: [{name: person}]}
"""


def test_relationships_and_accepted_values_let_missing_values_pass(
    database: Warehouse, folder: Path, draw: Draw
) -> None:
    write(folder, "linked/schema.yml", OTHER_TESTS)
    write(folder, "linked/other.sql", "select 'ada' as person_id")
    write(
        folder,
        "linked/first_contract.sql",
        "select person_id, n, start_on from {{ source('validated', 'person') }} where n < 3"
        " union all select 'bob', 7, null",
    )
    people = "person_id | n | start_on\n ada | 1 | \n O'Hara | 2 | \n | | \n cid | 3 |"
    with pytest.raises(FailedDataTests) as caught:
        night(database, folder, "linked", person=draw(people))
    found = [(r.test, r.column, r.n_failures) for r in caught.value.results]
    assert found == [
        ("relationships", "person_id", 1),  # bob
        ("relationships", "person_id", 2),  # O'Hara and bob
        ("accepted_values", "person_id", 1),
        ("accepted_values", "n", 1),
    ]
    assert "bob" not in str(caught.value)


def test_lists_as_variables_write_one_part_each(
    database: Warehouse, folder: Path, draw: Draw
) -> None:
    write(
        folder,
        "linked/first_contract.sql",
        "{% for table in var('tables') %}select person_id, '{{ table }}' as origin"
        " from {{ source('validated', table) }}"
        "{% if not loop.last %} union all {% endif %}{% endfor %}",
    )
    write(folder, "linked/schema.yml", SCHEMA.split("models:")[0])
    with database.transaction() as connection:
        for table in ("contract", "session"):
            database.replace(connection, "validated", table, draw("person_id\n ada"))
        built = SqlModels(folder).create(
            connection, "first_contract", {"tables": ["contract", "session"]}
        )
        back = database.read(connection, "linked", "first_contract")
    assert built.depends_on == (("validated", "contract"), ("validated", "session"))
    assert sorted(back["origin"]) == ["contract", "session"]


def test_lineage_goes_through_star_and_common_tables_down_to_columns(
    database: Warehouse, folder: Path, draw: Draw
) -> None:
    write(
        folder,
        "outcomes/rupture.sql",
        """
        with c as (select * from {{ ref('first_contract') }}),
        s as (select person_id, max(seen_on) as seen_on, count(*) as n
              from {{ source('validated', 'session') }} group by person_id),
        final as (
            select c.*, coalesce(s.seen_on, c.rupture_on) as last_on, s.n, 1 as one
            from c left join s on c.person_id = s.person_id where c.planned_end_on is not null
            union all
            select person_id, start_on, planned_end_on, rupture_on, start_on, 0, 1 from c
        )
        select * from final
        """,
    )
    sessions = draw("person_id | seen_on\n ada | 2010-02-01")
    night(database, folder, "linked", contract=draw(CONTRACT), session=sessions)
    (built,) = night(database, folder, "outcomes")
    contract = "linked.first_contract"
    assert column_lineage(built) == {
        "person_id": {(contract, "person_id")},
        "start_on": {(contract, "start_on")},
        "planned_end_on": {(contract, "planned_end_on")},
        "rupture_on": {(contract, "rupture_on")},
        "last_on": {
            ("validated.session", "seen_on"),
            (contract, "rupture_on"),
            (contract, "start_on"),
        },
        "n": set(),
        "one": set(),
    }


def test_a_fault_in_the_sql_names_the_file_and_no_value(database: Warehouse, folder: Path) -> None:
    write(folder, "outcomes/rupture.sql", "select cast('MARTINEAU' as integer) as n")
    with pytest.raises(InfrastructureError, match=r"^outcomes/rupture.sql: database f") as caught:
        night(database, folder, "outcomes")
    assert "MARTINEAU" not in str(caught.value)


def test_a_column_whose_type_differs_between_databases_must_be_cast(
    database: Warehouse, folder: Path
) -> None:
    write(folder, "outcomes/rupture.sql", "select sum(cast(1 as bigint)) as n_days")
    with pytest.raises(CheckError, match=r"rupture.sql: column n_days has type .*: cast it to"):
        night(database, folder, "outcomes")


def test_a_table_has_the_columns_declared_of_it(
    database: Warehouse, folder: Path, draw: Draw
) -> None:
    write(folder, "linked/first_contract.sql", FIRST.replace("rupture_on from", "1 as n from"))
    with pytest.raises(CheckError) as caught:
        night(database, folder, "linked", contract=draw(CONTRACT))
    assert [line.split(": ")[1][:17] for line in str(caught.value).splitlines()] == [
        "column n stands i",
        "column rupture_on",
    ]


MISTAKES = {
    "{{ ref('nothing') }}": "ref('nothing'): there is no such model",
    "{{ ref('late') }}": "ref('late'): outcomes is built after linked",
    "{{ source('raw', 'x') }}": "source('raw', 'x') is declared in no schema.yml",
    "{{ var('absent') }}": "var('absent') has no value",
    "{{ var('quoted') }}": "var('quoted') holds a quote",
    "{{ var('deep') }}": "var('deep') holds a quote",
    "{{ config(schema='x') }}": "config() takes materialized",
    "{{ config(materialized='incremental') }}": "config() takes materialized",
    "{{ nothing }}": "'nothing' is undefined",
    "{{ ref() }}": "missing 1 required positional argument",
    "{% if %}": "line 1: ",
    "{{ ''.__class__.__mro__ }}": "unsafe",
}


@pytest.mark.parametrize("text", MISTAKES)
def test_a_mistake_in_a_model_names_its_file(folder: Path, text: str) -> None:
    write(folder, "linked/first_contract.sql", text)
    write(folder, "outcomes/late.sql", "select 1 as n")
    with pytest.raises(UsageError) as caught:
        SqlModels(folder).render("first_contract", {"quoted": "d'a", "deep": {"x": ["d'a"]}})
    assert "linked/first_contract.sql" in str(caught.value)
    assert MISTAKES[text] in str(caught.value)


def test_a_source_without_tables_leaves_them_to_the_study(folder: Path) -> None:
    write(folder, "outcomes/schema.yml", "sources: [{name: raw}]")
    write(folder, "outcomes/rupture.sql", "select * from {{ source('raw', 'anything') }}")
    rendered = SqlModels(folder).render("rupture", {})
    assert rendered.sql == 'select * from "raw"."anything"'
    write(folder, "outcomes/rupture.sql", "select * from {{ source('validated', 'other') }}")
    with pytest.raises(UsageError, match=r"source\('validated', 'other'\) is declared in no"):
        SqlModels(folder).render("rupture", {})


def test_a_variable_may_have_a_default(folder: Path) -> None:
    write(folder, "linked/first_contract.sql", "select {{ var('n', 3) }} as n, {{ var('m', 4) }}")
    assert SqlModels(folder).render("first_contract", {"m": 5}).sql == "select 3 as n, 5"


BAD_DECLARATIONS = {
    "models: [{name: nowhere}]": "model nowhere has no file",
    "models: [{name: rupture}]": "model rupture has no file in this folder",
    "models: [{name: first_contract, tests: [unique]}]": "models.0.tests",
    "models: [": "not YAML, line",
}


@pytest.mark.parametrize("text", BAD_DECLARATIONS)
def test_a_mistake_in_schema_yml_names_its_file(folder: Path, text: str) -> None:
    write(folder, "linked/schema.yml", text)
    with pytest.raises(UsageError) as caught:
        SqlModels(folder).render("first_contract", {})
    assert "linked/schema.yml: " in str(caught.value)
    assert BAD_DECLARATIONS[text] in str(caught.value)


BAD_TESTS = {
    "magic": "unknown data test magic",
    "accepted_values": "accepted_values: wrong arguments",
    "accepted_values: {values: [a]}": "accepted_values: write name: {arguments: {…}}",
    "relationships: {arguments: {to: ref('no'), field: n}}": "relationships: wrong arguments",
    "relationships: {arguments: {to: person, field: n}}": "relationships: wrong arguments",
    "unique_combination: {arguments: {colums: [n]}}": "unique_combination: ",
}


@pytest.mark.parametrize("text", BAD_TESTS)
def test_a_mistake_in_a_data_test_names_its_file(tmp_path: Path, folder: Path, text: str) -> None:
    write(folder, "outcomes/rupture.sql", "select 1 as n")
    columns = f"[{{name: n, data_tests: [{text}]}}]"
    write(folder, "outcomes/schema.yml", f"models: [{{name: rupture, columns: {columns}}}]")
    warehouse = Warehouse(f"duckdb:///{tmp_path}/study.duckdb")
    with pytest.raises(UsageError) as caught:
        night(warehouse, folder, "outcomes")
    assert "outcomes/schema.yml: " in str(caught.value)
    assert BAD_TESTS[text] in str(caught.value)


def test_names_are_unique_over_steps_and_declared_in_schema_yml(folder: Path) -> None:
    write(folder, "outcomes/first_contract.sql", "select 1 as n")
    write(folder, "outcomes/other.yml", "")
    with pytest.raises(UsageError) as caught:
        SqlModels(folder).render("rupture", {})
    found = str(caught.value).splitlines()
    assert "outcomes/first_contract.sql: a model of this name already stands in linked/" in found[0]
    assert "outcomes/other.yml: models are declared in schema.yml" in found[1]


def test_a_circle_of_references_is_named(tmp_path: Path, folder: Path) -> None:
    write(folder, "outcomes/rupture.sql", "select n from {{ ref('back') }}")
    write(folder, "outcomes/back.sql", "select n from {{ ref('rupture') }}")
    warehouse = Warehouse(f"duckdb:///{tmp_path}/study.duckdb")
    with pytest.raises(UsageError, match=r"outcomes: models refer to each other .*: .* → .* → "):
        night(warehouse, folder, "outcomes")


def test_what_is_not_there_is_named(tmp_path: Path, folder: Path) -> None:
    warehouse = Warehouse(f"duckdb:///{tmp_path}/study.duckdb")
    with pytest.raises(UsageError, match="there is no SQL model nothing"):
        SqlModels(folder).render("nothing", {})
    with pytest.raises(UsageError, match=r"dbt_project.yml: not found"):
        SqlModels(tmp_path).render("nothing", {})
    with pytest.raises(UsageError, match=r"dbt_project.yml: matched is not in model-paths"):
        night(warehouse, folder, "matched")


def test_a_step_without_models_builds_nothing(tmp_path: Path) -> None:
    write(tmp_path, "dbt_project.yml", "name: x\nmodel-paths: [linked]\n")
    warehouse = Warehouse(f"duckdb:///{tmp_path}/study.duckdb")
    assert night(warehouse, tmp_path, "linked") == []
