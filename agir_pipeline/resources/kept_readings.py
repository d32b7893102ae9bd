"""What was read of a file, kept beside the landing so that no night reads it twice."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pyarrow as pa

from agir_pipeline.resources.files import whole_file

OUTCOME = b"outcome"
DIGEST_BYTES = 32


@contextmanager
def memory_given_back() -> Iterator[None]:
    """Tables made meanwhile take memory of the system, which has it back with the last of them.

    Arrow's own allocator keeps what a large file needed for as long as the process runs.
    """
    before = pa.default_memory_pool()
    pa.set_memory_pool(pa.system_memory_pool())
    try:
        yield
    finally:
        pa.set_memory_pool(before)


def keep_parts(path: Path, rows: pa.Table, outcome: dict[str, Any]) -> None:
    """One file under its own digest, so that half of one is told from a whole one.

    It is not flushed to the disk: what a power cut takes is read again.
    """
    kept = rows.replace_schema_metadata({OUTCOME: json.dumps(outcome)})
    with whole_file(path, is_lasting=False) as file:
        file.write(bytes(DIGEST_BYTES))
        told = _Digested(file)
        with pa.PythonFile(told, "w") as stream, pa.ipc.new_file(stream, kept.schema) as writer:
            writer.write_table(kept)
        file.seek(0)
        file.write(told.digest.digest())


class _Digested:
    """A file whose digest is known when it is written, without a second look at it."""

    closed = False

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self.digest = file, _digest(b"")

    def write(self, some: bytes) -> int:
        self.digest.update(some)
        return self._file.write(some)

    def tell(self) -> int:
        return self._file.tell() - DIGEST_BYTES

    def flush(self) -> None:
        """Nothing: it is not flushed before it is whole."""

    def close(self) -> None:
        """Nothing: the digest is still to come."""


def kept_parts(path: Path) -> tuple[pa.Table, dict[str, Any]] | None:
    """What ``keep_parts`` wrote; None when nobody did, or when it is damaged."""
    try:
        content = memoryview(path.read_bytes())
    except OSError:
        return None
    body = content[DIGEST_BYTES:]
    if not hmac.compare_digest(_digest(body).digest(), content[:DIGEST_BYTES]):
        return None
    rows = pa.ipc.open_file(body).read_all()
    return rows.replace_schema_metadata(), json.loads(rows.schema.metadata[OUTCOME])


def _digest(body: bytes | memoryview) -> "hashlib.blake2b":
    return hashlib.blake2b(body, digest_size=DIGEST_BYTES)
