"""What a pull gives: the responses of one form, whole, in one canonical csv."""

import csv
import hashlib
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from agir_pipeline.methods.reading.questionnaire import Questionnaire
from agir_pipeline.protocol.sources import FormPull
from agir_pipeline.resources.sources.faults import PASSING, ServerFault
from agir_pipeline.resources.sources.settings import Server

CLOCK = "%Y-%m-%d %H:%M:%S"
ATTEMPTS = 3
"""Whole exports tried before what arrives torn is given up."""


@dataclass(frozen=True)
class Ask:
    """What a pull needs to know: which form of which server, and for whom."""

    server_name: str
    server: Server
    form: str
    secret: str
    pull: FormPull
    time_zone: str
    """The study's: instants are written in it."""


@dataclass(frozen=True)
class Pulled:
    """The responses of one form as the server had them at one moment."""

    header: list[str]
    rows: list[list[str]]
    """In the order of their keys."""
    questionnaire: Questionnaire | None = None

    @property
    def content(self) -> bytes:
        """The csv: the same responses give the same bytes, in whatever order they came."""
        text = io.StringIO()
        writer = csv.writer(text, delimiter=";", quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writerow(self.header)
        writer.writerows(self.rows)
        return text.getvalue().encode()


def whole(export: Callable[[], Pulled]) -> Pulled:
    """What one whole export gives; a torn one is asked for again, as a whole.

    Raises:
        ServerFault: the server cannot be read, or none came whole.
    """
    for _attempt in range(ATTEMPTS - 1):
        try:
            return export()
        except ServerFault as fault:
            if fault.code not in PASSING:
                raise
    return export()


def in_study_time(text: str, server_zone: str, study_zone: str) -> str:
    """An instant a server wrote by its own clock, by the clock of the study."""
    if not text or server_zone == study_zone:
        return text
    try:
        written = datetime.strptime(text, CLOCK).replace(tzinfo=ZoneInfo(server_zone))
    except ValueError:
        return text
    return written.astimezone(ZoneInfo(study_zone)).strftime(CLOCK)


def from_universal(text: str, study_zone: str) -> str:
    """An ISO instant with its offset by the clock of the study; anything else as it is."""
    try:
        written = datetime.fromisoformat(text)
    except ValueError:
        return text
    if written.tzinfo is None:
        return text
    return written.astimezone(ZoneInfo(study_zone)).strftime(CLOCK)


def require_once(keys: Sequence[str]) -> None:
    """No response without a key, none twice.

    Raises:
        ServerFault: what arrived is torn.
    """
    if not all(keys) or len(set(keys)) != len(keys):
        raise ServerFault("not_whole")


def page_digest(rows: Iterable[object]) -> str:
    return hashlib.sha256(repr(list(rows)).encode()).hexdigest()


def next_page(url: str, link: str) -> str:
    """The following page at the address already asked: of a link only its query is used.

    A server behind another name links to that name; nobody can lead us elsewhere either.
    """
    query = urlsplit(link).query
    return f"{url.partition('?')[0]}?{query}" if query else ""


def as_cell(value: object) -> str:
    """A value of a JSON answer as the text of a cell; nothing is rounded."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
