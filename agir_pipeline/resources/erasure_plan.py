"""Who is to be erased, told by all that says so: kept in the vault until the erasure is done."""

import json
import secrets
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import pandas as pd

from agir_pipeline.errors import UsageError
from agir_pipeline.language import _
from agir_pipeline.methods.identity.erasing import Words, marks_of, name_words, telling_words
from agir_pipeline.methods.identity.linking import PAIR
from agir_pipeline.methods.identity.rulings import BETWEEN_PARTS
from agir_pipeline.methods.matching.pair_tables import ERASED
from agir_pipeline.protocol.model import Protocol
from agir_pipeline.resources.link_evidence import Evidence
from agir_pipeline.resources.study import Study
from agir_pipeline.resources.vault import Vault

Entity = tuple[str, str]
TOKEN_BYTES = 8


@dataclass
class Plan:
    """One erasure: what names the persons, and what is done so far.

    ``tokens``: anchor → what stands for it in the rounds from now on, drawn at random.
    ``n_rows``: object that was rewritten → source → its rows erased.
    """

    number: str
    asked_on: str
    n_people: int
    marks: list[str]
    telling: list[str]
    names: list[list[str]]
    persons: list[str]
    fingerprints: list[str]
    tokens: dict[str, str]
    n_rows: dict[str, dict[str, int]] = field(default_factory=dict)
    locked: list[str] = field(default_factory=list)
    """Receipts of files nobody can open: they may hold the persons."""
    is_rewritten: bool = False
    """Whether all that was received stands without the persons."""

    @property
    def entities(self) -> set[Entity]:
        found = (anchor.split(PAIR, 1) for anchor in self.tokens)
        return {(source, key) for source, key in found}

    @property
    def words(self) -> Words:
        return Words(frozenset(self.telling), [frozenset(name) for name in self.names])

    def keep(self, vault: Vault) -> None:
        """Note in the vault how far it is."""
        with vault.transaction() as connection:
            _put(connection, self)


def pending(vault: Vault) -> list[Plan]:
    """The erasures that were begun and not finished."""
    return [Plan(**json.loads(text)) for text in vault.read("erasing")["plan"]]


def forget(vault: Vault, plan: Plan) -> None:
    with vault.transaction() as connection:
        _drop(connection, plan.number)


def begin(study: Study, asked: Sequence[Entity]) -> Plan:
    """Note who is to be erased, and the tombstones by which later rows of theirs are known.

    ``asked``: for each person the source and business key of one of its records.

    Raises:
        UsageError: no record of that key is known, or rows of its source have no key.
    """
    plan = _plan(study, [_entity(study.protocol, source, key) for source, key in asked])
    stones = [(study.keys.tombstone(mark), plan.number, plan.asked_on) for mark in plan.marks]
    with study.vault.transaction() as connection:
        connection.executemany("insert into tombstones values (?, ?, ?)", stones)
        _put(connection, plan)
    return plan


def _put(connection: sqlite3.Connection, plan: Plan) -> None:
    _drop(connection, plan.number)
    connection.execute("insert into erasing values (?)", (json.dumps(asdict(plan)),))


def _drop(connection: sqlite3.Connection, number: str) -> None:
    connection.execute("delete from erasing where json_extract(plan, '$.number') = ?", (number,))


def _entity(protocol: Protocol, source: str, written: str) -> Entity:
    known = {s.name: s for s in protocol.sources}
    if source not in known:
        raise UsageError(
            _("there is no source {name}; the protocol has: {known}").format(
                name=source, known=", ".join(known)
            )
        )
    if not known[source].key:
        raise UsageError(
            _("the rows of {source} have no key: nobody in it can be told").format(source=source)
        )
    return source, written


