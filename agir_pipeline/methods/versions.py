"""Which version of a row was known when.

A source is delivered again and again. Of each business key only the versions that say something
new are kept, each with the days between which it was the current one, so that "as known on a
day" is a filter.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

PROVENANCE = ("record_id", "sheet", "row_number", "row_digest")


@dataclass(frozen=True)
class Delivered:
    """The accepted rows of one delivery: columns ``entity_key``, ``row_digest`` and the rest."""

    receipt_id: str
    provider: str
    known_on: date
    extracted_on: date
    is_complete: bool
    rows: pd.DataFrame


def row_digests(rows: pd.DataFrame) -> pd.Series:
    """One number per row that changes when any value of the row does (missing counts as one)."""
    plain = rows.astype(object).where(rows.notna(), "\x00").astype(str)
    return pd.Series(
        pd.util.hash_pandas_object(plain, index=False, categorize=True).to_numpy(), rows.index
    )


def versions(deliveries: Iterable[Delivered]) -> pd.DataFrame:
    """One row per version of a business key, with the days it was current.

    ``deliveries`` come in known order, all of one source. Adds ``receipt_id``, ``provider``,
    ``known_on``, ``extracted_on``, ``first_listed_on`` (extraction day of the first delivery of
    that provider with the key) and ``superseded_on`` (missing: still current). A version replaced
    on the night it came was never seen and is left out. A key that a complete delivery of its
    provider no longer holds ends there; from any other delivery absence means nothing.
    """
    kept = [_stamped(delivery, new) for delivery, new in _news(deliveries)]
    if not kept:
        return pd.DataFrame()
    table = pd.concat(kept, ignore_index=True)
    by_key = table.groupby("entity_key", sort=False)
    table["superseded_on"] = by_key["known_on"].shift(-1)
    table["first_listed_on"] = table.groupby(["entity_key", "provider"], sort=False)[
        "extracted_on"
    ].transform("min")
    seen = ~table["has_left"] & (table["superseded_on"] != table["known_on"])
    return table[seen].drop(columns=["has_left", "row_digest"]).reset_index(drop=True)


def _news(deliveries: Iterable[Delivered]) -> Iterator[tuple[Delivered, pd.DataFrame]]:
    """Of each delivery the rows that differ from what was known of their key, and departures."""
    digests: dict[str, int] = {}
    provider_of: dict[str, str] = {}
    for delivery in deliveries:
        rows = delivery.rows
        keys, found = rows["entity_key"].tolist(), rows["row_digest"].tolist()
        is_new = np.fromiter(
            (digests.get(key) != digest for key, digest in zip(keys, found, strict=True)),
            dtype=bool,
            count=len(keys),
        )
        new = rows[is_new].assign(has_left=False)
        if delivery.is_complete:
            present = set(keys)
            gone = sorted(
                key
                for key, provider in provider_of.items()
                if provider == delivery.provider and key not in present
            )
            new = pd.concat(
                [new, pd.DataFrame({"entity_key": gone, "has_left": True})], ignore_index=True
            )
            for key in gone:
                del digests[key], provider_of[key]
        digests.update(zip(keys, found, strict=True))
        provider_of.update(dict.fromkeys(keys, delivery.provider))
        if len(new):
            yield delivery, new


def _stamped(delivery: Delivered, new: pd.DataFrame) -> pd.DataFrame:
    return new.assign(
        receipt_id=delivery.receipt_id,
        provider=delivery.provider,
        known_on=pd.Timestamp(delivery.known_on),
        extracted_on=pd.Timestamp(delivery.extracted_on),
    )


def as_known_on(table: pd.DataFrame, day: date | None) -> pd.DataFrame:
    """The versions that were current at the end of ``day`` (None: now)."""
    if day is None:
        return table[table["superseded_on"].isna()]
    instant = pd.Timestamp(day)
    is_known = table["known_on"] <= instant
    is_current = table["superseded_on"].isna() | (table["superseded_on"] > instant)
    return table[is_known & is_current]
