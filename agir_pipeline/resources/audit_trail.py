"""Who saw, decided, took in or published what, and when: append-only, in a keyed chain.

Each line seals the one before it, and a last one says where the chain ends: a line that was
changed, left out, moved or cut off is found. An older copy put in place of the trail is found by
the releases: each certificate holds the end of its day. Nobody is named: an actor is a keyed hash
of an account, an object a release, a receipt or a count.
"""

import hmac
import json
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from agir_pipeline.errors import InfrastructureError
from agir_pipeline.language import _
from agir_pipeline.resources.files import disk_fault, write_whole

Did = Literal[
    "received", "reviewed", "decided", "drafted", "published", "accepted", "erased", "rotated"
]
START = "0" * 64
"""What the first line seals."""


class AuditTrail:
    """The file ``trail.jsonl`` below ``folder``; the caller holds the lock of the study."""

    def __init__(
        self,
        folder: Path,
        key: bytes,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.path = folder / "trail.jsonl"
        self._key = key
        self._now = now

    def note(self, actor: str, did: Did, what: str, n: int = 1) -> str:
        """Add a line; gives the new head.

        Raises:
            InfrastructureError: the trail was tampered with, or the disk refused.
        """
        lines = self._lines()
        faults = list(self._faults(lines, ()))
        if faults:
            raise InfrastructureError(
                _("{path}: {fault}; restore it from a backup").format(
                    path=self.path, fault=faults[0]
                )
            )
        entry = {
            "at": self._now().isoformat(timespec="seconds"),
            "actor": actor,
            "did": did,
            "what": what,
            "n": n,
        }
        line, head = self._sealed(entry, _head_of(lines[:-1]))
        kept = [*lines[:-1], line]
        content = "".join(f"{told}\n" for told in [*kept, self._end(len(kept), head)])
        write_whole(self.path, content.encode())
        return head

    def head(self) -> str:
        """Where the chain ends."""
        return _head_of(self._lines()[:-1])

    def faults(self, known_heads: Iterable[str] = ()) -> list[str]:
        """What is wrong with the trail: nothing if every line is as it was written.

        ``known_heads`` are ends of the trail that were noted elsewhere.
        """
        return list(self._faults(self._lines(), known_heads))

    def _faults(self, lines: list[str], known_heads: Iterable[str]) -> Iterator[str]:
        before, heads = START, {START}
        for number, line in enumerate(lines[:-1], 1):
            entry = _read(line)
            seal = entry.pop("seal", None)
            expected, head = self._sealed(entry, before)
            if seal != head or line != expected:
                yield _("line {n} of the audit trail is not as it was written").format(n=number)
                return
            before = head
            heads.add(head)
        is_cut = bool(lines) and lines[-1] != self._end(len(lines) - 1, before)
        if is_cut or not heads.issuperset(known_heads):
            yield _("the end of the audit trail is not where it was")

    def _lines(self) -> list[str]:
        try:
            text = self.path.read_text(encoding="utf-8", errors="backslashreplace")
        except FileNotFoundError:
            return []
        except OSError as fault:
            raise disk_fault(self.path, fault) from None
        return text.removesuffix("\n").split("\n")

    def _sealed(self, entry: dict[str, Any], before: str) -> tuple[str, str]:
        told = json.dumps(entry, sort_keys=True, ensure_ascii=False)
        head = self._mac(f"{before}\n{told}")
        return json.dumps({**entry, "seal": head}, sort_keys=True, ensure_ascii=False), head

    def _end(self, n: int, head: str) -> str:
        return f"{n} {self._mac(f'end {n} {head}')}"

    def _mac(self, text: str) -> str:
        return hmac.digest(self._key, text.encode(), "sha256").hex()


def _head_of(lines: list[str]) -> str:
    return str(_read(lines[-1]).get("seal", START)) if lines else START


def _read(line: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
