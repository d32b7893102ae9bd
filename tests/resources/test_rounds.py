"""A matching round on record is read back as it was made, for ever."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from agir_pipeline.resources.landing import Landing
from agir_pipeline.resources.rounds import (
    RecordedRound,
    names_apart,
    record_round,
    recorded_rounds,
)

DAY = date(2010, 12, 15)
Draw = Callable[[str], pd.DataFrame]


@pytest.fixture
def landing(tmp_path: Path) -> Landing:
    made = Landing(tmp_path / "landing")
    made.create()
    return made


@pytest.fixture
def made(draw: Draw) -> RecordedRound:
    pairs = draw("""
        beneficiary_person_id | control_person_id | distance | index_on   | is_near
        k1.a                  | k1.b              | 0.25     | 2010-05-03 | true
        k1.c                  | k1.d              |          |            |
        """)
    pool = draw("person_id | age\nk1.b | 19\nk1.z | 24")
    head = {"design_number": 1, "code_version": "0.1.0+abc", "models": ["m1"]}
    return RecordedRound(DAY, 1, head, {"pairs": pairs, "pool": pool})


def same(one: RecordedRound, other: RecordedRound) -> None:
    assert (one.instant, one.round_number, one.made_with) == (
        other.instant,
        other.round_number,
        other.made_with,
    )
    assert set(one.tables) == set(other.tables)
    for name, table in one.tables.items():
        pd.testing.assert_frame_equal(table, other.tables[name])


def test_a_recorded_round_is_read_back_as_it_was(landing: Landing, made: RecordedRound) -> None:
    record_round(landing, made)
    (receipt,) = landing.state().of_kind("round")
    assert (receipt.known_on, receipt.provider) == (DAY, "design_1")
    assert receipt.file_name == "round_01_2010-12-15.zip"
    found = recorded_rounds(landing, (receipt,), 1)
    assert list(found) == [DAY]
    same(found[DAY], made)


def test_equal_rounds_have_equal_bytes(made: RecordedRound) -> None:
    again = RecordedRound(DAY, 1, dict(reversed(made.made_with.items())), dict(made.tables))
    assert again.to_bytes() == made.to_bytes()
    other = RecordedRound(DAY, 2, made.made_with, made.tables)
    assert other.to_bytes() != made.to_bytes()


def test_persons_are_renamed_in_every_column_that_holds_them(made: RecordedRound) -> None:
    names = {"k1.a": "register\x1fA1", "k1.b": "pool\x1fP1"}
    stored = made.renamed(names)
    assert stored.tables["pairs"]["beneficiary_person_id"].tolist() == ["register\x1fA1", "k1.c"]
    assert stored.tables["pool"]["person_id"].tolist() == ["pool\x1fP1", "k1.z"]
    same(stored.renamed({anchor: person for person, anchor in names.items()}), made)
    assert made.tables["pairs"]["beneficiary_person_id"].tolist() == ["k1.a", "k1.c"]


def test_a_round_once_on_record_wins_over_any_other_of_its_day(
    landing: Landing, made: RecordedRound
) -> None:
    record_round(landing, made)
    record_round(landing, made)
    other = RecordedRound(DAY, 1, {**made.made_with, "code_version": "0.2.0"}, made.tables)
    record_round(landing, other)
    receipts = landing.state().of_kind("round")
    assert len(receipts) == 1
    same(recorded_rounds(landing, receipts, 1)[DAY], made)


def test_rounds_of_other_days_stand_beside(landing: Landing, made: RecordedRound) -> None:
    record_round(landing, made)
    record_round(landing, RecordedRound(date(2011, 3, 15), 2, made.made_with, made.tables))
    assert len(recorded_rounds(landing, landing.state().of_kind("round"), 1)) == 2


def test_two_persons_found_to_be_one_stay_apart_in_the_round_that_took_them_for_two() -> None:
    """k.a took over k.b after the round; k.c was taken over by somebody no round names."""
    names = {"a": "k.a", "b": "k.a", "c": "k.z", "d": "k.d"}
    apart = names_apart({"a", "b", "c", "d"}, names, lambda anchor: f"k.{anchor}")
    assert apart == {"a": "k.a", "b": "k.b", "c": "k.z", "d": "k.d"}


def test_everybody_a_round_names_is_found_in_all_its_tables(made: RecordedRound) -> None:
    assert made.persons() == {"k1.a", "k1.b", "k1.c", "k1.d", "k1.z"}


def test_a_rematch_is_a_design_of_its_own_beside_the_first(
    landing: Landing, made: RecordedRound
) -> None:
    record_round(landing, made)
    again = RecordedRound(
        DAY, 1, {**made.made_with, "design_number": 2}, {"pool": made.tables["pool"]}
    )
    record_round(landing, again)
    receipts = landing.state().of_kind("round")
    assert [receipt.provider for receipt in receipts] == ["design_1", "design_2"]
    same(recorded_rounds(landing, receipts, 1)[DAY], made)
    same(recorded_rounds(landing, receipts, 2)[DAY], again)
