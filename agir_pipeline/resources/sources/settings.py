"""What ``study.toml`` says of survey servers: where they are, and what a pull may cost."""

import os
from typing import Annotated
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

SECRET = "AGIR_SERVER_{name}_SECRET"  # noqa: S105 - the name of a variable, not a secret


def _address(url: str) -> str:
    parts = urlsplit(url)
    is_whole = parts.scheme in ("http", "https") and parts.hostname
    if not is_whole or parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError
    return url.rstrip("/")


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        raise ValueError from None
    return name


Seconds = Annotated[float, Field(gt=0, le=86_400)]
Bytes = Annotated[int, Field(gt=0)]


class Server(BaseModel):
    """One survey server as this site reaches it. Its secret stands in the environment alone."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: Annotated[str, AfterValidator(_address)]
    """LimeSurvey: the address of RemoteControl; the others: all before ``/v1`` or ``/api``."""
    user: str = ""
    """LimeSurvey and ODK Central; the others know a token only."""
    zone: Annotated[str, AfterValidator(_zone)] = "Europe/Paris"
    """The time zone a LimeSurvey server writes its instants in: it does not say so itself."""
    allow_http: bool = False
    """Permits an address without TLS."""
    allow_private: bool = False
    """Permits an address inside the site's own network."""
    ca_bundle: str = ""
    """A file of certificates to trust instead of the public ones."""
    connect_seconds: Seconds = 10.0
    read_seconds: Seconds = 300.0
    deadline_seconds: Seconds = 1_800.0
    """For one form, retries and waits included."""
    retry_after_seconds: Seconds = 120.0
    """The longest wait a server may ask for."""
    backoff_seconds: Annotated[float, Field(ge=0, le=60)] = 0.5
    """The first wait of our own; each next one is twice as long."""
    retries: Annotated[int, Field(ge=0, le=10)] = 4
    received_bytes: Bytes = 500_000_000
    inflated_bytes: Bytes = 2_000_000_000
    slice_rows: Annotated[int, Field(ge=100, le=2_500)] = 2_000
    """LimeSurvey: how many numbers of responses one request asks for."""
    largest_loss: Annotated[float, Field(ge=0, le=1)] = 0.5
    """A pull that lost a larger share of the responses of the one before is not believed."""


class Form(BaseModel):
    """Which form of which server plays a role of the protocol."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    server: str
    form: str
    """LimeSurvey: the number of the survey; ODK: ``project/form``; Kobo: the asset; REDCap: any."""


def secret_name(server: str) -> str:
    """The variable of the environment that holds the password or token of a server."""
    return SECRET.format(name=server.upper().replace("-", "_"))


def secret_of(server: str) -> str:
    return os.environ.get(secret_name(server), "")
