"""Rows that became usable after the night they came: a decision made room for them later."""

from collections.abc import Sequence
from dataclasses import replace

from agir_pipeline.methods.versions import Delivered


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
        listed = {key for d in since for key in d.rows.get("entity_key", ())}
        rows = one.rows[~one.rows["entity_key"].isin(listed)] if listed else one.rows
        placed.append(((one.known_on, 1, place), replace(one, rows=rows)))
    return [delivery for _order, delivery in sorted(placed, key=lambda item: item[0])]
