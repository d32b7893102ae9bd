"""What waits for the steward: cells nobody has put right yet, and layouts that changed.

Both hold what partners wrote and go to the vault; ``agir review`` makes workbooks of them.
"""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from agir_pipeline.language import current_language
from agir_pipeline.methods.decisions.drift import headings_by_column, strange_headings
from agir_pipeline.methods.reading.grid import Grid
from agir_pipeline.protocol.model import Source
from agir_pipeline.resources.intake import HELD, Intake
from agir_pipeline.resources.parser import Parser
from agir_pipeline.resources.readings import Reading
from agir_pipeline.resources.receipts import Receipt
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


def to_review(study: Study, intake: Intake) -> dict[str, pd.DataFrame]:
    """Vault table → its rows."""
    sources = [s for s in study.protocol.sources if s.feeds != "decision"]
    readings = {s.name: [r for r in intake.readings if r.receipt.source == s.name] for s in sources}
    cells = [cells for s in sources for cells in _open_cells(readings[s.name])]
    return {
        "cells_to_review": pd.concat(cells, ignore_index=True)
        if cells
        else pd.DataFrame(columns=pd.Index(CELLS)),
        "headings_to_review": _headings(study, sources, readings, intake.surprises),
    }


def _open_cells(readings: Sequence[Reading]) -> list[pd.DataFrame]:
    """The cells in quarantine whose row no later file has put right.

    A row that does not say whose it is waits only while its file is the newest of its provider.
    """
    broken = [(place, r.quarantine) for place, r in enumerate(readings) if len(r.quarantine)]
    wanted = {key for _place, cells in broken for key in cells["entity_key"].dropna()}
    if not broken:
        return []
    last: dict[str, int] = {}
    for place, reading in enumerate(readings):
        told = [reading.rows["entity_key"]] if "entity_key" in reading.rows else []
        told += [reading.quarantine["entity_key"]] if len(reading.quarantine) else []
        for keys in told:
            last |= dict.fromkeys(wanted.intersection(keys), place)
    newest = {r.receipt.provider: place for place, r in enumerate(readings) if r.refusal is None}
    found = []
    for place, cells in broken:
        receipt = readings[place].receipt
        is_last = cells["entity_key"].map(last).fillna(newest.get(receipt.provider, -1)) == place
        if is_last.any():
            found.append(_with_place(cells[is_last.to_numpy()], receipt))
    return found


def _with_place(cells: pd.DataFrame, receipt: Receipt) -> pd.DataFrame:
    return cells.rename(columns={"column": "column_name"}).assign(
        source=receipt.source,
        provider=receipt.provider,
        file_name=receipt.file_name,
        extracted_on=(receipt.extracted_on or receipt.known_on).isoformat(),
    )[CELLS]


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
    def grid(one: Receipt) -> Grid | None:
        path = study.home.landing.object_path(one.sha256)
        found = parser.read(path, sheet=layout.sheet, encoding=layout.encoding)
        return found if isinstance(found, Grid) else None

    new, old = grid(receipt), [grid(one) for one in good]
    if new is None:
        return []
    before = {
        c.name: c.labels.in_language(current_language())
        for c in layout.columns
        if c.required or c.must_exist
    }
    for one, kept in zip(good, old, strict=True):
        if kept is not None:
            before = headings_by_column(kept, layout, one.extracted_on or one.known_on)
    day = receipt.extracted_on or receipt.known_on
    return [
        (s.letter, s.heading, s.column, s.before, s.likeness)
        for s in strange_headings(new, layout, day, before)
    ]


def _day(receipt: Receipt) -> str:
    return (receipt.extracted_on or receipt.known_on).isoformat()
