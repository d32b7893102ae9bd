"""Where two columns say different things of one person, both are shown."""

import pandas as pd
import pytest

STUDY = {"shared_facts": [{"fact": "any"}], "known_on": "2010-06-30"}
HEAD = (
    "person_id | fact | teller | source | column_name | tolerance_days | said | said_on "
    "| is_shown | superseded_on | record_id | receipt_id | known_on"
)
BY_PERSON = {"spell": "string", "spell_on": "datetime64[us]", "spell_days": "Int64"}


@pytest.fixture
def contradictions(database, run_model, draw):
    def run(*lines, waits_days=0, drawn_on=("2010-06-30", "2010-06-30")):
        said = draw("\n".join([HEAD, *lines]))
        for whole in ("teller", "tolerance_days"):
            said[whole] = said[whole].astype("Int64")
        said["is_shown"] = said["is_shown"].map({"yes": True, "no": False}).astype("boolean")
        for name, kind in BY_PERSON.items():
            said[name] = pd.Series(pd.NA, said.index, dtype=kind)
        said["waits_days"] = pd.array([waits_days] * len(said), dtype="Int64")
        said["drawn_on"] = pd.to_datetime(said["teller"].map(lambda n: drawn_on[min(n, 2) - 1]))
        said["told_on"] = said["known_on"]
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
        rows.drop(
            columns=["record_id_a", "record_id_b", "known_on_a", "known_on_b", "contradiction_rank"]
        ),
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


@pytest.mark.parametrize(("later", "n"), [("2010-05-31", 1), ("2010-06-01", 0)])
def test_a_difference_is_told_once_the_slower_source_has_had_its_time(contradictions, later, n):
    """Of 30 days up to 30 June: an adviser knows a rupture before it is notified."""
    rows = contradictions(
        f"ada | rupture | 1 | list | exit | | yes | | yes | | r1 | f1 | {later}",
        "ada | rupture | 2 | book | on   | | no  | | yes | | r2 | f2 | 2010-01-01",
        waits_days=30,
    )
    assert len(rows) == n


@pytest.mark.parametrize(("drawn_on", "n"), [("2010-03-02", 0), ("2010-03-03", 1)])
def test_a_source_that_nobody_drew_since_has_not_had_its_time(contradictions, drawn_on, n):
    """However late it is: the book was drawn 29 or 30 days after the list said so."""
    for drawn in (("2010-06-30", drawn_on), (drawn_on, "2010-06-30")):
        rows = contradictions(
            "ada | rupture | 1 | list | exit | | yes | | yes | | r1 | f1 | 2010-02-01",
            "ada | rupture | 2 | book | on   | | no  | | yes | | r2 | f2 | 2010-01-01",
            waits_days=30,
            drawn_on=drawn,
        )
        assert len(rows) == n


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


@pytest.fixture
def by_contract(database, run_model, draw):
    """As ``contradictions``, of lines that name the first day of their contract."""

    def run(*lines):
        said = draw("\n".join([f"{HEAD} | spell | spell_on | spell_days", *lines]))
        said["waits_days"] = 0
        for whole in ("teller", "tolerance_days", "spell_days", "waits_days"):
            said[whole] = said[whole].astype("Int64")
        said["is_shown"] = said["is_shown"].map({"yes": True, "no": False}).astype("boolean")
        said["spell_on"] = said["spell_on"].astype("datetime64[us]")
        said["drawn_on"] = said["told_on"] = said["known_on"]
        return run_model(database, "contradictions", {"linked.shared_facts": said}, STUDY)

    return run


def line(person, teller, said, record, start):
    source = "list" if teller == 1 else "book"
    return (
        f"{person} | ends | {teller} | {source} | end | | {said} | | yes | | {record} | f{teller} "
        f"| 2010-02-01 | {start} | {start} | 15"
    )


def test_each_contract_is_compared_with_its_like(by_contract):
    rows = by_contract(
        line("ada", 1, "June", "r1", "2009-09-01"),
        line("ada", 2, "May", "s1", "2009-09-10"),  # the same contract: contradicts
        line("ada", 2, "June", "s2", "2010-09-01"),  # another one: no agreement with the first
        line("ben", 1, "June", "r3", "2009-09-01"),
        line("ben", 1, "July", "r4", "2010-09-01"),
        line("ben", 2, "July", "s3", "2009-09-01"),
        line("ben", 2, "June", "s4", "2010-09-01"),  # both the other way round
        line("cyd", 1, "June", "r5", "2009-09-01"),
        line("cyd", 1, "July", "r6", "2010-09-01"),
        line("cyd", 2, "July", "s5", "2010-09-01"),
        line("cyd", 2, "June", "s6", "2009-09-01"),
    )
    columns = ["person_id", "record_id_a", "record_id_b", "contradiction_rank"]
    assert rows.sort_values(columns)[columns].to_numpy().tolist() == [
        ["ada", "r1", "s1", 1],
        ["ben", "r3", "s3", 1],
        ["ben", "r4", "s4", 2],
    ]


def test_a_contract_that_the_other_source_does_not_know_contradicts_nothing(by_contract):
    assert by_contract(
        line("ada", 1, "June", "r1", "2009-09-01"),
        line("ada", 2, "May", "s1", "2010-09-01"),
        line("ada", 2, "July", "s2", "2011-09-01"),
    ).empty


def test_the_only_contract_of_both_is_the_same_and_any_row_of_it_may_agree(by_contract):
    rows = by_contract(
        line("ada", 1, "June", "r1", "2009-09-01"),
        line("ada", 2, "May", "s1", "2010-09-01"),
        line("ben", 1, "June", "r2", "2009-09-01"),
        line("ben", 1, "May", "r3", "2009-09-03"),  # the same, corrected
        line("ben", 2, "May", "s2", "2009-09-05"),
    )
    assert rows[["record_id_a", "record_id_b"]].to_numpy().tolist() == [["r1", "s1"]]


def test_who_names_no_contract_tells_of_any(by_contract):
    rows = by_contract(
        line("ada", 1, "June", "r1", ""),
        line("ada", 2, "May", "s1", "2009-09-01"),
        line("ada", 2, "June", "s2", "2010-09-01"),
        line("ben", 1, "June", "r2", ""),
        line("ben", 2, "May", "s3", "2009-09-01"),
        line("ben", 2, "July", "s4", "2010-09-01"),
    )
    assert rows[["record_id_a", "record_id_b"]].to_numpy().tolist() == [["r2", "s3"]]


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
