"""The situation as answered: which answer counts, and what it says."""

import pandas as pd
import pytest

PERMANENT = [
    {"column": "activity", "codes": ["employed"]},
    {"column": "contract", "codes": ["permanent", "self_employed"]},
]
SIX_MONTHS = [
    {"column": "activity", "codes": ["employed"]},
    {"column": "contract", "codes": ["fixed_term"]},
    {"column": "months", "minimum": 6.0},
]
DURABLE = {
    "outcome": "job",
    "name": "durable",
    "origin": "survey_final",
    "known_when": "activity",
    "days_before": 30,
    "days_after": 60,
    "rules": [PERMANENT, SIX_MONTHS],
}
AT_WORK = DURABLE | {"name": "at_work", "rules": [PERMANENT[:1]]}
STUDY = {"status_definitions": [DURABLE]}

HEADING = "person_id | source | record_id | answered_at | activity | contract | months\n"


@pytest.fixture
def status(database, run_model, draw):
    """Everybody is asked on 2011-07-01: the window goes from 2011-06-01 to 2011-08-30."""

    def answered(text, study=STUDY):
        answers = draw(HEADING + text)
        persons = [*answers["person_id"].unique(), "silent"]
        asked = pd.concat(
            pd.DataFrame(
                {
                    "outcome": "job",
                    "definition": definition["name"],
                    "pair_id": persons,
                    "arm": "control",
                    "person_id": persons,
                    "asked_on": pd.Timestamp("2011-07-01"),
                    "is_due": True,
                }
            )
            for definition in study["status_definitions"]
        )
        tables = {
            "outcomes.question_dates": asked,
            "linked.answers": answers.assign(answered_at=pd.to_datetime(answers["answered_at"])),
        }
        rows = run_model(database, "status_answers", tables, study)
        return rows[["person_id", "definition", "is_respondent", "status"]]

    return answered


def test_an_answer_counts_from_the_first_to_the_last_day_of_the_window(status, expect):
    answers = """
    day_before | survey_final | r1 | 2011-05-31 23:59 | employed | permanent |
    first_day  | survey_final | r2 | 2011-06-01 00:00 | employed | permanent |
    on_the_day | survey_final | r3 | 2011-07-01 12:00 | employed | permanent |
    last_day   | survey_final | r4 | 2011-08-30 23:59 | employed | permanent |
    day_after  | survey_final | r5 | 2011-08-31 00:00 | employed | permanent |
    elsewhere  | survey_entry | r6 | 2011-07-01 12:00 | employed | permanent |
    padding    | survey_entry | r7 | 2011-07-01 12:00 | employed | permanent | 1
    """
    expect(
        status(answers),
        """
        person_id  | definition | is_respondent | status
        day_before | durable    | false         |
        first_day  | durable    | true          | true
        on_the_day | durable    | true          | true
        last_day   | durable    | true          | true
        day_after  | durable    | false         |
        elsewhere  | durable    | false         |
        padding    | durable    | false         |
        silent     | durable    | false         |
        """,
    )


def test_the_last_answer_inside_the_window_that_says_something_counts(status, expect):
    answers = """
    changed | survey_final | r1 | 2011-06-10 10:00 | employed |           | 1
    changed | survey_final | r2 | 2011-07-10 10:00 | employed | permanent |
    worse   | survey_final | r3 | 2011-06-10 10:00 | employed | permanent |
    worse   | survey_final | r4 | 2011-08-30 10:00 | jobless  |           |
    after   | survey_final | r5 | 2011-06-10 10:00 | employed | permanent |
    after   | survey_final | r6 | 2011-09-10 10:00 | jobless  |           |
    blank   | survey_final | r7 | 2011-06-10 10:00 | employed | permanent |
    blank   | survey_final | r8 | 2011-07-10 10:00 |          | permanent | 12
    vague   | survey_final | rc | 2011-06-10 10:00 | employed | permanent |
    vague   | survey_final | rd | 2011-07-10 10:00 | employed |           | 12
    unsaid  | survey_final | r9 | 2011-07-10 10:00 |          | permanent | 12
    tie     | survey_final | ra | 2011-07-10 10:00 | employed | permanent |
    tie     | survey_final | rb | 2011-07-10 10:00 | jobless  |           |
    """
    expect(
        status(answers),
        """
        person_id | definition | is_respondent | status
        changed   | durable    | true          | true
        worse     | durable    | true          | false
        after     | durable    | true          | true
        blank     | durable    | true          | true
        vague     | durable    | true          | true
        unsaid    | durable    | false         |
        tie       | durable    | true          | true
        silent    | durable    | false         |
        """,
    )


