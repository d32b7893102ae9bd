"""Which rows of a sheet are data, and which are titles, totals, footnotes, blank or broken."""

import re
from collections.abc import Iterator, Sequence
from enum import StrEnum

from agir_pipeline.methods.reading.cells import trimmed
from agir_pipeline.methods.reading.grid import Grid
from agir_pipeline.methods.reading.headings import Layout, normalise

TOTAL = re.compile(r"(sous |grand )?tota(l|ux)( .*)?|subtotal( .*)?")


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
    faults, erased = dict(grid.faults), frozenset(grid.erased)
    header = grid.rows[layout.row_index][1]
    key_positions = [layout.positions[name] for name in key if name in layout.positions]
    ends: list[str] = [End.OUTSIDE] * (layout.row_index + 1)
    rules: dict[int, str] = {}
    ends += _plain_ends(grid.rows[layout.row_index + 1 :], header, key_positions)
    for index in [index for index, end in enumerate(ends) if not end or faults]:
        if index <= layout.row_index:
            continue
        number, cells = grid.rows[index]
        rule = faults.get(number, "")
        if number in erased:
            ends[index] = End.ERASED
        elif not trimmed("".join(cells)):
            ends[index] = End.BLANK
        elif rule or len(cells) != len(header):
            rules[index] = rule or "wrong_field_count"
            ends[index] = End.REJECTED
        elif cells == header or _is_set_aside(cells, key_positions):
            ends[index] = End.OUTSIDE
        else:
            ends[index] = End.ACCEPTED
    return ends, rules


def _plain_ends(
    rows: list[tuple[int, list[str]]], header: list[str], key_positions: list[int]
) -> Iterator[str]:
    """What a glance tells: most rows are data. Of the others, and their faults, nothing."""
    width, last_of_key = len(header), max(key_positions, default=0)
    for _number, cells in rows:
        is_data = (
            len(cells) == width
            and cells[0][:1].isalnum()
            and cells[last_of_key][:1].isalnum()
            and "tota" not in cells[0].casefold()
            and cells != header
        )
        yield End.ACCEPTED if is_data else ""


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
