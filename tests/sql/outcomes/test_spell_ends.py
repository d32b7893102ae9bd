"""How contracts end: early or not by the term in force, and whether another one follows."""

import pandas as pd

STUDY = {"event_definitions": [{"name": "gross"}], "windows_days": [0, 180]}

NO_TERMS = pd.DataFrame(
    {
        "spell_id": pd.Series(dtype="string"),
        "amendment_number": pd.Series(dtype="Int64"),
        "planned_end_on": pd.Series(dtype="datetime64[us]"),
        "holds_from_on": pd.Series(dtype="datetime64[us]"),
    }
)


def ends(run_model, database, spells, terms=NO_TERMS):
    tables = {"linked.spells": spells, "linked.spell_terms": terms}
    return run_model(database, "spell_ends", tables, STUDY)


def test_a_contract_ends_on_its_rupture_or_on_the_day_after_its_planned_end(
    database, run_model, expect
):
    spells = """
    person_id | spell_id        | source   | starts_on  | planned_end_on | ended_early_on
    ada       | normal          | register | 2010-01-01 | 2010-12-31     |
    ben       | early           | register | 2010-01-01 | 2010-12-31     | 2010-12-30
    cid       | on_planned_end  | register | 2010-01-01 | 2010-12-31     | 2010-12-31
    dan       | day_after       | register | 2010-01-01 | 2010-12-31     | 2011-01-01
    eva       | told_too_late   | register | 2010-01-01 | 2010-12-31     | 2011-06-01
    fay       | open            | register | 2010-01-01 |                |
    gil       | open_and_broken | register | 2010-01-01 |                | 2010-05-01
    """
    expect(
        ends(run_model, database, spells).drop(columns="source"),
        """
        person_id | spell_id        | starts_on  | planned_end_on | is_early | ends_on    | is_unfollowed_0 | is_unfollowed_180
        ada       | normal          | 2010-01-01 | 2010-12-31     | false    | 2011-01-01 | true            | true
        ben       | early           | 2010-01-01 | 2010-12-31     | true     | 2010-12-30 | true            | true
        cid       | on_planned_end  | 2010-01-01 | 2010-12-31     | false    | 2010-12-31 | true            | true
        dan       | day_after       | 2010-01-01 | 2010-12-31     | false    | 2011-01-01 | true            | true
        eva       | told_too_late   | 2010-01-01 | 2010-12-31     | false    | 2011-01-01 | true            | true
        fay       | open            | 2010-01-01 |                | false    |            | true            | true
        gil       | open_and_broken | 2010-01-01 |                | true     | 2010-05-01 | true            | true
        """,  # noqa: E501
    )


def test_a_contract_that_was_never_in_force_has_no_end(database, run_model, expect):
    spells = """
    person_id | spell_id     | source   | starts_on  | planned_end_on | ended_early_on
    ada       | before_start | register | 2010-06-01 | 2011-05-31     | 2010-05-15
    ben       | first_day    | register | 2010-06-01 | 2011-05-31     | 2010-06-01
    cid       | one_day      | register | 2010-06-01 | 2011-05-31     | 2010-06-02
    dan       | undated      | register |            | 2011-05-31     |
    """
    expect(
        ends(run_model, database, spells)[["spell_id", "ends_on"]],
        """
        spell_id | ends_on
        one_day  | 2010-06-02
        """,
    )


def test_the_planned_end_in_force_on_the_day_of_the_rupture_decides(database, run_model, expect):
    spells = """
    person_id | spell_id          | source   | starts_on  | planned_end_on | ended_early_on
    ada       | extended_before   | register | 2010-01-01 | 2011-03-31     | 2011-02-01
    ben       | extended_same_day | register | 2010-01-01 | 2011-03-31     | 2010-12-31
    cid       | extended_after    | register | 2010-01-01 | 2011-03-31     | 2010-12-31
    dan       | shortened_before  | register | 2010-01-01 | 2010-10-31     | 2010-10-31
    eva       | shortened_after   | register | 2010-01-01 | 2010-05-31     | 2010-06-01
    fay       | extended_normal   | register | 2010-01-01 | 2011-03-31     |
    """
    terms = """
    spell_id          | amendment_number | planned_end_on | holds_from_on
    extended_before   | 0                | 2010-12-31     | 2010-01-01
    extended_before   | 1                | 2011-03-31     | 2010-12-15
    extended_same_day | 0                | 2010-12-31     | 2010-01-01
    extended_same_day | 1                | 2011-03-31     | 2010-12-31
    extended_after    | 0                | 2010-12-31     | 2010-01-01
    extended_after    | 1                | 2011-03-31     | 2011-01-01
    shortened_before  | 0                | 2010-12-31     | 2010-01-01
    shortened_before  | 1                | 2010-10-31     | 2010-10-15
    shortened_after   | 0                | 2010-12-31     | 2010-01-01
    shortened_after   | 1                | 2010-05-31     | 2010-06-15
    extended_normal   | 0                | 2010-12-31     | 2010-01-01
    extended_normal   | 1                | 2011-03-31     | 2010-12-15
    """
    expect(
        ends(run_model, database, spells, terms)[
            ["spell_id", "planned_end_on", "is_early", "ends_on"]
        ],
        """
        spell_id          | planned_end_on | is_early | ends_on
        extended_before   | 2011-03-31     | true     | 2011-02-01
        extended_same_day | 2011-03-31     | true     | 2010-12-31
        extended_after    | 2010-12-31     | false    | 2010-12-31
        shortened_before  | 2010-10-31     | false    | 2010-10-31
        shortened_after   | 2010-12-31     | true     | 2010-06-01
        extended_normal   | 2011-03-31     | false    | 2011-04-01
        """,
    )


