"""Which version of a row was known when.

A source is delivered again and again. Of each business key only the versions that say something
new are kept, each with the days between which it was the current one, so that "as known on a
day" is a filter.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from agir_pipeline.methods.reading.typing_rules import as_frame


@dataclass(frozen=True)
class Delivered:
    """The accepted rows of one delivery: columns ``entity_key``, ``row_digest`` and the rest."""

    receipt_id: str
    provider: str
    known_on: date
    extracted_on: date
    is_complete: bool
    rows: pa.Table
    spoilt: frozenset[str] = frozenset()
    """Keys of its rejected rows: it still lists them, and their older version stays in use."""
    unsaid: frozenset[str] = frozenset()
    """Columns in which the file says nothing though files before it did: what they said stays."""
    gone: frozenset[str] = frozenset()
    """Keys that somebody said have left the provider's files for good."""


def versions(deliveries: Iterable[Delivered]) -> pd.DataFrame:
    """One row per version of a business key, with the days it was current.

    ``deliveries`` come in known order, all of one source; inside one a key stands once. Adds
    ``receipt_id``, ``provider``, ``known_on``, ``extracted_on``, ``first_listed_on`` (extraction
    day of that provider's first delivery with the key) and ``superseded_on`` (missing: still
    current). A version replaced on the night it came was never seen and is left out. A key ends
    when the last provider that lists it sends a complete delivery without it, or is said to have
    let it go for good; its absence from any other delivery means nothing.
    """
    told = [one for one in deliveries if "entity_key" in one.rows.column_names]
    if not told:
        return pd.DataFrame()
    listing = _Listing()
    news = [listing.take(delivery) for delivery in told]
    before = np.cumsum([0, *(one.rows.num_rows for one in told)])
    places = np.concatenate([np.array(new, int) + n for new, n in zip(news, before, strict=False)])
    rows = pa.concat_tables(one.rows for one in told).combine_chunks().take(pa.array(places))
    table = as_frame(rows.drop_columns(["row_digest", "provider"]))
    table = table.assign(**_stamps(told, [len(new) for new in news]))
    table["first_listed_on"] = _days(listing.first_listed)
    following = table.groupby("entity_key", sort=False)["known_on"].shift(-1)
    left = pd.Series(listing.left_on, dtype="datetime64[us]").reindex(table.index)
    table["superseded_on"] = left.fillna(following)
    for column in sorted(frozenset().union(*(one.unsaid for one in told))):
        silent = [one.receipt_id for one in told if column in one.unsaid]
        table[column] = _as_last_said(table, column, silent)
    was_seen = table["superseded_on"] != table["known_on"]
    return table[was_seen].reset_index(drop=True)


def _stamps(told: Sequence[Delivered], n_new: Sequence[int]) -> dict[str, Any]:
    """What every version has from its delivery."""
    return {
        "receipt_id": pd.array(np.repeat([d.receipt_id for d in told], n_new), dtype="string"),
        "provider": pd.array(np.repeat([d.provider for d in told], n_new), dtype="string"),
        "known_on": np.repeat(_days([d.known_on for d in told]), n_new),
        "extracted_on": np.repeat(_days([d.extracted_on for d in told]), n_new),
    }


def _as_last_said(table: pd.DataFrame, column: str, silent: Sequence[str]) -> pd.Series:
    """A column with the older value of each key in the versions of files silent about it."""
    own = pd.Series(np.arange(len(table)), table.index, dtype="float64")
    last = own.mask(table["receipt_id"].isin(silent)).groupby(table["entity_key"]).ffill()
    return table[column].take(last.fillna(own).to_numpy(dtype=np.int64)).set_axis(table.index)


def _days(days: Sequence[date]) -> np.ndarray:
    return np.array(days, dtype="datetime64[us]")


@dataclass
class _Listing:
    """What is known of each key after the deliveries taken in so far."""

    current: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Key → digest and number of its current version."""
    listed_by: dict[str, set[str]] = field(default_factory=dict)
    """Key → the providers that list it."""
    first_listed_on: dict[tuple[str, str], date] = field(default_factory=dict)
    """(key, provider) → extraction day of the first delivery."""
    first_listed: list[date] = field(default_factory=list)
    """Of each version, the first such day of its key and provider."""
    left_on: dict[int, date] = field(default_factory=dict)
    """Number of a key's last version → the night on which the key left."""

    def take(self, delivery: Delivered) -> list[int]:
        """Positions of the rows that say something new of their key."""
        news: list[int] = []
        provider = delivery.provider
        keys = delivery.rows["entity_key"].to_pylist()
        digests = delivery.rows["row_digest"].to_pylist()
        for position, (key, digest) in enumerate(zip(keys, digests, strict=True)):
            self.listed_by.setdefault(key, set()).add(provider)
            first = self.first_listed_on.setdefault((key, provider), delivery.extracted_on)
            if key not in self.current or self.current[key][0] != digest:
                self.current[key] = (digest, len(self.first_listed))
                self.first_listed.append(first)
                news.append(position)
        absent = set(delivery.gone)
        if delivery.is_complete:
            present = delivery.spoilt.union(keys)
            absent |= {k for k, by in self.listed_by.items() if k not in present and provider in by}
        self._let_go(provider, absent, delivery.known_on)
        return news

    def _let_go(self, provider: str, absent: set[str], known_on: date) -> None:
        for key in absent.intersection(self.listed_by):
            self.listed_by[key].discard(provider)
            if not self.listed_by[key]:
                del self.listed_by[key]
                self.left_on[self.current.pop(key)[1]] = known_on


def as_known_on(table: pd.DataFrame, day: date | None) -> pd.DataFrame:
    """The versions that were current at the end of ``day`` (None: now)."""
    if day is None:
        return table[table["superseded_on"].isna()]
    instant = pd.Timestamp(day)
    is_known = table["known_on"] <= instant
    is_current = table["superseded_on"].isna() | (table["superseded_on"] > instant)
    return table[is_known & is_current]
