"""Who answered which questionnaire: late, partial, repeated, refused and silent."""

import pandas as pd

WAVE = {
    "name": "w1", "origin": "survey", "asked": "index", "months": 3, "days_before": 10,
    "days_after": 20, "complete_when": {"last_page": 4.0}, "only_when": {},
    "contact": {"may_ask": True}, "due_by_on": "2010-12-31",
    "lost": {"column": "left_for", "codes": ["unreachable"], "day_column": "left_on",
             "arms": ["beneficiary"]},
}  # fmt: skip

MEMBERS = """
pair_id | arm         | person_id | index_on   | common_planned_days
p1      | beneficiary | ada       | 2010-03-01 | 100
p1      | control     | ben       | 2010-03-31 | 100
p2      | beneficiary | cid       | 2010-09-12 |
p2      | control     | dan       | 2010-09-11 |
"""
PERSONS = """
person_id | arm         | may_ask | left_for    | left_on
ada       | beneficiary | true    | unreachable | 2010-06-21
ada       | control     | false   |             |
ben       | control     | false   |             |
cid       | beneficiary |         | moved       | 2010-06-21
dan       | control     |         | unreachable | 2010-06-21
"""
ANSWERS = """
person_id | source | record_id | wave | last_page | answered_at
eve       | survey | r0        | t0   | 4         | 2010-06-01
"""


def responses(run_model, database, draw, answers=ANSWERS, members=MEMBERS, **changes):
    told = draw(answers)
    told["answered_at"] = pd.to_datetime(told["answered_at"])
    tables = {
        "outcomes.pair_members": members,
        "linked.persons": PERSONS,
        "linked.answers": told,
    }
    return run_model(database, "wave_responses", tables, {"wave_definitions": [WAVE | changes]})


def states(rows):
    told = rows.set_index("person_id")["state"].dropna()
    return {person: told.get(person) for person in rows["person_id"]}


def test_refused_is_not_silent_and_an_open_window_says_nothing(database, run_model, draw, expect):
    expect(
        responses(run_model, database, draw),
        """
        wave | pair_id | arm         | person_id | asked_on   | is_due | state      | is_lost
        w1   | p1      | beneficiary | ada       | 2010-06-01 | true   | silent     | true
        w1   | p1      | control     | ben       | 2010-06-30 | true   | no_contact |
        w1   | p2      | beneficiary | cid       | 2010-12-12 | false  |            | false
        w1   | p2      | control     | dan       | 2010-12-11 | true   | silent     |
        """,
    )


def test_the_best_answer_counts_and_the_window_has_both_its_days(database, run_model, draw):
    rows = responses(
        run_model,
        database,
        draw,
        """
        person_id | source | record_id | wave | last_page | answered_at
        ada       | survey | r1        | t0   | 4         | 2010-05-21
        ada       | survey | r2        | t0   | 4         | 2010-05-22
        ada       | survey | r3        | t0   | 2         | 2010-06-01
        ben       | survey | r4        | t0   | 4         | 2010-07-21
        dan       | survey | r5        | t0   |           | 2010-12-31
        dan       | other  | r6        | t0   | 4         | 2010-12-31
        """,
    )
    assert states(rows) == {
        "ada": "answered",
        "ben": "out_of_window",
        "cid": None,
        "dan": "in_part",
    }


def test_who_is_lost_after_the_window_was_not_lost_in_it(database, run_model, draw):
    rows = responses(run_model, database, draw, days_after=19)
    assert rows.set_index("person_id")["is_lost"].astype("boolean").fillna(False).sum() == 0
    nobody = responses(run_model, database, draw, lost={})
    assert nobody["is_lost"].isna().all()


def test_one_source_may_hold_several_waves(database, run_model, draw):
    answers = """
    person_id | source | record_id | wave | last_page | answered_at
    ada       | survey | r1        | t0   | 4         | 2010-06-01
    ben       | survey | r2        | t2   | 1         | 2010-06-30
    """
    rows = responses(run_model, database, draw, answers, only_when={"wave": "t2"}, complete_when={})
    assert states(rows)["ada"] == "silent"
    assert states(rows)["ben"] == "answered"


def test_without_a_planned_end_nothing_is_ever_due(database, run_model, draw):
    rows = responses(run_model, database, draw, asked="planned_end", months=0, contact={})
    asked = dict(zip(rows["person_id"], rows["is_due"], strict=True))
    assert asked == {"ada": True, "ben": True, "cid": False, "dan": False}
    assert states(rows)["ben"] == "silent"


def test_a_questionnaire_that_was_begun_and_never_sent_is_answered_in_part(
    database, run_model, draw
):
    tables = {
        "outcomes.pair_members": MEMBERS,
        "linked.persons": PERSONS,
        "linked.answers": draw(
            """
            person_id | source | record_id | wave | last_page | answered_at
            dan       | survey | r5        | t0   | 4         | 2010-12-11
            """
        ),
        "linked.withdrawals": "person_id\ngus",
        "linked.person_links": """
            entity_id | person_id | known_on   | superseded_on
            e1        | ada       | 2010-01-01 |
            e2        | ben       | 2010-01-01 |
            e3        | dan       | 2010-01-01 |
            e4        | cid       | 2010-01-01 |
        """,
        "validated.survey": """
            entity_id | wave | sent_on    | known_on   | superseded_on
            e1        | t0   |            | 2010-06-01 |
            e2        | t2   |            | 2010-06-01 |
            e2        | t0   |            | 2010-06-01 | 2010-07-01
            e3        | t0   |            | 2010-12-01 |
            e4        | t0   |            | 2010-12-01 |
        """,
    }
    tables["linked.answers"]["answered_at"] = pd.to_datetime(
        tables["linked.answers"]["answered_at"]
    )
    variables = {
        "wave_definitions": [WAVE | {"only_when": {"wave": "t0"}, "contact": {}}],
        "answer_sources": [{"name": "survey", "columns": ["wave"], "answered_at": "sent_on"}],
        "withdrawal_sources": [{"name": "leaving"}],
        "known_on": "2010-12-31",
    }
    rows = run_model(database, "wave_responses", tables, variables)
    assert states(rows) == {"ada": "in_part", "ben": "silent", "cid": None, "dan": "answered"}
