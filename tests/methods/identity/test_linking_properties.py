"""What holds of links whatever arrives, in whatever order."""

import time
from collections import defaultdict
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agir_pipeline.methods.identity.linking import PAIR, Links, link_persons

RULES = [["case"], ["opca", "contract"], ["name", "born"]]
EXCLUSIVE = {"pool", "register"}
NIGHTS = ["2010-01-31", "2010-02-28", "2010-03-31", "2010-04-30"]
COLUMNS = [
    "source",
    "entity_key",
    "provider",
    "known_on",
    "case",
    "opca",
    "contract",
    "name",
    "born",
]


def few(*values: str | None) -> st.SearchStrategy[str | None]:
    return st.sampled_from(values)


rows = st.tuples(
    few("contracts", "pool", "register", "survey"),
    few("k1", "k2", "k3"),
    few("one", "two"),
    few(*NIGHTS),
    few(None, None, "A1", "A2"),
    few("opcalia"),
    few(None, None, "C1", "C2"),
    few(None, "Roy", "Leroy"),
    few("1990-01-01"),
)
worlds = st.lists(rows, min_size=1, max_size=14)


def table(world: list[tuple[str | None, ...]]) -> pd.DataFrame:
    frame = pd.DataFrame(world, columns=pd.Index(COLUMNS), dtype="string")
    return frame.assign(record_id=[str(n) for n in range(len(frame))])


def linked(frame: pd.DataFrame) -> Links:
    return link_persons(frame, RULES, EXCLUSIVE)


def as_known(links: pd.DataFrame, day: str) -> dict[tuple[str, str], str]:
    known = links[links["known_on"] <= day]
    current = known[known["superseded_on"].isna() | (known["superseded_on"] > day)]
    assert not current.duplicated(["source", "entity_key"]).any()
    keys = zip(current["source"], current["entity_key"], strict=True)
    return dict(zip(keys, current["anchor"], strict=True))


@given(world=worlds, seed=st.integers(0, 999))
@settings(max_examples=50, deadline=None)
def test_the_order_of_rows_does_not_matter(world: list[Any], seed: int) -> None:
    frame = table(world)
    one, other = linked(frame), linked(frame.sample(frac=1, random_state=seed))
    pd.testing.assert_frame_equal(one.links, other.links)
    pd.testing.assert_frame_equal(one.undecided, other.undecided)


@given(world=worlds)
@settings(max_examples=50, deadline=None)
def test_the_links_of_a_day_are_those_that_the_rows_known_then_give(world: list[Any]) -> None:
    frame = table(world)
    links = linked(frame).links
    for day in NIGHTS:
        then = linked(frame[frame["known_on"] <= day]).links
        assert as_known(links, day) == as_known(then, day)


@given(world=worlds)
@settings(max_examples=50, deadline=None)
def test_each_entity_has_exactly_one_link_on_each_day_since_it_is_known(world: list[Any]) -> None:
    frame = table(world)
    links = linked(frame).links
    first = frame.groupby(["source", "entity_key"])["known_on"].min()
    for day in NIGHTS:
        assert set(as_known(links, day)) == set(first[first <= day].index)
    seen = links["superseded_on"].isna() | (links["superseded_on"] > links["known_on"])
    assert seen.all()


@given(world=worlds)
@settings(max_examples=50, deadline=None)
def test_one_list_never_holds_one_person_under_two_keys(world: list[Any]) -> None:
    lists = {"k1": "one", "k2": "one", "k3": "two"}
    frame = table(world).assign(provider=lambda rows: rows["entity_key"].map(lists))
    places: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for (source, key), anchor in as_known(linked(frame).links, NIGHTS[-1]).items():
        if source in EXCLUSIVE:
            places[anchor, source, lists[key]].add(key)
    assert all(len(keys) == 1 for keys in places.values())


@given(world=worlds)
@settings(max_examples=50, deadline=None)
def test_an_anchor_is_the_first_known_of_its_cluster(world: list[Any]) -> None:
    frame = table(world)
    first = frame.groupby(["source", "entity_key"])["known_on"].min()
    for (source, key), anchor in as_known(linked(frame).links, NIGHTS[-1]).items():
        assert first[tuple(anchor.split(PAIR))] <= first[(source, key)]


