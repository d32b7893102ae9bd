"""What each delivery says against the one before it, for the vault and for the steward."""

from collections.abc import Callable, Collection, Sequence

import pandas as pd

from agir_pipeline.language import current_language
from agir_pipeline.methods.reading.comparison import HOLDING, Delivery, Told, compared
from agir_pipeline.methods.reading.sentences import surprise_sentence
from agir_pipeline.protocol.model import Protocol, Source
from agir_pipeline.resources.readings import Reading
from agir_pipeline.resources.receipts import Receipt

Allowed = Callable[[Receipt], Collection[str]]
"""The columns that a file may lack or have empty."""


def nothing_allowed(_receipt: Receipt) -> Collection[str]:
    return ()


SILENT = ("column_left", "column_emptied", "column_silent")
"""What is told of a file in which a column no longer says anything."""
COLUMNS = ("receipt_id", "source", "file_name", "code", "row_number", "column_name")


def surprises(
    protocol: Protocol, readings: Sequence[Reading], allowed: Allowed = nothing_allowed
) -> pd.DataFrame:
    """One row per thing told of a delivery beside the one before it.

    Never a value: receipt, source, file, code, row (missing: the file as a whole) and column.
    """
    names = {reading.receipt.receipt_id: reading.receipt.shown_name for reading in readings}
    lines: list[tuple[object, ...]] = []
    for source in protocol.sources:
        own = [r for r in readings if r.receipt.source == source.name and r.refusal is None]
        for told in compared(source, [_delivery(r, allowed(r.receipt)) for r in own]):
            lines.append(_line(told, source.name, names[told.receipt_id]))
    return pd.DataFrame(lines, columns=list(COLUMNS))


def silent_columns(source: Source, told: pd.DataFrame) -> dict[str, frozenset[str]]:
    """Receipt → columns in which its file says nothing though files before it did.

    With them go the columns derived from them.
    """
    own = told[(told["source"] == source.name) & told["code"].isin(SILENT)]
    found: dict[str, frozenset[str]] = {}
    for receipt, names in own.groupby("receipt_id")["column_name"]:
        silent = set(names)
        silent |= {derived.name for derived in source.derived if silent & set(derived.inputs)}
        found[str(receipt)] = frozenset(silent)
    return found


def surprise_sentences(source: Source, told: pd.DataFrame) -> list[str]:
    """What the steward reads of them, in the language in force: places, never a value."""
    labels = {c.name: c.labels.in_language(current_language()) for c in source.columns}
    return [
        surprise_sentence(
            code,
            file=file,
            row=None if pd.isna(row) else int(row),
            label=labels.get(column, ""),
        )
        for file, code, row, column in zip(
            told["file_name"], told["code"], told["row_number"], told["column_name"], strict=True
        )
    ]


def _line(told: Told, source: str, file_name: str) -> tuple[object, ...]:
    return (told.receipt_id, source, file_name, told.code, told.row, told.column)


def held_receipts(told: pd.DataFrame) -> frozenset[str]:
    """The deliveries that are not used until somebody decides about their layout."""
    return frozenset(told.loc[told["code"].isin(HOLDING), "receipt_id"])


def _delivery(reading: Reading, allowed: Collection[str]) -> Delivery:
    receipt = reading.receipt
    return Delivery(
        receipt_id=receipt.receipt_id,
        provider=receipt.provider,
        extracted_on=receipt.extracted_on or receipt.known_on,
        rows=reading.rows,
        absent=[
            place.partition(":")[0]
            for code, _sheet, place, _n in reading.findings
            if code == "absent_column"
        ],
        rejected=list(
            {(one.sheet, one.row_number): one.entity_key for one in reading.quarantine}.values()
        ),
        n_unknown=len(
            {place for code, _s, place, _n in reading.findings if code == "unknown_heading"}
        ),
        accepted=allowed,
    )
