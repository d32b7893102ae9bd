"""The link of a triad: who told it, in which version, before the end or after, and its changes."""

import numpy as np
import pandas as pd
import pytest

from agir_pipeline.methods.mechanism.link import (
    link_answers,
    link_class,
    link_index,
    link_moves,
    link_transitions,
)
from agir_pipeline.methods.mechanism.scales import item_limits, told_scales, with_party

ANSWERS = """
wave        | pair_id | arm         | person_id | answered_days | is_before_early_end | a | a_old | b | c | who
firm_start  | p1      | beneficiary | ada       | 1             | true                |   | 4     | 3 | 5 | F1
youth_end   | p1      | beneficiary | ada       | 200           | false               | 5 |       | 5 |   |
firm_end    | p1      | beneficiary | ada       | 190           | true                | 5 |       | 5 | 5 | F1
firm_start  | p1      | control     | ben       | 1             |                     | 3 | 1     | 1 | 1 | F1
firm_end    | p1      | control     | ben       | 190           |                     | 2 |       | 1 | 1 | F2
firm_start  | p2      | control     | cid       | 1             | true                |   |       |   |   | F3
firm_start  | p3      | control     | dan       | 1             | true                |   | 1     |   |   | F3
firm_end    | p3      | control     | dan       | 190           | true                | 3 |       |   |   | F3
other_wave  | p3      | control     | dan       | 190           | true                | 5 |       | 5 | 5 | F3
"""  # noqa: E501


@pytest.fixture
def told(draw, mechanism, limits):
    rows = with_party(draw(ANSWERS), mechanism)
    return link_answers(rows, told_scales(rows, mechanism, limits), mechanism)


def test_each_item_counts_between_its_own_limits_and_nothing_is_imputed(told, mechanism):
    index = link_index(told, mechanism).set_index(["pair_id", "arm", "moment"])
    start = index.loc[("p1", "beneficiary", "start")]
    # 4 of 1–4 is 100; 3 and 5 of 1–5 are 50 and 100
    assert start[["often", "well", "link_score"]].tolist() == [100, 75, 87.5]
    assert start["link_class"] == "together"
    only_old = index.loc[("p3", "control", "start")]
    assert only_old["link_score"] == 0
    assert np.isnan(only_old["well"])
    assert only_old["is_partial"]
    assert not start["is_partial"]


def test_who_contributed_and_whether_all_of_it_came_before_the_early_end(told, mechanism):
    index = link_index(told, mechanism).set_index(["pair_id", "arm", "moment"])
    both = index.loc[("p1", "beneficiary", "end")]
    assert both[["has_youth", "has_firm", "n_parties"]].tolist() == [True, True, 2]
    assert not both["is_before_early_end"]
    assert index.loc[("p1", "beneficiary", "start"), "is_before_early_end"]
    assert pd.isna(index.loc[("p1", "control", "end"), "is_before_early_end"])
    assert ("p2", "control", "start") not in index.index


def test_limits_belong_to_the_upper_class_and_can_be_moved(mechanism):
    scores = pd.Series([0, 39.9, 40, 50, 100, np.nan])
    told = link_class(scores, mechanism.link.classes).tolist()
    assert told[:5] == ["apart", "apart", "apart", "together", "together"]
    assert pd.isna(told[5])
    moved = link_class(scores, mechanism.link.classes, -10.0).tolist()
    assert moved[:5] == ["apart", "apart", "together", "together", "together"]


def test_a_change_is_of_the_same_party_and_of_items_asked_alike(told, mechanism):
    table = link_transitions(link_index(told, mechanism), told, mechanism, 0.95)
    own = table[table["shift_points"] == 0].set_index(["arm", "class_start", "class_end"])
    assert own["n_persons"].to_dict() == {
        ("beneficiary", "together", "together"): 1,
        ("control", "apart", "apart"): 1,
        ("control", "apart", "together"): 1,
    }
    # ada's firm: well 75 → 100 and often asked alike at the end alone: comparable 75 → 100;
    # ben's firm: (50, 0) → (25, 0); dan's told nothing alike at the start
    mean = own["mean_change"]
    assert mean[("beneficiary", "together", "together")] == 25
    assert mean[("control", "apart", "apart")] == -12.5
    assert set(own["n_compared"]) == {1}
    assert set(own["difference"]) == {37.5}


def test_each_triad_that_moved_is_known_by_name(told, mechanism):
    moves = link_moves(link_index(told, mechanism), mechanism)
    own = moves[moves["shift_points"] == 0].set_index("person_id")
    assert own[["class_start", "class_end"]].apply(tuple, axis=1).to_dict() == {
        "ada": ("together", "together"),
        "ben": ("apart", "apart"),
        "dan": ("apart", "together"),
    }


def test_moved_limits_stand_beside(told, mechanism):
    table = link_transitions(link_index(told, mechanism), told, mechanism, 0.95)
    assert set(table["shift_points"]) == {-10, 0}
    assert table.groupby("shift_points")["n_persons"].sum().tolist() == [3, 3]
    assert set(table["claim"]) == {"exploratory"}
    assert table["method"].str.contains("may come after a rupture").all()


def test_before_the_end_there_is_no_transition(told, mechanism):
    start = told[told["moment"] == "start"]
    assert link_transitions(link_index(start, mechanism), start, mechanism, 0.95).empty


def test_the_limits_of_an_item_are_those_of_its_source(agir):
    limits = item_limits(agir)
    assert limits["link_frequency_of_4"] == (1, 4)
    assert limits["link_1"] == (1, 5)
    assert "activity_status" not in limits
