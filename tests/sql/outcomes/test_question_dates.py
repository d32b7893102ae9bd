"""When each situation is asked for, and which pairs are due."""

AFTER = {"outcome": "job", "name": "durable", "months": 6, "days_after": 60}
STUDY = {"status_definitions": [AFTER | {"due_by_on": "2012-12-31"}]}


def dates(run_model, database, members, study=STUDY):
    rows = run_model(database, "question_dates", {"outcomes.pair_members": members}, study)
    return rows[["pair_id", "arm", "asked_on", "is_due"]]


def test_the_question_is_asked_months_after_the_common_planned_end(database, run_model, expect):
    members = """
    pair_id | arm         | person_id | index_on   | common_planned_days
    p1      | beneficiary | ada       | 2010-03-01 | 183
    p1      | control     | ben       | 2010-04-01 | 183
    p2      | beneficiary | cid       | 2010-03-15 | 0
    p2      | control     | dan       | 2010-03-15 | 0
    """
    # 2010-03-01 + 183 days is 2010-08-31, and February has no 31st
    expect(
        run_model(database, "question_dates", {"outcomes.pair_members": members}, STUDY),
        """
        outcome | definition | pair_id | arm         | person_id | asked_on   | is_due
        job     | durable    | p1      | beneficiary | ada       | 2011-02-28 | true
        job     | durable    | p1      | control     | ben       | 2011-04-01 | true
        job     | durable    | p2      | beneficiary | cid       | 2010-09-15 | true
        job     | durable    | p2      | control     | dan       | 2010-09-15 | true
        """,
    )


def test_a_pair_is_due_when_both_windows_close_by_the_last_day(database, run_model, expect):
    # asked on 2012-11-01, the window closes 60 days later, on 2012-12-31
    members = """
    pair_id  | arm         | person_id | index_on   | common_planned_days
    last_day | beneficiary | ada       | 2012-05-01 | 0
    last_day | control     | ben       | 2012-04-01 | 0
    too_late | beneficiary | cid       | 2012-05-02 | 0
    too_late | control     | dan       | 2012-05-02 | 0
    one_late | beneficiary | eva       | 2012-05-01 | 0
    one_late | control     | fay       | 2012-05-02 | 0
    undated  | beneficiary | gil       |            | 0
    undated  | control     | hal       | 2010-05-02 | 0
    no_end   | beneficiary | ida       | 2010-05-02 |
    no_end   | control     | joe       | 2010-05-02 |
    """
    expect(
        dates(run_model, database, members),
        """
        pair_id  | arm         | asked_on   | is_due
        last_day | beneficiary | 2012-11-01 | true
        last_day | control     | 2012-10-01 | true
        too_late | beneficiary | 2012-11-02 | false
        too_late | control     | 2012-11-02 | false
        one_late | beneficiary | 2012-11-01 | false
        one_late | control     | 2012-11-02 | false
        undated  | beneficiary |            | false
        undated  | control     | 2010-11-02 | false
        no_end   | beneficiary |            | false
        no_end   | control     |            | false
        """,
    )


def test_each_definition_has_its_own_day(database, run_model, expect):
    members = """
    pair_id | arm         | person_id | index_on   | common_planned_days
    p1      | beneficiary | ada       | 2010-01-31 | 0
    """
    twelve = AFTER | {"name": "after_a_year", "months": 12, "due_by_on": "2011-03-31"}
    study = {"status_definitions": [*STUDY["status_definitions"], twelve]}
    rows = run_model(database, "question_dates", {"outcomes.pair_members": members}, study)
    expect(
        rows[["definition", "asked_on", "is_due"]],
        """
        definition   | asked_on   | is_due
        durable      | 2010-07-31 | true
        after_a_year | 2011-01-31 | false
        """,
    )


def test_as_a_variant_the_question_is_asked_from_the_actual_end(database, run_model, expect):
    tables = {
        "outcomes.pair_members": """
            pair_id | arm         | person_id | spell_id | index_on   | common_planned_days
            p1      | beneficiary | ada       | a1       | 2010-03-01 | 100
            p1      | control     | ben       | b1       | 2010-03-01 | 100
            p2      | beneficiary | cid       | c1       | 2010-03-01 | 100
            p2      | control     | dan       |          | 2010-03-01 | 100
        """,
        "outcomes.spell_ends": """
            person_id | spell_id | ends_on
            ada       | a1       | 2010-04-02
            ada       | a2       | 2010-12-02
            ben       | b1       | 2010-06-10
            cid       | c1       |
        """,
    }
    study = {
        "status_definitions": [AFTER | {"due_by_on": "2012-12-31", "counted_from": "actual_end"}]
    }
    rows = run_model(database, "question_dates", tables, study)
    # the last day in the contract, 1 April, and six months; without an end or a link as planned
    expect(
        rows[["pair_id", "arm", "asked_on", "is_due"]],
        """
        pair_id | arm         | asked_on   | is_due
        p1      | beneficiary | 2010-10-01 | true
        p1      | control     | 2010-12-09 | true
        p2      | beneficiary | 2010-12-09 | true
        p2      | control     | 2010-12-09 | true
        """,
    )
