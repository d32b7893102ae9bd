"""What was known, and since when. Everything the pipeline shows is a function of ``state``."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date
from functools import cached_property
from pathlib import PurePath
from typing import Any, Literal

from agir_pipeline.resources.files import ending

Kind = Literal["protocol", "structure", "delivery", "link", "round"]
"""A structure says what a questionnaire asks: it explains deliveries and is none itself."""
RETURNING = frozenset({"delivery", "structure"})
"""Kinds whose files may be handed in again after others of their name."""
KIND_ORDER = {"protocol": 0, "structure": 1, "delivery": 2, "link": 3, "round": 4}


@dataclass(frozen=True)
class Receipt:
    """One thing that became known: the hash of its bytes, what it is, and since which day.

    ``known_on`` is a day in the study's time zone and means its end. ``extracted_on`` is the day
    the partner drew the file. ``batch`` counts how often this provider had been taken in on that
    day before: what is handed in after something was taken in corrects it. Clock times are not
    part of a receipt: they stand in the ledger.
    """

    kind: Kind
    sha256: str
    known_on: date
    source: str = ""
    provider: str = ""
    file_name: str = ""
    extracted_on: date | None = None
    how: str = ""
    is_backfilled: bool = False
    batch: int = 0
    repeats: int = 0
    """How often these bytes had been kept before: others of their name came after them."""
    stands_as: str = ""
    """The hash of the copy that supersedes the bytes as received, once rows of them were erased;
    what arrived is still named by its own hash, so that it is known when it comes again."""
    has_private_name: bool = False
    """Its name may say whose the file is: it stays here, and others read ``shown_name``."""

    @property
    def identity(self) -> tuple[str, str, str, str]:
        """What makes two arrivals the same: same bytes from the same provider of a source."""
        return (self.kind, self.source, self.provider, self.sha256)

    @property
    def object_hash(self) -> str:
        """The hash of the bytes that are kept for it."""
        return self.stands_as or self.sha256

    @property
    def receipt_id(self) -> str:
        parts = [*self.identity, self.known_on.isoformat()]
        parts += [str(self.repeats)] if self.repeats else []
        return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:12]

    @property
    def object_name(self) -> str:
        """What names the rows of the file: its bytes, and their turn where they came again."""
        return f"{self.sha256}/{self.repeats}" if self.repeats else self.sha256

    @property
    def shown_name(self) -> str:
        """What the file is called outside the landing and the vault."""
        if not self.has_private_name:
            return self.file_name
        return f"{self.source}-{self.receipt_id}{ending(self.file_name)}"

    def to_json(self) -> str:
        fields = asdict(self)
        # As all were written before there were such.
        for name in ("repeats", "stands_as", "has_private_name"):
            if not fields[name]:
                del fields[name]
        return json.dumps(fields, default=str, ensure_ascii=False, indent=1, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "Receipt":
        fields: dict[str, Any] = json.loads(text)
        for name in ("known_on", "extracted_on"):
            fields[name] = date.fromisoformat(fields[name]) if fields[name] else None
        return cls(**fields)


@dataclass(frozen=True)
class State:
    """Everything known at the end of a day, in one order that does not depend on arrival."""

    receipts: tuple[Receipt, ...]

    def of_kind(self, kind: Kind) -> tuple[Receipt, ...]:
        return tuple(r for r in self.receipts if r.kind == kind)

    @property
    def deliveries(self) -> tuple[Receipt, ...]:
        return self.of_kind("delivery")

    @property
    def as_of(self) -> date | None:
        """The day of the newest receipt; None while nothing has arrived."""
        return max((r.known_on for r in self.receipts), default=None)

    def digest(self, *kinds: Kind) -> str:
        """A hash of what is known; of some kinds only, where the others do not matter."""
        if kinds not in self._digests:
            chosen = [r.to_json() for r in self.receipts if not kinds or r.kind in kinds]
            self._digests[kinds] = hashlib.sha256("\n".join(chosen).encode()).hexdigest()
        return self._digests[kinds]

    @cached_property
    def _digests(self) -> dict[tuple[Kind, ...], str]:
        """Those already asked for: every step asks again."""
        return {}


def state(receipts: Iterable[Receipt], as_of: date | None = None) -> State:
    """What was known at the end of ``as_of`` (None: all that is known).

    The same receipts give the same state whatever their order; a repeated arrival changes
    nothing, the first day it was known counts; the state of a day is the beginning of the state
    of every later day. A file that comes again after other bytes of its name is no repetition:
    since then it counts once more.
    """
    kept: list[Receipt] = []
    known: set[tuple[str, str, str, str]] = set()
    last: dict[tuple[str, str, str, str], str] = {}
    for receipt in sorted(receipts, key=_order):
        if as_of is not None and receipt.known_on > as_of:
            break
        name = (receipt.kind, receipt.source, receipt.provider, receipt.file_name)
        is_back = receipt.kind in RETURNING and last.get(name, receipt.sha256) != receipt.sha256
        if receipt.identity not in known or is_back:
            kept.append(receipt)
            known.add(receipt.identity)
            last[name] = receipt.sha256
    return State(tuple(kept))


def _order(receipt: Receipt) -> tuple[Any, ...]:
    """By night; inside one night by what was drawn first, then by the batch that brought it.

    Inside one batch nothing came first: file names decide, as a corrected copy is mostly called
    like its original and a little more.
    """
    return (
        receipt.known_on,
        KIND_ORDER[receipt.kind],
        receipt.source,
        receipt.provider,
        receipt.extracted_on or receipt.known_on,
        receipt.batch,
        PurePath(receipt.file_name).stem,
        receipt.sha256,
        str(receipt.extracted_on),
        receipt.file_name,
        receipt.how,
        receipt.is_backfilled,
        receipt.repeats,
    )
