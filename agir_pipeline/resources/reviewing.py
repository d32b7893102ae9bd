"""What waits for the steward: cells nobody has put right yet, and layouts that changed.

Both hold what partners wrote and go to the vault; ``agir review`` makes workbooks of them.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from agir_pipeline.language import current_language
from agir_pipeline.methods.decisions.drift import headings_by_column, strange_headings
from agir_pipeline.methods.reading.grid import Grid
from agir_pipeline.protocol.model import Source
from agir_pipeline.resources.parser import Parser
from agir_pipeline.resources.readings import Reading
from agir_pipeline.resources.receipts import Receipt
from agir_pipeline.resources.stock_taking import HELD, Stock
from agir_pipeline.resources.study import Study

LAYOUT_CODES = (HELD, "missing_columns")
"""Refusals that a decision on headings can lift."""
CELLS = [
    "source", "provider", "file_name", "extracted_on", "sheet", "row_number", "column_name",
    "rule", "found", "entity_key",
]  # fmt: skip
HEADINGS = [
    "source", "provider", "file_name", "extracted_on", "letter", "heading", "column_name",
    "heading_before", "likeness",
]  # fmt: skip


def to_review(study: Study, stock: Stock) -> dict[str, pd.DataFrame]:
    """Vault table → its rows."""
    sources = [s for s in study.protocol.sources if s.feeds != "decision"]
    readings = {s.name: [r for r in stock.readings if r.receipt.source == s.name] for s in sources}
    cells = [cell for s in sources for cell in _open_cells(readings[s.name])]
    return {
        "cells_to_review": pd.DataFrame(cells, columns=pd.Index(CELLS)),
        "headings_to_review": _headings(study, sources, readings, stock.surprises),
    }


def _open_cells(readings: Sequence[Reading]) -> Iterator[tuple[Any, ...]]:
    """The cells in quarantine whose row no later file has put right.

    A row that does not say whose it is waits only while its file is the newest of its provider.
    """
    wanted = {key for reading in readings for key in reading.rejected_keys}
    newest = {r.receipt.provider: place for place, r in enumerate(readings) if r.refusal is None}
    last: dict[str, int] = {}
    for place, reading in enumerate(readings if wanted else ()):
        told = wanted.intersection(reading.rejected_keys)
        if "entity_key" in reading.rows.column_names:
            told |= wanted.intersection(reading.rows["entity_key"].to_pylist())
        last |= dict.fromkeys(told, place)
    for place, reading in enumerate(readings):
        receipt = reading.receipt
        for one in reading.quarantine:
            key = one.entity_key
            if place == (newest.get(receipt.provider) if key is None else last[key]):
                yield (
                    *(receipt.source, receipt.provider, receipt.file_name, _day(receipt)),
                    *(one.sheet, one.row_number, one.column, one.rule, one.found, key),
                )


def _headings(
    study: Study,
    sources: Sequence[Source],
    readings: dict[str, list[Reading]],
    told: pd.DataFrame,
) -> pd.DataFrame:
    """Of each provider whose newest file has another layout: old and new headings."""
    lines: list[tuple[Any, ...]] = []
    with Parser() as parser:
        for source in sources:
            for provider in source.providers:
                own = [r for r in readings[source.name] if r.receipt.provider == provider.name]
                if own and own[-1].refusal and own[-1].refusal[0] in LAYOUT_CODES:
                    good = [r.receipt for r in own if r.refusal is None]
                    receipt = own[-1].receipt
                    layout = source.as_delivered_by(provider.name)
                    place = (source.name, provider.name, receipt.file_name, _day(receipt))
                    emptied = told[
                        (told["receipt_id"] == receipt.receipt_id)
                        & (told["code"] == "column_emptied")
                    ]
                    strange = _strange(study, parser, layout, receipt, good[-1:])
                    strange += [("", "", name, "", 0.0) for name in emptied["column_name"]]
                    lines += [(*place, *one) for one in strange]
    return pd.DataFrame(lines, columns=pd.Index(HEADINGS))


def _strange(
    study: Study, parser: Parser, layout: Source, receipt: Receipt, good: Sequence[Receipt]
) -> list[tuple[str, str, str, str, float]]:
    def grids(one: Receipt) -> list[Grid]:
        found = study.readings.grids(one, parser)
        return found if isinstance(found, list) else []

    new, old = grids(receipt), [grids(one) for one in good]
    before = {
        c.name: c.labels.in_language(current_language())
        for c in layout.columns
        if (c.required or c.must_exist) and not c.is_sheet_name
    }
    for one, kept in zip(good, old, strict=True):
        if kept:
            before = headings_by_column(kept[0], layout, one.extracted_on or one.known_on)
    day = receipt.extracted_on or receipt.known_on
    found = {
        (s.heading, s.column): (s.letter, s.heading, s.column, s.before, s.likeness)
        for sheet in new
        for s in strange_headings(sheet, layout, day, before)
    }
    return list(found.values())


def _day(receipt: Receipt) -> str:
    return (receipt.extracted_on or receipt.known_on).isoformat()
