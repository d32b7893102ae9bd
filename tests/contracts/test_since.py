"""Since when a column is there: what is new gets this version, what was released keeps its own."""

from agir_pipeline.contracts.model import Column, TableContract
from agir_pipeline.contracts.since import known_since, read_since, versions_of, written_since


def table(name: str, *columns: str) -> TableContract:
    return TableContract(name, name, tuple(Column(c, "text", c) for c in columns), (columns[0],))


KNOWN = read_since(["0.9.0 pairs pair_id", "0.10.0 pairs status gone", "0.10.0 left person_id"])


def test_what_is_new_is_of_this_version_and_what_was_released_stays_for_good():
    text = written_since([table("pairs", "pair_id", "status", "caliper")], KNOWN, "0.11.0")
    assert text.splitlines() == [
        "0.10.0 left person_id",
        "0.9.0 pairs pair_id",
        "0.10.0 pairs gone status",
        "0.11.0 pairs caliper",
    ]
    assert written_since([], read_since(text.splitlines()), "0.12.0") == text


def test_what_this_version_had_for_a_while_goes_again():
    assert written_since([table("pairs", "pair_id")], KNOWN, "0.10.0") == "0.9.0 pairs pair_id\n"


def test_a_stamp_is_as_old_as_its_table_and_a_name_of_the_study_has_no_version():
    pairs = table("pairs", "pair_id", "status", "own_covariate").as_released()
    assert versions_of(pairs, KNOWN) == ["0.9.0", "0.10.0", None, *["0.9.0"] * 3]
    assert versions_of(table("income", "difference").as_released(), KNOWN) == [None] * 4


def test_the_list_that_ships_knows_the_first_columns():
    assert known_since()["matched_pairs", "pair_id"] == "0.1.0"
