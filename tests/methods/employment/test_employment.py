"""Situations, months and qualifications: known, open, contradictory and untold."""

import pandas as pd
import pytest

from agir_pipeline.methods.employment.months import employment_by_month, employment_calendar
from agir_pipeline.methods.employment.qualification import qualification_table
from agir_pipeline.methods.employment.situations import situation_table


def as_rows(table, columns):
    return [tuple(row) for row in table[columns].itertuples(index=False)]


@pytest.fixture
def asked(draw):
    return draw(
        """
        pair_id | arm         | is_due | contract
        p1      | beneficiary | true   | in_contract
        p2      | beneficiary | true   | no_contract
        p3      | beneficiary | true   | in_contract
        p4      | beneficiary | true   |
        p5      | beneficiary | true   | no_contract
        p6      | beneficiary | false  |
        p7      | beneficiary | true   | no_contract
        """
    )


def test_each_member_has_one_situation_and_a_contradiction_is_only_counted(draw, asked, employment):
    told = draw(
        """
        wave  | pair_id | arm         | person_id | answered_on | status   | months
        final | p1      | beneficiary | a         | 2011-01-01  | employed | 6
        final | p2      | beneficiary | b         | 2011-01-01  | employed | 5
        final | p3      | beneficiary | c         | 2011-01-01  | jobless  |
        final | p4      | beneficiary | d         | 2011-01-01  | employed |
        final | p6      | beneficiary | f         | 2011-01-01  | jobless  |
        final | p7      | beneficiary | g         | 2011-01-01  | elsewhere|
        other | p5      | beneficiary | e         | 2011-01-01  | jobless  |
        """
    )
    told["status"] = told["status"].astype("string")
    table = situation_table(asked, told, employment)
    # the job of p4 may last six months or not: open, and not "short"
    assert as_rows(table, ["situation", "contract", "n_persons", "n_contradictory"]) == [
        ("jobless", "in_contract", 1, 1),
        ("lasting", "in_contract", 1, 0),
        ("no_answer", "no_contract", 1, 0),
        ("not_due", "unknown", 1, 0),
        ("short", "no_contract", 1, 0),
        ("unknown", "no_contract", 1, 0),
        ("unknown", "unknown", 1, 0),
    ]
    assert set(table["n_told"]) == {3}
    shares = table.set_index("situation")["share"]
    assert shares["lasting"] == pytest.approx(1 / 3)
    assert shares[["no_answer", "not_due"]].isna().all()


def test_nobody_to_ask_is_no_row_and_no_fault(draw, asked, employment):
    told = draw(
        """
        wave  | pair_id | arm         | person_id | answered_on | status   | months
        final | p1      | beneficiary | a         | 2011-01-01  | employed | 6
        """
    )
    told["status"] = told["status"].astype("string")
    texts = {"pair_id": "string", "arm": "string"}
    assert situation_table(asked[:0].astype(texts), told[:0].astype(texts), employment).empty


def test_months_at_work_add_up_and_contradictions_stay_apart(draw, employment):
    months = draw(
        """
        person_id | pair_id | arm     | month_number | month_on   | contract    | told   | told_in | has_two_answers | has_job | is_job_lasting
        a         | p1      | control | 2            | 2010-02-01 | in_contract | looked | final   | false           | false   |
        a         | p1      | control | 1            | 2010-01-01 | in_contract |        |         | false           | false   |
        a         | p1      | control | 3            | 2010-03-01 | no_contract | worked | final   | false           | false   |
        a         | p1      | control | 4            | 2010-04-01 |             |        |         | false           | false   |
        a         | p1      | control | 5            | 2010-05-01 | no_contract | looked | final   | true            | false   |
        b         | p2      | control | 1            | 2010-01-01 | no_contract |        |         | false           | false   |
        """  # noqa: E501
    )
    calendar = employment_calendar(months, employment)
    assert calendar["month_number"].tolist() == [1, 2, 3, 4, 5, 1]
    assert calendar["n_months_at_work"].tolist() == [1, 2, 3, 3, 3, 0]
    # of April nobody says anything, and no contract in the register is no word on other work
    assert calendar["n_months_known"].tolist() == [1, 2, 3, 3, 4, 0]
    assert calendar["is_contradictory"].tolist() == [False, True, False, False, True, False]
    assert as_rows(employment_by_month(calendar), ["month_number", "month_state", "n_persons"]) == [
        (1, "in_contract", 1),
        (1, "no_contract", 1),
        (2, "contradictory", 1),
        (3, "worked", 1),
        (4, "unknown", 1),
        (5, "contradictory", 1),
    ]
    assert employment_by_month(calendar)["share"].tolist() == [0.5, 0.5, 1, 1, 1, 1]


