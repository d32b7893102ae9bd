"""The reading process: reads requests on its input, answers a grid or a refusal on its output.

It exists to die alone: a file that makes the parser abort, allocate without end or loop takes
this process with it and nothing else. Messages are JSON, each after its length in 8 bytes, and
the texts of columns and their places, as bytes, after theirs. Imports nothing heavy: a fresh
process is ready in a tenth of a second.
"""

import gc
import io
import json
import resource
import struct
import sys
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

from agir_pipeline.methods.reading.containers import WORKBOOKS, recognise
from agir_pipeline.methods.reading.delimited import read_delimited
from agir_pipeline.methods.reading.grid import (
    BETWEEN,
    SMALL,
    Block,
    Limits,
    Refused,
    Sheet,
    block_of,
    comes_again,
)
from agir_pipeline.methods.reading.workbook import read_workbook

LENGTHS = struct.Struct(">QQ")
READY = {"ready": True}
Message = tuple[dict[str, Any], bytes]


def main() -> None:
    """Serves until the input closes. The only argument is the memory limit in bytes."""
    limit_memory(int(sys.argv[1]))
    gc.disable()  # millions of cells and not one cycle: looking for some doubles the time
    serve(sys.stdin.buffer, sys.stdout.buffer)


def serve(requests: IO[bytes], answers: IO[bytes]) -> None:
    """Says that it is ready, then answers every request in turn."""
    send(answers, READY)
    while (request := receive(requests)) is not None:
        limits = Limits(**request.pop("limits"))
        limit_processor(limits.cpu_seconds)
        for message, places in answer(limits=limits, **request):
            send(answers, message, places)


def answer(
    path: str,
    limits: Limits,
    sheets: Sequence[str] = (),
    encoding: str | None = None,
    password: str | None = None,
) -> Iterator[Message]:
    """``{"block": …}`` as often as needed and ``{"grid": …}`` for each sheet, then ``{"end": …}``.

    ``{"refusal": …}`` in place of all that is still to come.
    """
    try:
        for sheet in read_file(Path(path), limits, sheets, encoding, password):
            for block in sheet.blocks:
                yield told(block)
            yield {"grid": sheet.grid.to_json()}, b""
        yield {"end": True}, b""
    except Refused as refused:
        yield {"refusal": refused.refusal.to_json()}, b""


def told(block: Block) -> Message:
    """Rows as a message: of each column the texts that differ, and the place of each in its rows.

    A column whose texts all differ needs no places. Texts go as bytes, one after the other, and
    of a column are told how many and how long; those that hold the mark between them go as JSON.
    """
    columns: list[list[str] | tuple[int, int]] = []
    places = []
    for cells in block.columns:
        distinct = dict.fromkeys(cells) if comes_again(cells) else cells
        texts = BETWEEN.join(distinct)
        if texts.count(BETWEEN) == len(distinct) - 1:
            places.append(texts.encode())
            columns.append((len(distinct), len(places[-1])))
        else:
            columns.append(list(distinct))
        if len(distinct) < len(cells):
            place_of = dict(zip(distinct, range(len(distinct)), strict=True))
            of_rows = map(place_of.__getitem__, cells)
            is_small = len(distinct) <= SMALL
            places.append(bytes(of_rows) if is_small else array("H", of_rows).tobytes())
    first, n_rows = block.numbers[0], len(block.numbers)
    is_plain = block.numbers[-1] - first + 1 == n_rows
    numbers = [] if is_plain else list(block.numbers)
    message = {"first": first, "n_rows": n_rows, "numbers": numbers, "columns": columns}
    return {"block": {**message, "odd": list(block.odd.items())}}, b"".join(places)


def read_file(
    path: Path,
    limits: Limits,
    sheets: Sequence[str] = (),
    encoding: str | None = None,
    password: str | None = None,
) -> Iterator[Sheet]:
    """The sheets of a file whatever its name says; what is no table is refused by its name."""
    with path.open("rb") as file:
        try:
            yield from _read(file, path.stat().st_size, limits, sheets, encoding)
            return
        except Refused as refused:
            if refused.refusal.code != "encrypted" or password is None:
                raise
        unlocked = unlock(file, password)
    yield from _read(io.BytesIO(unlocked), len(unlocked), limits, sheets, encoding)


def _read(
    file: IO[bytes], n_bytes: int, limits: Limits, sheets: Sequence[str], encoding: str | None
) -> Iterator[Sheet]:
    kind = recognise(file)
    allowed = limits.text_bytes if kind == "text" else limits.file_bytes
    if n_bytes > allowed:
        raise Refused("file_too_large", found=n_bytes, allowed=allowed)
    file.seek(0)
    if kind in WORKBOOKS:
        yield from read_workbook(file, kind, sheets, limits)
    elif kind == "text":
        yield read_delimited(file, encoding)
    elif kind == "limesurvey_structure":
        # Rare, and its digest brings in a library as large as all the rest.
        from agir_pipeline.methods.reading.structure_files import read_structure

        grid = read_structure(file.read())
        yield Sheet(replace(grid, rows=[]), [block_of(grid.rows)])
    else:
        raise Refused(kind)


def unlock(file: IO[bytes], password: str) -> bytes:
    """The workbook inside a locked one.

    Raises ``Refused``: the password is another, or msoffcrypto-tool is not installed.
    """
    try:
        import msoffcrypto  # only where a partner locks files: the extra ``locked``
    except ImportError as fault:
        raise Refused("no_unlocker") from fault
    unlocked = io.BytesIO()
    try:
        file.seek(0)
        workbook = msoffcrypto.OfficeFile(file)
        workbook.load_key(password=password)
        workbook.decrypt(unlocked)
    except Exception as fault:
        raise Refused("wrong_password") from fault
    return unlocked.getvalue()


def send(stream: IO[bytes], message: Any, places: bytes = b"") -> None:
    body = json.dumps(message, ensure_ascii=False).encode()
    stream.write(LENGTHS.pack(len(body), len(places)) + body + places)
    stream.flush()


def receive(stream: IO[bytes]) -> Any:
    """The next message, without places; None when the other side has closed."""
    head = stream.read(LENGTHS.size)
    if len(head) < LENGTHS.size:
        return None
    return json.loads(stream.read(LENGTHS.unpack(head)[0]))


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
