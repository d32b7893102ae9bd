"""Why events happened: reports that are late, missing or contradict each other."""

DEFINITION = {
    "outcome": "rupture", "origin": "register", "reason": "why", "initiative": "whose",
    "seen_on": "2010-12-31",
}  # fmt: skip
STUDY = {
    "known_on": "2011-01-31",
    "cause_definitions": [DEFINITION | {"name": "gross"}, DEFINITION | {"name": "net"}],
}

CANDIDATES = """
outcome | definition | pair_id | arm         | spell_id | ends_on    | time_days | cause
rupture | gross      | p1      | beneficiary | a1       | 2010-05-01 | 61        | 1
rupture | gross      | p1      | control     | b1       | 2010-06-01 | 92        | 2
rupture | net        | p1      | control     | b2       | 2010-07-01 | 122       | 1
rupture | net        | p1      | control     | b3       | 2010-07-01 | 122       | 1
other   | gross      | p1      | beneficiary | a1       | 2010-05-01 | 61        | 1
"""
ENDS = """
person_id | spell_id | source   | starts_on  | ends_on
ada       | a1       | register | 2010-01-01 | 2010-05-01
ada       | a2       | register | 2010-05-11 |
ada       | a3       | other    | 2010-05-02 |
ben       | b1       | register | 2010-01-01 | 2010-06-01
ben       | b2       | register | 2010-06-01 | 2010-07-01
ben       | b3       | register | 2010-06-15 | 2010-07-01
"""
REPORTS = """
spell_id | source   | record_id | amendment_number | ended_early_on | why   | whose | known_on   | superseded_on
a1       | register | r1        | 0                | 2010-05-01     | quit  | both  | 2010-06-01 |
b2       | register | r2        | 0                | 2010-07-01     |       |       | 2010-08-01 |
"""  # noqa: E501


def causes(run_model, database, reports=REPORTS, ends=ENDS, candidates=CANDIDATES):
    tables = {
        "outcomes.spell_ends": ends,
        "outcomes.event_candidates": candidates,
        "linked.spell_versions": reports,
    }
    return run_model(database, "event_causes", tables, STUDY)


def test_the_first_event_with_its_reason_and_what_followed(database, run_model, expect):
    rows = causes(run_model, database)
    expect(
        rows,
        """
        outcome | definition | pair_id | arm         | spell_id | reason | initiative | next_days | seen_days
        rupture | gross      | p1      | beneficiary | a1       | quit   | both       | 10        | 244
        rupture | net        | p1      | control     | b2       |        |            |           | 183
        """,  # noqa: E501
    )


def test_of_contradictory_reports_the_latest_that_says_something_counts(
    database, run_model, expect
):
    reports = """
    spell_id | source   | record_id | amendment_number | ended_early_on | why    | whose    | known_on   | superseded_on
    a1       | register | r1        | 0                | 2010-05-01     | quit   | employee | 2010-06-01 |
    a1       | register | r2        | 1                | 2010-05-01     | fired  |          | 2010-06-01 |
    a1       | register | r3        | 2                | 2010-05-01     |        |          | 2010-06-01 |
    a1       | register | r4        | 3                |                | ignore | ignore   | 2010-06-01 |
    """  # noqa: E501
    rows = causes(run_model, database, reports)
    expect(
        rows.loc[rows["definition"] == "gross", ["reason", "initiative"]],
        """
        reason | initiative
        fired  | employee
        """,
    )


def test_a_report_known_later_or_replaced_says_nothing(database, run_model):
    reports = """
    spell_id | source   | record_id | amendment_number | ended_early_on | why   | whose | known_on   | superseded_on
    a1       | register | r1        | 0                | 2010-05-01     | quit  | both  | 2010-06-01 | 2010-09-01
    a1       | register | r2        | 0                | 2010-05-01     | fired | both  | 2011-02-01 |
    """  # noqa: E501
    rows = causes(run_model, database, reports)
    assert rows["reason"].isna().all()


def test_a_contract_already_in_force_follows_on_the_same_day(database, run_model):
    ends = ENDS.replace("2010-05-11", "2010-03-01")
    rows = causes(run_model, database, ends=ends)
    assert rows.loc[rows["definition"] == "gross", "next_days"].tolist() == [0]


def test_an_event_after_the_last_day_read_is_seen_for_less_than_no_time(database, run_model):
    late = CANDIDATES.replace("2010-05-01", "2011-01-10")
    rows = causes(run_model, database, candidates=late)
    assert rows.loc[rows["definition"] == "gross", "seen_days"].tolist() == [-10]
