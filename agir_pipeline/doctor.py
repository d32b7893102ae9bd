"""What would make a night fail, looked for before it does."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import dagster as dg
import yaml
from dagster._core.scheduler.instigation import InstigatorStatus
from dagster._daemon.controller import get_daemon_statuses
from dagster._daemon.daemon import SchedulerDaemon, SensorDaemon

from agir_pipeline.automation import NIGHTLY
from agir_pipeline.errors import AgirError, InfrastructureError, UsageError
from agir_pipeline.language import _
from agir_pipeline.protocol.loading import load_protocol
from agir_pipeline.protocol.sources import FormPull
from agir_pipeline.resources.alerts import Alerts
from agir_pipeline.resources.erasure import require_tombstones
from agir_pipeline.resources.home import Home
from agir_pipeline.resources.locks import holder_of
from agir_pipeline.resources.releases import Releases
from agir_pipeline.resources.sources.settings import secret_name, secret_of
from agir_pipeline.sensors import FAILED_CHECK, FAILED_RUN, INBOX

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
        _audit_trail,
        _vault,
        _disk,
        _lock,
        _dagster_settings,
        _concurrency,
        _automation,
        _interface,
        _readers,
        _servers,
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


def _audit_trail(home: Home) -> Finding:
    """Every line as written, and none missing that a release knows of."""
    heads = Releases(home.releases).audit_heads()
    faults = home.audit_trail.faults(heads)
    return Finding(not faults, faults[0] if faults else _("the audit trail is whole"))


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


def _vault(home: Home) -> Finding:
    require_tombstones(home)
    n_links = len(home.vault().read("links"))
    return Finding(True, _("the vault opens: {n} links of records to persons").format(n=n_links))


def _disk(home: Home) -> Finding:
    free = shutil.disk_usage(home.folder).free
    if free >= LEAST_FREE_BYTES:
        text = _("{free} MB free on the disk of the study")
        return Finding(True, text.format(free=free // 1_000_000))
    text = _("only {free} MB free on the disk of the study, a night may need {least}: free some")
    figures = {"free": free // 1_000_000, "least": LEAST_FREE_BYTES // 1_000_000}
    return Finding(False, text.format(**figures))


def _lock(home: Home) -> Finding:
    with home.locked("agir doctor"):
        return Finding(True, _("no run is under way"))


def _dagster_settings(home: Home) -> Finding:
    settings = _settings(home)
    is_quiet = settings.get("telemetry", {}).get("enabled") is False
    keeps_no_output = "NoOp" in str(settings.get("compute_logs", {}).get("class"))
    if is_quiet and keeps_no_output:
        return Finding(True, _("Dagster sends nothing and keeps no output"))
    text = _("{path}: telemetry must be off and compute logs NoOp")
    return Finding(False, text.format(path=home.dagster / "dagster.yaml"))


def _concurrency(home: Home) -> Finding:
    """Two runs at once on SQLite end in "database is locked"."""
    settings = _settings(home)
    coordinator = settings.get("run_coordinator", {}).get("config", {})
    n_at_once = coordinator.get("max_concurrent_runs")
    if n_at_once == 1:
        return Finding(True, _("Dagster runs one job at a time"))
    if "postgres" in settings.get("storage", {}):
        return Finding(True, _("several runs at once, on PostgreSQL"))
    text = _("{path}: several runs at once need PostgreSQL; on SQLite set max_concurrent_runs: 1")
    return Finding(False, text.format(path=home.dagster / "dagster.yaml"))


def _settings(home: Home) -> dict[str, Any]:
    path = home.dagster / "dagster.yaml"
    try:
        settings: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (OSError, yaml.YAMLError):
        raise UsageError(_("{path} cannot be read").format(path=path)) from None
    return settings


def _automation(home: Home) -> Finding:
    """The state the watchers obey: a saved switch wins over the default, which is on."""
    with _instance(home) as instance:
        saved = {
            state.instigator_name
            for state in instance.all_instigator_state()
            if state.status == InstigatorStatus.STOPPED
        }
    off = [name for name in (NIGHTLY, INBOX, FAILED_RUN, FAILED_CHECK) if name in saved]
    if off:
        text = _("switched off: {names}; switch them on in the interface, under Automation")
        return Finding(False, text.format(names=", ".join(off)))
    return Finding(True, _("the nightly schedule (04:00) and the three sensors are on"))


def _interface(home: Home) -> Finding:
    """Schedule and sensors act only while the interface runs and its watchers are alive."""
    holder = holder_of(home.ui_lock_path)
    if holder is None:
        return Finding(True, _("the interface is not running: nothing starts by itself until then"))
    address = holder.get("address", "?")
    with _instance(home) as instance:
        needed = {SchedulerDaemon.daemon_type(), SensorDaemon.daemon_type()}
        statuses = get_daemon_statuses(instance, needed)
    dead = sorted(name for name, status in statuses.items() if not status.healthy)
    if dead:
        text = _("the interface at {address} runs, but not its watchers: {names}; start it again")
        return Finding(False, text.format(address=address, names=", ".join(dead)))
    text = _("the interface is at {address}, its watchers are alive")
    return Finding(True, text.format(address=address))


def _readers(home: Home) -> Finding:
    site = home.site
    if site.alert_to and not site.smtp_host:
        return Finding(False, _("study.toml names alert_to but no smtp_host: no mail can leave"))
    if site.smtp_host and site.smtp_user and not os.environ.get("AGIR_SMTP_PASSWORD"):
        text = _("the environment does not hold {variable}")
        return Finding(False, text.format(variable="AGIR_SMTP_PASSWORD"))
    if Alerts(home.dagster / "alerts.sqlite", home.site).has_readers:
        return Finding(True, _("study.toml says whom to tell when something fails"))
    return Finding(True, _("study.toml names nobody to tell: alert_to or alert_webhook"))


def _servers(home: Home) -> Finding:
    """Every server has its secret; which forms are pulled, and which come as files."""
    site, wrong = home.site, []
    for name in sorted({form.server for form in site.forms.values()} - set(site.servers)):
        wrong.append(_("study.toml has no [servers.{server}]").format(server=name))
    for name in sorted(site.servers):
        if not secret_of(name):
            text = _("the environment does not hold {variable}")
            wrong.append(text.format(variable=secret_name(name)))
    if wrong:
        return Finding(False, "; ".join(wrong))
    asked = [s.pull for s in load_protocol(home.protocol_path).sources]
    roles = [pull.form for pull in asked if isinstance(pull, FormPull)]
    pulled = ", ".join(role for role in roles if role in site.forms) or "-"
    dropped = ", ".join(role for role in roles if role not in site.forms) or "-"
    text = _("forms pulled every night: {pulled}; without a place in study.toml: {dropped}")
    return Finding(True, text.format(pulled=pulled, dropped=dropped))


@contextmanager
def _instance(home: Home) -> Iterator[dg.DagsterInstance]:
    os.environ["DAGSTER_HOME"] = str(home.dagster.resolve())
    try:
        with dg.DagsterInstance.from_config(str(home.dagster.resolve())) as instance:
            yield instance
    except Exception as fault:  # Dagster's own storage may raise anything
        text = _("Dagster's storage in {path} cannot be opened: {cause}")
        raise InfrastructureError(
            text.format(path=home.dagster, cause=type(fault).__name__)
        ) from None


def _warehouse(home: Home) -> Finding:
    warehouse = home.warehouse()
    with warehouse.transaction() as connection:
        n_tables = len(warehouse.tables(connection))
    return Finding(True, _("the warehouse opens: {n} tables").format(n=n_tables))
