"""Alike and yet two people: known first names, and lists that name both."""

import pandas as pd
import pytest

from agir_pipeline.methods.identity.first_names import (
    LIST,
    are_two_names,
    french_names,
    known_names,
)
from agir_pipeline.methods.identity.siblings import are_told_apart

KNOWN = known_names(
    ["lea", "leo", "marie", "marine", "mohamed mohammed", "jean", "marc", "laure", "luc"]
)
DAY = "1990-01-01"
COLUMNS = ["last_name_l", "first_name_l", "last_name_r", "first_name_r", "born_on_l", "born_on_r"]


@pytest.mark.parametrize(
    ("one", "other", "are_two"),
    [
        ("lea", "leo", True),
        ("marie", "marine", True),
        ("marie", "mareie", False),  # no name at all
        ("lea", "lea", False),
        ("mohamed", "mohammed", False),  # one name in two spellings
        ("marie", "marielaure", False),  # a part of it
        ("jeanmarc", "jean", False),
        ("jeanmarc", "jeanmarie", True),
        ("jeanluc", "jeanmarc", True),
        ("", "lea", False),
    ],
)
def test_two_known_names_are_two_unless_one_is_a_part_of_the_other(
    one: str, other: str, are_two: bool
) -> None:
    assert are_two_names(one, other, KNOWN) == are_two
    assert are_two_names(other, one, KNOWN) == are_two


def test_no_spelling_of_the_list_stands_for_two_names() -> None:
    lines = LIST.read_text(encoding="utf-8").splitlines()
    assert sum(len(line.split()) for line in lines) == len(french_names()) > 1_000


def told(*pairs: tuple[str | None, ...], records: tuple[tuple[str, ...], ...] = ()) -> list[bool]:
    """``pairs``: names of the one, names of the other, level; ``records``: list, name, day."""
    found = pd.DataFrame([(*pair[:4], DAY, DAY) for pair in pairs], columns=COLUMNS)
    found["gamma_first_name"] = [pair[4] for pair in pairs]
    names = pd.Index(["place_of", "last_name", "first_name", "born_on"])
    return are_told_apart(pd.DataFrame(list(records), columns=names), found, KNOWN).tolist()


def test_twins_of_one_letter_are_two_and_a_typo_is_one() -> None:
    pairs = (("roy", "lea", "roy", "leo", 2), ("roy", "lea", "roy", "leaa", 2))
    assert told(*pairs) == [True, False]


def test_swapped_names_are_compared_across() -> None:
    assert told(
        ("roy", "lea", "leo", "roy", -1),
        ("leo", "roy", "roy", "lea", -1),
        ("roy", "lea", "lea", "roy", -1),
        ("marie", None, "roy", "leo", -1),  # a first name is missing: nothing is swapped
        ("roy", "lea", "marc", None, -1),
    ) == [True, True, False, False, False]


def test_a_list_that_names_both_tells_them_apart_and_a_list_of_another_day_does_not() -> None:
    pair = ("roy", "loane", "roy", "loann", 3)
    one, other = ("a", "roy", "loane", DAY), ("a", "roy", "loann", DAY)
    assert told(pair, records=(one, other)) == [True]
    assert told(pair, records=(one, ("b", *other[1:]))) == [False]
    assert told(pair, records=(one, (*other[:3], "1991-01-01"))) == [False]
    assert told(("roy", "loane", "roi", "loann", 3), records=(one, other)) == [False]
    assert told(("roy", "loane", "roy", "loane", 4), records=(one, other)) == [False]
