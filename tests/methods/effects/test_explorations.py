"""Subgroups and the specification curve: the same pairs looked at in several ways."""

from datetime import date
from math import isnan, sqrt

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from agir_pipeline.methods.effects.causes import numbered_pairs, of_any_cause
from agir_pipeline.methods.effects.paired import PairedTable, bonett_price
from agir_pipeline.methods.effects.pairs_kept import Doubts, pairs_kept
from agir_pipeline.methods.effects.specifications import (
    OF_STATUS,
    SPECIFICATION_COLUMNS,
    event_specifications,
    status_specifications,
)
from agir_pipeline.methods.effects.status_tables import STATUS_EFFECT_COLUMNS
from agir_pipeline.methods.effects.subgroups import (
    SUBGROUP_COLUMNS,
    event_subgroups,
    interaction,
    status_subgroups,
)

CUT = date(2010, 12, 31)
NO_CAUSES = pd.DataFrame(columns=["definition", "pair_id", "arm", "reason"])


def pairs_of(leaving, n_both, n_beneficiary, n_control, n_neither, late=0):
    """Pairs of both definitions followed to the end; ``late`` ones are not followed at all."""
    kinds = [(1, 1)] * n_both + [(1, 0)] * n_beneficiary + [(0, 1)] * n_control
    kinds += [(0, 0)] * (n_neither + late)
    rows = []
    for place, events in enumerate(kinds):
        is_late = place >= len(kinds) - late
        index_on = pd.Timestamp(2010, 12, 30) if is_late else pd.Timestamp(2010, 1, 1)
        for definition, wait in (("gross", 10), ("net", 30)):
            follow = max((pd.Timestamp(CUT) - index_on).days - wait, 0)
            for arm, event in zip(("beneficiary", "control"), events, strict=True):
                time = 15 if event else None
                rows.append((definition, f"p{place:02d}", arm, index_on, time, event, follow))
    names = ["definition", "pair_id", "arm", "index_on", "time_days", "cause", "follow_up_days"]
    table = pd.DataFrame(rows, columns=names)
    return of_any_cause(numbered_pairs(table, NO_CAUSES, leaving, CUT), leaving)


@pytest.fixture
def grouped(inference):
    return inference().model_copy(update={"subgroups": ("kind",)})


def test_interaction_worked_by_hand():
    # effects 0 and 2 with errors 1 and 1: mean 1, Q = 2
    statistic, df, p_value = interaction([0.0, 2.0], [1.0, 1.0])
    assert (statistic, df) == (2.0, 1)
    assert p_value == pytest.approx(stats.chi2.sf(2, 1))


def test_one_effect_cannot_differ():
    statistic, df, p_value = interaction([0.3], [0.1])
    assert isnan(statistic)
    assert df == 0
    assert isnan(p_value)


def test_the_effect_of_each_level_is_that_of_its_own_pairs(leaving, grouped):
    pairs = pairs_of(leaving, 1, 2, 5, 12, late=1)
    ids = pairs["net"].pair_ids.tolist()
    levels = pd.DataFrame({"kind": ["a"] * 10 + [None] * 10 + ["late"]}, index=ids)
    table = event_subgroups(pairs, levels, leaving, grouped, CUT)
    assert list(table.columns) == list(SUBGROUP_COLUMNS)
    own = table.set_index("level")
    # the first ten pairs: 1 both, 2 beneficiary only, 5 control only, 2 neither
    expected = bonett_price(PairedTable(1, 2, 5, 2), 0.95)
    assert own.loc["a", "difference_points"] == pytest.approx(100 * expected.estimate)
    assert own.loc["a", "ci_low_points"] == pytest.approx(100 * expected.ci_low)
    assert own.loc["missing", "n_complete_pairs"] == 10
    assert own.loc["late", ["n", "n_complete_pairs"]].tolist() == [1, 0]
    assert pd.isna(own.loc["late", "difference_points"])
    assert set(own["interaction_df"]) == {1}
    rest = bonett_price(PairedTable(0, 0, 0, 10), 0.95)
    centres = [(e.ci_low + e.ci_high) / 2 for e in (expected, rest)]
    q = (centres[0] - centres[1]) ** 2 / (expected.standard_error**2 + rest.standard_error**2)
    assert own.loc["a", "interaction_statistic"] == pytest.approx(q)
    assert set(table["claim"]) == {"exploratory"}
    assert set(table["horizon_days"]) == {90}


def test_an_interim_release_compares_no_levels(leaving, grouped):
    pairs = pairs_of(leaving, 1, 2, 5, 12)
    levels = pd.DataFrame({"kind": list("ab") * 10}, index=pairs["net"].pair_ids)
    final = {"value": date(2012, 1, 1), "unit": "day", "source": "test"}
    later = type(grouped).model_validate(grouped.model_dump() | {"final_on": final})
    table = event_subgroups(pairs, levels, leaving, later, CUT)
    assert table[["interaction_statistic", "interaction_p"]].isna().all(axis=None)


