"""Messages to the people of a study: each distinct failure is told once, by mail and webhook.

What is told stays on record until it is over, so a failure that lasts is not repeated every
night, and one that comes back is told again. A message that cannot be delivered waits for the
next try. Secrets are read from the environment at each try.
"""

import os
import smtplib
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import requests

from agir_pipeline.errors import InfrastructureError
from agir_pipeline.language import _
from agir_pipeline.resources.home import Site

TIMEOUT_SECONDS = 20
LONGEST = 1500
"""Characters of a message; what is longer is cut."""

SCHEMA = """
create table if not exists told (
    kind text not null,
    key text not null,
    told_at text not null,
    primary key (kind, key)
);
create table if not exists waiting (
    channel text not null,
    key text not null,
    subject text not null,
    body text not null,
    link text not null,
    primary key (channel, key)
);
"""


@dataclass(frozen=True)
class Alert:
    """One failure: ``key`` is the same as long as it is the same failure."""

    kind: str
    key: str
    subject: str
    sentence: str
    link: str = ""


class Alerts:
    """The failures people were told of, and the messages still to deliver."""

    def __init__(self, path: Path, site: Site) -> None:
        self.path = path
        self._senders = _senders(site)

    @property
    def has_readers(self) -> bool:
        """Whether the site says whom to tell."""
        return bool(self._senders)

    def tell(self, alerts: Iterable[Alert]) -> int:
        """Put every failure not yet told on record and on its way; how many are new."""
        if not self.has_readers:
            return 0
        now = datetime.now(UTC).isoformat(timespec="seconds")
        n_new = 0
        with self._open() as connection:
            for alert in alerts:
                new = connection.execute(
                    "insert or ignore into told values (?, ?, ?)", (alert.kind, alert.key, now)
                )
                n_new += new.rowcount
                for channel in self._senders if new.rowcount else ():
                    connection.execute(
                        "insert or replace into waiting values (?, ?, ?, ?, ?)",
                        (channel, alert.key, alert.subject, _cut(alert.sentence), alert.link),
                    )
        return n_new

    def keep_only(self, kind: str, keys: Iterable[str]) -> None:
        """Forget the failures of a kind that are over: should they come back, they are new."""
        with self._open() as connection:
            known = connection.execute("select key from told where kind = ?", (kind,)).fetchall()
            over = {key for (key,) in known} - set(keys)
            connection.executemany(
                "delete from told where kind = ? and key = ?", [(kind, key) for key in over]
            )

    def deliver(self) -> list[str]:
        """Send what waits; a sentence for each channel that could not be reached."""
        with self._open() as connection:
            waiting = connection.execute("select * from waiting").fetchall()
        faults: dict[str, str] = {}
        for channel, key, subject, body, link in waiting:
            send = self._senders.get(channel)
            if send is None or channel in faults:
                continue
            try:
                send(subject, body, link)
            except (OSError, ValueError, smtplib.SMTPException, requests.RequestException) as fault:
                # ValueError: an address that cannot be written, a password outside ASCII
                faults[channel] = _("{channel}: a message could not be sent ({cause})").format(
                    channel=channel, cause=type(fault).__name__
                )
                continue
            with self._open() as connection:
                connection.execute(
                    "delete from waiting where channel = ? and key = ?", (channel, key)
                )
        return list(faults.values())

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(self.path, timeout=30)) as connection, connection:
                connection.executescript(SCHEMA)
                yield connection
        except sqlite3.Error as fault:
            raise InfrastructureError(
                _("the record of alerts {path} cannot be used: {cause}").format(
                    path=self.path, cause=type(fault).__name__
                )
            ) from None


Send = Callable[[str, str, str], None]
"""Subject, body, link."""


def _senders(site: Site) -> Mapping[str, Send]:
    senders: dict[str, Send] = {}
    if site.alert_to and site.smtp_host:
        senders["e-mail"] = lambda subject, body, link: _mail(site, subject, body, link)
    if site.alert_webhook:
        senders["webhook"] = lambda subject, body, link: _post(site, subject, body, link)
    return senders


def _mail(site: Site, subject: str, body: str, link: str) -> None:
    message = EmailMessage()
    message["Subject"] = subject.replace("\n", " ")
    message["From"] = site.alert_from or site.alert_to[0]
    message["To"] = ", ".join(site.alert_to)
    message.set_content("\n\n".join(part for part in (body, link) if part) + "\n")
    with smtplib.SMTP(site.smtp_host, site.smtp_port, timeout=TIMEOUT_SECONDS) as server:
        if site.smtp_starttls:
            server.starttls()
        password = os.environ.get("AGIR_SMTP_PASSWORD")
        if site.smtp_user and password:
            server.login(site.smtp_user, password)
        server.send_message(message)


def _post(site: Site, subject: str, body: str, link: str) -> None:
    token = os.environ.get("AGIR_WEBHOOK_TOKEN")
    text = "\n".join(part for part in (subject, body, link) if part)
    requests.post(
        site.alert_webhook,
        json={"text": text, "subject": subject, "sentence": body, "link": link},
        headers={"Authorization": f"Bearer {token}"} if token else {},
        timeout=TIMEOUT_SECONDS,
    ).raise_for_status()


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
