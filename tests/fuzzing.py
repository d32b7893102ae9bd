"""Files drawn from a seed in every format and encoding, some whole, some damaged on purpose."""

import csv
import io
import random
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from agir_pipeline.methods.reading.grid import Refusal
from agir_pipeline.methods.reading.rows import RowsRead
from agir_pipeline.methods.reading.sentences import REFUSALS, refusal_sentence
from agir_pipeline.resources.parser import Parser
from tests.workbooks import ods, ods_rows, xls, xlsx

ENCODINGS = ("utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-32", "mac_roman")
FORMATS = ("xlsx", "xls", "ods", "csv")
HEADINGS = ("id", "nom", "né_le", "montant", "note")
WORDS = (
    "DUPONT",
    "Éloïse",
    "N'GUYEN",
    "œuvre",
    "",
    " ",
    "TOTAL",
    "NULL",
    "=1+1",
    "a;b",
    'l"x',
    "0044",
)
MARKS = (b"<", b">", b'"', b"&", b"\0", b"\xff", b";", b"\n", b"</row>", b"<!--", b"]]>", b"9" * 12)
OF_A_SHEET = frozenset({"far_cell", "rows_lost", "uncached_formulas", "damaged"})


@dataclass(frozen=True)
class Drawn:
    """One file, what it is called, and the table it holds while nothing damaged it."""

    name: str
    content: bytes
    encoding: str | None
    table: list[list[str]] | None


@dataclass
class Figures:
    """What became of the files so far."""

    n_files: int = 0
    n_read: int = 0
    n_refused: int = 0
    n_rows: int = 0
    n_died: int = 0


def drawn_files(seed: int, n_files: int) -> Iterator[Drawn]:
    """The same files for the same seed."""
    for number in range(n_files):
        yield _drawn(random.Random(f"{seed}/{number}"), number)


def _drawn(chance: random.Random, number: int) -> Drawn:
    kind = FORMATS[number % len(FORMATS)]
    table = _table(chance)
    encoding = chance.choice(ENCODINGS) if kind == "csv" else None
    content = _written(kind, table, encoding)
    declared = encoding if encoding == "mac_roman" else None
    if chance.random() < 0.3:
        return Drawn(f"{number}.{kind}", content, declared, _texts(table, kind))
    return Drawn(f"{number}.{kind}", _damaged(chance, kind, content), declared, None)


def _table(chance: random.Random) -> list[list[Any]]:
    first = date(2009, 1, 1)
    rows = [
        [
            f"P{chance.randrange(99)}",
            chance.choice(WORDS),
            first + timedelta(days=chance.randrange(900)),
            chance.choice([chance.randrange(10**6), round(chance.uniform(-99, 9e5), 2)]),
            chance.choice(WORDS),
        ]
        for _row in range(chance.randrange(12))
    ]
    for _blank in range(chance.randrange(2)):
        rows.insert(chance.randrange(len(rows) + 1), [""] * len(HEADINGS))
    return [list(HEADINGS), *rows]


def _written(kind: str, table: list[list[Any]], encoding: str | None) -> bytes:
    if kind == "csv":
        file = io.StringIO(newline="")
        csv.writer(file, delimiter=";", quoting=csv.QUOTE_ALL).writerows(table)
        return file.getvalue().encode(encoding or "")
    makers: dict[str, Callable[..., bytes]] = {
        "xlsx": xlsx,
        "xls": lambda rows: xls([[_no_formula(cell) for cell in row] for row in rows]),
        "ods": lambda rows: ods(ods_rows(rows)),
    }
    return makers[kind](table)


def _no_formula(cell: Any) -> Any:
    return cell.lstrip("=") if isinstance(cell, str) else cell


def _texts(table: list[list[Any]], kind: str) -> list[list[str]]:
    return [
        [_text(_no_formula(cell) if kind == "xls" else cell, kind) for cell in row] for row in table
    ]


def _text(cell: Any, kind: str) -> str:
    if isinstance(cell, float) and cell.is_integer() and kind != "csv":
        return str(int(cell))
    return cell.isoformat() if isinstance(cell, date) else str(cell)


def _damaged(chance: random.Random, kind: str, content: bytes) -> bytes:
    """Bytes changed in the file, or inside one part of its archive; or its end cut off."""
    how = chance.random()
    if how < 0.15:
        return content[: chance.randrange(len(content))]
    if kind in ("xlsx", "ods") and how < 0.8:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        name = chance.choice([n for n in members if n.endswith(".xml") and members[n]])
        members[name] = _mutated(chance, members[name])
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            for member, data in members.items():
                archive.writestr(member, data)
        return target.getvalue()
    return _mutated(chance, content)


def _mutated(chance: random.Random, content: bytes) -> bytes:
    mutated = bytearray(content)
    for _turn in range(chance.randrange(1, 12)):
        place = chance.randrange(len(mutated) or 1)
        match chance.randrange(4):
            case 0:
                mutated[place : place + 1] = bytes([chance.randrange(256)])
            case 1:
                mutated[place:place] = chance.choice(MARKS)
            case 2:
                del mutated[place : place + chance.randrange(1, 40)]
            case _:
                piece = mutated[place : place + chance.randrange(1, 200)]
                mutated[place:place] = piece
    return bytes(mutated)


def judge(
    drawn: Drawn, parser: Parser, folder: Path, typed: Callable[[Any], RowsRead], figures: Figures
) -> None:
    """Reads one file as a night would; fails where a row or a cause is missing.

    ``typed`` reads a grid by a contract.
    """
    path = folder / drawn.name
    path.write_bytes(drawn.content)
    found = parser.read_sheets(path, encoding=drawn.encoding)
    path.unlink()
    figures.n_files += 1
    if isinstance(found, Refusal):
        figures.n_refused += 1
        figures.n_died += found.code in ("reader_died", "reader_too_slow")
        assert drawn.table is None, f"{drawn.name} is whole and was refused: {found.code}"
        assert_told(found, drawn.name)
        return
    for grid in found:
        if drawn.table is not None:
            assert _bare([cells for _number, cells in grid.rows]) == _bare(drawn.table), drawn.name
        read = typed(grid)
        if read.refusal is not None:
            assert_told(read.refusal, drawn.name)
            figures.n_refused += 1
            continue
        figures.n_read += 1
        assert_balanced(read, len(grid.rows), drawn.name)
        figures.n_rows += len(grid.rows)


def _bare(rows: list[list[str]]) -> list[list[str]]:
    """Without the empty cells that end a row and the empty rows that end a table."""
    bare = [row[: max((n for n, cell in enumerate(row, 1) if cell), default=0)] for row in rows]
    while bare and not bare[-1]:
        bare.pop()
    return bare


def assert_told(refusal: Refusal, name: str) -> None:
    """File, sheet where there is one, row where there is one, and a cause in a sentence."""
    sentence = refusal_sentence(refusal, name)
    assert sentence.startswith(name)
    assert refusal.sheet in sentence
    assert refusal.row is None or str(refusal.row) in sentence
    assert len(REFUSALS[refusal.code]) > 20
    if refusal.code in OF_A_SHEET - {"damaged"}:
        assert refusal.sheet, f"{name}: {refusal.code} names no sheet"


def assert_balanced(read: RowsRead, n_rows: int, name: str) -> None:
    """Every row of the file has one end, and the accepted ones are there."""
    ends = list(read.ends.values())
    assert sum(one["n_rows"] for one in ends) == n_rows, name
    for one in ends:
        assert one["n_rows"] == sum(n for end, n in one.items() if end != "n_rows"), name
    assert len(read.rows) == sum(one["accepted"] for one in ends), name
