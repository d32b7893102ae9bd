"""Corrections: what each comes to, from when until when, and what it leaves alone."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from agir_pipeline.methods.decisions.corrections import Correction, Outcome, Row, carry_out
from agir_pipeline.methods.reading.cells import Cell
from agir_pipeline.methods.reading.records import row_digests
from agir_pipeline.methods.reading.typing_rules import ColumnReader
from agir_pipeline.methods.versions import Delivered, versions
from agir_pipeline.protocol.model import Source
from tests.methods.decisions.conftest import FIELDS

Deliver = Callable[..., Delivered]
A, B = ("A", "Nozay", "V", 1), ("B", "Derval", "V", 2)
JANUARY, FEBRUARY, MARCH, APRIL = "2010-01-31", "2010-02-28", "2010-03-31", "2010-04-30"


def correction(**more: Any) -> Correction:
    settings: dict[str, Any] = {
        "decision": "d",
        "source": "register",
        "entity_key": "A",
        "column": "town",
        "old": "Nozay",
        "new": "Nantes",
        "effective_on": date(2010, 1, 1),
        "known_on": date(2010, 1, 1),
    }
    return Correction(**{**settings, **more})


@pytest.fixture
def replay(register: Source) -> Callable[..., tuple[pd.DataFrame, list[Outcome]]]:
    """The versions of the source with its corrections, and what these came to."""
    columns = {c.name: c for c in register.columns}

    def type_text(name: str, _provider: str, text: str | None) -> Cell:
        typed = ColumnReader(columns[name], register).read([text or ""])
        return Cell(typed.values[0], typed.rules.get(0, ""))

    def compute(row: Row) -> Row:
        return {"row_digest": int(row_digests([[row[name]] for name in FIELDS], 1)[0])}

    def run(
        deliveries: list[Delivered], *corrections: Correction, **more: Any
    ) -> tuple[pd.DataFrame, list[Outcome]]:
        made, outcomes = carry_out(
            deliveries, corrections, type_text, compute, more.get("rescued", {})
        )
        return versions(made), outcomes

    return run


def said(table: pd.DataFrame, column: str = "town", key: str = "A") -> list[tuple[str, str]]:
    own = table[table["entity_key"] == key]
    days = own["known_on"].dt.strftime("%Y-%m-%d")
    return list(zip(days, own[column].astype(object).map(str), strict=True))


def ends(outcomes: list[Outcome]) -> list[tuple[str, str, int]]:
    return [(o.status, o.reason, o.n_changed) for o in outcomes]


def test_without_corrections_nothing_is_touched(replay, delivered: Deliver) -> None:
    table, outcomes = replay([delivered(JANUARY, A)])
    assert (said(table), outcomes) == ([(JANUARY, "Nozay")], [])


def test_a_correction_holds_in_every_file_that_repeats_the_error(
    replay, delivered: Deliver
) -> None:
    files = [delivered(day, A, B) for day in (JANUARY, FEBRUARY, MARCH)]
    table, outcomes = replay(files, correction())
    assert said(table) == [(JANUARY, "Nantes")]
    assert said(table, key="B") == [(JANUARY, "Derval")]
    assert ends(outcomes) == [("applied", "", 1)]
    assert files[0].rows["town"].to_pylist() == ["Nozay", "Derval"]


def test_two_rows_of_one_file_are_corrected(replay, delivered: Deliver) -> None:
    other = correction(decision="e", entity_key="B", column="level", old="V", new="IV")
    table, outcomes = replay([delivered(JANUARY, A, B)], correction(), other)
    assert said(table) == [(JANUARY, "Nantes")]
    assert said(table, "level", key="B") == [(JANUARY, "IV")]
    assert [o.status for o in outcomes] == ["applied", "applied"]


def test_what_was_known_before_the_decision_stays_as_it_was(replay, delivered: Deliver) -> None:
    files = [delivered(day, A) for day in (JANUARY, MARCH)]
    table, _ = replay(files, correction(known_on=date(2010, 2, 10)))
    assert said(table) == [(JANUARY, "Nozay"), ("2010-02-10", "Nantes")]


def test_a_row_the_partner_changed_keeps_its_other_news(replay, delivered: Deliver) -> None:
    files = [delivered(JANUARY, A), delivered(FEBRUARY, ("A", "Nozay", "V", 7))]
    table, outcomes = replay(files, correction())
    assert said(table, "n_visits") == [(JANUARY, "1"), (FEBRUARY, "7")]
    assert said(table) == [(JANUARY, "Nantes"), (FEBRUARY, "Nantes")]
    assert ends(outcomes) == [("applied", "", 2)]


def test_another_old_value_is_a_conflict_and_nothing_changes(replay, delivered: Deliver) -> None:
    table, outcomes = replay([delivered(JANUARY, A)], correction(old="Derval"))
    assert said(table) == [(JANUARY, "Nozay")]
    assert ends(outcomes) == [("conflict", "old_value_differs", 0)]


def test_a_partner_that_changes_its_mind_makes_a_conflict(replay, delivered: Deliver) -> None:
    files = [delivered(JANUARY, A), delivered(FEBRUARY, ("A", "Blain", "V", 1))]
    table, outcomes = replay(files, correction())
    assert said(table) == [(JANUARY, "Nantes"), (FEBRUARY, "Blain")]
    assert ends(outcomes) == [("conflict", "old_value_differs", 1)]


def test_a_partner_that_puts_it_right_makes_the_correction_idle(replay, delivered: Deliver) -> None:
    right = ("A", "Nantes", "V", 1)
    table, outcomes = replay([delivered(JANUARY, A), delivered(FEBRUARY, right)], correction())
    assert said(table) == [(JANUARY, "Nantes")]
    assert ends(outcomes) == [("applied", "", 1)]
    assert ends(replay([delivered(JANUARY, right)], correction())[1]) == [
        ("applied", "already_right", 0)
    ]


def test_an_empty_cell_is_filled_and_a_wrong_one_emptied(replay, delivered: Deliver) -> None:
    empty = [delivered(JANUARY, ("A", None, "V", 1))]
    assert said(replay(empty, correction(old=None))[0]) == [(JANUARY, "Nantes")]
    full = [delivered(JANUARY, A)]
    assert said(replay(full, correction(new=None))[0]) == [(JANUARY, "nan")]
    assert ends(replay(full, correction(old=None))[1]) == [("conflict", "old_value_differs", 0)]


def test_a_code_may_be_written_as_the_partner_does(replay, delivered: Deliver) -> None:
    fixed = correction(column="level", old="5", new="Niveau IV")
    assert said(replay([delivered(JANUARY, A)], fixed)[0], "level") == [(JANUARY, "IV")]


def test_values_the_column_cannot_hold_are_conflicts(replay, delivered: Deliver) -> None:
    files = [delivered(JANUARY, A)]
    wrong = correction(column="n_visits", old="1", new="many")
    assert ends(replay(files, wrong)[1]) == [("conflict", "new_value_unreadable", 0)]
    wrong = correction(column="n_visits", old="few", new="3")
    assert ends(replay(files, wrong)[1]) == [("conflict", "old_value_unreadable", 0)]


def test_a_key_no_file_has_is_an_orphan(replay, delivered: Deliver) -> None:
    _, outcomes = replay([delivered(JANUARY, A)], correction(entity_key="Z"))
    assert ends(outcomes) == [("orphan", "no_such_key", 0)]


def test_a_row_that_is_rejected_still_is_a_conflict(replay, delivered: Deliver) -> None:
    files = [delivered(JANUARY, A, spoilt=frozenset({"Z"}))]
    assert ends(replay(files, correction(entity_key="Z"))[1]) == [
        ("conflict", "row_still_rejected", 0)
    ]


def test_a_row_made_acceptable_counts_as_changed(replay, delivered: Deliver) -> None:
    files = [delivered(JANUARY, ("A", "Nantes", "V", 1))]
    outcomes = replay(files, correction(), rescued={("A", "town"): 1})[1]
    assert ends(outcomes) == [("applied", "", 1)]


@pytest.mark.parametrize(
    ("fault", "status"), [("author_not_listed", "conflict"), ("no_such_column", "orphan")]
)
def test_a_faulty_decision_changes_nothing_and_says_why(
    replay, delivered: Deliver, fault: str, status: str
) -> None:
    table, outcomes = replay([delivered(JANUARY, A)], correction(fault=fault))
    assert said(table) == [(JANUARY, "Nozay")]
    assert ends(outcomes) == [(status, fault, 0)]


def test_files_drawn_before_the_day_of_effect_are_left_as_they_are(
    replay, delivered: Deliver
) -> None:
    files = [delivered(day, A) for day in (JANUARY, FEBRUARY, MARCH)]
    table, _ = replay(files, correction(effective_on=date(2010, 2, 1)))
    assert said(table) == [(JANUARY, "Nozay"), (FEBRUARY, "Nantes")]
    waiting = correction(effective_on=date(2010, 5, 1))
    assert ends(replay(files, waiting)[1]) == [("waiting", "not_yet_effective", 0)]


def test_after_its_expiry_the_source_speaks_for_itself(replay, delivered: Deliver) -> None:
    files = [delivered(day, A) for day in (JANUARY, FEBRUARY, MARCH)]
    table, outcomes = replay(files, correction(expires_on=date(2010, 2, 28)))
    assert said(table) == [(JANUARY, "Nantes"), (MARCH, "Nozay")]
    assert ends(outcomes) == [("expired", "", 1)]


def test_an_expiry_between_two_files_of_another_row_ends_it_too(replay, delivered: Deliver) -> None:
    files = [delivered(JANUARY, A), delivered(MARCH, B)]
    table, _ = replay(files, correction(expires_on=date(2010, 2, 28)))
    assert said(table) == [(JANUARY, "Nantes"), (MARCH, "Nozay")]


def test_a_withdrawn_decision_ends_on_the_night_it_was_withdrawn(
    replay, delivered: Deliver
) -> None:
    made = correction(until=date(2010, 2, 15))
    gone = correction(known_on=date(2010, 2, 15), is_withdrawn=True)
    table, outcomes = replay([delivered(JANUARY, A), delivered(MARCH, A)], made, gone)
    assert said(table) == [(JANUARY, "Nantes"), ("2010-02-15", "Nozay")]
    assert ends(outcomes) == [("withdrawn", "", 0)]


def test_a_second_correction_of_a_cell_speaks_of_the_first_one(replay, delivered: Deliver) -> None:
    then = correction(decision="e", effective_on=date(2010, 2, 1), old="Nantes", new="Blain")
    table, outcomes = replay([delivered(JANUARY, A), delivered(FEBRUARY, A)], correction(), then)
    assert said(table) == [(JANUARY, "Nantes"), (FEBRUARY, "Blain")]
    assert [o.status for o in outcomes] == ["applied", "applied"]


def test_a_row_that_left_a_complete_file_is_not_called_back(replay, delivered: Deliver) -> None:
    files = [delivered(JANUARY, A, B), delivered(FEBRUARY, B, is_complete=True)]
    table, _ = replay(files, correction(known_on=date(2010, 3, 10)))
    assert said(table) == [(JANUARY, "Nozay")]
    assert not table[table["entity_key"] == "A"]["superseded_on"].isna().any()


def test_a_row_that_a_complete_file_spoils_has_not_left(replay, delivered: Deliver) -> None:
    spoilt = delivered(FEBRUARY, B, is_complete=True, spoilt=frozenset({"A"}))
    table, _ = replay([delivered(JANUARY, A, B), spoilt], correction(known_on=date(2010, 3, 10)))
    assert said(table) == [(JANUARY, "Nozay"), ("2010-03-10", "Nantes")]


def test_a_delivery_without_a_row_says_nothing(replay, delivered: Deliver) -> None:
    empty = replace(delivered(FEBRUARY), rows=pa.table({}))
    table, outcomes = replay([delivered(JANUARY, A), empty], correction())
    assert said(table) == [(JANUARY, "Nantes")]
    assert ends(outcomes) == [("applied", "", 1)]


def test_two_files_of_one_night_end_with_the_newer(replay, delivered: Deliver) -> None:
    newer = replace(delivered(JANUARY, ("A", "Blain", "V", 1)), receipt_id="second")
    table, _ = replay([delivered(JANUARY, A), newer], correction(known_on=date(2010, 1, 31)))
    assert said(table) == [(JANUARY, "Blain")]


def test_only_the_version_in_force_counts() -> None:
    assert correction().is_in_force
    for more in ({"until": date(2010, 1, 2)}, {"is_withdrawn": True}, {"fault": "not_approved"}):
        assert not correction(**more).is_in_force


def test_a_file_silent_about_the_column_leaves_what_was_corrected(
    replay, delivered: Deliver
) -> None:
    silent = delivered(FEBRUARY, ("A", None, "V", 1), unsaid=frozenset({"town"}))
    table, outcomes = replay([delivered(JANUARY, A), silent], correction())
    assert said(table) == [(JANUARY, "Nantes"), (FEBRUARY, "Nantes")]
    assert ends(outcomes) == [("applied", "", 1)]


def test_nothing_is_corrected_where_a_file_is_silent(replay, delivered: Deliver) -> None:
    silent = delivered(FEBRUARY, ("A", None, "V", 1), unsaid=frozenset({"town"}))
    empty = correction(old=None, effective_on=date(2010, 2, 1))
    table, outcomes = replay([delivered(JANUARY, A), silent], empty)
    assert said(table) == [(JANUARY, "Nozay"), (FEBRUARY, "Nozay")]
    assert ends(outcomes) == [("conflict", "old_value_differs", 0)]
