"""Who looks like whom on paper: records that a clerk might take for one person."""

import re
from collections.abc import Hashable
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from agir_pipeline.methods.synthetic.spelling import folded

N_TOLD_APART = 2
"""First letters by which people of one birthday are told apart."""
SILENT = re.compile("[aeiouyh]")


class Likenesses:
    """The records met so far, by everything that one may share with another person's.

    That is: one name like his and his birthday, both names like his and his month of birth, or
    both his very names and his year.
    """

    def __init__(self) -> None:
        self._whose: dict[Hashable, int] = {}

    def is_like_another(self, person: int, last: str, first: str, born_on: date) -> bool:
        """Whether the record looks like one of somebody else than ``person``."""
        whose = self._whose
        return any(whose.get(k, person) != person for k in _likenesses(last, first, born_on))

    def add(self, person: int, last: str, first: str, born_on: date) -> None:
        for likeness in _likenesses(last, first, born_on):
            self._whose.setdefault(likeness, person)


class _Heard(NamedTuple):
    whole: str
    start: str
    sound: str


@lru_cache(maxsize=100_000)
def _heard(name: str) -> _Heard:
    """A name, its first letters, and what is left of it without its first letter, its vowels and
    its silent letters: Barre and Carre, Guilbert and Gilbert, Charpentier and Carpentier sound
    the same.
    """
    whole = folded(name)
    return _Heard(whole, whole[:N_TOLD_APART], re.sub(r"(.)\1+", r"\1", SILENT.sub("", whole[1:])))


def _likenesses(last: str, first: str, born_on: date) -> tuple[Hashable, ...]:
    family, given, month = _heard(last), _heard(first), (born_on.year, born_on.month)
    return (
        ("last starts", family.start, born_on),
        ("first starts", given.start, born_on),
        ("last sounds", family.sound, born_on),
        ("first sounds", given.sound, born_on),
        ("both start", family.start, given.start, month),
        ("last sounds, first is", family.sound, given.whole, month),
        ("last is, first sounds", family.whole, given.sound, month),
        ("both are", family.whole, given.whole, born_on.year),
    )
