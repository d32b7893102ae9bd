"""Which end was planned from which day on: amendments by their day of effect."""

STUDY = {"spell_sources": [{"name": "register"}], "known_on": "2010-12-31"}


def terms(run_model, database, versions):
    rows = run_model(database, "spell_terms", {"linked.spell_versions": versions}, STUDY)
    return rows[["spell_id", "amendment_number", "planned_end_on", "holds_from_on"]]


def test_the_initial_term_holds_from_the_first_day_and_an_amendment_from_its_own(
    database, run_model, expect
):
    versions = """
    person_id | spell_id  | record_id | amendment_number | starts_on  | planned_end_on | amendment_effective_on | known_on   | superseded_on
    ada       | extended  | r1        | 0                | 2010-01-01 | 2010-12-31     |                        | 2010-01-05 |
    ada       | extended  | r2        | 1                | 2010-01-01 | 2011-03-31     | 2010-11-15             | 2010-12-31 |
    ben       | shortened | r3        | 0                | 2010-01-01 | 2010-12-31     | 2010-06-01             | 2010-01-05 |
    ben       | shortened | r4        | 1                | 2010-01-01 | 2010-10-31     | 2010-10-01             | 2010-10-05 |
    """  # noqa: E501
    expect(
        run_model(database, "spell_terms", {"linked.spell_versions": versions}, STUDY),
        """
        person_id | spell_id  | amendment_number | planned_end_on | holds_from_on
        ada       | extended  | 0                | 2010-12-31     | 2010-01-01
        ada       | extended  | 1                | 2011-03-31     | 2010-11-15
        ben       | shortened | 0                | 2010-12-31     | 2010-01-01
        ben       | shortened | 1                | 2010-10-31     | 2010-10-01
        """,
    )


def test_what_is_not_yet_or_no_longer_known_is_no_term(database, run_model, expect):
    versions = """
    person_id | spell_id | record_id | amendment_number | starts_on  | planned_end_on | amendment_effective_on | known_on   | superseded_on
    ada       | s1       | r1        | 0                | 2010-01-01 | 2010-12-30     |                        | 2010-01-05 | 2010-12-31
    ada       | s1       | r2        | 0                | 2010-01-01 | 2010-12-31     |                        | 2010-12-31 | 2011-01-01
    ada       | s1       | r3        | 1                | 2010-01-01 | 2011-03-31     | 2010-11-15             | 2011-01-01 |
    """  # noqa: E501
    expect(
        terms(run_model, database, versions),
        """
        spell_id | amendment_number | planned_end_on | holds_from_on
        s1       | 0                | 2010-12-31     | 2010-01-01
        """,
    )


def test_an_amendment_without_a_day_holds_from_the_earlier_of_both_ends(
    database, run_model, expect
):
    versions = """
    person_id | spell_id  | record_id | amendment_number | starts_on  | planned_end_on | amendment_effective_on | known_on   | superseded_on
    ada       | extended  | r1        | 0                | 2010-01-01 | 2010-11-30     |                        | 2010-01-05 |
    ada       | extended  | r2        | 1                | 2010-01-01 | 2011-03-31     |                        | 2010-12-05 |
    ben       | shortened | r3        | 0                | 2010-01-01 | 2010-12-31     |                        | 2010-01-05 |
    ben       | shortened | r4        | 1                | 2010-01-01 | 2010-10-31     |                        | 2010-10-05 |
    cid       | alone     | r5        | 1                | 2010-01-01 | 2010-09-30     |                        | 2010-10-05 |
    """  # noqa: E501
    expect(
        terms(run_model, database, versions),
        """
        spell_id  | amendment_number | planned_end_on | holds_from_on
        extended  | 0                | 2010-11-30     | 2010-01-01
        extended  | 1                | 2011-03-31     | 2010-11-30
        shortened | 0                | 2010-12-31     | 2010-01-01
        shortened | 1                | 2010-10-31     | 2010-10-31
        alone     | 1                | 2010-09-30     | 2010-09-30
        """,
    )


def test_a_later_amendment_that_holds_as_soon_replaces_the_earlier_one(database, run_model, expect):
    versions = """
    person_id | spell_id | record_id | amendment_number | starts_on  | planned_end_on | amendment_effective_on | known_on   | superseded_on
    ada       | same_day | r1        | 0                | 2010-01-01 | 2010-12-31     |                        | 2010-01-05 |
    ada       | same_day | r2        | 1                | 2010-01-01 | 2011-01-31     | 2010-09-01             | 2010-09-05 |
    ada       | same_day | r3        | 2                | 2010-01-01 | 2011-02-28     | 2010-09-01             | 2010-09-06 |
    ben       | sooner   | r4        | 0                | 2010-01-01 | 2010-12-31     |                        | 2010-01-05 |
    ben       | sooner   | r5        | 1                | 2010-01-01 | 2011-01-31     | 2010-10-01             | 2010-09-05 |
    ben       | sooner   | r6        | 2                | 2010-01-01 | 2011-02-28     | 2010-09-01             | 2010-09-06 |
    cid       | from_day | r7        | 0                | 2010-01-01 | 2010-12-31     |                        | 2010-01-05 |
    cid       | from_day | r8        | 1                | 2010-01-01 | 2011-01-31     | 2010-01-01             | 2010-09-05 |
    """  # noqa: E501
    expect(
        terms(run_model, database, versions),
        """
        spell_id | amendment_number | planned_end_on | holds_from_on
        same_day | 0                | 2010-12-31     | 2010-01-01
        same_day | 2                | 2011-02-28     | 2010-09-01
        sooner   | 0                | 2010-12-31     | 2010-01-01
        sooner   | 2                | 2011-02-28     | 2010-09-01
        from_day | 1                | 2011-01-31     | 2010-01-01
        """,
    )


def test_a_term_needs_an_end_and_a_day_and_a_number_counts_once(database, run_model, expect):
    versions = """
    person_id | spell_id | record_id | amendment_number | starts_on  | planned_end_on | amendment_effective_on | known_on   | superseded_on
    ada       | s1       | r1        | 0                | 2010-01-01 | 2010-12-31     |                        | 2010-01-05 |
    ada       | s1       | r2        | 0                | 2010-01-01 | 2010-11-30     |                        | 2010-01-05 |
    ada       | s1       | r3        | 1                | 2010-01-01 |                | 2010-09-01             | 2010-09-05 |
    ben       | undated  | r4        | 0                |            | 2010-12-31     |                        | 2010-01-05 |
    cid       | open     | r5        | 0                | 2010-01-01 |                |                        | 2010-01-05 |
    """  # noqa: E501
    expect(
        terms(run_model, database, versions),
        """
        spell_id | amendment_number | planned_end_on | holds_from_on
        s1       | 0                | 2010-12-31     | 2010-01-01
        """,
    )
