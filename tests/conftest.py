"""What every test may use: drawn tables, and the shared reference data where present."""

import os
from collections.abc import Callable
from pathlib import Path

# isort: off
# The package before numpy: it asks for one thread, as in a real run.
from agir_pipeline import language

# isort: on
import pandas as pd
import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

# Files that tests drop are whole at once; the test of the wait says otherwise for itself.
os.environ["AGIR_SITE_INBOX_LOOK_SECONDS"] = "0"
FIXTURES = Path(__file__).parent / "fixtures"


@pytest.fixture(scope="session", autouse=True)
def compiled_catalogues() -> None:
    """Every catalogue compiled, as scripts/setup does, if that was not done since its last change.

    Two test processes may do it at once; each puts a whole file in place.
    """
    os.environ.pop("AGIR_LANGUAGE", None)
    for written in language.LOCALES.glob("*/LC_MESSAGES/agir.po"):
        compiled = written.with_suffix(".mo")
        if compiled.is_file() and compiled.stat().st_mtime >= written.stat().st_mtime:
            continue
        own = compiled.with_name(f".{compiled.name}.{os.getpid()}")
        with open(written, "rb") as source, open(own, "wb") as target:
            write_mo(target, read_po(source, domain="agir"))
        os.replace(own, compiled)
    language._catalogue.cache_clear()


@pytest.fixture(autouse=True)
def speaks_english(compiled_catalogues: None) -> None:
    """Each test begins in English, whatever study an earlier one has opened."""
    language.use_language("en")


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
