"""Persons as known on a day: which version, and which of several lists speaks."""

KNOWN_ON = {"known_on": "2010-06-30"}
SHOWN = ["person_id", "arm", "record_id"]


def persons(run_model, database, versions):
    rows = run_model(database, "persons", {"linked.person_versions": versions}, KNOWN_ON)
    return rows[SHOWN]


def test_a_version_counts_from_the_day_it_is_known_to_the_day_before_it_is_replaced(
    database, run_model, expect
):
    versions = """
    person_id | arm     | record_id | is_always_listed | first_listed_on | known_on   | superseded_on
    ada       | control | ada_then  | true             | 2010-01-01      | 2010-01-01 | 2010-06-30
    ada       | control | now       | true             | 2010-01-01      | 2010-06-30 | 2010-07-01
    ada       | control | later     | true             | 2010-01-01      | 2010-07-01 |
    ben       | control | still     | true             | 2010-01-01      | 2010-01-01 |
    cid       | control | tomorrow  | true             | 2010-01-01      | 2010-07-01 |
    dan       | control | gone      | true             | 2010-01-01      | 2010-01-01 | 2010-03-01
    """  # noqa: E501
    expect(
        persons(run_model, database, versions),
        """
        person_id | arm     | record_id
        ada       | control | now
        ben       | control | still
        """,
    )


def test_of_two_lists_of_one_arm_the_one_of_all_starts_speaks(database, run_model, expect):
    versions = """
    person_id | arm     | record_id | is_always_listed | first_listed_on | known_on   | superseded_on
    ada       | control | present   | false            | 2010-01-01      | 2010-01-01 |
    ada       | control | starts    | true             | 2010-05-01      | 2010-05-01 |
    ada       | control | unsaid    |                  | 2009-01-01      | 2010-05-01 |
    """  # noqa: E501
    expect(
        persons(run_model, database, versions),
        """
        person_id | arm     | record_id
        ada       | control | starts
        """,
    )


def test_of_two_lists_of_those_present_the_first_to_list_the_person_speaks(
    database, run_model, expect
):
    versions = """
    person_id | arm     | record_id | is_always_listed | first_listed_on | known_on   | superseded_on
    ada       | control | b_later   | false            | 2010-04-02      | 2010-01-01 |
    ada       | control | c_first   | false            | 2010-04-01      | 2010-04-01 |
    ada       | control | a_undated | false            |                 | 2010-04-01 |
    """  # noqa: E501
    expect(
        persons(run_model, database, versions),
        """
        person_id | arm     | record_id
        ada       | control | c_first
        """,
    )


def test_equals_are_told_apart_by_the_record_and_one_row_stays(database, run_model, expect):
    versions = """
    person_id | arm     | record_id | is_always_listed | first_listed_on | known_on   | superseded_on
    ada       | control | r2        | true             | 2010-04-01      | 2010-04-01 |
    ada       | control | r1        | true             | 2010-04-01      | 2010-04-01 |
    """  # noqa: E501
    expect(
        persons(run_model, database, versions),
        """
        person_id | arm     | record_id
        ada       | control | r1
        """,
    )


def test_a_day_that_only_the_list_that_does_not_speak_tells_is_not_lost(
    database, run_model, expect
):
    """A control whose support began is none, whichever of its lists says so."""
    versions = """
    person_id | arm         | record_id | is_always_listed | first_listed_on | known_on   | superseded_on | supported_on | consented_on
    ada       | control     | starts    | true             | 2010-05-01      | 2010-05-01 |               |              |
    ada       | control     | present   | false            | 2010-01-01      | 2010-01-01 |               | 2010-03-01   | 2010-02-01
    ada       | control     | too       | false            | 2010-01-02      | 2010-01-01 |               | 2010-02-15   | 2010-04-01
    ada       | control     | unknown   | false            | 2010-01-02      | 2010-07-01 |               | 2010-01-01   | 2010-01-01
    ada       | beneficiary | register  | true             | 2010-05-01      | 2010-05-01 |               |              | 2010-05-05
    """  # noqa: E501
    variables = KNOWN_ON | {"first_dated": ["supported_on", "consented_on"]}
    rows = run_model(database, "persons", {"linked.person_versions": versions}, variables)
    expect(
        rows[[*SHOWN, "first_supported_on", "first_consented_on"]],
        """
        person_id | arm         | record_id | first_supported_on | first_consented_on
        ada       | control     | starts    | 2010-02-15         | 2010-02-01
        ada       | beneficiary | register  |                    | 2010-05-05
        """,
    )


def test_a_control_supported_later_stands_in_both_arms(database, run_model, expect):
    versions = """
    person_id | arm         | record_id | is_always_listed | first_listed_on | known_on   | superseded_on
    ada       | control     | pool      | true             | 2010-01-01      | 2010-01-01 |
    ada       | beneficiary | register  | true             | 2010-05-01      | 2010-05-01 |
    ben       | reference   | draw      | true             | 2010-01-01      | 2010-01-01 |
    cid       |             | unknown   | true             | 2010-01-01      | 2010-01-01 |
    """  # noqa: E501
    expect(
        persons(run_model, database, versions),
        """
        person_id | arm         | record_id
        ada       | beneficiary | register
        ada       | control     | pool
        ben       | reference   | draw
        """,
    )
