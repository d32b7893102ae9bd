"""Which business keys are one person, night after night.

A night is settled as a whole: what arrived together has no order. First the steward's rulings,
then the keys, then what the linkage model is sure of. A link once made stays, unless a ruling parts
it; a later namesake makes the newcomer undecided, never the link. A person's anchor is the
first-known business key of its cluster; a merge keeps the older anchor, and parting restores the
younger.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from agir_pipeline.methods.identity.bonds import Ruling
from agir_pipeline.methods.identity.clusters import Book, Told
from agir_pipeline.methods.identity.normalise import normalised
from agir_pipeline.methods.identity.proposals import Accepted, Pair, Proposals, Scored
from agir_pipeline.methods.identity.rulings import SAME, Decision

PAIR = "\x1f"
LINK_COLUMNS = ["source", "entity_key", "anchor", "rule", "known_on", "superseded_on"]
UNDECIDED_COLUMNS = ["source", "entity_key", "rule", "candidates", "known_on"]
OPEN_COLUMNS = ["source_a", "key_a", "source_b", "key_b", "rule", "known_on"]
MODEL = "model"
"""The rule of a link that the linkage model made or asks about."""


@dataclass(frozen=True)
class Links:
    """``links``: entity → anchor over time; ``undecided``: entities with several candidates.

    ``open_pairs``: the pairs of entities a steward can decide; ``accepted``: links of the model
    made for the first time; ``disobeyed``: how many rulings others contradict.
    """

    links: pd.DataFrame
    undecided: pd.DataFrame
    open_pairs: pd.DataFrame
    accepted: list[Accepted] = field(default_factory=list)
    n_disobeyed: int = 0


def link_persons(
    identities: pd.DataFrame,
    rules: Sequence[Sequence[str]],
    exclusive: Collection[str],
    decisions: Sequence[Decision] = (),
    scored: Scored | None = None,
    by_one_key: Collection[str] = (),
) -> Links:
    """Link the business keys of all sources by the first rule that finds exactly one person.

    ``identities`` has one row per version of a business key: ``source``, ``entity_key``,
    ``provider``, ``known_on`` and the identifying columns (missing where a source has none).
    ``rules`` are lists of columns that must all be filled and equal after normalising; of each
    business key only the newest version speaks. ``exclusive`` names the sources in which one
    provider lists a person once: two of its keys are never one person by themselves. ``decisions``
    are the steward's, oldest first; ``scored`` is what the linkage model said, in days as text.
    Rows of the sources in ``by_one_key`` are of whom their strongest filled key says, and unite
    nobody: two keys on one line of a workbook are no proof that two people are one.

    ``links`` has one row per entity and stretch of days with the same anchor; the current one has
    no ``superseded_on``. Row order does not matter.
    """
    entities = identities.groupby(["source", "entity_key"]).ngroup()
    keys, rule_of = _numbered_keys(identities, rules, entities, by_one_key)
    places = _places(identities, exclusive)
    number_of, first_night = _known_entities(identities, entities)
    book, rulings = Book(rule_of), _rulings(decisions, number_of, first_night)
    proposals = _proposals(scored, entities, places, number_of, first_night)
    told_on = dict(_nights(identities, entities, places, keys))
    nights = sorted({*told_on, *rulings})
    prints = _fingerprints(identities, entities, scored)
    for known_on in nights:
        told, propose = told_on.get(known_on, {}), None
        if proposals is not None:
            spoken = {entity: prints[known_on, entity] for entity in told}
            propose = partial(
                _ties, proposals, known_on, spoken, book, len(rules) + 1, known_on == nights[-1]
            )
        book.enter(known_on, told, rulings.get(known_on, ()), propose)
    compared = _compared(identities, entities, exclusive, scored)
    return _told_in_words(book, identities, entities, len(rules) + 1, proposals, compared)


def left_over(
    identities: pd.DataFrame, rules: Sequence[Sequence[str]], exclusive: Collection[str]
) -> "pd.Series[bool]":
    """The rows of business keys that share no value under any rule with an entry of another list.

    ``identities`` as for ``link_persons``: only what could be linked by its names.
    """
    lists = lists_of(identities, exclusive)
    is_found = pd.Series(False, identities.index)
    for rule in rules:
        joined = _joined(rule, {name: normalised(identities[name]) for name in rule})
        is_found |= lists.groupby(joined).transform("nunique").fillna(0) > 1
    entity = [identities["source"], identities["entity_key"]]
    found: pd.Series[bool] = ~is_found.groupby(entity).transform("any")
    return found


def lists_of(identities: pd.DataFrame, exclusive: Collection[str]) -> pd.Series:
    """The list each row stands in: of a source that names a person once, that of its provider."""
    is_exclusive = identities["source"].isin(list(exclusive))
    lists: pd.Series = identities["source"].where(
        ~is_exclusive, identities["source"] + PAIR + identities["provider"]
    )
    return lists


def _joined(rule: Sequence[str], done: Mapping[str, pd.Series]) -> pd.Series:
    joined = done[rule[0]]
    for name in rule[1:]:
        joined = joined + PAIR + done[name]
    return joined


def _numbered_keys(
    identities: pd.DataFrame,
    rules: Sequence[Sequence[str]],
    entities: pd.Series,
    by_one_key: Collection[str],
) -> tuple[list[list[int]], list[int]]:
    """Per rule the number of each row's value, and per number its rule.

    -1: a value is missing, or it is nobody else's, ever, and so says nothing; or the row is
    ``by_one_key`` and a stronger key of it is filled.
    """
    done = {name: normalised(identities[name]) for rule in rules for name in rule}
    columns: list[list[int]] = []
    rule_of: list[int] = []
    is_brief = identities["source"].isin(list(by_one_key)).to_numpy()
    has_spoken = np.zeros(len(identities), dtype=bool)
    for number, rule in enumerate(rules, 1):
        joined = _joined(rule, done)
        is_shared = (entities.groupby(joined).transform("nunique") > 1) & ~(is_brief & has_spoken)
        has_spoken |= joined.notna().to_numpy()
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


# ------------------------------------------------------------------- decisions and the model

Entity = tuple[str, str]


def _known_entities(
    identities: pd.DataFrame, entities: pd.Series
) -> tuple[dict[Entity, int], dict[int, Any]]:
    """The number of each business key, and the night on which it was first told."""
    names = zip(identities["source"], identities["entity_key"], strict=True)
    number_of = dict(zip(names, entities.tolist(), strict=True))
    first: dict[int, Any] = {}
    for number, known_on in zip(entities.tolist(), identities["known_on"].tolist(), strict=True):
        first[number] = min(known_on, first.get(number, known_on))
    return number_of, first


def _rulings(
    decisions: Sequence[Decision], number_of: Mapping[Entity, int], first_night: Mapping[int, Any]
) -> dict[Any, list[Ruling]]:
    """The rulings of each night; one about a key not yet known waits for it."""
    nights: dict[Any, list[Ruling]] = {}
    for decision in decisions:
        ends = [number_of.get(end) for end in (decision.one, decision.other)]
        numbers = sorted(number for number in ends if number is not None)
        if len(set(numbers)) == 2:
            night = max(decision.known_on, *(first_night[number] for number in numbers))
            is_same = decision.verdict == SAME if decision.is_ruling else None
            ruling = Ruling(numbers[0], numbers[1], is_same)
            nights.setdefault(night, []).append(ruling)
    return nights


def _proposals(
    scored: Scored | None,
    entities: pd.Series,
    places: list[int],
    number_of: Mapping[Entity, int],
    first_night: Mapping[int, Any],
) -> Proposals | None:
    if scored is None:
        return None
    lists = {e: p if p >= 0 else None for e, p in zip(entities.tolist(), places, strict=True)}
    accepted: dict[Pair, str] = {}
    for link in scored.accepted:
        numbers = sorted(number_of[end] for end in (link.one, link.other) if end in number_of)
        if len(set(numbers)) == 2:
            night = max(link.known_on, *(first_night[number] for number in numbers))
            accepted[numbers[0], numbers[1]] = night
    return Proposals(scored, lists, accepted)


def _fingerprints(
    identities: pd.DataFrame, entities: pd.Series, scored: Scored | None
) -> dict[tuple[Any, int], str | None]:
    """Night and entity → what its record says then; of two versions of a night the last row."""
    if scored is None:
        return {}
    told = zip(identities["known_on"], entities.tolist(), scored.fingerprints, strict=True)
    return {(day, e): None if pd.isna(said) else said for day, e, said in sorted(told, key=str)}


def _ties(
    proposals: Proposals,
    known_on: Any,
    spoken: Mapping[int, str | None],
    book: Book,
    rule: int,
    is_last: bool,
) -> Iterator[tuple[int, int, int]]:
    for one, other in proposals.night(known_on, spoken, book.could_be_one, is_last):
        yield one, other, rule


def _compared(
    identities: pd.DataFrame, entities: pd.Series, exclusive: Collection[str], scored: Scored | None
) -> dict[int, str]:
    """The list of every entity that the model could compare."""
    if scored is None:
        return {}
    lists = lists_of(identities, exclusive)
    told = zip(entities.tolist(), lists, scored.fingerprints.notna(), strict=True)
    return {entity: where for entity, where, is_compared in told if is_compared}


def _is_found(book: Book, compared: Mapping[int, str], entity: int) -> bool:
    """Whether the person of an entity stands in several lists that name people."""
    members = book.members_with(entity)
    return len({compared[member] for member in members if member in compared}) > 1


# --------------------------------------------------------------------------------- in words


def _told_in_words(
    book: Book,
    identities: pd.DataFrame,
    entities: pd.Series,
    model_rule: int,
    proposals: Proposals | None,
    compared: Mapping[int, str],
) -> Links:
    named = identities[["source", "entity_key"]].assign(number=entities).drop_duplicates("number")
    named = named.sort_values("number")
    sources, keys = named["source"].tolist(), named["entity_key"].tolist()
    texts = [f"{source}{PAIR}{key}" for source, key in zip(sources, keys, strict=True)]
    words = {"rule_0": "decided", f"rule_{model_rule}": MODEL}
    links = [
        (sources[entity], keys[entity], texts[anchor], words.get(rule, rule), known_on, over)
        for entity, anchor, rule, known_on, over in book.history()
    ]
    asked = [(q.entity, f"rule_{q.rule}", q.anchors, q.since) for q in book.questions()]
    pairs = [(entity, a, rule, since) for entity, rule, anchors, since in asked for a in anchors]
    accepted = []
    if proposals is not None:
        is_found = partial(_is_found, book, compared)
        for (one, other), _probability, since in proposals.open(book.could_be_one, is_found):
            pairs.append((one, other, MODEL, since))
            asked += [
                (e, MODEL, [book.anchor_of(o)], since) for e, o in ((one, other), (other, one))
            ]
        accepted = [
            Accepted((sources[a], keys[a]), (sources[b], keys[b]), day, probability)
            for (a, b), day, probability in proposals.made
        ]
    return Links(
        pd.DataFrame(links, columns=pd.Index(LINK_COLUMNS)),
        pd.DataFrame(
            [
                (
                    sources[entity],
                    keys[entity],
                    words.get(rule, rule),
                    [texts[a] for a in anchors],
                    since,
                )
                for entity, rule, anchors, since in asked
            ],
            columns=pd.Index(UNDECIDED_COLUMNS),
        ),
        pd.DataFrame(
            [
                (sources[one], keys[one], sources[other], keys[other], rule, since)
                for one, other, rule, since in pairs
            ],
            columns=pd.Index(OPEN_COLUMNS),
        ),
        accepted,
        len(list(book.disobeyed())),
    )
