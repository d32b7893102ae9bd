"""The lineage a run leaves in the catalogue: from released columns back to partners' headings."""

import os
import subprocess
from pathlib import Path

import dagster as dg
import pytest

from agir_pipeline.assets.catalogue import table_columns
from agir_pipeline.assets.lineage import headings_shown
from agir_pipeline.contracts.lineage import heading_of
from agir_pipeline.resources.study import open_study

pytestmark = pytest.mark.xdist_group("demo")

Demo = tuple[Path, "subprocess.CompletedProcess[str]"]
Column = tuple[str, str, str]
LINEAGE, SCHEMA = "dagster/column_lineage", "dagster/column_schema"


@pytest.fixture(scope="module")
def told(demo: Demo) -> dict[tuple[str, str], dict[str, dg.MetadataValue]]:  # type: ignore[type-arg]
    """(step, table) → what the last run told of it."""
    home = demo[0] / "dagster"
    os.environ["DAGSTER_HOME"] = str(home)
    with dg.DagsterInstance.from_config(str(home)) as instance:
        found = {}
        for key in instance.get_asset_keys():
            event = instance.get_latest_materialization_event(key)
            assert event is not None
            assert event.asset_materialization is not None
            found[key.path[0], key.path[1]] = dict(event.asset_materialization.metadata)
    assert len(found) > 40
    return found


def test_every_origin_is_a_column_of_its_table(demo: Demo, told) -> None:  # type: ignore[no-untyped-def]
    protocol = open_study(demo[0]).protocol
    columns = {}
    for step, table in told:
        built = told[step, table].get(SCHEMA)
        shown = built.schema.columns if built else table_columns(protocol, step, table)
        columns[step, table] = {column.name for column in shown}
    wrong = [
        (place, column, tuple(dep.asset_key.path), dep.column_name)
        for place, metadata in told.items()
        if LINEAGE in metadata
        for column, deps in metadata[LINEAGE].value.deps_by_column.items()
        for dep in deps
        if dep.column_name not in columns[tuple(dep.asset_key.path)] or column not in columns[place]
    ]
    assert wrong == []


def test_a_released_effect_reaches_the_heading_of_the_rupture(demo: Demo, told) -> None:  # type: ignore[no-untyped-def]
    protocol = open_study(demo[0]).protocol
    register = protocol.source("contract_register")
    rupture = heading_of(next(c for c in register.columns if c.name == "rupture_on"))
    effect: Column = ("published", "rupture_paired_effect", "risk_difference_points")
    reached, seen, waiting = set(), set(), [effect]
    while waiting:
        place = waiting.pop()
        if place in seen:
            continue
        seen.add(place)
        step, table, column = place
        lineage = told[step, table].get(LINEAGE)
        deps = lineage.value.deps_by_column.get(column, []) if lineage else []
        if step == "raw":
            reached.add((table, column))
        waiting += [(*dep.asset_key.path, dep.column_name) for dep in deps]  # type: ignore[misc]
    assert ("contract_register", rupture) in reached
    assert rupture in headings_shown(open_study(demo[0]))["rupture_paired_effect"]


def test_the_curve_of_the_risk_stands_beside_its_numbers(told) -> None:  # type: ignore[no-untyped-def]
    metadata = told["outcomes", "rupture_risk"]
    assert "data:image/svg+xml;base64," in str(metadata["risk_curve"].value)
    assert "| ---: |" in str(metadata["risk_curve_in_numbers"].value)
    assert "data:image/svg+xml" in str(told["published", "enrolment_progress"]["enrolment_curve"])
    assert "data:image/svg+xml" in str(told["matched", "covariate_balance"]["love_plot"])
