"""The lock of a study where the disk refuses; who holds it is tried by whole runs."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agir_pipeline.errors import InfrastructureError
from agir_pipeline.resources.locks import hold, holder_of


@contextmanager
def full_disk() -> Iterator[None]:
    """No file of this process may grow: what a write to a full disk looks like to it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_lock_that_a_full_disk_cannot_keep_is_one_sentence_and_is_free_again(
    tmp_path: Path,
) -> None:
    path = tmp_path / ".lock"
    with (
        pytest.raises(InfrastructureError, match=r"\.lock cannot be written: .*free some room"),
        full_disk(),
        hold(path, "agir run"),
    ):
        pass
    assert holder_of(path) is None
    with hold(path, "agir run"):
        holder = holder_of(path)
        assert holder is not None
        assert holder["doing"] == "agir run"
