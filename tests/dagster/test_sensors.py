"""What watches by itself: all on, one message per failure, in the language of the study."""

import itertools
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from agir_pipeline.assets import matched, raw
from agir_pipeline.assets.step import Check
from agir_pipeline.automation import NIGHTLY, READ_DELIVERIES
from agir_pipeline.definitions import build_definitions
from agir_pipeline.language import use_language
from agir_pipeline.resources.locks import hold
from agir_pipeline.resources.making import init_home
from agir_pipeline.resources.sql_models import FailedDataTests, SqlModels, TestResult
from agir_pipeline.resources.study import open_study
from agir_pipeline.sensors import FAILED_CHECK, FAILED_RUN, INBOX, Watch
from tests.servers import Hook, serving

SMALL = Path(__file__).parents[1] / "study" / "small.toml"
HEAD = "id,group,age_years,income_eur\n"
PEOPLE = HEAD + "".join(
    f"P{n},{n % 3 == 0:d},{20 + n % 25},{1000 + 37 * n % 900}\n" for n in range(90)
)
ERROR, WARN = dg.AssetCheckSeverity.ERROR, dg.AssetCheckSeverity.WARN
Runs = Callable[..., dg.ExecuteInProcessResult]


class Night:
    """A small study, an instance that remembers, and whoever is told."""

    def __init__(self, home: Path, instance: dg.DagsterInstance, hook: Hook) -> None:
        self.home, self.instance, self.hook = home, instance, hook
        settings = f'alert_webhook = "{hook.address}"\nui_url = "http://ui.example"\n'
        (home / "study.toml").write_text(settings)

    def drop(self, text: str, name: str = "people.csv") -> None:
        (self.home / "inbox" / "people" / "office" / name).write_text(text, encoding="utf-8")

    def run(self, job: str = NIGHTLY) -> dg.ExecuteInProcessResult:
        built = build_definitions(self.home).resolve_job_def(job)
        return built.execute_in_process(instance=self.instance, raise_on_error=False)

    def look(self, name: str, cursor: str | None = None) -> Any:
        sensor = build_definitions(self.home).resolve_sensor_def(name)
        with dg.build_sensor_context(instance=self.instance, cursor=cursor) as context:
            return sensor.evaluate_tick(context)

    def tell_of(self, result: dg.ExecuteInProcessResult) -> dg.SkipReason:
        """What the sensor of failed runs does with a run that failed."""
        sensor = build_definitions(self.home).resolve_sensor_def(FAILED_RUN)
        event = next(e for e in reversed(result.all_events) if e.is_job_event and e.is_failure)
        context = dg.build_run_status_sensor_context(
            FAILED_RUN, event, self.instance, result.dagster_run
        ).for_run_failure()
        said = sensor(context)
        assert isinstance(said, dg.SkipReason)
        return said

    @property
    def told(self) -> list[str]:
        return [message["text"] for message in self.hook.received]


@pytest.fixture
def night(tmp_path: Path) -> Iterator[Night]:
    init_home(tmp_path / "home", str(SMALL))
    with serving(Hook()) as hook, dg.DagsterInstance.ephemeral() as instance:
        yield Night(tmp_path / "home", instance, hook)


def test_everything_that_watches_is_on_by_default_and_explained(night: Night) -> None:
    definitions = build_definitions(night.home)
    sensors = {sensor.name: sensor for sensor in definitions.sensors or ()}
    assert set(sensors) == {INBOX, FAILED_RUN, FAILED_CHECK}
    for sensor in sensors.values():
        assert sensor.default_status is dg.DefaultSensorStatus.RUNNING
        assert sensor.description
    for job in (NIGHTLY, READ_DELIVERIES):
        assert definitions.resolve_job_def(job).description


# ------------------------------------------------------------- failing checks, both ways


