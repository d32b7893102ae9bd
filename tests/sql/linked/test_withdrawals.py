"""Who withdrew a consent, as known on a day: by a decision, or by a list."""

SHEET = {
    "name": "requests",
    "withdrawn_on": "left_on",
    "scope": "of_what",
    "scopes": {"all": "study", "forms": "answers"},
    "retracted": "back_on",
}
LIST = {"name": "pool", "withdrawn_on": "left_on", "scope": None, "scopes": {}, "retracted": None}
STUDY = {"known_on": "2011-10-20", "withdrawal_sources": [SHEET, LIST]}
LINKS = """
entity_id | person_id | known_on   | superseded_on
q1        | ada       | 2011-10-01 |
q2        | ada       | 2011-10-01 |
q3        | ben       | 2011-10-01 |
q4        | cat       | 2011-10-01 |
q5        | dan       | 2011-10-01 |
q6        | eve       | 2011-10-01 |
p1        | fay       | 2010-01-01 | 2011-01-01
p1        | gil       | 2011-01-01 |
p2        | hal       | 2010-01-01 |
"""
REQUESTS = """
entity_id | left_on    | of_what | back_on    | known_on   | superseded_on
q1        | 2011-10-05 | all     |            | 2011-10-06 |
q2        | 2011-10-03 | all     |            | 2011-10-06 |
q3        | 2011-10-05 | forms   |            | 2011-10-06 |
q4        | 2011-10-05 | all     | 2011-10-10 | 2011-10-06 |
q5        | 2011-10-05 | all     |            | 2011-10-21 |
q6        | 2011-10-05 | other   |            | 2011-10-06 |
"""
POOL = """
entity_id | left_on    | known_on   | superseded_on
p1        | 2011-09-01 | 2011-09-02 |
p2        | 2011-09-01 | 2011-09-02 | 2011-09-30
p2        |            | 2011-09-30 |
"""
TABLES = {
    "validated.requests": REQUESTS,
    "validated.pool": POOL,
    "linked.person_links": LINKS,
}


def test_the_first_day_of_each_scope_counts_and_what_is_not_known_yet_does_not(
    database, run_model, expect
):
    expect(
        run_model(database, "withdrawals", TABLES, STUDY),
        """
        person_id | scope   | withdrawn_on
        ada       | study   | 2011-10-03
        ben       | answers | 2011-10-05
        gil       | study   | 2011-09-01
        """,
    )


def test_a_later_day_knows_more(database, run_model):
    rows = run_model(database, "withdrawals", TABLES, STUDY | {"known_on": "2011-10-21"})
    assert set(rows["person_id"]) == {"ada", "ben", "gil", "dan"}


def test_answers_of_whoever_withdrew_are_left_out(database, run_model, draw):
    import pandas as pd

    answers = draw("""
    entity_id | record_id | receipt_id | codebook | sent_at          | known_on   | superseded_on
    e1        | r1        | f1         | c1       | 2010-02-01 10:00 | 2010-02-02 |
    e2        | r2        | f1         | c1       | 2010-02-01 11:00 | 2010-02-02 |
    """)
    links = """
    entity_id | person_id | known_on   | superseded_on
    e1        | ada       | 2010-02-02 |
    e2        | ben       | 2010-02-02 |
    """
    left = """
    person_id | scope   | withdrawn_on
    ada       | answers | 2010-02-03
    ada       | study   | 2010-02-04
    """
    study = {
        "known_on": "2010-06-30",
        "answer_sources": [{"name": "survey", "columns": ["sent_at"], "answered_at": "sent_at"}],
        "answer_columns": [{"name": "sent_at", "type": "timestamp"}],
        "withdrawal_sources": [LIST],
    }
    tables = {
        "validated.survey": answers.assign(sent_at=pd.to_datetime(answers["sent_at"])),
        "linked.person_links": links,
        "linked.withdrawals": left,
    }
    assert run_model(database, "answers", tables, study)["person_id"].tolist() == ["ben"]
