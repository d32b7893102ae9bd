"""Drawn and damaged files through the reading process: rows balance, causes are told."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agir_pipeline.methods.reading.grid import Limits
from agir_pipeline.resources.parser import Parser
from tests.fuzzing import Figures, drawn_files, judge
from tests.methods.reading.conftest import column, read, source

N_FILES, SEED = 160, 4


@pytest.fixture(scope="module")
def parser() -> Iterator[Parser]:
    with Parser(Limits()) as shared:
        yield shared


def test_every_drawn_file_is_accounted_for_or_refused_with_its_cause(
    parser: Parser, tmp_path: Path
) -> None:
    by = source(
        column("id", "identifier"),
        column("nom"),
        column("born_on", "date", aliases=["né_le"]),
        column("montant", "number"),
        key=["id"],
    )
    typed: Any = lambda grid: read(grid, by)  # noqa: E731
    figures = Figures()
    for drawn in drawn_files(SEED, N_FILES):
        judge(drawn, parser, tmp_path, typed, figures)
    assert figures.n_files == N_FILES
    assert figures.n_read > 60
    assert figures.n_refused > 30
