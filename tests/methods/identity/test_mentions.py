"""Persons that a row of a log names by their keys."""

import pandas as pd

from agir_pipeline.methods.identity.mentions import mentioned_persons, person_of_keys

PERSONS = person_of_keys(
    pd.Series(["AGIR-001", "agir 001", "AGIR-002", "AGIR-003", "AGIR-003", None]),
    pd.Series(["p1", "p1", "p2", "p3", "p4", "p5"]),
)


def test_a_key_leads_to_its_person_however_it_is_spelled_and_to_nobody_if_two_have_it():
    assert PERSONS == {"agir001": "p1", "agir002": "p2"}


def test_a_row_names_each_person_once_and_keys_of_nobody_stand_without_one():
    found = mentioned_persons(
        pd.Series(["r1", "r2", "r3", "r4"]),
        pd.Series(["AGIR-002, agir 001 ; AGIR-2\n/ AGIR-001", "", None, "AGIR-999 + AGIR-003"]),
        PERSONS,
    )
    told = [(one.record_id, None if pd.isna(one.person_id) else one.person_id)
            for one in found.itertuples()]  # fmt: skip
    assert told == [("r1", "p2"), ("r1", "p1"), ("r1", None), ("r4", None), ("r4", None)]


def test_a_log_that_names_nobody_is_an_empty_table_with_its_columns():
    found = mentioned_persons(pd.Series(dtype="string"), pd.Series(dtype="string"), PERSONS)
    assert list(found.columns) == ["record_id", "person_id"]
    assert found.empty
