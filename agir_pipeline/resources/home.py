"""The study home: where everything of one study lies, its settings, and the lock of a run."""

import getpass
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import NonNegativeFloat, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from agir_pipeline.errors import InfrastructureError, UsageError
from agir_pipeline.language import _
from agir_pipeline.resources.audit_trail import AuditTrail, Did
from agir_pipeline.resources.files import disk_fault, sweep, write_whole
from agir_pipeline.resources.intake import FileSettings, Intake, Location
from agir_pipeline.resources.keys import Keys, keys_in_environment
from agir_pipeline.resources.landing import Landing
from agir_pipeline.resources.locks import Held, hold
from agir_pipeline.resources.sources.settings import Form, Server

if TYPE_CHECKING:  # each loads pandas, and most commands ask for neither
    from agir_pipeline.resources.vault import Vault
    from agir_pipeline.resources.warehouse import Warehouse

DAGSTER_SETTINGS = """\
# Written by agir init. The interface asks nobody for anything and sends nothing anywhere.
telemetry:
  enabled: false
nux:
  enabled: false
compute_logs:
  module: dagster._core.storage.noop_compute_log_manager
  class: NoOpComputeLogManager
event_log_storage:
  module: agir_pipeline.resources.event_log
  class: OpenEventLog
  config:
    base_dir:
      env: DAGSTER_HOME
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

# Who is told when a night fails or a check does: by e-mail, by a webhook, or both. The password of
# the mail server is AGIR_SMTP_PASSWORD, the token of the webhook AGIR_WEBHOOK_TOKEN, both in the
# environment.
# alert_to = ["steward@example.org"]
# alert_from = "agir@example.org"
# smtp_host = "mail.example.org"
# smtp_port = 587
# smtp_starttls = true
# smtp_user = "agir"
# alert_webhook = "https://chat.example.org/hooks/agir"

# Who may decide: the authors of corrections and of accepted layouts, and those who approve them,
# as they sign in the workbooks of decisions/. While nobody is named, nothing is decided.
# deciders = ["A. Steward", "B. Manager"]

# The address of the interface as readers of a message reach it; else that of agir ui is given.
# ui_url = "https://agir.example.org"

# How long a file in the inbox must have stayed the same to be taken, in seconds.
# inbox_look_seconds = 5

# What the files of one source may ask for; macros are read around, never run. The password with
# which a partner locks its workbooks is AGIR_WORKBOOK_ and the provider's name, in the environment.
# [files.contract_register]
# max_megabytes = 50
# max_rows = 200000
# macros = true

# A folder from which the nightly run fetches files: file, sftp, ftps, webdav+https or s3. Its
# password is AGIR_LOCATION_ and the provider's name, in the environment. An SFTP server is known
# by the fingerprint of its host key; without one nothing is fetched.
# [[location]]
# source = "contract_register"
# provider = "office"
# url = "sftp://files.example.org/outgoing"
# user = "agir"
# fingerprint = "SHA256:..."
# pattern = "*.xlsx"

# Survey servers that are pulled every night, and which form of them plays which role of the
# protocol (pull.form). The password or token of [servers.surveys] is AGIR_SERVER_SURVEYS_SECRET in
# the environment. zone is the time zone the server itself writes in.
# [servers.surveys]
# url = "https://surveys.example.org/index.php/admin/remotecontrol"
# user = "agir"
# zone = "Europe/Paris"
# [forms.youth_t0]
# server = "surveys"
# form = "140140"
"""


class Site(BaseSettings):
    """``study.toml``: what differs between the places where a study is run."""

    model_config = SettingsConfigDict(extra="forbid", env_prefix="AGIR_SITE_")

    warehouse_url: str = ""
    alert_to: tuple[str, ...] = ()
    alert_from: str = ""
    smtp_host: str = ""
    smtp_port: int = 25
    smtp_starttls: bool = False
    smtp_user: str = ""
    alert_webhook: str = ""
    ui_url: str = ""
    deciders: tuple[str, ...] = ()
    servers: dict[str, Server] = {}
    """Survey servers, by a name of the site's own."""
    forms: dict[str, Form] = {}
    """Role of the protocol → the form that plays it."""
    files: dict[str, FileSettings] = {}
    inbox_look_seconds: NonNegativeFloat = 5.0
    """How long a file in the inbox must have stayed the same to be taken."""
    location: tuple[Location, ...] = ()

    @property
    def intake(self) -> Intake:
        return Intake(self.files)

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
            wrong = ", ".join(".".join(map(str, error["loc"])) for error in fault.errors())
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
    def review(self) -> Path:
        """What waits for the steward, cell by cell. It names people too."""
        return self.folder / "review"

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
    def audit_trail(self) -> AuditTrail:
        return AuditTrail(self.audit, self.keys.audit_key)

    def note(self, did: Did, what: str, n: int = 1) -> str:
        """Add a line to the audit trail in the name of this account; gives the new head."""
        return self.audit_trail.note(self.keys.actor_id(_account()), did, what, n)

    @property
    def lock_path(self) -> Path:
        """Held by the one run of the study."""
        return self.folder / ".lock"

    @property
    def ui_lock_path(self) -> Path:
        """Held by the one interface of the study; says its address."""
        return self.dagster / "ui.lock"

    @property
    def landing(self) -> Landing:
        return Landing(self.folder / "landing")

    def vault(self, as_of: str | None = None) -> "Vault":
        """The vault, or the disposable one of a past day."""
        from agir_pipeline.resources.vault import Vault

        return Vault(self.folder / "vault", as_of)

    @property
    def parsed(self) -> Path:
        return self.folder / "vault" / "parsed"

    @property
    def keys(self) -> Keys:
        return Keys(self.folder / "vault" / "keys", keys_in_environment())

    @property
    def site(self) -> Site:
        """The settings of this site.

        Raises:
            UsageError: ``study.toml`` cannot be read, or says something that is no setting.
        """
        return Site.in_file(self.folder / "study.toml")

    def warehouse(self, as_of: str | None = None) -> "Warehouse":
        """The working warehouse, or the disposable one of a past day."""
        from agir_pipeline.resources.warehouse import Warehouse

        if as_of is None and self.site.warehouse_url:
            return Warehouse(self.site.warehouse_url)
        name = f"as_of/{as_of}.duckdb" if as_of else "study.duckdb"
        path = self.folder / "warehouse" / name
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return Warehouse(f"duckdb:///{path.resolve()}")

    def create(self, draw: Callable[[int], bytes] = secrets.token_bytes) -> None:
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
            self._lay_out(draw)
        except OSError as fault:
            raise disk_fault(self.folder, fault) from None

    def _lay_out(self, draw: Callable[[int], bytes]) -> None:
        for name in ("inbox", "decisions", "landing", "vault", "warehouse", "releases", "audit"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        for name in ("decisions", "landing", "vault", "warehouse"):
            os.chmod(self.folder / name, 0o700)
        self.landing.create()
        self.vault().create()
        self.keys.create(draw)
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
        try:
            with hold(self.lock_path, doing):
                for folder in (self.folder / "landing", self.parsed, self.releases):
                    if folder.is_dir():
                        sweep(folder)
                yield
        except Held as held:
            who = {name: held.holder.get(name, "?") for name in ("doing", "process", "since")}
            raise InfrastructureError(
                _(
                    "a run is under way ({doing}, process {process}, since {since}); "
                    "try again later"
                ).format(**who)
            ) from None


def _account() -> str:
    """The account that runs this process; in a container it may have no name."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return str(os.getuid())
