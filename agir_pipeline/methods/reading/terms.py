"""Contracts of one file that end otherwise than their terms say: told too late, or cut short.

Both are pointed out and nothing is reclassified: the outcome goes by the term in force.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

import numpy as np

from agir_pipeline.methods.reading.columns import Coded, Places
from agir_pipeline.methods.reading.records import Records
from agir_pipeline.protocol.sources import SpellColumns


def broken_after_term(records: Records, spell: SpellColumns) -> list[int]:
    """Positions of contracts broken after the last end planned for them: they ended as planned.

    Where a contract has several rows, its last amendment tells. Contracts without an end of
    their own are left out: they go on after the day that counts as their end.
    """
    late = records.before(spell.planned_end, spell.ended_early)
    last = [rows[-1] for rows in _contracts(records, spell, late) if rows[-1] in late]
    if spell.open_ended is not None:
        natures = records.values[spell.open_ended.column]
        last = [position for position in last if natures[position] != spell.open_ended.code]
    return sorted(last)


def shortened_terms(records: Records, spell: SpellColumns) -> list[int]:
    """Positions of amendments that bring the planned end forward just before it comes.

    Just before: at most ``shortened_within_days``, or on no day that is told. Left out: contracts
    told to have broken before the new end, which hides nothing.
    """
    within, number = spell.shortened_within_days, spell.amendment_number
    if within is None or number is None:
        return []
    values = records.values
    ends, broken = values[spell.planned_end], values[spell.ended_early]
    told = values.get(spell.amendment_effective or "")
    found = []
    for rows in _contracts(records, spell, np.flatnonzero(values[number].where(bool)).tolist()):
        for before, amended in pairwise(rows):
            old, new, ended = ends[before], ends[amended], broken[amended]
            if not (old and new and new < old) or (ended and ended < new):
                continue
            day: datetime | None = told[amended] if told is not None else None
            if day is None or (new - day).days <= within:
                found.append(amended)
    return sorted(found)


def _contracts(
    records: Records, spell: SpellColumns, positions: Sequence[int]
) -> Iterator[list[int]]:
    """The rows of the contracts that have a row at one of the positions, amendments in order."""
    if not positions:
        return
    number = spell.amendment_number
    names = [name for name in records.source.key if name != number]
    parts = np.stack([_places(records.values[name]) for name in names])
    ids = np.unique(parts, axis=1, return_inverse=True)[1].reshape(-1)
    right = np.asarray(records.right, "int64")
    own = right[np.isin(ids[right], ids[list(positions)])]
    order: Any = records.values[number] if number else [0] * len(ids)
    rows: dict[int, list[int]] = {}
    for position in own.tolist():
        rows.setdefault(int(ids[position]), []).append(position)
    for together in rows.values():
        yield sorted(together, key=order.__getitem__)


def _places(values: Coded[Any]) -> Places:
    """A number per row, the same for the same value."""
    known: dict[Any, int] = {}
    numbers = [known.setdefault(entry, len(known)) for entry in values.entries]
    return np.asarray(numbers, "int64")[values.places]
