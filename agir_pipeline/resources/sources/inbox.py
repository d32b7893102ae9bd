"""Files that partners or the steward dropped into ``inbox/<source>/<provider>/``."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from agir_pipeline.language import _
from agir_pipeline.protocol.model import Protocol
from agir_pipeline.resources.file_names import place_of, shown_before_receipt

IGNORED = ("~$*", ".*", "*.part", "*.tmp", "*.crdownload", "Thumbs.db", "desktop.ini")
"""``.*`` covers ``.~lock.*#`` and ``.DS_Store``."""


@dataclass(frozen=True)
class Dropped:
    """One file in the inbox and the source and provider its folder names."""

    path: Path
    source: str
    provider: str

    @property
    def place(self) -> str:
        """What names the arrival: a workbook of decisions arrives once for each of its sources."""
        return place_of(self.path, self.source)

    @property
    def look(self) -> str:
        """What changes when the file does: a file seen before with the same look is left alone."""
        found = self.path.stat()
        return f"{found.st_size}\x1f{found.st_mtime_ns}"


def dropped_files(inbox: Path, protocol: Protocol) -> tuple[list[Dropped], list[str]]:
    """The files that can be taken in, and a sentence for each one that lies in no known folder."""
    taken: list[Dropped] = []
    misplaced: list[str] = []
    providers = {
        s.name: [p.name for p in s.providers] for s in protocol.sources if s.feeds != "decision"
    }
    for path in files_below(inbox):
        source, *rest = path.relative_to(inbox).parts
        known = providers.get(source)
        if known is None or len(rest) > 2 or (len(rest) == 2 and rest[0] not in known):
            misplaced.append(_misplaced(protocol, path.relative_to(inbox), providers))
        elif len(rest) == 2:
            taken.append(Dropped(path, source, rest[0]))
        elif len(rest) == 1 and len(known) == 1:
            taken.append(Dropped(path, source, known[0]))
        else:
            misplaced.append(_misplaced(protocol, path.relative_to(inbox), providers))
    return taken, misplaced


def decision_files(folder: Path, protocol: Protocol) -> list[Dropped]:
    """The steward's workbooks: each is a delivery of every source of decisions, sheet by sheet."""
    return [
        Dropped(path, source.name, provider.name)
        for path in files_below(folder)
        if path.suffix == ".xlsx"
        for source in protocol.feeding("decision")
        for provider in source.providers[:1]
    ]


def at_rest(
    files: Iterable[Dropped],
    seen: Mapping[str, str],
    look_seconds: float,
    wait: Callable[[float], None] = time.sleep,
) -> list[tuple[Dropped, str]]:
    """The files nobody has taken yet, with how each looked when it began to have that long to
    change: whether it did is for the caller to see. One wait serves all; old files need none.
    """
    new: list[tuple[Dropped, str]] = []
    latest = 0.0
    for file in files:
        with suppress(FileNotFoundError):  # taken away while we looked
            look = file.look
            if seen.get(file.place) != look:
                new.append((file, look))
                found = file.path.stat()
                latest = max(latest, found.st_mtime, found.st_ctime)
    if new and (left := latest + look_seconds - time.time()) > 0:
        wait(min(left, look_seconds))
    return new


def files_below(folder: Path) -> Iterator[Path]:
    """The files somebody meant to hand in: not those of an editor or an unfinished copy."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not any(fnmatch(path.name, pattern) for pattern in IGNORED):
            yield path


def _misplaced(protocol: Protocol, path: Path, providers: dict[str, list[str]]) -> str:
    places = ", ".join(f"{s}/{p}" for s, names in providers.items() for p in names)
    return _("inbox/{path}: no source takes files from this folder; use one of: {places}").format(
        path=shown_before_receipt(protocol, path), places=places
    )
