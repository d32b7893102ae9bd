"""The grid of one file, read in the process of the tests."""

import io
from pathlib import Path

from agir_pipeline.methods.reading.child import read_file
from agir_pipeline.methods.reading.delimited import read_delimited
from agir_pipeline.methods.reading.grid import Grid, Limits


def grid_of(
    path: Path, sheet: str | None = None, encoding: str | None = None, limits: Limits | None = None
) -> Grid:
    """Its first sheet, or the one that is named."""
    sheets = read_file(path, limits or Limits(), [sheet] if sheet else [], encoding)
    return next(sheets).whole()


def csv_grid(content: bytes, encoding: str | None = None) -> Grid:
    return read_delimited(io.BytesIO(content), encoding).whole()
