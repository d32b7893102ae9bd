"""Bytes as received, under their hash, with a receipt each. Append-only."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

from agir_pipeline.errors import InfrastructureError, UsageError
from agir_pipeline.language import _
from agir_pipeline.resources.files import legible, write_whole
from agir_pipeline.resources.ledger import Ledger
from agir_pipeline.resources.receipts import Receipt, State, state

STRUCTURE_MARK = b"<LimeSurveyDocType>"
HEAD_BYTES = 4_096
"""Where a questionnaire's structure file (.lss) says what it is, whatever it is called."""


@dataclass(frozen=True)
class Arrival:
    """What came of handing in some bytes: their receipt, and whether they were known before."""

    receipt: Receipt
    is_repeat: bool


class Landing:
    """The store of received bytes below ``folder``: objects, receipts and the ledger."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ledger = Ledger(folder / "ledger.sqlite")
        self._parsed: dict[Path, Receipt] = {}
        """A receipt changes by this object alone, when rows of its file are erased."""

    def create(self) -> None:
        for name in ("objects", "receipts"):
            (self.folder / name).mkdir(parents=True, exist_ok=True, mode=0o700)

    def receipts(self) -> list[Receipt]:
        paths = sorted((self.folder / "receipts").glob("*.json"))
        self._parsed |= {p: _receipt_in(p) for p in paths if p not in self._parsed}
        return [self._parsed[path] for path in paths]

    def state(self, as_of: date | None = None) -> State:
        return state(self.receipts(), as_of)

    def require_whole(self) -> None:
        """Refuse to go on from less than what once arrived.

        Raises:
            InfrastructureError: a receipt on record in the ledger is no longer there.
        """
        kept = {receipt.receipt_id for receipt in self.receipts()}
        lost = sorted({row["receipt_id"] for row in self.ledger.landings()} - kept)
        if lost:
            raise _damaged(
                self.folder / "receipts", _("{n} receipt(s) are gone").format(n=len(lost))
            )

    def object_path(self, sha256: str) -> Path:
        return self.folder / "objects" / sha256[:2] / sha256

    def is_intact(self, receipt: Receipt) -> bool:
        """Whether the bytes are there and still those that were received."""
        try:
            self.content(receipt)
        except InfrastructureError:
            return False
        return True

    def content(self, receipt: Receipt) -> bytes:
        """The bytes as received.

        Raises:
            InfrastructureError: they are gone, or are no longer those that were received.
        """
        path = self.object_path(receipt.object_hash)
        try:
            content = path.read_bytes()
        except OSError as fault:
            raise _damaged(path, fault.strerror or type(fault).__name__) from None
        if hashlib.sha256(content).hexdigest() != receipt.object_hash:
            raise _damaged(path, _("the content has changed since it was received"))
        return content

    def supersede(self, object_hash: str, content: bytes) -> None:
        """Put ``content`` in the place of a kept object; whatever held the old bytes is removed.

        Killed in between it is done again: receipts of the old object still point at it.
        """
        own = hashlib.sha256(content).hexdigest()
        if own == object_hash:
            return
        write_whole(self.object_path(own), content, mode=0o400)
        for path in sorted((self.folder / "receipts").glob("*.json")):
            receipt = _receipt_in(path)
            if receipt.object_hash == object_hash:
                self._rewrite(path, replace(receipt, stands_as=own))
        self.object_path(object_hash).unlink(missing_ok=True)

    def rename(self, names: Mapping[str, str]) -> None:
        """Give files other names (receipt → name) than those under which they were received."""
        for path in sorted((self.folder / "receipts").glob("*.json")) if names else ():
            receipt = _receipt_in(path)
            if receipt.receipt_id in names:
                self._rewrite(path, replace(receipt, file_name=names[receipt.receipt_id]))

    def _rewrite(self, path: Path, receipt: Receipt) -> None:
        write_whole(path, receipt.to_json().encode())
        self._parsed[path] = receipt

    def receive(self, content: bytes, receipt: Receipt) -> Arrival:
        """Keep ``content`` under its hash and record ``receipt`` for it; again is a no-op.

        Bytes that come again after others of the same name are a new arrival: they count anew.

        Raises:
            UsageError: the day lies before a round already matched, or nothing can be known then.
            InfrastructureError: the disk refused.
        """
        return self.receive_many([(content, receipt)])[0]

    def receive_many(self, arrivals: Iterable[tuple[bytes, Receipt]]) -> list[Arrival]:
        """As ``receive``, for many: the receipts on disk are read once."""
        known = _Known(self.receipts())
        done: list[Arrival] = []
        landings: list[tuple[str, str, str, str, bool]] = []
        now = datetime.now(UTC).isoformat(timespec="seconds")  # of one batch nothing came first
        try:
            for content, unsealed in arrivals:
                sealed = _sealed(unsealed, content, known.batches)
                arrival = self._arrival(sealed, content, known)
                done.append(arrival)
                names = (_name_of(sealed, arrival.receipt), unsealed.how)
                landings.append((arrival.receipt.receipt_id, now, *names, arrival.is_repeat))
        finally:  # what was kept before one was refused is on record too
            self.ledger.record_landings(landings)
        return done

    def _arrival(self, receipt: Receipt, content: bytes, known: "_Known") -> Arrival:
        """Keep one arrival, unless it was known by its day already and nothing came between."""
        earlier = known.earlier(receipt)
        if earlier is not None:
            return Arrival(earlier, is_repeat=True)
        _refuse_rewriting_a_round(receipt, known.last_round)
        receipt = replace(known.counted(receipt), stands_as=known.superseded_by(receipt))
        if not receipt.stands_as:
            # The bytes first: a receipt never points at nothing, even after a power cut.
            write_whole(self.object_path(receipt.sha256), content, mode=0o400)
        write_whole(self._receipt_path(receipt), receipt.to_json().encode())
        return Arrival(receipt, is_repeat=False)

    def _receipt_path(self, receipt: Receipt) -> Path:
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
        return self.folder / "receipts" / f"{stamp}-{receipt.receipt_id}.json"


class _Known:
    """What had arrived before, and arrives with this batch."""

    def __init__(self, receipts: Sequence[Receipt]) -> None:
        before = state(receipts)
        self.kept = list(before.receipts)
        self.by_identity: dict[tuple[str, str, str, str], list[Receipt]] = {}
        for receipt in receipts:
            self.by_identity.setdefault(receipt.identity, []).append(receipt)
        self.last_round = max((r.known_on for r in before.of_kind("round")), default=None)
        self.batches = _batches(before.deliveries)

    def superseded_by(self, receipt: Receipt) -> str:
        """The copy that took the place of these bytes once rows of them were erased."""
        same = self.by_identity.get(receipt.identity, [])
        return next((one.stands_as for one in same if one.stands_as), "")

    def earlier(self, receipt: Receipt) -> Receipt | None:
        """The receipt that says already what this one would; None if none does."""
        same = self.by_identity.get(receipt.identity)
        if not same:
            return None
        after = state([*self.kept, receipt]).receipts
        if receipt in after and receipt not in self.kept:
            return None
        return [one for one in self.kept if one.identity == receipt.identity][-1]

    def counted(self, receipt: Receipt) -> Receipt:
        """The receipt with its turn among those of the same bytes; known from now on."""
        same = self.by_identity.setdefault(receipt.identity, [])
        receipt = replace(receipt, repeats=len(same))
        same.append(receipt)
        self.kept.append(receipt)
        return receipt


def _batches(deliveries: Iterable[Receipt]) -> dict[tuple[str, str, date], int]:
    """(source, provider, day) → how many batches of that day were taken in."""
    taken: dict[tuple[str, str, date], int] = {}
    for receipt in deliveries:
        taken[_of_one_day(receipt)] = max(taken.get(_of_one_day(receipt), 0), receipt.batch + 1)
    return taken


def _of_one_day(receipt: Receipt) -> tuple[str, str, date]:
    return (receipt.source, receipt.provider, receipt.known_on)


def _sealed(
    receipt: Receipt, content: bytes, batches: Mapping[tuple[str, str, date], int]
) -> Receipt:
    """The receipt with the hash of its bytes and the number of its batch.

    Nobody draws a file after the day it arrives.
    """
    drawn = receipt.extracted_on and min(receipt.extracted_on, receipt.known_on)
    digest, name = hashlib.sha256(content).hexdigest(), legible(receipt.file_name)
    is_structure = receipt.kind == "delivery" and STRUCTURE_MARK in content[:HEAD_BYTES]
    kind = "structure" if is_structure else receipt.kind
    batch = batches.get(_of_one_day(receipt), 0)
    return replace(
        receipt, kind=kind, sha256=digest, extracted_on=drawn, file_name=name, batch=batch
    )


def _name_of(sealed: Receipt, kept: Receipt) -> str:
    """What the arriving file is called in the ledger; its number is that of what was kept."""
    is_private = sealed.has_private_name
    return replace(kept, file_name=sealed.file_name, has_private_name=is_private).shown_name


def _receipt_in(path: Path) -> Receipt:
    try:
        return Receipt.from_json(path.read_text(encoding="utf-8"))
    except OSError as fault:
        raise _damaged(path, fault.strerror or type(fault).__name__) from None
    except (ValueError, TypeError, KeyError):
        raise _damaged(path, _("it is not a receipt")) from None


def _damaged(path: Path, cause: str) -> InfrastructureError:
    return InfrastructureError(
        _("{path} is damaged: {cause}; restore it from a backup").format(path=path, cause=cause)
    )


def _refuse_rewriting_a_round(receipt: Receipt, last_round: date | None) -> None:
    """What a round was matched on is fixed: nothing is added to a day before it afterwards.

    What arrives on the very day of a round, after it, comes too late for it and changes nothing
    in it; only what claims to have been known earlier is refused.
    """
    if receipt.kind != "delivery" or last_round is None:
        return
    if receipt.known_on < last_round or (receipt.is_backfilled and receipt.known_on == last_round):
        raise UsageError(
            _(
                "{file}: the day {day} is not after the last matched round ({round}); what was "
                "known then is fixed. Hand it in with the day it became known"
            ).format(file=receipt.shown_name, day=receipt.known_on, round=last_round)
        )
