"""Whether both arms are seen by the same eyes: who is found where, and how late."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any, NamedTuple

import pandas as pd

from agir_pipeline.methods.effects.event_pairs import ARMS
from agir_pipeline.methods.effects.layout import COUNT, FLAG, NUMBER, TEXT, typed

ASCERTAINMENT_COLUMNS = {
    "arm": TEXT, "source": TEXT, "provider": TEXT, "frame": TEXT, "is_covering_both_arms": FLAG,
    "n_persons": COUNT, "n_linked": COUNT, "link_rate": NUMBER,
    "n_ruptured_in_list": COUNT, "share_ruptured_in_list": NUMBER,
    "n_in_register": COUNT, "n_ruptured_in_register": COUNT, "share_ruptured_in_register": NUMBER,
    "n_notified": COUNT, "notification_lag_median_days": NUMBER,
    "n_not_listed_at_index": COUNT, "n_supported_before_index": COUNT,
    "n_not_consented_at_index": COUNT,
}  # fmt: skip

KEPT_OUT: Mapping[str, str] = {
    "n_not_listed_at_index": "not_yet_listed",
    "n_supported_before_index": "already_supported",
    "n_not_consented_at_index": "not_yet_consented",
}
"""Column → the dated condition by which a round kept somebody out."""


@dataclass(frozen=True)
class Seen:
    """Who is known, and what is known of contracts."""

    people: pd.DataFrame
    """One row per person and arm: person_id, arm, source, provider, spell_id of its contract."""
    exclusions: pd.DataFrame
    """person_id and reason, of every round and band."""
    contracts: pd.DataFrame
    """Of the source of an event: spell_id, is_early."""
    notices: pd.DataFrame
    """The same contracts' rows that told of an early end: spell_id, ended_early_on, known_on."""
    members: Collection[str] = ()
    """Persons of the pairs that count: the others are asked nothing."""
    answered: Mapping[str, Collection[str]] = field(default_factory=dict)
    """Source of answers that an outcome rests on → the persons in it."""


class _Person(NamedTuple):
    person_id: str
    arm: str
    source: str
    provider: str
    is_early: bool | None
    """Whether its contract ended early; None for no contract that is followed."""
    lag_days: int | None
    """From that end to the day on which it was first told."""


def ascertainment(
    seen: Seen, origin: str, frames: Mapping[tuple[str, str], str | None]
) -> pd.DataFrame:
    """Lists of people by arm and provider, then each source of an outcome by arm.

    ``origin`` is the source whose contracts are followed; ``frames`` says of (source, provider)
    whom a list promises to hold. Of a list: how many persons have a contract that is followed, how
    many of these broke, beside all contracts of the register; and how many a dated condition ever
    kept out of a band. Of a source: how many persons of the arm are in it (of answers: members of
    pairs) and, of contracts, how long after an early end it became known. A list that leaves out
    broken contracts is told by its share of them.
    """
    ends = dict(_rows(seen.contracts, "spell_id", "is_early"))
    people = list(_people(seen, ends))
    rows = [*_lists(people, seen.exclusions, frames, list(ends.values()))]
    for arm in ARMS:
        own = [one for one in people if one.arm == arm]
        known = [one.is_early for one in own if one.is_early is not None]
        lags = [one.lag_days for one in own if one.lag_days is not None]
        rows.append(
            {
                **_found(arm, origin, len(own), len(known)),
                **_broken("in_register", known),
                "n_notified": len(lags),
                "notification_lag_median_days": float(median(lags)) if lags else None,
            }
        )
    members, arm_of = set(seen.members), {one.person_id: one.arm for one in people}
    for source, persons in seen.answered.items():
        asked = Counter(arm_of.get(one) for one in members)
        told = Counter(arm_of.get(one) for one in members.intersection(persons))
        rows += [_found(arm, source, asked[arm], told[arm]) for arm in ARMS]
    for row in rows:
        own = [other["n_linked"] for other in rows if other["source"] == row["source"]]
        if "provider" not in row:
            row["is_covering_both_arms"] = all(own)
    return typed(rows, ASCERTAINMENT_COLUMNS)


def _rows(table: pd.DataFrame, *names: str) -> Iterator[tuple[Any, ...]]:
    """Rows of some columns; what is missing is None."""
    columns = (table[name].astype(object).where(table[name].notna(), None) for name in names)
    return zip(*columns, strict=True)


def _people(seen: Seen, ends: Mapping[str, bool | None]) -> Iterator[_Person]:
    told: dict[str, tuple[Any, Any]] = {}
    for spell, ended_on, known_on in _rows(seen.notices, "spell_id", "ended_early_on", "known_on"):
        first = told.get(spell, (ended_on, known_on))
        told[spell] = min(first[0], ended_on), min(first[1], known_on)
    known: set[tuple[str, str]] = set()
    names = ("person_id", "arm", "source", "provider", "spell_id")
    for person, arm, source, provider, spell in _rows(seen.people, *names):
        if (person, arm) not in known:
            known.add((person, arm))
            days = told.get(spell)
            lag = (days[1] - days[0]).days if days else None
            yield _Person(person, arm, source, provider, ends.get(spell), lag)


def _lists(
    people: Iterable[_Person],
    exclusions: pd.DataFrame,
    frames: Mapping[tuple[str, str], str | None],
    register: Sequence[bool | None],
) -> Iterator[dict[str, Any]]:
    kept_out: dict[str, set[str]] = {}
    for person, reason in _rows(exclusions, "person_id", "reason"):
        kept_out.setdefault(reason, set()).add(person)
    lists: dict[tuple[str, str, str], list[_Person]] = {}
    for one in people:
        lists.setdefault((one.arm, one.source, one.provider), []).append(one)
    for (arm, source, provider), own in sorted(lists.items()):
        linked = [one.is_early for one in own if one.is_early is not None]
        persons = {one.person_id for one in own}
        of_list = _broken("in_list", linked)
        del of_list["n_in_list"]  # it is n_linked
        yield {
            **_found(arm, source, len(own), len(linked)),
            "provider": provider,
            "frame": frames.get((source, provider)),
            **of_list,
            **_broken("in_register", register),
            **{
                name: len(persons & kept_out.get(reason, set())) if arm == ARMS[1] else None
                for name, reason in KEPT_OUT.items()
            },
        }


def _found(arm: str, source: str, n_persons: int, n_linked: int) -> dict[str, Any]:
    rate = n_linked / n_persons if n_persons else None
    told = {"arm": arm, "source": source, "n_persons": n_persons}
    return {**told, "n_linked": n_linked, "link_rate": rate}


def _broken(where: str, is_early: Sequence[bool | None]) -> dict[str, Any]:
    broken = sum(map(bool, is_early))
    share = broken / len(is_early) if is_early else None
    names = (f"n_{where}", f"n_ruptured_{where}", f"share_ruptured_{where}")
    return dict(zip(names, (len(is_early), broken, share), strict=True))
