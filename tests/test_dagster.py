"""The catalogue a steward sees: every asset described, one job that needs no configuration."""

import itertools
import os
import re
import subprocess
import sys
import zoneinfo
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.definitions.freshness import TimeWindowFreshnessPolicy
from dagster._utils.schedules import schedule_execution_time_iterator
from dagster_shared.serdes.utils import SerializableTimeDelta

from agir_pipeline.automation import NIGHTLY, nightly_schedule
from agir_pipeline.definitions import build_definitions
from agir_pipeline.protocol.loading import load_protocol, packaged_protocols
from agir_pipeline.resources.making import init_home
from agir_pipeline.resources.study import STEPS

ROOT = Path(__file__).parents[1]
ERROR = dg.AssetCheckSeverity.ERROR
PEOPLE = "id,group,age_years,income_eur\n" + "".join(
    f"P{n},{n % 3 == 0:d},{20 + n % 25},{1000 + 37 * n % 900}\n" for n in range(90)
)


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("homes")
    small = ROOT / "tests" / "study" / "small.toml"
    for name, protocol in (("agir", "agir"), ("nsw", "nsw"), ("small", str(small))):
        init_home(folder / name, protocol)
    inbox = folder / "small" / "inbox" / "people" / "office"
    (inbox / "people.csv").write_text(PEOPLE, encoding="utf-8")
    return {name: folder / name for name in ("agir", "nsw", "small")}


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("study", ["agir", "nsw", "small"])
def test_every_asset_meets_the_minimum_bar(
    homes: dict[str, Path], study: str, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGIR_LANGUAGE", language)
    definitions = build_definitions(homes[study])
    graph = definitions.resolve_asset_graph()
    keys = graph.get_all_asset_keys()
    blocking = {
        spec.asset_key
        for made in definitions.assets or ()
        if isinstance(made, dg.AssetsDefinition)
        for spec in made.check_specs
        if spec.blocking
    }
    assert len(keys) > 15
    for key in keys:
        node = graph.get(key)
        first_line = (node.description or "").splitlines()[0]
        assert 0 < len(first_line) <= 60, (key, first_line)
        assert node.group_name == f"{STEPS.index(key.path[0]) + 1}_{key.path[0]}"
        assert node.owners
        assert 1 <= len(node.kinds) <= 2
        assert {"layer", "sensitivity"} <= set(node.tags)
        assert all(re.fullmatch(r"team:\w+", owner) for owner in node.owners)
        assert key in blocking
        assert node.metadata["dagster/table_name"] == ".".join(key.path)
        schema = node.metadata["dagster/column_schema"]
        assert schema.columns
        assert all(c.name and c.description and c.type != "string" for c in schema.columns), key
        assert all(re.fullmatch(r"[A-Za-z0-9_]+", part) for part in key.path)


def test_checks_say_what_they_ask_in_one_line(homes: dict[str, Path]) -> None:
    for made in build_definitions(homes["agir"]).assets or ():
        assert isinstance(made, dg.AssetsDefinition)
        for spec in made.check_specs:
            assert spec.description, spec.key
            assert len(spec.description) <= 60, spec.key


def test_sources_belong_to_those_who_deliver_them(homes: dict[str, Path]) -> None:
    graph = build_definitions(homes["agir"]).resolve_asset_graph()
    protocol = load_protocol(packaged_protocols()["agir"])
    for source in protocol.sources:
        teams = {f"team:{provider.name}" for provider in source.providers}
        for step in ("raw", "validated"):
            assert set(graph.get(dg.AssetKey([step, source.name])).owners) == teams


def test_a_night_without_a_source_is_late_but_a_wave_of_a_survey_is_not(
    homes: dict[str, Path],
) -> None:
    graph = build_definitions(homes["agir"]).resolve_asset_graph()
    policies = {
        key.path[1]: graph.get(key).freshness_policy
        for key in graph.get_all_asset_keys()
        if key.path[0] == "raw"
    }
    register = policies["contract_register"]
    assert isinstance(register, TimeWindowFreshnessPolicy)
    assert (register.warn_window, register.fail_window) == (
        SerializableTimeDelta.from_timedelta(timedelta(hours=26)),
        SerializableTimeDelta.from_timedelta(timedelta(hours=36)),
    )
    assert policies["youth_survey_t0"] is None
    later = [graph.get(key) for key in graph.get_all_asset_keys() if key.path[0] != "raw"]
    assert not [node.key for node in later if node.freshness_policy]


def test_what_is_personal_is_tagged_wherever_it_stands(homes: dict[str, Path]) -> None:
    graph = build_definitions(homes["agir"]).resolve_asset_graph()

    def tags(step: str, table: str, column: str) -> Mapping[str, str]:
        node = graph.get(dg.AssetKey([step, table]))
        columns = node.metadata["dagster/column_schema"].columns
        return next(c.tags for c in columns if c.name == column)

    assert tags("raw", "beneficiary_register", "Nom") == {"pii": "identifying"}
    assert tags("published", "matched_pairs", "beneficiary_person_id") == {"pii": "pseudonym"}
    assert tags("linked", "participants", "person_id") == {"pii": "pseudonym"}
    assert tags("validated", "youth_survey_t0", "has_health_difficulty") == {
        "sensitivity": "sensitive"
    }
    sums = graph.get(dg.AssetKey(["published", "covariate_balance"]))
    assert sums.tags["sensitivity"] == "sums"


def test_groups_keys_and_steps_use_one_word(homes: dict[str, Path]) -> None:
    graph = build_definitions(homes["agir"]).resolve_asset_graph()
    groups = {graph.get(key).group_name for key in graph.get_all_asset_keys()}
    assert {name.split("_")[1] for name in groups if name} == set(STEPS)
    assert sorted(name for name in groups if name) == [
        f"{number}_{step}" for number, step in enumerate(STEPS, 1)
    ]


NOT_FROM_COLUMNS = {
    "raw/people",
    *(f"published/{name}" for name in ("data_dictionary", "data_quality", "release_manifest")),
}
"""What is made of files, findings and the protocol, and of no column."""


def test_one_whole_materialize_makes_every_table(homes: dict[str, Path]) -> None:
    definitions = build_definitions(homes["small"])
    result = dg.materialize(
        list(definitions.assets or []),
        resources=definitions.resources,
        instance=dg.DagsterInstance.ephemeral(),
    )
    assert result.success
    made = {event.asset_key for event in result.get_asset_materialization_events()}
    assert made == definitions.resolve_asset_graph().get_all_asset_keys()
    checks = result.get_asset_check_evaluations()
    assert {check.check_name for check in checks} >= {
        "rows_are_accounted_for",
        "optimum_is_proved",
        "release_is_whole",
    }
    for event in result.get_asset_materialization_events():
        metadata = event.materialization.metadata
        assert "dagster/row_count" in metadata
        place = "/".join(event.asset_key.path) if event.asset_key else ""
        if place not in NOT_FROM_COLUMNS:
            assert "dagster/column_lineage" in metadata, place
    of = {tuple(e.asset_key.path): e.materialization.metadata for e in _made(result)}
    arrived = of["raw", "people"]
    assert arrived["source_file"].value == "people.csv"
    assert len(str(arrived["sha256"].value)) == 64
    assert arrived["rows_rejected"].value == 0
    assert "people.csv" in str(of["validated", "people"]["deliveries"].value)
    assert "people: " in str(of["published", "income"]["source_headings"].value)
    failed = {c.check_name for c in checks if not c.passed and c.severity is ERROR}
    assert failed <= {"arms_are_alike"}


def _made(result: dg.ExecuteInProcessResult) -> list[Any]:
    return [event for event in result.get_asset_materialization_events() if event.asset_key]


def test_the_job_runs_without_configuration(homes: dict[str, Path]) -> None:
    job = build_definitions(homes["small"]).resolve_job_def(NIGHTLY)
    assert job.execute_in_process(instance=dg.DagsterInstance.ephemeral()).success


def test_the_schedule_ticks_once_every_civil_day() -> None:
    """2020 to 2035, the nights of clock changes too; 02:30 would be missing or come twice."""
    schedule = nightly_schedule("Europe/Paris")
    ticks = schedule_execution_time_iterator(
        datetime(2020, 1, 1, tzinfo=UTC).timestamp(),
        str(schedule.cron_schedule),
        schedule.execution_timezone,
        ascending=True,
    )
    paris = zoneinfo.ZoneInfo("Europe/Paris")
    days = []
    for tick in ticks:
        local = tick.astimezone(paris)
        if local.year > 2035:
            break
        assert (local.hour, local.minute) == (4, 0)
        days.append(local.date())
    assert len(days) == len(set(days))
    assert all(b - a == timedelta(days=1) for a, b in itertools.pairwise(days))


def test_the_schedule_is_on_by_default() -> None:
    assert nightly_schedule("Europe/Paris").default_status is dg.DefaultScheduleStatus.RUNNING


def test_the_workspace_loads_the_study_of_agir_home(homes: dict[str, Path]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "dagster", "definitions", "validate", "-w", "workspace.yaml"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "AGIR_HOME": str(homes["small"])},
        check=False,
    )
    assert done.returncode == 0, done.stderr[-800:]


def test_heavy_libraries_are_not_imported_with_the_definitions() -> None:
    code = (
        "import sys, agir_pipeline.definitions;"
        "heavy = {'great_expectations', 'splink', 'matplotlib', 'faker', 'weasyprint'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