def test_a_status_is_told_for_due_pairs_that_both_answered(working, grouped, draw):
    answers = draw("""
    definition | pair_id | arm         | is_due | is_respondent | status
    lasting    | p1      | beneficiary | true   | true          | true
    lasting    | p1      | control     | true   | true          | false
    lasting    | p2      | beneficiary | true   | true          | true
    lasting    | p2      | control     | true   | false         |
    lasting    | p3      | beneficiary | false  | true          | true
    lasting    | p3      | control     | true   | true          | false
    lasting    | p4      | beneficiary | true   | true          | false
    lasting    | p4      | control     | true   | true          | false
    """)
    levels = pd.DataFrame({"kind": ["a", "a", "a", "b"]}, index=["p1", "p2", "p3", "p4"])
    table = status_subgroups(answers, levels, working, grouped, CUT).set_index("level")
    assert table["n"].to_dict() == {"a": 2, "b": 1}
    assert table["n_complete_pairs"].to_dict() == {"a": 1, "b": 1}
    expected = bonett_price(PairedTable(0, 1, 0, 0), 0.95)
    assert table.loc["a", "ci_high_points"] == pytest.approx(100 * expected.ci_high)
    assert table["interaction_df"].tolist() == [1, 1]


def test_every_choice_is_there_once_and_one_is_primary(leaving, inference):
    pairs = pairs_of(leaving, 1, 2, 5, 12)
    some = frozenset(pairs["net"].pair_ids.tolist()[:10])
    table = event_specifications(pairs, {"unrelaxed": some}, leaving, inference())
    assert list(table.columns) == list(SPECIFICATION_COLUMNS)
    assert len(table) == 2 * 2 * 2 * 2
    assert table["specification_number"].tolist() == list(range(1, 17))
    [primary] = table[table["is_primary"]].to_dict("records")
    assert (primary["definition"], primary["horizon_days"]) == ("net", 90)
    assert (primary["pairs_kept"], primary["weighting"]) == ("all", "censored")
    assert primary["estimate_points"] == pytest.approx(100 * (2 - 5) / 20)
    kept = table[(table["pairs_kept"] == "unrelaxed") & (table["weighting"] == "complete_pairs")]
    assert set(kept["n"]) == {10}
    expected = bonett_price(PairedTable(1, 2, 5, 2), 0.95)
    assert kept["ci_low_points"].tolist() == pytest.approx([100 * expected.ci_low] * 4)
    # without censoring both weightings say the same
    same = table.pivot_table("estimate_points", ["definition", "pairs_kept"], "weighting")
    assert same["censored"].tolist() == pytest.approx(same["complete_pairs"].tolist())


def test_doubts_that_drop_the_same_pairs_have_the_same_rows(leaving, inference):
    pairs = pairs_of(leaving, 1, 2, 5, 12)
    some = frozenset(pairs["net"].pair_ids.tolist()[:10])
    table = event_specifications(pairs, {"one": some, "two": some}, leaving, inference())
    figures = ["definition", "horizon_days", "weighting", "n", "estimate_points", "ci_low_points"]
    one, two = (table.loc[table["pairs_kept"] == name, figures] for name in ("one", "two"))
    assert len(one) == 8
    assert one.to_numpy().tolist() == two.to_numpy().tolist()


def test_a_choice_that_is_not_evaluable_has_no_row(leaving, inference):
    pairs = pairs_of(leaving, 0, 0, 0, 0, late=3)
    assert event_specifications(pairs, {}, leaving, inference()).empty


ANSWERS = """
definition | pair_id | arm         | is_due | is_respondent | status
lasting    | p1      | beneficiary | true   | true          | true
lasting    | p1      | control     | true   | true          | false
lasting    | p2      | beneficiary | true   | true          | true
lasting    | p2      | control     | true   | false         |
lasting    | p3      | beneficiary | true   | false         |
lasting    | p3      | control     | true   | true          | true
lasting    | p4      | beneficiary | true   | false         |
lasting    | p4      | control     | true   | false         |
"""


def test_a_status_has_its_weightings_and_its_bounds(working, inference, draw):
    row = dict.fromkeys(STATUS_EFFECT_COLUMNS, None)
    row |= {
        name: float(k) for k, name in enumerate(STATUS_EFFECT_COLUMNS) if name.endswith("_points")
    }
    row |= {"definition": "lasting", "is_evaluable": True, "n_due": 9, "n_complete_pairs": 4}
    effects = pd.DataFrame([row, row | {"definition": "any_job", "is_evaluable": False}])
    answers, judged = draw(ANSWERS), inference()
    table = status_specifications(effects, answers, {}, working, judged).set_index("weighting")
    assert list(table.index) == list(OF_STATUS)
    assert table["is_primary"].tolist() == [True, False, False, False, False]
    assert table["n"].tolist() == [9, 9, 4, 9, 9]
    assert table.loc["lee_bounds", "ci_low_points"] == row["lee_low_points"]
    assert pd.isna(table.loc["worst_case", "estimate_points"])
    assert pd.isna(table.loc["none", "ci_low_points"])


