"""Month by month: ended contracts, months not read, two answers of one month, nobody's word."""

EMPLOYMENT = {
    "outcome": "job", "definition": "durable", "register": "register", "wave": "final",
    "register_read_on": "2010-04-15", "read_on": "2010-06-30", "months": 6,
    "month_columns": ["month_1", "month_2"], "now_column": "now", "now_waves": ["end", "final"],
    "now_means": {"employed": "worked", "jobless": "looked"}, "now_at_work": ["employed"],
    "job_start": "since_on",
    "rules": [[{"column": "kind", "codes": ["lasting"]}, {"column": "length", "minimum": 6.0}]],
}  # fmt: skip
MEMBERS = """
pair_id | arm         | person_id | index_on
p1      | beneficiary | ada       | 2010-01-31
p1      | control     | ben       | 2010-02-01
p2      | control     | cid       | 2010-02-01
"""
ASKED = """
outcome | definition | pair_id | arm         | asked_on
job     | durable    | p1      | beneficiary | 2010-05-20
job     | durable    | p1      | control     | 2012-05-20
job     | durable    | p2      | control     |
"""
ENDS = """
person_id | source   | starts_on  | ends_on
ada       | register | 2010-01-01 | 2010-03-30
ada       | other    | 2010-01-01 | 2012-03-30
"""
ANSWERS = """
wave  | pair_id | arm         | answered_on | month_1 | month_2 | now      | since_on   | kind    | length
end   | p1      | beneficiary | 2010-04-10  |         |         | employed |            | short   | 1
final | p1      | beneficiary | 2010-05-20  | looked  | worked  | jobless  |            |         |
other | p1      | control     | 2010-05-20  | looked  | worked  | jobless  |            |         |
end   | p1      | control     | 2010-04-30  |         |         | unheard  |            |         |
"""  # noqa: E501


def test_each_source_speaks_of_a_month_as_far_as_it_reaches(database, run_model, expect):
    tables = {
        "outcomes.pair_members": MEMBERS,
        "outcomes.question_dates": ASKED,
        "outcomes.spell_ends": ENDS,
        "outcomes.wave_answers": ANSWERS,
    }
    # April of ada is told twice, differently: on the day itself, and a month later; the contract
    # of ada ended on 30 March, the last day of her second month is the 30th; the register is read
    # to 15 April; ben is in no register; cid has no date of the question and no calendar
    rows = run_model(database, "calendar_months", tables, {"employment": [EMPLOYMENT]})
    expect(
        rows.drop(columns=["pair_id", "person_id"]),
        """
        arm         | month_number | month_on   | contract    | told   | told_in | has_two_answers | has_job | is_job_lasting
        beneficiary | 1            | 2010-01-31 | in_contract |        |         | false           | false   |
        beneficiary | 2            | 2010-02-28 | no_contract | worked | final   | false           | false   |
        beneficiary | 3            | 2010-03-31 |             | worked | end     | true            | true    | false
        beneficiary | 4            | 2010-04-30 |             | looked | final   | false           | false   |
        control     | 1            | 2010-02-01 |             |        |         | false           | false   |
        control     | 2            | 2010-03-01 |             |        |         | false           | false   |
        control     | 3            | 2010-04-01 |             |        |         | false           | false   |
        control     | 4            | 2010-05-01 |             |        |         | false           | false   |
        control     | 5            | 2010-06-01 |             |        |         | false           | false   |
        """,  # noqa: E501
    )


JOBS = """
wave  | pair_id | arm         | answered_on | month_1 | month_2 | now      | since_on   | kind    | length
end   | p1      | beneficiary | 2010-02-20  |         |         | employed | 2010-09-09 | lasting |
final | p1      | beneficiary | 2010-05-20  |         |         | employed | 2010-03-15 | lasting | 6
final | p1      | control     | 2010-04-20  |         |         | jobless  | 2010-02-01 | lasting | 9
"""  # noqa: E501


def test_a_job_covers_the_months_that_began_in_it_up_to_the_answer(database, run_model, expect):
    tables = {
        "outcomes.pair_members": MEMBERS.replace("2010-01-31", "2010-02-01"),
        "outcomes.question_dates": ASKED.replace("2010-05-20", "2012-05-20"),
        "outcomes.spell_ends": ENDS.replace("ada       | register", "eve       | register"),
        "outcomes.wave_answers": JOBS,
    }
    # of the first job the length is not told and the start lies after the answer: only the month
    # of the answer, and of no known kind; the job of mid-March is there for no whole March, and
    # nothing is said of June; who is jobless tells of no job
    rows = run_model(database, "calendar_months", tables, {"employment": [EMPLOYMENT]})
    own = rows[rows["arm"] == "beneficiary"]
    expect(
        own[["month_number", "told", "has_job", "is_job_lasting"]],
        """
        month_number | told   | has_job | is_job_lasting
        1            | worked | true    |
        2            |        | false   |
        3            |        | true    | true
        4            | worked | true    | true
        5            |        | false   |
        """,
    )
    assert not rows.loc[rows["arm"] == "control", "has_job"].any()
