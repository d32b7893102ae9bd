"""A csv file as a grid of texts, read strictly: nothing is guessed, replaced or swallowed.

Encoding: a declared one, else the byte order mark, else strict UTF-8, else strict cp1252.
A row whose quotes do not close costs that one line and is named; the lines after it are kept.
"""

import codecs
import csv
import re
from collections.abc import Iterable, Iterator
from io import TextIOWrapper
from itertools import chain, islice
from typing import IO

from agir_pipeline.methods.reading.grid import (
    Flag,
    Grid,
    Refused,
    Row,
    Sheet,
    blocks_of,
    column_letter,
)

DELIMITERS = ";,\t|"
SAMPLE_LINES = 200
SAMPLE_CHARACTERS = 8_192
CHUNK_BYTES = 1 << 20
UNIT = "\x1f"

MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""UTF-32 before UTF-16: its little-endian mark begins with the other's."""

DOUBLE_ENCODED = re.compile(r"[ÃÂ][\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]|â€")
"""Two bytes of UTF-8 shown as two letters of cp1252: é as Ã©."""
MAC_ROMAN = re.compile(r"[Žƒ‰Š](?:(?=[a-z])|(?<=[a-z][Žƒ‰Š]))")
"""The cp1252 reading of a Mac file: its é, É, â and ä beside small letters."""

DOS_TEXT = re.compile(r"[‚‡](?<=[a-z][‚‡])")
"""The cp1252 reading of a file of MS-DOS: its é and ç after small letters."""

LATIN_9 = re.compile(r"¤|[½¼](?:(?=[^\W\d_])|(?<=[^\W\d_][½¼]))")
"""The cp1252 reading of ISO 8859-15: its € anywhere, its œ and Œ beside letters."""


def read_delimited(file: IO[bytes], encoding: str | None = None) -> Sheet:
    """The rows of a csv file, blank lines included; refuses NUL and undecodable bytes.

    The file is gone through twice: to find its encoding, then row by row. No more of it is in
    memory than a few lines.
    """
    used = _encoding(file, encoding)
    lines = _Lines(file, used)
    delimiter = _delimiter(lines)
    grid = Grid("csv", "", [], used, delimiter)
    rows = _watched(_rows(lines, delimiter, grid.faults), used, grid.flags)
    return Sheet(grid, blocks_of(rows))


def _encoding(file: IO[bytes], declared: str | None) -> str:
    """The first encoding in which the whole file can be read."""
    head = file.read(4)
    names = [declared] if declared else [name for mark, name in MARKS if head.startswith(mark)][:1]
    for name in names or ["utf-8", "cp1252"]:
        if (row := _undecodable(file, name)) is None:
            return name
        place: dict[str, int | str] = {"row": row, "encoding": name}
    raise Refused("undecodable", **place)


def _undecodable(file: IO[bytes], encoding: str) -> int | None:
    """The line of the first byte that means nothing; None when there is none."""
    file.seek(0)
    row = 1
    try:
        decoder = codecs.getincrementaldecoder(encoding)()
        while chunk := file.read(CHUNK_BYTES):
            text = decoder.decode(chunk)
            if "\0" in text:
                raise Refused("nul_byte", row=row + _n_lines(text[: text.index("\0")]))
            row += _n_lines(text)
        decoder.decode(b"", True)
    except UnicodeDecodeError as fault:
        return row + fault.object.count(b"\n", 0, fault.start)
    except (LookupError, AttributeError) as fault:
        raise Refused("unknown_encoding", encoding=encoding) from fault
    return None


def _n_lines(text: str) -> int:
    """How many lines end in a text; a lone carriage return ends one, as old Macs wrote it."""
    if "\r" not in text:
        return text.count("\n")
    return text.count("\n") + text.count("\r") - text.count("\r\n")


class _Lines:
    """The lines of a text file, counted; lines that were read may be given back."""

    def __init__(self, file: IO[bytes], encoding: str) -> None:
        file.seek(0)
        self.source: Iterator[str] = iter(TextIOWrapper(file, encoding, newline=""))
        self.n_read = 0
        self.taken: list[str] = []
        """The lines since the last row that was whole."""

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self.source)
        self.n_read += 1
        self.taken.append(line)
        return line

    def peek(self, n_lines: int) -> list[str]:
        """The next lines, which are still to be read."""
        ahead = list(islice(self.source, n_lines))
        self.source = chain(ahead, self.source)
        return ahead

    def give_up(self) -> str:
        """The first line taken; those after it are to be read again."""
        broken, *others = self.taken
        self.source = chain(others, self.source)
        self.n_read -= len(others)
        self.taken.clear()
        return broken


def _delimiter(lines: _Lines) -> str:
    """What parts the cells; a first line ``sep=;`` is obeyed and skipped."""
    ahead = lines.peek(SAMPLE_LINES)
    first = ahead[0].strip("\r\n").strip('"') if ahead else ""
    if first.lower().startswith("sep=") and len(first) == 5:
        next(lines)
        lines.taken.clear()
        return first[4]
    sample = "".join(ahead)[:SAMPLE_CHARACTERS]
    try:
        return csv.Sniffer().sniff(sample, DELIMITERS).delimiter
    except csv.Error:
        return max(DELIMITERS, key=sample.count)


def _rows(lines: _Lines, delimiter: str, faults: list[tuple[int, str]]) -> Iterator[Row]:
    while True:
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        number = lines.n_read + 1
        try:
            for cells in reader:
                yield number, cells
                lines.taken.clear()
                number = lines.n_read + 1
            return
        except csv.Error:
            faults.append((number, "bad_quotes"))
            yield number, [lines.give_up().rstrip("\r\n")]


def _watched(rows: Iterable[Row], used: str, flags: list[Flag]) -> Iterator[Row]:
    """The rows as they are; one flag for each suspicious column, at its first row."""
    patterns = {"double_encoded": DOUBLE_ENCODED}
    if used == "cp1252":
        patterns |= {"mac_roman": MAC_ROMAN, "dos_text": DOS_TEXT, "latin_9": LATIN_9}
    found: dict[tuple[str, int], list[int]] = {}
    for number, cells in rows:
        text = UNIT.join(cells)
        if not text.isascii():
            for code, pattern in patterns.items():
                if pattern.search(text):
                    for position, cell in enumerate(cells):
                        if pattern.search(cell):
                            found.setdefault((code, position), []).append(number)
        yield number, cells
    for (code, position), numbers in sorted(found.items()):
        flags.append(Flag(code, numbers[0], column_letter(position), len(numbers)))
