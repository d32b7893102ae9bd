"""Writing files so that a reader sees the old one or the new one, never half of one."""

import os
import shutil
from pathlib import Path

from agir_pipeline.errors import InfrastructureError
from agir_pipeline.language import _


def write_whole(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Write ``content`` under a temporary name, flush it to the disk, then rename.

    Raises:
        InfrastructureError: the disk is full or refuses; what stood at ``path`` still stands.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(temporary, "wb", opener=lambda p, flags: os.open(p, flags, mode)) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        flush_folder(path.parent)
    except OSError as fault:
        temporary.unlink(missing_ok=True)
        raise disk_fault(path, fault) from None


def flush_folder(folder: Path) -> None:
    """Make renames inside ``folder`` survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
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
