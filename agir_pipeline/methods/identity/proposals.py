"""What the linkage model proposes, night after night: accepted links and questions.

A pair counts from the night on which both its records are as they were scored. Accepted at once are
those whose probability beside their rivals is high enough; a pair accepted once stays accepted,
whatever a later model says. What is neither sure nor hopeless is a question.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import pandas as pd

from agir_pipeline.methods.identity.assignment import Candidate, one_to_one, shared_probabilities

Pair = tuple[int, int]
"""Two entities by their numbers, the smaller first."""


class Accepted(NamedTuple):
    """A link of the model, and the night since which it counts; entities by source and key."""

    one: tuple[str, str]
    other: tuple[str, str]
    known_on: str
    probability: float


class Open(NamedTuple):
    """Two entities that may be one person, how probable it is, and since which night."""

    pair: Pair
    probability: float
    since: str


@dataclass(frozen=True)
class Scored:
    """What the model said of records, and what was accepted before.

    ``fingerprints`` has a value for each row of the identities, missing where the row says too
    little to be compared. ``scores``: fingerprint_a, fingerprint_b, probability.
    """

    fingerprints: pd.Series
    scores: pd.DataFrame
    automatic_from: float
    review_from: float
    accepted: Sequence[Accepted] = ()
    settled_on: str = ""
    """Nights up to this one were scored before: nothing is accepted for them any more."""


@dataclass
class Proposals:
    """The pairs alive on each night. ``list_of`` names the list of an entity that names a person
    once, None elsewhere."""

    scored: Scored
    list_of: Mapping[int, int | None]
    accepted: Mapping[Pair, str]
    _probability: dict[str, dict[str, float]] = field(default_factory=dict)
    _now: dict[int, str] = field(default_factory=dict)
    _bearers: dict[str, set[int]] = field(default_factory=dict)
    _alive: dict[int, dict[int, tuple[float, str]]] = field(default_factory=dict)
    _late: set[Pair] = field(default_factory=set)
    made: list[tuple[Pair, str, float]] = field(default_factory=list)
    """What was accepted for the first time: pair, night, probability."""

    def __post_init__(self) -> None:
        columns = ("fingerprint_a", "fingerprint_b", "probability")
        for one, other, value in zip(*(self.scored.scores[c] for c in columns), strict=True):
            self._probability.setdefault(one, {})[other] = value
            self._probability.setdefault(other, {})[one] = value

    def night(
        self,
        known_on: str,
        told: Mapping[int, str | None],
        could_be_one: Callable[[int, int], bool],
        is_last: bool,
    ) -> Iterator[Pair]:
        """The pairs to unite tonight. ``told`` gives the fingerprint of each entity told of."""
        new = self._take(known_on, told)
        for pair, day in self.accepted.items():
            if day == known_on and could_be_one(*pair):
                yield pair
        if known_on <= self.scored.settled_on:
            self._late |= new
            new = set()
        if is_last:
            new |= {pair for pair in self._late if pair[1] in self._alive.get(pair[0], {})}
        for pair, probability in self._sure(new, could_be_one):
            if pair not in self.accepted:
                self.made.append((pair, known_on, probability))
                yield pair

    def open(
        self, could_be_one: Callable[[int, int], bool], is_found: Callable[[int], bool]
    ) -> list[Open]:
        """The questions that are left, the best that go together.

        Two persons who were each found in several lists are not asked about.
        """
        could_be = self._pairs(self._alive, could_be_one)
        pairs = sorted(pair for pair in could_be if not all(map(is_found, pair)))
        known = [self._candidate(pair) for pair in pairs]
        shared = shared_probabilities(known)
        kept = one_to_one(known, shared)
        return [
            Open(pair, value, self._alive[pair[0]][pair[1]][1])
            for pair, value, is_kept in zip(pairs, shared, kept, strict=True)
            if is_kept and value >= self.scored.review_from
        ]

    def _take(self, known_on: str, told: Mapping[int, str | None]) -> set[Pair]:
        """Note what the records say now; gives the pairs that are alive since tonight."""
        for entity, fingerprint in told.items():
            before = self._now.get(entity)
            if before == fingerprint:
                continue
            if before is not None:
                del self._now[entity]
                self._bearers[before].discard(entity)
                for other in self._alive.pop(entity, {}):
                    self._alive[other].pop(entity, None)
            if fingerprint in self._probability:
                self._now[entity] = fingerprint
                self._bearers.setdefault(fingerprint, set()).add(entity)
        return {
            pair for entity in told if entity in self._now for pair in self._meet(entity, known_on)
        }

    def _meet(self, entity: int, known_on: str) -> Iterator[Pair]:
        known = self._alive.setdefault(entity, {})
        for fingerprint, probability in self._probability[self._now[entity]].items():
            for other in self._bearers.get(fingerprint, ()):
                if other not in known:
                    known[other] = (probability, known_on)
                    self._alive.setdefault(other, {})[entity] = (probability, known_on)
                    yield min(entity, other), max(entity, other)

    def _sure(
        self, new: set[Pair], could_be_one: Callable[[int, int], bool]
    ) -> list[tuple[Pair, float]]:
        """Of the new pairs those that are sure beside all their rivals."""
        ends = {entity for pair in new for entity in pair}
        pairs = sorted(self._pairs(ends, could_be_one))
        shared = shared_probabilities([self._candidate(pair) for pair in pairs])
        return [
            (pair, value)
            for pair, value in zip(pairs, shared, strict=True)
            if pair in new and value >= self.scored.automatic_from
        ]

    def _pairs(self, ends: Iterable[int], could_be_one: Callable[[int, int], bool]) -> set[Pair]:
        return {
            (min(one, other), max(one, other))
            for one in ends
            for other in self._alive.get(one, ())
            if could_be_one(one, other)
        }

    def _candidate(self, pair: Pair) -> Candidate:
        one, other = pair
        probability = self._alive[one][other][0]
        return Candidate(one, other, self.list_of.get(one), self.list_of.get(other), probability)
