"""Alternatives a protocol names: golden figures on lalonde, and what they may and may not see."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from agir_pipeline.errors import CheckError
from agir_pipeline.methods.effects.measure import weighted_difference
from agir_pipeline.methods.matching import named_alternatives
from agir_pipeline.methods.matching.alternatives import full_match
from agir_pipeline.methods.matching.balance import balance_table
from agir_pipeline.methods.matching.named_alternatives import WAYS, alternative_weights
from agir_pipeline.methods.matching.rounds import match_round
from tests.methods.matching.conftest import INSTANT

X = ["age", "educ", "race", "married", "nodegree", "re74", "re75"]
CATEGORIES = {"race", "married", "nodegree"}


@pytest.fixture(scope="module")
def lalonde_spec(spec, covariate):
    covariates = [
        covariate(x, scale="category" if x in CATEGORIES else "number", in_propensity=True)
        for x in X
    ]
    bands = {"band_width_days": None, "start_window_days": None, "waiting_days": None}
    return spec(*covariates, **bands)


@pytest.fixture(scope="module")
def lalonde_round(lalonde, lalonde_spec):
    persons = pd.DataFrame(
        {
            "person_id": lalonde["id"],
            "tie_order": lalonde["id"],
            "arm": np.where(lalonde["is_treated"], "beneficiary", "control"),
            "contract_start_on": pd.NaT,
            "elapsed_delay_days": np.nan,
            "supported_since_on": pd.NaT,
            "listed_since_on": pd.NaT,
            "consented_on": pd.NaT,
            "has_consent_rule": False,
            "blocked_reason": None,
        }
    )
    found = match_round(
        persons, lambda _edge: lalonde[X], lambda _edge: None, lalonde_spec, INSTANT, {}
    )
    return found.pool.assign(round_number=1), found.pairs.assign(round_number=1)


@pytest.fixture(scope="module")
def weights(lalonde_round, lalonde_spec):
    return alternative_weights(lalonde_round[0], lalonde_spec, WAYS)


@pytest.fixture
def effect(weights, lalonde):
    def estimate(name):
        rows = weights[weights["alternative"] == name].merge(
            lalonde, left_on="person_id", right_on="id"
        )
        sets = rows["set_number"].to_numpy(dtype=float, na_value=np.nan)
        return weighted_difference(rows["re78"], rows["is_treated"], rows["weight"], sets, 0.95)

    return estimate


def test_coarsened_exact_matching_and_its_clustered_error_are_matchit_s(effect):
    found = effect("coarsened_exact")
    assert (found.n_beneficiaries, found.n_persons) == (65, 140)
    assert found.effect.estimate == pytest.approx(1070.90732642735, abs=1e-8)
    assert found.effect.standard_error == pytest.approx(968.774, abs=1e-3)


def test_the_propensity_score_alone_pairs_at_least_cost_in_the_caliper(weights, lalonde):
    pairs = weights[weights["alternative"] == "propensity_pairs"]
    logit = lalonde.set_index("id")["logit"]
    gap = pairs.groupby("set_number")["person_id"].agg(lambda ids: np.ptp(logit[ids]))
    assert (pairs.groupby("set_number")["arm"].nunique() == 2).all()
    assert gap.max() <= 0.269294
    assert len(gap) > 100


def test_full_matching_is_that_of_the_library(weights, lalonde, effect):
    arm = lalonde.set_index("id").assign(treat=lambda d: d["treat"].astype(int))
    arm = arm.astype({"married": str, "nodegree": str})
    found = full_match(arm[["treat", *X]], "treat", X, caliper=0.2)
    assert effect("full").n_persons == int((found.weights > 0).sum())
    sums = weights[weights["alternative"] == "full"].groupby("arm")["weight"].sum()
    assert sums["control"] == pytest.approx(sums["beneficiary"])


def test_weights_of_controls_bring_the_means_of_the_treated(lalonde_round, lalonde_spec, weights):
    balance = balance_table(*lalonde_round, lalonde_spec, weights)
    told = balance[(balance["round_number"] == 0) & (balance["level"] != "value_squared")]
    worst = told.groupby("sample")["smd"].apply(lambda smd: smd.abs().max())
    assert worst["entropy_balancing"] < 1e-8
    assert worst["coarsened_exact"] < worst["pool"]
    n = told[told["sample"] == "coarsened_exact"].iloc[0]
    assert (n["n_beneficiaries"], n["n_controls"]) == (65, 75)


def test_the_order_of_the_rows_changes_nothing(lalonde_round, lalonde_spec, weights):
    shuffled = lalonde_round[0].sample(frac=1, random_state=3)
    again = alternative_weights(shuffled, lalonde_spec, WAYS)
    pd.testing.assert_frame_equal(again, weights)


def test_sets_stay_within_exact_strata(random_world, full_spec):
    world = random_world(5, 20, 80)
    pool = world.match(full_spec).pool.assign(round_number=1)
    last = pool[pool["band_number"] == pool["band_number"].max()]
    found = alternative_weights(last, full_spec, ["full", "propensity_pairs"])
    sets = found.merge(last, on=["person_id", "arm"])
    assert len(sets)
    assert (sets.groupby(["alternative", "set_number"])["level"].nunique() == 1).all()


def test_a_stratum_too_large_for_a_table_is_told(lalonde_round, lalonde_spec, monkeypatch):
    monkeypatch.setattr(named_alternatives, "TABLE_CELLS", 1000)
    with pytest.raises(CheckError, match="185 by 429 people are too many"):
        alternative_weights(lalonde_round[0], lalonde_spec, ["full"])


def test_the_log_odds_alone_may_be_the_distance(lalonde_round, lalonde_spec):
    found = alternative_weights(lalonde_round[0], replace(lalonde_spec, distance="logit"), ["full"])
    assert found["set_number"].notna().all()


@pytest.fixture
def strangers(lalonde_round):
    """Trainees older than every control, and of a race no control has."""
    pool = lalonde_round[0]
    is_treated = pool["arm"] == "beneficiary"
    return pool.assign(
        age=pool["age"].where(~is_treated, pool["age"] + 1000),
        race=pool["race"].where(~is_treated, "none of theirs"),
    )


def test_means_that_no_weights_reach_leave_entropy_balancing_without_rows(strangers, lalonde_spec):
    assert alternative_weights(strangers, lalonde_spec, ["entropy_balancing"]).empty


def test_beneficiaries_without_any_control_in_their_stratum_stand_in_no_set(
    strangers, spec, covariate
):
    bands = {"band_width_days": None, "start_window_days": None, "waiting_days": None}
    alone = spec(covariate("race", scale="category", role="exact"), covariate("age"), **bands)
    assert alternative_weights(strangers, alone, ["full", "propensity_pairs"]).empty


def test_without_a_name_there_is_no_row(lalonde_round, lalonde_spec):
    found = alternative_weights(lalonde_round[0], lalonde_spec, [])
    assert found.columns.tolist() == list(named_alternatives.COLUMNS)
    assert found.empty
