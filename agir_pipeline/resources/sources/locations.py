"""Files fetched from the folders of partners: SFTP, WebDAV, FTP, S3, or a folder of this machine.

A file is taken when two looks at it agree on its size and on its time or tag, and when it was
not taken before. Nothing is ever moved, renamed or deleted there.
"""

import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from hashlib import sha256
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from upath import UPath

from agir_pipeline.errors import InfrastructureError
from agir_pipeline.language import _
from agir_pipeline.protocol.model import Protocol
from agir_pipeline.resources.file_names import place_of, shown_before_receipt
from agir_pipeline.resources.files import legible
from agir_pipeline.resources.intake import Intake, Location
from agir_pipeline.resources.sources.inbox import IGNORED

DEPTH = 4
"""How far below the folder files are looked for."""
TIMEOUT_SECONDS = 30
CHANGES = ("etag", "ETag", "mtime", "modified", "modify", "LastModified")
"""What says that a file has changed, by the name each kind of server gives it."""
EXTRAS = {"sftp": "sftp", "webdav+https": "webdav", "webdav+http": "webdav", "s3": "s3"}
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class HostKeyRefused(InfrastructureError):
    """The server is not the one whose key stands in the settings."""


@dataclass(frozen=True)
class Fetched:
    """A file as it was fetched."""

    source: str
    provider: str
    name: str
    content: bytes


class _Found(NamedTuple):
    path: str
    size: int
    look: str


@dataclass
class Fetching:
    """One visit of every location. Notes and looks are whole once all files were taken."""

    locations: Sequence[Location]
    protocol: Protocol
    seen: Mapping[str, str]
    """Place of each file taken before → how it looked."""
    intake: Intake = field(default_factory=Intake)
    wait: Callable[[float], None] = time.sleep
    notes: list[str] = field(default_factory=list)
    """A sentence for each location that could not be read, and each file that was left."""
    looks: dict[str, str] = field(default_factory=dict)
    """Place of each file taken now → how it looks, for the next visit."""

    def files(self) -> Iterator[Fetched]:
        """The files to take in. One location that fails stops no other."""
        first: list[tuple[Location, Any, dict[str, _Found]]] = []
        for location in self.locations:
            try:
                self._require_provider(location)
                root = open_location(location)
                new = {k: v for k, v in _listed(location, root).items() if self._is_new(k, v)}
            except Exception as fault:
                self._note(location, fault)
                continue
            if new:
                first.append((location, root, new))
        if first:
            self.wait(max(location.look_seconds for location, _root, _new in first))
        for location, root, new in first:
            try:
                yield from self._stable(location, root, new)
            except Exception as fault:
                self._note(location, fault)

    def _stable(
        self, location: Location, root: Any, before: dict[str, _Found]
    ) -> Iterator[Fetched]:
        now = _listed(location, root)
        limits = self.intake.limits(location.source)
        allowed = max(limits.file_bytes, limits.text_bytes)
        for place, found in before.items():
            name = legible(found.path.rpartition("/")[2])
            shown = shown_before_receipt(self.protocol, name)
            if now.get(place) != found:
                text = _("{url}: {name} is still changing; it is left for the next night")
                self.notes.append(text.format(url=location.url, name=shown))
                continue
            if found.size > allowed:
                text = _("{url}: {name} has {found} bytes, more than the {allowed} allowed")
                told = {"name": shown, "found": found.size, "allowed": allowed}
                self.notes.append(text.format(url=location.url, **told))
                continue
            content = root.fs.cat_file(found.path)
            if len(content) != found.size:
                text = _("{url}: {name} came in part; it is left for the next night")
                self.notes.append(text.format(url=location.url, name=shown))
                continue
            self.looks[place] = found.look
            yield Fetched(location.source, location.provider, name, content)

    def _is_new(self, place: str, found: _Found) -> bool:
        return self.seen.get(place) != found.look

    def _require_provider(self, location: Location) -> None:
        known = {s.name: [p.name for p in s.providers] for s in self.protocol.sources}
        if location.provider not in known.get(location.source, []):
            raise InfrastructureError(
                _("the protocol has no source {source} of the provider {provider}").format(
                    source=location.source, provider=location.provider
                )
            )

    def _note(self, location: Location, fault: Exception) -> None:
        self.notes.append(
            _("{url}: nothing could be fetched: {cause}").format(
                url=location.url, cause=_cause(location, fault)
            )
        )


