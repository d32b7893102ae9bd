"""A release's pairs checked from its tables: what was honestly made holds, each lie is found."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from agir_pipeline.errors import CheckError
from agir_pipeline.methods.matching.certificate import Prices
from agir_pipeline.methods.matching.spec import MatchingSpec
from agir_pipeline.methods.matching.stratum import Stratum, check_stratum
from agir_pipeline.methods.matching.verification import Terms, verify_pairs


@pytest.fixture(params=["robust_rank_mahalanobis", "logit"])
def spec_of(request, full_spec):
    said = {**full_spec.__dict__, "distance": request.param}
    return MatchingSpec(**said)


def tables(world, spec, rounds=1):
    """Pairs, pool and prices of one or two locked rounds, as a release has them."""
    made = {"pairs": [], "pool": [], "prices": []}
    used: dict[str, str] = {}
    for number in range(1, rounds + 1):
        some = world.persons.assign(
            blocked_reason=np.where(world.persons.index % 2 >= number, "undecided_link", None)
        )
        whole, world.persons = world.persons, some
        found = world.match(spec, used)
        world.persons = whole
        used |= dict.fromkeys(found.pairs["beneficiary_person_id"], "beneficiary")
        used |= dict.fromkeys(found.pairs["control_person_id"], "control")
        for name, parts in made.items():
            parts.append(getattr(found, name).assign(round_number=number))
    return {name: pd.concat(parts, ignore_index=True) for name, parts in made.items()}


def faults(made, spec):
    found = verify_pairs(made["pairs"], made["pool"], made["prices"], Terms.of(spec))
    return {one.fault for one in found if one.fault}


@pytest.fixture
def made(random_world, spec_of):
    return tables(random_world(5, 20, 60), spec_of, rounds=2)


def test_what_the_rounds_made_holds(made, spec_of):
    found = verify_pairs(made["pairs"], made["pool"], made["prices"], Terms.of(spec_of))
    assert {one.fault for one in found} == {None}
    assert sum(one.n_pairs for one in found) == len(made["pairs"]) > 5
    assert {one.round_number for one in found} == {1, 2}
    assert max(one.relaxation_level for one in found) == 1


def test_terms_survive_the_manifest(made, spec_of):
    terms = Terms.from_facts(Terms.of(spec_of).as_facts())
    found = verify_pairs(made["pairs"], made["pool"], made["prices"], terms)
    assert {one.fault for one in found} == {None}
    assert Terms.of(spec_of).as_facts()["leave_out_price"] == "infinite"
    priced = MatchingSpec(**{**spec_of.__dict__, "leave_out_price": 2.5})
    assert Terms.from_facts(Terms.of(priced).as_facts()).leave_out_price == 2.5


def test_a_finite_price_is_checked_as_declared(random_world, spec_of):
    priced = MatchingSpec(**{**spec_of.__dict__, "leave_out_price": 0.8})
    made = tables(random_world(5, 20, 60), priced)
    assert faults(made, priced) == set()
    dearer = MatchingSpec(**{**spec_of.__dict__, "leave_out_price": 0.9})
    assert any("not the declared one" in fault for fault in faults(made, dearer))


@pytest.mark.parametrize("price", [1e6, 1e300])
def test_a_price_that_nothing_costs_is_as_good_as_infinite(price, random_world, full_spec):
    priced = MatchingSpec(**{**full_spec.__dict__, "leave_out_price": price})
    found = random_world(5, 20, 60).match(priced)
    assert found.certificates["gap"].abs().max() <= 1e-12
    same = ["beneficiary_person_id", "control_person_id"]
    endless = random_world(5, 20, 60).match(full_spec).pairs
    assert found.pairs[same].equals(endless[same])
    assert faults(tables(random_world(5, 20, 60), priced), priced) == set()


def test_a_missing_number_is_a_stratum_that_pairs_keep(random_world, full_spec):
    age = next(c for c in full_spec.covariates if c.name == "age")
    others = tuple(c for c in full_spec.covariates if c.role == "distance" and c != age)
    exact = age.model_copy(update={"role": "exact"})
    spec = MatchingSpec(**{**full_spec.__dict__, "covariates": (exact, *others)})
    world = random_world(5, 20, 60)
    world.covariates["age"] = np.where(np.arange(80) % 3, 18.0 + np.arange(80) % 2, np.nan)
    made = tables(world, spec)
    ages = world.covariates["age"].set_axis(world.persons["person_id"])
    sides = [ages[made["pairs"][f"{arm}_person_id"]] for arm in ("beneficiary", "control")]
    assert np.array_equal(*sides, equal_nan=True)
    assert sides[0].isna().any()
    assert faults(made, spec) == set()


def changed(made, table, column, place, value):
    frame = made[table].copy()
    frame.loc[frame.index[place], column] = value
    return {**made, table: frame}


def test_a_price_that_was_touched_is_found(made, spec_of):
    for value in (1e6, -1e6, math.nan):
        told = faults(changed(made, "prices", "price", 0, value), spec_of)
        assert len(told) == 1
        assert "certificate" in told.pop()


def test_pairs_that_were_swapped_are_found(made, spec_of):
    pairs = made["pairs"].copy()
    same = pairs.groupby(["round_number", "band_number", "relaxation_level"]).indices
    rows = next(rows for rows in same.values() if len(rows) > 1)
    column = pairs.columns.get_loc("control_person_id")
    pairs.iloc[rows[:2], column] = pairs.iloc[rows[:2], column].to_numpy()[::-1]
    assert faults({**made, "pairs": pairs}, spec_of)


def test_a_control_used_twice_is_found():
    nothing = np.array(["NaT", "NaT"], dtype="datetime64[D]")
    numbers = np.zeros(2)
    points = numbers[:, None]
    twice = Stratum((points, points), (numbers, numbers), (nothing, nothing), 1.0, None, math.inf)
    with pytest.raises(CheckError, match=r"1 control\(s\) used more than once"):
        check_stratum(twice, np.array([1, 1]), Prices(numbers, numbers, 9.0))


def test_a_distance_that_was_touched_is_found(made, spec_of):
    told = faults(changed(made, "pairs", "distance", 0, 1e-3), spec_of)
    assert told == {"a distance of the pairs is not that of their covariates"}


def test_a_pair_from_nowhere_is_found(made, spec_of):
    more = pd.concat([made["pairs"], made["pairs"].iloc[:1].assign(round_number=9)])
    told = faults({**made, "pairs": more}, spec_of)
    assert told == {"1 pair(s) belong to no stratum of the pool"}


def test_a_person_hidden_from_the_proof_is_found(made, spec_of):
    told = faults({**made, "prices": made["prices"].iloc[1:]}, spec_of)
    assert told == {"the people with a price are not the people of the stratum"}
    doubled = pd.concat([made["prices"], made["prices"].iloc[:1]])
    assert faults({**made, "prices": doubled}, spec_of) == told
    assert faults({**made, "prices": made["prices"].iloc[:0]}, spec_of) == told


def test_a_control_from_another_stratum_is_found(made, spec_of):
    told = faults(changed(made, "pairs", "control_person_id", 0, "p999"), spec_of)
    assert "a control of the pairs is not of the stratum, or was not free" in told


def test_who_was_free_is_worked_out_again(made, spec_of):
    pool = made["pool"]
    place = int(np.flatnonzero(pool["is_open"])[0])
    told = faults(changed(made, "pool", "is_open", place, False), spec_of)
    assert told == {"who is said to be free is not who was unused"}


def test_a_caliper_that_was_widened_is_no_excuse(made, spec_of):
    # a tighter caliper than the pairs keep is found too
    prices = made["prices"].assign(caliper=1e-6)
    assert any("forbidden edge" in fault for fault in faults({**made, "prices": prices}, spec_of))


def test_too_many_people_for_one_table_are_looked_at_in_blocks(made, spec_of, monkeypatch):
    monkeypatch.setattr("agir_pipeline.methods.matching.stratum.BLOCK_CELLS", 10)
    assert faults(made, spec_of) == set()
    assert faults(changed(made, "prices", "price", 0, 1e6), spec_of)


def test_nothing_matched_is_nothing_to_prove(made, spec_of):
    empty = {name: table.iloc[:0] for name, table in made.items()}
    assert verify_pairs(empty["pairs"], empty["pool"], empty["prices"], Terms.of(spec_of)) == []


def test_categories_are_part_of_the_distance_as_they_were(random_world, spec_of):
    changed_roles = [c.model_copy(update={"role": "distance"}) for c in spec_of.covariates[1:]]
    spec = replace(spec_of, covariates=(spec_of.covariates[0], *changed_roles))
    assert faults(tables(random_world(6, 20, 60), spec), spec) == set()
