"""Persons as clusters of business keys that only ever grow together.

Under one rule, clusters that share a key are one person if all of them can be. If two of them
cannot (one list holds both), nobody knows which of the two the others are: nothing is united and
whoever could be either is undecided.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

NOBODY: frozenset[int] = frozenset()


class Told(NamedTuple):
    """What one night says of an entity; entities, keys and places are numbers."""

    places: Collection[int]
    """Where it stands in lists that name a person once."""
    keys: frozenset[int]
    """Its present values under the rules."""


class Question(NamedTuple):
    """An entity that could be several persons under a rule, and since which night."""

    entity: int
    rule: int
    anchors: list[int]
    since: Any


class _Cluster:
    """One person: its entities, and the places it takes with the entity that takes each."""

    __slots__ = ("anchor", "members", "number", "places")

    def __init__(self, anchor: int, number: int) -> None:
        self.anchor = anchor
        self.number = number
        self.members = [anchor]
        self.places: dict[int, int] = {}


Met = dict[int, set[_Cluster]]
"""Rule → clusters that share a key of it."""


class Book:
    """The clusters known so far. Numbers grow with time: the smaller one is the older.

    ``rule_of`` gives for each key the number of its rule; the smallest is the strongest.
    """

    def __init__(self, rule_of: Sequence[int]) -> None:
        self._rule_of = rule_of
        self._cluster_of: dict[int, _Cluster] = {}
        self._keys_of: dict[int, frozenset[int]] = {}
        self._holders: dict[int, set[int]] = {}
        """Key → the entities that have it now."""
        self._found_by: dict[int, int] = {}
        """The strongest rule that ever united an entity with another one."""
        self._history: dict[int, list[list[Any]]] = {}
        self._questions: dict[int, Question] = {}

    def enter(self, known_on: Any, told: Mapping[int, Told]) -> None:
        """Take in one night, as a whole."""
        touched: set[_Cluster] = set()
        for entity in sorted(told):
            touched.update(self._take(entity, told[entity], known_on))
        seen = set(touched)
        waiting: dict[int, set[_Cluster]] = {}
        self._queue(waiting, touched)
        while waiting:
            rule = min(waiting)
            for changed in self._unite(rule, waiting.pop(rule), known_on):
                seen.update(changed)
                self._queue(waiting, changed)
        self._ask({self._cluster_of[one.anchor] for one in seen}, known_on)

    def history(self) -> Iterator[tuple[int, int, str, Any, Any]]:
        """Entity, anchor, rule, from which night and until which (None: still)."""
        for entity in sorted(self._history):
            for anchor, rule, known_on, superseded_on in self._history[entity]:
                yield entity, anchor, rule, known_on, superseded_on

    def questions(self) -> Iterator[Question]:
        for entity in sorted(self._questions):
            yield self._questions[entity]

    # ------------------------------------------------------------------------- what arrives

    def _take(self, entity: int, told: Told, known_on: Any) -> Iterator[_Cluster]:
        """Note what is known of an entity now; gives the clusters that may be settled anew."""
        if entity not in self._cluster_of:
            self._cluster_of[entity] = _Cluster(entity, len(self._cluster_of))
            self._history[entity] = [[entity, "first", known_on, None]]
        cluster = self._cluster_of[entity]
        before = self._keys_of.get(entity, NOBODY)
        if before != told.keys or any(place not in cluster.places for place in told.places):
            yield cluster
        for place in told.places:
            cluster.places.setdefault(place, entity)
        self._keys_of[entity] = told.keys
        for key in before - told.keys:
            self._holders[key].discard(entity)
            yield from (self._cluster_of[holder] for holder in self._holders[key])
        for key in told.keys - before:
            self._holders.setdefault(key, set()).add(entity)

    # ---------------------------------------------------------------------- who is the same

    def _queue(self, waiting: dict[int, set[_Cluster]], clusters: Iterable[_Cluster]) -> None:
        for cluster in clusters:
            for rule in self._met(cluster):
                waiting.setdefault(rule, set()).add(cluster)

    def _met(self, cluster: _Cluster) -> Met:
        """The other clusters that hold one of its keys, by the rule of the key."""
        met: Met = {}
        for member in cluster.members:
            for key in self._keys_of[member]:
                holders = self._holders[key]
                others = [self._cluster_of[h] for h in holders] if len(holders) > 1 else []
                for other in others:
                    if other is not cluster:
                        met.setdefault(self._rule_of[key], set()).add(other)
        return met

    def _unite(
        self, rule: int, clusters: Iterable[_Cluster], known_on: Any
    ) -> Iterator[set[_Cluster]]:
        """Unite around ``clusters`` what one rule says is the same.

        Gives each grown cluster with all that it meets by any key: for them, it has changed.
        """
        done: set[_Cluster] = set()
        for cluster in sorted(clusters, key=lambda one: one.number):
            if cluster in done or self._cluster_of[cluster.anchor] is not cluster:
                continue
            group = self._connected(cluster, rule)
            done.update(group)
            if len(group) > 1 and _can_be_one(group):
                around = _all_of(group.values())
                grown = self._merge(sorted(group, key=lambda one: one.number), rule, known_on)
                yield (around - group.keys()) | {grown}

    def _connected(self, cluster: _Cluster, rule: int) -> dict[_Cluster, Met]:
        """The clusters reached from one over pairs that share a key of ``rule`` and can be one.

        Each with all that it meets.
        """
        found: dict[_Cluster, Met] = {}
        ahead = [cluster]
        while ahead:
            one = ahead.pop()
            if one not in found:
                found[one] = self._met(one)
                ahead.extend(_possible(one, found[one].get(rule, set())))
        return found

    def _merge(self, group: list[_Cluster], rule: int, known_on: Any) -> _Cluster:
        """All of ``group``, sorted by age, become its oldest."""
        self._note_found(group, rule)
        oldest, *others = group
        for other in others:
            oldest.places |= other.places
            for entity in other.members:
                self._cluster_of[entity] = oldest
                oldest.members.append(entity)
                self._link(entity, oldest.anchor, f"rule_{rule}", known_on)
        return oldest

    def _note_found(self, group: list[_Cluster], rule: int) -> None:
        for cluster in group:
            for entity in cluster.members:
                shared = any(
                    self._cluster_of[holder] is not cluster
                    for key in self._keys_of[entity]
                    if self._rule_of[key] == rule
                    for holder in self._holders[key]
                )
                if shared:
                    self._found_by[entity] = min(rule, self._found_by.get(entity, rule))

    def _link(self, entity: int, anchor: int, rule: str, known_on: Any) -> None:
        """A link replaced on the night it was made was never seen and leaves no trace."""
        history = self._history[entity]
        if history[-1][2] == known_on:
            history.pop()
        else:
            history[-1][3] = known_on
        history.append([anchor, rule, known_on, None])

    # -------------------------------------------------------------------- who is undecided

    def _ask(self, clusters: set[_Cluster], known_on: Any) -> None:
        """Look again at everybody whom the night may have decided, or made undecided."""
        met = {one: self._met(one) for one in clusters}
        met |= {one: self._met(one) for one in _all_of(met.values()) - clusters}
        for cluster, others in met.items():
            could_be = _several(cluster, others)
            for entity in cluster.members:
                before = self._questions.pop(entity, None)
                rule = self._undecided_under(entity, cluster, could_be)
                if rule is not None:
                    anchors = sorted(other.anchor for other in could_be[rule])
                    since = before.since if before else known_on
                    self._questions[entity] = Question(entity, rule, anchors, since)

    def _undecided_under(
        self, entity: int, cluster: _Cluster, several: Mapping[int, set[_Cluster]]
    ) -> int | None:
        """The rule that leaves an entity undecided, unless a stronger one found its person."""
        found_by = self._found_by.get(entity) if cluster.places else None
        for rule in several:
            is_asked = any(self._rule_of[key] == rule for key in self._keys_of[entity])
            if is_asked and not (found_by is not None and found_by < rule):
                return rule
        return None


def _all_of(met: Iterable[Met]) -> set[_Cluster]:
    return {other for one in met for others in one.values() for other in others}


def _several(cluster: _Cluster, met: Met) -> Met:
    """Rule → the persons the cluster could be, where they cannot all be one."""
    found = {rule: _possible(cluster, others) for rule, others in sorted(met.items())}
    return {rule: others for rule, others in found.items() if not _can_be_one(others)}


def _possible(cluster: _Cluster, others: Iterable[_Cluster]) -> set[_Cluster]:
    """Those of ``others`` that could be the same person as ``cluster``."""
    return {other for other in others if _can_be_one((cluster, other))}


def _can_be_one(clusters: Iterable[_Cluster]) -> bool:
    """Whether no list that names a person once holds two entities of these clusters."""
    taken: dict[int, int] = {}
    return all(
        taken.setdefault(place, entity) == entity
        for cluster in clusters
        for place, entity in cluster.places.items()
    )
