"""Rivals share the probability; the best that go together stay."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agir_pipeline.methods.identity.assignment import (
    Candidate,
    one_to_one,
    shared_probabilities,
)


def pair(one: str, other: str, probability: float, *, lists: str | None = "LR") -> Candidate:
    left, right = lists or (None, None)
    return Candidate(one, other, left, right, probability)


def test_a_pair_without_rival_keeps_its_probability() -> None:
    assert shared_probabilities([pair("a", "x", 0.9), pair("b", "y", 0.2)]) == pytest.approx(
        [0.9, 0.2]
    )


def test_two_entries_of_one_list_share_the_odds_of_being_somebody() -> None:
    """Odds 99 and 99: each has 99 / (1 + 99 + 99)."""
    shared = shared_probabilities([pair("a", "x", 0.99), pair("a", "y", 0.99)])
    assert shared == pytest.approx([99 / 199, 99 / 199])


def test_a_list_that_may_name_a_person_again_has_no_rivals() -> None:
    """Two contracts of one person: each is compared with the lists of people alone."""
    contracts = [Candidate("k1", "p", None, "pool", 0.99), Candidate("k2", "p", None, "pool", 0.99)]
    assert shared_probabilities(contracts) == pytest.approx([0.99, 0.99])
    people = [Candidate("k", "p1", None, "pool", 0.99), Candidate("k", "p2", None, "pool", 0.99)]
    assert shared_probabilities(people) == pytest.approx([99 / 199, 99 / 199])


def test_the_most_probable_pairs_stay_and_equal_ones_both() -> None:
    known = [pair("a", "x", 0.9), pair("a", "y", 0.5), pair("b", "x", 0.6), pair("b", "y", 0.4)]
    assert one_to_one(known, [0.9, 0.5, 0.6, 0.4]) == [True, False, False, True]
    assert one_to_one(known[:2], [0.4, 0.4]) == [True, True]


@given(
    st.dictionaries(
        st.tuples(st.integers(0, 4), st.integers(5, 9)), st.floats(0, 1), min_size=1, max_size=15
    )
)
def test_of_two_that_exclude_each_other_at_most_one_is_probable(
    probabilities: dict[tuple[int, int], float],
) -> None:
    known = [Candidate(*ends, "L", "R", p) for ends, p in probabilities.items()]
    shared = shared_probabilities(known)
    assert all(own <= one.probability + 1e-12 for own, one in zip(shared, known, strict=True))
    for (one, p), (other, q) in itertools.combinations(zip(known, shared, strict=True), 2):
        if one.one == other.one or one.other == other.other:
            assert min(p, q) <= 0.5 + 1e-9
