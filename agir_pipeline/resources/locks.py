"""A lock that says who holds it and since when; a killed holder leaves none behind."""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from agir_pipeline.resources.files import disk_fault

ATTEMPTS, PAUSE_SECONDS = 20, 0.05
"""How often, and how long apart, one asks who holds a lock that nobody has signed."""

Holder = dict[str, Any]
"""doing, process, since, and what else the holder says of itself."""


class Held(Exception):
    """Somebody else holds the lock; ``holder`` is what they wrote, if they have yet."""

    def __init__(self, holder: Holder) -> None:
        self.holder = holder
        super().__init__()


@contextmanager
def hold(path: Path, doing: str, **more: str) -> Iterator[None]:
    """Hold the lock at ``path``; ``more`` is told to those who ask.

    Raises:
        Held: somebody else does. InfrastructureError: the disk refused.
    """
    with _opened(path) as file:
        _take(file, path)
        try:
            _sign(file, path, doing, more)
            yield
        finally:
            file.truncate(0)


def _take(file: IO[str], path: Path) -> None:
    """Take the lock, or say who has it: one who has not signed yet, or any more, is waited for."""
    for attempt in range(ATTEMPTS):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = _written(path)
            if holder or attempt == ATTEMPTS - 1:
                raise Held(holder) from None
            time.sleep(PAUSE_SECONDS)
        else:
            return


def holder_of(path: Path) -> Holder | None:
    """Who holds the lock at ``path`` now; nobody is disturbed by the question."""
    with suppress(OSError), open(path, encoding="utf-8") as file:
        if not file.read(1):  # the holder signs at once and wipes its name when done
            return None
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return _written(path)
    return None


def _opened(path: Path) -> IO[str]:
    try:
        return open(path, "a+", encoding="utf-8")
    except OSError as fault:
        raise disk_fault(path, fault) from None


def _sign(file: IO[str], path: Path, doing: str, more: dict[str, str]) -> None:
    """Write past the file's buffer: what a full disk refuses is not tried again on closing."""
    holder = {
        "doing": doing,
        "process": os.getpid(),
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
        **more,
    }
    file.truncate(0)
    try:
        os.write(file.fileno(), json.dumps(holder).encode())
    except OSError as fault:
        raise disk_fault(path, fault) from None


def _written(path: Path) -> Holder:
    """What the holder wrote of itself; empty while it has not, or no longer."""
    with suppress(OSError, ValueError):
        holder: Holder = json.loads(path.read_text(encoding="utf-8"))
        return holder
    return {}
