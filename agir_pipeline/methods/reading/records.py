"""The data rows of a sheet as records: what each is called, and which contradict each other."""

import hashlib
import unicodedata
from binascii import hexlify
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from agir_pipeline.methods.reading.columns import Coded
from agir_pipeline.methods.reading.headings import normalise
from agir_pipeline.methods.reading.typing_rules import TypedColumn
from agir_pipeline.protocol.model import Source

UNIT_SEPARATOR = "\x1f"
RECORD_ID_BYTES = 16
VALUES_REMEMBERED = 200_000
LARGE = 10_000
MISSING_DIGEST = 0x5851F42D4C957F2D
SPREAD = np.uint64(0x9E3779B97F4A7C15)
"""An odd number: the same value in another column gives another digest."""


class RecordNames:
    """The keyed name of every row of one sheet, by its number."""

    def __init__(self, record_key: bytes, object_digest: str, sheet: str) -> None:
        self._begun = hashlib.blake2b(key=record_key, digest_size=RECORD_ID_BYTES)
        self._begun.update(f"{object_digest}{UNIT_SEPARATOR}{sheet}{UNIT_SEPARATOR}".encode())

    def of(self, number: int) -> str:
        return self._digest(number).hex()

    def column(self, numbers: Sequence[int]) -> pa.Array:
        """Of many rows, without a text of its own for each."""
        width, names = 2 * RECORD_ID_BYTES, bytearray()
        for begun in range(0, len(numbers), LARGE):
            names += hexlify(b"".join(map(self._digest, numbers[begun : begun + LARGE])))
        ends = np.arange(0, len(names) + width, width, dtype="int32")
        return pa.StringArray.from_buffers(len(numbers), pa.py_buffer(ends), pa.py_buffer(names))

    def _digest(self, number: int) -> bytes:
        digest = self._begun.copy()
        digest.update(b"%d" % number)
        return digest.digest()


class Doubtful(NamedTuple):
    """A row that another one contradicts; ``position`` counts the data rows."""

    position: int
    column: str
    rule: str
    found: str


class Records:
    """The data rows of a sheet, column by column; positions count them from 0."""

    def __init__(
        self, source: Source, numbers: Sequence[int], typed: Mapping[str, TypedColumn]
    ) -> None:
        self.source, self.numbers = source, numbers
        self.values = {name: column.values for name, column in typed.items()}
        broken = {position for column in typed.values() for position in column.rules}
        self.right: Sequence[int] = range(len(numbers))
        if broken:
            self.right = [position for position in self.right if position not in broken]
        self.keys = self._keys()
        self.copies, self._colliding = self._repetitions()

    def _keys(self) -> list[str | None]:
        if not self.source.key:
            return [str(number) for number in self.numbers]
        return business_keys(self.source, self.values)

    def _repetitions(self) -> tuple[list[int], list[int]]:
        """Positions of rows equal to an earlier one, and of rows that contradict another."""
        keys = list(map(self.keys.__getitem__, self.right))
        if len(set(keys)) == len(keys):
            return [], []
        times = Counter(keys)
        seen: set[tuple[Any, ...]] = set()
        copies: list[int] = []
        first: dict[str | None, list[int]] = {}
        for position in self.right:
            key = self.keys[position]
            if times[key] > 1:
                row = (key, *(values[position] for values in self.values.values()))
                if row in seen:
                    copies.append(position)
                else:
                    seen.add(row)
                    first.setdefault(key, []).append(position)
        colliding = [place for places in first.values() if len(places) > 1 for place in places]
        return copies, sorted(colliding)

    def doubtful(self, texts: Mapping[str, Sequence[str]]) -> Iterator[Doubtful]:
        """Rows of one key that differ, rows of different keys that name one person, and
        contracts that were to end before they start."""
        for position in self._colliding:
            found = " ; ".join(texts[name][position] for name in self.source.key)
            yield Doubtful(position, self.source.key[0], "key_collision", found)
        for position in self._same_people():
            key = str(self.keys[position])
            yield Doubtful(position, self.source.key[0], "same_person", key)
        spell = self.source.spell
        if spell:
            name = spell.planned_end
            for position in self.before(name, spell.starts):
                yield Doubtful(position, name, "before_start", texts[name][position])

    def before(self, earlier: str, later: str) -> list[int]:
        """Rows whose day in column ``earlier`` lies before that in column ``later``."""
        days = list(zip(self.values[earlier], self.values[later], strict=True))
        return [p for p in self.right if all(days[p]) and days[p][0] < days[p][1]]

    def _same_people(self) -> Iterator[int]:
        """A case opened twice: what tells people apart is the same, the key is not."""
        names = self.source.same_person
        if not names:
            return
        columns = [list(self.values[name]) for name in names]
        told = {p: tuple(column[p] for column in columns) for p in self.right}
        told = {p: values for p, values in told.items() if None not in values}
        # Few people share a date: only their names are folded and compared.
        days = Counter(map(_days, told.values()))
        together: dict[tuple[str, ...], list[int]] = {}
        for position, values in told.items():
            if days[_days(values)] > 1:
                person = tuple(normalise(str(value)) for value in values)
                together.setdefault(person, []).append(position)
        for positions in together.values():
            if len({self.keys[position] for position in positions}) > 1:
                yield from positions


