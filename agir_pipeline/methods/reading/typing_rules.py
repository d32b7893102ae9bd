"""A column of texts as a column of values: one reader per declared type.

Each distinct text is read once. A cell that cannot be read has no value and names the rule it
breaks; nothing is repaired in silence.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from stdnum.fr import siret

from agir_pipeline.methods.reading.cells import MISSING, Cell, trimmed
from agir_pipeline.methods.reading.columns import Coded
from agir_pipeline.methods.reading.dates import date_reader, instant_reader, settle_order
from agir_pipeline.methods.reading.grid import ERROR_TEXT
from agir_pipeline.methods.reading.headings import normalise
from agir_pipeline.methods.reading.numbers import (
    integer_reader,
    minutes_reader,
    number_reader,
)
from agir_pipeline.methods.reading.plain_texts import plain_reader
from agir_pipeline.protocol.model import Column, ColumnType, DateOrder, Decimal, Source

Reader = Callable[[str], Cell]

ARROW_TYPES: Mapping[ColumnType, pa.DataType] = {
    "text": pa.string(),
    "identifier": pa.string(),
    "code": pa.string(),
    "codes": pa.string(),
    "date": pa.timestamp("us"),
    "instant": pa.timestamp("us"),
    "integer": pa.int64(),
    "number": pa.float64(),
    "minutes": pa.int64(),
    "boolean": pa.bool_(),
}
PANDAS_TYPES: Mapping[pa.DataType, Any] = {
    pa.string(): pd.StringDtype(na_value=np.nan),
    pa.int64(): pd.Int64Dtype(),
    pa.bool_(): pd.BooleanDtype(),
}
"""Those that would not hold a missing value by themselves."""

SCIENTIFIC = re.compile(r"\d([.,]\d+)?E\+?\d+", re.ASCII | re.IGNORECASE)
KEPT_AS_TEXT = re.compile(r'="([^"]*)"')
"""How some programs keep the zeros of a number in a csv file."""
WHOLE_FLOAT = re.compile(r"\d+\.0", re.ASCII)
GROUPING = re.compile(r"(?<=\w)[\s.\-]+(?=\w)")
DIGITS = re.compile(r"\d+", re.ASCII)
BETWEEN_CODES = re.compile(r"[+/,;|\n]")
"""What people write between the entries of a list."""
CODE_MARK = "|"
SIRET_WIDTH = 14
LOST_ZEROS = 3
"""How many leading zeros a number may have lost and still be taken for a SIRET."""
WIDEST = 20
"""No identifier is padded beyond this width."""

TEXTS_REMEMBERED = 10_000
"""Per column; what stands in a file beyond them is read once per file."""

FEW = 2_000
"""Values that are written one by one faster than by what differs in them."""

TRUE_WORDS = frozenset({"1", "x", "o", "y", "t", "oui", "vrai", "true", "yes"})
FALSE_WORDS = frozenset({"0", "n", "f", "non", "faux", "false", "no"})


@dataclass(frozen=True)
class TypedColumn:
    """One column: a value or None per row, and by position the rules broken and the notes."""

    values: Coded[Any]
    rules: dict[int, str]
    notes: Mapping[int, str]


class ColumnReader:
    """Reads one column of every delivery; a text that stood in an earlier one is known."""

    def __init__(self, column: Column, source: Source, *, is_required: bool = False) -> None:
        read = reader_of(column, source.date_order, source.decimal, source.study_time_zone)
        self._missing = frozenset((*source.missing, *column.spellings_of_nothing))
        self._plain = plain_reader(column)
        self._read = _guarded(read, self._missing)
        self._has_order = column.type in ("date", "instant")
        self._is_required = is_required
        self._known: dict[str, Cell] = {}

    def read(self, texts: Sequence[str]) -> TypedColumn:
        """The values of one column; empty cells and declared spellings are missing."""
        coded = Coded.of(texts)
        values, others = self._plain(coded.entries)
        if not self._missing.isdisjoint(coded.entries):
            missing = [p for p, text in enumerate(coded.entries) if text in self._missing]
            others = sorted({*others, *missing})
        if not others:
            return TypedColumn(coded.turned(values), {}, {})
        cells = {text: self._cell(text) for text in map(coded.entries.__getitem__, others)}
        if self._has_order:
            cells = dict(zip(cells, settle_order(list(cells.values())), strict=True))
        if self._is_required:
            cells = {text: _required(cell) for text, cell in cells.items()}
        values = list(values)
        for place in others:
            values[place] = cells[coded.entries[place]].value
        rule_of = {text: cell.rule for text, cell in cells.items() if cell.rule}
        note_of = {text: cell.note for text, cell in cells.items() if cell.note}
        return TypedColumn(
            coded.turned(values), rules=_places(rule_of, coded), notes=_places(note_of, coded)
        )

    def _cell(self, text: str) -> Cell:
        cell = self._known.get(text)
        if cell is None:
            cell = self._read(text)
            if len(self._known) < TEXTS_REMEMBERED:
                self._known[text] = cell
        return cell


def _required(cell: Cell) -> Cell:
    if cell.value is None and not cell.rule:
        return cell._replace(rule="required_missing")
    return cell


def _places(said: Mapping[str, str], texts: Coded[str]) -> dict[int, str]:
    """Where a text stands of which something is said; most columns have none."""
    if not said:
        return {}
    places = np.flatnonzero(texts.where(said.__contains__))
    return dict(zip(places.tolist(), map(said.__getitem__, texts.take(places)), strict=True))


def as_array(values: Sequence[object], kind: ColumnType) -> pa.Array:
    """Values, None where missing, in the data type that stands for ``kind`` in every table."""
    if kind in ("date", "instant"):  # few are distinct, and each is slow to turn
        values = Coded.of(values)
    elif len(values) <= FEW:
        return pa.array(list(values), ARROW_TYPES[kind])
    if isinstance(values, Coded):
        entries = pa.array(values.entries, ARROW_TYPES[kind])
        return entries if values.is_plain else entries.take(pa.array(values.places))
    return pa.array(values, ARROW_TYPES[kind])


def as_frame(table: pa.Table) -> pd.DataFrame:
    """A table of typed rows as pandas has it: a missing value is missing in every data type."""
    frame: pd.DataFrame = table.to_pandas(types_mapper=PANDAS_TYPES.get)
    return frame


def reader_of(column: Column, date_order: DateOrder, decimal: Decimal, zone: str) -> Reader:
    """The reader of one cell, for cells that are neither missing nor an error."""
    match column.type:
        case "text":
            return Cell
        case "identifier":
            return _siret_reader(column) if column.checksum else _identifier_reader(column)
        case "code":
            return _code_reader(column)
        case "codes":
            return _codes_reader(column)
        case "date":
            return date_reader(column, date_order)
        case "instant":
            return instant_reader(column, date_order, zone)
        case "integer":
            return integer_reader(column, decimal)
        case "number":
            return number_reader(column, decimal)
        case "minutes":
            return minutes_reader(column, decimal)
    return _boolean


def _guarded(read: Reader, missing: frozenset[str]) -> Reader:
    def guarded(text: str) -> Cell:
        bare = trimmed(text)
        if not bare or bare in missing:
            return MISSING
        if bare[0] == "#" and ERROR_TEXT.fullmatch(bare):
            return Cell(None, "error_cell")
        return read(bare)

    return guarded


def _unquoted(text: str) -> tuple[str, str]:
    """The identifier without the apostrophe, the ``="…"`` and the ``.0`` of spreadsheets."""
    note = ""
    if kept := KEPT_AS_TEXT.fullmatch(text):
        text, note = trimmed(kept[1]), "kept_as_text"
    if text.startswith("'"):
        text, note = trimmed(text[1:]), "stray_apostrophe"
    return (text[:-2] if WHOLE_FLOAT.fullmatch(text) else text), note


def _identifier_reader(column: Column) -> Reader:
    fits = re.compile(column.pattern).fullmatch if column.pattern else None

    def read(text: str) -> Cell:
        text, note = _unquoted(text)
        if fits is None:
            return Cell(None, "digits_lost") if _lost_digits(text) else Cell(text or None, "", note)
        compact = GROUPING.sub("", text)
        for form in (text, compact):
            if fits(form):
                return Cell(form, "", note)
        if _lost_digits(text):
            return Cell(None, "digits_lost")
        if DIGITS.fullmatch(compact):
            for width in range(len(compact) + 1, WIDEST + 1):
                if fits(compact.zfill(width)):
                    return Cell(compact.zfill(width), "", "zero_padded")
        return Cell(None, "pattern")

    return read


def _lost_digits(text: str) -> bool:
    """7,32829E+13: a spreadsheet kept six digits of fourteen. 12E3 without sign is a name."""
    return bool(SCIENTIFIC.fullmatch(text)) and bool({"+", ",", "."} & set(text))


def _siret_reader(column: Column) -> Reader:
    """14 digits and their Luhn sum; La Poste's own sum is known to the checker."""
    fits = re.compile(column.pattern or ".*").fullmatch

    def read(text: str) -> Cell:
        text, note = _unquoted(text)
        if _lost_digits(text):
            return Cell(None, "digits_lost")
        digits = GROUPING.sub("", text)
        if not DIGITS.fullmatch(digits) or not (
            SIRET_WIDTH - LOST_ZEROS <= len(digits) <= SIRET_WIDTH
        ):
            return Cell(None, "pattern")
        whole = digits.zfill(SIRET_WIDTH)
        if not siret.is_valid(whole):
            return Cell(None, "wrong_checksum")
        if not fits(whole):
            return Cell(None, "pattern")
        return Cell(whole, "", "zero_padded" if whole != digits else note)

    return read


