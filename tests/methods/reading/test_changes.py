"""Added, changed and removed rows between two full deliveries."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pyarrow as pa

from agir_pipeline.methods.reading.changes import Change, delivery_changes
from agir_pipeline.methods.versions import Delivered
from tests.methods.decisions.conftest import delivered  # noqa: F401 - a fixture

Deliver = Callable[..., Delivered]
A, B, C = ("A", "Nozay", "V", 1), ("B", None, "V", 2), ("C", "Blain", "IV", None)
FULL = {"partner": True}


def told(*deliveries: Delivered, **more: Any) -> list[tuple[str, str, str]]:
    found = delivery_changes(deliveries, more.get("is_full", FULL))
    return [(one.entity_key, one.change, one.column) for one in found]


def test_the_first_file_is_the_beginning_and_no_change(delivered: Deliver) -> None:  # noqa: F811
    assert told(delivered("2010-01-01", A, B)) == []
    assert told(delivered("2010-01-01", A, B), delivered("2010-02-01", A, B)) == []


def test_rows_are_added_changed_by_column_and_removed(delivered: Deliver) -> None:  # noqa: F811
    new_b = ("B", "Derval", "IV", 2)
    d = ("D", "Nort", "V", 4)
    files = (delivered("2010-01-01", A, B, C), delivered("2010-02-01", A, new_b, d))
    assert told(*files) == [
        ("D", "added", ""),
        ("C", "removed", ""),
        ("B", "changed", "town"),
        ("B", "changed", "level"),
    ]


def test_a_change_names_both_files_and_no_value(delivered: Deliver) -> None:  # noqa: F811
    gone = delivered("2010-02-01", A, B, is_complete=True)
    [change] = delivery_changes([delivered("2010-01-01", A, B, C), gone], FULL)
    assert change == Change(
        "2010-02-01", "2010-01-01", "partner", gone.known_on, "C", "removed", "", True
    )


def test_a_partial_provider_is_not_compared(delivered: Deliver) -> None:  # noqa: F811
    files = (delivered("2010-01-01", A), delivered("2010-02-01", B))
    assert told(*files, is_full={"partner": False}) == []


def test_a_file_with_almost_nothing_erases_nobody(delivered: Deliver) -> None:  # noqa: F811
    empty = replace(delivered("2010-02-01"), rows=pa.table({}), is_complete=True)
    bare = delivered("2010-02-01", is_complete=True)
    short = delivered("2010-03-01", A, is_complete=True)
    files = (delivered("2010-01-01", A, B, C), empty, bare, short, delivered("2010-04-01", A, B))
    assert told(*files) == [("C", "removed", "")]


def test_a_row_whose_new_version_is_rejected_has_not_left(delivered: Deliver) -> None:  # noqa: F811
    spoilt = delivered("2010-02-01", A, B, spoilt=frozenset({"C"}))
    assert told(delivered("2010-01-01", A, B, C), spoilt) == []


def test_a_column_that_falls_silent_has_not_changed(delivered: Deliver) -> None:  # noqa: F811
    silent = delivered(
        "2010-02-01", ("A", None, "IV", 1), ("B", None, "V", 2), unsaid=frozenset({"town"})
    )
    assert told(delivered("2010-01-01", A, B), silent) == [("A", "changed", "level")]
    assert told(silent, delivered("2010-03-01", A, B)) == [("A", "changed", "level")]
