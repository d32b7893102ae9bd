"""Plain texts are read at one look, and to the same value as by the reader of their type."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as example_settings
from hypothesis import strategies as st

from agir_pipeline.methods.reading.cells import trimmed
from agir_pipeline.methods.reading.grid import ERROR_TEXT
from agir_pipeline.methods.reading.plain_texts import plain_reader
from agir_pipeline.methods.reading.typing_rules import reader_of
from agir_pipeline.protocol.model import Column

KINDS: list[dict[str, Any]] = [
    {"type": "text"},
    {"type": "identifier"},
    {"type": "identifier", "pattern": "[0-9]{5}"},
    {"type": "integer"},
    {"type": "integer", "minimum": 3},
    {"type": "number"},
    {"type": "number", "minimum": -1.5, "maximum": 20.0},
    {"type": "date"},
    {"type": "date", "minimum": date(2000, 1, 1), "maximum": date(2010, 12, 31)},
    {"type": "instant"},
]
ODD = ["1.234", "00123", "12E3", "1,5E+4", "'01000", "3.0", " a", "a\u200b", "#N/A", "1\n2", "12\n"]
KIND = [
    st.text(max_size=8),
    st.text("a1é", min_size=1, max_size=3),
    st.from_regex(r"[0-9]{5}", fullmatch=True),
    st.from_regex(r"-?[0-9]{1,2}(\.[0-9]{1,2})?", fullmatch=True),
    st.from_regex(r"-?[0-9]{1,16}(\.[0-9]{1,5})?", fullmatch=True),
    st.from_regex(r"[0-9]{4}-[01][0-9]-[0-3][0-9]([T ][0-2][0-9]:[0-6][0-9]:[0-6][0-9])?"),
    st.dates().map(str),
    st.sampled_from(ODD),
]
ALIKE = st.one_of(*(st.lists(one, max_size=30) for one in KIND))
"""Columns of one way of writing, most of which are told at one look."""
COLUMNS = st.one_of(
    ALIKE,
    st.lists(st.one_of(*KIND), max_size=30),
    st.tuples(ALIKE, st.sampled_from(ODD)).map(lambda told: [*told[0], told[1]]),
)


def column(**settings: Any) -> Column:
    labels = {"en": "c", "fr": "c"}
    return Column(name="c", labels=labels, sensitivity="none", known_before_index=False, **settings)


def plain(settings: dict[str, Any], texts: list[str]) -> dict[str, Any]:
    """The value of each plain text."""
    values, others = plain_reader(column(**settings))(texts)
    assert len(values) == len(texts)
    told = zip(texts, values, strict=True)
    return {text: value for place, (text, value) in enumerate(told) if place not in others}


@pytest.mark.parametrize("settings", KINDS, ids=str)
@pytest.mark.parametrize("decimal", [",", "."])
@given(texts=COLUMNS)
@example_settings(max_examples=50)
def test_a_plain_text_has_the_value_its_reader_gives(
    settings: dict[str, Any], decimal: str, texts: list[str]
) -> None:
    one = column(**settings)
    read = reader_of(one, "day_month_year", decimal, "Europe/Paris")
    for text, value in plain(settings, texts).items():
        assert trimmed(text) == text != ""
        assert not ERROR_TEXT.fullmatch(text)
        told = read(text)
        assert (told.value, told.rule, told.note, told.evidence) == (value, "", "", "")
        assert type(told.value) is type(value)


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"type": "text"}, "DE LA TOUR"),
        ({"type": "identifier"}, "P1"),
        ({"type": "integer"}, "-12"),
        ({"type": "number"}, "12.25"),
        ({"type": "number", "maximum": 20.0}, "12.25"),
        ({"type": "date"}, "2010-11-05"),
        ({"type": "instant"}, "2010-11-05T12:30:00"),
    ],
)
def test_what_most_files_hold_is_plain(settings: dict[str, Any], text: str) -> None:
    assert text in plain(settings, [text])
    assert text in plain(settings, [text, "?"])  # beside one that is not


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"type": "text"}, " DUPONT"),
        ({"type": "identifier"}, "'01000"),
        ({"type": "number"}, "1.234"),
        ({"type": "number", "maximum": 20.0}, "21"),
        ({"type": "date"}, "2010-02-30"),
        ({"type": "date"}, "1900-01-01"),
        ({"type": "boolean"}, "1"),
    ],
)
def test_what_needs_a_second_look_is_not(settings: dict[str, Any], text: str) -> None:
    assert plain(settings, [text]) == {}
