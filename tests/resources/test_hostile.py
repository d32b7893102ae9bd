"""Hostile files through the reading process: each costs at most itself."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agir_pipeline.methods.reading.grid import Limits, Refusal
from agir_pipeline.methods.reading.sentences import refusal_sentence
from agir_pipeline.resources.parser import Parser
from tests.hostile import DELIVERED, Hostile, hostile_files
from tests.methods.reading.conftest import workbook

SECONDS = 2.0
TURNS = 3
"""A machine may be busy with something else: one turn in time is enough."""
GROWTH_BYTES = 100_000_000
FILES = list(hostile_files(workbook))


@pytest.fixture(scope="module")
def parser() -> Iterator[Parser]:
    with Parser(Limits()) as shared:
        yield shared


def memory(what: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(what):
            return int(line.split()[1]) * 1024
    raise AssertionError(what)


def test_there_are_enough_of_them() -> None:
    assert len({one.name for one in FILES}) == len(FILES) >= 60


@pytest.mark.parametrize("hostile", FILES, ids=lambda one: one.name)
def test_a_hostile_file_is_refused_or_read_exactly(
    hostile: Hostile, parser: Parser, tmp_path: Path
) -> None:
    path = tmp_path / DELIVERED
    path.write_bytes(hostile.content)
    for _turn in range(TURNS):
        Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
        before, begun = memory("VmRSS"), time.perf_counter()
        found: Any = parser.read_sheets(path)
        seconds = time.perf_counter() - begun
        assert memory("VmHWM") - before < GROWTH_BYTES
        if seconds < SECONDS:
            break
    assert seconds < SECONDS
    assert not os.path.lexists("/tmp/agir-was-here")
    if isinstance(found, Refusal):
        assert found.code in hostile.refusals
        sentence = refusal_sentence(found, path.name)
        assert sentence.startswith(DELIVERED)
        assert len(sentence) > len(DELIVERED) + 20
    elif hostile.cells is not None:
        assert [cells for _number, cells in found[0].rows] == hostile.cells
    else:
        assert not hostile.refusals
        numbers = [number for number, _cells in found[0].rows]
        assert numbers == sorted(set(numbers))
