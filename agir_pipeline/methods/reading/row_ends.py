"""Which rows of a sheet are data, and which are titles, totals, footnotes, blank or broken."""

import re
from collections.abc import Sequence
from enum import StrEnum
from functools import partial

import numpy as np

from agir_pipeline.methods.reading.cells import trimmed
from agir_pipeline.methods.reading.columns import Places, Rows
from agir_pipeline.methods.reading.grid import Grid
from agir_pipeline.methods.reading.headings import Layout, normalise

TOTAL = re.compile(r"(sous |grand )?tota(l|ux)( .*)?|subtotal( .*)?")

LEAST_COLUMNS = 3
"""In a sheet of fewer, a row of one cell may be data."""
BETWEEN_WORDS = {" ", "\u00a0", ":"}
"""One of them stands in a note, and in no identifier that stands alone."""


class End(StrEnum):
    """What became of a row; ``erased`` ones were blanked before they were read."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    DUPLICATE = "duplicate"
    BLANK = "blank"
    OUTSIDE = "outside"
    ERASED = "erased"


def first_ends(grid: Grid, layout: Layout, key: Sequence[str]) -> tuple[list[str], dict[int, str]]:
    """The end of every row before its cells are read, and the rules broken by whole rows.

    Rows that look like data are ``accepted`` for now. The second value maps the position of a
    rejected row to its rule.
    """
    rows, faults, erased = Rows.of(grid.rows), dict(grid.faults), frozenset(grid.erased)
    header = rows[layout.row_index][1]
    key_positions = [layout.positions[name] for name in key if name in layout.positions]
    is_data = _is_plain(rows, layout.row_index, header, key_positions)
    if faults:
        is_data[[place for place, number in enumerate(rows.numbers) if number in faults]] = False
    ends: list[str] = [End.ACCEPTED] * len(rows)
    rules: dict[int, str] = {}
    for index in np.flatnonzero(~is_data).tolist():
        number, cells = rows[index]
        rule = faults.get(number, "")
        if index <= layout.row_index:
            ends[index] = End.OUTSIDE
        elif number in erased:
            ends[index] = End.ERASED
        elif not trimmed("".join(cells)):
            ends[index] = End.BLANK
        elif rule or len(cells) != len(header):
            rules[index] = rule or "wrong_field_count"
            ends[index] = End.REJECTED
        elif _is_heading(cells, header) or _is_set_aside(cells, key_positions):
            ends[index] = End.OUTSIDE
    for index in _notes_below(rows, ends, layout.row_index):
        rules.pop(index, None)
        ends[index] = End.OUTSIDE
    return ends, rules


def _is_plain(rows: Rows, row_index: int, header: list[str], key_positions: list[int]) -> Places:
    """For each row, whether a glance tells that it is data: most are. Faults are not looked at."""
    is_data = rows.as_wide_as(len(header))
    is_data[: row_index + 1] = is_data[list(rows.odd)] = False
    if not is_data.any():
        return is_data
    first, last_of_key = (rows.columns[place] for place in (0, max(key_positions, default=0)))
    places = np.flatnonzero(is_data)
    told = first.take(places).bare()
    if not _may_all_be_data(told.entries, _folded(header[0])):
        is_data[places] = told.where(partial(_may_be_data, heading=_folded(header[0])))
    if last_of_key is not first:
        is_data &= last_of_key.where(lambda text: text[:1].isalnum())
    return is_data


def _may_be_data(text: str, heading: str) -> bool:
    folded = _folded(text)
    return text[:1].isalnum() and "tota" not in folded and folded != heading


def _may_all_be_data(texts: list[str], heading: str) -> bool:
    """Whether all may be, as one look tells; False where it does not."""
    folded = "\n".join(texts).casefold()
    begun = "".join([text[:1] for text in texts])
    is_begun_well = len(begun) == len(texts) and begun.isalnum()
    return is_begun_well and "tota" not in folded and not (heading and heading in folded)


def _folded(text: str) -> str:
    return text.casefold().strip()


def _is_heading(cells: list[str], header: list[str]) -> bool:
    """The headings once more, as where files were put one under the other."""
    return cells == header or list(map(normalise, cells)) == list(map(normalise, header))


def _notes_below(rows: Rows, ends: Sequence[str], row_index: int) -> list[int]:
    """The rows of one sentence at the end, where a blank row or a total parts them from data."""
    if len(rows[row_index][1]) < LEAST_COLUMNS:
        return []
    notes: list[int] = []
    highest = len(ends)
    for index in range(len(ends) - 1, row_index, -1):
        if ends[index] in (End.BLANK, End.OUTSIDE):
            highest = index
        elif ends[index] != End.ERASED and _is_sentence(rows[index][1]):
            notes.append(index)
        else:
            break
    return [index for index in notes if index > highest]


def _is_sentence(cells: list[str]) -> bool:
    first = trimmed(cells[0]) if cells else ""
    return bool(BETWEEN_WORDS & set(first)) and not any(map(trimmed, cells[1:]))


def _is_set_aside(cells: list[str], key_positions: list[int]) -> bool:
    """A total, or a note of one cell, by its first cell and by what stands beside it.

    A total leaves part of the key empty, or most of its row: somebody may be called Total.
    """
    if not key_positions:
        return False
    first = next(position for position, cell in enumerate(cells) if trimmed(cell))
    others = set(key_positions) - {first}
    if "tota" in cells[first].casefold() and TOTAL.fullmatch(normalise(cells[first])):
        filled = {position for position, cell in enumerate(cells) if trimmed(cell)}
        is_whole = bool(others) and others <= filled
        return not is_whole or 2 * len(filled) < len(cells)
    return bool(others) and not any(map(trimmed, cells[first + 1 :]))
