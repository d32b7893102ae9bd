"""A small register, and its deliveries drawn row by row."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pandas as pd
import pytest

from agir_pipeline.methods.versions import Delivered, row_digests
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


def rows_of(*rows: tuple[Any, ...]) -> pd.DataFrame:
    """Accepted rows as the reader gives them; a row is case, town, level, number of visits."""
    values = pd.DataFrame(list(rows), columns=FIELDS).astype(
        {"case": "string", "town": "string", "level": "string", "n_visits": "Int64"}
    )
    values.insert(0, "entity_key", values["case"])
    return values.assign(
        row_digest=row_digests(values),
        record_id=[f"r{n}" for n in range(len(values))],
        sheet="",
        row_number=range(2, len(values) + 2),
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