@pytest.mark.parametrize(
    ("is_blocking", "severity", "goes_on", "told_by"),
    [
        (True, ERROR, False, FAILED_RUN),
        (True, WARN, True, None),
        (False, ERROR, True, FAILED_CHECK),
        (False, WARN, True, None),
    ],
)
def test_who_stops_and_who_is_told(
    night: Night,
    monkeypatch: pytest.MonkeyPatch,
    is_blocking: bool,
    severity: dg.AssetCheckSeverity,
    goes_on: bool,
    told_by: str | None,
) -> None:
    night.drop(PEOPLE)
    failing = "files_are_kept" if is_blocking else "has_arrived"

    def checks(*_anything: Any) -> list[Check]:
        names = ("files_are_kept", "has_arrived")
        return [
            Check(name, name != failing, "made to fail", severity, name == "files_are_kept")
            for name in names
        ]

    monkeypatch.setattr(raw, "_checks", checks)
    result = night.run(READ_DELIVERIES)
    assert result.success == goes_on
    made = {e.asset_key.path[0] for e in result.get_asset_materialization_events() if e.asset_key}
    assert made == ({"raw", "validated"} if goes_on else set())
    evaluations = {c.check_name: c for c in result.get_asset_check_evaluations()}
    assert not evaluations[failing].passed
    night.look(FAILED_CHECK)
    assert len(night.told) == (told_by == FAILED_CHECK)
    if not goes_on:
        night.tell_of(result)
    assert len(night.told) == (told_by is not None)
    if told_by:
        assert "made to fail" in night.told[0]
        assert "http://ui.example/" in night.told[0]


