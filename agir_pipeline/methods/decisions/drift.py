"""A layout that changed, beside the one before: which new heading may mean which lost column."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from difflib import SequenceMatcher

from agir_pipeline.methods.reading.cells import trimmed
from agir_pipeline.methods.reading.grid import Grid, column_letter
from agir_pipeline.methods.reading.headings import header_of, headings_of, normalise
from agir_pipeline.methods.reading.typing_rules import ColumnReader
from agir_pipeline.protocol.model import Column, Source

HEADING_WEIGHT, VALUES_WEIGHT = 0.6, 0.4
LIKELY = 0.45
"""Below this a new heading is proposed for no column."""
SAMPLE = 200
WEAK = 0.5
"""What it says for a column of free texts that the values are texts."""


@dataclass(frozen=True)
class Strange:
    """One heading that says nothing to the contract, or one column that no heading names."""

    letter: str
    heading: str
    """The new heading; empty: only a column is missing."""
    column: str
    """The column it may mean, or that is missing; empty: none is proposed."""
    before: str
    """The heading of that column in the last good file."""
    likeness: float


def strange_headings(
    grid: Grid, source: Source, day: date, before: Mapping[str, str]
) -> list[Strange]:
    """What is new and what is missing in the header of ``grid``, each new heading once.

    ``before`` maps the columns of the last good file to their headings. A new heading is proposed
    for the missing column that it is most like, by its words and by its values.
    """
    index, names = header_of(grid, source, day)
    header = grid.rows[index][1]
    here = frozenset().union(*names)
    lost = [c for c in source.columns if c.name not in here and c.name in before]
    new = [p for p, cell in enumerate(header) if trimmed(cell) and not names[p]]
    texts = {
        p: [
            cells[p] for _n, cells in grid.rows[index + 1 :] if p < len(cells) and trimmed(cells[p])
        ]
        for p in new
    }
    likeness = {
        (p, c.name): _likeness(header[p], before[c.name], c, source, texts[p][:SAMPLE], day)
        for p in new
        for c in lost
    }
    chosen = dict(_best(likeness))
    return [
        *(
            Strange(
                column_letter(p), header[p], name := chosen.get(p, ""), before.get(name, ""),
                likeness.get((p, name), 0.0),
            )
            for p in new
        ),
        *(
            Strange("", "", c.name, before[c.name], 0.0)
            for c in lost
            if c.name not in chosen.values()
        ),
    ]  # fmt: skip


def headings_by_column(grid: Grid, source: Source, day: date) -> dict[str, str]:
    """Column → its heading in a file that could be read."""
    index, names = header_of(grid, source, day)
    header = grid.rows[index][1]
    return {name: header[p] for p, found in enumerate(names) for name in found}


def _likeness(
    heading: str, before: str, column: Column, source: Source, texts: list[str], day: date
) -> float:
    known = [*headings_of(column, day), before]
    words = max(_alike(normalise(heading), normalise(other)) for other in known)
    return HEADING_WEIGHT * words + VALUES_WEIGHT * _fit(column, source, texts)


def _alike(one: str, other: str) -> float:
    return SequenceMatcher(None, one, other, autojunk=False).ratio()


def _fit(column: Column, source: Source, texts: list[str]) -> float:
    """The share of the values that the column could hold."""
    if not texts:
        return 0.0
    share = 1 - len(ColumnReader(column, source).read(texts).rules) / len(texts)
    is_free = column.type == "text" or (column.type == "identifier" and not column.pattern)
    return WEAK * share if is_free else share


def _best(likeness: Mapping[tuple[int, str], float]) -> Iterator[tuple[int, str]]:
    """The likeliest couples first, each heading and each column once."""
    places: set[int] = set()
    names: set[str] = set()
    for (place, name), value in sorted(likeness.items(), key=lambda item: (-item[1], item[0])):
        if value >= LIKELY and place not in places and name not in names:
            places.add(place)
            names.add(name)
            yield place, name
