"""Forms of survey servers, pulled whole and landed like a file that was dropped."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from agir_pipeline.language import _
from agir_pipeline.methods.reading.pull_changes import PullChanges, pull_changes
from agir_pipeline.methods.reading.questionnaire import Questionnaire, changes
from agir_pipeline.protocol.sources import FormPull
from agir_pipeline.resources.landing import Landing
from agir_pipeline.resources.receipts import Receipt
from agir_pipeline.resources.sources import kobo, limesurvey, odk, redcap
from agir_pipeline.resources.sources.exchange import Exchange, exchange_with
from agir_pipeline.resources.sources.faults import ServerFault
from agir_pipeline.resources.sources.pulled import Ask, Pulled
from agir_pipeline.resources.sources.settings import Form, Server, secret_name, secret_of

PULLS: Mapping[str, Callable[[Ask, Exchange], Pulled]] = {
    "limesurvey": limesurvey.pull,
    "odk": odk.pull,
    "kobo": kobo.pull,
    "redcap": redcap.pull,
}
REFUSALS = frozenset({"login", "locked"})
"""After one of these a server is not asked again on the same night."""
SHOWN = 5


@dataclass
class Night:
    """The servers of one night, and those that refused a login: three refusals lock out."""

    servers: Mapping[str, Server]
    forms: Mapping[str, Form]
    time_zone: str
    refused: set[str] = field(default_factory=set)

    def pull(self, asked: FormPull) -> Pulled:
        """All responses of the form that plays this role.

        Raises:
            ServerFault: the site's settings do not say where it is, or it cannot be pulled.
        """
        ask = self._ask(asked)
        try:
            with exchange_with(ask.server) as exchange:
                return PULLS[asked.adapter](ask, exchange)
        except ServerFault as fault:
            if fault.code in REFUSALS:
                self.refused.add(ask.server_name)
            raise

    def _ask(self, asked: FormPull) -> Ask:
        form = self.forms[asked.form]
        server = self.servers.get(form.server)
        if server is None:
            raise ServerFault("no_server", server=form.server)
        if asked.adapter == "limesurvey" and not form.form.isdecimal():
            raise ServerFault("bad_form")
        secret = secret_of(form.server)
        if not secret:
            raise ServerFault("no_secret", variable=secret_name(form.server))
        if form.server in self.refused:
            raise ServerFault("not_asked_again")
        return Ask(form.server, server, form.form, secret, asked, self.time_zone)

    def largest_loss(self, asked: FormPull) -> float:
        return self.servers[self.forms[asked.form].server].largest_loss


def land(landing: Landing, receipt: Receipt, pulled: Pulled, largest_loss: float) -> list[str]:
    """Keep the questionnaire, then the responses; a sentence for each thing that changed.

    Raises:
        ServerFault: too many responses are gone at once to be believed.
        InfrastructureError: the disk refused.
    """
    earlier = [
        r
        for r in landing.receipts()
        if (r.source, r.provider, r.how) == (receipt.source, receipt.provider, receipt.how)
    ]
    responses = _newest_first(earlier, "delivery")
    notes = []
    if responses:
        found = pull_changes(landing.content(responses[0]), pulled.content)
        if found.share_lost > largest_loss:
            raise ServerFault("lost_responses")
        notes += _responses_told(receipt.source, found)
    if pulled.questionnaire is not None:
        structures = _newest_first(earlier, "structure")
        notes += _questions_told(landing, receipt.source, structures, pulled.questionnaire)
        content = pulled.questionnaire.to_json().encode()
        own = replace(_numbered(receipt, structures, "json"), kind="structure")
        landing.receive(_unlike_earlier(content, structures), own)
    own = _numbered(receipt, responses, "csv")
    landing.receive(_unlike_earlier(pulled.content, responses), own)
    return notes


def _numbered(receipt: Receipt, earlier: Sequence[Receipt], ending: str) -> Receipt:
    """Named so that of two pulls on one day the later one counts: days alone do not tell."""
    name = f"{receipt.file_name}_{len(earlier) + 1:06}.{ending}"
    return replace(receipt, file_name=name)


def _newest_first(receipts: Sequence[Receipt], kind: str) -> list[Receipt]:
    """Those of a kind, the one that landed last before the others."""
    return [r for r in receipts if r.kind == kind][::-1]


def _unlike_earlier(content: bytes, newest_first: Sequence[Receipt]) -> bytes:
    """The same bytes are one arrival: what returns to an earlier state gets an empty line more.

    The line is blank to every reader, and the state counts as the newest.
    """
    known = [receipt.sha256 for receipt in newest_first]
    while (digest := hashlib.sha256(content).hexdigest()) in known and digest != known[0]:
        content += b"\n"
    return content


def _responses_told(source: str, found: PullChanges) -> list[str]:
    if not any(found.counts.values()):
        return []
    text = _(
        "{source}: {new} new, {edited} edited, {reopened} re-opened and {deleted} deleted responses"
    )
    return [text.format(source=source, **found.counts)]


def _questions_told(
    landing: Landing, source: str, structures: Sequence[Receipt], now: Questionnaire
) -> list[str]:
    if not structures:
        return []
    before = Questionnaire.from_json(landing.content(structures[0]).decode())
    if before.codebook == now.codebook:
        return []
    added, removed, changed = changes(before, now)
    text = _(
        "{source}: the questionnaire is another one since the last pull ({before} → {now}); "
        "added: {added}; removed: {removed}; changed: {changed}"
    )
    parts = {"added": added, "removed": removed, "changed": changed}
    shown = {key: ", ".join(names[:SHOWN]) or "-" for key, names in parts.items()}
    return [text.format(source=source, before=before.codebook, now=now.codebook, **shown)]
