"""One run of the nightly job from the command line, and what it says at the end."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pandera.pandas as pa
import sqlalchemy as sa

from agir_pipeline.automation import NIGHTLY, STOPPED_TAG
from agir_pipeline.definitions import build_definitions
from agir_pipeline.errors import InfrastructureError
from agir_pipeline.language import _
from agir_pipeline.resources.home import Home
from agir_pipeline.resources.release_comparison import (
    compared,
    earlier_of_day,
    withdrawn_of_day,
)
from agir_pipeline.resources.releases import Releases, told_withdrawn
from agir_pipeline.resources.status import newest_refusals

pa.DataFrameSchema.register_default_backends(pd.DataFrame)  # now, not on the way: a demo's files
# are written while this module is loaded

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
"""Dagster's own lines stay in its storage; a terminal gets one line per step."""


@dataclass(frozen=True)
class RunOutcome:
    """How a run ended: its exit code, why it stopped, and what it published."""

    exit_code: int
    faults: list[str] = field(default_factory=list)
    release: dict[str, Any] = field(default_factory=dict)
    comparison: list[str] = field(default_factory=list)
    """Of a rebuild: equal to an earlier release of that day, or what differs and why."""


def run_study(folder: Path, as_of: date | None = None, protocol: Path | None = None) -> RunOutcome:
    """Run the nightly job of the study in ``folder`` within this process.

    Raises:
        UsageError: no study there. ProtocolError: its protocol does not hold.
        InfrastructureError: another run is under way, or Dagster's storage refuses.
    """
    home = Home(folder).require()
    with home.locked("agir run"):
        pass  # The run takes the lock itself; asked here, a refusal is one sentence and no run.
    definitions = build_definitions(folder, str(as_of or ""), protocol)
    os.environ["DAGSTER_HOME"] = str(home.dagster.resolve())
    with _storage_told_plainly(home), _instance(home) as instance:
        close_orphans(instance)
        result = definitions.resolve_job_def(NIGHTLY).execute_in_process(
            instance=instance, raise_on_error=False, run_config=QUIET
        )
        faults = list(_faults(result))
        release = _release(result)
    if faults:
        codes = [code for code, _text in faults]
        return RunOutcome(worst(codes), [text for _code, text in faults])
    refused = [] if as_of else newest_refusals(home, home.landing.state())
    sentences = [row["sentence"] for row in refused]
    comparison = list(_compared(home, release)) if as_of else []
    return RunOutcome(1 if refused else 0, sentences, release, comparison)


def make_storage(home: Home) -> None:
    """Dagster's storage of a home, while there is time; a run that finds none makes it as well."""
    os.environ["DAGSTER_HOME"] = str(home.dagster.resolve())
    with suppress(InfrastructureError), _storage_told_plainly(home), _instance(home):
        pass


def worst(codes: list[int]) -> int:
    """The exit code that wins: 2 before 3 before 1 before 4 before 0."""
    order = (2, 3, 1, 4, 0)
    return min(codes, key=order.index)


def close_orphans(instance: dg.DagsterInstance) -> None:
    """Runs that a killed process left as started are closed; the lock says none is alive."""
    open_states = [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING]
    for run in instance.get_runs(dg.RunsFilter(statuses=open_states)):
        instance.add_run_tags(run.run_id, {STOPPED_TAG: "yes"})
        instance.report_run_failed(run, _("the process of this run was stopped from outside"))


def summary(outcome: RunOutcome) -> Iterator[str]:
    """What a run brought out, in words; its faults are told apart."""
    if outcome.release:
        kind = outcome.release["kind"]
        texts = {
            "published": _("release {id} is published: {path}"),
            "unchanged": _("nothing new: release {id} stands"),
            "draft": _("draft {id} is written, not published: {path}"),
        }
        yield texts[kind].format(id=outcome.release["id"], path=outcome.release["path"])
    yield from outcome.comparison


def _compared(home: Home, release: dict[str, Any]) -> Iterator[str]:
    """What a rebuild of a past day says beside an earlier release of that day."""
    releases, made = Releases(home.releases), release["id"]
    if not release["is_new"]:
        yield _("equal to release {id}").format(id=made)
        return
    earlier = earlier_of_day(releases, made)
    yield from (told_withdrawn(name) for name in withdrawn_of_day(releases, made))
    if earlier is None:
        yield _("no other release of that day to compare it with")
        return
    yield from compared(releases, earlier, made).sentences()


@contextmanager
def _storage_told_plainly(home: Home) -> Iterator[None]:
    """A disk that is full stops Dagster's own notes first; the tables stand as they were."""
    try:
        yield
    except sa.exc.SQLAlchemyError as fault:
        path, cause = home.dagster, type(fault).__name__
        raise InfrastructureError(
            _(
                "{path} cannot be written: {cause}; free some room or check the rights, "
                "then run again"
            ).format(path=path, cause=cause)
        ) from None


def _instance(home: Home) -> dg.DagsterInstance:
    try:
        return dg.DagsterInstance.from_config(str(home.dagster.resolve()))
    except Exception as fault:
        raise InfrastructureError(
            _("Dagster's storage in {path} cannot be opened: {cause}").format(
                path=home.dagster, cause=type(fault).__name__
            )
        ) from None


def _faults(result: dg.ExecuteInProcessResult) -> Iterator[tuple[int, str]]:
    """Exit code and sentence of every failure of the run."""
    if result.success:
        return
    failures = result.filter_events(lambda event: event.is_step_failure)
    for event in failures:
        data = event.step_failure_data.user_failure_data
        metadata = data.metadata if data else {}
        code = metadata["exit_code"].value if "exit_code" in metadata else 3
        yield int(str(code)), (data.description if data else None) or _("the run failed")
    if not failures:
        yield 3, _("the run failed before its first step")


def _release(result: dg.ExecuteInProcessResult) -> dict[str, Any]:
    """What the published step said of its release."""
    for event in result.get_asset_materialization_events():
        metadata = event.materialization.metadata
        if event.asset_key and event.asset_key.path == ["published", "release_manifest"]:
            names = ("id", "kind", "path", "is_new")
            return {n: metadata[f"release_{n}"].value for n in names if f"release_{n}" in metadata}
    return {}
