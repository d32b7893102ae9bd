"""Rows that left a file: gone when somebody says so, from that night on, and not before."""

from collections.abc import Callable
from datetime import date

from agir_pipeline.methods.decisions.departures import (
    Absence,
    Departure,
    absences,
    let_go,
    settled_by,
    still_asked,
)
from agir_pipeline.methods.reading.changes import delivery_changes
from agir_pipeline.methods.versions import Delivered, versions

Deliver = Callable[..., Delivered]
FULL = {"partner": True}
A, B, C = ("A", "Nozay", "V", 1), ("B", "Nort", "V", 2), ("C", "Derval", "IV", 3)
PLACE = ("receipt", "departures", 2)


def day(text: str) -> date:
    return date.fromisoformat(text)


def decided(key: str, known_on: str, *, is_gone: bool = True) -> Departure:
    return Departure("register", key, is_gone, day(known_on), PLACE)


def found(*files: Delivered) -> list[Absence]:
    return absences(delivery_changes(files, FULL))


def test_what_left_is_missing_until_it_comes_back(delivered: Deliver) -> None:
    first = [delivered("2010-01-01", A, B, C), delivered("2010-02-01", A, B)]
    back = delivered("2010-03-01", A, B, C)
    again = delivered("2010-04-01", A, B)
    since = Absence("partner", "C", day("2010-02-01"))
    assert found(*first) == [since]
    assert found(*first, back) == [Absence("partner", "C", day("2010-02-01"), day("2010-03-01"))]
    assert found(*first, back, again)[1] == Absence("partner", "C", day("2010-04-01"))


def test_what_a_complete_delivery_leaves_out_is_deleted_and_nobody_is_asked(
    delivered: Deliver,
) -> None:
    assert not found(
        delivered("2010-01-01", A, B, C), delivered("2010-02-01", A, B, is_complete=True)
    )


def test_a_decision_speaks_of_the_absence_known_when_it_was_made() -> None:
    absent = [
        Absence("partner", "C", day("2010-02-01"), day("2010-03-01")),
        Absence("partner", "C", day("2010-05-01")),
        Absence("partner", "B", day("2010-02-01")),
    ]
    assert settled_by(decided("C", "2010-01-31"), absent) == []
    assert settled_by(decided("C", "2010-02-01"), absent) == absent[:1]
    assert settled_by(decided("C", "2010-03-01"), absent) == []
    assert settled_by(decided("C", "2010-06-01"), absent) == absent[1:2]
    assert still_asked([], absent) == absent[1:]
    assert still_asked([decided("C", "2010-02-15", is_gone=False)], absent) == absent[1:]
    assert still_asked([decided("C", "2010-06-01", is_gone=False)], absent) == absent[2:]


def test_a_row_is_gone_from_the_night_of_the_decision(delivered: Deliver) -> None:
    files = [
        delivered("2010-01-01", A, B, C),
        delivered("2010-02-01", A, B),
        delivered("2010-04-01", A, B),
    ]
    made = let_go(files, [decided("C", "2010-03-01")], found(*files))
    assert [one.known_on.month for one in made] == [1, 2, 3, 4]
    table = versions(made).set_index("entity_key")
    assert table.loc["C", "superseded_on"].date() == day("2010-03-01")
    assert table.loc[["A", "B"], "superseded_on"].isna().all()


def test_a_row_that_comes_back_after_the_decision_is_current_again(delivered: Deliver) -> None:
    files = [
        delivered("2010-01-01", A, B, C),
        delivered("2010-02-01", A, B),
        delivered("2010-04-01", A, B, C),
    ]
    table = versions(let_go(files, [decided("C", "2010-03-01")], found(*files)))
    own = table[table["entity_key"] == "C"]
    assert own["superseded_on"].isna().tolist() == [False, True]


def test_what_is_still_true_or_not_missing_stays(delivered: Deliver) -> None:
    files = [delivered("2010-01-01", A, B, C), delivered("2010-02-01", A, B)]
    absent = found(*files)
    kept = [decided("C", "2010-03-01", is_gone=False), decided("A", "2010-03-01")]
    assert let_go(files, kept, absent) == files


def test_a_key_that_another_provider_lists_is_not_gone(delivered: Deliver) -> None:
    files = [
        delivered("2010-01-01", A, C),
        delivered("2010-01-15", C, provider="other"),
        delivered("2010-02-01", A),
    ]
    absent = absences(delivery_changes(files, FULL | {"other": False}))
    table = versions(let_go(files, [decided("C", "2010-03-01")], absent))
    assert table.loc[table["entity_key"] == "C", "superseded_on"].isna().any()
