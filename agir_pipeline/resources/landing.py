"""Bytes as received, under their hash, with a receipt each. Append-only."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

from agir_pipeline.errors import UsageError
from agir_pipeline.language import _
from agir_pipeline.resources.files import write_whole
from agir_pipeline.resources.ledger import Ledger
from agir_pipeline.resources.receipts import Receipt, State, state

DAY_IN_NAME = re.compile(r"(\d{4}-\d{2}-\d{2})(?!.*\d{4}-\d{2}-\d{2})")


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

    def create(self) -> None:
        for name in ("objects", "receipts"):
            (self.folder / name).mkdir(parents=True, exist_ok=True, mode=0o700)

    def receipts(self) -> list[Receipt]:
        paths = sorted((self.folder / "receipts").glob("*.json"))
        return [Receipt.from_json(path.read_text(encoding="utf-8")) for path in paths]

    def state(self, as_of: date | None = None) -> State:
        return state(self.receipts(), as_of)

    def object_path(self, sha256: str) -> Path:
        return self.folder / "objects" / sha256[:2] / sha256

    def content(self, receipt: Receipt) -> bytes:
        return self.object_path(receipt.sha256).read_bytes()

    def receive(self, content: bytes, receipt: Receipt) -> Arrival:
        """Keep ``content`` under its hash and record ``receipt`` for it; again is a no-op.

        Raises:
            UsageError: the day lies before a round already matched, or nothing can be known then.
            InfrastructureError: the disk refused.
        """
        return self.receive_many([(content, receipt)])[0]

    def receive_many(self, arrivals: Iterable[tuple[bytes, Receipt]]) -> list[Arrival]:
        """As ``receive``, for many: the receipts on disk are read once."""
        known = {receipt.identity: receipt for receipt in self.receipts()}
        last_round = max((r.known_on for r in known.values() if r.kind == "round"), default=None)
        done: list[Arrival] = []
        landings: list[tuple[str, str, str, str, bool]] = []
        for content, unsealed in arrivals:
            receipt = replace(unsealed, sha256=hashlib.sha256(content).hexdigest())
            earlier = known.get(receipt.identity)
            if earlier is None:
                _refuse_rewriting_a_round(receipt, last_round)
                # The bytes first: a receipt never points at nothing, even after a power cut.
                write_whole(self.object_path(receipt.sha256), content, mode=0o400)
                write_whole(self._receipt_path(receipt), receipt.to_json().encode())
                known[receipt.identity] = receipt
            arrival = Arrival(earlier or receipt, earlier is not None)
            done.append(arrival)
            now = datetime.now(UTC).isoformat(timespec="seconds")
            landings.append(
                (
                    arrival.receipt.receipt_id,
                    now,
                    unsealed.file_name,
                    unsealed.how,
                    arrival.is_repeat,
                )
            )
        self.ledger.record_landings(landings)
        return done

    def _receipt_path(self, receipt: Receipt) -> Path:
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
        return self.folder / "receipts" / f"{stamp}-{receipt.receipt_id}.json"


def extraction_day(file_name: str) -> date | None:
    """The last day written as YYYY-MM-DD in a file's name: when the partner drew it."""
    found = DAY_IN_NAME.search(file_name)
    try:
        return date.fromisoformat(found.group(1)) if found else None
    except ValueError:
        return None


def _refuse_rewriting_a_round(receipt: Receipt, last_round: date | None) -> None:
    if receipt.kind != "round" and last_round is not None and receipt.known_on <= last_round:
        raise UsageError(
            _(
                "{file}: the day {day} is not after the last matched round ({round}); what was "
                "known then is fixed. Hand it in with the day it became known"
            ).format(file=receipt.file_name, day=receipt.known_on, round=last_round)
        )
