"""Releases: whole folders that never change, and one pointer that says which is current."""

import json
import os
import shutil
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from agir_pipeline.errors import CheckError, InfrastructureError, UsageError
from agir_pipeline.language import _
from agir_pipeline.resources.files import disk_fault, flush, write_whole
from agir_pipeline.resources.release_files import Printed, to_frame
from agir_pipeline.resources.release_folder import (
    CERTIFICATE,
    MANIFEST,
    TIER,
    ReleaseContent,
    damaged_files,
    printed_tables,
    write_release,
)

CURRENT = "current"
WITHDRAWN = "withdrawn.json"
"""The note in the place of the rows of a release that were removed."""

Kind = Literal["published", "draft", "unchanged"]


def told_withdrawn(release_id: str) -> str:
    """Why the rows of a release are gone, as a sentence."""
    return _("release {id} was withdrawn: it named somebody whose data were erased").format(
        id=release_id
    )


@dataclass(frozen=True)
class ReleaseOutcome:
    """What became of a release: made current, kept as a draft, or nothing new to say."""

    release_id: str
    kind: Kind
    folder: Path
    n_files: int
    is_new: bool
    """Whether its folder was written just now."""


class Releases:
    """The folder of all releases of a study; only the run that holds its lock publishes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def current(self) -> str | None:
        """The id of the current release; None before the first, or when its folder is gone."""
        pointer = self.folder / CURRENT
        return pointer.readlink().name if pointer.is_symlink() and pointer.is_dir() else None

    def manifest(self, release_id: str) -> dict[str, Any]:
        """What a release says of itself.

        Raises:
            UsageError: there is no such release. CheckError: it is damaged.
        """
        try:
            text = (self.folder / release_id / MANIFEST).read_text(encoding="utf-8")
        except OSError:
            raise UsageError(_("there is no release {id}").format(id=release_id)) from None
        try:
            manifest: dict[str, Any] = json.loads(text)
        except ValueError:
            raise _damaged(release_id, [MANIFEST]) from None
        return manifest

    def read(self, table: str, release_id: str | None = None) -> pd.DataFrame:
        """A table of a release, or of the current one.

        Raises:
            UsageError: nothing is released yet, or the release has no such table.
        """
        chosen = release_id or self.current()
        if chosen is None:
            raise UsageError(_("nothing is released yet"))
        self._require_listed(chosen)
        known = sorted(self.manifest(chosen)["tables"])
        if table not in known:
            raise UsageError(
                _("release {id} has no table {table}; it has: {known}").format(
                    id=chosen, table=table, known=", ".join(known)
                )
            )
        path = self.folder / chosen / TIER / "parquet" / f"{table}.parquet"
        try:
            return to_frame(pq.read_table(path, partitioning=None))
        except (OSError, pa.ArrowException):
            raise _damaged(chosen, [str(path.relative_to(self.folder / chosen))]) from None

    def publish(self, content: ReleaseContent, is_draft: bool = False) -> ReleaseOutcome:
        """Write a release and make it current, all at once or not at all.

        Tables like those of the current release publish nothing. Other tables from the same
        state and protocol come of other code: they are kept as a draft until accepted, and so is
        every release with ``is_draft``. A release that exists is never written again; a draft is
        compared with it.

        Raises:
            CheckError: the release exists and is damaged, or the draft made now says otherwise.
            InfrastructureError: the disk refused; the current release still stands.
        """
        self._sweep()
        current = self.current()
        exists = (self.folder / content.release_id).is_dir()
        if exists:
            self._require_whole(content.release_id)
            if is_draft:
                self._require_equal(content)
        else:
            tables = printed_tables(content)
            if not is_draft and current and self._has_tables(current, tables):
                return self._outcome(current, "unchanged", is_new=False)
            self._write(content, tables)
        if content.release_id == current:
            return self._outcome(current, "unchanged", is_new=False)
        if is_draft or self._is_other_code(current, content):
            return self._outcome(content.release_id, "draft", is_new=not exists)
        self._point_to(content.release_id)
        return self._outcome(content.release_id, "published", is_new=True)

    def accept(self, release_id: str) -> None:
        """Make a draft the current release.

        Raises:
            UsageError: there is no such release. CheckError: it is damaged.
        """
        self._require_listed(release_id)
        self._require_whole(release_id)
        self._point_to(release_id)

    def list(self) -> Sequence[str]:
        """The ids of all releases and drafts, sorted: by day, then by hash."""
        return sorted(
            path.parent.name
            for path in self.folder.glob(f"[!.]*/{MANIFEST}")
            if not path.parent.is_symlink()
        )

    def names_any(self, release_id: str, persons: Collection[str]) -> bool:
        """Whether a table of the release holds one of the persons."""
        wanted = pa.array(sorted(persons), pa.string())
        for path in sorted((self.folder / release_id / TIER / "parquet").glob("*.parquet")):
            names = [n for n in pq.read_schema(path).names if n.endswith("person_id")]
            for column in pq.read_table(path, columns=names, partitioning=None).columns:
                if pc.any(pc.is_in(column.cast(pa.string()), wanted)).as_py():
                    return True
        return False

    def withdraw(self, release_id: str, erasure: str, day: str) -> None:
        """Remove the rows of a release; its manifest stays, with a note of why they are gone."""
        folder = self.folder / release_id
        if self.current() == release_id:
            (self.folder / CURRENT).unlink()
        note = {"withdrawn_on": day, "erasure": erasure}
        write_whole(folder / WITHDRAWN, json.dumps(note).encode(), mode=0o440)
        if (folder / TIER).is_dir():
            shutil.rmtree(folder / TIER)

    def is_withdrawn(self, release_id: str) -> bool:
        """Whether its rows were removed: they named somebody who was erased."""
        return (self.folder / release_id / WITHDRAWN).exists()

    def withdrawn_for(self, erasure: str) -> Sequence[str]:
        """The releases whose rows were removed for one erasure."""
        notes = sorted(self.folder.glob(f"[!.]*/{WITHDRAWN}"))
        return [
            path.parent.name
            for path in notes
            if json.loads(path.read_text(encoding="utf-8"))["erasure"] == erasure
        ]

    def audit_heads(self) -> Sequence[str]:
        """The ends of the audit trail that the certificates hold; an unreadable one tells none."""
        found = []
        for path in sorted(self.folder.glob(f"[!.]*/{CERTIFICATE}")):
            with suppress(OSError, ValueError):
                found.append(json.loads(path.read_text(encoding="utf-8")).get("audit_head", ""))
        return [head for head in found if head]

    def _outcome(self, release_id: str, kind: Kind, is_new: bool) -> ReleaseOutcome:
        n_files = (
            len(self.manifest(release_id)["files"]) + 4
        )  # database, manifest, changes, certificate
        return ReleaseOutcome(release_id, kind, self.folder / release_id, n_files, is_new)

    def _has_tables(self, release_id: str, tables: Mapping[str, Printed]) -> bool:
        known = self.manifest(release_id)["tables"]
        if set(known) != set(tables):
            return False
        return all(known[name]["digest"] == table.digest for name, table in tables.items())

    def _is_other_code(self, current: str | None, content: ReleaseContent) -> bool:
        """Whether the current release is of the same state and protocol; its tables differ."""
        if current is None:
            return False
        facts = self.manifest(current)["facts"]
        same = ("state_digest", "protocol_digest")
        return all(facts[name] == content.facts[name] for name in same)

    def _require_listed(self, release_id: str) -> None:
        """A release is named by its id: never by a path, nor by the pointer itself."""
        folder = self.folder / release_id
        if self.is_withdrawn(release_id):
            raise UsageError(told_withdrawn(release_id))
        is_id = Path(release_id).name == release_id and release_id[:1] not in ("", ".")
        if not is_id or folder.is_symlink() or not folder.is_dir():
            raise UsageError(_("there is no release {id}").format(id=release_id))

    def _require_whole(self, release_id: str) -> None:
        faults = damaged_files(self.folder / release_id)
        if faults:
            raise _damaged(release_id, faults)

    def _require_equal(self, content: ReleaseContent) -> None:
        if not self._has_tables(content.release_id, printed_tables(content)):
            raise CheckError(
                _(
                    "release {id} was made of the same data, protocol and code as the tables made "
                    "now, and they differ: keep both and tell the developers"
                ).format(id=content.release_id)
            )

    def _write(self, content: ReleaseContent, tables: Mapping[str, Printed]) -> None:
        """Everything under a temporary name, flushed to the disk, then one rename."""
        target = self.folder / content.release_id
        temporary = self.folder / f".{content.release_id}.{os.getpid()}.tmp"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            current = self.current()
            previous = self.folder / current if current else None
            write_release(temporary, content, tables, previous)
            os.replace(temporary, target)
            flush(self.folder)
        except OSError as fault:
            shutil.rmtree(temporary, ignore_errors=True)
            raise disk_fault(target, fault) from None
        except duckdb.Error as fault:
            shutil.rmtree(temporary, ignore_errors=True)
            raise InfrastructureError(
                _("{path} cannot be written: {cause}").format(
                    path=target / TIER / content.database, cause=type(fault).__name__
                )
            ) from None

    def _point_to(self, release_id: str) -> None:
        """Swap the pointer: a reader finds the old release or the new one, never neither."""
        temporary = self.folder / f".{CURRENT}.{os.getpid()}.tmp"
        try:
            temporary.unlink(missing_ok=True)
            temporary.symlink_to(release_id)
            os.replace(temporary, self.folder / CURRENT)
            flush(self.folder)
        except OSError as fault:
            raise disk_fault(self.folder / CURRENT, fault) from None

    def _sweep(self) -> None:
        """Remove what a killed run left under a temporary name."""
        for leftover in self.folder.glob(".*.tmp"):
            if leftover.is_symlink():
                leftover.unlink()
            else:
                shutil.rmtree(leftover, ignore_errors=True)


def _damaged(release_id: str, files: Sequence[str]) -> CheckError:
    return CheckError(
        _(
            "release {id} is damaged: {files}; restore its folder from a backup, or move "
            "it away and run again"
        ).format(id=release_id, files=", ".join(files))
    )
