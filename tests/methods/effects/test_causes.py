"""Curves, causes and time free of an event: invented pairs, every figure worked by hand."""

from datetime import date

import pandas as pd
import pytest
from scipy import stats

from agir_pipeline.methods.effects.cause_tables import CAUSE_COLUMNS, cause_table
from agir_pipeline.methods.effects.causes import (
    cause_classes,
    cause_names,
    numbered_pairs,
    of_any_cause,
)
from agir_pipeline.methods.effects.free_time_tables import TESTS, free_time_table
from agir_pipeline.methods.effects.incidence_tables import INCIDENCE_COLUMNS, incidence_table

from .conftest import LABELS, fact

CUT = date(2010, 12, 31)

TIMES = """
definition | pair_id | arm         | index_on   | time_days | cause | follow_up_days
gross      | p1      | beneficiary | 2010-03-01 | 20        | 1     | 295
gross      | p1      | control     | 2010-03-01 | 10        | 1     | 295
gross      | p2      | beneficiary | 2010-03-01 | 40        | 2     | 295
gross      | p2      | control     | 2010-03-01 | 10        | 1     | 295
gross      | p3      | beneficiary | 2010-03-01 |           | 0     | 295
gross      | p3      | control     | 2010-03-01 | 95        | 1     | 295
gross      | p4      | beneficiary | 2010-12-01 |           | 0     | 20
gross      | p4      | control     | 2010-12-01 | 25        | 1     | 20
gross      | p5      | beneficiary | 2010-03-01 | 5         | 1     |
gross      | p5      | control     | 2010-03-01 |           | 0     | 295
"""
TOLD = """
pair_id | arm         | answered_days | situation
p1      | beneficiary | 200           | looking
p1      | beneficiary | 20            | at_work
p1      | beneficiary | 19            | looking
p1      | control     | 11            |
p1      | control     | 90            | looking
p2      | control     | 9             | at_work
p9      | control     | 90            | at_work
"""
"""On the day of the event, before it, without a situation, of somebody else."""
NOBODY_TOLD = pd.DataFrame(columns=["pair_id", "arm", "answered_days", "situation"])
CAUSES = """
definition | pair_id | arm         | reason | initiative | next_days | seen_days
gross      | p1      | beneficiary | quit   | boss       | 12        | 270
gross      | p1      | control     | quit   |            | 45        | 280
gross      | p2      | control     |        | boss       |           | 280
gross      | p3      | control     | odd    | boss       |           | 10
"""


@pytest.fixture(scope="module")
def caused(leaving):
    """``leaving`` with two classes of causes, and days up to which free time is told."""
    classes = [
        {"name": "own", "labels": LABELS, "codes": ["quit"]},
        {"name": "other", "labels": LABELS, "codes": ["fired", "closed"]},
    ]
    told = {
        "reason_column": "why", "initiative_column": "whose", "source": "test", "class": classes,
        "follow_windows_days": fact([30, 60]),
    }  # fmt: skip
    raw = leaving.model_dump(by_alias=True) | {"causes": told, "free_time_days": fact([90])}
    raw["definition"] = raw["definition"][:1]
    return type(leaving).model_validate(raw | {"primary_definition": None})


@pytest.fixture
def numbered(caused, draw):
    return numbered_pairs(draw(TIMES), draw(CAUSES), caused, CUT)


def test_a_reason_in_no_class_and_a_missing_one_are_not_told(caused, leaving):
    reasons = pd.Series(["quit", "closed", "odd", None], dtype="string")
    assert cause_classes(reasons, caused).tolist() == ["own", "other", "not_told", "not_told"]
    assert cause_names(caused) == ["own", "other", "not_told", "normal_end"]
    assert cause_names(leaving) == ["event", "normal_end"]


def test_an_event_without_classes_needs_no_reasons_even_before_the_first_pair(leaving, draw):
    none_asked = pd.DataFrame(columns=["definition", "pair_id", "arm", "reason"])
    nobody = draw(TIMES).iloc[:0].astype({"pair_id": "float64"})
    pairs = numbered_pairs(nobody, none_asked, leaving, CUT)
    assert pairs["gross"].n_pairs == 0


def test_endings_are_numbered_and_come_back_as_one_event(numbered, caused):
    pairs = numbered["gross"]
    assert pairs.n_pairs == 4
    assert pairs.n_missing_pairs == 1
    assert pairs.causes.tolist() == [[1, 4, 0, 0], [1, 3, 3, 0]]
    together = of_any_cause(numbered, caused)["gross"]
    assert together.causes.tolist() == [[1, 2, 0, 0], [1, 1, 1, 0]]


def test_without_classes_every_event_is_alike(leaving, draw):
    drawn = draw(TIMES)
    both = pd.concat(
        [drawn, drawn.assign(definition="net", follow_up_days=drawn["follow_up_days"] - 20)]
    )
    both["follow_up_days"] = both["follow_up_days"].clip(lower=0)
    pairs = numbered_pairs(both, draw(CAUSES), leaving, CUT)
    assert pairs["gross"].causes.tolist() == [[1, 2, 0, 0], [1, 1, 1, 0]]
    assert set(pairs) == {"gross", "net"}


