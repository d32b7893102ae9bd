"""Whether what says who is who names columns there are."""

from collections.abc import Iterator

from agir_pipeline.errors import Mistake
from agir_pipeline.language import _
from agir_pipeline.protocol.written import (
    Raw,
    columns,
    items,
    names,
    table,
    text,
    texts,
    unknown,
)


def _identity_uses_columns(raw: Raw) -> Iterator[Mistake]:
    known = {n for source in items(raw, "source") for n in names(items(source, "column"))}
    rules = table(raw, "identity").get("same_when")
    for number, rule in enumerate(rules if isinstance(rules, list) else [], 1):
        if rule == []:
            yield Mistake(f"identity › same_when {number}", _("names no column"))
        for name in rule if isinstance(rule, list) else []:
            if isinstance(name, str) and name not in known:
                yield unknown("identity", f"same_when {number}", name, known)


def _linkage_reads_columns(raw: Raw) -> Iterator[Mistake]:
    """Each column that is compared stands in some source, under one of the names given."""
    linkage = table(table(raw, "identity"), "linkage")
    known = columns(raw)
    for field, written in table(linkage, "columns").items():
        for name in texts({field: written}, field):
            if name not in known:
                yield unknown("identity › linkage › columns", field, name, known)
    least, sure = (table(linkage, key).get("value") for key in ("review_from", "automatic_from"))
    if isinstance(least, float) and isinstance(sure, float) and least > sure:
        yield Mistake("identity › linkage › review_from", _("lies above automatic_from"))


DECISION_COLUMNS = (
    "source_a", "key_a", "source_b", "key_b", "identity_decision", "decided_on",
    "withdrawn_decision_on", "fingerprint_a", "fingerprint_b", "author",
)  # fmt: skip
"""What the sheet of decisions on who is who must hold."""


def _decisions_can_be_read(raw: Raw) -> Iterator[Mistake]:
    name = text(table(raw, "identity"), "decisions")
    if name is None:
        return
    sources = {text(s, "name"): s for s in items(raw, "source") if s.get("feeds") == "decision"}
    if name not in sources:
        yield unknown("identity", "decisions", name, [str(known) for known in sources])
        return
    absent = [c for c in DECISION_COLUMNS if c not in names(items(sources[name], "column"))]
    for column in absent:
        message = _("{source} has no column '{name}'").format(source=name, name=column)
        yield Mistake("identity › decisions", message)


IDENTITY_CHECKS = (_identity_uses_columns, _linkage_reads_columns, _decisions_can_be_read)
