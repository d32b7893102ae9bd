"""Studies without an index rule: one band, everybody at risk, the golden optimum of Lalonde."""

import math
import time
from datetime import date

import numpy as np
import pandas as pd
import pytest

from agir_pipeline.methods.matching.records import Round
from agir_pipeline.methods.matching.rounds import match_round
from agir_pipeline.methods.matching.spec import MatchingSpec

NO_RULE = {"band_width_days": None, "start_window_days": None, "waiting_days": None}


def people(rows: pd.DataFrame) -> pd.DataFrame:
    missing = ["contract_start_on", "supported_since_on", "listed_since_on", "consented_on"]
    return pd.DataFrame(
        {
            "person_id": rows["id"],
            "tie_order": rows["id"],
            "arm": np.where(rows["is_treated"], "beneficiary", "control"),
            "elapsed_delay_days": np.nan,
            "has_consent_rule": False,
            "blocked_reason": None,
            **dict.fromkeys(missing, pd.NaT),
        }
    )


def match(rows: pd.DataFrame, spec: MatchingSpec) -> Round:
    def never(edge):
        raise AssertionError("at_risk has no meaning here")

    return match_round(people(rows), lambda _edge: rows, never, spec, date(2026, 1, 1), {})


@pytest.fixture
def score(covariate):
    numbers = [
        covariate(n, in_propensity=True)
        for n in ("age", "educ", "married", "nodegree", "re74", "re75")
    ]
    return [*numbers, covariate("race", scale="category", in_propensity=True)]


def test_the_optimum_inside_the_golden_caliper(lalonde, spec, score, golden):
    whole = {"caliper_convention": "whole", "distance": "logit", **NO_RULE}
    found = match(lalonde, spec(*score, **whole))
    assert found.models[0]["caliper"] == pytest.approx(0.360902392537548, abs=1e-7)
    assert len(found.pairs) >= 117
    assert found.pairs["logit_gap"].max() <= found.models[0]["caliper"]
    assert found.pairs["elapsed_days"].isna().all()
    assert set(found.unmatched["reason"]) <= {"outside_caliper", "priced_out"}
    pooled = match(lalonde, spec(*score, distance="logit", **NO_RULE))
    assert pooled.models[0]["caliper"] == pytest.approx(0.269294, abs=1e-6)


def test_without_a_caliper_the_total_is_the_known_optimum(lalonde, spec, score):
    wide = {"distance": "logit", "caliper_multiple": 1e6, **NO_RULE}
    found = match(lalonde, spec(*score, **wide))
    assert len(found.pairs) == 185
    assert found.certificates["total_distance"].sum() == pytest.approx(191.755964872, abs=1e-5)
    assert found.unmatched.empty


def test_a_person_in_both_arms_is_not_its_own_control(lalonde, spec, covariate):
    rows = pd.concat([lalonde.iloc[:3], lalonde.iloc[:2].assign(is_treated=False), lalonde[-1:]])
    found = match(rows, spec(covariate("age"), **NO_RULE))
    assert len(found.pairs) == 1
    assert found.pairs["control_person_id"].tolist() == [lalonde["id"].iloc[-1]]
    assert (found.unmatched["reason"] == "priced_out").all()


def test_a_pool_of_sixteen_thousand_takes_seconds(spec, score):
    rng = np.random.default_rng(185)
    n = 185 + 15_992
    treated = np.arange(n) < 185
    rows = pd.DataFrame(
        {
            "id": [f"u{i:05}" for i in range(n)],
            "is_treated": treated,
            "age": rng.integers(17, 55, n) - 5.0 * treated,
            "educ": rng.integers(3, 18, n) - 1.0 * treated,
            "married": (rng.random(n) < np.where(treated, 0.2, 0.7)).astype(float),
            "nodegree": (rng.random(n) < np.where(treated, 0.7, 0.3)).astype(float),
            "re74": rng.exponential(np.where(treated, 2000, 14000), n).round(1),
            "re75": rng.exponential(np.where(treated, 1500, 13500), n).round(1),
            "race": rng.choice(["black", "hispan", "white"], n),
        }
    )
    began = time.perf_counter()
    found = match(rows, spec(*score, leave_out_price=math.inf, **NO_RULE))
    assert time.perf_counter() - began < 20
    assert len(found.pairs) > 150
    assert found.certificates["gap"].abs().max() <= 1e-9
