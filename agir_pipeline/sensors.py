"""What watches by itself: the inbox, runs that failed, checks that failed. All on by default."""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus

from agir_pipeline.automation import NIGHTLY, STOPPED_TAG
from agir_pipeline.language import _, use_language
from agir_pipeline.protocol.model import Protocol
from agir_pipeline.resources.alerts import Alert, Alerts
from agir_pipeline.resources.home import Home
from agir_pipeline.resources.locks import holder_of
from agir_pipeline.resources.sources.inbox import decision_files, dropped_files

INBOX, FAILED_RUN, FAILED_CHECK = "inbox", "failed_run", "failed_check"
EVERY_SECONDS = 20
"""How often each one looks."""
COUNT = re.compile(r"(?<![\w.,/-])-?\d+(?:[.,]\d+)?(?![\w/-]|[.,]\w)")
"""A number that stands alone in a sentence."""


@dataclass(frozen=True)
class Watch:
    """The study that is watched, and the language its people are told in."""

    folder: Path
    protocol: Protocol
    language: str

    @property
    def home(self) -> Home:
        return Home(self.folder)

    def alerts(self) -> Alerts:
        """Settings and secrets are read at each look: a change needs no new start."""
        use_language(self.language)
        return Alerts(self.home.dagster / "alerts.sqlite", self.home.site)

    def alert(self, kind: str, what: str, sentence: str, page: str) -> Alert:
        """A failure as people are told of it: the study and what failed, why, and where to look.

        It is the same failure while only its counts change; a day or a file name is no count.
        """
        key = hashlib.sha256(COUNT.sub("#", f"{what}\n{sentence}").encode()).hexdigest()
        return Alert(kind, key, f"[{self.protocol.study.name}] {what}", sentence, self._link(page))

    def _link(self, page: str) -> str:
        holder = holder_of(self.home.ui_lock_path) or {}
        base = self.home.site.ui_url or holder.get("address", "")
        return f"{base.rstrip('/')}{page}" if base else ""


def study_sensors(watch: Watch, checks: Sequence[dg.AssetCheckKey]) -> list[dg.SensorDefinition]:
    """The three sensors; ``checks`` are those that do not stop a run when they fail."""
    return [_inbox_sensor(watch), _failed_run_sensor(watch), _failed_check_sensor(watch, checks)]


# ---------------------------------------------------------------------------------- inbox


