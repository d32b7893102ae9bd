"""Which business keys are one person, night after night.

A link once made stays: a later namesake makes the newcomer undecided, never the link. A person's
anchor is the first-known business key of its cluster; a merge keeps the older anchor.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

import pandas as pd

from agir_pipeline.methods.identity.normalise import normalised

PAIR = "\x1f"


class Entity(NamedTuple):
    """A business key of a source."""

    source: str
    key: str

    @property
    def text(self) -> str:
        return f"{self.source}{PAIR}{self.key}"


@dataclass(frozen=True)
class Links:
    """``links``: entity → anchor over time; ``undecided``: entities with several candidates."""

    links: pd.DataFrame
    undecided: pd.DataFrame


LINK_COLUMNS = ["source", "entity_key", "anchor", "rule", "known_on", "superseded_on"]
UNDECIDED_COLUMNS = ["source", "entity_key", "rule", "candidates", "known_on"]


def link_persons(
    identities: pd.DataFrame, rules: Sequence[Sequence[str]], exclusive: Sequence[str]
) -> Links:
    """Link the business keys of all sources by the first rule that finds exactly one person.

    ``identities`` has one row per version of a business key: ``source``, ``entity_key``,
    ``provider``, ``known_on`` and the identifying columns (missing where a source has none).
    ``rules`` are lists of columns that must all be filled and equal after normalising.
    ``exclusive`` names the sources in which one provider lists a person once: two of its keys
    are never one person by themselves. Deterministic: row order does not matter.
    """
    keys = _rule_keys(identities, rules)
    ordered = identities.assign(position=range(len(identities))).sort_values(
        ["known_on", "source", "entity_key", "record_id"], kind="stable"
    )
    book = _Book(set(exclusive))
    columns = ordered[["source", "entity_key", "provider", "known_on", "position"]]
    for known_on in sorted(columns["known_on"].unique()):
        rows = columns.loc[columns["known_on"] == known_on].drop(columns="known_on")
        for source, key, provider, position in rows.itertuples(index=False, name=None):
            book.enter(Entity(source, key), provider, known_on, [rule[position] for rule in keys])
        book.retry(known_on)
    return book.result()


def _rule_keys(identities: pd.DataFrame, rules: Sequence[Sequence[str]]) -> list[list[str | None]]:
    """Per rule, the joined normalised values of each row; None where one is missing."""
    done = {name: normalised(identities[name]) for rule in rules for name in rule}
    keys = []
    for rule in rules:
        joined = done[rule[0]]
        for name in rule[1:]:
            joined = joined + PAIR + done[name]
        keys.append([None if pd.isna(value) else str(value) for value in joined])
    return keys


@dataclass
class _Cluster:
    anchor: Entity
    number: int
    members: dict[Entity, str] = field(default_factory=dict)
    """Entity → provider."""


class _Book:
    """The clusters known so far. Numbers grow with time: the smaller one is the older."""

    def __init__(self, exclusive: set[str]) -> None:
        self.exclusive = exclusive
        self.cluster_of: dict[Entity, _Cluster] = {}
        self.found_by: dict[tuple[int, str], dict[int, _Cluster]] = {}
        self.keys_of: dict[Entity, set[tuple[int, str]]] = {}
        self.rows: dict[Entity, list[list[object]]] = {}
        self.undecided: dict[Entity, list[object]] = {}
        self.n_clusters = 0

    def enter(
        self, entity: Entity, provider: str, known_on: date, rule_keys: Sequence[str | None]
    ) -> None:
        """Take in one version of a business key."""
        keys = {(n, key) for n, key in enumerate(rule_keys, 1) if key is not None}
        if entity not in self.cluster_of or not keys <= self.keys_of[entity]:
            self.keys_of.setdefault(entity, set()).update(keys)
            self._settle(entity, provider, known_on)
        cluster = self.cluster_of[entity]
        for key in keys:
            self.found_by.setdefault(key, {})[cluster.number] = cluster

    def retry(self, known_on: date) -> None:
        """At the end of a night: what arrived may have decided what was undecided."""
        for entity in sorted(self.undecided):
            self._settle(entity, self.cluster_of[entity].members[entity], known_on)

    def _settle(self, entity: Entity, provider: str, known_on: date) -> None:
        """Unite the entity with the one person each rule finds, the strongest rule first.

        Several persons under a rule leave it undecided, unless a stronger rule has found one.
        """
        self.undecided.pop(entity, None)
        is_found = False
        for rule, key in sorted(self.keys_of[entity]):
            own = self.cluster_of.get(entity)
            candidates = [
                cluster
                for cluster in self.found_by.get((rule, key), {}).values()
                if cluster is not own and not self._excludes(cluster, own, entity, provider)
            ]
            if len(candidates) == 1:
                self._unite(entity, provider, candidates[0], f"rule_{rule}", known_on)
                is_found = True
            elif candidates and not is_found:
                anchors = sorted(cluster.anchor.text for cluster in candidates)
                row = [entity.source, entity.key, f"rule_{rule}", anchors, known_on]
                self.undecided[entity] = row
                break
        if entity not in self.cluster_of:
            self.n_clusters += 1
            self._join(entity, provider, _Cluster(entity, self.n_clusters), "first", known_on)

    def _excludes(
        self, cluster: _Cluster, own: _Cluster | None, entity: Entity, provider: str
    ) -> bool:
        """Whether joining would make two rows of one exclusive list the same person."""
        joining = own.members if own else {entity: provider}
        taken = {(e.source, p): e for e, p in cluster.members.items() if e.source in self.exclusive}
        return any(taken.get((e.source, p), e) != e for e, p in joining.items())

    def _unite(
        self, entity: Entity, provider: str, found: _Cluster, rule: str, known_on: date
    ) -> None:
        own = self.cluster_of.get(entity)
        if own is None:
            self._join(entity, provider, found, rule, known_on)
        else:
            self._merge(own, found, rule, known_on)

    def _join(
        self, entity: Entity, provider: str, cluster: _Cluster, rule: str, known_on: date
    ) -> None:
        cluster.members[entity] = provider
        self.cluster_of[entity] = cluster
        history = self.rows.setdefault(entity, [])
        if history:
            history[-1][-1] = known_on
        history.append([entity.source, entity.key, cluster.anchor.text, rule, known_on, None])

    def _merge(self, one: _Cluster, other: _Cluster, rule: str, known_on: date) -> None:
        older, newer = sorted((one, other), key=lambda cluster: cluster.number)
        for entity, provider in newer.members.items():
            self._join(entity, provider, older, rule, known_on)
            for key in self.keys_of.get(entity, ()):
                self.found_by[key].pop(newer.number, None)
                self.found_by[key][older.number] = older

    def result(self) -> Links:
        rows = [row for entity in sorted(self.rows) for row in self.rows[entity]]
        links = pd.DataFrame(rows, columns=pd.Index(LINK_COLUMNS))
        links = links[links["known_on"] != links["superseded_on"]].reset_index(drop=True)
        waiting = [self.undecided[entity] for entity in sorted(self.undecided)]
        return Links(links, pd.DataFrame(waiting, columns=pd.Index(UNDECIDED_COLUMNS)))
