"""What was read of a file, kept beside the landing so that no night reads it twice."""

import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import pyarrow as pa

from agir_pipeline.resources.files import write_whole

OUTCOME = b"outcome"
DIGEST_BYTES = 32


def keep_parts(path: Path, rows: pa.Table, outcome: dict[str, Any]) -> None:
    """One file under its own digest, so that half of one is told from a whole one.

    It is not flushed to the disk: what a power cut takes is read again.
    """
    kept = rows.replace_schema_metadata({OUTCOME: json.dumps(outcome)})
    size = pa.MockOutputStream()
    _write(size, kept)
    body = pa.allocate_buffer(size.size())
    _write(pa.FixedSizeBufferWriter(body), kept)
    write_whole(path, _digest(memoryview(body)), then=memoryview(body), is_lasting=False)


def _write(stream: pa.NativeFile, table: pa.Table) -> None:
    with pa.ipc.new_file(stream, table.schema) as writer:
        writer.write_table(table)


def kept_parts(path: Path) -> tuple[pa.Table, dict[str, Any]] | None:
    """What ``keep_parts`` wrote; None when nobody did, or when it is damaged."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    body = content[DIGEST_BYTES:]
    if not hmac.compare_digest(_digest(body), content[:DIGEST_BYTES]):
        return None
    rows = pa.ipc.open_file(body).read_all()
    return rows.replace_schema_metadata(), json.loads(rows.schema.metadata[OUTCOME])


def _digest(body: bytes | memoryview) -> bytes:
    return hashlib.blake2b(body, digest_size=DIGEST_BYTES).digest()