def _inbox_sensor(watch: Watch) -> dg.SensorDefinition:
    def look(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        use_language(watch.language)
        new, notes = _new_files(watch)
        digest = hashlib.sha256(json.dumps(sorted(new.items())).encode()).hexdigest()
        if not new:
            reason = "\n".join(notes) or _("nothing new in the inbox")
            return dg.SensorResult(skip_reason=reason, cursor=digest)
        if digest != context.cursor:
            text = _("{n} new files; a run begins once they no longer change").format(n=len(new))
            return dg.SensorResult(skip_reason=text, cursor=digest)
        if holder_of(watch.home.lock_path):
            return dg.SensorResult(skip_reason=_("a run is under way"), cursor=digest)
        # The same files ask for one run only: a run key is used once.
        return dg.SensorResult([dg.RunRequest(run_key=f"inbox-{digest}")], cursor=digest)

    return dg.SensorDefinition(
        name=INBOX,
        job_name=NIGHTLY,
        evaluation_fn=look,
        minimum_interval_seconds=EVERY_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=_("A file in the inbox or among the decisions starts the nightly job"),
    )


def _new_files(watch: Watch) -> tuple[dict[str, str], list[str]]:
    """How every file looks that was not yet taken in, and what lies in the wrong place."""
    dropped, notes = dropped_files(watch.home.inbox, watch.protocol)
    dropped += decision_files(watch.home.decisions, watch.protocol)
    seen = watch.home.landing.ledger.inbox_looks()
    looks: dict[str, str] = {}
    for file in dropped:
        try:
            looks[file.place] = file.look
        except FileNotFoundError:  # taken away while we looked
            continue
    return {place: look for place, look in looks.items() if seen.get(place) != look}, notes


# ------------------------------------------------------------------------- what has failed


def _failed_run_sensor(watch: Watch) -> dg.SensorDefinition:
    @dg.run_failure_sensor(
        name=FAILED_RUN,
        minimum_interval_seconds=EVERY_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=_("Tells people once when a run has failed, with the cause"),
    )
    def look(context: dg.RunFailureSensorContext) -> dg.SkipReason | None:
        run, alerts = context.dagster_run, watch.alerts()
        if STOPPED_TAG in run.tags or _was_interrupted(context):
            return dg.SkipReason(_("the run was stopped from outside, nothing failed"))
        what = _("the run {job} has failed").format(job=run.job_name)
        cause = "\n".join(_causes(context)) or _("the run failed before its first step")
        alerts.tell([watch.alert(FAILED_RUN, what, cause, f"/runs/{run.run_id}")])
        return _said(alerts)

    return look


def _causes(context: dg.RunFailureSensorContext) -> list[str]:
    """The sentences of the steps that failed; anything else may quote a row and is left out."""
    sentences = []
    for event in context.get_step_failure_events():
        data = event.step_failure_data.user_failure_data
        if data and data.description:
            sentences.append(data.description)
    return sentences


def _was_interrupted(context: dg.RunFailureSensorContext) -> bool:
    errors = [event.step_failure_data.error for event in context.get_step_failure_events()]
    return any(error and error.cls_name == "DagsterExecutionInterruptedError" for error in errors)


def _failed_check_sensor(watch: Watch, checks: Sequence[dg.AssetCheckKey]) -> dg.SensorDefinition:
    """Checks that fail without stopping a run have no failed run behind them."""

    def look(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        alerts = watch.alerts()
        failing, unsettled = _failing(watch, context.instance, checks)
        alerts.tell(failing)
        if not unsettled:
            alerts.keep_only(FAILED_CHECK, [alert.key for alert in failing])
        if _last_run_succeeded(context.instance):
            alerts.keep_only(FAILED_RUN, [])
        return _said(alerts)

    return dg.SensorDefinition(
        name=FAILED_CHECK,
        evaluation_fn=look,
        minimum_interval_seconds=EVERY_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=_("Tells people once when a check has failed, with the cause"),
    )


def _failing(
    watch: Watch, instance: dg.DagsterInstance, checks: Sequence[dg.AssetCheckKey]
) -> tuple[list[Alert], bool]:
    """The checks whose last result is a failure, and whether a result is still to come."""
    records = instance.event_log_storage.get_latest_asset_check_execution_by_key(checks)
    alerts, unsettled = [], False
    for key, record in records.items():
        unsettled |= record.status == AssetCheckExecutionRecordStatus.PLANNED
        event = record.event.dagster_event if record.event else None
        if record.status != AssetCheckExecutionRecordStatus.FAILED or event is None:
            continue
        found = event.asset_check_evaluation_data
        if found.passed or found.severity is not dg.AssetCheckSeverity.ERROR:
            continue
        table = "/".join(key.asset_key.path)
        what = _("the check {check} of {table} has failed").format(check=key.name, table=table)
        page = f"/assets/{table}?view=checks"
        alerts.append(watch.alert(FAILED_CHECK, what, found.description or "", page))
    return alerts, unsettled


def _last_run_succeeded(instance: dg.DagsterInstance) -> bool:
    finished = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE]
    runs = instance.get_runs(dg.RunsFilter(job_name=NIGHTLY, statuses=finished), limit=1)
    return bool(runs) and runs[0].status == dg.DagsterRunStatus.SUCCESS


def _said(alerts: Alerts) -> dg.SkipReason:
    if not alerts.has_readers:
        return dg.SkipReason(_("study.toml names nobody to tell: alert_to or alert_webhook"))
    faults = alerts.deliver()
    return dg.SkipReason("\n".join(faults) or _("everybody knows what has failed"))
