"""The row account: a false one cannot be written."""

import sqlite3
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agir_pipeline.errors import CheckError, InfrastructureError
from agir_pipeline.resources.ledger import ENDS, FileAccount, Ledger


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "ledger.sqlite")


GOOD = {"n_rows": 5, "accepted": 3, "rejected": 1, "blank": 1}


def test_an_account_that_adds_up_is_kept(ledger: Ledger) -> None:
    ledger.record_readings(
        [FileAccount("r1", "c1", {"Suivi": GOOD}, None, [("no_rows", "Suivi", "3", 1)])]
    )
    (row,) = ledger.row_ends()
    assert row["sheet"] == "Suivi"
    assert {name: row[name] for name in ("n_rows", *ENDS)} == dict.fromkeys(ENDS, 0) | GOOD
    assert ledger.findings()[0]["place"] == "3"
    assert ledger.readings() == {("r1", "c1")}


@pytest.mark.parametrize(
    "false",
    [
        {**GOOD, "accepted": 2},
        {**GOOD, "accepted": 4},
        {"n_rows": 1},
        {"n_rows": 0, "accepted": 1, "rejected": -1},
        {**GOOD, "lost": 1, "blank": 0},
    ],
)
def test_a_false_account_is_refused_and_the_one_before_stands(
    false: dict[str, int], ledger: Ledger
) -> None:
    ledger.record_readings([FileAccount("r1", "c1", {"Suivi": GOOD}, None, [])])
    with pytest.raises(CheckError, match=r"receipt r1: .* do not add up") as caught:
        ledger.record_readings([FileAccount("r1", "c1", {"A": GOOD, "B": false}, None, [])])
    assert caught.value.exit_code == 1
    assert caught.value.__cause__ is None
    assert [row["sheet"] for row in ledger.row_ends()] == ["Suivi"]


def test_the_database_itself_refuses_it_whoever_writes(ledger: Ledger) -> None:
    ledger.record_landings([])
    with (
        sqlite3.connect(ledger.path) as connection,
        pytest.raises(sqlite3.IntegrityError, match="CHECK constraint failed"),
    ):
        connection.execute("insert into row_ends values ('r', 'c', '', 3, 1, 1, 0, 0, 0, 0)")


@given(counts=st.lists(st.integers(-1, 3), min_size=6, max_size=6), n_rows=st.integers(0, 9))
@settings(max_examples=40, deadline=None)
def test_exactly_the_balanced_accounts_are_taken(
    counts: list[int], n_rows: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    ledger = Ledger(tmp_path_factory.mktemp("ledger") / "ledger.sqlite")
    account = {"n_rows": n_rows, **dict(zip(ENDS, counts, strict=True))}
    is_right = min(counts) >= 0 and sum(counts) == n_rows
    if is_right:
        ledger.record_readings([FileAccount("r", "c", {"": account}, None, [])])
    else:
        with pytest.raises(CheckError):
            ledger.record_readings([FileAccount("r", "c", {"": account}, None, [])])
    assert len(ledger.row_ends()) == is_right


def test_an_account_made_again_replaces_itself_alone(ledger: Ledger) -> None:
    ledger.record_readings([FileAccount("r1", "c1", {}, ("unknown_layout", "cannot be read"), [])])
    ledger.record_readings([FileAccount("r1", "c1", {"": GOOD}, None, [])])
    ledger.record_readings([FileAccount("r1", "c2", {}, ("unknown_layout", "cannot be read"), [])])
    assert len(ledger.row_ends()) == 1
    assert [(row["reading"], row["sentence"]) for row in ledger.refusals()] == [
        ("c2", "cannot be read")
    ]
    assert ledger.readings() == {("r1", "c1"), ("r1", "c2")}


def test_every_arrival_is_recorded_repeats_too(ledger: Ledger) -> None:
    one = ("r1", "2010-01-31T04:00:00+00:00", "f.csv", "inbox", False)
    ledger.record_landings([one, (*one[:4], True)])
    assert [row["is_repeat"] for row in ledger.landings()] == [0, 1]


def test_the_looks_of_the_inbox_are_the_last_ones(ledger: Ledger) -> None:
    ledger.record_looks({"a.csv": "1", "b.csv": "1"})
    ledger.record_looks({"a.csv": "2"})
    assert ledger.inbox_looks() == {"a.csv": "2", "b.csv": "1"}


def test_the_checks_of_a_step_are_the_last_ones(ledger: Ledger) -> None:
    ledger.replace_checks("linked", [("one", "passed", "fine"), ("two", "failed", "not fine")])
    ledger.replace_checks("matched", [("one", "warned", "well")])
    ledger.replace_checks("linked", [("one", "warned", "hm")])
    assert [(c["step"], c["name"], c["status"]) for c in ledger.checks()] == [
        ("linked", "one", "warned"),
        ("matched", "one", "warned"),
    ]


def test_a_status_that_is_none_is_refused(ledger: Ledger) -> None:
    with pytest.raises(InfrastructureError):
        ledger.replace_checks("linked", [("one", "maybe", "?")])
    assert ledger.checks() == []


def test_a_ledger_that_is_no_database_is_told(ledger: Ledger) -> None:
    ledger.path.write_bytes(b"not a database at all, not even a little" * 40)
    with pytest.raises(InfrastructureError, match=r"ledger\.sqlite cannot be used: DatabaseError"):
        ledger.landings()


def test_a_ledger_without_its_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(InfrastructureError, match="OperationalError") as caught:
        Ledger(tmp_path / "gone" / "ledger.sqlite").row_ends()
    assert caught.value.exit_code == 3
