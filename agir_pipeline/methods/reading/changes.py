"""What is new, what changed and what left between two full deliveries of a source.

Only deliveries that hold every row are compared: an absence from any other one means nothing. A
file that holds almost nothing of the one before is no full delivery, whatever was promised. A
column in which one of two files says nothing has not changed: what earlier files said stays.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from agir_pipeline.methods.decisions.late import keys_of
from agir_pipeline.methods.reading.comparison import MOSTLY
from agir_pipeline.methods.versions import Delivered

PLACE = ("record_id", "sheet", "row_number", "entity_key", "provider", "row_digest")


class Change(NamedTuple):
    """One row, or one column of a row, that is not as it was in the file before."""

    receipt_id: str
    previous_receipt_id: str
    provider: str
    known_on: date
    entity_key: str
    change: str
    """added, changed, removed"""
    column: str
    """Of a changed row, one entry per column; else empty."""
    is_deletion: bool
    """Removed from a delivery declared complete; else somebody has to say what became of it."""


def delivery_changes(deliveries: Iterable[Delivered], is_full: dict[str, bool]) -> list[Change]:
    """All changes of one source. ``is_full``: provider → whether its files hold every row."""
    last: dict[str, _File] = {}
    found: list[Change] = []
    for delivery in deliveries:
        if not is_full[delivery.provider] or not delivery.rows.num_columns:
            continue
        file, before = _File(delivery), last.get(delivery.provider)
        if before is None:
            last[delivery.provider] = file
            continue
        gone = before.digests.keys() - file.digests.keys() - delivery.spoilt
        if len(gone) > MOSTLY * len(before.digests):
            continue
        found += before.compared(file, gone)
        last[delivery.provider] = file
    return found


@dataclass
class _File:
    """One delivery by its keys."""

    delivery: Delivered
    digests: dict[str, int] = field(init=False)
    places: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        keys = keys_of(self.delivery)
        digests = self.delivery.rows["row_digest"].to_pylist()
        self.digests = dict(zip(keys, digests, strict=True))
        self.places = {key: place for place, key in enumerate(keys)}

    def compared(self, new: "_File", gone: set[str]) -> Iterator[Change]:
        """``gone``: the keys that ``new`` does not hold, not even in a row it spoils."""
        own, delivery = self.delivery, new.delivery

        def told(key: str, change: str, column: str = "") -> Change:
            is_deletion = change == "removed" and delivery.is_complete
            return Change(
                delivery.receipt_id, own.receipt_id, delivery.provider, delivery.known_on,
                key, change, column, is_deletion,
            )  # fmt: skip

        yield from (told(k, "added") for k in new.digests if k not in self.digests)
        yield from (told(k, "removed") for k in self.digests if k in gone)
        keys = [k for k, d in new.digests.items() if self.digests.get(k, d) != d]
        if not keys:
            return
        silent = {*PLACE, *own.unsaid, *delivery.unsaid}
        one = own.rows.take([self.places[key] for key in keys])
        other = delivery.rows.take([new.places[key] for key in keys])
        for name in other.column_names:
            if name not in silent:
                values = zip(keys, one[name].to_pylist(), other[name].to_pylist(), strict=True)
                yield from (told(k, "changed", name) for k, before, now in values if before != now)
