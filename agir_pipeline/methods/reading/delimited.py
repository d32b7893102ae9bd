"""A csv file as a grid of texts, read strictly: nothing is guessed, replaced or swallowed.

Encoding: a declared one, else the byte order mark, else strict UTF-8, else strict cp1252.
A row whose quotes do not close costs that one line and is named; the lines after it are kept.
"""

import codecs
import csv
import re
from collections.abc import Iterator
from io import StringIO

from agir_pipeline.methods.reading.grid import Flag, Grid, Refused, column_letter

DELIMITERS = ";,\t|"
SAMPLE_CHARACTERS = 8_192

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
MAC_ROMAN = re.compile(r"[Žƒ‰Š](?=[a-z])|(?<=[a-z])[Žƒ‰Š]")
"""The cp1252 reading of a Mac file: its é, É, â and ä beside small letters."""


def read_delimited(data: bytes, encoding: str | None = None) -> Grid:
    """The rows of a csv file, blank lines included; refuses NUL and undecodable bytes."""
    text, used = _decode(data, encoding)
    position = text.find("\0")
    if position >= 0:
        raise Refused("nul_byte", row=_line_of(text, position))
    lines = list(StringIO(text, newline=""))
    start, delimiter = _delimiter(lines)
    rows, faults = _rows(lines, start, delimiter)
    return Grid(
        "csv", "", rows, used, delimiter, faults=faults, flags=list(_flags(text, used, rows))
    )


def _decode(data: bytes, declared: str | None) -> tuple[str, str]:
    names = [declared] if declared else [name for mark, name in MARKS if data.startswith(mark)][:1]
    for name in names or ["utf-8", "cp1252"]:
        try:
            return data.decode(name), name
        except UnicodeDecodeError as fault:
            place = data.count(b"\n", 0, fault.start) + 1
        except LookupError as fault:
            raise Refused("unknown_encoding", encoding=name) from fault
    raise Refused("undecodable", row=place, encoding=name)


def _line_of(text: str, position: int) -> int:
    return len(list(StringIO(text[: position + 1], newline="")))


def _delimiter(lines: list[str]) -> tuple[int, str]:
    """Where the rows start and what parts their cells; a first line ``sep=;`` is obeyed."""
    first = lines[0].strip("\r\n").strip('"') if lines else ""
    if first.lower().startswith("sep=") and len(first) == 5:
        return 1, first[4]
    sample = "".join(lines[:200])[:SAMPLE_CHARACTERS]
    try:
        return 0, csv.Sniffer().sniff(sample, DELIMITERS).delimiter
    except csv.Error:
        return 0, max(DELIMITERS, key=sample.count)


def _rows(
    lines: list[str], start: int, delimiter: str
) -> tuple[list[tuple[int, list[str]]], list[tuple[int, str]]]:
    rows: list[tuple[int, list[str]]] = []
    faults: list[tuple[int, str]] = []
    while start < len(lines):
        rest = map(lines.__getitem__, range(start, len(lines)))
        reader = csv.reader(rest, delimiter=delimiter, strict=True)
        n_read = 0
        try:
            for cells in reader:
                rows.append((start + n_read + 1, cells))
                n_read = reader.line_num
            return rows, faults
        except csv.Error:
            start += n_read
            rows.append((start + 1, [lines[start].rstrip("\r\n")]))
            faults.append((start + 1, "bad_quotes"))
            start += 1
    return rows, faults


def _flags(text: str, used: str, rows: list[tuple[int, list[str]]]) -> Iterator[Flag]:
    """One flag for each suspicious column, at its first row."""
    signs = [("double_encoded", DOUBLE_ENCODED)]
    if used == "cp1252":
        signs.append(("mac_roman", MAC_ROMAN))
    for code, pattern in signs:
        if not pattern.search(text):
            continue
        found: dict[int, list[int]] = {}
        for number, cells in rows:
            for position, cell in enumerate(cells):
                if pattern.search(cell):
                    found.setdefault(position, []).append(number)
        for position, numbers in sorted(found.items()):
            yield Flag(code, numbers[0], column_letter(position), len(numbers))
