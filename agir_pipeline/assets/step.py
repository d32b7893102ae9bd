"""What every step shares: the study it works on, its faults told plainly, its checks kept."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import dagster as dg
import sqlalchemy as sa
from pydantic import PrivateAttr

from agir_pipeline.assets.catalogue import asset_key
from agir_pipeline.errors import AgirError, CheckError, traces, unexpected
from agir_pipeline.language import _, use_language
from agir_pipeline.resources.event_log import told_together
from agir_pipeline.resources.home import Home
from agir_pipeline.resources.study import (
    Study,
    is_up_to_date,
    open_study,
    record_step,
    require_step,
    state_digest,
)

logger = logging.getLogger("agir_pipeline")


class StudyRun(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The study of one run. Holds the study's lock from the first step to the last."""

    home: str
    as_of: str = ""
    protocol: str = ""
    language: str = ""
    """That of the study's people; a thread of Dagster knows none by itself."""
    _study: Study | None = PrivateAttr(default=None)
    _refusal: AgirError | None = PrivateAttr(default=None)

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["StudyRun"]:
        """The lock, then the run; a refusal waits for the first step, which can say it plainly.

        Dagster masks what a resource says when it fails, and no step would hold the cause.
        """
        self._refusal = None
        with ExitStack() as held:
            try:
                held.enter_context(Home(Path(self.home)).locked("agir run"))
            except AgirError as fault:
                self._refusal = fault
            yield self

    def study(self) -> Study:
        """One for the whole run: a protocol changed meanwhile is for the next one.

        Raises:
            InfrastructureError: another run is under way.
        """
        if self._refusal is not None:
            raise self._refusal
        if self.language:
            use_language(self.language)
        if self._study is None:
            day = date.fromisoformat(self.as_of) if self.as_of else None
            protocol = Path(self.protocol) if self.protocol else None
            self._study = open_study(Path(self.home), day, protocol)
        return self._study


class Check(NamedTuple):
    """The result of one check: its name, whether it holds, and a sentence for the steward."""

    name: str
    has_passed: bool
    sentence: str
    severity: dg.AssetCheckSeverity = dg.AssetCheckSeverity.WARN
    is_blocking: bool = False

    @classmethod
    def blocking(cls, name: str, n_seen: int, n_broken: int, sentence: str) -> "Check":
        """An integrity check: stops the step if anything is broken; with nothing seen it warns."""
        severity = dg.AssetCheckSeverity.ERROR if n_seen else dg.AssetCheckSeverity.WARN
        return cls(name, n_seen > 0 and n_broken == 0, sentence, severity, is_blocking=True)

    @property
    def status(self) -> str:
        if self.has_passed:
            return "passed"
        return "failed" if self.severity is dg.AssetCheckSeverity.ERROR else "warned"


@dataclass(frozen=True)
class StepResult:
    """What a step made: rows per table, more figures per table, checks per table."""

    n_rows: Mapping[str, int]
    figures: Mapping[str, Mapping[str, Any]]
    checks: Mapping[str, Sequence[Check]]

    @property
    def blocked(self) -> list[tuple[str, str]]:
        """ "table/check" and sentence of every check that stops the step."""
        return [
            (f"{table}/{check.name}", check.sentence)
            for table, checks in self.checks.items()
            for check in checks
            if check.is_blocking and check.status == "failed"
        ]


def together(*results: StepResult) -> StepResult:
    """What several parts of one step made."""
    n_rows: dict[str, int] = {}
    figures: dict[str, Mapping[str, Any]] = {}
    checks: dict[str, Sequence[Check]] = {}
    for result in results:
        n_rows |= result.n_rows
        figures |= result.figures
        checks |= result.checks
    return StepResult(n_rows, figures, checks)


@contextmanager
def told_plainly() -> Iterator[None]:
    """Turn every fault into one sentence without a value, a query or a stack trace.

    Dagster masks the text of other exceptions, because a library's message may quote a row;
    ``agir --debug`` shows their trace on the terminal of whoever asks.
    """
    try:
        yield
    except AgirError as fault:
        traces.show()
        metadata: dict[str, Any] = {"exit_code": fault.exit_code, "fault": type(fault).__name__}
        raise dg.Failure(str(fault), metadata=metadata, allow_retries=False) from None
    except Exception as fault:
        traces.show()
        metadata = {"exit_code": 3, "fault": type(fault).__name__}
        raise dg.Failure(unexpected(fault), metadata=metadata, allow_retries=False) from None


