"""What was read is kept whole under its digest, or not at all."""

import resource
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import pytest

from agir_pipeline.errors import InfrastructureError
from agir_pipeline.resources.kept_readings import (
    DIGEST_BYTES,
    keep_parts,
    kept_parts,
    memory_given_back,
)

ROWS = pa.table({"id": [str(n) for n in range(5_000)], "n": range(5_000)})


def test_what_was_kept_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "a" / "reading.arrow"
    keep_parts(path, ROWS, {"ends": {"Suivi": {"accepted": 5_000}}})
    assert kept_parts(path) == (ROWS, {"ends": {"Suivi": {"accepted": 5_000}}})
    assert kept_parts(tmp_path / "none") is None


@pytest.mark.parametrize("at", [0, DIGEST_BYTES, -1])
def test_one_byte_that_changed_is_noticed(tmp_path: Path, at: int) -> None:
    path = tmp_path / "reading.arrow"
    keep_parts(path, ROWS, {})
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)
    assert kept_parts(path) is None
    path.write_bytes(content[:10])
    assert kept_parts(path) is None


@pytest.fixture
def no_room() -> Iterator[None]:
    """A system that refuses files longer than a few pages."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_disk_that_refuses_is_told_and_nothing_is_left(tmp_path: Path, no_room: None) -> None:
    with pytest.raises(InfrastructureError, match=r"reading\.arrow cannot be written"):
        keep_parts(tmp_path / "reading.arrow", ROWS, {})
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_told_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        keep_parts(tmp_path / "reading.arrow", ROWS, {"ends": object()})
    assert list(tmp_path.iterdir()) == []


def test_tables_of_a_large_file_take_memory_of_the_system_for_as_long_as_they_stand() -> None:
    usual = pa.default_memory_pool().backend_name
    with suppress(ValueError), memory_given_back():
        assert pa.default_memory_pool().backend_name == "system"
        raise ValueError
    assert pa.default_memory_pool().backend_name == usual
