"""What changed between two pulls of one form, response by response.

Numbers of responses stay when answers are edited; the server's own instants do not always move.
So whole rows are compared, by their hash.
"""

import csv
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

DELIMITER = ";"


@dataclass(frozen=True)
class PullChanges:
    """The keys of the responses that changed, by what happened to them."""

    n_before: int = 0
    new: list[str] = field(default_factory=list)
    edited: list[str] = field(default_factory=list)
    reopened: list[str] = field(default_factory=list)
    """Once submitted, then opened again: the last page went back, or the submission was undone."""
    deleted: list[str] = field(default_factory=list)

    @property
    def counts(self) -> dict[str, int]:
        names = ("new", "edited", "reopened", "deleted")
        return {name: len(getattr(self, name)) for name in names}

    @property
    def share_lost(self) -> float:
        return len(self.deleted) / self.n_before if self.n_before else 0.0


def pull_changes(before: bytes, after: bytes) -> PullChanges:
    """From one canonical csv to the next; the first column is the key of a response.

    A column that came or left makes no response an edited one: only shared columns are compared.
    """
    (head_before, rows_before), (head_after, rows_after) = _read(before), _read(after)
    shared = [name for name in head_after if name in head_before]
    one = {row[0]: _told(row, head_before, shared) for row in rows_before}
    two = {row[0]: _told(row, head_after, shared) for row in rows_after}
    changed = [key for key in two if key in one and _hash(one[key]) != _hash(two[key])]
    reopened = [key for key in changed if _is_reopened(one[key], two[key])]
    return PullChanges(
        n_before=len(one),
        new=[key for key in two if key not in one],
        edited=[key for key in changed if key not in set(reopened)],
        reopened=reopened,
        deleted=[key for key in one if key not in two],
    )


def _read(content: bytes) -> tuple[list[str], list[list[str]]]:
    lines = content.decode().splitlines(keepends=True)
    header, *rows = csv.reader(lines, delimiter=DELIMITER, strict=True)
    return header, [row for row in rows if row]


def _told(row: Sequence[str], header: Sequence[str], shared: Iterable[str]) -> dict[str, str]:
    values = dict(zip(header, row, strict=True))
    return {name: values[name] for name in shared}


def _hash(told: dict[str, str]) -> bytes:
    return hashlib.sha256("\x1f".join(told.values()).encode()).digest()


def _is_reopened(before: dict[str, str], after: dict[str, str]) -> bool:
    if not before.get("submitdate"):
        return False
    pages = [told.get("lastpage", "") for told in (before, after)]
    went_back = all(page.isdecimal() for page in pages) and int(pages[1]) < int(pages[0])
    return went_back or not after["submitdate"]
