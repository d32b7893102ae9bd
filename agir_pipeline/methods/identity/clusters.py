"""Persons as clusters of business keys that grow together, and part only by a ruling.

Under one rule, clusters that share a key are one person if all of them can be. If two of them
cannot (one list holds both), nobody knows which of the two the others are: nothing is united and
whoever could be either is undecided.

A ruling of the steward wins over every key: two entities said to be the same are united whatever
lists they stand in, two said to be different are parted, and what held them together is undone.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from agir_pipeline.methods.identity.bonds import DECIDED, Bonds, Ruling, Rulings

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
        self._rule_of = list(rule_of)
        self._cluster_of: dict[int, _Cluster] = {}
        self._keys_of: dict[int, frozenset[int]] = {}
        self._holders: dict[int, set[int]] = {}
        """Key → the entities that have it now."""
        self._found_by: dict[int, int] = {}
        """The strongest rule that ever united an entity with another one."""
        self._history: dict[int, list[list[Any]]] = {}
        self._questions: dict[int, Question] = {}
        self._number_of: dict[int, int] = {}
        self._places_of: dict[int, set[int]] = {}
        self._ties_of: dict[int, frozenset[int]] = {}
        """Keys that no row holds: rulings and accepted proposals."""
        self._bonds = Bonds()
        self._rulings = Rulings()

    def enter(
        self,
        known_on: Any,
        told: Mapping[int, Told],
        rulings: Iterable[Ruling] = (),
        propose: Callable[[], Iterable[tuple[int, int, int]]] | None = None,
    ) -> None:
        """Take in one night, as a whole: rows, rulings, and last what ``propose`` still finds.

        ``propose`` is asked once the keys have settled; it gives entity, entity and rule.
        """
        touched: set[_Cluster] = set()
        for entity in sorted(told):
            touched.update(self._take(entity, told[entity], known_on))
        for ruling in rulings:
            touched.update(self._obey(ruling, known_on))
        seen = self._settle(touched, known_on)
        if propose is not None:
            tied = {c for one, other, rule in propose() for c in self._tie(one, other, rule)}
            seen |= self._settle(tied, known_on)
        self._ask({self._cluster_of[one.anchor] for one in seen}, known_on)

    def is_one(self, one: int, other: int) -> bool:
        return self._cluster_of[one] is self._cluster_of[other]

    def could_be_one(self, one: int, other: int) -> bool:
        """Whether two entities are two persons now and nothing says they must stay so."""
        pair = (self._cluster_of[one], self._cluster_of[other])
        return pair[0] is not pair[1] and self._can_be_one(pair)

    def anchor_of(self, entity: int) -> int:
        return self._cluster_of[entity].anchor

    def members_with(self, entity: int) -> list[int]:
        """All entities of the person of one."""
        return self._cluster_of[entity].members

    def disobeyed(self) -> Iterator[tuple[int, int]]:
        """Pairs whose ruling does not hold: rulings that contradict each other."""
        for one, other, is_same in self._rulings:
            if self.is_one(one, other) != is_same:
                yield one, other

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
            self._number_of[entity] = len(self._cluster_of)
            self._cluster_of[entity] = _Cluster(entity, self._number_of[entity])
            self._history[entity] = [[entity, "first", known_on, None]]
        cluster = self._cluster_of[entity]
        before = self._keys_of.get(entity, NOBODY)
        now = told.keys | self._ties_of.get(entity, NOBODY)
        if before != now or any(place not in cluster.places for place in told.places):
            yield cluster
        self._places_of.setdefault(entity, set()).update(told.places)
        for place in told.places:
            cluster.places.setdefault(place, entity)
        self._keys_of[entity] = now
        for key in before - now:
            self._holders[key].discard(entity)
            yield from (self._cluster_of[holder] for holder in self._holders[key])
        for key in now - before:
            self._holders.setdefault(key, set()).add(entity)

    def _tie(self, one: int, other: int, rule: int) -> list[_Cluster]:
        """Give two entities a key of their own."""
        key = len(self._rule_of)
        self._rule_of.append(rule)
        self._holders[key] = {one, other}
        for entity in (one, other):
            self._ties_of[entity] = self._ties_of.get(entity, NOBODY) | {key}
            self._keys_of[entity] |= {key}
        return [self._cluster_of[one], self._cluster_of[other]]

    # ------------------------------------------------------------------ what the steward says

    def _obey(self, ruling: Ruling, known_on: Any) -> Iterator[_Cluster]:
        """Put a ruling in force and look again at all that hangs on the two."""
        pair = (ruling.one, ruling.other)
        self._revoke(pair)
        if ruling.is_same is not None:
            mark = len(self._rule_of)  # of a key, or as a negative number of a place
            if ruling.is_same:
                self._tie(*pair, DECIDED)
            else:
                self._rule_of.append(DECIDED)
                for entity in pair:
                    self._places_of[entity].add(-1 - mark)
            self._rulings.put(pair, ruling.is_same, mark)
        for entity in pair:
            yield from self._rebuild(self._cluster_of[entity], known_on)

    def _revoke(self, pair: tuple[int, int]) -> None:
        found = self._rulings.take(pair)
        if found is None:
            return
        is_same, mark = found
        if is_same:
            self._bonds.undo(*pair)
            self._holders[mark] = set()
        for entity in pair:
            self._ties_of[entity] = self._ties_of.get(entity, NOBODY) - {mark}
            self._keys_of[entity] -= {mark}
            self._places_of[entity].discard(-1 - mark)

    def _rebuild(self, cluster: _Cluster, known_on: Any) -> list[_Cluster]:
        """Take a cluster apart, then unite again what bonds still hold, the strongest first."""
        members = sorted(cluster.members, key=self._number_of.__getitem__)
        for entity in members:
            alone = _Cluster(entity, self._number_of[entity])
            alone.places = dict.fromkeys(self._places_of[entity], entity)
            self._cluster_of[entity] = alone
        for bond in self._bonds.among(members):
            pair = [self._cluster_of[bond.one], self._cluster_of[bond.other]]
            if pair[0] is not pair[1] and self._can_be_one(pair):
                self._join(sorted(pair, key=lambda one: one.number))
        for entity in members:
            self._link(entity, self.anchor_of(entity), "first", known_on)
        return list({self._cluster_of[entity] for entity in members})

    # ---------------------------------------------------------------------- who is the same

    def _settle(self, touched: Iterable[_Cluster], known_on: Any) -> set[_Cluster]:
        """Unite around what changed, rule by rule; gives all that was looked at."""
        alive = {self._cluster_of[one.anchor] for one in touched}
        seen = set(alive)
        waiting: dict[int, set[_Cluster]] = {}
        self._queue(waiting, alive)
        while waiting:
            rule = min(waiting)
            for changed in self._unite(rule, waiting.pop(rule), known_on):
                seen.update(changed)
                self._queue(waiting, changed)
        return seen

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
            if len(group) > 1 and self._can_be_one(group):
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
                ahead.extend(self._possible(one, found[one].get(rule, set())))
        return found

    def _merge(self, group: list[_Cluster], rule: int, known_on: Any) -> _Cluster:
        """All of ``group``, sorted by age, become its oldest."""
        self._note_found(group, rule)
        joined = [entity for other in group[1:] for entity in other.members]
        oldest = self._join(group)
        for entity in joined:
            self._link(entity, oldest.anchor, f"rule_{rule}", known_on)
        return oldest

    def _join(self, group: list[_Cluster]) -> _Cluster:
        oldest, *others = group
        for other in others:
            oldest.places = other.places | oldest.places
            oldest.members += other.members
            for entity in other.members:
                self._cluster_of[entity] = oldest
        return oldest

    def _note_found(self, group: list[_Cluster], rule: int) -> None:
        """Keep who was united by which key: the strongest rule of each, and the bonds."""
        holders: dict[int, list[int]] = {}
        for cluster in group:
            for entity in cluster.members:
                shared = [
                    key
                    for key in self._keys_of[entity]
                    if self._rule_of[key] == rule
                    and any(self._cluster_of[h] is not cluster for h in self._holders[key])
                ]
                if shared:
                    self._found_by[entity] = min(rule, self._found_by.get(entity, rule))
                for key in shared:
                    holders.setdefault(key, []).append(entity)
        for _key, entities in sorted(holders.items()):
            for one, other in pairwise(entities):
                self._bonds.bind(rule, one, other)

    def _link(self, entity: int, anchor: int, rule: str, known_on: Any) -> None:
        """A link replaced on the night it was made was never seen and leaves no trace."""
        history = self._history[entity]
        if history[-1][0] == anchor:
            return
        if history[-1][2] == known_on:
            history.pop()
        else:
            history[-1][3] = known_on
        if history and history[-1][0] == anchor and history[-1][3] == known_on:
            history[-1][3] = None  # parted and united again within the night
        else:
            history.append([anchor, rule, known_on, None])

    # -------------------------------------------------------------------- who is undecided

    def _ask(self, clusters: set[_Cluster], known_on: Any) -> None:
        """Look again at everybody whom the night may have decided, or made undecided."""
        met = {one: self._met(one) for one in clusters}
        met |= {one: self._met(one) for one in _all_of(met.values()) - clusters}
        for cluster, others in met.items():
            could_be = self._several(cluster, others)
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

    def _several(self, cluster: _Cluster, met: Met) -> Met:
        """Rule → the persons the cluster could be, where they cannot all be one."""
        found = {rule: self._possible(cluster, others) for rule, others in sorted(met.items())}
        return {rule: others for rule, others in found.items() if not self._can_be_one(others)}

    def _possible(self, cluster: _Cluster, others: Iterable[_Cluster]) -> set[_Cluster]:
        """Those of ``others`` that could be the same person as ``cluster``."""
        return {other for other in others if self._can_be_one((cluster, other))}

    def _can_be_one(self, clusters: Iterable[_Cluster]) -> bool:
        """Whether no list that names a person once holds two entities of these clusters.

        Two that the steward said are the same count as one; a pair said to be different is a list
        of its own.
        """
        taken: dict[int, int] = {}
        return all(
            taken.setdefault(place, self._rulings.same(entity)) == self._rulings.same(entity)
            for cluster in clusters
            for place, entity in cluster.places.items()
        )


def _all_of(met: Iterable[Met]) -> set[_Cluster]:
    return {other for one in met for others in one.values() for other in others}