Examine = Callable[[Study, sa.Connection], StepResult]
"""What a step made, read from its tables within one transaction."""


class BlockedStep(CheckError):
    """A blocking check failed before the commit; ``result`` holds every check of the step.

    ``kind`` is the fault it comes to: its exit code is that of the run.
    """

    def __init__(self, result: StepResult, kind: type[AgirError] = CheckError) -> None:
        self.result = result
        self.exit_code = kind.exit_code
        super().__init__("\n".join(f"{where}: {text}" for where, text in result.blocked))


def carry_out(
    study_run: StudyRun,
    step: str,
    store: Callable[[Study], StepResult],
    examine: Examine | None = None,
    after: str | None = None,
) -> Iterator[Any]:
    """One step from the tables before it to the report: made if what it rests on has changed.

    ``store`` makes the tables and ends with ``settle`` before it commits. A blocked step tells
    which checks failed and leaves the tables of the last commit. Without ``examine`` the step is
    done every time.
    """
    with told_plainly():
        study = study_run.study()
        try:
            with study.warehouse.held():
                result = _done(study, step, store, examine, after)
        except BlockedStep as blocked:
            yield from tell_checks(study, step, blocked.result)
            raise
        with told_together(dg.AssetExecutionContext.get().instance):
            yield from report(study, step, result)


def _done(
    study: Study,
    step: str,
    store: Callable[[Study], StepResult],
    examine: Examine | None,
    after: str | None,
) -> StepResult:
    if after is not None:
        require_step(study, after)
    if examine is None or not is_up_to_date(study, step):
        return store(study)
    with study.warehouse.transaction() as connection:
        result = examine(study, connection)
    return store(study) if result.blocked else result  # what it rests on may have been lost since


def settle(study: Study, connection: sa.Connection, step: str, result: StepResult) -> StepResult:
    """The last act of a step before its commit: blocking checks, then the note of what it is.

    Raises:
        BlockedStep: a blocking check failed; nothing of the step is committed.
    """
    if result.blocked:
        raise BlockedStep(result)
    record_step(study, connection, step, state_digest(study, step))
    return result


def tell_checks(study: Study, step: str, result: StepResult) -> Iterator[dg.AssetCheckResult]:
    """Keep the check results for ``agir status`` and tell them to Dagster."""
    if not study.is_draft:
        kept = [
            (f"{table}/{check.name}", check.status, check.sentence)
            for table, checks in result.checks.items()
            for check in checks
        ]
        study.home.landing.ledger.replace_checks(step, kept)
    for table, checks in result.checks.items():
        for check in checks:
            yield _check_result(step, table, check)


def report(
    study: Study, step: str, result: StepResult
) -> Iterator[dg.MaterializeResult[Any] | dg.AssetCheckResult]:
    """Tell Dagster what the step made: rows, figures and checks of every table."""
    n_rows = sum(result.n_rows.values())
    logger.info(
        _("{step}: {n} tables, {rows} rows").format(step=step, n=len(result.n_rows), rows=n_rows)
    )
    for table, n in result.n_rows.items():
        metadata = {"dagster/row_count": n, **result.figures.get(table, {})}
        yield dg.MaterializeResult(asset_key=asset_key(step, table), metadata=metadata)
    _look_up_once([asset_key(step, table) for table in result.checks])
    yield from tell_checks(study, step, result)


def _look_up_once(assets: Sequence[dg.AssetKey]) -> None:
    """Each check result names the materialisation it is of: asked for all tables in one query.

    Dagster would ask for each table by itself, a hundred times a night; one that keeps its answers
    elsewhere still does.
    """
    context = dg.AssetExecutionContext.get().get_step_execution_context()
    with suppress(AttributeError):
        context._data_version_cache._fetch_input_asset_version_info(assets)


def _check_result(step: str, table: str, check: Check) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        asset_key=asset_key(step, table),
        passed=check.has_passed,
        check_name=check.name,
        severity=check.severity,
        description=check.sentence.replace("\n", "\n• "),  # a page shows line ends as spaces
    )
