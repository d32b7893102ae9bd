"""``data_dictionary``: every column of every released table, in both languages."""

import json
from collections.abc import Iterable

import pandas as pd

from agir_pipeline.contracts.model import Column, TableContract, in_language
from agir_pipeline.contracts.since import known_since, versions_of
from agir_pipeline.methods.effects.layout import COUNT, TEXT, typed

DICTIONARY_COLUMNS = {
    "table": TEXT, "position": COUNT, "column": TEXT, "type": TEXT,
    "label_en": TEXT, "label_fr": TEXT, "description_en": TEXT, "description_fr": TEXT,
    "unit": TEXT, "codes": TEXT, "sensitivity": TEXT, "source_columns": TEXT,
    "since_version": TEXT,
}  # fmt: skip


def data_dictionary(contracts: Iterable[TableContract]) -> pd.DataFrame:
    """One row per table and column, in the order of the contracts; what is not said is missing.

    French texts come from the catalogue, or from the protocol for what it labels; without an
    entry they stay English.
    """
    rows = [
        {"table": contract.name, "position": position, **_row(column), "since_version": since}
        for contract in contracts
        for position, (column, since) in enumerate(
            zip(contract.columns, versions_of(contract, known_since()), strict=True), 1
        )
    ]
    return typed(rows, DICTIONARY_COLUMNS)


def _row(column: Column) -> dict[str, object]:
    return {
        "column": column.name,
        "type": column.type,
        "label_en": in_language(column.label, "en"),
        "label_fr": in_language(column.label, "fr"),
        "description_en": in_language(column.description, "en") or None,
        "description_fr": in_language(column.description, "fr") or None,
        "unit": column.unit or None,
        "codes": _codes(column),
        "sensitivity": column.sensitivity,
        "source_columns": " ".join(column.source_columns) or None,
    }


def _codes(column: Column) -> str | None:
    if not column.codes:
        return None
    labels = {
        code: {language: in_language(label, language) for language in ("en", "fr")}
        for code, label in column.codes.items()
    }
    return json.dumps(labels, ensure_ascii=False)
