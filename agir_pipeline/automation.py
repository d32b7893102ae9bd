"""What runs by itself: the nightly job and its schedule."""

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import (
    UnresolvedAssetJobDefinition,
)

from agir_pipeline.language import _

NIGHTLY = "nightly"


def nightly_job() -> UnresolvedAssetJobDefinition:
    return dg.define_asset_job(
        NIGHTLY,
        selection=dg.AssetSelection.all(),
        description=_("Take in what arrived and carry it through to the release"),
        executor_def=dg.in_process_executor,
    )


def nightly_schedule(time_zone: str) -> dg.ScheduleDefinition:
    """At 04:00 in the study's time zone: 02:30 is missing one night a year and comes twice once."""
    return dg.ScheduleDefinition(
        name=NIGHTLY,
        job_name=NIGHTLY,
        cron_schedule="0 4 * * *",
        execution_timezone=time_zone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=_("Every night at 04:00"),
    )