def _plan(study: Study, asked: Sequence[Entity]) -> Plan:
    links = study.vault.read("links")
    now = links[links["superseded_on"].isna()]
    person_of = dict(
        zip(zip(now["source"], now["entity_key"], strict=True), now["person_id"], strict=True)
    )
    asked = [_known(entity, person_of) for entity in asked]
    lost = [n for n, entity in enumerate(asked, 1) if entity not in person_of]
    if lost:
        raise UsageError(
            _(
                "{n} of {total} keys are of no record that is known (the first is number {first})"
            ).format(n=len(lost), total=len(asked), first=lost[0])
        )
    people = {person_of[entity] for entity in asked}
    entities = {entity for entity, person in person_of.items() if person in people}
    evidence = Evidence.of(study)
    told = evidence.identities
    is_theirs = pd.Series(
        [e in entities for e in zip(told["source"], told["entity_key"], strict=True)], told.index
    )
    own, others = _Told.of(study, told[is_theirs]), _Told.of(study, told[~is_theirs])
    prints = evidence.fingerprints
    anchors = sorted(PAIR.join(entity) for entity in entities)
    return Plan(
        number=_number(study),
        asked_on=study.today.isoformat(),
        n_people=len(people),
        marks=sorted(own.marks - others.marks),
        telling=sorted(own.telling - others.telling),
        names=sorted(sorted(name) for name in own.names - others.names),
        persons=sorted(
            (people | {one for anchor in anchors for one in study.keys.person_ids(anchor)})
            - {person for entity, person in person_of.items() if entity not in entities}
        ),
        fingerprints=sorted(set(prints[is_theirs].dropna()) - set(prints[~is_theirs].dropna())),
        tokens={anchor: ERASED + secrets.token_hex(TOKEN_BYTES) for anchor in anchors},
    )


def _known(entity: Entity, known: Mapping[Entity, str]) -> Entity:
    """The record of a key as people write it, its parts side by side."""
    source, written = entity
    parts = [part.strip() for part in written.split(BETWEEN_PARTS.strip())]
    joined = (source, PAIR.join(parts))
    return joined if joined in known else entity


def _number(study: Study) -> str:
    """A number for the file: the day and a few random signs, nothing of the person."""
    return f"E-{study.today.isoformat()}-{secrets.token_hex(3)}"


@dataclass(frozen=True)
class _Told:
    """All that records say of whose they are."""

    marks: set[str]
    telling: set[str]
    names: set[frozenset[str]]

    @classmethod
    def of(cls, study: Study, records: pd.DataFrame) -> "_Told":
        protocol, rules = study.protocol, study.readings.rules
        columns = telling_columns(protocol)
        marks: set[str] = set()
        telling: set[str] = set()
        names: set[frozenset[str]] = set()
        for source, key, text in zip(
            records["source"], records["entity_key"], records["identity"], strict=True
        ):
            values: Mapping[str, Any] = json.loads(text)
            marks.update(
                marks_of(source, key if protocol.source(source).key else None, values, rules)
            )
            telling |= telling_words(values.get(name) for name in columns)
            names |= _names(protocol, values)
        return cls(marks, telling, names)


def telling_columns(protocol: Protocol) -> list[str]:
    """The columns whose values tell who somebody is, wherever they stand: keys, phone and mail."""
    identity = protocol.identity
    found = {name for rule in (identity.same_when if identity else ()) for name in rule}
    for source in protocol.sources:
        if source.feeds != "decision":
            found |= {c.name for c in source.identifying_columns if c.name in source.key}
    if identity and identity.linkage:
        compared = identity.linkage.columns
        found |= {*compared.phone, *compared.email}
        found -= {*compared.last_name, *compared.first_name, *compared.born_on}
    return sorted(found)


def _names(protocol: Protocol, values: Mapping[str, Any]) -> set[frozenset[str]]:
    compared = (
        protocol.identity.linkage.columns
        if protocol.identity and protocol.identity.linkage
        else None
    )
    if compared is None:
        return set()
    lasts = [values.get(name) for name in compared.last_name]
    firsts = [values.get(name) for name in compared.first_name]
    return {name_words(last, first) for last in lasts for first in firsts if last and first}
