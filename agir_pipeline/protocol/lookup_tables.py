"""The files that lie beside a protocol: CSV tables ``column, value, result``, the linkage model.

A table may say from when until when a row holds (``valid_from``, ``valid_to``, both days included).
"""

import csv
import hashlib
import io
import json
from collections.abc import Collection, Iterator
from datetime import date
from pathlib import Path, PurePath

from agir_pipeline.errors import Mistake
from agir_pipeline.language import _
from agir_pipeline.protocol.written import Raw, codes, items, place, table, text, texts, unknown

LINKAGE_MODEL = "identity › linkage › model"
HEADINGS = ("column", "value", "result")
DATES = ("valid_from", "valid_to")
RECODED_BY = "recoded_by"
Row = tuple[str, ...]
"""column, value, result, and of a dated table the first and the last day, empty where open."""


def table_names(raw: Raw) -> list[str]:
    """The files a protocol names, relative to its own: lookup tables and the linkage model."""
    tables = {
        name
        for _where, derived in _lookups(raw)
        for key in ("table", RECODED_BY)
        if (name := text(derived, key))
    }
    model = text(_linkage(raw), "model")
    return sorted(tables | ({model} if model else set()))


def table_digests(raw: Raw, folder: Path) -> dict[str, str]:
    """A hash of each table that can be read; line ends do not matter."""
    found = {name: _content(folder, name) for name in table_names(raw)}
    return {
        name: hashlib.sha256(content.encode()).hexdigest()
        for name, content in found.items()
        if isinstance(content, str)
    }


def read_table(folder: Path, name: str) -> list[Row]:
    """The rows of a table of a protocol that holds."""
    content = (folder / name).read_text(encoding="utf-8-sig")
    names = (*HEADINGS, *(DATES if _is_dated(content) else ()))
    return [tuple(row[name] for name in names) for row in _rows(content)]


def table_mistakes(raw: Raw, folder: Path) -> Iterator[Mistake]:
    """What is wrong with the tables: absent, unreadable, or not in agreement with the protocol."""
    for where, derived in _lookups(raw):
        for key, results in (("table", codes(derived)), (RECODED_BY, None)):
            name = text(derived, key)
            if name is None:
                continue
            content = _content(folder, name)
            if isinstance(content, Mistake):
                yield content._replace(place=f"{where} › {key}")
            else:
                yield from _rows_agree(f"{where} › {key}", name, content, derived, results)
    yield from _model_mistakes(raw, folder)


def _model_mistakes(raw: Raw, folder: Path) -> Iterator[Mistake]:
    """The linkage model must be there, and one that was trained."""
    name = text(_linkage(raw), "model")
    if name is None:
        return
    content = _content(folder, name)
    if isinstance(content, Mistake):
        yield content._replace(place=LINKAGE_MODEL)
    elif not _is_trained(content):
        yield Mistake(LINKAGE_MODEL, _("{name} is no trained linkage model").format(name=name))


def _is_trained(content: str) -> bool:
    try:
        model = json.loads(content)
    except ValueError:
        return False
    levels = [
        level
        for comparison in items(model, "comparisons")
        for level in items(comparison, "comparison_levels")
        if not level.get("is_null_level")
    ]
    shares = [level.get(name) for level in levels for name in ("m_probability", "u_probability")]
    return bool(shares) and all(isinstance(share, float) and share > 0 for share in shares)


def _linkage(raw: Raw) -> Raw:
    return table(table(raw, "identity"), "linkage")


def _lookups(raw: Raw) -> Iterator[tuple[str, Raw]]:
    for position, source in enumerate(items(raw, "source"), 1):
        above = place("source", position, source)
        for key in ("derived", "agreements"):
            for number, item in enumerate(items(source, key), 1):
                yield f"{above} › {place(key, number, item)}", item


def _content(folder: Path, name: str) -> str | Mistake:
    if PurePath(name).is_absolute() or ".." in PurePath(name).parts:
        return Mistake("", _("{name} must lie beside the protocol").format(name=name))
    try:
        return (folder / name).read_text(encoding="utf-8-sig")
    except OSError:
        return Mistake(
            "", _("the lookup table {name} is not beside the protocol").format(name=name)
        )
    except UnicodeDecodeError:
        return Mistake("", _("{name} is not UTF-8 text").format(name=name))


def _rows(content: str) -> Iterator[dict[str, str]]:
    """The rows as dictionaries; a short one has empty cells, what is too long is dropped."""
    for row in csv.DictReader(io.StringIO(content), restval=""):
        yield {name: row.get(name, "") for name in (*HEADINGS, *DATES)}


def _is_dated(content: str) -> bool:
    return bool(set(DATES) & set(csv.DictReader(io.StringIO(content)).fieldnames or []))


def _dates_hold(where: str, name: str, content: str, derived: Raw) -> Iterator[Mistake]:
    """A dated table needs a day to ask it about, and days that a calendar knows."""
    if "day" not in derived:
        yield Mistake(
            where, _("{name} has dates: day must say whose day decides").format(name=name)
        )
    for row in _rows(content):
        for key in DATES:
            try:
                date.fromisoformat(row[key] or str(date.max))
            except ValueError:
                message = _("{name} › {key}: '{value}' is no day such as 2014-12-31")
                yield Mistake(where, message.format(name=name, key=key, value=row[key]))


def _rows_agree(
    where: str, name: str, content: str, derived: Raw, results: Collection[str] | None
) -> Iterator[Mistake]:
    """``results`` are those the table may give; None where any may stand."""
    headings = csv.DictReader(io.StringIO(content)).fieldnames or []
    absent = [heading for heading in HEADINGS if heading not in headings]
    if absent:
        message = _("{name} has no column {absent}").format(name=name, absent=", ".join(absent))
        yield Mistake(where, message)
        return
    if _is_dated(content):
        yield from _dates_hold(where, name, content, derived)
    inputs = texts(derived, "inputs") or texts(derived, "columns")[:1]
    for column in sorted({row["column"] for row in _rows(content)} - set(inputs)):
        yield unknown(where, f"{name} › column", column, inputs)
    if results is not None:
        for result in sorted({row["result"] for row in _rows(content)} - set(results)):
            yield unknown(where, f"{name} › result", result, results)
