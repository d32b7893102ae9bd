"""What speaks for or against two records being one person: keys, the model, the steward.

Everything here stays in the vault: names are compared nowhere else.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from typing import Any

import pandas as pd

from agir_pipeline.methods.identity.features import (
    COMPARED,
    compared_values,
    is_comparable,
    with_frequencies,
)
from agir_pipeline.methods.identity.linking import PAIR, left_over, lists_of
from agir_pipeline.methods.identity.model import ID, prior_of, usual_shares
from agir_pipeline.methods.identity.prior import beside_lengths, people_named
from agir_pipeline.methods.identity.proposals import Accepted, Scored
from agir_pipeline.methods.identity.rulings import Decision, Record, decisions_of
from agir_pipeline.protocol.model import PERSONAL, Linkage, Protocol
from agir_pipeline.resources.accepted_links import accepted_links, record_links
from agir_pipeline.resources.linkage import SCORES, read_model, score_pairs
from agir_pipeline.resources.study import Study

LEAST_KEPT = 0.01
"""Pairs less probable than this are forgotten: no rival of theirs would be decided otherwise."""
LEAST_SCORED = 0.0005
"""The same with the prior of the model, which the shortest lists make twenty times that."""
SCORED_AS = "2"
"""Which code scored: what another one kept is scored again. 2: contradictions are at most 0.3."""
DECIDED = {
    "identity_decision": "decision",
    "decided_on": "decided_on",
    "withdrawn_decision_on": "withdrawn_on",
}


@dataclass(frozen=True)
class Evidence:
    """``identities`` are the rows of somebody, each with its identifying columns.

    ``every`` row of the vault stands there with them, those of nobody too.
    """

    study: Study
    identities: pd.DataFrame
    every: pd.DataFrame

    @classmethod
    def of(cls, study: Study) -> "Evidence":
        kept = study.vault.read("identities")
        known = _with_details(study.protocol, kept)
        own = known[_is_of_somebody(study.protocol, known)].reset_index(drop=True)
        return cls(study, own, known)

    @property
    def rules(self) -> tuple[tuple[str, ...], ...]:
        identity = self.study.protocol.identity
        return identity.same_when if identity else ()

    @property
    def exclusive(self) -> list[str]:
        return [source.name for source in self.study.protocol.feeding("person")]

    # -------------------------------------------------------------------------- the steward

    @cached_property
    def _decided(self) -> tuple[list[Decision], int]:
        identity = self.study.protocol.identity
        if identity is None or identity.decisions is None:
            return [], 0
        with self.study.warehouse.transaction() as connection:
            told = self.study.warehouse.read(connection, "validated", identity.decisions)
        rows = self._named(identity.decisions).merge(
            told[["record_id", *DECIDED]].rename(columns=DECIDED), on="record_id"
        )
        keys = self.identities.groupby("source")["entity_key"].agg(frozenset).to_dict()
        return decisions_of(rows, {str(name): known for name, known in keys.items()}, PAIR)

    def _named(self, source: str) -> pd.DataFrame:
        """The parts of the decisions that name people; only the vault has them."""
        rows = self.study.vault.read("identities")
        rows = rows[rows["source"] == source].reset_index(drop=True)
        told = [json.loads(text) for text in rows["identity"]]
        names = ("key_a", "key_b", "fingerprint_a", "fingerprint_b")
        parts = rows["entity_key"].str.split(PAIR)
        return pd.DataFrame(
            {
                "record_id": rows["record_id"],
                "known_on": rows["known_on"],
                "source_a": parts.str[0],
                "source_b": parts.str[2],
                **{name: [one.get(name) for one in told] for name in names},
            }
        )

    @property
    def decisions(self) -> list[Decision]:
        return self._decided[0]

    @property
    def n_decisions_lost(self) -> int:
        """Decisions about a record that no file ever held."""
        return self._decided[1]

    # ---------------------------------------------------------------------------- the model

    @cached_property
    def _records(self) -> pd.DataFrame:
        """The rows that can be compared by name: values, fingerprint, list, whether left over."""
        linkage = self._linkage
        if linkage is None:
            return pd.DataFrame(columns=pd.Index([ID]))
        named = {
            source.name
            for source in self.study.protocol.sources
            if {column.name for column in source.columns} & set(linkage.columns.last_name)
        }
        rows = self.identities[self.identities["source"].isin(named)]
        values = compared_values(rows, linkage.columns.model_dump())
        values = values[is_comparable(values)]
        rows = rows.loc[values.index]
        values = values.assign(place_of=lists_of(rows, self.exclusive))
        values[ID] = _digests(values[["place_of", *COMPARED]])
        values["is_left_over"] = left_over(rows, self.rules, self.exclusive)
        return values

    @property
    def _linkage(self) -> Linkage | None:
        identity = self.study.protocol.identity
        return identity.linkage if identity else None

    @cached_property
    def fingerprints(self) -> pd.Series:
        """What each row says, in short; missing where it says too little to be compared."""
        found: pd.Series = self._records[ID].reindex(self.identities.index).astype("string")
        return found

    def fingerprint_of(self) -> dict[Record, str | None]:
        """What the newest version of each record says."""
        order = self.identities.assign(said=self.fingerprints).sort_values(["known_on", "said"])
        names = zip(order["source"], order["entity_key"], strict=True)
        said = order["said"].astype(object).where(order["said"].notna(), None)
        return dict(zip(names, said, strict=True))

    @cached_property
    def accepted(self) -> list[Accepted]:
        receipts = self.study.state().of_kind("link")
        return accepted_links(self.study.home.landing, receipts)

    def scored(self) -> Scored | None:
        """What the model says of the records; only what is new since the last night is compared."""
        linkage = self._linkage
        if linkage is None:
            return None
        return Scored(
            self.fingerprints,
            self._scores(linkage),
            linkage.automatic_from.value,
            linkage.review_from.value,
            self.accepted,
            max((link.known_on for link in self.accepted), default=""),
        )

    def record(self, made: list[Accepted]) -> None:
        """Fix the new links of the model; a rebuild of a past day records nothing."""
        linkage = self._linkage
        if linkage is not None and not self.study.is_draft:
            made_with = {"model": self._model_digest(linkage), "splink": version("splink")}
            record_links(self.study.home.landing, made, made_with)

    def _scores(self, linkage: Linkage) -> pd.DataFrame:
        """What the model said, with the prior of the lists as long as they are by now."""
        model = read_model(self.study.protocol.folder / linkage.model)
        scores = self._model_scores(linkage, model)
        list_of = dict(zip(self._records[ID], self._records["place_of"], strict=True))
        weighed = beside_lengths(scores, list_of, people_named(self._records), prior_of(model))
        return weighed[weighed["probability"] >= LEAST_KEPT]

    def _model_scores(self, linkage: Linkage, model: Mapping[str, Any]) -> pd.DataFrame:
        """As the vault keeps them, with those of the records that are new."""
        vault = self.study.vault
        digest = f"{self._model_digest(linkage)}.{SCORED_AS}"
        seen, scores = vault.read("scored"), vault.read("scores")
        seen, scores = seen[seen["model"] == digest], scores[scores["model"] == digest]
        records = self._new_records(seen)
        if not records["is_new"].any():
            return scores
        named = with_frequencies(records, usual_shares(model))
        found = score_pairs(named, model, LEAST_SCORED).assign(model=digest)
        scores = pd.concat([scores, found], ignore_index=True) if len(scores) else found
        scores = scores.drop_duplicates(SCORES[:2], keep="first")
        with vault.transaction() as connection:
            vault.replace(connection, "scores", scores)
            vault.replace(connection, "scored", records.assign(model=digest))
        return scores

    def _new_records(self, seen: pd.DataFrame) -> pd.DataFrame:
        """One row per fingerprint; new is one never compared, or never as left over."""
        values = self._records
        is_left = values.groupby(ID)["is_left_over"].transform("max")
        records = values.assign(is_left_over=is_left).drop_duplicates(ID)
        known = dict(zip(seen["fingerprint"], seen["is_left_over"], strict=True))
        told = zip(records[ID], records["is_left_over"], strict=True)
        records["is_new"] = [known.get(one, -1) < int(is_left) for one, is_left in told]
        return records

    def _model_digest(self, linkage: Linkage) -> str:
        content = (self.study.protocol.folder / linkage.model).read_bytes()
        return hashlib.sha256(content).hexdigest()[:12]


def _with_details(protocol: Protocol, identities: pd.DataFrame) -> pd.DataFrame:
    """The identifying columns that rules, model, facts, organisations and reviews read."""
    identity = protocol.identity
    wanted = {name for rule in (identity.same_when if identity else ()) for name in rule}
    if identity and identity.linkage:
        compared = identity.linkage.columns.model_dump()
        wanted |= {name for names in compared.values() for name in names}
    wanted |= {teller.column for fact, teller in protocol.tellers if protocol.is_identity(fact)}
    secret = {c.name for source in protocol.sources for c in source.identifying_columns}
    told_by = protocol.organisations.told_by if protocol.organisations else ()
    wanted |= secret.intersection(name for teller in told_by for name in teller.columns)
    if (governance := protocol.governance) and (reviews := governance.reviews):
        wanted |= secret.intersection([reviews.listed_column, reviews.key_column])
    told: list[Mapping[str, Any]] = [json.loads(text) for text in identities["identity"]]
    details = {name: [one.get(name) for one in told] for name in sorted(wanted)}
    return pd.concat([identities, pd.DataFrame(details, index=identities.index)], axis=1)


def _is_of_somebody(protocol: Protocol, identities: pd.DataFrame) -> "pd.Series[bool]":
    """Rows about a person: all of the sources of persons, elsewhere those that say whose."""
    rules = protocol.identity.same_when if protocol.identity else ()
    personal = [s.name for s in protocol.sources if s.feeds in PERSONAL]
    found = identities["source"].isin(personal)
    for source in protocol.sources:
        for rule in rules:
            if {c.name for c in source.columns}.issuperset(rule):
                is_said = identities[list(rule)].notna().all(axis=1)
                found |= (identities["source"] == source.name) & is_said
    return found


def _digests(values: pd.DataFrame) -> list[str]:
    filled = values.fillna("")
    rows = filled[values.columns[0]]
    for name in values.columns[1:]:
        rows = rows + PAIR + filled[name]
    return [hashlib.sha256(row.encode()).hexdigest()[:16] for row in rows]
