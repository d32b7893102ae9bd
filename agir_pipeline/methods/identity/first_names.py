"""Whether two first names are those of two people, or one name in two hands.

A typo makes no other known name, or hardly ever: Marie and Marine are two, Marie and Mareie one.
"""

from collections.abc import Iterable
from functools import cache
from pathlib import Path

LIST = Path(__file__).with_name("first_names.txt")
"""First names of people born in France since 1940: one a line, in its spellings. It ships with the
code, not with a study: whoever searches a home for a name that was erased finds none."""
LEAST_LETTERS = 3
"""A part of a compound name has so many."""
Known = dict[str, int]
"""A spelling without accents and hyphens → the number of its name."""


def known_names(lines: Iterable[str]) -> Known:
    """The names of a list: one a line, in its spellings."""
    return {spelling: number for number, line in enumerate(lines) for spelling in line.split()}


@cache
def french_names() -> Known:
    """The names of the list that ships with the code."""
    return known_names(LIST.read_text(encoding="utf-8").splitlines())


def are_two_names(one: str, other: str, known: Known) -> bool:
    """Whether both are known names, and neither is a part or another spelling of the other."""
    if one == other:
        return False
    names = _parts(one, known), _parts(other, known)
    return all(names) and not (names[0] <= names[1] or names[0] >= names[1])


def _parts(name: str, known: Known) -> frozenset[int]:
    """The names in a name, usually one; none if it is unknown."""
    if name in known:
        return frozenset((known[name],))
    for cut in range(LEAST_LETTERS, len(name) - LEAST_LETTERS + 1):
        first, second = known.get(name[:cut]), known.get(name[cut:])
        if first is not None and second is not None:
            return frozenset((first, second))
    return frozenset()
