"""Who may be matched: persons with their reference contract, and nothing known only later."""

PERSON_COLUMNS = [
    {"name": "zone", "type": "varchar", "known_before_index": True},
    {"name": "support_entry_on", "type": "date", "known_before_index": True},
    {"name": "support_exit_on", "type": "date", "known_before_index": False},
]
SPELL_COLUMNS = [
    {"name": "sector", "type": "varchar", "known_before_index": True},
    {"name": "notified_on", "type": "date", "known_before_index": False},
]
STUDY = {
    "person_columns": PERSON_COLUMNS,
    "spell_columns": SPELL_COLUMNS,
    "spell_sources": [{"name": "register"}],
}
PERSONS = """
person_id | tie_order | arm         | source | provider | is_always_listed | first_listed_on | zone | support_entry_on | support_exit_on
ada       | k1        | beneficiary | list   | cnam     | true             | 2010-02-01      | a    | 2010-01-15       | 2010-08-01
ada       | k1        | control     | pool   | opca     | false            | 2010-01-05      | b    |                  |
ben       | k2        | control     | pool   | opca     | true             | 2010-02-01      | a    |                  |
"""  # noqa: E501


def test_a_person_has_a_row_per_arm_each_with_its_own_contract_or_none(database, run_model, expect):
    references = """
    person_id | arm         | spell_id
    ada       | beneficiary | s2
    ada       | control     | s1
    """
    spells = """
    spell_id | person_id | sector | notified_on | starts_on  | ended_early_on
    s1       | ada       | trade  | 2010-07-01  | 2010-01-01 | 2010-06-01
    s2       | ada       | hotel  |             | 2010-07-01 |
    """
    tables = {
        "linked.persons": PERSONS,
        "linked.reference_spells": references,
        "linked.spells": spells,
    }
    expect(
        run_model(database, "participants", tables, STUDY),
        """
        person_id | tie_order | arm         | source | provider | is_always_listed | first_listed_on | zone | support_entry_on | spell_sector | spell_id | starts_on
        ada       | k1        | beneficiary | list   | cnam     | true             | 2010-02-01      | a    | 2010-01-15       | hotel        | s2       | 2010-07-01
        ada       | k1        | control     | pool   | opca     | false            | 2010-01-05      | b    |                  | trade        | s1       | 2010-01-01
        ben       | k2        | control     | pool   | opca     | true             | 2010-02-01      | a    |                  |              |          |
        """,  # noqa: E501
    )


def test_of_a_day_that_any_list_may_tell_the_first_one_counts(database, run_model):
    persons = """
    person_id | tie_order | arm     | source | provider | is_always_listed | first_listed_on | zone | support_entry_on | first_support_entry_on
    ada       | k1        | control | pool   | opca     | true             | 2010-02-01      | a    |                  | 2010-03-01
    """  # noqa: E501
    variables = STUDY | {"spell_sources": [], "first_dated": ["support_entry_on"]}
    rows = run_model(database, "participants", {"linked.persons": persons}, variables)
    assert [str(day)[:10] for day in rows["support_entry_on"]] == ["2010-03-01"]
    assert "first_support_entry_on" not in rows


def test_a_study_without_contracts_has_participants_without_contract(database, run_model, expect):
    rows = run_model(
        database, "participants", {"linked.persons": PERSONS}, STUDY | {"spell_sources": []}
    )
    expect(
        rows[["person_id", "arm", "spell_id", "starts_on"]],
        """
        person_id | arm         | spell_id | starts_on
        ada       | beneficiary |          |
        ada       | control     |          |
        ben       | control     |          |
        """,
    )
    assert "support_exit_on" not in rows.columns
