"""What would make a night fail, looked for before it does."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import dagster as dg
import yaml
from dagster._core.scheduler.instigation import InstigatorStatus

from agir_pipeline.automation import NIGHTLY
from agir_pipeline.errors import AgirError
from agir_pipeline.language import _
from agir_pipeline.protocol.loading import load_protocol
from agir_pipeline.resources.home import Home

LEAST_FREE_BYTES = 1_000_000_000


@dataclass(frozen=True)
class Finding:
    """One thing looked at: whether it is well, and what to do if not."""

    is_well: bool
    sentence: str


def examine(home: Home) -> Iterator[Finding]:
    """Every finding, worst or not, in the order a night meets them."""
    looks: tuple[Callable[[Home], Finding], ...] = (
        _protocol,
        _keys,
        _rights,
        _landing,
        _disk,
        _lock,
        _dagster_settings,
        _schedule,
        _warehouse,
    )
    for look in looks:
        try:
            yield look(home)
        except AgirError as fault:
            yield Finding(False, str(fault))


def _protocol(home: Home) -> Finding:
    protocol = load_protocol(home.protocol_path)
    return Finding(True, _("the protocol of {name} holds").format(name=protocol.study.name))


def _keys(home: Home) -> Finding:
    fingerprint = home.keys.fingerprint()
    return Finding(True, _("the keys can be read, fingerprint {hash}").format(hash=fingerprint))


def _rights(home: Home) -> Finding:
    """The vault and the landing are for their owner alone."""
    names = ("vault", "landing")
    gone = [str(home.folder / name) for name in names if not (home.folder / name).is_dir()]
    if gone:
        text = _("{folders}: gone; restore from a backup").format(folders=", ".join(gone))
        return Finding(False, text)
    open_to_others = [name for name in names if (home.folder / name).stat().st_mode & 0o077]
    if not open_to_others:
        return Finding(True, _("identities can be read by their owner alone"))
    folders = " ".join(str(home.folder / name) for name in open_to_others)
    text = _("others can look into it; run: chmod 700 {folders}").format(folders=folders)
    return Finding(False, text)


def _landing(home: Home) -> Finding:
    """Every receipt can be read, and none that the ledger knows of is gone."""
    home.landing.require_whole()
    n_receipts = len(home.landing.receipts())
    return Finding(True, _("{n} receipts, none is gone").format(n=n_receipts))


def _disk(home: Home) -> Finding:
    free = shutil.disk_usage(home.folder).free
    text = _("{free} MB free on the disk of the study").format(free=free // 1_000_000)
    return Finding(free >= LEAST_FREE_BYTES, text)


def _lock(home: Home) -> Finding:
    with home.locked("agir doctor"):
        return Finding(True, _("no run is under way"))


def _dagster_settings(home: Home) -> Finding:
    path = home.dagster / "dagster.yaml"
    try:
        settings = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (OSError, yaml.YAMLError):
        return Finding(False, _("{path} cannot be read").format(path=path))
    is_quiet = settings.get("telemetry", {}).get("enabled") is False
    keeps_no_output = "NoOp" in str(settings.get("compute_logs", {}).get("class"))
    coordinator = settings.get("run_coordinator", {}).get("config", {})
    is_single = coordinator.get("max_concurrent_runs") == 1
    if is_quiet and keeps_no_output and is_single:
        return Finding(True, _("Dagster sends nothing, keeps no output, runs one job at a time"))
    text = _("{path}: telemetry must be off, compute logs NoOp, max_concurrent_runs 1")
    return Finding(False, text.format(path=path))


def _schedule(home: Home) -> Finding:
    """The state the daemon obeys: a saved toggle wins over the default."""
    os.environ["DAGSTER_HOME"] = str(home.dagster.resolve())
    try:
        with dg.DagsterInstance.from_config(str(home.dagster.resolve())) as instance:
            saved = [s for s in instance.all_instigator_state() if s.instigator_name == NIGHTLY]
    except Exception as fault:  # Dagster's own storage may raise anything
        text = _("Dagster's storage in {path} cannot be opened: {cause}")
        return Finding(False, text.format(path=home.dagster, cause=type(fault).__name__))
    stopped = [s for s in saved if s.status == InstigatorStatus.STOPPED]
    if stopped:
        text = _("the nightly schedule is switched off; switch it on in the interface")
        return Finding(False, text)
    return Finding(True, _("the nightly schedule is on (04:00)"))


def _warehouse(home: Home) -> Finding:
    warehouse = home.warehouse()
    with warehouse.transaction() as connection:
        n_tables = len(warehouse.tables(connection))
    return Finding(True, _("the warehouse opens: {n} tables").format(n=n_tables))
