"""The look at a sheet's XML at a tenth of its cost, for the rows that are written plainly.

Nearly every row of nearly every workbook is a plain list of cells: one pattern takes it whole.
All other text goes to the same XML parser as ever, in its place. Wherever the pattern could be
wrong about what it sees (comments, another encoding), there is no answer and the parser reads
the whole sheet: an answer is always the one the parser would have given.
"""

import re
from functools import lru_cache
from typing import IO
from xml.parsers.expat import ExpatError

from agir_pipeline.methods.reading.grid import Limits, Refused, column_letter, column_number
from agir_pipeline.methods.reading.sheet_scan import TRUE, SheetFacts, SheetScan, hold, xml_parser

CHUNK_BYTES = 1 << 17
REST_BYTES = 8 << 20
"""No row is longer than this; text that seems to hold one is left to the parser."""

FEW_COLUMNS = 100
LARGE_BYTES = 1 << 20
"""Up to here, and from here on, a pattern that lists the columns is worth its making."""

BARRED = rb"\x00-\x08\x0b\x0c\x0e-\x1f"
"""Control characters, which XML does not know."""
HELD = rb"[^<&\s" + BARRED + rb"][^<&" + BARRED + rb"]*+"
FORMULA = (
    rb'<f(?: aca="[a-z]++")?+(?: t="[A-Za-z]++")?+(?: ref="[A-Z0-9:$]++")?+'
    rb'(?: ca="[01]")?+(?: si="[0-9]++")?+ ?(?:/>|>[^<&' + BARRED + rb"]*+</f>)"
)
CONTENT = (
    rb">(?:(?:" + FORMULA + rb")?+<v>" + HELD + rb"</v>"
    rb'|<is><t(?: xml:space="preserve")?+>' + HELD + rb"</t></is>)</c>"
)
ROW = (
    rb'<row r="(?P<row>[1-9][0-9]{0,6})"'
    rb'(?P<more>(?: [A-Za-z_][\w:.-]*+="[^"<>&' + BARRED + rb']*+")*+) ?'
)


def _cell(letters: bytes) -> bytes:
    """The head of a cell of one of these columns."""
    kinds = rb'(?: s="[0-9]++")?+(?: t="(?:s|n|b|d|str|inlineStr)")?+ ?'
    return rb'<c r="(?:' + letters + rb')(?P=row)"' + kinds


def _full_rows(letters: bytes) -> re.Pattern[bytes]:
    """Rows with their numbers, whose cells say where they are; one at least holds something."""
    cell = _cell(letters)
    usual = rb'<c r="(?:' + letters + rb')(?P=row)"(?: s="[0-9]++")?+(?: t="s")?+><v>'
    some = rb"(?:" + usual + HELD + rb"</v></c>)++|(?:" + cell + rb"/>)*+" + cell + CONTENT
    cells = rb"(?:" + some + rb")(?:" + cell + rb"(?:/>|" + CONTENT + rb"))*+"
    return re.compile(rb"(?:" + ROW + rb">" + cells + rb"</row>)++")


@lru_cache(maxsize=8)
def _full_rows_within(n_columns: int) -> re.Pattern[bytes]:
    """The same, without a cell beyond that many columns."""
    return _full_rows(b"|".join(column_letter(n).encode() for n in range(n_columns)))


FULL_ROWS = _full_rows(rb"[A-Z]{1,3}")
EMPTY_ROW = re.compile(ROW + rb"(?:/>|>(?:" + _cell(rb"[A-Z]{1,3}") + rb"/>)*+</row>)")
ROW_HEAD = re.compile(rb'<row r="([0-9]++)"([^>]*+)>')
FULL_CELL_HEAD = re.compile(rb'<c r="([A-Z]{1,3})[0-9]++"[^>/]*+>')
"""Of plain rows, the letters of a cell that is not closed at once."""
ATTRIBUTE = re.compile(rb' ([^=]+)="([^"]*)"')
NO_TEXT, NO_CHARACTER = b"]]>", b"\xef\xbf"
"""What may not stand in XML, or may be the beginning of it, beside control characters."""
START = re.compile(
    rb"(?:\xef\xbb\xbf)?(?:<\?xml(?:(?!\?>|encoding).)*+"
    rb"(?:encoding=[\"']utf-8[\"'](?:(?!\?>).)*+)?\?>)?(?=\s*<[a-z])",
    re.IGNORECASE | re.DOTALL,
)
"""A mark, and a declaration of UTF-8 or of no encoding; in any other, bytes may mislead."""
MARKUP = re.compile(rb"<[!?]")