JOBS = """
person_id | pair_id | arm     | month_number | month_on   | contract    | told    | told_in | has_two_answers | has_job | is_job_lasting
a         | p1      | control | 1            | 2010-01-01 | in_contract |         |         | false           | true    | true
a         | p1      | control | 2            | 2010-02-01 | no_contract |         |         | false           | true    | true
a         | p1      | control | 3            | 2010-03-01 | no_contract | worked  | final   | false           | true    | true
a         | p1      | control | 4            | 2010-04-01 | no_contract | looked  | final   | false           | true    | true
a         | p1      | control | 5            | 2010-05-01 |             | worked  | final   | false           | true    |
a         | p1      | control | 6            | 2010-06-01 |             | worked  | final   | false           | true    | false
a         | p1      | control | 7            | 2010-07-01 | no_contract | worked  | final   | false           | false   |
a         | p1      | control | 8            | 2010-08-01 | no_contract | studied | final   | false           | false   |
"""  # noqa: E501


def test_a_month_is_durable_only_where_a_source_says_so(draw, employment):
    calendar = employment_calendar(draw(JOBS), employment)
    # in January the contract of the register goes first; April is told against the job; the kind
    # of May's job and of July's work is not told; whoever studies is in no durable employment
    durable = calendar["is_durable"].astype("string").fillna("")
    assert durable.tolist() == ["False", "True", "True", "", "", "False", "", "False"]
    assert calendar["n_months_durable"].tolist() == [0, 1, 2, 2, 2, 2, 2, 2]
    assert calendar["n_months_durable_known"].tolist() == [1, 2, 3, 3, 3, 4, 4, 5]
    assert calendar["n_months_at_work"].tolist() == [1, 2, 3, 4, 5, 6, 7, 7]
    assert calendar["n_months_known"].tolist() == list(range(1, 9))
    assert calendar["is_contradictory"].tolist() == [n == 4 for n in range(1, 9)]
    assert calendar["job"].fillna("").tolist() == [
        *["durable"] * 4, "kind_not_told", "other", "", "",
    ]  # fmt: skip
    states = employment_by_month(calendar).set_index("month_number")["month_state"]
    assert states.tolist() == [
        "in_contract", "in_job", "worked", "contradictory", "worked", "worked", "worked", "studied",
    ]  # fmt: skip


def test_a_register_of_what_the_outcome_asks_for_counts_as_such(draw, employment):
    study = employment.model_copy(update={"is_register_lasting": True})
    calendar = employment_calendar(draw(JOBS), study)
    assert calendar["n_months_durable"].tolist() == [1, 2, 3, 3, 3, 3, 3, 3]


def test_who_says_what_of_the_qualification_and_what_all_agree_on(draw, employment):
    members = draw(
        """
        pair_id | arm
        p1      | control
        p2      | control
        p3      | control
        p4      | control
        """
    )
    told = draw(
        """
        wave     | pair_id | arm     | result
        final    | p1      | control | full
        referent | p1      | control | full
        final    | p2      | control | full
        referent | p2      | control | no
        referent | p3      | control | partial
        final    | p3      | control |
        other    | p4      | control | full
        """
    )
    table = qualification_table(members, told, employment)
    assert as_rows(table, ["told_by", "result", "n_persons", "n_told"]) == [
        ("final", "full", 2, 2),
        ("final", "not_told", 2, 2),
        ("referent", "full", 1, 3),
        ("referent", "no", 1, 3),
        ("referent", "not_told", 1, 3),
        ("referent", "partial", 1, 3),
        ("together", "contradictory", 1, 3),
        ("together", "full", 1, 3),
        ("together", "not_told", 1, 3),
        ("together", "partial", 1, 3),
    ]
    assert table["share"].isna().tolist() == [r == "not_told" for r in table["result"]]


def test_nobody_answered_yet(draw, employment, asked):
    told = pd.DataFrame(
        columns=["wave", "pair_id", "arm", "person_id", "answered_on", "status", "months", "result"]
    ).astype({"months": float, "status": "string", "result": "string"})
    table = situation_table(asked, told, employment)
    assert set(table["situation"]) == {"no_answer", "not_due"}
    assert set(qualification_table(asked[["pair_id", "arm"]], told, employment)["result"]) == {
        "not_told"
    }
