"""The study home: where everything of one study lies, its settings, and the lock of a run."""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from pydantic import ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from agir_pipeline.errors import InfrastructureError, UsageError
from agir_pipeline.language import _
from agir_pipeline.resources.files import disk_fault, sweep, write_whole
from agir_pipeline.resources.keys import Keys
from agir_pipeline.resources.landing import Landing
from agir_pipeline.resources.vault import Vault
from agir_pipeline.resources.warehouse import Warehouse

ATTEMPTS, PAUSE_SECONDS = 20, 0.05
"""How long the loser of the lock waits for the winner to say who it is."""

DAGSTER_SETTINGS = """\
# Written by agir init. The interface asks nobody for anything and sends nothing anywhere.
telemetry:
  enabled: false
nux:
  enabled: false
compute_logs:
  module: dagster._core.storage.noop_compute_log_manager
  class: NoOpComputeLogManager
run_coordinator:
  module: dagster._core.run_coordinator.queued_run_coordinator
  class: QueuedRunCoordinator
  config:
    max_concurrent_runs: 1
"""

SITE_SETTINGS = """\
# Settings of this site. What the study is stands in protocol.toml, secrets in the environment.

# A server warehouse instead of the file warehouse/study.duckdb:
# warehouse_url = "postgresql+psycopg://user@host/database"
"""


class Site(BaseSettings):
    """``study.toml``: what differs between the places where a study is run."""

    model_config = SettingsConfigDict(extra="forbid", env_prefix="AGIR_SITE_")

    warehouse_url: str = ""

    @classmethod
    def in_file(cls, path: Path) -> "Site":
        class FromFile(cls):  # type: ignore[valid-type, misc]
            @classmethod
            def settings_customise_sources(
                cls, settings_cls: type[BaseSettings], **sources: PydanticBaseSettingsSource
            ) -> tuple[PydanticBaseSettingsSource, ...]:
                return (sources["env_settings"], TomlConfigSettingsSource(settings_cls, path))

        try:
            return Site.model_validate(FromFile().model_dump())
        except ValidationError as fault:
            wrong = ", ".join(str(error["loc"][0]) for error in fault.errors())
            message = _("{path}: these settings are unknown or wrong: {wrong}; known: {known}")
            known = ", ".join(cls.model_fields)
            raise UsageError(message.format(path=path, wrong=wrong, known=known)) from None
        except (OSError, ValueError) as fault:
            raise UsageError(
                _("{path} cannot be read: {cause}").format(path=path, cause=fault)
            ) from None


@dataclass(frozen=True)
class Home:
    """The folder of one study and what stands in it."""

    folder: Path

    @property
    def protocol_path(self) -> Path:
        return self.folder / "protocol.toml"

    @property
    def inbox(self) -> Path:
        return self.folder / "inbox"

    @property
    def decisions(self) -> Path:
        """The steward's workbooks. They name people: nobody else may read them."""
        return self.folder / "decisions"

    @property
    def releases(self) -> Path:
        return self.folder / "releases"

    @property
    def dagster(self) -> Path:
        return self.folder / "dagster"

    @property
    def audit(self) -> Path:
        return self.folder / "audit"

    @property
    def landing(self) -> Landing:
        return Landing(self.folder / "landing")

    def vault(self, as_of: str | None = None) -> Vault:
        """The vault, or the disposable one of a past day."""
        return Vault(self.folder / "vault", as_of)

    @property
    def parsed(self) -> Path:
        return self.folder / "vault" / "parsed"

    @property
    def keys(self) -> Keys:
        return Keys(self.folder / "vault" / "keys")

    @property
    def site(self) -> Site:
        """The settings of this site.

        Raises:
            UsageError: ``study.toml`` cannot be read, or says something that is no setting.
        """
        return Site.in_file(self.folder / "study.toml")

    def warehouse(self, as_of: str | None = None) -> Warehouse:
        """The working warehouse, or the disposable one of a past day."""
        if as_of is None and self.site.warehouse_url:
            return Warehouse(self.site.warehouse_url)
        name = f"as_of/{as_of}.duckdb" if as_of else "study.duckdb"
        path = self.folder / "warehouse" / name
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return Warehouse(f"duckdb:///{path.resolve()}")

    def create(self) -> None:
        """Make the layout of a study.

        Raises:
            UsageError: the folder holds something else, or is no folder.
            InfrastructureError: the disk refused.
        """
        if self.folder.exists() and not self.folder.is_dir():
            raise UsageError(_("{home} is not a folder").format(home=self.folder))
        if self.folder.is_dir() and any(self.folder.iterdir()):
            raise UsageError(
                _("{home} is not empty; name a new folder for the study").format(home=self.folder)
            )
        try:
            self._lay_out()
        except OSError as fault:
            raise disk_fault(self.folder, fault) from None

    def _lay_out(self) -> None:
        for name in ("inbox", "decisions", "landing", "vault", "warehouse", "releases", "audit"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        for name in ("decisions", "landing", "vault", "warehouse"):
            os.chmod(self.folder / name, 0o700)
        self.landing.create()
        self.vault().create()
        self.keys.create()
        write_whole(self.folder / "study.toml", SITE_SETTINGS.encode())
        write_whole(self.dagster / "dagster.yaml", DAGSTER_SETTINGS.encode())

    def require(self) -> "Home":
        """This home, if a study was made in it."""
        if not self.protocol_path.is_file():
            raise UsageError(
                _("{home} holds no study; make one with: agir init {home} --protocol NAME").format(
                    home=self.folder
                )
            )
        return self

    @contextmanager
    def locked(self, doing: str) -> Iterator[None]:
        """Be the only run on this study; what a killed one left half-written is swept first.

        Raises:
            InfrastructureError: another run is under way; says who and since when.
        """
        path = self.folder / ".lock"
        with _opened(path) as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise InfrastructureError(_held(path)) from None
            try:
                _sign(file, doing)
                for folder in (self.folder / "landing", self.parsed, self.releases):
                    if folder.is_dir():
                        sweep(folder)
                yield
            finally:
                file.truncate(0)


def _opened(lock: Path) -> IO[str]:
    try:
        return open(lock, "a+", encoding="utf-8")
    except OSError as fault:
        raise disk_fault(lock, fault) from None


def _sign(file: IO[str], doing: str) -> None:
    """Say who holds the lock and since when."""
    holder = {
        "doing": doing,
        "process": os.getpid(),
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    file.truncate(0)
    file.write(json.dumps(holder))
    file.flush()


def _held(lock: Path) -> str:
    """Who runs, since when; the holder has at most just begun to write it down."""
    holder: dict[str, Any] = {}
    for _attempt in range(ATTEMPTS):
        with suppress(OSError, ValueError):
            holder = json.loads(lock.read_text(encoding="utf-8"))
            break
        time.sleep(PAUSE_SECONDS)
    return _(
        "a run is under way ({doing}, process {process}, since {since}); try again later"
    ).format(
        doing=holder.get("doing", "?"),
        process=holder.get("process", "?"),
        since=holder.get("since", "?"),
    )
