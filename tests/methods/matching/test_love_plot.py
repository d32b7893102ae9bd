"""The love plot is a well-formed picture that shows what the table says."""

import math
from xml.etree import ElementTree

import pandas as pd

from agir_pipeline.language import use_language
from agir_pipeline.methods.matching.love_plot import GAP, LEFT, LETTER, WIDTH, love_plot

SVG = "{http://www.w3.org/2000/svg}"


def dots(balance, limit=0.1):
    picture = ElementTree.fromstring(love_plot(balance, limit))
    return [c for c in picture.iter(f"{SVG}circle") if c.get("r") == "4"], picture


def table(*rows):
    return pd.DataFrame(rows, columns=["covariate", "level", "sample", "smd"])


def test_dots_stand_at_their_absolute_difference():
    found, picture = dots(
        table(("age", "value", "pool", -0.8), ("age", "value", "matched", 0.2)), limit=0.1
    )
    assert [float(c.get("cx")) for c in found] == [LEFT + WIDTH, LEFT + WIDTH / 4]
    texts = [t.text for t in picture.iter(f"{SVG}text")]
    assert "age · value" in texts
    assert "absolute standardised mean difference (SDs of the beneficiaries)" in texts
    assert picture.find(f"{SVG}title").text == "Balance before and after matching"


def test_unknown_differences_have_no_dot_and_infinite_ones_stand_at_the_edge():
    found, _ = dots(
        table(("a", "x", "pool", math.nan), ("a", "x", "matched", -math.inf)), limit=0.1
    )
    assert [float(c.get("cx")) for c in found] == [LEFT + WIDTH]


def test_people_read_what_a_level_is_called_and_a_long_name_gets_its_room():
    balance = table(("age", "value", "pool", 0.1))
    short = ElementTree.fromstring(love_plot(balance, 0.1, lambda _name, _level: "Age"))
    assert "Age" in [t.text for t in short.iter(f"{SVG}text")]
    assert short.get("viewBox").split()[0] == "0"
    long = ElementTree.fromstring(love_plot(balance, 0.1, lambda _name, _level: "A" * 60))
    left = -int(long.get("viewBox").split()[0])
    assert left == LETTER * 60 + GAP - LEFT
    assert int(long.get("width")) == left + int(short.get("width"))


def test_numbers_of_the_axis_are_written_as_the_language_does():
    use_language("fr")
    _, picture = dots(table(("age", "value", "pool", 0.4)))
    assert "0,40" in [t.text for t in picture.iter(f"{SVG}text")]


def test_names_are_escaped():
    _, picture = dots(table(("months", "< 9.5 & more", "pool", 0.0)))
    assert "months · < 9.5 & more" in [t.text for t in picture.iter(f"{SVG}text")]
