"""What holds entities together or apart: the bonds of the links made, and the steward's rulings."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

DECIDED = 0
"""The rule of what the steward said: stronger than any key."""


class Ruling(NamedTuple):
    """Two entities, the smaller number first: the same, not the same, or no longer ruled (None)."""

    one: int
    other: int
    is_same: bool | None


class Bond(NamedTuple):
    """What united two entities: the rule first, so that the strongest come first."""

    rule: int
    place: int
    one: int
    other: int


class Bonds:
    """Every pair that was ever united by a key of its own."""

    def __init__(self) -> None:
        self._of: dict[int, list[Bond]] = {}
        self._n = 0

    def bind(self, rule: int, one: int, other: int) -> None:
        bond = Bond(rule, self._n, one, other)
        self._n += 1
        for entity in (one, other):
            self._of.setdefault(entity, []).append(bond)

    def among(self, entities: Iterable[int]) -> list[Bond]:
        """The bonds of these entities, the strongest first, then the oldest."""
        return sorted({bond for entity in entities for bond in self._of.get(entity, ())})

    def undo(self, one: int, other: int) -> None:
        """Forget what a ruling united."""
        for entity in (one, other):
            self._of[entity] = [
                bond
                for bond in self._of.get(entity, ())
                if bond.rule != DECIDED or {bond.one, bond.other} != {one, other}
            ]


class Rulings:
    """What the steward says now: pair → whether they are the same, and the mark that says so."""

    def __init__(self) -> None:
        self._ruled: dict[tuple[int, int], tuple[bool, int]] = {}
        self._same_as: dict[int, int] = {}
        """The smallest entity that an entity is the same as, over any number of rulings."""

    def put(self, pair: tuple[int, int], is_same: bool, mark: int) -> None:
        self._ruled[pair] = (is_same, mark)
        self._note_same()

    def take(self, pair: tuple[int, int]) -> tuple[bool, int] | None:
        """Revoke a ruling; gives it."""
        found = self._ruled.pop(pair, None)
        self._note_same()
        return found

    def same(self, entity: int) -> int:
        return self._same_as.get(entity, entity)

    def __iter__(self) -> Iterator[tuple[int, int, bool]]:
        for (one, other), (is_same, _mark) in sorted(self._ruled.items()):
            yield one, other, is_same

    def _note_same(self) -> None:
        self._same_as = {}
        for one, other, is_same in self:
            if is_same:
                kept, given_up = sorted((self.same(one), self.same(other)))
                renamed = [e for e, same in self._same_as.items() if same == given_up]
                self._same_as |= dict.fromkeys([*renamed, given_up], kept)
