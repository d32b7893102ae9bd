"""The register of processing of a study, as its protocol has it.

What it must say is listed in article 30(1) of the GDPR: controller, purposes, categories of people
and of data, recipients, transfers, time limits, and a description of the security measures.
"""

from collections.abc import Iterator, Mapping, Sequence

from agir_pipeline.language import _, current_language, mark
from agir_pipeline.protocol.model import Protocol, Source

PEOPLE: Mapping[str, str] = {
    "person": mark("People of the study"),
    "spell": mark("People of the study: their contracts or stays"),
    "session": mark("People of the study and their advisers: interviews"),
    "answer": mark("People who answer a questionnaire, and whom it is about"),
    "activity": mark("People named in what is done for the programme"),
    "cost": mark("People named in the accounts"),
    "decision": mark("People about whom the data steward decides, and the deciders"),
}
"""Whose data a source holds, by what it feeds; the others hold nobody's."""
MEASURES = (
    mark("Names, contact details and keys stand in a vault apart, readable by its owner alone."),
    mark("Everywhere else people bear a pseudonym: a keyed hash of 128 bits; keys can be renewed."),
    mark("Files are read in a process of their own, and kept under the hash of their content."),
    mark("Errors, logs and the interface show places and counts, never a value."),
    mark("Who took in, decided, released or erased what stands in a sealed audit trail."),
    mark("Erasure rewrites what is kept; a keyed tombstone keeps the person from coming back."),
    mark("Social security numbers (NIR) are looked for by their values and never kept."),
)


def register_of_processing(protocol: Protocol) -> str:
    """The register as Markdown, in the language in force.

    A study whose protocol says nothing of its processing says so where the words are missing.
    """
    sources = [s for s in protocol.sources if s.feeds in PEOPLE]
    parts = (
        _head(protocol),
        _why(protocol),
        _people(sources),
        _data(sources),
        _recipients(protocol),
        _time_limits(protocol, sources),
        _measures(),
    )
    return "\n".join(line for part in parts for line in part)


def _head(protocol: Protocol) -> Iterator[str]:
    language, processing = current_language(), protocol.processing
    yield "# " + _("Register of processing: {title}").format(
        title=protocol.study.title.in_language(language)
    )
    yield ""
    yield _("Protocol {digest}; GDPR, article 30.").format(digest=protocol.protocol_digest[:12])
    yield ""
    yield "## " + _("Controller")
    yield ""
    roles = {
        "bearer": _("Bearer of the project"),
        "funder": _("Funder"),
        "evaluator": _("Evaluator"),
        "partner": _("Partner"),
    }
    for party in protocol.study.parties:
        yield f"- {roles[party.role]}: {party.name}"
    yield "- " + _("Contact: {contact}").format(
        contact=processing.contact if processing else _(NOT_SAID)
    )
    yield ""


NOT_SAID = mark("not said in the protocol; add it to [processing]")


def _why(protocol: Protocol) -> Iterator[str]:
    language, processing = current_language(), protocol.processing
    for heading, text in (
        (_("Purposes"), processing and processing.purposes),
        (_("Legal basis"), processing and processing.legal_basis),
    ):
        yield f"## {heading}"
        yield ""
        yield text.in_language(language) if text else _(NOT_SAID)
        yield ""


def _people(sources: Sequence[Source]) -> Iterator[str]:
    yield "## " + _("Categories of people")
    yield ""
    for words in dict.fromkeys(PEOPLE[source.feeds] for source in sources):
        yield f"- {_(words)}"
    yield ""


def _data(sources: Sequence[Source]) -> Iterator[str]:
    language = current_language()
    yield "## " + _("Categories of data")
    yield ""
    headings = (_("Source"), _("Received from"), _("Identifying"), _("Sensitive"), _("Other"))
    yield _row(headings)
    yield _row(["---"] * len(headings))
    for source in sources:
        kinds: dict[str, list[str]] = {"identifying": [], "sensitive": [], "none": []}
        for column in source.columns:
            kinds[column.sensitivity].append(column.labels.in_language(language))
        providers = [provider.labels.in_language(language) for provider in source.providers]
        yield _row(
            [
                source.labels.in_language(language),
                *(", ".join(x) or "-" for x in (providers, *kinds.values())),
            ]
        )
    yield ""


def _recipients(protocol: Protocol) -> Iterator[str]:
    language, processing = current_language(), protocol.processing
    yield "## " + _("Recipients and transfers")
    yield ""
    for recipient in processing.recipients if processing else ():
        yield f"- {recipient.name}: {recipient.receives.in_language(language)}"
    transfers = processing.transfers if processing else None
    yield "- " + (
        transfers.in_language(language)
        if transfers
        else _("No transfer out of the European Economic Area.")
    )
    yield ""


def _time_limits(protocol: Protocol, sources: Sequence[Source]) -> Iterator[str]:
    language, processing = current_language(), protocol.processing
    yield "## " + _("Time limits for erasure")
    yield ""
    yield processing.retention.in_language(language) if processing else _(NOT_SAID)
    yield ""
    for source in sources:
        until = source.keep_until
        if until is not None:
            text = _("{source}: until {day} ({decided}); the night after it purges the rows")
            yield "- " + text.format(
                source=source.labels.in_language(language), day=until.value, decided=until.source
            )
    yield ""


def _measures() -> Iterator[str]:
    yield "## " + _("Security measures")
    yield ""
    for measure in MEASURES:
        yield f"- {_(measure)}"
    yield ""


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |"
