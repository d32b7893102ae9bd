"""The rows of a sheet held column by column: a text that stands in many rows is held once.

Whoever reads row by row still can; what judges a column looks at each of its texts once.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import compress, zip_longest
from typing import Any, Generic, TypeVar, overload

import numpy as np

from agir_pipeline.methods.reading.grid import BETWEEN, SMALL, Block, Row, block_of

T = TypeVar("T")
U = TypeVar("U")
Places = np.ndarray[Any, np.dtype[Any]]

BYTES_BESIDE = 4
"""What a cell takes in JSON beside its text: quotes, a comma and a space."""
SMALL_BLOCK = 1_000_000
LOOKED_AT = 20_000
"""Rows after which it is clear whether the texts of a column come again."""


class Coded(Sequence[T], Generic[T]):
    """A column: its entries, and for each row the place of its own among them.

    What stands in many rows is one entry or few; no entry comes later than its first row.
    """

    def __init__(self, entries: list[T], places: Places) -> None:
        self.entries, self.places = entries, places

    @classmethod
    def of(cls, values: Sequence[T]) -> "Coded[T]":
        """The same values, each of which must be of one type."""
        if isinstance(values, cls):
            return values
        distinct = dict.fromkeys(values)
        place_of = dict(zip(distinct, range(len(distinct)), strict=True))
        places = np.fromiter(map(place_of.__getitem__, values), "int32", len(values))
        return cls(list(distinct), places)

    @classmethod
    def constant(cls, value: T, n_rows: int) -> "Coded[T]":
        """The value in every row."""
        return cls([value], np.zeros(n_rows, "uint8"))

    def __len__(self) -> int:
        return len(self.places)

    @overload
    def __getitem__(self, place: int) -> T: ...
    @overload
    def __getitem__(self, place: slice) -> list[T]: ...
    def __getitem__(self, place: int | slice) -> T | list[T]:
        if isinstance(place, slice):
            return [self.entries[one] for one in self.places[place].tolist()]
        return self.entries[int(self.places[place])]

    def __iter__(self) -> Iterator[T]:
        return map(self.entries.__getitem__, self.places.tolist())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    @property
    def is_plain(self) -> bool:
        """Whether the entries are the column, row by row."""
        n_rows = len(self.places)
        return n_rows == len(self.entries) and np.array_equal(self.places, np.arange(n_rows))

    def turned(self, values: list[U]) -> "Coded[U]":
        """The same rows with other values in place of those that differ."""
        return Coded(values, self.places)

    def where(self, is_so: Callable[[T], object]) -> Places:
        """For each row, whether something holds of its value."""
        held = np.fromiter(map(bool, map(is_so, self.entries)), bool, len(self.entries))
        return held[self.places]

    def take(self, rows: Places) -> "Coded[T]":
        """Some of the rows, in this order."""
        return Coded(self.entries, self.places[rows])

    def bare(self) -> "Coded[T]":
        """The same without what stands in none of its rows."""
        stands = np.zeros(len(self.entries), bool)
        stands[self.places] = True
        if stands.all():
            return self
        places = (np.cumsum(stands, dtype="int32") - 1)[self.places]
        return Coded(list(compress(self.entries, stands.tolist())), places)


class Rows(Sequence[Row]):
    """All rows of a sheet: a sequence of numbers and cells that holds its columns."""

    def __init__(
        self,
        numbers: Sequence[int],
        columns: Sequence[Coded[str]],
        odd: Mapping[int, list[str]],
    ) -> None:
        self.numbers, self.columns, self.odd = numbers, columns, odd
        """Columns as in a ``Block``: rows of another width are ``odd``."""

    @classmethod
    def of(cls, rows: Sequence[Row]) -> "Rows":
        """The same rows by column."""
        if isinstance(rows, cls):
            return rows
        block = block_of(list(rows))
        return cls(block.numbers, [Coded.of(cells) for cells in block.columns], block.odd)

    def __len__(self) -> int:
        return len(self.numbers)

    @overload
    def __getitem__(self, place: int) -> Row: ...
    @overload
    def __getitem__(self, place: slice) -> list[Row]: ...
    def __getitem__(self, place: int | slice) -> Row | list[Row]:
        if isinstance(place, slice):
            return list(self._some(range(len(self))[place]))
        place = range(len(self))[place]
        cells = self.odd.get(place)
        return self.numbers[place], [c[place] for c in self.columns] if cells is None else cells

    def _some(self, places: range) -> Iterator[Row]:
        some = slice(places.start, places.stop, places.step)
        columns = [column[some] for column in self.columns]
        odd = {at: self.odd[place] for at, place in enumerate(places) if place in self.odd}
        return Block(self.numbers[some], columns, odd).rows()

    def __iter__(self) -> Iterator[Row]:
        return Block(self.numbers, self.columns, self.odd).rows()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    def as_wide_as(self, width: int) -> Places:
        """For each row, whether it has this many cells."""
        is_so = np.full(len(self), width == len(self.columns))
        for place, cells in self.odd.items():
            is_so[place] = len(cells) == width
        return is_so

    def cells(self, position: int, places: Places) -> Coded[str]:
        """One column at these places, all of rows of one width, and no text beside theirs."""
        if not len(places):
            return Coded([], places)
        if int(places[0]) in self.odd:
            return Coded.of([self.odd[place][position] for place in places.tolist()])
        return self.columns[position].take(places).bare()

    def every(self) -> Iterator[Sequence[str]]:
        """Column after column, as far as the longest row goes."""
        wide = [cells[len(self.columns) :] for cells in self.odd.values()]
        for position, column in enumerate(self.columns):
            yield self._with_odd(position, column) if self.odd else column
        yield from zip_longest(*filter(None, wide), fillvalue="")

    def _with_odd(self, position: int, column: Coded[str]) -> list[str]:
        whole = list(column)
        for place, cells in self.odd.items():
            whole[place] = cells[position] if position < len(cells) else ""
        return whole


class Gathered:
    """The rows of one sheet while they come from the reading process, block after block."""

    def __init__(self) -> None:
        self._numbers: list[Sequence[int]] = []
        self._n_rows = 0
        self._columns: list[_Growing] = []
        self._odd: dict[int, list[str]] = {}
        self._is_begun = False

    def add(self, message: Mapping[str, Any], places: bytes) -> int:
        """Takes the next block; how long it would be if each cell were written out.

        Raises ValueError: it does not hold what it says.
        """
        n_rows, begun = message["n_rows"], self._n_rows
        columns = list(_columns(message["columns"], n_rows, places))
        odd = {begun + place: cells for place, cells in message["odd"]}
        n_written = _n_written(columns, odd, n_rows, is_first=not begun)
        if not begun:
            self._columns = [_Growing(column) for column in columns]
        elif len(columns) == len(self._columns):
            for growing, column in zip(self._columns, columns, strict=True):
                growing.add(column)
        else:
            told = Block(range(n_rows), columns, {})
            odd = {begun + place: cells for place, cells in told.rows()} | odd
            for growing in self._columns:
                growing.add(Coded.constant("", n_rows))
        first = message["first"]
        self._numbers.append(message["numbers"] or range(first, first + n_rows))
        self._n_rows += n_rows
        self._odd |= odd
        return n_written

    def rows(self) -> Rows:
        """All of them."""
        columns = [growing.whole() for growing in self._columns]
        return Rows(_one_after_another(self._numbers), columns, self._odd)


def _one_after_another(numbers: Sequence[Sequence[int]]) -> Sequence[int]:
    """The numbers of all blocks; a range where none is left out."""
    whole = range(numbers[0][0], numbers[-1][-1] + 1) if numbers else range(0)
    at = 0
    for some in numbers:
        if whole[at : at + len(some)] != some:
            return [number for some in numbers for number in some]
        at += len(some)
    return whole


class _PlaceOf(dict[str, int]):
    """The place of each text among the entries of a column; one that is asked for becomes one."""

    def __init__(self, entries: list[str]) -> None:
        # A plain column may hold one text twice: either place will do.
        super().__init__(zip(entries, range(len(entries)), strict=True))
        self._entries = entries

    def __missing__(self, text: str) -> int:
        place = self[text] = len(self._entries)
        self._entries.append(text)
        return place


class _Growing:
    """One column while blocks come: a text of an earlier block is not held again.

    In a column without end of texts nothing is gained by looking for them.
    """

    def __init__(self, first: Coded[str]) -> None:
        self._entries, self._places = first.entries, [first.places]
        self._n_rows = len(first)
        self._place_of: _PlaceOf | None = None

    def add(self, more: Coded[str]) -> None:
        if self._n_rows >= LOOKED_AT and 2 * len(self._entries) > self._n_rows:
            self._place_of = None
            places = more.places.astype("int32") + len(self._entries)
            self._entries += more.entries
        else:
            if self._place_of is None:
                self._place_of = _PlaceOf(self._entries)
            place_of, n = self._place_of.__getitem__, len(more.entries)
            places = np.fromiter(map(place_of, more.entries), "int32", n)[more.places]
        self._places.append(places)
        self._n_rows += len(more)

    def whole(self) -> Coded[str]:
        if len(self._places) == 1:
            return Coded(self._entries, self._places[0])
        return Coded(self._entries, np.concatenate(self._places))


def _columns(
    told: Sequence[list[str] | list[int]], n_rows: int, places: bytes
) -> Iterator[Coded[str]]:
    at = 0
    for one in told:
        if isinstance(one[0], str):
            entries = one
        else:
            n_texts, n_bytes = one
            entries = places[at : at + n_bytes].decode().split(BETWEEN)
            at += n_bytes
            if len(entries) != n_texts:
                raise ValueError
        if len(entries) == n_rows:
            yield Coded(entries, np.arange(n_rows, dtype="int32"))
            continue
        own = np.frombuffer(places, "uint8" if len(entries) <= SMALL else "uint16", n_rows, at)
        at += own.nbytes
        if own.max() >= len(entries):
            raise ValueError
        yield Coded(entries, own)


def _n_written(
    columns: Sequence[Coded[str]], odd: Mapping[int, list[str]], n_rows: int, *, is_first: bool
) -> int:
    """An upper bound where it is small: most files are one block, and each look costs."""
    of_odd = sum(len(text) + BYTES_BESIDE for cells in odd.values() for text in cells)
    longest = [max(map(len, column.entries)) for column in columns]
    at_most = of_odd + (sum(longest) + BYTES_BESIDE * len(columns)) * n_rows
    if is_first and at_most <= SMALL_BLOCK:
        return at_most
    texts = [np.fromiter(map(len, c.entries), "int64", len(c.entries)) for c in columns]
    written = [lengths[column.places].sum() for lengths, column in zip(texts, columns, strict=True)]
    return int(sum(written)) + BYTES_BESIDE * len(columns) * n_rows + of_odd