def test_a_new_contract_secures_up_to_the_last_day_of_the_window(database, run_model, expect):
    # 2010-03-01 + 180 days is 2010-08-28
    spells = """
    person_id | spell_id     | source   | starts_on  | planned_end_on | ended_early_on
    same_day  | same_day_1   | register | 2010-01-01 | 2010-12-31     | 2010-03-01
    same_day  | same_day_2   | register | 2010-03-01 | 2011-02-28     |
    next_day  | next_day_1   | register | 2010-01-01 | 2010-12-31     | 2010-03-01
    next_day  | next_day_2   | register | 2010-03-02 | 2011-02-28     |
    last_day  | last_day_1   | register | 2010-01-01 | 2010-12-31     | 2010-03-01
    last_day  | last_day_2   | register | 2010-08-28 | 2011-02-28     |
    too_late  | too_late_1   | register | 2010-01-01 | 2010-12-31     | 2010-03-01
    too_late  | too_late_2   | register | 2010-08-29 | 2011-02-28     |
    one_day   | one_day_1    | register | 2010-01-01 | 2010-12-31     | 2010-03-01
    one_day   | one_day_2    | register | 2010-05-01 | 2011-02-28     | 2010-05-02
    no_day    | no_day_1     | register | 2010-01-01 | 2010-12-31     | 2010-03-01
    no_day    | no_day_2     | register | 2010-05-01 | 2011-02-28     | 2010-04-15
    """
    found = ends(run_model, database, spells)
    expect(
        found.loc[
            found["spell_id"].str.endswith("_1"),
            ["person_id", "is_unfollowed_0", "is_unfollowed_180"],
        ],
        """
        person_id | is_unfollowed_0 | is_unfollowed_180
        same_day  | false           | false
        next_day  | true            | false
        last_day  | true            | false
        too_late  | true            | true
        one_day   | true            | false
        no_day    | true            | true
        """,
    )


def test_only_another_contract_in_force_of_the_same_person_and_source_secures(
    database, run_model, expect
):
    spells = """
    person_id | spell_id    | source   | starts_on  | planned_end_on | ended_early_on
    runs_on   | first       | register | 2010-01-01 | 2010-12-31     | 2010-03-01
    runs_on   | runs_on     | register | 2009-06-01 | 2011-05-31     |
    last_day  | first_2     | register | 2010-01-01 | 2010-12-31     | 2010-03-01
    last_day  | until_today | register | 2009-06-01 | 2010-03-01     |
    over      | first_3     | register | 2010-01-01 | 2010-12-31     | 2010-03-01
    over      | until_eve   | register | 2009-06-01 | 2010-02-28     |
    both      | first_4     | register | 2010-01-01 | 2010-12-31     | 2010-03-01
    both      | second_4    | register | 2010-02-01 | 2010-12-31     | 2010-03-01
    told_late | first_5     | register | 2010-01-01 | 2010-12-31     | 2010-03-01
    told_late | expired_5   | register | 2009-01-01 | 2009-12-31     | 2010-06-01
    adviser   | first_6     | register | 2010-01-01 | 2010-12-31     | 2010-03-01
    adviser   | second_6    | advisers | 2010-04-01 | 2010-12-31     |
    unending  | first_7     | register | 2010-01-01 | 2010-12-31     | 2010-03-01
    unending  | second_7    | register | 2010-04-01 |                |
    ben       | first_8     | register | 2010-01-01 | 2010-12-31     | 2010-03-01
    """
    found = ends(run_model, database, spells)
    expect(
        found.loc[found["spell_id"].str.startswith("first"), ["person_id", "is_unfollowed_180"]],
        """
        person_id | is_unfollowed_180
        runs_on   | false
        last_day  | false
        over      | true
        both      | true
        told_late | true
        adviser   | true
        unending  | false
        ben       | true
        """,
    )


def test_two_contracts_that_end_on_one_day_do_not_secure_each_other(database, run_model, expect):
    spells = """
    person_id | spell_id | source   | starts_on  | planned_end_on | ended_early_on
    ada       | a1       | register | 2010-01-01 | 2010-12-31     |
    ada       | a2       | register | 2010-02-01 | 2010-12-31     |
    """
    expect(
        ends(run_model, database, spells)[["spell_id", "is_unfollowed_180"]],
        """
        spell_id | is_unfollowed_180
        a1       | true
        a2       | true
        """,
    )
