"""What every step shares: the study it works on, its faults told plainly, its checks kept."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import dagster as dg

from agir_pipeline.errors import AgirError, unexpected
from agir_pipeline.language import _
from agir_pipeline.protocol.model import Protocol
from agir_pipeline.resources.home import Home
from agir_pipeline.resources.study import STEPS, Study, code_version, open_study

OWNER = "team:steward"
logger = logging.getLogger("agir_pipeline")


class StudyRun(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The study of one run. Holds the study's lock from the first step to the last."""

    home: str
    as_of: str = ""
    protocol: str = ""

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["StudyRun"]:
        with told_plainly(), Home(Path(self.home)).locked("agir run"):
            yield self

    def study(self) -> Study:
        """Read anew by each step: rounds recorded by one are known to the next."""
        day = date.fromisoformat(self.as_of) if self.as_of else None
        return open_study(Path(self.home), day, Path(self.protocol) if self.protocol else None)


class Check(NamedTuple):
    """The result of one check: its name, whether it holds, and a sentence for the steward."""

    name: str
    has_passed: bool
    sentence: str
    severity: dg.AssetCheckSeverity = dg.AssetCheckSeverity.WARN

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


@contextmanager
def told_plainly() -> Iterator[None]:
    """Turn every fault into one sentence without a value, a query or a stack trace.

    Dagster masks the text of other exceptions, because a library's message may quote a row.
    """
    try:
        yield
    except AgirError as fault:
        metadata: dict[str, Any] = {"exit_code": fault.exit_code, "fault": type(fault).__name__}
        raise dg.Failure(str(fault), metadata=metadata, allow_retries=False) from None
    except Exception as fault:
        metadata = {"exit_code": 3, "fault": type(fault).__name__}
        raise dg.Failure(unexpected(fault), metadata=metadata, allow_retries=False) from None


def group(step: str) -> str:
    return f"{STEPS.index(step) + 1}_{step}"


def asset_key(step: str, table: str) -> dg.AssetKey:
    return dg.AssetKey([step, table])


def asset_spec(
    protocol: Protocol,
    step: str,
    table: str,
    description: str,
    deps: Sequence[tuple[str, str]],
    columns: Sequence[dg.TableColumn] = (),
    kinds: frozenset[str] = frozenset({"duckdb"}),
) -> dg.AssetSpec:
    """One table in the catalogue: described, grouped, owned, tagged, with its columns."""
    metadata: dict[str, Any] = {"dagster/table_name": f"{step}.{table}"}
    if columns:
        metadata["dagster/column_schema"] = dg.TableSchema(columns=list(columns))
    return dg.AssetSpec(
        asset_key(step, table),
        deps=[asset_key(*dep) for dep in deps],
        description=description,
        group_name=group(step),
        owners=[OWNER],
        kinds=set(kinds),
        tags={"layer": step, "sensitivity": "pseudonymised" if step != "raw" else "identifying"},
        code_version=f"{code_version()}/{protocol.protocol_digest[:12]}",
        metadata=metadata,
    )


def check_specs(step: str, checks: Mapping[str, str]) -> list[dg.AssetCheckSpec]:
    """``checks``: "table/check" → description."""
    return [
        dg.AssetCheckSpec(place.split("/")[1], asset=asset_key(step, place.split("/")[0]))
        if not text
        else dg.AssetCheckSpec(
            place.split("/")[1], asset=asset_key(step, place.split("/")[0]), description=text
        )
        for place, text in checks.items()
    ]


def report(
    study: Study, step: str, result: StepResult
) -> Iterator[dg.MaterializeResult[Any] | dg.AssetCheckResult]:
    """Tell Dagster what the step made, and keep the check results for ``agir status``."""
    if not study.is_draft:
        kept = [
            (f"{table}/{check.name}", check.status, check.sentence)
            for table, checks in result.checks.items()
            for check in checks
        ]
        study.home.landing.ledger.replace_checks(step, kept)
    logger.info(
        _("{step}: {n} tables, {rows} rows").format(
            step=step, n=len(result.n_rows), rows=sum(result.n_rows.values())
        )
    )
    for table, n_rows in result.n_rows.items():
        yield dg.MaterializeResult(
            asset_key=asset_key(step, table),
            metadata={"dagster/row_count": n_rows, **result.figures.get(table, {})},
            check_results=[
                dg.AssetCheckResult(
                    asset_key=asset_key(step, table),
                    passed=check.has_passed,
                    check_name=check.name,
                    severity=check.severity,
                    description=check.sentence,
                )
                for check in result.checks.get(table, ())
            ],
        )