@given(world=worlds)
@settings(max_examples=50, deadline=None)
def test_nobody_is_linked_without_a_chain_of_equal_values(world: list[Any]) -> None:
    frame = table(world)
    said = defaultdict(set)
    for row in frame.fillna("").itertuples():
        values = {("case", row.case), ("contract", row.contract), ("name", row.name)}
        said[row.source, row.entity_key] |= {v for v in values if v[1]}
    clusters = defaultdict(list)
    for entity, anchor in as_known(linked(frame).links, NIGHTS[-1]).items():
        clusters[anchor].append(entity)
    for members in clusters.values():
        reached, ahead = {members[0]}, [members[0]]
        while ahead:
            here = ahead.pop()
            for other in members:
                if other not in reached and said[here] & said[other]:
                    reached.add(other)
                    ahead.append(other)
        assert reached == set(members)


@given(
    names=st.lists(few("Roy", "Leroy", "Petit"), min_size=2, max_size=6),
    answers=st.lists(st.tuples(st.integers(0, 5), st.booleans(), few(*NIGHTS)), max_size=8),
)
@settings(max_examples=50, deadline=None)
def test_a_name_that_two_listed_people_share_never_links_an_answer_to_the_wrong_one(
    names: list[str], answers: list[tuple[int, bool, str]]
) -> None:
    """Everybody is listed in the first night, with a number; answers give it or only the name."""
    people = [
        ("pool", f"p{n}", "one", NIGHTS[0], f"A{n}", None, None, name, "1990-01-01")
        for n, name in enumerate(names)
    ]
    true_person = {}
    for number, (who, has_number, night) in enumerate(answers):
        person = who % len(names)
        true_person[f"s{number}"] = f"p{person}"
        case = f"A{person}" if has_number else None
        people.append(
            ("survey", f"s{number}", "web", night, case, None, None, names[person], "1990-01-01")
        )
    found = linked(table(people))
    waiting = set(found.undecided["entity_key"])
    for (_source, key), anchor in as_known(found.links, NIGHTS[-1]).items():
        listed = anchor.removeprefix(f"pool{PAIR}")
        if key in true_person and listed.startswith("p"):
            assert listed == true_person[key]
        is_unique = names.count(names[int(true_person.get(key, key)[1:])]) == 1
        if key in true_person and is_unique:
            assert anchor.startswith("pool")
            assert key not in waiting


def many(n: int) -> pd.DataFrame:
    """Versions of a third as many persons in five sources over 36 nights."""
    draw = np.random.default_rng(0)
    sources = draw.choice(["register", "pool", "contracts", "t0", "tf"], n)
    person = draw.integers(0, n // 3, n)
    night = pd.to_datetime("2010-01-31") + pd.to_timedelta(30 * draw.integers(0, 36, n), "D")
    numbered = pd.Series([f"A-{p}" for p in person]).where(draw.random(n) < 0.7)
    return pd.DataFrame(
        {
            "source": sources,
            "entity_key": [f"{s}-{p}" for s, p in zip(sources, person, strict=True)],
            "provider": [f"p{p % 3}" for p in person],
            "known_on": night.strftime("%Y-%m-%d"),
            "case": numbered.where(sources != "contracts"),
            "opca": "opcalia",
            "contract": pd.Series([f"C{p}" for p in person]).where(
                np.isin(sources, ["register", "contracts"])
            ),
            "name": [f"Näme-{p % 5000}" for p in person],
            "born": [f"19{80 + p % 20}-01-{1 + p % 28:02d}" for p in person],
        }
    )


@pytest.mark.parametrize(
    ("n", "seconds"), [(10_000, 5), pytest.param(150_000, 20, marks=pytest.mark.long)]
)
def test_the_time_to_link_grows_with_the_rows(n: int, seconds: float) -> None:
    frame = many(n)
    begun = time.process_time()
    found = linked(frame)
    assert time.process_time() - begun < seconds
    assert found.links["anchor"].nunique() < 0.4 * n
