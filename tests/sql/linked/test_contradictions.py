"""Where two columns say different things of one person, both are shown."""

import pytest

STUDY = {"shared_facts": [{"fact": "any"}], "known_on": "2010-06-30"}
HEAD = (
    "person_id | fact | teller | source | column_name | tolerance_days | said | said_on "
    "| is_shown | superseded_on | record_id | receipt_id | known_on"
)


@pytest.fixture
def contradictions(database, run_model, draw):
    def run(*lines):
        said = draw("\n".join([HEAD, *lines]))
        for whole in ("teller", "tolerance_days"):
            said[whole] = said[whole].astype("Int64")
        said["is_shown"] = said["is_shown"].map({"yes": True, "no": False}).astype("boolean")
        return run_model(database, "contradictions", {"linked.shared_facts": said}, STUDY)

    return run


def test_two_columns_that_differ_are_shown_side_by_side(contradictions, expect):
    rows = contradictions(
        "ada | employer | 1 | list | siret | | A | | yes | | r1 | f1 | 2010-02-01",
        "ada | employer | 2 | book | firm  | | B | | yes | | r2 | f2 | 2010-03-01",
        "ben | employer | 1 | list | siret | | A | | yes | | r3 | f1 | 2010-02-01",
        "ben | employer | 2 | book | firm  | | A | | yes | | r4 | f2 | 2010-03-01",
    )
    expect(
        rows.drop(columns=["record_id_a", "record_id_b", "known_on_a", "known_on_b"]),
        """
        person_id | fact | source_a | column_a | said_a | receipt_id_a | source_b | column_b | said_b | receipt_id_b | known_on
        ada | employer | list | siret | A | f1 | book | firm | B | f2 | 2010-03-01
        """,  # noqa: E501
    )
    assert rows[["record_id_a", "record_id_b"]].to_numpy().tolist() == [["r1", "r2"]]
    assert [str(day.date()) for day in rows.loc[0, ["known_on_a", "known_on_b"]]] == [
        "2010-02-01",
        "2010-03-01",
    ]


def test_any_row_of_a_source_may_agree(contradictions):
    rows = contradictions(
        "ada | employer | 1 | list | siret | | B | | yes | | r1 | f1 | 2010-02-01",
        "ada | employer | 2 | book | firm  | | A | | yes | | r2 | f2 | 2010-03-01",
        "ada | employer | 2 | book | firm  | | B | | yes | | r3 | f2 | 2010-03-01",
    )
    assert rows.empty


@pytest.mark.parametrize(
    ("day", "n"), [("2010-01-16", 0), ("2010-01-17", 1), ("2009-12-17", 0), ("2009-12-16", 1)]
)
def test_days_may_lie_apart_by_the_tolerance_on_either_side(contradictions, day, n):
    rows = contradictions(
        "ada | start | 1 | list | a_on | 15 | 2010-01-01 | 2010-01-01 | yes | | r1 | f1 "
        "| 2010-02-01",
        f"ada | start | 2 | book | b_on | 15 | {day} | {day} | yes | | r2 | f2 | 2010-02-01",
    )
    assert len(rows) == n


def test_of_several_rows_the_nearest_two_are_shown(contradictions):
    rows = contradictions(
        "ada | start | 1 | list | a_on | | 2010-01-01 | 2010-01-01 | yes | | r1 | f1 | 2010-02-01",
        "ada | start | 2 | book | b_on | | 2011-01-01 | 2011-01-01 | yes | | a9 | f2 | 2010-02-01",
        "ada | start | 2 | book | b_on | | 2010-02-01 | 2010-02-01 | yes | | r2 | f2 | 2010-02-01",
    )
    assert list(rows["said_b"]) == ["2010-02-01"]


def test_what_identifies_somebody_is_told_without_its_value(contradictions):
    rows = contradictions(
        "ada | birth | 1 | list | born_on | | 1 | | no | | r1 | f1 | 2010-02-01",
        "ada | birth | 2 | book | born_on | | 2 | | no | | r2 | f2 | 2010-02-01",
    )
    assert len(rows) == 1
    assert rows[["said_a", "said_b"]].isna().all(axis=None)


def test_facts_persons_and_columns_are_not_mixed(contradictions):
    rows = contradictions(
        "ada | employer | 1 | list | siret | | A | | yes | | r1 | f1 | 2010-02-01",
        "ben | employer | 2 | book | firm  | | B | | yes | | r2 | f2 | 2010-02-01",
        "ada | level    | 3 | list | level | | V | | yes | | r1 | f1 | 2010-02-01",
        "ada | employer | 4 | third | firm | | C | | yes | | r5 | f3 | 2010-02-01",
        "ada | employer | 5 | fourth | firm | | A | | yes | | r6 | f4 | 2010-02-01",
    )
    assert rows[["source_a", "source_b"]].to_numpy().tolist() == [
        ["list", "third"],
        ["third", "fourth"],
    ]
