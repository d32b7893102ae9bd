"""Versions of contracts: the study's own words for the days of a contract, and who has it when."""

REGISTER = {
    "name": "register",
    "columns": ["began_on", "term_on", "broke_on", "amendment", "from_on", "sector"],
    "spell": {
        "starts": "began_on",
        "planned_end": "term_on",
        "ended_early": "broke_on",
        "amendment_number": "amendment",
        "amendment_effective": "from_on",
        "open_ended": None,
    },
}
PLAIN = {
    "name": "plain",
    "columns": ["starts_on", "planned_end_on", "left_on"],
    "spell": {
        "starts": "starts_on",
        "planned_end": "planned_end_on",
        "ended_early": "left_on",
        "amendment_number": None,
        "amendment_effective": None,
        "open_ended": None,
    },
}
STUDY = {
    "spell_sources": [REGISTER, PLAIN],
    "spell_columns": [{"name": "sector", "type": "varchar"}],
}

ROWS = """
entity_id | spell_id | record_id | receipt_id | began_on   | term_on    | broke_on   | amendment | from_on    | sector   | known_on   | superseded_on
e1        | s1       | r1        | f1         | 2010-01-01 | 2010-12-31 |            |           |            | trade    | 2010-01-10 |
e2        | s1       | r2        | f2         | 2010-01-01 | 2011-03-31 | 2011-02-01 | 1         | 2010-12-01 | trade    | 2010-12-05 |
"""  # noqa: E501
LINKS = """
entity_id | person_id | known_on   | superseded_on
e1        | ada       | 2010-01-10 |
e2        | ada       | 2010-12-05 |
p1        | ben       | 2010-01-10 |
"""


def test_each_source_says_its_days_in_its_own_words(database, run_model, expect):
    plain = """
    entity_id | spell_id | record_id | receipt_id | starts_on  | planned_end_on | left_on    | known_on   | superseded_on
    p1        | t1       | r9        | f9         | 2010-02-01 | 2010-08-31     | 2010-05-01 | 2010-01-10 |
    """  # noqa: E501
    tables = {
        "validated.register": ROWS,
        "validated.plain": plain,
        "linked.person_links": LINKS,
    }
    expect(
        run_model(database, "spell_versions", tables, STUDY),
        """
        person_id | source   | entity_id | spell_id | record_id | receipt_id | starts_on  | planned_end_on | ended_early_on | amendment_number | amendment_effective_on | sector | known_on   | superseded_on
        ada       | register | e1        | s1       | r1        | f1         | 2010-01-01 | 2010-12-31     |                | 0                |                        | trade  | 2010-01-10 |
        ada       | register | e2        | s1       | r2        | f2         | 2010-01-01 | 2011-03-31     | 2011-02-01     | 1                | 2010-12-01             | trade  | 2010-12-05 |
        ben       | plain    | p1        | t1       | r9        | f9         | 2010-02-01 | 2010-08-31     | 2010-05-01     | 0                |                        |        | 2010-01-10 |
        """,  # noqa: E501
    )


def test_amendments_may_have_a_number_and_no_day(database, run_model, expect):
    spell = REGISTER["spell"] | {"amendment_effective": None}
    study = STUDY | {"spell_sources": [REGISTER | {"spell": spell}]}
    tables = {"validated.register": ROWS, "linked.person_links": LINKS}
    rows = run_model(database, "spell_versions", tables, study)
    expect(
        rows[["record_id", "amendment_number", "amendment_effective_on"]],
        """
        record_id | amendment_number | amendment_effective_on
        r1        | 0                |
        r2        | 1                |
        """,
    )


def test_a_contract_follows_its_person_through_a_merge(database, run_model, expect):
    row = """
    entity_id | spell_id | record_id | receipt_id | began_on   | term_on    | broke_on | amendment | from_on | sector | known_on   | superseded_on
    e1        | s1       | then      | f1         | 2010-01-01 | 2010-12-31 |          | 0         |         | trade  | 2010-01-10 | 2010-04-01
    e1        | s1       | now       | f2         | 2010-01-01 | 2011-01-31 |          | 0         |         | trade  | 2010-04-01 |
    """  # noqa: E501
    links = """
    entity_id | person_id | known_on   | superseded_on
    e1        | early     | 2010-01-05 | 2010-01-10
    e1        | alone     | 2010-01-10 | 2010-03-01
    e1        | merged    | 2010-03-01 |
    """
    study = STUDY | {"spell_sources": [REGISTER]}
    tables = {"validated.register": row, "linked.person_links": links}
    rows = run_model(database, "spell_versions", tables, study)
    expect(
        rows[["record_id", "person_id", "known_on", "superseded_on"]],
        """
        record_id | person_id | known_on   | superseded_on
        now       | merged    | 2010-04-01 |
        then      | alone     | 2010-01-10 | 2010-03-01
        then      | merged    | 2010-03-01 | 2010-04-01
        """,
    )


def test_an_open_ended_contract_was_to_end_with_its_training(database, run_model, expect):
    lasting = {"column": "nature", "code": "permanent", "ends": "action_on"}
    register = REGISTER | {
        "columns": [*REGISTER["columns"], "nature", "action_on"],
        "spell": REGISTER["spell"] | {"open_ended": lasting},
    }
    rows = """
    entity_id | spell_id | record_id | receipt_id | began_on   | term_on    | broke_on   | amendment | from_on    | sector   | nature     | action_on  | known_on   | superseded_on
    e1        | s1       | r1        | f1         | 2010-01-01 |            |            | 0         |            | trade    | permanent  | 2010-12-31 | 2010-01-10 |
    e1        | s2       | r2        | f1         | 2011-01-01 | 2013-12-31 |            | 0         |            | trade    | permanent  | 2011-12-31 | 2010-01-10 |
    e1        | s3       | r3        | f1         | 2012-01-01 | 2012-06-30 |            | 0         |            | trade    | permanent  |            | 2010-01-10 |
    e2        | s4       | r4        | f1         | 2010-01-01 | 2011-03-31 |            | 0         |            | trade    | fixed_term | 2010-06-30 | 2010-12-05 |
    e2        | s5       | r5        | f1         | 2010-01-01 | 2011-03-31 |            | 0         |            | trade    |            | 2010-06-30 | 2010-12-05 |
    """  # noqa: E501
    tables = {"validated.register": rows, "linked.person_links": LINKS}
    study = STUDY | {"spell_sources": [register]}
    found = run_model(database, "spell_versions", tables, study)
    expect(
        found[["spell_id", "planned_end_on"]],
        """
        spell_id | planned_end_on
        s1       | 2010-12-31
        s2       | 2011-12-31
        s3       | 2012-06-30
        s4       | 2011-03-31
        s5       | 2011-03-31
        """,
    )