def test_a_status_is_told_again_of_the_pairs_a_stricter_reader_keeps(working, inference, draw):
    row = dict.fromkeys(STATUS_EFFECT_COLUMNS, None)
    row |= {"definition": "lasting", "is_evaluable": True, "n_due": 4, "n_complete_pairs": 1}
    kept = {"close": frozenset(["p1", "p2"]), "silent": frozenset(["p4"]), "none": frozenset()}
    table = status_specifications(pd.DataFrame([row]), draw(ANSWERS), kept, working, inference())
    own = table[table["pairs_kept"] != "all"]
    assert own[["pairs_kept", "weighting", "n"]].to_numpy().tolist() == [
        ["close", "none", 2], ["close", "complete_pairs", 1],
    ]  # fmt: skip
    # both beneficiaries answered yes, the one control that answered no
    assert own["estimate_points"].tolist() == pytest.approx([100.0, 100.0])
    unjudged = working.model_copy(update={"primary_definition": None})
    told = status_specifications(pd.DataFrame([row]), draw(ANSWERS), kept, unjudged, inference())
    assert set(told["pairs_kept"]) == {"all"}


def test_stricter_readers_keep_the_pairs_they_ask_for(draw):
    pairs = draw("""
    pair_id | beneficiary_person_id | control_person_id | relaxation_level | logit_gap | caliper
    p1      | ann                   | ada               | 0                | 0.1       | 0.2
    p2      | bea                   | ben               | 1                | 0.11      | 0.2
    p3      | cat                   | cid               | 0                | 0.05      | 0.2
    """)
    kept = pairs_kept(pairs, Doubts({"cid", "zoe"}))
    assert kept == {
        "unrelaxed": {"p1", "p3"}, "half_caliper": {"p1", "p3"}, "never_supported": {"p1", "p2"},
        "without_findings": {"p1", "p2", "p3"},
    }  # fmt: skip
    doubts = Doubts(set(), {"bea", "cid"}, {"p3"}, {"employer": {"p1"}, "training_body": ()})
    kept = pairs_kept(pairs, doubts)
    assert kept["not_helped_elsewhere"] == {"p1"}
    assert kept["without_findings"] == {"p1", "p2"}
    assert kept["other_employer"] == {"p2", "p3"}
    assert kept["other_training_body"] == {"p1", "p2", "p3"}
    loose = pairs.assign(caliper=pd.Series([None] * 3, dtype="Float64"))
    assert "half_caliper" not in pairs_kept(loose, Doubts(set()))


def test_controls_may_be_seen_until_supported_and_time_may_run_from_the_start(leaving, inference):
    """Of 20 controls six have the event, on day 15; one of them is supported on day 10."""
    pairs = pairs_of(leaving, 1, 2, 5, 12)
    ids = pairs["net"].pair_ids
    before = pd.DataFrame(
        {"elapsed_days": 15, "supported_days": np.nan, "stratum": "all"}, index=pd.Index(ids)
    )
    before.loc[ids[4], "supported_days"] = 10
    table = event_specifications(pairs, {}, leaving, inference(), before)
    own = table[(table["definition"] == "net") & (table["horizon_days"] == 90)]
    told = own.set_index(["counted_from", "weighting"])["estimate_points"]
    assert told["index", "censored"] == pytest.approx(100 * (3 - 6) / 20)
    # 19 controls are left, of whom five have the event
    assert told["index", "while_unsupported"] == pytest.approx(100 * (3 / 20 - 5 / 19))
    # everybody enters after 15 days and nobody ends before: the same, 15 days later
    assert told["contract_start", "censored"] == pytest.approx(100 * (3 - 6) / 20)
    assert own["is_primary"].sum() == 1
    # no pair has begun on the 30th day of a contract that counts 40 days before
    late = event_specifications(pairs, {}, leaving, inference(), before.assign(elapsed_days=40))
    starts = late[late["counted_from"] == "contract_start"]
    assert set(starts["horizon_days"]) == {90}
    early = pairs_of(leaving, 0, 0, 0, 0, late=3)
    nothing = event_specifications(early, {}, leaving, inference(), before.iloc[:3].set_axis(
        early["net"].pair_ids))  # fmt: skip
    assert nothing.empty


def test_a_variant_is_told_of_all_pairs_alone(leaving, inference):
    pairs = pairs_of(leaving, 1, 2, 5, 12)
    some = frozenset(pairs["net"].pair_ids.tolist()[:10])
    gross = leaving.definitions[0].model_copy(update={"is_variant": True})
    beside = leaving.model_copy(update={"definitions": (gross, leaving.definitions[1])})
    table = event_specifications(pairs, {"unrelaxed": some}, beside, inference())
    kept = table.groupby("definition")["pairs_kept"].unique().map(list).to_dict()
    assert kept == {"gross": ["all"], "net": ["all", "unrelaxed"]}


def test_the_error_of_a_difference_grows_as_pairs_are_left_out(leaving, inference):
    pairs = pairs_of(leaving, 1, 2, 5, 12)
    some = frozenset(pairs["net"].pair_ids.tolist()[:10])
    table = event_specifications(pairs, {"unrelaxed": some}, leaving, inference())
    width = (table["ci_high_points"] - table["ci_low_points"]).groupby(table["pairs_kept"]).mean()
    assert width["unrelaxed"] > sqrt(1.5) * width["all"]
