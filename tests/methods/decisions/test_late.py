"""What became usable later than it came: in its place, unless something newer is known."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pyarrow as pa

from agir_pipeline.methods.decisions.late import keys_of, with_late
from agir_pipeline.methods.versions import Delivered

Deliver = Callable[..., Delivered]
A, B = ("A", "Nozay", "V", 1), ("B", "Derval", "V", 2)
MAY = date(2010, 5, 1)


def told(deliveries: list[Delivered]) -> list[tuple[str, list[str]]]:
    return [(str(d.known_on), keys_of(d)) for d in deliveries]


def test_a_late_row_stands_after_what_was_known_by_then(delivered: Deliver) -> None:
    first, second = delivered("2010-01-01", A), delivered("2010-06-01", A)
    late = replace(delivered("2010-01-01", B), known_on=MAY)
    assert told(with_late([first, second], [(0, late)])) == [
        ("2010-01-01", ["A"]),
        ("2010-05-01", ["B"]),
        ("2010-06-01", ["A"]),
    ]


def test_a_row_that_was_listed_meanwhile_is_no_news_and_a_spoilt_one_is(
    delivered: Deliver,
) -> None:
    first = delivered("2010-01-01")
    again = delivered("2010-03-01", A, spoilt=frozenset({"B"}))
    late = replace(delivered("2010-01-01", A, B), known_on=MAY)
    assert told(with_late([first, again], [(0, late)]))[-1] == ("2010-05-01", ["B"])


def test_a_delivery_without_rows_is_no_obstacle(delivered: Deliver) -> None:
    empty = replace(delivered("2010-03-01"), rows=pa.table({}))
    late = replace(delivered("2010-01-01", A), known_on=MAY)
    assert told(with_late([delivered("2010-01-01")], [(0, late)]))[-1] == ("2010-05-01", ["A"])
    assert len(with_late([delivered("2010-01-01"), empty], [(0, late)])) == 3
