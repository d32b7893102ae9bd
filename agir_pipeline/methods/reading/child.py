"""The reading process: reads requests on its input, answers a grid or a refusal on its output.

It exists to die alone: a file that makes the parser abort, allocate without end or loop takes
this process with it and nothing else. Messages are JSON, each after its length in 8 bytes.
Imports nothing heavy: a fresh process is ready in a tenth of a second.
"""

import json
import resource
import struct
import sys
from pathlib import Path
from typing import IO, Any

from agir_pipeline.methods.reading.containers import recognise
from agir_pipeline.methods.reading.delimited import read_delimited
from agir_pipeline.methods.reading.grid import Grid, Limits, Refused
from agir_pipeline.methods.reading.structure_files import read_structure
from agir_pipeline.methods.reading.workbook import read_workbook

LENGTH = struct.Struct(">Q")
READY = {"ready": True}


def main() -> None:
    """Serves until the input closes. The only argument is the memory limit in bytes."""
    limit_memory(int(sys.argv[1]))
    serve(sys.stdin.buffer, sys.stdout.buffer)


def serve(requests: IO[bytes], answers: IO[bytes]) -> None:
    """Says that it is ready, then answers every request in turn."""
    send(answers, READY)
    while (request := receive(requests)) is not None:
        limits = Limits(**request["limits"])
        limit_processor(limits.cpu_seconds)
        send(answers, answer(Path(request["path"]), request["sheet"], request["encoding"], limits))


def answer(
    path: Path, sheet: str | None, encoding: str | None, limits: Limits
) -> dict[str, dict[str, Any]]:
    """``{"grid": …}`` or ``{"refusal": …}`` for one file."""
    try:
        return {"grid": read_file(path, sheet, encoding, limits).to_json()}
    except Refused as refused:
        return {"refusal": refused.refusal.to_json()}


def read_file(path: Path, sheet: str | None, encoding: str | None, limits: Limits) -> Grid:
    """The grid of a csv or xlsx file; anything else is refused by its name."""
    file_bytes = path.stat().st_size
    if file_bytes > limits.file_bytes:
        raise Refused("file_too_large", found=file_bytes, allowed=limits.file_bytes)
    kind = recognise(path)
    if kind == "xlsx":
        return read_workbook(path, sheet, limits)
    if kind == "text":
        return read_delimited(path.read_bytes(), encoding)
    if kind == "limesurvey_structure":
        return read_structure(path.read_bytes())
    raise Refused(kind)


def send(stream: IO[bytes], message: Any) -> None:
    body = json.dumps(message, ensure_ascii=False).encode()
    stream.write(LENGTH.pack(len(body)) + body)
    stream.flush()


def receive(stream: IO[bytes]) -> Any:
    """The next message; None when the other side has closed."""
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    return json.loads(stream.read(LENGTH.unpack(head)[0]))


def limit_memory(n_bytes: int) -> None:
    """Caps the address space, never above what the process was given."""
    _cap(resource.RLIMIT_AS, n_bytes)


def limit_processor(seconds: int) -> None:
    """Caps the processor time of the next file: what is used so far does not count."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    _cap(resource.RLIMIT_CPU, int(usage.ru_utime + usage.ru_stime) + 1 + seconds)


def _cap(which: int, value: int) -> None:
    _soft, hard = resource.getrlimit(which)
    resource.setrlimit(which, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))
