"""Dagster's event log with its files kept open: the same files and content, fewer openings."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage

from agir_pipeline.resources import event_log
from agir_pipeline.resources.event_log import OpenEventLog, told_together
from agir_pipeline.resources.home import DAGSTER_SETTINGS


@dg.asset
def figure() -> None:
    """Something to tell of."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "dagster.yaml").write_text(DAGSTER_SETTINGS, encoding="utf-8")
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def instance(folder: Path) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.from_config(str(folder)) as opened:
        yield opened


def run(instance: dg.DagsterInstance) -> str:
    result = dg.materialize([figure], instance=instance)
    assert result.success
    return result.run_id


def kinds(storage: Any, run_id: str) -> list[str]:
    return [event.dagster_event.event_type_value for event in storage.get_logs_for_run(run_id)]


def test_a_home_is_told_to_use_it(instance: dg.DagsterInstance) -> None:
    assert isinstance(instance.event_log_storage, OpenEventLog)


def test_the_files_are_dagsters_own(instance: dg.DagsterInstance, folder: Path) -> None:
    run_id = run(instance)
    theirs = SqliteEventLogStorage(str(folder / "history" / "runs"))
    assert kinds(theirs, run_id) == kinds(instance.event_log_storage, run_id)
    assert "ASSET_MATERIALIZATION" in kinds(theirs, run_id)
    assert theirs.has_asset_key(dg.AssetKey("figure"))


def test_another_process_reads_what_is_not_closed_yet(
    instance: dg.DagsterInstance, folder: Path
) -> None:
    run_id = run(instance)
    beside = OpenEventLog.from_config_value(None, {"base_dir": str(folder)})
    assert len(kinds(beside, run_id)) == len(kinds(instance.event_log_storage, run_id))
    beside.dispose()


def test_news_touches_the_file_that_the_interface_watches(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    touched: list[str] = []
    monkeypatch.setattr("agir_pipeline.resources.event_log.os.utime", touched.append)
    run_id = run(instance)
    assert set(touched) == {instance.event_log_storage.path_for_shard(run_id)}  # type: ignore[attr-defined]
    assert len(touched) >= len(kinds(instance.event_log_storage, run_id))


def test_a_stretch_of_events_is_one_transaction_per_file_and_seen_inside_at_once(
    instance: dg.DagsterInstance, folder: Path
) -> None:
    run_id = run(instance)
    told = kinds(instance.event_log_storage, run_id)
    beside = OpenEventLog.from_config_value(None, {"base_dir": str(folder)})
    [event] = instance.event_log_storage.get_logs_for_run(
        run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION
    )
    with suppress(ZeroDivisionError), told_together(instance), told_together(instance):
        instance.event_log_storage.store_event_batch([event, event])
        assert len(kinds(instance.event_log_storage, run_id)) == len(told) + 2
        assert kinds(beside, run_id) == told
        raise ZeroDivisionError
    assert len(kinds(beside, run_id)) == len(told) + 2  # what was told stays told
    again = run(instance)
    assert "PIPELINE_SUCCESS" in kinds(beside, again)
    beside.dispose()


def test_another_storage_takes_each_event_by_itself() -> None:
    with dg.DagsterInstance.ephemeral() as other, told_together(other):
        assert dg.materialize([figure], instance=other).success


def test_few_files_stay_open_and_all_can_be_read(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_log, "FILES_KEPT_OPEN", 2)
    runs = [run(instance) for _time in range(4)]
    storage: Any = instance.event_log_storage
    assert len(storage.__dict__["_engines"]) == 2
    assert all("PIPELINE_SUCCESS" in kinds(storage, run_id) for run_id in runs)


def test_a_wiped_log_is_empty_and_can_be_written_again(instance: dg.DagsterInstance) -> None:
    run_id = run(instance)
    instance.event_log_storage.wipe()
    assert kinds(instance.event_log_storage, run_id) == []
    assert "PIPELINE_SUCCESS" in kinds(instance.event_log_storage, run(instance))
