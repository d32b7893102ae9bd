"""Which answer of a questionnaire counts: late, in part, repeated, of another wave, or too late."""

import pandas as pd

WAVES = [
    {
        "name": name, "origin": "survey", "asked": "index", "months": months, "days_before": 10,
        "days_after": 20, "complete_when": {"last_page": 4.0}, "only_when": {"wave": name},
        "contact": {}, "due_by_on": "2010-12-31",
    }
    for name, months in (("t0", 0), ("t1", 3))
]  # fmt: skip
STUDY = {"wave_definitions": WAVES, "told_columns": ["item", "who"]}
MEMBERS = """
pair_id | arm         | person_id | spell_id | index_on
p1      | beneficiary | ada       | sa       | 2010-03-01
p1      | control     | ben       | sb       | 2010-03-10
p2      | control     | dan       | sd       | 2010-03-10
"""
RESPONSES = """
wave | pair_id | arm         | asked_on
t0   | p1      | beneficiary | 2010-03-01
t1   | p1      | beneficiary | 2010-06-01
t0   | p1      | control     | 2010-03-10
t1   | p1      | control     | 2010-06-10
t0   | p2      | control     | 2010-03-10
t1   | p2      | control     |
"""
ENDS = """
person_id | spell_id | is_early | ends_on
ada       | sa       | true     | 2010-06-05
ben       | sb       | false    | 2010-06-01
ben       | other    | true     | 2010-03-11
"""


def test_the_whole_answer_in_the_window_counts_then_the_last(database, run_model, draw, expect):
    answers = draw(
        """
        person_id | source | record_id | wave | last_page | answered_at | item | who
        ada       | survey | r1        | t0   | 4         | 2010-02-18  | 1    | T1
        ada       | survey | r2        | t0   | 4         | 2010-02-19  | 2    | T1
        ada       | survey | r3        | t0   | 2         | 2010-03-05  | 3    | T1
        ada       | survey | r4        | t1   |           | 2010-06-03  | 4    | T1
        ada       | survey | r5        | t1   | 1         | 2010-06-05  | 5    | T2
        ada       | other  | r6        | t1   | 4         | 2010-06-03  | 6    | T1
        ben       | survey | r7        | t1   | 4         | 2010-06-30  | 7    | T1
        ben       | survey | r8        | t0   | 4         | 2010-03-12  | 9    | T1
        ben       | survey | r9        | t0   | 4         | 2010-03-12  | 8    | T1
        dan       | survey | r10       | t0   | 4         | 2010-03-31  | 1    | T1
        dan       | survey | r11       | t1   | 4         | 2010-06-12  | 1    | T1
        """
    )
    answers["answered_at"] = pd.to_datetime(answers["answered_at"])
    tables = {
        "outcomes.pair_members": MEMBERS,
        "outcomes.wave_responses": RESPONSES,
        "outcomes.spell_ends": ENDS,
        "linked.answers": answers,
    }
    # early by the day of the answer: no longer before the end; a normal end never is
    rows = run_model(database, "wave_answers", tables, STUDY)
    expect(
        rows.drop(columns=["pair_id", "arm"]),
        """
        wave | person_id | answered_on | answered_days | is_before_early_end | item | who
        t0   | ada       | 2010-02-19  | -10           | true                | 2    | T1
        t0   | ben       | 2010-03-12  | 2             | true                | 9    | T1
        t1   | ada       | 2010-06-05  | 96            | false               | 5    | T2
        t1   | ben       | 2010-06-30  | 112           | true                | 7    | T1
        """,
    )


def test_a_contract_that_is_not_linked_says_nothing_of_before_or_after(database, run_model, draw):
    answers = draw(
        """
        person_id | source | record_id | wave | last_page | answered_at | item | who
        dan       | survey | r10       | t0   | 4         | 2010-03-20  | 1    | T1
        """
    )
    answers["answered_at"] = pd.to_datetime(answers["answered_at"])
    tables = {
        "outcomes.pair_members": MEMBERS,
        "outcomes.wave_responses": RESPONSES,
        "outcomes.spell_ends": ENDS,
        "linked.answers": answers,
    }
    rows = run_model(database, "wave_answers", tables, STUDY)
    assert rows["is_before_early_end"].isna().tolist() == [True]
