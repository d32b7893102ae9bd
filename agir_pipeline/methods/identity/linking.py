"""Which business keys are one person, night after night.

A night is settled as a whole: what arrived together has no order. A link once made stays; a
later namesake makes the newcomer undecided, never the link. A person's anchor is the first-known
business key of its cluster; a merge keeps the older anchor.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import pandas as pd

from agir_pipeline.methods.identity.clusters import Book, Entity, Key
from agir_pipeline.methods.identity.normalise import normalised

PAIR = "\x1f"


@dataclass(frozen=True)
class Links:
    """``links``: entity → anchor over time; ``undecided``: entities with several candidates."""

    links: pd.DataFrame
    undecided: pd.DataFrame


LINK_COLUMNS = ["source", "entity_key", "anchor", "rule", "known_on", "superseded_on"]
UNDECIDED_COLUMNS = ["source", "entity_key", "rule", "candidates", "known_on"]


class _Told(NamedTuple):
    """What the rows of one night say of one business key."""

    providers: set[str]
    keys: set[Key]


def link_persons(
    identities: pd.DataFrame, rules: Sequence[Sequence[str]], exclusive: Sequence[str]
) -> Links:
    """Link the business keys of all sources by the first rule that finds exactly one person.

    ``identities`` has one row per version of a business key: ``source``, ``entity_key``,
    ``provider``, ``known_on`` and the identifying columns (missing where a source has none).
    ``rules`` are lists of columns that must all be filled and equal after normalising; of each
    business key only the newest version speaks. ``exclusive`` names the sources in which one
    provider lists a person once: two of its keys are never one person by themselves.

    ``links`` has one row per entity and stretch of days with the same anchor; the current one has
    no ``superseded_on``. Row order does not matter.
    """
    book = Book(frozenset(exclusive))
    for known_on, told in _nights(identities, rules):
        book.enter(known_on, {e: (t.providers, frozenset(t.keys)) for e, t in told.items()})
    rows = [
        [*entity, _text(anchor), rule, known_on, superseded_on]
        for entity, anchor, rule, known_on, superseded_on in book.history()
    ]
    waiting = [
        [*entity, f"rule_{rule}", [_text(anchor) for anchor in anchors], since]
        for entity, rule, anchors, since in book.questions()
    ]
    return Links(
        pd.DataFrame(rows, columns=pd.Index(LINK_COLUMNS)),
        pd.DataFrame(waiting, columns=pd.Index(UNDECIDED_COLUMNS)),
    )


def _text(entity: Entity) -> str:
    return f"{entity.source}{PAIR}{entity.key}"


def _nights(
    identities: pd.DataFrame, rules: Sequence[Sequence[str]]
) -> list[tuple[Any, dict[Entity, _Told]]]:
    """The nights in order, each with what it told of every business key it spoke of."""
    nights: dict[Any, dict[Entity, _Told]] = {}
    columns = [identities[name].tolist() for name in ("known_on", "source", "entity_key")]
    keys = zip(*_rule_keys(identities, rules), strict=True) if rules else iter(())
    for known_on, source, key, provider in zip(*columns, identities["provider"], strict=True):
        told = nights.setdefault(known_on, {}).setdefault(Entity(source, key), _Told(set(), set()))
        told.providers.add(provider)
        told.keys.update((n, k) for n, k in enumerate(next(keys, ()), 1) if k is not None)
    return sorted(nights.items())


def _rule_keys(identities: pd.DataFrame, rules: Sequence[Sequence[str]]) -> list[list[str | None]]:
    """Per rule, the joined normalised values of each row; None where one is missing."""
    done = {name: normalised(identities[name]) for rule in rules for name in rule}
    keys = []
    for rule in rules:
        joined = done[rule[0]]
        for name in rule[1:]:
            joined = joined + PAIR + done[name]
        keys.append(joined.astype(object).where(joined.notna(), None).tolist())
    return keys
