"""Scales by party: how reliable, how changed; respondents who answer for several."""

import numpy as np
import pandas as pd
import pytest

from agir_pipeline.methods.mechanism.change import clustered_mean
from agir_pipeline.methods.mechanism.posture import posture_change, scale_reliability
from agir_pipeline.methods.mechanism.reliability import cronbach_alpha
from agir_pipeline.methods.mechanism.scales import told_scales, with_party

ANSWERS = """
wave        | pair_id | arm         | a | a_old | b | c | who
firm_start  | p1      | beneficiary | 2 | 2     | 1 | 2 | F1
firm_start  | p2      | beneficiary | 3 | 4     | 3 | 2 | F1
firm_start  | p3      | beneficiary | 4 |       | 5 | 4 | F2
firm_start  | p1      | control     | 1 |       | 2 | 1 | F2
firm_start  | p2      | control     | 5 |       | 4 | 5 | F3
firm_end    | p1      | beneficiary | 5 |       | 5 | 5 | F1
firm_end    | p2      | beneficiary | 4 |       | 3 | 4 | F1
firm_end    | p3      | beneficiary | 4 |       | 5 | 4 | F2
firm_end    | p1      | control     | 1 |       | 1 | 1 | F2
firm_end    | p4      | control     | 1 |       | 1 | 1 | F2
youth_end   | p1      | beneficiary | 4 |       | 4 | 5 |
youth_end   | p2      | beneficiary | 3 |       | 3 | 4 |
youth_end   | p3      | beneficiary | 3 |       | 5 | 5 |
youth_end   | p1      | control     |   |       |   |   |
"""


@pytest.fixture
def told(draw, mechanism, limits):
    return told_scales(with_party(draw(ANSWERS), mechanism), mechanism, limits)


def test_change_of_the_same_party_with_one_respondent_taken_together(told, mechanism):
    table = posture_change(told, mechanism, 0.95, is_final=True)
    firm = table[table["party"] == "firm"].set_index("arm")
    row = firm.loc["beneficiary"]
    # comparable scores: often from a alone, well from b and c
    before = np.array([(25 + 12.5) / 2, (50 + 37.5) / 2, (75 + 87.5) / 2])
    after = np.array([100, (75 + 62.5) / 2, (75 + 87.5) / 2])
    by_hand = clustered_mean(after - before, ["F1", "F1", "F2"], 0.95)
    assert row["mean_change"] == pytest.approx(by_hand.estimate)
    assert (row["ci_low"], row["ci_high"]) == pytest.approx((by_hand.ci_low, by_hand.ci_high))
    assert row[["n_start", "n_end", "n_compared"]].tolist() == [3, 3, 3]
    assert row["mean_end"] == pytest.approx(after.mean())
    # at the start the old item counts too: 2 of 1–4 is 33.3
    assert row["mean_start"] == pytest.approx(
        np.mean([((25 + 100 / 3) / 2 + 12.5) / 2, (75 + 37.5) / 2, before[2]])
    )
    assert firm.loc["control", ["n_start", "n_end", "n_compared"]].tolist() == [2, 2, 1]
    assert firm["difference"].nunique() == 1
    assert firm.loc["beneficiary", "difference"] == pytest.approx((after - before).mean() + 6.25)


def test_the_index_of_reliable_change_uses_alpha_at_the_start(told, mechanism, draw):
    table = posture_change(told, mechanism, 0.95, is_final=True)
    row = table[(table["party"] == "firm") & (table["arm"] == "beneficiary")].iloc[0]
    start = draw(ANSWERS)
    start = start[start["wave"] == "firm_start"][["a", "b", "c"]].to_numpy(dtype=float)
    assert row["reliability"] == pytest.approx(cronbach_alpha(start))
    assert row[["share_improved", "share_deteriorated"]].tolist() == pytest.approx([2 / 3, 0])


def test_a_party_asked_at_the_end_alone_has_no_change(told, mechanism):
    table = posture_change(told, mechanism, 0.95, is_final=True)
    youth = table[table["party"] == "youth"].set_index("arm")
    assert youth.loc["beneficiary", ["n_start", "n_end", "n_compared"]].tolist() == [0, 3, 0]
    assert youth["mean_change"].isna().all()
    assert youth.loc["control", "n_end"] == 0
    assert youth["wilcoxon_p"].isna().all()


def test_interim_releases_hold_no_p_value(told, mechanism):
    final = posture_change(told, mechanism, 0.95, is_final=True)
    interim = posture_change(told, mechanism, 0.95, is_final=False)
    assert final["wilcoxon_p"].notna().any()
    assert interim["wilcoxon_p"].isna().all()
    for table in (final, interim):
        assert set(table["claim"]) == {"exploratory"}
        assert table["method"].str.contains("may come after a rupture").all()


def test_reliability_by_party_and_moment_and_between_parties(told, mechanism):
    table = scale_reliability(told, mechanism).set_index(["party", "moment"])
    assert set(table.index) == {
        ("firm", "start"), ("firm", "end"), ("youth", "end"), ("together", "end"),
    }  # fmt: skip
    assert table.loc[("firm", "start"), ["n_answers", "n_items"]].tolist() == [5, 3]
    together = table.loc[("together", "end")]
    assert together[["n_answers", "n_compared"]].tolist() == [8, 3]
    assert together["krippendorff_alpha"] < 1
    assert pd.isna(together["alpha"])


def test_nobody_answered(told, mechanism, limits, draw):
    empty = draw(ANSWERS).iloc[:0]
    nothing = told_scales(with_party(empty, mechanism), mechanism, limits)
    assert scale_reliability(nothing, mechanism).empty
    assert posture_change(nothing, mechanism, 0.95, is_final=True).empty
