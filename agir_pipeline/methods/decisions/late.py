"""Rows that became usable after the night they came: a decision made room for them later."""

from collections.abc import Sequence
from dataclasses import replace

import pyarrow as pa

from agir_pipeline.methods.versions import Delivered


def keys_of(delivery: Delivered) -> list[str]:
    """The business keys of its accepted rows, in order."""
    if "entity_key" not in delivery.rows.column_names:
        return []
    keys: list[str] = delivery.rows["entity_key"].to_pylist()
    return keys


def with_late(
    deliveries: Sequence[Delivered], late: Sequence[tuple[int, Delivered]]
) -> list[Delivered]:
    """All of them in the order in which they count.

    ``deliveries`` come in known order; each late one names the place of the delivery it came
    with. A row that a later delivery, known by then, lists again is no news any more; one that it
    spoils is, since its last accepted version counts.
    """
    placed: list[tuple[tuple[object, int, int], Delivered]] = [
        ((delivery.known_on, 0, place), delivery) for place, delivery in enumerate(deliveries)
    ]
    for place, one in late:
        since = [d for d in deliveries[place + 1 :] if d.known_on <= one.known_on]
        listed = {key for d in since for key in keys_of(d)}
        kept = [key not in listed for key in keys_of(one)]
        rows = one.rows if all(kept) else one.rows.filter(pa.array(kept, pa.bool_()))
        placed.append(((one.known_on, 1, place), replace(one, rows=rows)))
    return [delivery for _order, delivery in sorted(placed, key=lambda item: item[0])]
