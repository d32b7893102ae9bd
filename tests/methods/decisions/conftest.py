"""A small register, and its deliveries drawn row by row."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pyarrow as pa
import pytest

from agir_pipeline.methods.reading.records import row_digests
from agir_pipeline.methods.versions import Delivered
from agir_pipeline.protocol.model import Source
from tests.methods.reading.conftest import code, column, source

FIELDS = ["case", "town", "level", "n_visits"]


@pytest.fixture(scope="session")
def register() -> Source:
    levels = [code("V", "Level V", "Niveau V", "5"), code("IV", "Level IV", "Niveau IV")]
    return source(
        column("case", "identifier", required=True, aliases=["Dossier"]),
        column("town", aliases=["Ville"]),
        column("level", "code", codes=levels, aliases=["Niveau"]),
        column("n_visits", "integer", aliases=["Visites"], minimum=0),
        key=["case"],
    )


def rows_of(*rows: tuple[Any, ...]) -> pa.Table:
    """Accepted rows as the reader gives them; a row is case, town, level, number of visits."""
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(FIELDS)
    kinds = [pa.string(), pa.string(), pa.string(), pa.int64()]
    values = {
        name: pa.array(column, kind)
        for name, column, kind in zip(FIELDS, columns, kinds, strict=True)
    }
    n = len(rows)
    return pa.table(
        {
            "record_id": pa.array([f"r{place}" for place in range(n)], pa.string()),
            "sheet": pa.array([""] * n, pa.string()),
            "row_number": pa.array(range(2, n + 2), pa.int64()),
            "entity_key": values["case"],
            "provider": pa.array(["partner"] * n, pa.string()),
            **values,
            "row_digest": pa.array(row_digests(columns, n)),
        }
    )


@pytest.fixture(scope="session")
def delivered() -> Callable[..., Delivered]:
    def make(day: str, *rows: tuple[Any, ...], **more: Any) -> Delivered:
        known = date.fromisoformat(day)
        settings: dict[str, Any] = {
            "receipt_id": day,
            "provider": "partner",
            "known_on": known,
            "extracted_on": known,
            "is_complete": False,
            "rows": rows_of(*rows),
        }
        return Delivered(**{**settings, **more})

    return make
