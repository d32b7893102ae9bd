"""The table of who may be funded by somebody else, under the name the protocol gives it."""

from collections.abc import Iterator, Mapping

from agir_pipeline.contracts.model import Column, Sensitivity, TableContract, Text
from agir_pipeline.contracts.places import Origins, participant
from agir_pipeline.contracts.sql_words import SPELL_PREFIX
from agir_pipeline.contracts.words import (
    PERSONS,
    coded,
    count,
    day,
    flag,
    number,
    spelled,
    text,
    vocabulary,
)
from agir_pipeline.language import mark
from agir_pipeline.protocol.funding import Funding
from agir_pipeline.protocol.model import Protocol

FUNDING_STATES: Mapping[str, Text] = {
    "met": mark("Met"),
    "not_met": mark("Not met"),
    "evidence_missing": mark("Evidence is missing"),
    "no_rule": mark("No text in force on that day"),
}

WORDS = {
    **PERSONS,
    **vocabulary(
        day("ruled_on", mark("Day of the rules"), mark("The texts in force on this day decide")),
        coded("is_eligible", mark("May be funded"), FUNDING_STATES,
              description=mark("One criterion met is enough")),
        text("missing_evidence", mark("Missing evidence"),
             mark("Columns that would decide, separated by a space")),
        text("articles", mark("Texts"), mark("In force on that day")),
        flag("is_increased", mark("Increased"),
             mark("Empty while evidence for the increase is missing: the ordinary amount counts")),
        count("n_months", mark("Months funded"), mark("At most; no more than the contract has"),
              unit="months"),
        number("monthly_eur", mark("Amount a month"), mark("As proven today"), unit="EUR",
               minimum=0),
        number("maximum_eur", mark("Amount in all"), mark("Months times the monthly amount"),
               unit="EUR", minimum=0),
        number("share_of_cost", mark("Share of the direct cost"),
               mark("Of one beneficiary, as planned"), unit="share", minimum=0),
        number("rest_eur", mark("Rest to pay"), mark("Direct cost less the amount"), unit="EUR"),
    ),
}  # fmt: skip


def funding_contracts(protocol: Protocol) -> dict[str, TableContract]:
    """The contract of the table, where the protocol has such rules."""
    funding = protocol.funding
    if funding is None:
        return {}
    sensitivity: Sensitivity = "sensitive" if is_sensitive(funding, protocol) else "none"
    criteria = tuple(_criterion(funding, name, sensitivity) for name in _names(funding))
    columns = spelled(
        WORDS,
        f"""person_id ruled_on? {" ".join(c.name for c in criteria)} is_eligible
        missing_evidence? articles? is_increased? n_months? monthly_eur? maximum_eur?
        share_of_cost? rest_eur?""",
        *criteria,
    )
    title = mark("Who else may pay for the support, and what proof is missing")
    return {funding.name: TableContract(funding.name, title, columns, ("person_id",))}


def funding_origins(protocol: Protocol) -> dict[str, Origins]:
    """Column → the columns that its rules read."""
    funding = protocol.funding
    if funding is None:
        return {}
    signed = participant(SPELL_PREFIX + funding.day_column)
    of_name = {
        name: tuple(
            place
            for criterion in funding.criteria
            if criterion.name == name
            for way in criterion.ways
            for c in way.conditions
            for place in participant((SPELL_PREFIX if c.origin == "spell" else "") + c.column)
        )
        for name in _names(funding)
    }
    every = tuple(dict.fromkeys(place for places in of_name.values() for place in places))
    paid = (*every, *participant(SPELL_PREFIX + funding.duration_column))
    amounts = (
        "is_increased",
        "n_months",
        "monthly_eur",
        "maximum_eur",
        "share_of_cost",
        "rest_eur",
    )
    return {
        funding.name: {
            "person_id": participant("person_id"),
            "ruled_on": signed,
            "articles": signed,
            **{f"criterion_{name}": tuple(dict.fromkeys(p)) for name, p in of_name.items()},
            **dict.fromkeys(("is_eligible", "missing_evidence"), every),
            **dict.fromkeys(amounts, paid),
        }
    }


def _names(funding: Funding) -> list[str]:
    return list(dict.fromkeys(criterion.name for criterion in funding.criteria))


def _criterion(funding: Funding, name: str, sensitivity: Sensitivity) -> Column:
    labels = next(c.labels for c in funding.criteria if c.name == name)
    said = mark("By the text in force on the day of the rules")
    return coded(f"criterion_{name}", labels, FUNDING_STATES, said, sensitivity=sensitivity)


def is_sensitive(funding: Funding, protocol: Protocol) -> bool:
    """Whether a criterion rests on a sensitive column: then what it came to is sensitive too."""
    return any(
        column.sensitivity == "sensitive"
        for source in protocol.sources
        for column in source.warehouse_columns
        if column.name in set(_columns(funding))
    )


def _columns(funding: Funding) -> Iterator[str]:
    for criterion in funding.criteria:
        for way in criterion.ways:
            yield from (condition.column for condition in way.conditions)