def business_keys(source: Source, values: Mapping[str, Coded[Any]]) -> list[str | None]:
    """The business key of each row as text; None where a part of it could not be read."""
    told = [values[name] for name in source.key]
    parts = [column.turned(_parts_of_keys(column.entries)) for column in told]
    if len(parts) == 1:
        return list(parts[0])
    return [
        None if None in row else UNIT_SEPARATOR.join(map(str, row))
        for row in zip(*parts, strict=True)
    ]


def _parts_of_keys(values: list[Any]) -> list[str | None]:
    """Most are letters and digits throughout: one look says so."""
    if set(map(type, values)) == {str}:
        whole = "".join(values)
        if whole.isascii() and whole.isalnum():
            return values
    return list(map(_part_of_key, values))


def _days(values: tuple[Any, ...]) -> tuple[datetime, ...]:
    return tuple(value for value in values if isinstance(value, datetime))


def _part_of_key(value: str | float | bool | datetime | None) -> str | None:
    if isinstance(value, str) and value.isascii() and value.isalnum():
        return value
    return _key_text(value)


@lru_cache(maxsize=10_000, typed=True)
def _key_text(value: str | float | bool | datetime | None) -> str | None:
    """One part of a key as text that does not depend on how the file wrote it."""
    if value is None:
        return None
    if isinstance(value, datetime):
        return value.isoformat().removesuffix("T00:00:00")
    return " ".join(unicodedata.normalize("NFC", str(value)).split())


def row_digests(columns: Iterable[Sequence[object]], n_rows: int) -> np.ndarray:
    """One number per row that changes when any value of the row does (missing counts as one).

    The values of one column are of one type.
    """
    digests = np.zeros(n_rows, dtype="uint64")
    for values in columns:
        if isinstance(values, Coded):
            told = _value_digests(values.entries)[values.places]
        else:
            told = _value_digests(values)
        digests = digests * SPREAD + told
    return digests


def _value_digests(values: Sequence[object]) -> np.ndarray:
    """A number per value; a missing one is no text, not even an empty one.

    Large columns are hashed whole; what stands in small ones has mostly been seen before.
    """
    kind = next((type(value) for value in values if value is not None), str)
    if len(values) > LARGE and kind in (str, float) and None not in values:
        return _hashed(values, kind)
    known = _known_digests(kind)
    new = [value for value in set(values) if value not in known]
    if new:
        known.update(zip(new, _hashed(new, kind).tolist(), strict=True))
    return np.fromiter(map(known.__getitem__, values), dtype="uint64", count=len(values))


def _hashed(values: Sequence[object], kind: type) -> np.ndarray:
    """Digests of values of one type, none of them missing."""
    told = values if kind in (str, float) else list(map(str, values))
    return pd.util.hash_array(
        np.array(told, dtype="float64" if kind is float else object), categorize=False
    )


@lru_cache
def _digests_of(_kind: type) -> dict[object, int]:
    return {None: MISSING_DIGEST}


def _known_digests(kind: type) -> dict[object, int]:
    """Of one type only, as equal numbers of two types are one key; forgotten when too many."""
    known = _digests_of(kind)
    if len(known) > VALUES_REMEMBERED:
        known.clear()
        known[None] = MISSING_DIGEST
    return known
