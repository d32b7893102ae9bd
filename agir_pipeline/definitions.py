"""The one place where the study, its resources and its assets are put together."""

import logging
import os
from pathlib import Path

import dagster as dg

from agir_pipeline import automation
from agir_pipeline.assets.frontier import frontier_assets
from agir_pipeline.assets.linked import linked_assets
from agir_pipeline.assets.matched import matched_assets
from agir_pipeline.assets.outcomes import outcomes_assets
from agir_pipeline.assets.published import published_assets
from agir_pipeline.assets.raw import raw_assets
from agir_pipeline.assets.step import StudyRun
from agir_pipeline.assets.validated import validated_assets
from agir_pipeline.garbage import collect_rarely
from agir_pipeline.language import current_language, use_language
from agir_pipeline.protocol.loading import load_protocol
from agir_pipeline.resources.home import Home
from agir_pipeline.resources.making import make_demo
from agir_pipeline.sensors import Watch, study_sensors

SAFE_SETTINGS = {"DAGSTER_REDACT_USER_CODE_ERRORS": "1", "GX_ANALYTICS_ENABLED": "False"}
TOLD_TOGETHER = {"DAGSTER_EVENT_BATCH_SIZE": "1000"}
"""What a run plans is stored in one go, not table by table."""


def make_safe() -> None:
    """Nothing a library says of a row reaches a log, a page or another machine."""
    os.environ.update(SAFE_SETTINGS | TOLD_TOGETHER)
    masked = logging.getLogger("dagster.redacted_errors")
    masked.handlers = [logging.NullHandler()]
    masked.propagate = False


def build_definitions(home: Path, as_of: str = "", protocol: Path | None = None) -> dg.Definitions:
    """The definitions of the study in ``home``; ``as_of`` rebuilds the end of a past day.

    Raises:
        UsageError: there is no study in ``home``.
        ProtocolError: its protocol does not hold.
    """
    make_safe()
    loaded = load_protocol(protocol or Home(home).require().protocol_path)
    use_language(os.environ.get("AGIR_LANGUAGE") or loaded.study.language)
    steps = (
        raw_assets,
        validated_assets,
        linked_assets,
        matched_assets,
        frontier_assets,
        outcomes_assets,
        published_assets,
    )
    assets = [step(loaded) for step in steps]
    watch = Watch(home.resolve(), loaded, current_language())
    quiet = [spec.key for made in assets for spec in made.check_specs if not spec.blocking]
    return dg.Definitions(
        assets=assets,
        jobs=automation.study_jobs(),
        sensors=study_sensors(watch, quiet),
        schedules=[automation.nightly_schedule(loaded.study.time_zone)],
        resources={
            "study_run": StudyRun(
                home=str(home.resolve()),
                as_of=as_of,
                protocol=str(protocol.resolve()) if protocol else "",
                language=current_language(),
            )
        },
        executor=dg.in_process_executor,
    )


@dg.definitions
def study_definitions() -> dg.Definitions:
    """What ``dagster dev -w workspace.yaml`` loads: the study of AGIR_HOME, else ./demo."""
    collect_rarely()
    home = Path(os.environ.get("AGIR_HOME") or "demo")
    if not Home(home).protocol_path.is_file() and "AGIR_HOME" not in os.environ:
        make_demo(home, seed=1, scale=1)
    return build_definitions(home)
