"""The contract that counts: support may begin before, during, between or after contracts."""

import pandas as pd

STUDY = {"spell_sources": [{"name": "register"}], "entry_column": "support_entry_on"}

# Ada's first contract was extended, Ben's shortened, Cid's never had a planned end.
SPELLS = """
person_id | spell_id | starts_on  | spell_rank
ada       | a1       | 2010-01-01 | 1
ada       | a2       | 2010-09-01 | 2
ada       | a3       | 2010-11-01 | 3
ben       | b1       | 2010-01-01 | 1
ben       | b2       | 2010-09-01 | 2
cid       | c1       | 2010-01-01 | 1
cid       | c2       | 2010-09-01 | 2
"""
TERMS = """
spell_id | amendment_number | planned_end_on | holds_from_on
a1       | 0                | 2010-06-30     | 2010-01-01
a1       | 1                | 2010-08-15     | 2010-07-01
a2       | 0                | 2011-08-31     | 2010-09-01
a3       | 0                | 2011-10-31     | 2010-11-01
b1       | 0                | 2010-06-30     | 2010-01-01
b1       | 1                | 2010-04-30     | 2010-04-01
b2       | 0                | 2010-10-31     | 2010-09-01
c2       | 0                | 2010-10-31     | 2010-09-01
"""


def references(run_model, database, persons, study=STUDY):
    tables = {"linked.persons": persons, "linked.spells": SPELLS, "linked.spell_terms": TERMS}
    return run_model(database, "reference_spells", tables, study)


def one_entry_each(run_model, database, draw, person, days):
    """The contract of a person, had it entered support on each of the days: one twin a day."""
    spells, terms = draw(SPELLS), draw(TERMS)
    own = spells[spells["person_id"] == person]
    twins = pd.DataFrame({"day": list(days)})
    twins["support_entry_on"] = pd.to_datetime(twins["day"])
    twins = twins.assign(person_id=person + twins["day"], arm="beneficiary")
    every = own.drop(columns="person_id").merge(twins[["person_id", "day"]], how="cross")
    held = terms.merge(twins[["day"]], how="cross")
    tables = {
        "linked.persons": twins,
        "linked.spells": every.assign(spell_id=every["spell_id"] + every["day"]),
        "linked.spell_terms": held.assign(spell_id=held["spell_id"] + held["day"]),
    }
    found = run_model(database, "reference_spells", tables, STUDY)
    days_of = found["spell_id"].str[-10:]
    return dict(zip(days_of, found["spell_id"].str[:-10], strict=True))


def test_a_beneficiary_counts_with_the_contract_that_ran_when_support_began(
    database, run_model, draw
):
    expected = {
        "2009-12-31": "a1",  # before every contract: the next one
        "2010-01-01": "a1",  # on the first day
        "2010-06-30": "a1",  # on the last day of the initial term
        "2010-07-01": "a1",  # on the first day of the amendment
        "2010-08-15": "a1",  # on the last day, by the amendment
        "2010-08-16": "a2",  # between two contracts: the next one
        "2010-08-31": "a2",
        "2010-09-01": "a2",
        "2010-11-01": "a3",  # two run: the one that began last
        "2011-09-15": "a3",
        "2011-11-15": "a3",  # after every contract: the last one
    }
    assert one_entry_each(run_model, database, draw, "ada", expected) == expected


def test_the_term_that_held_on_the_day_decides_whether_a_contract_ran(database, run_model, draw):
    shortened = {"2010-03-31": "b1", "2010-04-30": "b1", "2010-05-01": "b2"}
    assert one_entry_each(run_model, database, draw, "ben", shortened) == shortened
    without_end = {"2010-08-15": "c1", "2010-10-31": "c2", "2010-11-01": "c1"}
    assert one_entry_each(run_model, database, draw, "cid", without_end) == without_end


def test_everybody_else_counts_with_the_first_contract(database, run_model, expect):
    persons = """
    person_id | arm         | support_entry_on
    ada       | beneficiary | 2010-10-01
    ada       | control     |
    ben       | control     | 2010-10-01
    cid       | reference   | 2010-10-01
    cid       | beneficiary |
    none      | beneficiary | 2010-10-01
    """
    expect(
        references(run_model, database, persons),
        """
        person_id | arm         | spell_id
        ada       | beneficiary | a2
        ada       | control     | a1
        ben       | control     | b1
        cid       | reference   | c1
        cid       | beneficiary | c1
        """,
    )


def test_without_a_day_of_entry_in_the_study_the_first_contract_counts(database, run_model, expect):
    persons = """
    person_id | arm
    ada       | beneficiary
    ben       | control
    """
    expect(
        references(run_model, database, persons, STUDY | {"entry_column": ""}),
        """
        person_id | arm         | spell_id
        ada       | beneficiary | a1
        ben       | control     | b1
        """,
    )


def test_no_day_of_exit_is_read(sql_models):
    sql = sql_models.render("reference_spells", STUDY).sql
    assert "ended_early_on" not in sql
