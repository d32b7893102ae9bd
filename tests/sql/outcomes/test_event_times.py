"""The first event of each pair member, and how far everybody is followed."""

import pandas as pd

DEFINITION = {"outcome": "rupture", "origin": "register"}
STUDY = {
    "event_definitions": [
        DEFINITION | {"name": "gross", "cut_on": "2010-12-31"},
        DEFINITION | {"name": "net_30", "cut_on": "2010-12-01"},
    ]
}
GROSS = {"event_definitions": STUDY["event_definitions"][:1]}

MEMBERS = """
pair_id | arm         | person_id | spell_id | index_on
p1      | beneficiary | ada       | a1       | 2010-03-01
p1      | control     | ben       | b1       | 2010-04-01
"""
ENDS = """
person_id | spell_id | source
ada       | a1       | register
ada       | a2       | register
ben       | b1       | register
"""
CANDIDATES = """
outcome | definition | pair_id | arm         | spell_id | ends_on    | time_days | cause
rupture | gross      | p1      | beneficiary | a1       | 2010-05-01 | 61        | 1
rupture | net_30     | p1      | beneficiary | a2       | 2010-09-01 | 184       | 2
rupture | net_30     | p1      | beneficiary | a3       | 2010-09-01 | 184       | 1
rupture | net_30     | p1      | beneficiary | a4       | 2010-10-01 | 214       | 1
rupture | net_30     | p1      | control     | b1       | 2010-06-01 | 61        | 2
rupture | net_30     | p1      | control     | b2       | 2010-07-01 | 91        | 1
other   | gross      | p1      | control     | b1       | 2010-05-01 | 30        | 1
rupture | gross      | p2      | control     | b1       | 2010-05-01 | 30        | 1
"""


def times(run_model, database, members, ends, candidates, study):
    tables = {
        "outcomes.pair_members": members,
        "outcomes.spell_ends": ends,
        "outcomes.event_candidates": candidates,
    }
    return run_model(database, "event_times", tables, study)


def test_the_first_end_counts_and_on_one_day_the_event_before_a_normal_end(
    database, run_model, expect
):
    expect(
        times(run_model, database, MEMBERS, ENDS, CANDIDATES, STUDY),
        """
        outcome | definition | pair_id | arm         | index_on   | time_days | cause | follow_up_days
        rupture | gross      | p1      | beneficiary | 2010-03-01 | 61        | 1     | 305
        rupture | gross      | p1      | control     | 2010-04-01 |           | 0     | 274
        rupture | net_30     | p1      | beneficiary | 2010-03-01 | 184       | 1     | 275
        rupture | net_30     | p1      | control     | 2010-04-01 | 61        | 2     | 244
        """,  # noqa: E501
    )


def test_follow_up_goes_to_the_cut_whatever_happened_and_is_never_below_zero(
    database, run_model, expect
):
    members = """
    pair_id | arm         | person_id | spell_id | index_on
    p1      | beneficiary | ada       | a1       | 2010-12-30
    p1      | control     | ben       | b1       | 2010-12-31
    p2      | beneficiary | cid       | c1       | 2011-01-01
    p2      | control     | dan       | d1       | 2011-06-01
    """
    ends = ENDS + "cid | c1 | register\ndan | d1 | register\n"
    after_the_cut = """
    outcome | definition | pair_id | arm         | spell_id | ends_on    | time_days | cause
    rupture | gross      | p1      | beneficiary | a1       | 2011-02-08 | 40        | 1
    """
    rows = times(run_model, database, members, ends, after_the_cut, GROSS)
    expect(
        rows[["pair_id", "arm", "time_days", "cause", "follow_up_days"]],
        """
        pair_id | arm         | time_days | cause | follow_up_days
        p1      | beneficiary | 40        | 1     | 1
        p1      | control     |           | 0     | 0
        p2      | beneficiary |           | 0     | 0
        p2      | control     |           | 0     | 0
        """,
    )


def test_a_member_whose_contract_is_not_in_the_source_is_unknown_not_without_event(
    database, run_model, expect
):
    members = """
    pair_id | arm         | person_id | spell_id | index_on
    p1      | beneficiary | ada       |          | 2010-03-01
    p1      | control     | ben       | b1       | 2010-03-01
    p2      | beneficiary | cid       | c1       | 2010-03-01
    p2      | control     | dan       | d1       | 2010-03-01
    p3      | beneficiary | eva       | e1       |
    p3      | control     | fay       | f1       | 2010-03-01
    """
    ends = """
    person_id | spell_id | source
    ada       | a1       | register
    ben       | b1       | advisers
    unmerged  | c1       | register
    eva       | e1       | register
    fay       | f1       | register
    """
    events = pd.DataFrame(
        {
            "outcome": "rupture",
            "definition": "gross",
            "pair_id": ["p1", "p2"],
            "arm": "beneficiary",
            "spell_id": ["a1", "c2"],
            "ends_on": pd.to_datetime(["2010-05-01", "2010-05-01"]),
            "time_days": [61, 61],
            "cause": [1, 1],
        }
    )
    rows = times(run_model, database, members, ends, events, GROSS)
    expect(
        rows[["pair_id", "arm", "time_days", "cause", "follow_up_days"]],
        """
        pair_id | arm         | time_days | cause | follow_up_days
        p1      | beneficiary |           |       |
        p1      | control     |           |       |
        p2      | beneficiary |           |       |
        p2      | control     |           |       |
        p3      | beneficiary |           | 0     |
        p3      | control     |           | 0     | 305
        """,
    )
