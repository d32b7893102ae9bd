"""What every test may use: drawn tables, and the shared reference data where present."""

import os
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

FIXTURES = Path(__file__).parent / "fixtures"


def drawn(text: str) -> pd.DataFrame:
    """A table drawn as text: columns split by ``|``, a line of dashes ignored, empty = missing."""
    lines = [line for line in text.strip().splitlines() if set(line.strip()) - set("-| ")]
    header, *rows = [[cell.strip() for cell in line.split("|")] for line in lines]
    cells = [[cell or None for cell in row] for row in rows]
    frame = pd.DataFrame(cells, columns=pd.Index(header))
    for column in frame.columns:
        filled = frame[column].dropna()
        if len(filled) and filled.isin(["true", "false"]).all():
            frame[column] = frame[column].map({"true": True, "false": False}).astype("boolean")
        elif str(column).endswith("_on"):
            frame[column] = pd.to_datetime(frame[column])
        else:
            numbers = pd.to_numeric(filled, errors="coerce")
            if len(filled) and numbers.notna().all():
                frame[column] = pd.to_numeric(frame[column]).convert_dtypes()
    return frame


@pytest.fixture
def draw() -> Callable[[str], pd.DataFrame]:
    return drawn


@pytest.fixture(scope="session")
def fixtures() -> Path:
    return FIXTURES


@pytest.fixture(scope="session")
def reference_data() -> Path | None:
    """The shared reference data, where they stand beside the project."""
    named = os.environ.get("AGIR_REFERENCE_DATA")
    folder = Path(named) if named else Path(__file__).parents[2] / "shared" / "data"
    return folder if folder.is_dir() else None
