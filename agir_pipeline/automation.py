"""What runs by itself or at a click: jobs without configuration, the schedule of the night."""

from collections.abc import Mapping

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import (
    UnresolvedAssetJobDefinition,
)

from agir_pipeline.assets.catalogue import asset_key, group
from agir_pipeline.contracts.matched import FRONTIER
from agir_pipeline.language import _, mark

NIGHTLY = "nightly"
READ_DELIVERIES = "read_deliveries"
COMPARE_PRICES = "compare_prices"
STOPPED_TAG = "agir/stopped_from_outside"
"""On a run whose process was stopped: nothing of it failed."""

JOBS: Mapping[str, str] = {
    NIGHTLY: mark("Take in what arrived and carry it through to the release"),
    READ_DELIVERIES: mark("Only take in and read what arrived, to see how it was read"),
    COMPARE_PRICES: mark(
        "Show the committee what each price of leaving out buys, before any outcome"
    ),
}


def study_jobs() -> list[UnresolvedAssetJobDefinition]:
    """The jobs a steward may launch; none asks for anything."""
    on_demand = dg.AssetSelection.assets(asset_key("matched", FRONTIER))
    selections = {
        NIGHTLY: dg.AssetSelection.all() - on_demand,
        COMPARE_PRICES: on_demand,
        READ_DELIVERIES: dg.AssetSelection.groups(group("raw"), group("validated")),
    }
    return [
        dg.define_asset_job(
            name,
            selection=selections[name],
            description=_(text),
            executor_def=dg.in_process_executor,
        )
        for name, text in JOBS.items()
    ]


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
