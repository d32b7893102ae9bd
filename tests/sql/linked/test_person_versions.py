"""Versions of persons: the days on which both a row and its link were the known ones."""

REGISTER = {"name": "register", "columns": ["support_entry_on", "zone"]}
POOL = {"name": "pool", "columns": ["zone", "n_jobs"]}
STUDY = {
    "person_sources": [REGISTER, POOL],
    "person_columns": [
        {"name": "support_entry_on", "type": "date"},
        {"name": "zone", "type": "varchar"},
        {"name": "n_jobs", "type": "bigint"},
    ],
}
ONLY_REGISTER = STUDY | {
    "person_sources": [REGISTER],
    "person_columns": STUDY["person_columns"][:2],
}

DAYS = ["record_id", "person_id", "known_on", "superseded_on"]


def one(known_on="2010-02-01", superseded_on=""):
    """A register with one row, and the days on which it was the known one."""
    return f"""
    entity_id | record_id | receipt_id | provider | arm         | is_always_listed | first_listed_on | support_entry_on | zone | known_on   | superseded_on
    e1        | r1        | f1         | cnam     | beneficiary | true             | 2010-02-01      | 2010-01-15       | a    | {known_on} | {superseded_on}
    """  # noqa: E501


def days(run_model, database, register, links):
    rows = run_model(
        database,
        "person_versions",
        {"validated.register": register, "linked.person_links": links},
        ONLY_REGISTER,
    )
    return rows[DAYS]


def test_a_source_without_a_column_leaves_it_missing(database, run_model, expect):
    pool = """
    entity_id | record_id | receipt_id | provider | arm     | is_always_listed | first_listed_on | zone | n_jobs | known_on   | superseded_on
    e2        | r2        | f2         | opca     | control | false            | 2010-03-01      | b    | 2      | 2010-03-01 |
    """  # noqa: E501
    links = """
    entity_id | person_id | tie_order | known_on   | superseded_on
    e1        | ada       | k1        | 2010-02-01 |
    e2        | ben       | k2        | 2010-03-01 |
    """
    rows = run_model(
        database,
        "person_versions",
        {"validated.register": one(), "validated.pool": pool, "linked.person_links": links},
        STUDY,
    )
    expect(
        rows,
        """
        person_id | tie_order | source   | provider | record_id | receipt_id | arm         | is_always_listed | first_listed_on | support_entry_on | zone | n_jobs | known_on   | superseded_on
        ada       | k1        | register | cnam     | r1        | f1         | beneficiary | true             | 2010-02-01      | 2010-01-15       | a    |        | 2010-02-01 |
        ben       | k2        | pool     | opca     | r2        | f2         | control     | false            | 2010-03-01      |                  | b    | 2      | 2010-03-01 |
        """,  # noqa: E501
    )


def test_a_link_replaced_by_a_merge_splits_the_days(database, run_model, expect):
    links = """
    entity_id | person_id | tie_order | known_on   | superseded_on
    e1        | alone     | k1        | 2010-02-01 | 2010-05-01
    e1        | merged    | k0        | 2010-05-01 |
    """
    expect(
        days(run_model, database, one(), links),
        """
        record_id | person_id | known_on   | superseded_on
        r1        | alone     | 2010-02-01 | 2010-05-01
        r1        | merged    | 2010-05-01 |
        """,
    )


def test_a_version_ends_with_its_row_or_its_link_whichever_is_first(database, run_model, expect):
    links = """
    entity_id | person_id | tie_order | known_on   | superseded_on
    e1        | alone     | k1        | 2010-01-01 | 2010-03-01
    e1        | merged    | k0        | 2010-03-01 | 2010-09-01
    e1        | apart     | k1        | 2010-09-01 |
    """
    expect(
        days(run_model, database, one("2010-02-01", "2010-06-01"), links),
        """
        record_id | person_id | known_on   | superseded_on
        r1        | alone     | 2010-02-01 | 2010-03-01
        r1        | merged    | 2010-03-01 | 2010-06-01
        """,
    )


def test_a_link_that_ended_the_day_the_row_came_never_held_it(database, run_model, expect):
    links = """
    entity_id | person_id | tie_order | known_on   | superseded_on
    e1        | before    | k1        | 2010-01-01 | 2010-02-01
    e1        | since     | k0        | 2010-02-01 |
    """
    expect(
        days(run_model, database, one("2010-02-01", "2010-06-01"), links),
        """
        record_id | person_id | known_on   | superseded_on
        r1        | since     | 2010-02-01 | 2010-06-01
        """,
    )


def test_a_link_known_the_day_the_row_ended_never_held_it(database, run_model):
    links = """
    entity_id | person_id | tie_order | known_on   | superseded_on
    e1        | late      | k1        | 2010-06-01 |
    """
    assert days(run_model, database, one("2010-02-01", "2010-06-01"), links).empty


def test_a_row_without_a_link_is_left_out(database, run_model):
    links = """
    entity_id | person_id | tie_order | known_on   | superseded_on
    other     | ada       | k1        | 2010-02-01 |
    """
    assert days(run_model, database, one(), links).empty
