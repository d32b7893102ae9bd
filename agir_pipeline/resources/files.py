"""Writing files so that a reader sees the old one or the new one, never half of one."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path, PurePath
from typing import IO

from agir_pipeline.errors import InfrastructureError
from agir_pipeline.language import _

ENDINGS = frozenset(
    (".csv", ".gz", ".json", ".lss", ".ods", ".tsv", ".txt", ".xls", ".xlsb", ".xlsm", ".xlsx",
     ".xml", ".zip")
)  # fmt: skip
"""Ends of names that say of which kind a file is."""

_lasts: ContextVar[bool] = ContextVar("lasts", default=True)


@contextmanager
def can_be_made_again() -> Iterator[None]:
    """Within, nothing waits for the disk: a power cut may take what a seed gives once more."""
    before = _lasts.set(False)
    try:
        yield
    finally:
        _lasts.reset(before)


def write_whole(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Write ``content`` under a temporary name, flush to disk, rename.

    Raises:
        InfrastructureError: the disk is full or refuses; what stood at ``path`` still stands.
    """
    with whole_file(path, mode) as file:
        file.write(content)


@contextmanager
def whole_file(path: Path, mode: int = 0o600, *, is_lasting: bool = True) -> Iterator[IO[bytes]]:
    """A file to write into, flushed to disk and under its own name once that has ended well.

    What can be made again need not be ``is_lasting``: a power cut may then take it.

    Raises:
        InfrastructureError: the disk is full or refuses; what stood at ``path`` still stands.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        if is_lasting:
            make_folder(path.parent)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
        temporary.unlink(missing_ok=True)
        with open(temporary, "wb", opener=lambda p, flags: os.open(p, flags, mode)) as file:
            yield file
            if is_lasting and _lasts.get():
                file.flush()
                os.fsync(file.fileno())
        os.replace(temporary, path)
        if is_lasting:
            flush_folder(path.parent)
    except OSError as fault:
        _forget(temporary)
        raise disk_fault(path, fault) from None
    except BaseException:
        _forget(temporary)
        raise


def make_folder(folder: Path, mode: int = 0o777) -> None:
    """Make a folder and those above it so that they survive a power cut, as files in it do."""
    if not folder.is_dir():
        make_folder(folder.parent, mode)
        folder.mkdir(mode=mode, exist_ok=True)
        flush_folder(folder.parent)


@contextmanager
def whole_or_absent(folder: Path) -> Iterator[None]:
    """Leave nothing half-made where nothing was: the next attempt finds an empty folder."""
    was_there, was_empty = folder.exists(), not folder.is_dir() or not any(folder.iterdir())
    try:
        yield
    except BaseException:
        if folder.is_dir() and was_empty:
            for child in folder.iterdir():
                shutil.rmtree(child) if child.is_dir() else child.unlink()
            if not was_there:
                folder.rmdir()
        raise


def _forget(temporary: Path) -> None:
    with suppress(OSError):  # a folder that refused the file refuses its removal too
        temporary.unlink(missing_ok=True)


def flush_folder(folder: Path) -> None:
    """Make renames inside ``folder`` survive a power cut."""
    if _lasts.get():
        flush(folder)


def flush(path: Path) -> None:
    """Have the disk hold what a file or a folder holds."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sweep(folder: Path) -> None:
    """Remove what a killed process left under a temporary name."""
    for leftover in folder.rglob(".*.tmp"):
        if leftover.is_dir():
            shutil.rmtree(leftover, ignore_errors=True)
        else:
            leftover.unlink(missing_ok=True)


def disk_fault(path: Path, fault: OSError) -> InfrastructureError:
    return InfrastructureError(
        _(
            "{path} cannot be written: {cause}; free some room or check the rights, then run again"
        ).format(path=path, cause=fault.strerror or type(fault).__name__)
    )


def legible(name: str | Path) -> str:
    """A name as text that can be kept: bytes that are no UTF-8 show as a question mark."""
    return os.fsencode(name).decode("utf-8", errors="replace").replace("\ufffd", "?")


def ending(file_name: str) -> str:
    """What kind of file it is, where its name says one that is known; else nothing."""
    suffix = PurePath(file_name).suffix
    return suffix if suffix.lower() in ENDINGS else ""