def test_a_blocked_step_leaves_the_tables_of_the_last_night(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    night.drop(PEOPLE)
    assert night.run().success
    before = pairs_of(night)
    tables = matched._tables

    def broken(*arguments: Any) -> Any:
        made = tables(*arguments)
        return made | {"matched_pairs": made["matched_pairs"].assign(pair_id="one and the same")}

    monkeypatch.setattr(matched, "_tables", broken)
    night.drop(PEOPLE.replace("P89,", "P90,"), "later.csv")
    result = night.run()
    assert not result.success
    checks = result.get_asset_check_evaluations()
    failed = {c.check_name: c for c in checks if not c.passed and c.severity is ERROR}
    assert "the key is not unique" in (failed["contract_holds"].description or "")
    assert pairs_of(night) == before
    night.tell_of(result)
    assert "matched_pairs/contract_holds" in night.told[0]
    assert "one and the same" not in night.told[0]


def test_a_failed_data_test_is_a_failed_check_of_its_table(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_anything: Any) -> Any:
        raise FailedDataTests(
            [
                TestResult("persons", "unique", "id", 2),
                TestResult("participants", "unique", "id", 0),
            ]
        )

    monkeypatch.setattr(SqlModels, "build", failing)
    night.drop(PEOPLE)
    result = night.run()
    assert not result.success
    checks = {(*c.asset_key.path, c.check_name): c for c in result.get_asset_check_evaluations()}
    broken = checks["linked", "persons", "data_tests_pass"]
    assert (broken.passed, broken.severity) == (False, ERROR)
    assert broken.description == "unique (id): 2 failure(s)"
    assert checks["linked", "participants", "data_tests_pass"].passed
    night.tell_of(result)
    assert "linked" not in {e.asset_key.path[0] for e in result.get_asset_materialization_events()}
    assert "persons/data_tests_pass: unique (id): 2 failure(s)" in night.told[0]


def pairs_of(night: Night) -> list[str]:
    pairs = open_study(night.home).warehouse.read(None, "matched", "matched_pairs")
    return sorted(pairs["pair_id"])


# ------------------------------------------------------------------ one message per failure


def test_a_file_nobody_can_read_is_told_once_and_again_when_it_comes_back(night: Night) -> None:
    night.drop(PEOPLE, "2010-01-01.csv")
    assert night.run(READ_DELIVERIES).success
    for _tick in range(2):
        night.look(FAILED_CHECK)
    assert night.told == []
    night.drop("nothing;of;this\n1;2;3\n", "2010-02-01.csv")
    for _night in range(2):
        assert night.run(READ_DELIVERIES).success
        night.look(FAILED_CHECK)
    (message,) = night.told
    assert "last_delivery_was_read" in message
    assert "people-" in message  # the day is none of the years a file of today can be of
    assert "/assets/validated/people?view=checks" in message
    night.drop(PEOPLE.replace("P89,", "P90,"), "2010-03-01.csv")
    night.run(READ_DELIVERIES)
    night.look(FAILED_CHECK)
    night.drop("nothing;of;this\n1;2;4\n", "2010-04-01.csv")
    night.run(READ_DELIVERIES)
    night.look(FAILED_CHECK)
    assert len(night.told) == 2
    assert "people-" in night.told[1]


def test_a_failure_stays_the_same_while_only_its_counts_change(night: Night) -> None:
    watch = Watch(night.home, open_study(night.home).protocol, "en")

    def key(sentence: str) -> str:
        return watch.alert(FAILED_CHECK, "the check has failed", sentence, "").key

    assert key("3 of 75 covariates differ by 0.12") == key("4 of 80 covariates differ by 0.1")
    assert key("register_2010-12-31.csv: 3 rows") != key("register_2011-01-31.csv: 3 rows")
    assert key("pool_1.csv is empty") != key("pool_2.csv is empty")
    assert key("known on 2010-12-31") != key("known on 2010-12-30")


def test_a_run_that_fails_every_night_is_told_once_until_one_succeeds(night: Night) -> None:
    night.drop(PEOPLE)
    lock = night.home / ".lock"
    with hold(lock, "agir run"):
        for _night in range(2):
            night.tell_of(night.run())
    assert len(night.told) == 1
    assert "the run nightly has failed" in night.told[0]
    assert "a run is under way (agir run, process" in night.told[0]
    assert night.run().success
    night.look(FAILED_CHECK)
    n_told = len(night.told)
    with hold(lock, "agir run"):
        night.tell_of(night.run())
    assert len(night.told) == n_told + 1


def test_a_run_that_was_stopped_is_no_failure(night: Night) -> None:
    from agir_pipeline.automation import STOPPED_TAG

    night.drop(PEOPLE)
    with hold(night.home / ".lock", "agir run"):
        result = night.run()
    night.instance.add_run_tags(result.run_id, {STOPPED_TAG: "yes"})
    run = night.instance.get_run_by_id(result.run_id)
    assert run is not None
    stopped = type("Stopped", (), {"all_events": result.all_events, "dagster_run": run})
    assert "stopped from outside" in str(night.tell_of(stopped).skip_message)  # type: ignore[arg-type]
    assert night.told == []


def test_nobody_to_tell_is_said(night: Night) -> None:
    (night.home / "study.toml").write_text("")
    assert "alert_to" in str(night.look(FAILED_CHECK).skip_message)


def test_people_are_told_in_their_language_in_any_thread(tmp_path: Path) -> None:
    text = SMALL.read_text(encoding="utf-8").replace('language = "en"', 'language = "fr"', 1)
    (tmp_path / "french.toml").write_text(text, encoding="utf-8")
    init_home(tmp_path / "home", str(tmp_path / "french.toml"))
    with serving(Hook()) as hook, dg.DagsterInstance.ephemeral() as instance:
        night = Night(tmp_path / "home", instance, hook)
        night.drop("nothing;of;this\n1;2;3\n")
        night.run(READ_DELIVERIES)
        use_language("en")
        sensor = build_definitions(night.home).resolve_sensor_def(FAILED_CHECK)

        def tick() -> None:
            with dg.build_sensor_context(instance=instance) as context:
                sensor.evaluate_tick(context)

        thread = threading.Thread(target=tick)
        thread.start()
        thread.join()
    assert "le contrôle last_delivery_was_read de validated/people a échoué" in night.told[0]


# ---------------------------------------------------------------------------------- inbox


def test_a_dropped_file_starts_one_run_once_it_no_longer_changes(night: Night) -> None:
    cursors: list[str | None] = [None]
    keys = []

    def tick() -> Any:
        found = night.look(INBOX, cursors[-1])
        cursors.append(found.cursor)
        keys.extend(request.run_key for request in found.run_requests or ())
        return found

    assert "nothing new" in str(tick().skip_message)
    night.drop(HEAD)
    assert "1 new files" in str(tick().skip_message)
    night.drop(PEOPLE)  # the copy goes on
    assert "no longer change" in str(tick().skip_message)
    with hold(night.home / ".lock", "agir run"):
        assert "under way" in str(tick().skip_message)
    tick()
    tick()
    assert len(keys) == 2
    assert len(set(keys)) == 1  # a run key is used once
    assert night.run(READ_DELIVERIES).success
    assert "nothing new" in str(tick().skip_message)
    night.drop(PEOPLE.replace("P89,", "P90,"))
    for _tick in range(2):
        tick()
    assert len(set(keys)) == 2


def test_a_file_in_the_wrong_place_is_said(night: Night) -> None:
    (night.home / "inbox" / "lost.csv").write_text(PEOPLE)
    assert "inbox/….csv: no source takes files" in str(night.look(INBOX).skip_message)


def test_ticks_are_not_far_apart(night: Night) -> None:
    sensors = build_definitions(night.home).sensors or ()
    waits = [s.minimum_interval_seconds for s in sensors]  # type: ignore[union-attr]
    assert all(10 <= (wait or 0) <= 60 for wait in waits)
    assert not any(a != b for a, b in itertools.pairwise(waits))
