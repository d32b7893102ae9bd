"""Effects from a landmark on: who is still at risk, what was reached by then, what comes after."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from agir_pipeline.methods.effects.event_pairs import PairedTimes, paired_times
from agir_pipeline.methods.mechanism.landmark import at_landmark, landmark_effects
from agir_pipeline.methods.mechanism.risks import risk_factors, risk_tellers
from tests.methods.effects.conftest import leaving

__all__ = ["leaving"]

CUT = date(2011, 1, 1)
PAIRS = ("p1", "p2", "p3", "p4", "p5", "p6")


def pairs_of(leaving, beneficiaries, controls, index_on="2010-03-01") -> PairedTimes:
    """Days to the event of each member; a negative day is another ending, none nothing seen."""
    rows = [
        {
            "pair_id": pair_id,
            "arm": arm,
            "definition": "net",
            "index_on": pd.Timestamp(index_on),
            "time_days": np.nan if day is None else abs(day),
            "cause": 0 if day is None else 1 if day > 0 else 2,
            "follow_up_days": (pd.Timestamp(CUT) - pd.Timestamp(index_on)).days - 30,
        }
        for arm, days in (("beneficiary", beneficiaries), ("control", controls))
        for pair_id, day in zip(PAIRS, days, strict=False)
    ]
    return paired_times(pd.DataFrame(rows), leaving, leaving.definitions[1], CUT)


def told_link(scores):
    """One answer per member: (pair, arm, score, days, before the early end)."""
    return pd.DataFrame(
        [
            {"wave": "youth_middle", "pair_id": p, "arm": a, "overall": s, "answered_days": d,
             "is_before_early_end": b}
            for p, a, s, d, b in scores
        ]
    ).astype({"is_before_early_end": "boolean", "answered_days": "Int64"})  # fmt: skip


NO_LINK = told_link([("p9", "control", 50.0, 1, True)])
DOSE = pd.DataFrame({"pair_id": list(PAIRS), "n_interviews_by_landmark": [0, 3, 2, 1, 0, 5]})


def effects(pairs, leaving, mechanism, link=NO_LINK, dose=DOSE):
    table = landmark_effects(pairs, dose, link, leaving, mechanism, "net", 0.95)
    return table.set_index(["contrast", "level"])


def test_only_pairs_with_both_members_at_risk_after_the_landmark_stay(leaving):
    pairs = pairs_of(leaving, [20, 21, None, -10, 60], [50, None, 90, None, -21])
    later = at_landmark(pairs, 20)
    assert later.pair_ids.tolist() == ["p2", "p3", "p5"]
    assert later.times[0].tolist() == [1, 256, 40]
    assert later.times[1].tolist() == [256, 70, 1]
    # whether a horizon is reached is still decided by the calendar alone
    assert later.complete(70).tolist() == pairs.complete(90)[[1, 2, 4]].tolist()


def test_the_effect_is_counted_from_the_landmark_to_the_horizon(leaving, mechanism):
    pairs = pairs_of(leaving, [10, 91, None, None, 40, None], [None, 60, 90, 80, None, None])
    found = effects(pairs, leaving, mechanism)
    every = found.loc[("all", "all")]
    assert every[["landmark_days", "horizon_days", "n", "n_complete_pairs"]].tolist() == [
        20, 90, 5, 5,
    ]  # fmt: skip
    assert every["risk_beneficiary"] == pytest.approx(1 / 5)
    assert every["risk_control"] == pytest.approx(3 / 5)
    assert every["difference_points"] == pytest.approx(-40)
    assert set(found["claim"]) == {"exploratory"}


def test_by_dose_the_pairs_are_taken_apart_by_what_was_reached(leaving, mechanism):
    pairs = pairs_of(leaving, [10, 91, None, None, 40, None], [None, 60, 90, 80, None, None])
    found = effects(pairs, leaving, mechanism).loc["by_dose"]
    assert found["n"].to_dict() == {"0-1": 2, "2+": 3}
    # a pair of which no dose is told had none
    unknown = effects(pairs, leaving, mechanism, dose=DOSE.iloc[:0]).loc["by_dose"]
    assert unknown["n"].to_dict() == {"0-1": 5}


def test_the_link_counts_as_told_in_time_and_before_any_early_end(leaving, mechanism):
    pairs = pairs_of(leaving, [None, 60, None, None, 80, None], [70, None, None, 50, None, None])
    link = told_link(
        [
            ("p1", "beneficiary", 80.0, 40, True),
            ("p1", "control", 20.0, 40, True),
            ("p2", "beneficiary", 30.0, 5, True),
            ("p2", "control", 70.0, 5, True),
            ("p3", "beneficiary", 90.0, 41, True),
            ("p4", "beneficiary", 90.0, 10, False),
            ("p5", "beneficiary", 10.0, 10, None),
            ("p6", "beneficiary", 60.0, 10, True),
        ]
    )
    found = effects(pairs, leaving, mechanism, link)
    assert found.loc["by_link"]["n"].to_dict() == {"apart": 1, "together": 2}
    assert found.loc[("link_total", "all"), "n"] == 2
    assert found.loc[("link_total", "all"), "landmark_days"] == 40


def test_the_parts_add_up_to_the_whole_difference(leaving, mechanism):
    pairs = pairs_of(leaving, [None, 60, None, None, 80, None], [70, None, None, 50, 66, None])
    rng = np.random.default_rng(1)
    link = told_link(
        [(p, a, rng.uniform(0, 100), 10, True) for p in PAIRS for a in ("beneficiary", "control")]
    )
    points = effects(pairs, leaving, mechanism, link)["difference_points"]
    parts = points[("link_through", "all")] + points[("link_beside", "all")]
    assert parts == pytest.approx(points[("link_total", "all")])
    assert points[("link_total", "all")] == pytest.approx(100 * (2 - 3) / 6)


def test_what_is_not_evaluable_is_not_told(leaving, mechanism):
    pairs = pairs_of(leaving, [None, 25], [22, None], index_on="2010-10-01")
    found = effects(pairs, leaving, mechanism)
    assert found.loc[("all", "all"), "n"] == 2
    assert found.loc[("all", "all"), "n_complete_pairs"] == 0
    assert found["difference_points"].isna().all()


def test_a_landmark_after_the_horizon_gives_no_row(leaving, mechanism):
    late = {
        **mechanism.link.model_dump(by_alias=True),
        "landmark_days": {"value": 90, "unit": "d", "source": "s"},
    }
    after = mechanism.model_copy(
        update={
            "landmark_days": mechanism.landmark_days.model_copy(update={"value": 90}),
            "link": type(mechanism.link).model_validate(late),
        }
    )
    pairs = pairs_of(leaving, [None], [None])
    assert effects(pairs, leaving, after).empty
    told = pd.DataFrame(RISKS).iloc[:1].assign(is_poor=pd.array([True], dtype="boolean"))
    table = risk_factors(told, pairs, leaving, after, 0.95)
    assert table["n_at_landmark"].isna().all()


RISKS = [
    {"pair_id": p, "arm": "control", "moment": m, "answered_days": d, "is_poor": r}
    for p, m, d, r in [
        ("p1", "start", 1, True), ("p2", "start", 1, False), ("p3", "start", 21, True),
        ("p4", "start", 20, True), ("p5", "start", -3, False), ("p6", "start", 2, None),
        ("p1", "end", 200, True), ("p2", "end", 200, True),
    ]
]  # fmt: skip


def test_risks_held_at_the_start_and_what_came_after_the_landmark(leaving, mechanism):
    told = pd.DataFrame(RISKS).astype({"is_poor": "boolean", "answered_days": "Int64"})
    pairs = pairs_of(leaving, [None] * 6, [60, None, 70, None, 10, None])
    table = risk_factors(told, pairs, leaving, mechanism, 0.95)
    start, end = (table[table["moment"] == m].iloc[0] for m in ("start", "end"))
    assert start[["n_told", "n_with"]].tolist() == [5, 3]
    assert start["share"] == pytest.approx(0.6)
    # p3 answered after the landmark, p5 left before it, p6 did not say
    assert start[["n_at_landmark", "n_with_at_landmark"]].tolist() == [3, 2]
    assert start["event_risk_with"] == pytest.approx(1 / 2)
    assert start["event_risk_without"] == 0
    assert start["difference_points"] == pytest.approx(50)
    assert pd.isna(start["risk_ratio"])
    assert end["share"] == 1
    assert pd.isna(end["event_risk_with"])


def test_whoever_told_a_risk_or_its_absence_is_named(mechanism):
    told = pd.DataFrame(
        {
            "person_id": ["a", "b", "c"],
            "arm": "control",
            "moment": "start",
            "is_poor": pd.array([True, False, None], dtype="boolean"),
        }
    )
    tellers = risk_tellers(told, mechanism)
    assert tellers["person_id"].tolist() == ["a", "b"]
    assert set(tellers["risk_factor"]) == {"poor"}


def test_a_risk_that_everybody_has_is_compared_with_nobody(leaving, mechanism):
    told = pd.DataFrame(RISKS).astype({"is_poor": "boolean", "answered_days": "Int64"})
    told = told[told["is_poor"].fillna(False)]
    pairs = pairs_of(leaving, [None] * 6, [60, None, 70, None, 10, None])
    table = risk_factors(told, pairs, leaving, mechanism, 0.95)
    assert table["event_risk_with"].isna().all()
    assert table["n_with_at_landmark"].dropna().tolist() == [2]
