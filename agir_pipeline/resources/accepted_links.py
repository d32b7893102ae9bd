"""Links the model made, on record: written once, read for ever."""

import json
from collections.abc import Iterable
from datetime import date
from itertools import groupby
from typing import Any

from agir_pipeline.methods.identity.proposals import Accepted
from agir_pipeline.resources.landing import Landing
from agir_pipeline.resources.receipts import Receipt


def accepted_links(landing: Landing, receipts: Iterable[Receipt]) -> list[Accepted]:
    """The links on record, each with the night since which it counts."""
    found: list[Accepted] = []
    for receipt in receipts:
        for link in json.loads(landing.content(receipt))["links"]:
            ends = ((link["source_a"], link["key_a"]), (link["source_b"], link["key_b"]))
            found.append(Accepted(*ends, receipt.known_on.isoformat(), link["probability"]))
    return found


def record_links(landing: Landing, links: Iterable[Accepted], made_with: dict[str, str]) -> None:
    """Fix new links for good, one receipt for each night; none for none."""
    ordered = sorted(links, key=lambda link: (link.known_on, link.one, link.other))
    arrivals = [
        (_content(list(same), made_with), _receipt(known_on))
        for known_on, same in groupby(ordered, key=lambda link: link.known_on)
    ]
    if arrivals:
        landing.receive_many(arrivals)


def _content(links: list[Accepted], made_with: dict[str, str]) -> bytes:
    told: list[dict[str, Any]] = [
        {
            "source_a": link.one[0],
            "key_a": link.one[1],
            "source_b": link.other[0],
            "key_b": link.other[1],
            "probability": link.probability,
        }
        for link in links
    ]
    return json.dumps({"made_with": made_with, "links": told}, ensure_ascii=False).encode()


def _receipt(known_on: str) -> Receipt:
    return Receipt(
        kind="link",
        sha256="",
        known_on=date.fromisoformat(known_on),
        source="links",
        provider="model",
        file_name=f"links_{known_on}.json",
        how="run",
    )