class _Unsure(Exception):
    """The pattern cannot vouch for its answer."""


def quick_scan(file: IO[bytes], limits: Limits) -> SheetFacts | None:
    """The facts of one sheet, or None where only the parser can tell."""
    quick = _Quick(limits)
    try:
        while chunk := file.read(CHUNK_BYTES):
            quick.take(chunk)
        return quick.finish()
    except (_Unsure, Refused, ExpatError, ValueError, KeyError):
        return None
    finally:
        del quick.parser  # it knows this look, which knows it: nobody looks for cycles here


class _Quick:
    def __init__(self, limits: Limits) -> None:
        self.scan = SheetScan(limits)
        self.parser = xml_parser(self._start, self._end, self.scan.text)
        self.depth = 0
        self.limits = limits
        self.rest = b""
        self.is_begun = False
        self.n_bytes = 0
        self.known_rows = FULL_ROWS
        """Rows that lie within the columns known so far."""

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        self.scan.start(name, attributes)

    def _end(self, name: str) -> None:
        self.depth -= 1
        self.scan.end(name)

    def take(self, chunk: bytes) -> None:
        """Read on, as far as whole rows go."""
        text = self.rest + chunk
        self.n_bytes += len(chunk)
        if not self.is_begun:
            text = self._begin(text)
        elif self.n_bytes >= LARGE_BYTES and 0 < self.scan.facts.n_columns <= FEW_COLUMNS:
            self.known_rows = _full_rows_within(self.scan.facts.n_columns)
        end = text.rfind(b"</row>") + len(b"</row>")
        if end < len(b"</row>"):
            end = 0 if b"<row" in text else text.rfind(b"<")
        self.rest = text[end:]
        if len(self.rest) > REST_BYTES:
            raise _Unsure
        self._read(text[:end])

    def finish(self) -> SheetFacts:
        self._read(self.rest)
        self.parser.Parse(b"", True)
        return self.scan.facts

    def _begin(self, text: bytes) -> bytes:
        """Gives the declaration to the parser; what follows may not be another encoding's."""
        self.is_begun = True
        start = START.match(text)
        if start is None:
            raise _Unsure
        self.parser.Parse(start[0], False)
        return text[start.end() :]

    def _read(self, text: bytes) -> None:
        text.decode("utf-8")  # ends with a tag: what is no UTF-8 is none of ours
        if NO_TEXT in text or (not text.isascii() and NO_CHARACTER in text):
            raise _Unsure
        position = 0
        while position < len(text):
            if rows := self.known_rows.match(text, position) or FULL_ROWS.match(text, position):
                self._full(rows[0], is_known=rows.re is not FULL_ROWS)
                position = rows.end()
            elif row := EMPTY_ROW.match(text, position):
                self._heads([(row["row"], row["more"])])
                position = row.end()
            else:
                following = text.find(b"<row ", position + 1)
                following = len(text) if following < 0 else following
                self._other(text[position:following])
                position = following

    def _other(self, text: bytes) -> None:
        if MARKUP.search(text):
            raise _Unsure
        self.parser.Parse(text, False)

    def _full(self, rows: bytes, *, is_known: bool) -> None:
        """Rows of which each holds something."""
        numbers = self._heads(ROW_HEAD.findall(rows))
        column = self.scan.facts.n_columns
        if not is_known:
            letters = set(FULL_CELL_HEAD.findall(rows))
            column = max(column_number(found.decode()) for found in letters)
        self.scan.facts.held_rows.update(numbers)
        hold(self.scan.facts, self.limits, max(numbers), column)

    def _heads(self, heads: list[tuple[bytes, bytes]]) -> list[int]:
        """The numbers of plain rows; notes those that are hidden."""
        scan = self.scan
        if scan.in_cell or not self.depth:
            raise _Unsure
        numbers = [int(number) for number, _more in heads]
        scan.row, scan.column = numbers[-1], 0
        if any(map(_is_hidden, {more for _number, more in heads})):
            told = zip(numbers, heads, strict=True)
            scan.facts.hidden_rows += [n for n, (_number, more) in told if _is_hidden(more)]
        return numbers


@lru_cache(maxsize=1_000)
def _is_hidden(attributes: bytes) -> bool:
    """By the attributes of a row after its number."""
    found = ATTRIBUTE.findall(attributes)
    names = {name for name, _value in found}
    if len(names) < len(found) or b"r" in names:
        raise _Unsure
    return any(name == b"hidden" and value.decode() in TRUE for name, value in found)
