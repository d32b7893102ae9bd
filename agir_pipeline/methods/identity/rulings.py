"""The steward's decisions on who is who, as rulings night after night."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

SAME, DIFFERENT, UNKNOWN = "same", "different", "unknown"
"""The three answers, as the protocol codes them."""
BETWEEN_PARTS = " / "
"""How a person writes the parts of a key side by side."""
Record = tuple[str, str]
"""Source and business key."""


@dataclass(frozen=True)
class Decision:
    """What became known of two records on a night; ``verdict`` is None when it was withdrawn."""

    one: Record
    other: Record
    verdict: str | None
    known_on: str
    fingerprints: frozenset[str]
    """What the two records said when they were compared; empty where that was not noted."""

    @property
    def pair(self) -> frozenset[Record]:
        return frozenset((self.one, self.other))

    @property
    def is_ruling(self) -> bool:
        """Whether it parts or unites: who cannot say leaves things as they are."""
        return self.verdict in (SAME, DIFFERENT)


def decisions_of(
    rows: pd.DataFrame, keys: Mapping[str, Collection[str]], between: str
) -> tuple[list[Decision], int]:
    """The decisions in the order they became known, and how many speak of a record nobody has.

    ``rows`` has one row per version of a decision: source_a, key_a, source_b, key_b, decision,
    decided_on, withdrawn_on, fingerprint_a, fingerprint_b, known_on. ``keys`` gives for each
    source the business keys it ever had, their parts joined by ``between``. Of two decisions of
    one night on the same pair the one decided later counts.
    """
    order = ["known_on", "decided_on", "key_a", "key_b"]
    found, n_lost = [], 0
    for row in rows.sort_values(order, kind="stable").to_dict("records"):
        records = [_record(row, end, keys, between) for end in ("a", "b")]
        if records[0] is None or records[1] is None:
            n_lost += 1
            continue
        verdict = str(row["decision"]) if pd.isna(row["withdrawn_on"]) else None
        prints = (row["fingerprint_a"], row["fingerprint_b"])
        told = frozenset(str(said) for said in prints if pd.notna(said) and said)
        found.append(Decision(records[0], records[1], verdict, str(row["known_on"]), told))
    return found, n_lost


def answered(
    decisions: Sequence[Decision], fingerprints: Mapping[Record, str | None]
) -> frozenset[frozenset[Record]]:
    """The pairs that were answered and need not be asked again.

    ``fingerprints`` gives what each record says now; an answer given of other values is asked for
    again, one without fingerprints is not.
    """
    last = {decision.pair: decision for decision in decisions}
    return frozenset(
        pair
        for pair, decision in last.items()
        if decision.verdict is not None
        and decision.fingerprints <= {str(fingerprints.get(record)) for record in pair}
    )


def asked_again(
    decisions: Sequence[Decision], fingerprints: Mapping[Record, str | None]
) -> list[Decision]:
    """The decisions in force whose records no longer say what they said: to be looked at again."""
    done = answered(decisions, fingerprints)
    last = {decision.pair: decision for decision in decisions}
    return [d for d in last.values() if d.verdict is not None and d.pair not in done]


def _record(
    row: Mapping[Any, Any], end: str, keys: Mapping[str, Collection[str]], between: str
) -> Record | None:
    source, written = str(row[f"source_{end}"]).strip(), str(row[f"key_{end}"])
    parts = [part.strip() for part in written.split(BETWEEN_PARTS.strip())]
    for key in (between.join(parts), written.strip()):
        if key in keys.get(source, ()):
            return source, key
    return None
