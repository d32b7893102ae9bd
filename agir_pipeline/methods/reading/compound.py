"""The streams of an OLE2 container (``.xls``, locked workbooks), read with bounds on every step.

Source: [MS-CFB] Compound File Binary File Format.
"""

import struct
from collections.abc import Iterator

from agir_pipeline.methods.reading.grid import Refused

ENTRY_BYTES = 128
IN_HEADER = 109
"""How many sectors of the allocation table the header itself lists."""
SMALL_BYTES = 4096
SMALL_SECTOR = 64
LAST = 0xFFFFFFFA
"""Sector numbers from here on mean an end, not a place."""
STREAM = 2


def streams(data: bytes) -> dict[str, bytes]:
    """Every stream by its name.

    Raises ``Refused("incomplete")``: a chain leads out of the file or into itself.
    """
    try:
        return _Container(data).streams()
    except (struct.error, IndexError, ValueError) as fault:
        raise Refused("incomplete") from fault


class _Container:
    def __init__(self, data: bytes) -> None:
        self.data = data
        (self.shift,) = struct.unpack_from("<H", data, 30)
        if self.shift not in (9, 12):
            raise ValueError
        (directory,) = struct.unpack_from("<I", data, 48)
        (small_table,) = struct.unpack_from("<I", data, 60)
        self.table = self._numbers(self._table_sectors())
        self.root, *rest = self._entries(self._chain(directory, self.table))
        self.entries = rest
        self.small_table = self._numbers(self._chain(small_table, self.table))
        self.small = self._joined(self._chain(self.root[2], self.table))

    def _table_sectors(self) -> list[int]:
        """Where the allocation table stands: in the header first, then in sectors of its own."""
        following, n_more = struct.unpack_from("<2I", self.data, 68)
        listed = list(struct.unpack_from(f"<{IN_HEADER}I", self.data, 76))
        n_numbers = (1 << self.shift) // 4
        for _sector in range(min(n_more, len(self.data) >> self.shift)):
            *more, following = struct.unpack(f"<{n_numbers}I", self._sector(following))
            listed += more
        return [number for number in listed if number < LAST]

    def _sector(self, number: int) -> bytes:
        start = (number + 1) << self.shift
        return self.data[start : start + (1 << self.shift)]

    def _joined(self, sectors: Iterator[int] | list[int]) -> bytes:
        return b"".join(map(self._sector, sectors))

    def _numbers(self, sectors: Iterator[int] | list[int]) -> tuple[int, ...]:
        joined = self._joined(sectors)
        return struct.unpack(f"<{len(joined) // 4}I", joined[: len(joined) // 4 * 4])

    def _chain(self, number: int, table: tuple[int, ...]) -> Iterator[int]:
        for _step in range(len(table) + 1):
            if number >= LAST:
                return
            yield number
            number = table[number]
        raise ValueError

    def _entries(self, sectors: Iterator[int]) -> Iterator[tuple[str, int, int, int]]:
        """Name, kind, first sector and length of each entry of the directory."""
        listed = self._joined(sectors)
        for start in range(0, len(listed) - ENTRY_BYTES + 1, ENTRY_BYTES):
            n_name, kind = struct.unpack_from("<HB", listed, start + 64)
            first, n_bytes = struct.unpack_from("<2I", listed, start + 116)
            name = listed[start : start + max(0, min(n_name, 64) - 2)]
            yield name.decode("utf-16-le", "replace"), kind, first, n_bytes

    def streams(self) -> dict[str, bytes]:
        return {e[0]: self._content(*e[2:]) for e in self.entries if e[1] == STREAM}

    def _content(self, first: int, n_bytes: int) -> bytes:
        if n_bytes >= SMALL_BYTES:
            return self._joined(self._chain(first, self.table))[:n_bytes]
        pieces = [
            self.small[n * SMALL_SECTOR : (n + 1) * SMALL_SECTOR]
            for n in self._chain(first, self.small_table)
        ]
        return b"".join(pieces)[:n_bytes]