def test_the_curve_adds_up_day_by_day_to_the_last_horizon(numbered, caused):
    table = incidence_table(numbered, caused)
    assert list(table.columns) == list(INCIDENCE_COLUMNS)
    control = table[table["arm"] == "control"].set_index(["time_days", "cause"])
    # day 10: two of four, one of them told; p3's day 95 is beyond the last horizon
    assert sorted({day for day, _cause in control.index}) == [10]
    assert control.loc[(10, "own"), "incidence"] == 0.25
    assert control.loc[(10, "not_told"), "incidence"] == 0.25
    assert control.loc[(10, "own"), "n_at_risk"] == 4
    beneficiary = table[table["arm"] == "beneficiary"].set_index(["time_days", "cause"])
    # p4 is censored on day 20, the day of the event: still at risk then, no longer on day 40
    assert beneficiary.loc[(20, "own"), "incidence"] == 0.25
    assert beneficiary.loc[(40, "normal_end"), "incidence"] == pytest.approx(0.75 / 2)
    assert beneficiary.loc[(40, "own"), "share_free"] == pytest.approx(0.375)


def test_no_pair_makes_a_table_without_rows(caused, draw):
    nobody = draw(TIMES).head(0)
    pairs = numbered_pairs(nobody, draw(CAUSES), caused, CUT)
    assert incidence_table(pairs, caused).empty
    assert cause_table(nobody, draw(CAUSES), NOBODY_TOLD, caused, caused.causes).empty


def test_causes_with_who_how_early_and_what_followed(caused, draw):
    table = cause_table(draw(TIMES), draw(CAUSES), draw(TOLD), caused, caused.causes)
    assert list(table.columns) == list(CAUSE_COLUMNS)
    told = table.drop(columns=["outcome", "definition"]).astype(object).where(table.notna(), None)
    rows = sorted(map(tuple, told.to_numpy().tolist()), key=str)
    # p3 breaks after the last horizon, p4 after its follow-up, p5 is not followed: none counts
    assert rows == [
        ("beneficiary", 30, "boss", "own", "followed", 30, "at_work", 1),
        ("control", 30, "boss", "not_told", "not_followed", None, "not_told", 1),
        ("control", 30, "not_told", "own", "followed", 60, "looking", 1),
    ]


def test_what_follows_is_not_yet_known_while_the_window_is_open(caused, draw):
    open_window = draw(CAUSES.replace("| 280", "| 59 ").replace("| 45 ", "|    "))
    table = cause_table(draw(TIMES), open_window, NOBODY_TOLD, caused, caused.causes)
    assert set(table.loc[table["arm"] == "control", "followed"]) == {"not_yet_known"}


def test_time_free_counts_the_days_after_a_normal_end(numbered, caused, inference):
    pairs = of_any_cause(numbered, caused)
    [row] = free_time_table(pairs, caused, inference(), CUT).to_dict("records")
    # beneficiaries: 70 of 90 days lost by one of four; controls: 80 by two of four
    assert row["free_days_beneficiary"] == pytest.approx(90 - 70 / 4)
    assert row["free_days_control"] == pytest.approx(90 - 80 / 2)
    assert row["difference_days"] == pytest.approx(22.5)
    assert row["ci_low_days"] < row["difference_days"] < row["ci_high_days"]
    assert row["n_complete_pairs"] == 3
    assert 0 < row["hazard_ratio"] < 1
    # the control was first in three pairs, the beneficiary in none
    assert pd.isna(row["within_pairs_ratio"])
    assert 0 < row["subdistribution_ratio_low"] < row["subdistribution_ratio"] < 1
    assert row["gray_statistic"] > 0
    assert row["gray_p"] == pytest.approx(stats.chi2.sf(row["gray_statistic"], 1))
    assert row["claim"] == "secondary"


def test_an_interim_release_tests_nothing(numbered, caused, inference):
    pairs = of_any_cause(numbered, caused)
    interim = free_time_table(pairs, caused, inference(final_on=date(2012, 1, 1)), CUT)
    assert interim[list(TESTS)].isna().all(axis=None)
    assert interim["difference_days"].notna().all()
    assert interim["claim"].tolist() == ["interim, descriptive, no test"]


def test_nothing_is_told_before_a_pair_is_complete(caused, draw, inference):
    early = draw(TIMES)
    early = early[early["pair_id"] == "p4"]
    pairs = of_any_cause(numbered_pairs(early, draw(CAUSES), caused, CUT), caused)
    [row] = free_time_table(pairs, caused, inference(), CUT).to_dict("records")
    assert not row["is_evaluable"]
    assert pd.isna(row["free_days_control"])


def test_a_study_that_names_no_days_has_no_free_time(numbered, leaving, inference):
    assert free_time_table(numbered, leaving, inference(), CUT).empty
