"""Whose a row is, for the erasure of a person: by marks, and where no mark can be read by words.

A mark is a business key, or the values of a rule that says that two rows are one person. Kept as
a keyed hash it outlives the person's data, and later rows are known by it.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from agir_pipeline.methods.identity.normalise import folded_words, normalised_text
from agir_pipeline.methods.reading.grid import Grid
from agir_pipeline.methods.reading.rows import RowTold

BETWEEN = "\x1f"
BETWEEN_DIGITS = re.compile(r"(?<=\d)[ .\-/]+(?=\d)")
ABROAD = re.compile(r"^(?:00)?33|^0+")
"""What a phone number may begin with, and lose."""
LEAST = 5
"""Shorter texts say nothing by themselves."""


def marks_of(
    source: str,
    entity_key: str | None,
    values: Mapping[str, str | None],
    rules: Sequence[Sequence[str]],
) -> Iterator[str]:
    """What a row or a record says of whose it is: its key, and each rule it fills."""
    if entity_key is not None:
        yield BETWEEN.join(("key", source, entity_key))
    for rule in rules:
        told = [normalised_text(values.get(name) or "") for name in rule]
        if all(told):
            yield BETWEEN.join(("rule", "+".join(rule), *told))


def rows_with(
    rows: Iterable[RowTold],
    source: str,
    rules: Sequence[Sequence[str]],
    is_theirs: Callable[[str], bool],
) -> Iterator[int]:
    """The numbers of the rows that have a mark of somebody."""
    for row in rows:
        if any(is_theirs(mark) for mark in marks_of(source, row.entity_key, row.values, rules)):
            yield row.row_number


def telling_words(values: Iterable[str | None]) -> set[str]:
    """Of the values of a person those that tell who it is wherever they stand.

    A number of a case or a phone, an address of mail; a name alone is others' too.
    """
    found = {_bare(value) for value in values if value}
    return {word for word in found if len(word) >= LEAST and any(c.isdigit() for c in word)} | {
        value.strip().casefold() for value in values if value and "@" in value
    }


@dataclass(frozen=True)
class Words:
    """What to look for in rows that no contract reads: telling words, and whole names."""

    telling: frozenset[str]
    names: Collection[frozenset[str]]
    """The words of first and last name of each person."""
    _known: dict[str, tuple[bool, frozenset[str]]] = field(default_factory=dict)

    def rows(self, grid: Grid) -> Iterator[tuple[int, bool]]:
        """Number of each row that tells of somebody, and whether by a telling word."""
        first = frozenset().union(*self.names) if self.names else frozenset()
        for number, cells in grid.rows:
            told = [self._look(cell) for cell in cells if cell]
            if any(is_telling for is_telling, _words in told):
                yield number, True
            elif any(words & first for _is, words in told):
                there = frozenset().union(*(words for _is, words in told))
                if any(name <= there for name in self.names):
                    yield number, False

    def holds(self, text: str) -> bool:
        """Whether a text, such as the name of a file, tells of somebody."""
        is_telling, words = self._look(text)
        return is_telling or any(name <= words for name in self.names)

    def _look(self, text: str) -> tuple[bool, frozenset[str]]:
        found = self._known.get(text)
        if found is None:
            parts = [text, *BETWEEN_DIGITS.sub("", text).split()]
            parts += re.split(r"[\s,;:/|]+", text)
            is_telling = any(
                _bare(part) in self.telling or part.strip("<>().").casefold() in self.telling
                for part in parts
            )
            found = is_telling, frozenset(folded_words(text).split())
            self._known[text] = found
        return found


def _bare(text: str) -> str:
    """Letters and digits only; a number without what it may have lost before it."""
    bare = normalised_text(text)
    return ABROAD.sub("", bare) if bare.isdigit() else bare


def name_words(last_name: str, first_name: str) -> frozenset[str]:
    """The words of a whole name."""
    return frozenset(folded_words(f"{last_name} {first_name}").split())
