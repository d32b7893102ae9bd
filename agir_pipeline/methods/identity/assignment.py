"""One to one: of several records that could be one person, the rivals share the probability.

Two entries of a list that names a person once are two people, so at most one of them is the
person of another list: their odds stand against each other.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable
from typing import NamedTuple


class Candidate(NamedTuple):
    """Two records that may be one person. A list is None where it may name a person again."""

    one: Hashable
    other: Hashable
    list_of_one: Hashable | None
    list_of_other: Hashable | None
    probability: float
    """As the model has it for these two alone."""


NEARLY_SURE = 1 - 1e-12
"""The odds of a certain pair are not infinite."""


def shared_probabilities(candidates: Iterable[Candidate]) -> list[float]:
    """The probability of each candidate beside its rivals, in the order given.

    With odds o for the pair and R for all its rivals together it is o / (1 + o + R): the
    posterior of exclusive hypotheses. Of two candidates that exclude each other at most one can
    have more than a half.
    """
    known = list(candidates)
    total: dict[tuple[Hashable, Hashable], float] = defaultdict(float)
    odds = [_odds(one.probability) for one in known]
    for one, own in zip(known, odds, strict=True):
        for place in _places(one):
            total[place] += own
    shared = []
    for one, own in zip(known, odds, strict=True):
        rivals = sum(total[place] - own for place in _places(one))
        shared.append(own / (1 + own + max(rivals, 0.0)))
    return shared


def one_to_one(candidates: Iterable[Candidate], shared: Iterable[float]) -> list[bool]:
    """Whether each candidate is among the best that go together, the most probable first.

    Equal ones all stay: which of them it is nobody knows.
    """
    known, weights = list(candidates), list(shared)
    order = sorted(range(len(known)), key=lambda k: -weights[k])
    taken: dict[tuple[Hashable, Hashable], float] = {}
    kept = [False] * len(known)
    for k in order:
        places = _places(known[k])
        if all(taken.get(place, weights[k]) == weights[k] for place in places):
            kept[k] = True
            taken |= dict.fromkeys(places, weights[k])
    return kept


def _odds(probability: float) -> float:
    return min(probability, NEARLY_SURE) / (1 - min(probability, NEARLY_SURE))


def _places(one: Candidate) -> list[tuple[Hashable, Hashable]]:
    """What the pair takes: the place of each record in the other's list."""
    ends = ((one.one, one.list_of_other), (one.other, one.list_of_one))
    return [(record, where) for record, where in ends if where is not None]
