"""Which business keys are one person, night after night.

A night is settled as a whole: what arrived together has no order. A link once made stays; a
later namesake makes the newcomer undecided, never the link. A person's anchor is the first-known
business key of its cluster; a merge keeps the older anchor.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from agir_pipeline.methods.identity.clusters import Book, Told
from agir_pipeline.methods.identity.normalise import normalised

PAIR = "\x1f"
LINK_COLUMNS = ["source", "entity_key", "anchor", "rule", "known_on", "superseded_on"]
UNDECIDED_COLUMNS = ["source", "entity_key", "rule", "candidates", "known_on"]


@dataclass(frozen=True)
class Links:
    """``links``: entity → anchor over time; ``undecided``: entities with several candidates."""

    links: pd.DataFrame
    undecided: pd.DataFrame


def link_persons(
    identities: pd.DataFrame, rules: Sequence[Sequence[str]], exclusive: Collection[str]
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
    entities = identities.groupby(["source", "entity_key"]).ngroup()
    keys, rule_of = _numbered_keys(identities, rules, entities)
    book = Book(rule_of)
    for known_on, told in _nights(identities, entities, _places(identities, exclusive), keys):
        book.enter(known_on, told)
    return _told_in_words(book, identities, entities)


def _numbered_keys(
    identities: pd.DataFrame, rules: Sequence[Sequence[str]], entities: pd.Series
) -> tuple[list[list[int]], list[int]]:
    """Per rule the number of each row's value, and per number its rule.

    -1: a value is missing, or it is nobody else's, ever, and so says nothing.
    """
    done = {name: normalised(identities[name]) for rule in rules for name in rule}
    columns: list[list[int]] = []
    rule_of: list[int] = []
    for number, rule in enumerate(rules, 1):
        joined = done[rule[0]]
        for name in rule[1:]:
            joined = joined + PAIR + done[name]
        is_shared = entities.groupby(joined).transform("nunique") > 1
        codes, values = pd.factorize(joined.where(is_shared))
        columns.append(np.where(codes >= 0, codes + len(rule_of), -1).tolist())
        rule_of += [number] * len(values)
    return columns, rule_of


def _places(identities: pd.DataFrame, exclusive: Collection[str]) -> list[int]:
    """The number of each row's list where that list names a person once, else -1."""
    lists = identities.groupby(["source", "provider"]).ngroup()
    return lists.where(identities["source"].isin(list(exclusive)), -1).tolist()


def _nights(
    identities: pd.DataFrame, entities: pd.Series, places: list[int], keys: list[list[int]]
) -> Iterator[tuple[Any, dict[int, Told]]]:
    """The nights in order, each with what it says of the entities it speaks of."""
    numbers = entities.tolist()
    nights: dict[Any, list[int]] = {}
    for row, known_on in enumerate(identities["known_on"].tolist()):
        nights.setdefault(known_on, []).append(row)
    for known_on in sorted(nights):
        told: dict[int, Told] = {}
        for row in nights[known_on]:
            place, present = places[row], frozenset(c[row] for c in keys if c[row] >= 0)
            before = told.get(numbers[row], Told((), frozenset()))
            here = (*before.places, place) if place >= 0 else before.places
            told[numbers[row]] = Told(here, before.keys | present)
        yield known_on, told


def _told_in_words(book: Book, identities: pd.DataFrame, entities: pd.Series) -> Links:
    named = identities[["source", "entity_key"]].assign(number=entities).drop_duplicates("number")
    named = named.sort_values("number")
    sources, keys = named["source"].tolist(), named["entity_key"].tolist()
    texts = [f"{source}{PAIR}{key}" for source, key in zip(sources, keys, strict=True)]
    links = [
        (sources[entity], keys[entity], texts[anchor], rule, known_on, superseded_on)
        for entity, anchor, rule, known_on, superseded_on in book.history()
    ]
    waiting = [
        (sources[entity], keys[entity], f"rule_{rule}", [texts[a] for a in anchors], since)
        for entity, rule, anchors, since in book.questions()
    ]
    return Links(
        pd.DataFrame(links, columns=pd.Index(LINK_COLUMNS)),
        pd.DataFrame(waiting, columns=pd.Index(UNDECIDED_COLUMNS)),
    )
