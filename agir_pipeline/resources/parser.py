"""Files read in a process of their own: a hostile one costs that process, never the run.

The process is started once and kept for every file of the night; it is stopped and replaced
when it dies, exceeds its memory or takes too long, and the file it held is refused. It may read
the next files ahead, while the run works on the one before.
"""

import gc
import json
import os
import selectors
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import IO, Any, NamedTuple, Self, cast

from agir_pipeline.errors import InfrastructureError
from agir_pipeline.language import _
from agir_pipeline.methods.reading.child import LENGTHS, send
from agir_pipeline.methods.reading.columns import Gathered
from agir_pipeline.methods.reading.grid import Grid, Limits, Refusal

PIECE_BYTES = 1 << 20
LARGEST_AHEAD, MOST_AHEAD = 1 << 20, 3 << 20
"""Bytes of a file, and of all files together, that may be read before they are asked for."""
SMALL_ANSWER = 48_000_000
WORKBOOK_GROWTH = 60
CSV_GROWTH = 3
"""How many times longer than a file the answer to it may be."""
CHILD = (
    "import sys; sys.path += sys.argv.pop(1).split(':'); "
    "from agir_pipeline.methods.reading.child import main; main()"
)


class Request(NamedTuple):
    """What is asked of the process: one file, and how it is read."""

    path: Path
    sheets: tuple[str, ...]
    encoding: str | None
    limits: Limits
    password: str | None

    def as_message(self) -> dict[str, Any]:
        return {
            "path": str(self.path.absolute()),
            "sheets": list(self.sheets),
            "encoding": self.encoding,
            "limits": vars(self.limits),
            "password": self.password,
        }


class Ahead(NamedTuple):
    """A file that is being read, or has been, before it is asked for."""

    request: Request
    n_bytes: int
    grids: Future[list[Grid] | Refusal]


