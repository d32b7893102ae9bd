"""Month by month: ended contracts, months not read, two answers of one month, nobody's word."""

EMPLOYMENT = {
    "outcome": "job", "definition": "durable", "register": "register", "wave": "final",
    "register_read_on": "2010-04-15", "read_on": "2010-06-30", "months": 6,
    "month_columns": ["month_1", "month_2"], "now_column": "now", "now_waves": ["end", "final"],
    "now_means": {"employed": "worked", "jobless": "looked"},
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
wave  | pair_id | arm         | answered_on | month_1 | month_2 | now
end   | p1      | beneficiary | 2010-04-10  |         |         | employed
final | p1      | beneficiary | 2010-05-20  | looked  | worked  | jobless
other | p1      | control     | 2010-05-20  | looked  | worked  | jobless
end   | p1      | control     | 2010-04-30  |         |         | unheard
"""


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
        arm         | month_number | month_on   | contract    | told   | told_in | has_two_answers
        beneficiary | 1            | 2010-01-31 | in_contract |        |         | false
        beneficiary | 2            | 2010-02-28 | no_contract | worked | final   | false
        beneficiary | 3            | 2010-03-31 |             | worked | end     | true
        beneficiary | 4            | 2010-04-30 |             | looked | final   | false
        control     | 1            | 2010-02-01 |             |        |         | false
        control     | 2            | 2010-03-01 |             |        |         | false
        control     | 3            | 2010-04-01 |             |        |         | false
        control     | 4            | 2010-05-01 |             |        |         | false
        control     | 5            | 2010-06-01 |             |        |         | false
        """,
    )
