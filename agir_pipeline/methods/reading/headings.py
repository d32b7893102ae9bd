"""Which column of a file is which column of the contract, by its headings alone.

A heading is compared after folding case, accents, spaces and punctuation. Nothing is guessed:
a column is known by its name, its labels, or an alias that is valid on the day of delivery.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from agir_pipeline.methods.reading.grid import Grid, Refusal, column_letter
from agir_pipeline.protocol.model import Column, Source

HEADER_ROWS = 30
"""How far down the header is looked for."""

SEPARATORS = re.compile(r"[\W_]+")
LIGATURES = str.maketrans({"œ": "oe", "æ": "ae"})


@dataclass(frozen=True)
class Layout:
    """Where the header stands and which position holds each column of the contract."""

    row_index: int
    """Position of the header among the rows of the grid."""
    positions: Mapping[str, int]
    unknown: tuple[int, ...]
    """Positions whose heading says nothing to the contract."""
    absent: tuple[str, ...]
    """Columns of the contract the file does not have."""


@lru_cache(maxsize=50_000)
def normalise(text: str) -> str:
    """Letters and digits only, in one case, without accents; "Né(e) le" gives "ne e le"."""
    folded = unicodedata.normalize("NFKC", text).casefold().translate(LIGATURES)
    bare = "".join(c for c in unicodedata.normalize("NFD", folded) if not unicodedata.combining(c))
    return SEPARATORS.sub(" ", bare).strip()


def find_layout(grid: Grid, source: Source, delivered_on: date) -> Layout | Refusal:
    """The header row and its mapping, or why the sheet cannot be mapped.

    The header is the row, among the first thirty, that names most columns of the contract.
    Refused: no row names any column; a column that must be there is absent; two headings mean
    the same column, or one heading means two.
    """
    row_index, row = header_of(grid, source, delivered_on)
    if not any(row):
        expected = ", ".join(column.name for column in _in_files(source))
        return Refusal("no_header", grid.sheet, context={"expected": expected})
    return _layout(grid, source, row_index, row)


def header_of(grid: Grid, source: Source, day: date) -> tuple[int, list[frozenset[str]]]:
    """The row, among the first thirty, that names most columns; what each of its cells may mean."""
    known = _known_headings(source, day)
    best: tuple[int, list[frozenset[str]]] = (0, [])
    n_most, n_all = -1, len(_in_files(source))
    for index, (_number, cells) in enumerate(grid.rows[:HEADER_ROWS]):
        row = [known.get(normalise(cell), frozenset()) for cell in cells]
        n_named = len(frozenset().union(*row))
        if n_named > n_most:
            n_most, best = n_named, (index, row)
        if n_most == n_all:  # no later row can name more
            break
    return best


def _known_headings(source: Source, delivered_on: date) -> dict[str, frozenset[str]]:
    known: dict[str, set[str]] = defaultdict(set)
    for column in _in_files(source):
        for heading in headings_of(column, delivered_on):
            known[normalise(heading)].add(column.name)
    known.pop("", None)
    return {heading: frozenset(names) for heading, names in known.items()}


def _in_files(source: Source) -> list[Column]:
    """The columns a file has to have: not the one that names its sheet."""
    return [column for column in source.columns if not column.is_sheet_name]


def headings_of(column: Column, day: date) -> list[str]:
    """Every heading under which a column is known on a day."""
    aliases = [
        alias.heading
        for alias in column.aliases
        if (alias.since is None or alias.since <= day)
        and (alias.until is None or day <= alias.until)
    ]
    return [column.name, column.labels.en, column.labels.fr, *aliases]


def _layout(
    grid: Grid, source: Source, row_index: int, row: list[frozenset[str]]
) -> Layout | Refusal:
    number, cells = grid.rows[row_index]
    places: dict[str, list[int]] = defaultdict(list)
    for position, names in enumerate(row):
        if len(names) > 1:
            context = {"columns": ", ".join(sorted(names))}
            letter = column_letter(position)
            return Refusal("ambiguous_heading", grid.sheet, number, letter, context)
        for name in names:
            places[name].append(position)
    for name, found in places.items():
        if len(found) > 1:
            letters = ", ".join(map(column_letter, found))
            return Refusal("duplicate_heading", grid.sheet, number, letters, {"columns": name})
    columns = _in_files(source)
    needed = [c.name for c in columns if c.must_exist or c.required or c.name in source.key]
    if missing := [name for name in needed if name not in places]:
        context = {"columns": ", ".join(missing)}
        return Refusal("missing_columns", grid.sheet, number, context=context)
    return Layout(
        row_index=row_index,
        positions={name: found[0] for name, found in places.items()},
        unknown=tuple(p for p, names in enumerate(row) if not names and cells[p].strip()),
        absent=tuple(c.name for c in columns if c.name not in places),
    )