class Parser:
    """Reads files to grids, one after the other. Use it as a context; it holds one process."""

    def __init__(
        self,
        limits: Limits | None = None,
        timeout_seconds: float = 120.0,
        answer_bytes: int = 500_000_000,
    ) -> None:
        self.limits = limits or Limits()
        self.timeout_seconds = timeout_seconds
        self.answer_bytes = answer_bytes
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = ThreadPoolExecutor(1, "agir-parser")
        self._expected: Iterator[Request] = iter(())
        self._ahead: deque[Ahead] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process is not None:
            self._process.kill()  # whatever it still reads ahead, nobody waits for
        self._thread.shutdown(cancel_futures=True)
        self._stop()

    @property
    def process_id(self) -> int | None:
        """The number of the reading process; None while there is none."""
        return None if self._process is None else self._process.pid

    def read(
        self, path: Path, sheet: str | None = None, encoding: str | None = None
    ) -> Grid | Refusal:
        """The grid of one sheet of a file (else of its first visible one), or why it is refused."""
        grids = self.read_sheets(path, [sheet] if sheet else [], encoding)
        return grids if isinstance(grids, Refusal) else grids[0]

    def read_sheets(
        self,
        path: Path,
        sheets: Sequence[str] = (),
        encoding: str | None = None,
        *,
        limits: Limits | None = None,
        password: str | None = None,
    ) -> list[Grid] | Refusal:
        """The grids of one file, one per sheet, or why it is refused.

        ``sheets`` names the sheets of a workbook or holds patterns for them (else its first
        visible one); ``encoding`` declares that of a csv. ``limits`` are those of this file.

        Raises:
            InfrastructureError: the reading process cannot be started at all.
        """
        request = Request(path, tuple(sheets), encoding, limits or self.limits, password)
        if not self._ahead or self._ahead[0].request != request:
            return self._begin(request).result()
        found = self._ahead.popleft().grids.result()
        self._read_on()
        return found

    def expect(self, requests: Iterable[Request]) -> None:
        """What ``read_sheets`` will be asked, in this order: some files are read before they are.

        Large ones are left for then: two of them at once need too much memory.
        """
        self._expected = iter(requests)
        self._ahead.clear()
        self._read_on()

    def _read_on(self) -> None:
        while sum(one.n_bytes for one in self._ahead) <= MOST_AHEAD - LARGEST_AHEAD:
            request = next(self._expected, None)
            if request is None:
                return
            n_bytes = _size(request.path)
            if 0 < n_bytes <= LARGEST_AHEAD:
                self._ahead.append(Ahead(request, n_bytes, self._begin(request)))

    def _begin(self, request: Request) -> "Future[list[Grid] | Refusal]":
        # With the language of who asks: a thread knows none by itself.
        return self._thread.submit(copy_context().run, self._read, request)

    def _read(self, request: Request) -> list[Grid] | Refusal:
        process = self._running()
        try:
            send(cast(IO[bytes], process.stdin), request.as_message())
            with collector_paused():
                return self._sheets(process, self._at_most(request.path))
        except TimeoutError:
            return self._give_up("reader_too_slow")
        except (EOFError, BrokenPipeError, ValueError):
            return self._give_up("reader_died")

    def _at_most(self, path: Path) -> int:
        """How long an answer may be: a small workbook can say one long text a million times."""
        n_bytes = path.stat().st_size
        of_workbook = max(SMALL_ANSWER, WORKBOOK_GROWTH * n_bytes)
        return max(min(of_workbook, self.answer_bytes), CSV_GROWTH * n_bytes)

    def _sheets(self, process: subprocess.Popen[bytes], left: int) -> list[Grid] | Refusal:
        deadline = time.monotonic() + self.timeout_seconds
        gathered, grids = Gathered(), list[Grid]()
        while True:
            answer, places = self._receive(process, deadline, left)
            if "block" in answer:
                left -= gathered.add(answer["block"], places)
            elif "grid" in answer:
                grids.append(Grid.from_json({**answer["grid"], "rows": gathered.rows()}))
                gathered = Gathered()
            elif "refusal" in answer:
                return Refusal.from_json(answer["refusal"])
            else:
                return grids

    def _give_up(self, code: str) -> Refusal:
        self._stop()
        return Refusal(code)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is None:
            return self._process
        self._stop()
        self._process = _start(self.limits.memory_bytes)
        try:
            deadline = time.monotonic() + self.timeout_seconds
            self._receive(self._process, deadline, self.answer_bytes)  # it says that it is ready
        except (TimeoutError, EOFError):
            self._stop()
            raise InfrastructureError(
                _("The process that reads files does not start: is python-calamine installed?")
            ) from None
        return self._process

    def _receive(
        self, process: subprocess.Popen[bytes], deadline: float, at_most: int
    ) -> tuple[Any, bytes]:
        """The next message, and the places that came with it."""
        n_bytes, n_places = LENGTHS.unpack(_read(process, LENGTHS.size, deadline))
        if n_bytes + n_places > at_most:
            raise EOFError
        body = _read(process, n_bytes, deadline)
        return json.loads(body), _read(process, n_places, deadline)

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.communicate()


def _size(path: Path) -> int:
    """Bytes of a file; 0 for one that is not there, which is told when it is asked for."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


@contextmanager
def collector_paused() -> Iterator[None]:
    """Rows hold no cycles: looking for some while they come costs as much as reading them."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _start(memory_bytes: int) -> subprocess.Popen[bytes]:
    """An interpreter without the environment, the user's settings or the working folder."""
    package = Path(__file__).parents[2]
    calamine = find_spec("python_calamine")
    folders = [package, *([Path(str(calamine.origin)).parents[1]] if calamine else [])]
    return subprocess.Popen(  # noqa: S603 - our own interpreter and our own words
        [
            *(sys.executable, "-I", "-X", "utf8", "-c", CHILD),
            os.pathsep.join(map(str, folders)),
            str(memory_bytes),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={},
    )


def _read(process: subprocess.Popen[bytes], n_bytes: int, deadline: float) -> bytes:
    """Exactly ``n_bytes`` from the process; ``EOFError`` when it has died."""
    stream = cast(IO[bytes], process.stdout)
    content = bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        while len(content) < n_bytes:
            if not selector.select(max(0.0, deadline - time.monotonic())):
                raise TimeoutError
            piece = os.read(stream.fileno(), min(PIECE_BYTES, n_bytes - len(content)))
            if not piece:
                raise EOFError
            content += piece
    return bytes(content)