def open_location(location: Location) -> Any:
    """The folder as a ``UPath``, connected.

    Raises:
        InfrastructureError: the settings do not suffice for a safe connection.
        Exception: whatever the library of the kind of server raises.
    """
    parts = urlsplit(location.url)
    options: dict[str, Any] = {"skip_instance_cache": True}
    match location.scheme:
        case "file":
            return UPath(location.url)
        case "sftp":
            options |= _sftp_options(location)
        case "ftp" | "ftps":
            options |= {"username": location.user, "password": location.password}
            options |= {"timeout": TIMEOUT_SECONDS, "tls": location.scheme == "ftps"}
            return UPath(f"ftp://{parts.netloc}{parts.path}", **options)
        case "webdav+http" | "webdav+https":
            if location.scheme == "webdav+http" and parts.hostname not in LOOPBACK:
                raise InfrastructureError(_("the password would travel in clear; use https"))
            options |= {"auth": (location.user, location.password or "")}
            options |= {"timeout": TIMEOUT_SECONDS}
        case _:
            options |= {"key": location.user or None, "secret": location.password}
    return UPath(location.url, **options)


def _sftp_options(location: Location) -> dict[str, Any]:
    if not location.fingerprint:
        raise HostKeyRefused(
            _("no host key is pinned; write the server's fingerprint (SHA256:…) in study.toml")
        )
    return {
        "username": location.user,
        "password": location.password,
        "key_filename": location.key_file or None,
        "host_key_policy": _pinned(location.fingerprint),
        "look_for_keys": False,
        "allow_agent": False,
        "timeout": TIMEOUT_SECONDS,
        "banner_timeout": TIMEOUT_SECONDS,
        "auth_timeout": TIMEOUT_SECONDS,
    }


def _pinned(fingerprint: str) -> Any:
    """A policy that knows one host key; no list of this machine is asked."""
    import paramiko  # the extra ``sftp``

    class Pinned(paramiko.MissingHostKeyPolicy):
        def missing_host_key(
            self, client: paramiko.SSHClient, hostname: str, key: paramiko.PKey
        ) -> None:
            offered = f"SHA256:{b64encode(sha256(key.asbytes()).digest()).decode().rstrip('=')}"
            if offered != fingerprint:
                raise HostKeyRefused(
                    _(
                        "the server shows the host key {offered}, another than the pinned one; "
                        "ask the partner before you change it"
                    ).format(offered=offered)
                )

    return Pinned()


def _listed(location: Location, root: Any) -> dict[str, _Found]:
    """Every file that may be taken, by what names its arrival."""
    root.fs.invalidate_cache()
    if not root.fs.isdir(root.path):
        raise FileNotFoundError(location.url)
    found = root.fs.find(root.path, maxdepth=DEPTH, detail=True)
    listed = {}
    for path, info in sorted(found.items()):
        name = path.rpartition("/")[2]
        if not fnmatch(name, location.pattern) or any(fnmatch(name, p) for p in IGNORED):
            continue
        changed = next((str(info[key]) for key in CHANGES if info.get(key)), "")
        place = place_of(path, location.url, location.source)
        listed[place] = _Found(path, int(info["size"] or 0), f"{info['size']}\x1f{changed}")
    return listed


def _cause(location: Location, fault: Exception) -> str:
    """What went wrong, in our words: theirs may hold an address with a password in it."""
    if isinstance(fault, InfrastructureError):
        return str(fault)
    if isinstance(fault, ImportError):
        extra = EXTRAS.get(location.scheme, location.scheme)
        return _("agir-pipeline[{extra}] is not installed").format(extra=extra)
    kind = type(fault).__name__
    status = getattr(getattr(fault, "response", None), "status_code", None)
    is_refused = status in (401, 403) or (kind == "error_perm" and str(fault).startswith("530"))
    if is_refused or kind == "AuthenticationException":
        variable = f"AGIR_LOCATION_{location.provider.upper()}"
        return _("user or password are refused; see {variable}").format(variable=variable)
    if isinstance(fault, FileNotFoundError):
        return _("the folder does not exist")
    return kind
