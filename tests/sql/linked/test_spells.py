"""Contracts as known on a day: one row each, the latest amendment applied."""

STUDY = {
    "spell_sources": [{"name": "register"}],
    "spell_columns": [{"name": "sector", "type": "varchar"}],
    "known_on": "2010-12-31",
}
DAYS = ["spell_id", "planned_end_initial_on", "planned_end_on", "ended_early_on"]


def spells(run_model, database, versions):
    return run_model(database, "spells", {"linked.spell_versions": versions}, STUDY)


def test_an_amendment_moves_the_planned_end_and_nothing_else(database, run_model, expect):
    versions = """
    person_id | source   | spell_id  | record_id | amendment_number | starts_on  | planned_end_on | ended_early_on | sector | known_on   | superseded_on
    ada       | register | extended  | r1        | 0                | 2010-01-01 | 2010-12-31     |                | trade  | 2010-01-05 |
    ada       | register | extended  | r2        | 1                | 2010-01-02 | 2011-03-31     |                | hotel  | 2010-12-31 |
    ben       | register | shortened | r3        | 0                | 2010-02-01 | 2010-12-31     |                | trade  | 2010-01-05 |
    other     | register | shortened | r4        | 1                | 2010-02-01 | 2010-10-31     |                | trade  | 2010-10-05 |
    """  # noqa: E501
    expect(
        spells(run_model, database, versions),
        """
        person_id | spell_id  | source   | record_id | starts_on  | planned_end_initial_on | planned_end_on | ended_early_on | sector | spell_rank
        ada       | extended  | register | r1        | 2010-01-01 | 2010-12-31             | 2011-03-31     |                | trade  | 1
        ben       | shortened | register | r3        | 2010-02-01 | 2010-12-31             | 2010-10-31     |                | trade  | 1
        """,  # noqa: E501
    )


def test_the_highest_amendment_that_names_an_end_speaks(database, run_model, expect):
    versions = """
    person_id | source   | spell_id | record_id | amendment_number | starts_on  | planned_end_on | ended_early_on | sector | known_on   | superseded_on
    ada       | register | silent   | r1        | 0                | 2010-01-01 | 2010-11-30     |                | trade  | 2010-01-05 |
    ada       | register | silent   | r2        | 1                | 2010-01-01 | 2010-12-31     |                | trade  | 2010-06-05 |
    ada       | register | silent   | r3        | 2                | 2010-01-01 |                |                | trade  | 2010-07-05 |
    ben       | register | open     | r4        | 0                | 2010-01-01 |                |                | trade  | 2010-01-05 |
    cid       | register | alone    | r5        | 1                | 2010-01-01 | 2010-10-31     |                | trade  | 2010-01-05 |
    """  # noqa: E501
    expect(
        spells(run_model, database, versions)[DAYS],
        """
        spell_id | planned_end_initial_on | planned_end_on | ended_early_on
        silent   | 2010-11-30             | 2010-12-31     |
        open     |                        |                |
        alone    | 2010-10-31             | 2010-10-31     |
        """,
    )


def test_a_rupture_may_be_told_on_any_row_of_the_contract(database, run_model, expect):
    versions = """
    person_id | source   | spell_id     | record_id | amendment_number | starts_on  | planned_end_on | ended_early_on | sector | known_on   | superseded_on
    ada       | register | on_initial   | r1        | 0                | 2010-01-01 | 2010-12-31     | 2010-09-15     | trade  | 2010-01-05 |
    ada       | register | on_initial   | r2        | 1                | 2010-01-01 | 2011-03-31     |                | trade  | 2010-06-05 |
    ben       | register | on_amendment | r3        | 0                | 2010-01-01 | 2010-12-31     |                | trade  | 2010-01-05 |
    ben       | register | on_amendment | r4        | 1                | 2010-01-01 | 2011-03-31     | 2010-09-15     | trade  | 2010-06-05 |
    dan       | register | told_today   | r7        | 0                | 2010-01-01 | 2010-12-31     | 2010-12-01     | trade  | 2010-01-05 | 2010-12-31
    dan       | register | told_today   | r8        | 0                | 2010-01-01 | 2010-12-31     | 2010-11-01     | trade  | 2010-12-31 |
    cid       | register | not_yet_told | r5        | 0                | 2010-01-01 | 2010-12-31     |                | trade  | 2010-01-05 | 2011-01-01
    cid       | register | not_yet_told | r6        | 0                | 2010-01-01 | 2010-12-31     | 2010-12-15     | trade  | 2011-01-01 |
    """  # noqa: E501
    expect(
        spells(run_model, database, versions)[DAYS],
        """
        spell_id     | planned_end_initial_on | planned_end_on | ended_early_on
        on_initial   | 2010-12-31             | 2011-03-31     | 2010-09-15
        on_amendment | 2010-12-31             | 2011-03-31     | 2010-09-15
        told_today   | 2010-12-31             | 2010-12-31     | 2010-11-01
        not_yet_told | 2010-12-31             | 2010-12-31     |
        """,
    )


def test_contracts_are_numbered_by_their_first_day_person_by_person(database, run_model, expect):
    versions = """
    person_id | source   | spell_id | record_id | amendment_number | starts_on  | planned_end_on | ended_early_on | sector | known_on   | superseded_on
    ada       | register | s3       | r1        | 0                |            | 2012-12-31     |                | trade  | 2010-01-05 |
    ada       | register | s2       | r2        | 0                | 2010-06-01 | 2010-12-31     |                | trade  | 2010-01-05 |
    ada       | register | s1       | r3        | 0                | 2010-06-01 | 2010-12-31     |                | trade  | 2010-01-05 |
    ada       | register | s9       | r4        | 0                | 2010-01-01 | 2010-12-31     |                | trade  | 2010-01-05 |
    ben       | register | s5       | r5        | 0                | 2010-09-01 | 2010-12-31     |                | trade  | 2010-01-05 |
    """  # noqa: E501
    rows = spells(run_model, database, versions)
    expect(
        rows[["person_id", "spell_rank", "spell_id"]],
        """
        person_id | spell_rank | spell_id
        ada       | 1          | s9
        ada       | 2          | s1
        ada       | 3          | s2
        ada       | 4          | s3
        ben       | 1          | s5
        """,
    )