def _code_reader(column: Column) -> Reader:
    """Codes, labels and aliases as written; else after folding, where only one code fits."""
    written: dict[str, set[str]] = {}
    folded: dict[str, set[str]] = {}
    for code in column.codes:
        for spelling in (code.code, code.labels.en, code.labels.fr, *code.aliases):
            written.setdefault(spelling, set()).add(code.code)
            folded.setdefault(normalise(spelling), set()).add(code.code)
    folded.pop("", None)
    written |= {code.code: {code.code} for code in column.codes}

    def read(text: str) -> Cell:
        if WHOLE_FLOAT.fullmatch(text) and text not in written:
            text = text[:-2]
        found = written.get(text) or folded.get(normalise(text), set())
        return Cell(*found) if len(found) == 1 else Cell(None, "not_a_code")

    return read


def _codes_reader(column: Column) -> Reader:
    """The codes of a cell in the order of the list, joined by ``|``; every part must be one."""
    read_one = _code_reader(column)
    order = {code.code: place for place, code in enumerate(column.codes)}

    def read(text: str) -> Cell:
        whole = read_one(text)
        if not whole.rule:
            return whole
        found = {read_one(part).value for part in BETWEEN_CODES.split(text) if trimmed(part)}
        if not found or None in found:
            return Cell(None, "not_a_code")
        return Cell(CODE_MARK.join(sorted(map(str, found), key=order.__getitem__)))

    return read


def _boolean(text: str) -> Cell:
    word = normalise(text[:-2] if WHOLE_FLOAT.fullmatch(text) else text)
    if word in TRUE_WORDS:
        return Cell(True)
    return Cell(False) if word in FALSE_WORDS else Cell(None, "not_yes_or_no")
