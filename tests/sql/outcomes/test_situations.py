"""What the register shows on the date of the question: several, none, not linked."""

EMPLOYMENT = {
    "outcome": "job", "definition": "durable", "register": "register", "lasting_column": "nature",
    "lasting_codes": ["permanent"], "register_read_on": "2011-06-30",
}  # fmt: skip
ASKED = """
outcome | definition | pair_id | arm         | person_id | asked_on   | is_due
job     | durable    | p1      | beneficiary | ada       | 2011-03-01 | true
job     | durable    | p1      | control     | ben       | 2011-03-01 | true
job     | durable    | p2      | beneficiary | cid       | 2011-07-01 | false
job     | durable    | p2      | control     | dan       | 2011-06-30 | false
job     | durable    | p3      | beneficiary | eva       |            | false
job     | durable    | p3      | control     | fay       | 2011-03-01 | false
job     | any_job    | p1      | beneficiary | ada       | 2010-01-01 | true
"""


def test_a_lasting_contract_counts_first_else_the_longest(database, run_model, expect):
    ends = """
    person_id | spell_id | source   | starts_on  | planned_end_on | ends_on
    ada       | a1       | register | 2010-01-01 | 2012-12-31     | 2013-01-01
    ada       | a2       | register | 2011-02-01 | 2011-04-01     | 2011-04-02
    ada       | a3       | other    | 2011-02-01 | 2011-04-01     | 2011-04-02
    ben       | b1       | register | 2010-01-01 | 2011-06-01     | 2011-03-02
    ben       | b2       | register | 2010-01-01 | 2011-09-01     |
    ben       | b3       | register | 2009-01-01 | 2011-12-01     | 2011-03-01
    cid       | c1       | register | 2010-01-01 | 2011-12-01     | 2011-12-02
    dan       | d1       | register | 2011-07-01 | 2011-12-01     | 2011-12-02
    eva       | e1       | register | 2011-01-01 | 2011-12-01     | 2011-12-02
    """
    spells = """
    spell_id | nature
    a1       | fixed_term
    a2       | permanent
    a3       | permanent
    b1       | fixed_term
    b2       | apprentice
    b3       | permanent
    c1       | fixed_term
    d1       | fixed_term
    e1       | fixed_term
    """
    tables = {
        "outcomes.question_dates": ASKED,
        "outcomes.spell_ends": ends,
        "linked.spells": spells,
    }
    # ben's third contract ended the day itself; fay is in no source: unknown, never "in none"
    rows = run_model(database, "situations", tables, {"employment": [EMPLOYMENT]})
    expect(
        rows.drop(columns="pair_id"),
        """
        arm         | person_id | asked_on   | is_due | contract    | contract_kind | n_contracts
        beneficiary | ada       | 2011-03-01 | true   | in_contract | permanent     | 2
        control     | ben       | 2011-03-01 | true   | in_contract | apprentice    | 2
        beneficiary | cid       | 2011-07-01 | false  |             |               | 0
        control     | dan       | 2011-06-30 | false  | no_contract |               | 0
        beneficiary | eva       |            | false  |             |               | 0
        control     | fay       | 2011-03-01 | false  |             |               | 0
        """,
    )