def test_one_rule_is_enough_and_each_rule_needs_all_its_conditions(status, expect):
    """What is not said is not "no": who works for an unsaid time may hold a lasting job."""
    answers = """
    permanent    | survey_final | r1 | 2011-07-01 10:00 | employed | permanent     |
    own_boss     | survey_final | r2 | 2011-07-01 10:00 | employed | self_employed |
    six_months   | survey_final | r3 | 2011-07-01 10:00 | employed | fixed_term    | 6
    almost       | survey_final | r4 | 2011-07-01 10:00 | employed | fixed_term    | 5.9
    length_blank | survey_final | r5 | 2011-07-01 10:00 | employed | fixed_term    |
    kind_blank   | survey_final | r6 | 2011-07-01 10:00 | employed |               | 12
    jobless      | survey_final | r7 | 2011-07-01 10:00 | jobless  | permanent     | 12
    other        | survey_final | r8 | 2011-07-01 10:00 | employed | alternance    | 24
    """
    expect(
        status(answers, {"status_definitions": [DURABLE, AT_WORK]}),
        """
        person_id    | definition | is_respondent | status
        permanent    | durable    | true          | true
        own_boss     | durable    | true          | true
        six_months   | durable    | true          | true
        almost       | durable    | true          | false
        length_blank | durable    | false         |
        kind_blank   | durable    | false         |
        jobless      | durable    | true          | false
        other        | durable    | true          | false
        silent       | durable    | false         |
        permanent    | at_work    | true          | true
        own_boss     | at_work    | true          | true
        six_months   | at_work    | true          | true
        almost       | at_work    | true          | true
        length_blank | at_work    | true          | true
        kind_blank   | at_work    | true          | true
        jobless      | at_work    | true          | false
        other        | at_work    | true          | true
        silent       | at_work    | false         |
        """,
    )


def test_an_answer_is_that_of_one_member_and_needs_a_date_of_the_question(
    database, run_model, expect, draw
):
    asked = """
    outcome | definition | pair_id | arm         | person_id | asked_on   | is_due
    job     | durable    | p1      | beneficiary | ada       | 2011-07-01 | true
    job     | durable    | p1      | control     | ben       | 2011-07-01 | true
    job     | durable    | p2      | beneficiary | cid       |            | false
    job     | durable    | p2      | control     | dan       | 2011-07-01 | false
    """
    text = """
    ada | survey_final | r1 | 2011-07-01 10:00 | employed | permanent | 1
    cid | survey_final | r2 | 2011-07-01 10:00 | employed | permanent | 1
    """
    answers = draw(HEADING + text)
    tables = {
        "outcomes.question_dates": asked,
        "linked.answers": answers.assign(answered_at=pd.to_datetime(answers["answered_at"])),
    }
    expect(
        run_model(database, "status_answers", tables, STUDY),
        """
        outcome | definition | pair_id | arm         | person_id | asked_on   | is_due | is_respondent | status
        job     | durable    | p1      | beneficiary | ada       | 2011-07-01 | true   | true          | true
        job     | durable    | p1      | control     | ben       | 2011-07-01 | true   | false         |
        job     | durable    | p2      | beneficiary | cid       |            | false  | false         |
        job     | durable    | p2      | control     | dan       | 2011-07-01 | false  | false         |
        """,  # noqa: E501
    )


def test_a_limit_that_must_be_passed_is_not_met_by_itself(status, expect):
    longer = [*SIX_MONTHS[:2], {"column": "months", "above": 6.0}]
    study = {"status_definitions": [DURABLE | {"rules": [longer]}]}
    rows = status(
        """
        at    | survey_final | r1 | 2011-07-01 | employed | fixed_term | 6
        over  | survey_final | r2 | 2011-07-01 | employed | fixed_term | 6.5
        """,
        study,
    )
    told = rows.set_index("person_id")["status"].dropna()
    assert told.to_dict() == {"at": False, "over": True}


def test_each_definition_is_told_by_the_wave_that_is_asked_for_its_day(status, expect):
    at_the_end = DURABLE | {"name": "at_end", "origin": "survey_end"}
    answers = """
    at_end | survey_end   | r1 | 2011-07-01 10:00 | employed | permanent |
    later  | survey_final | r2 | 2011-07-01 10:00 | employed | permanent |
    both   | survey_end   | r3 | 2011-07-01 10:00 | jobless  |           |
    both   | survey_final | r4 | 2011-07-02 10:00 | employed | permanent |
    short  | survey_end   | r5 | 2011-07-01 10:00 | employed | fixed_term | 5
    """
    expect(
        status(answers, {"status_definitions": [DURABLE, at_the_end]}),
        """
        person_id | definition | is_respondent | status
        at_end    | durable    | false         |
        later     | durable    | true          | true
        both      | durable    | true          | true
        short     | durable    | false         |
        silent    | durable    | false         |
        at_end    | at_end     | true          | true
        later     | at_end     | false         |
        both      | at_end     | true          | false
        short     | at_end     | true          | false
        silent    | at_end     | false         |
        """,
    )
