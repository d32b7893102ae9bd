"""What a cell may hold, in words."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from agir_pipeline.language import use_language
from agir_pipeline.methods.reading.expectations import expectation
from agir_pipeline.protocol.model import Column
from tests.methods.reading.conftest import code

CODES = [code("V", "Level V", "Niveau V"), code("IV", "Level IV", "Niveau IV")]


@pytest.mark.parametrize(
    ("type", "more", "said"),
    [
        ("text", {}, "a text"),
        ("code", {"codes": CODES}, "one of: Level V, Level IV"),
        ("integer", {"minimum": 0, "maximum": 7.5}, "a whole number, from 0, up to 7.5"),
        ("date", {"minimum": date(2009, 6, 1), "required": True},
         "a date, from 2009-06-01, never empty"),
        ("identifier", {"pattern": "[0-9]{5}"},
         "a number or a reference, as text, of the form [0-9]{5}"),
    ],
)  # fmt: skip
def test_a_column_says_what_it_expects(
    make_column: Callable[..., Column], type: str, more: dict[str, Any], said: str
) -> None:
    assert expectation(make_column("x", type, **more)) == said


def test_in_the_reader_s_language(make_column: Callable[..., Column]) -> None:
    use_language("fr")
    column = make_column("x", "codes", codes=CODES)
    assert expectation(column) == "une ou plusieurs réponses parmi\u00a0: Niveau V, Niveau IV"
