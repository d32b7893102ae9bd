"""Rounds worked by hand: who may serve whom, in which order, and why somebody stays alone."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from agir_pipeline.errors import CheckError
from agir_pipeline.methods.matching.certificate import TOLERANCE
from agir_pipeline.methods.matching.rounds import match_round


def pairs(found):
    columns = ["beneficiary_person_id", "control_person_id"]
    return set(found.pairs[columns].itertuples(index=False, name=None))


def reasons(found):
    return dict(zip(found.unmatched["person_id"], found.unmatched["reason"], strict=True))


@pytest.fixture
def by_age(spec, covariate):
    """Distance on age alone, no score: every edge lies inside the caliper."""
    return spec(covariate("age"))


def test_a_small_round_by_hand(world, by_age):
    found = world(
        """
        person_id | arm         | delay | age
        b1        | beneficiary | 10    | 20
        b2        | beneficiary | 20    | 24
        c1        | control     |       | 20
        c2        | control     |       | 25
        c3        | control     |       | 30
        """
    ).match(by_age)
    assert pairs(found) == {("b1", "c1"), ("b2", "c2")}
    first = found.pairs.iloc[0]
    assert (first["elapsed_days"], first["band_number"]) == (15, 1)
    assert first["beneficiary_index_on"] == pd.Timestamp("2010-01-16")
    assert first["distance"] == 0
    assert found.certificates["gap"].abs().max() <= TOLERANCE
    assert found.certificates["n_pairs"].sum() == 2
    assert found.unmatched.empty


def test_an_early_band_takes_its_controls_first(world, by_age):
    # together, b1 would leave c1 to b2; band by band, the nearest goes to the earlier one
    found = world(
        """
        person_id | arm         | delay | age
        b1        | beneficiary | 0     | 20
        b2        | beneficiary | 30    | 20
        c1        | control     |       | 20
        c2        | control     |       | 21
        c3        | control     |       | 50
        """
    ).match(by_age)
    assert pairs(found) == {("b1", "c1"), ("b2", "c2")}


def test_each_band_is_asked_once_and_in_order(random_world, full_spec):
    world = random_world(5)
    world.match(full_spec)
    assert world.asked == sorted(set(world.asked))
    assert len(world.asked) > 2


def test_no_later_band_is_asked_before_the_earlier_one_is_solved(world, by_age):
    drawn = world(
        """
        person_id | arm         | delay | age
        b1        | beneficiary | 0     | 20
        b2        | beneficiary | 40    | 20
        c1        | control     |       | 20
        c2        | control     |       | 20
        """
    )
    calls = []

    def covariates_at(edge):
        calls.append(("covariates", edge))
        return drawn.covariates

    def at_risk(edge):
        calls.append(("at risk", edge))
        return drawn.exit_days > edge

    match_round(drawn.persons, covariates_at, at_risk, by_age, date(2012, 1, 1), {})
    assert calls == [("at risk", 0), ("covariates", 0), ("at risk", 45), ("covariates", 45)]


def test_dated_conditions_are_judged_on_the_control_s_own_index(world, by_age):
    # edge 15, so everybody's index is 2010-01-16
    drawn = world(
        """
        person_id | arm         | delay | age | supported_since_on | listed_since_on | consented_on
        b1        | beneficiary | 10    | 20  |            |            |
        now       | control     |       | 20  | 2010-01-16 |            |
        later     | control     |       | 21  | 2010-01-17 |            |
        unlisted  | control     |       | 20  |            | 2010-01-17 |
        listed    | control     |       | 22  |            | 2010-01-16 |
        silent    | control     |       | 20  |            |            |
        agreed    | control     |       | 23  |            |            | 2010-01-16
        late      | control     |       | 20  |            |            | 2010-01-17
        """
    )
    asked = ["silent", "agreed", "late"]
    drawn.persons["has_consent_rule"] = drawn.persons["person_id"].isin(asked)
    found = drawn.match(by_age)
    free = found.pool.loc[found.pool["arm"] == "control", "person_id"]
    assert set(free) == {"later", "listed", "agreed"}
    assert pairs(found) == {("b1", "later")}
    assert dict(zip(found.exclusions["person_id"], found.exclusions["reason"], strict=True)) == {
        "now": "already_supported",
        "unlisted": "not_yet_listed",
        "silent": "not_yet_consented",
        "late": "not_yet_consented",
    }


def test_the_start_window_and_the_exit_bound_the_candidates(world, by_age):
    found = world(
        """
        person_id | arm         | delay | age | contract_start_on | exit
        b1        | beneficiary | 15    | 20  | 2010-03-01        |
        far       | control     |       | 20  | 2010-04-16        |
        near      | control     |       | 25  | 2010-04-15        |
        gone      | control     |       | 20  | 2010-03-01        | 15
        there     | control     |       | 30  | 2010-03-01        | 16
        unknown   | control     |       | 20  |                   |
        """
    ).match(by_age)
    assert pairs(found) == {("b1", "near")}
    assert set(found.pool["person_id"]) == {"b1", "near", "there"}


def test_both_members_wait_until_their_own_index_is_old_enough(world, by_age):
    drawn = world(
        """
        person_id | arm         | delay | age | contract_start_on
        b1        | beneficiary | 0     | 20  | 2010-01-01
        b2        | beneficiary | 0     | 20  | 2010-01-02
        c1        | control     |       | 20  | 2010-01-02
        c2        | control     |       | 40  | 2010-01-01
        """
    )
    found = drawn.match(by_age, instant=date(2010, 2, 15))
    assert pairs(found) == {("b1", "c2")}
    assert reasons(found) == {"b2": "waiting"}


def test_nobody_is_matched_beyond_the_day_contracts_are_known_to(world, by_age):
    """After that day everybody looks at risk: whoever left since is not known to have left."""
    drawn = world(
        """
        person_id | arm         | age | delay | contract_start_on
        b1        | beneficiary | 20  | 0     | 2010-01-01
        b2        | beneficiary | 20  | 30    | 2010-01-01
        c1        | control     | 20  |       | 2010-01-02
        c2        | control     | 20  |       | 2009-12-31
        """
    )
    found = drawn.match(by_age, contracts_known_to=date(2010, 1, 1))
    assert reasons(found) == {"b2": "stale_register"}
    assert pairs(found) == {("b1", "c2")}


def test_every_reason_to_stay_alone(world, spec, covariate):
    found = world(
        """
        person_id | arm         | delay | age | level | exit | blocked_reason
        blocked   | beneficiary |       | 20  | v     |      | undecided_link
        gone      | beneficiary | 14    | 20  | v     | 15   |
        alone     | beneficiary | 14    | 20  | iv    |      |
        dear      | beneficiary | 14    | 90  | v     |      |
        served    | beneficiary | 14    | 20  | v     |      |
        before    | beneficiary | 14    | 20  | v     |      |
        done      | beneficiary | 14    | 20  | v     |      |
        c1        | control     |       | 20  | v     |      |
        c2        | control     |       | 21  | v     |      |
        c3        | control     |       | 22  | v     |      |
        """
    ).match(
        spec(
            covariate("level", scale="category", role="exact"),
            covariate("age"),
            leave_out_price=0.3,
        ),
        used={"before": "control", "done": "beneficiary"},
    )
    assert reasons(found) == {
        "alone": "no_control_in_stratum",
        "before": "used_as_control",
        "blocked": "undecided_link",
        "dear": "priced_out",
        "gone": "not_at_risk",
    }
    assert pairs(found) == {("served", "c1")}
    nearest = found.unmatched.set_index("person_id")["nearest_distance"]
    assert nearest["dear"] > 0.3
    assert np.isnan(nearest["alone"])


def test_a_score_too_far_is_outside_the_caliper(world, spec, covariate):
    found = world(
        """
        person_id | arm         | delay | age
        b1        | beneficiary | 0     | 20
        b2        | beneficiary | 0     | 60
        b3        | beneficiary | 0     | 24
        c1        | control     |       | 20
        c2        | control     |       | 25
        c3        | control     |       | 21
        c4        | control     |       | 61
        c5        | control     |       | 30
        """
    ).match(
        spec(covariate("age", in_propensity=True), distance="logit", caliper_multiple=0.05),
        used={"c4": "control"},
    )
    assert reasons(found) == {"b2": "outside_caliper", "b3": "outside_caliper"}
    assert pairs(found) == {("b1", "c1")}
    pool = found.pool.set_index("person_id")
    gap = (pool.loc["b2", "logit"] - pool.loc["c5", "logit"]).item()
    assert found.unmatched.loc[0, "nearest_distance"] == pytest.approx(abs(gap))
    assert not pool.loc["c4", "is_open"]


def test_near_exact_covariates_are_relaxed_one_by_one_for_those_left(world, spec, covariate):
    found = world(
        """
        person_id | arm         | delay | age | level | sector | area
        b1        | beneficiary | 0     | 20  | v     | s1     | a1
        b2        | beneficiary | 0     | 20  | v     | s2     | a1
        b3        | beneficiary | 0     | 20  | v     | s3     | a3
        c1        | control     |       | 29  | v     | s1     | a1
        c2        | control     |       | 20  | v     | s9     | a1
        c3        | control     |       | 20  | v     | s9     | a9
        c4        | control     |       | 20  | iv    | s1     | a1
        """
    ).match(
        spec(
            covariate("level", scale="category", role="exact"),
            covariate("sector", scale="category", role="near_exact"),
            covariate("area", scale="category", role="near_exact"),
            covariate("age"),
        )
    )
    assert pairs(found) == {("b1", "c1"), ("b2", "c2"), ("b3", "c3")}
    levels = found.pairs.set_index("beneficiary_person_id")
    assert levels["relaxation_level"].to_dict() == {"b1": 0, "b2": 1, "b3": 2}
    assert levels["strata_enforced"].to_dict() == {
        "b1": "level+sector+area",
        "b2": "level+area",
        "b3": "level",
    }
    strata = found.certificates[["relaxation_level", "stratum"]].values.tolist()
    assert [1, "level=v; area=a1"] in strata
    assert [2, "level=v"] in strata
    assert found.pool["stratum"][0] == "level=v; sector=s1; area=a1"


def test_a_future_beneficiary_may_serve_and_is_then_spent(world, by_age):
    drawn = world(
        """
        person_id | arm         | delay | age | supported_since_on
        b1        | beneficiary | 0     | 20  |
        both      | beneficiary | 40    | 20  |
        both      | control     |       | 20  | 2010-02-10
        """
    )
    found = drawn.match(by_age)
    assert pairs(found) == {("b1", "both")}
    assert reasons(found) == {"both": "used_as_control"}


def test_nobody_is_a_control_once_its_support_has_begun(world, by_age):
    # no supported_since_on at hand: the band of its own delay says it
    drawn = world(
        """
        person_id | arm         | delay | age
        b1        | beneficiary | 40    | 20
        both      | beneficiary | 30    | 20
        both      | control     |       | 20
        """
    )
    found = drawn.match(by_age)
    assert pairs(found) == set()
    assert reasons(found) == dict.fromkeys(["b1", "both"], "no_control_in_stratum")


def test_a_round_without_anybody_has_empty_tables(world, full_spec):
    found = world(
        """
        person_id | arm     | age | score | level | sector
        c1        | control | 20  | 1     | v     | a
        """
    ).match(full_spec)
    for table in (found.pairs, found.pool, found.prices, found.certificates, found.unmatched):
        assert table.empty
    assert {"person_id", "logit", "age", "sector"} <= set(found.pool.columns)
    assert found.models == ()


def test_a_band_with_nobody_at_risk_is_passed_over(world, by_age):
    found = world(
        """
        person_id | arm         | delay | age | exit
        b1        | beneficiary | 10    | 20  | 12
        c1        | control     |       | 20  |
        """
    ).match(by_age)
    assert reasons(found) == {"b1": "not_at_risk"}
    assert found.pool.empty


def test_earlier_beneficiaries_still_inform_the_score(random_world, full_spec):
    world = random_world(7)
    first = world.match(full_spec)
    used = dict.fromkeys(first.pairs["beneficiary_person_id"], "beneficiary")
    used |= dict.fromkeys(first.pairs["control_person_id"], "control")
    second = world.match(full_spec, used=used)
    assert second.pairs.empty or not set(used) & set(second.pairs["control_person_id"])
    last = second.models[-1]
    assert last["n_beneficiaries"] == first.models[len(second.models) - 1]["n_beneficiaries"]
    assert set(reasons(second)) <= set(reasons(first))


def test_each_band_has_its_model_and_prices_prove_each_stratum(random_world, full_spec):
    found = random_world(11).match(full_spec)
    assert [m["elapsed_days"] for m in found.models] == sorted(
        {int(e) for e in found.pool["elapsed_days"]}
    )
    assert set(found.models[-1]["coefficients"]) >= {"age", "score"}
    key = ["band_number", "relaxation_level", "stratum"]
    left_out = found.certificates.set_index(key)["n_left_out"]
    for place, prices in found.prices.groupby(key):
        bound = prices["price"].sum() - left_out[place] * prices["leave_out_price"].iloc[0]
        stated = found.certificates.set_index(key).loc[place, "bound"]
        assert bound == pytest.approx(stated, abs=1e-9)


@pytest.mark.parametrize("seed", range(6))
def test_the_order_of_the_rows_changes_nothing(seed, random_world, full_spec):
    world = random_world(seed)
    world.persons["tie_order"] = "same"  # ties in the hash too: the identifier decides
    found = world.match(full_spec)
    order = np.random.default_rng(seed).permutation(len(world.persons))
    world.persons = world.persons.iloc[order].reset_index(drop=True)
    world.covariates = world.covariates.iloc[order].reset_index(drop=True)
    world.exit_days = world.exit_days[order]
    again = world.match(full_spec)
    for name in ("pairs", "unmatched", "certificates", "pool", "prices", "exclusions"):
        pd.testing.assert_frame_equal(getattr(found, name), getattr(again, name))
    assert found.models == again.models


def test_copies_of_controls_are_matched_to_them(world, spec, covariate):
    found = world(
        """
        person_id | arm         | delay | age | size
        b1        | beneficiary | 0     | 20  | 3
        b2        | beneficiary | 0     | 30  | 7
        c1        | control     |       | 30  | 7
        c2        | control     |       | 20  | 3
        c3        | control     |       | 25  | 5
        """
    ).match(spec(covariate("age"), covariate("size")))
    assert pairs(found) == {("b1", "c2"), ("b2", "c1")}
    assert found.pairs["distance"].tolist() == [0.0, 0.0]


def test_the_caller_s_frames_are_left_as_they_were(random_world, full_spec):
    world = random_world(2)
    persons, covariates = world.persons.copy(), world.covariates.copy()
    world.match(full_spec)
    pd.testing.assert_frame_equal(world.persons, persons)
    pd.testing.assert_frame_equal(world.covariates, covariates)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("person_id | arm\na | reference", r"1 row\(s\) with an unknown arm"),
        ("person_id | arm\na | control\na | control", r"1 person\(s\) twice in one arm"),
        (
            "person_id | arm | delay\na | beneficiary | \nb | beneficiary | 3",
            r"1 beneficiary\(ies\) without index date and without a reason",
        ),
    ],
)
def test_inconsistent_persons_are_refused(text, message, world, by_age):
    with pytest.raises(CheckError, match=message):
        world(text).match(by_age)


def test_an_answer_for_other_rows_is_refused(world, by_age):
    drawn = world("person_id | arm | delay | age\na | beneficiary | 3 | 20\nb | control | | 21")
    drawn.exit_days = np.array([1e6])
    with pytest.raises(CheckError, match="1 answers at risk for 2 rows"):
        drawn.match(by_age)
