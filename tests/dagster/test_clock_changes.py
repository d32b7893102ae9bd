"""The daemon's own tick over the nights on which clocks change: one run each, at four o'clock."""

import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from dagster._core.test_utils import (
    create_test_daemon_workspace_context,
    freeze_time,
    instance_for_test,
)
from dagster._core.workspace.load_target import ModuleTarget
from dagster._scheduler.scheduler import launch_scheduled_runs

from agir_pipeline.resources.making import init_home

pytestmark = [pytest.mark.long, pytest.mark.xdist_group("interface")]

SMALL = Path(__file__).parents[1] / "study" / "small.toml"
PARIS = ZoneInfo("Europe/Paris")
WAITING = {"module": "dagster._core.test_utils", "class": "MockedRunLauncher"}
"""Runs are asked for and wait: what is tried is when the night begins."""
SPRING, AUTUMN = datetime(2013, 3, 31), datetime(2013, 10, 27)


@pytest.mark.parametrize("night", [SPRING, AUTUMN])
def test_the_daemon_starts_one_run_on_a_night_of_a_clock_change(
    night: datetime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    init_home(tmp_path / "home", str(SMALL))
    monkeypatch.setenv("AGIR_HOME", str(tmp_path / "home"))
    target = ModuleTarget("agir_pipeline.definitions", None, str(tmp_path), "agir")
    log = logging.getLogger("daemon")
    with (
        instance_for_test(overrides={"run_launcher": WAITING}) as instance,
        create_test_daemon_workspace_context(target, instance) as workspace,
    ):
        begin = (night - timedelta(hours=1)).replace(tzinfo=PARIS).astimezone(UTC)
        for half_hours in range(14):  # from eleven in the evening to about six
            now = begin + timedelta(minutes=30 * half_hours)
            with freeze_time(now):
                list(launch_scheduled_runs(workspace, log, now, {}))
        ticks = [
            datetime.fromtimestamp(tick.timestamp, PARIS)
            for state in instance.all_instigator_state()
            for tick in instance.get_ticks(state.instigator_origin_id, state.selector_id)
            if tick.run_ids
        ]
        assert [(tick.date(), tick.hour, tick.minute) for tick in ticks] == [(night.date(), 4, 0)]
        assert [run.job_name for run in instance.get_runs()] == ["nightly"]
