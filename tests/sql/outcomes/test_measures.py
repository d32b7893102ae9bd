"""Values of measured outcomes: pair members, everybody else, and the reference arm."""

STUDY = {
    "measures": [
        {"name": "earnings", "column": "earnings_usd"},
        {"name": "jobs", "column": "n_jobs"},
    ]
}
PERSONS = """
person_id | arm         | earnings_usd | n_jobs
ada       | beneficiary | 1200.5       | 2
ada       | control     | 900.0        | 1
ben       | control     |              | 1
cid       | reference   | 700.0        |
dan       | beneficiary | 300.0        | 0
"""
MEMBERS = """
pair_id | arm         | person_id
p1      | beneficiary | ada
p1      | control     | ben
p2      | beneficiary | gone
p2      | control     | gone_too
"""


def test_everybody_has_a_row_in_its_arm_and_a_lost_pair_member_has_no_value(
    database, run_model, expect
):
    tables = {"linked.persons": PERSONS, "outcomes.pair_members": MEMBERS}
    rows = run_model(database, "measures", tables, STUDY)
    assert str(rows["value"].dtype) == "float64"
    expect(
        rows,
        """
        outcome  | person_id | arm         | pair_id | value
        earnings | ada       | beneficiary | p1      | 1200.5
        earnings | ada       | control     |         | 900.0
        earnings | ben       | control     | p1      |
        earnings | cid       | reference   |         | 700.0
        earnings | dan       | beneficiary |         | 300.0
        earnings | gone      | beneficiary | p2      |
        earnings | gone_too  | control     | p2      |
        jobs     | ada       | beneficiary | p1      | 2
        jobs     | ada       | control     |         | 1
        jobs     | ben       | control     | p1      | 1
        jobs     | cid       | reference   |         |
        jobs     | dan       | beneficiary |         | 0
        jobs     | gone      | beneficiary | p2      |
        jobs     | gone_too  | control     | p2      |
        """,
    )
