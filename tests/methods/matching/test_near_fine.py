"""A category balanced near-finely through strata, bands and rounds, and its proof in a release."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from agir_pipeline.methods.matching.frontier import AskedRound, rounds_frontier
from agir_pipeline.methods.matching.pair_tables import surplus_in_rounds
from agir_pipeline.methods.matching.verification import Terms, verify_pairs
from tests.methods.matching.conftest import INSTANT

# On one line: the nearest control of each is of "x"; in band 15 one of "y" is as good as free.
TWO_BANDS = """
person_id | arm         | delay | score | place
b1        | beneficiary | 0     | 0.0   | y
c1        | control     |       | 0.1   | x
b2        | beneficiary | 10    | 1.0   | x
c2        | control     |       | 1.1   | x
c3        | control     |       | 1.3   | y
"""


@pytest.fixture
def spec_of(spec, covariate):
    """One number to be near on, one category to balance."""

    def build(*more, **said):
        place = covariate("place", scale="category", role="report")
        score = covariate("score", in_propensity=True)
        default = {"near_fine": "place", "distance": "logit", "caliper_multiple": 100.0}
        return spec(score, place, *more, **{**default, **said})

    return build


def controls(found):
    return found.pairs.set_index("beneficiary_person_id")["control_person_id"].to_dict()


def test_what_one_band_leaves_is_mended_by_the_next(world, spec_of):
    drawn = world(TWO_BANDS)
    plain = drawn.match(spec_of(near_fine=None))
    assert controls(plain) == {"b1": "c1", "b2": "c2"}
    assert plain.categories is None
    assert "n_surplus" not in plain.certificates
    found = drawn.match(spec_of())
    # band 0 takes c3 (the only "y"); without it, band 15 would have had to mend
    assert controls(found) == {"b1": "c3", "b2": "c2"}
    kept = drawn.match(spec_of(surplus_price=1e-6))
    assert controls(kept) == {"b1": "c1", "b2": "c2"}
    told = kept.categories.set_index(["band_number", "category"])
    assert told.loc[(0, "x"), "surplus_after"] == told.loc[(1, "x"), "surplus_before"] == 1
    carried = drawn.match(spec_of(), surplus_before={"y": 1, "x": -1})
    assert controls(carried) == {"b1": "c1", "b2": "c2"}
    assert carried.categories["surplus_after"].tolist()[-2:] == [0, 0]


@pytest.fixture
def balanced(full_spec, covariate):
    """The full specification with a third category to balance."""
    site = covariate("site", scale="category", role="report")
    return replace(
        full_spec, covariates=(*full_spec.covariates, site), near_fine="site", caliper_multiple=2.0
    )


def sites(world):
    rng = np.random.default_rng(1)
    n = len(world.persons)
    world.covariates["site"] = rng.choice(list("pqrst"), n, p=[0.4, 0.3, 0.1, 0.1, 0.1])
    return world


@pytest.fixture
def two_rounds(random_world):
    """Pairs, pool, prices and categories of two locked rounds of a specification."""

    def build(spec):
        world, used, made = sites(random_world(5, 24, 70)), {}, []
        for number in (1, 2):
            whole = world.persons
            is_late = np.asarray(whole.index % 2 >= number)
            world.persons = whole.assign(blocked_reason=np.where(is_late, "undecided_link", None))
            before = surplus_in_rounds([(p["pairs"], p["pool"]) for p in made], spec)
            found = world.match(spec, used, surplus_before=before)
            world.persons = whole
            for arm in ("beneficiary", "control"):
                used |= dict.fromkeys(found.pairs[f"{arm}_person_id"], arm)
            names = ("pairs", "pool", "prices", "categories", "certificates")
            made.append({n: getattr(found, n).assign(round_number=number) for n in names})
        return {n: pd.concat([p[n] for p in made], ignore_index=True) for n in made[0]}

    return build


def faults(made, spec):
    terms = Terms.from_facts(Terms.of(spec).as_facts())
    tables = made["pairs"], made["pool"], made["prices"]
    return [f.fault for f in verify_pairs(*tables, terms, made["categories"]) if f.fault]


def n_surplus(pairs, pool, name="site"):
    place = pool.drop_duplicates(["arm", "person_id"]).set_index(["arm", "person_id"])[name]
    mine, theirs = (
        place.loc[arm].reindex(pairs[f"{arm}_person_id"]).value_counts()
        for arm in ("beneficiary", "control")
    )
    return int(theirs.sub(mine, fill_value=0).clip(lower=0).sum())


@pytest.mark.parametrize(
    ("leave_out", "surplus"), [(math.inf, math.inf), (math.inf, 0.4), (1.5, 0.4), (1.5, math.inf)]
)
def test_rounds_are_proved_from_their_tables_alone(leave_out, surplus, balanced, two_rounds):
    spec = replace(balanced, leave_out_price=leave_out, surplus_price=surplus)
    made = two_rounds(spec)
    assert faults(made, spec) == []
    assert made["certificates"]["gap"].abs().max() <= 1e-9
    assert len(made["pairs"]) > 8
    free = two_rounds(replace(spec, surplus_price=1e-9))
    sizes = [n_surplus(one["pairs"], one["pool"]) for one in (made, free)]
    assert sizes[0] < sizes[1]
    last = made["categories"].drop_duplicates("category", keep="last")
    assert last["surplus_after"].clip(lower=0).sum() == sizes[0]
    if math.isinf(leave_out) and math.isinf(surplus):
        assert len(made["pairs"]) == len(free["pairs"])
    if math.isfinite(surplus):
        other = faults(made, replace(spec, surplus_price=0.41))
        assert any("surplus price is not the declared one" in fault for fault in other)


def changed(made, table, column, value, place=0):
    frame = made[table].copy()
    frame[column] = frame[column].astype(object)
    frame.loc[frame.index[place], column] = value
    return {**made, table: frame}


def test_what_was_touched_is_found(balanced, two_rounds):
    made = two_rounds(balanced)
    categories, pairs = made["categories"], made["pairs"]
    for column in ("price", "surplus_price", "surplus_before", "n_controls", "surplus_after"):
        value = categories[column].iloc[0] + 1
        assert faults(changed(made, "categories", column, value), balanced), column
    prices = [changed(made, "prices", "price", made["prices"]["price"].iloc[0] + 1)]
    gone = [{**made, "categories": categories.iloc[1:]}, {**made, "categories": None}]
    more = pd.concat([categories, categories.iloc[:1]])
    for lie in (*prices, *gone, {**made, "categories": more}):
        assert faults(lie, balanced)
    member = pairs["control_person_id"].iloc[0]
    of_member = np.flatnonzero(made["pool"]["person_id"] == member)
    for other in set("pqrst") - {made["pool"]["site"].iloc[of_member[0]]}:
        assert faults(changed(made, "pool", "site", other, of_member), balanced)
    alone = {**made, "pairs": pairs.iloc[1:]}
    assert faults(alone, balanced)
    swapped = pairs.copy()
    column = pairs.columns.get_loc("control_person_id")
    same = pairs.groupby(["round_number", "band_number", "relaxation_level"]).indices
    rows = next(rows for rows in same.values() if len(rows) > 1)[:2]
    swapped.iloc[rows, column] = swapped.iloc[rows, column].to_numpy()[::-1]
    assert faults({**made, "pairs": swapped}, balanced)


def test_the_order_of_the_rows_changes_nothing(balanced, random_world):
    world = sites(random_world(7, 20, 60))
    found = world.match(balanced)
    order = np.random.default_rng(2).permutation(len(world.persons))
    world.persons = world.persons.iloc[order].reset_index(drop=True)
    world.covariates = world.covariates.iloc[order].reset_index(drop=True)
    world.exit_days = world.exit_days[order]
    again = world.match(balanced)
    for name in ("pairs", "categories", "prices", "certificates"):
        pd.testing.assert_frame_equal(getattr(found, name), getattr(again, name))


def test_the_frontier_says_what_is_beyond_its_share(balanced, random_world):
    world = sites(random_world(5, 20, 60))
    asked = AskedRound(world.persons, lambda _e: world.covariates, world.at_risk, INSTANT)
    table = rounds_frontier([asked], replace(balanced, surplus_price=0.3), (0.5, math.inf))
    assert table["n_surplus"].dtype.kind == "i"
    assert table["n_pairs"].is_monotonic_increasing
    strict = rounds_frontier([asked], balanced, (0.5, math.inf))
    assert strict["n_surplus"].iloc[0] <= table["n_surplus"].iloc[0]
    assert "n_surplus" not in rounds_frontier([asked], replace(balanced, near_fine=None), (0.5,))


def test_terms_without_a_margin_are_as_they_were(full_spec):
    facts = Terms.of(full_spec).as_facts()
    assert set(facts) == {
        "distance", "distance_covariates", "exact", "near_exact", "leave_out_price",
        "start_window_days",
    }  # fmt: skip
