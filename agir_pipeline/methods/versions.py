"""Which version of a row was known when.

A source is delivered again and again. Of each business key only the versions that say something
new are kept, each with the days between which it was the current one, so that "as known on a
day" is a filter.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pandas as pd

MISSING = "-"
"""A missing value is no text, not even an empty one: every text is told with a mark before it."""
SPREAD = np.uint64(0x9E3779B97F4A7C15)
"""An odd number: the same value in another column gives another digest."""


@dataclass(frozen=True)
class Delivered:
    """The accepted rows of one delivery: columns ``entity_key``, ``row_digest`` and the rest."""

    receipt_id: str
    provider: str
    known_on: date
    extracted_on: date
    is_complete: bool
    rows: pd.DataFrame
    spoilt: frozenset[str] = frozenset()
    """Keys of its rejected rows: it still lists them, and their older version stays in use."""


def row_digests(rows: pd.DataFrame) -> pd.Series:
    """One number per row that changes when any value of the row does (missing counts as one)."""
    digests = np.full(len(rows), len(rows.columns), dtype="uint64")
    for name in rows.columns:
        codes, distinct = pd.factorize(rows[name])
        told = np.array([f"={value}" for value in distinct] + [MISSING], dtype=object)
        # The code -1 of a missing value points at the text that stands last.
        digests = digests * SPREAD + pd.util.hash_array(told, categorize=False)[codes]
    return pd.Series(digests, rows.index)


def versions(deliveries: Iterable[Delivered]) -> pd.DataFrame:
    """One row per version of a business key, with the days it was current.

    ``deliveries`` come in known order, all of one source; inside one a key stands once. Adds
    ``receipt_id``, ``provider``, ``known_on``, ``extracted_on``, ``first_listed_on`` (extraction
    day of that provider's first delivery with the key) and ``superseded_on`` (missing: still
    current). A version replaced on the night it came was never seen and is left out. A key ends
    when the last provider that lists it sends a complete delivery without it; its absence from
    any other delivery means nothing.
    """
    listing = _Listing()
    parts = [
        _stamped(delivery, delivery.rows.iloc[listing.take(delivery)], listing)
        for delivery in deliveries
        if "entity_key" in delivery.rows
    ]
    if not parts:
        return pd.DataFrame()
    table = pd.concat(parts, ignore_index=True).drop(columns="row_digest")
    following = table.groupby("entity_key", sort=False)["known_on"].shift(-1)
    left = pd.Series(listing.left_on, dtype="datetime64[us]").reindex(table.index)
    table["superseded_on"] = left.fillna(following)
    was_seen = table["superseded_on"] != table["known_on"]
    return table[was_seen].reset_index(drop=True)


@dataclass
class _Listing:
    """What is known of each key after the deliveries taken in so far."""

    n_versions: int = 0
    current: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Key → digest and number of its current version."""
    listed_by: dict[str, set[str]] = field(default_factory=dict)
    """Key → the providers that list it."""
    first_listed_on: dict[tuple[str, str], date] = field(default_factory=dict)
    """(key, provider) → extraction day of the first delivery."""
    left_on: dict[int, date] = field(default_factory=dict)
    """Number of a key's last version → the night on which the key left."""

    def take(self, delivery: Delivered) -> list[int]:
        """Positions of the rows that say something new of their key."""
        news: list[int] = []
        keys, digests = delivery.rows["entity_key"].tolist(), delivery.rows["row_digest"].tolist()
        for position, (key, digest) in enumerate(zip(keys, digests, strict=True)):
            if key not in self.current or self.current[key][0] != digest:
                self.current[key] = (digest, self.n_versions + len(news))
                news.append(position)
            self.listed_by.setdefault(key, set()).add(delivery.provider)
            self.first_listed_on.setdefault((key, delivery.provider), delivery.extracted_on)
        self.n_versions += len(news)
        if delivery.is_complete:
            self._let_go(delivery.provider, delivery.spoilt.union(keys), delivery.known_on)
        return news

    def _let_go(self, provider: str, present: frozenset[str], known_on: date) -> None:
        absent = [k for k, by in self.listed_by.items() if provider in by and k not in present]
        for key in absent:
            self.listed_by[key].discard(provider)
            if not self.listed_by[key]:
                del self.listed_by[key]
                self.left_on[self.current.pop(key)[1]] = known_on


def _stamped(delivery: Delivered, new: pd.DataFrame, listing: _Listing) -> pd.DataFrame:
    first = [listing.first_listed_on[key, delivery.provider] for key in new["entity_key"]]
    return new.assign(
        receipt_id=pd.array([delivery.receipt_id] * len(new), dtype="string"),
        provider=pd.array([delivery.provider] * len(new), dtype="string"),
        known_on=pd.Timestamp(delivery.known_on).as_unit("us"),
        extracted_on=pd.Timestamp(delivery.extracted_on).as_unit("us"),
        first_listed_on=pd.Series(first, new.index, dtype="datetime64[us]"),
    )


def as_known_on(table: pd.DataFrame, day: date | None) -> pd.DataFrame:
    """The versions that were current at the end of ``day`` (None: now)."""
    if day is None:
        return table[table["superseded_on"].isna()]
    instant = pd.Timestamp(day)
    is_known = table["known_on"] <= instant
    is_current = table["superseded_on"].isna() | (table["superseded_on"] > instant)
    return table[is_known & is_current]
