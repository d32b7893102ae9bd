"""The picture of every choice: one bar each, the primary one told apart, no effect drawn."""

from xml.etree import ElementTree

import pandas as pd

from agir_pipeline.methods.drawing import STYLES
from agir_pipeline.methods.effects.choices_plot import choices_plot

SVG = "{http://www.w3.org/2000/svg}"


def curve(*rows):
    names = ["specification_number", "estimate_points", "ci_low_points", "ci_high_points",
             "is_primary"]  # fmt: skip
    return pd.DataFrame(rows, columns=names)


def test_every_interval_is_drawn_and_bounds_have_no_mark():
    drawn = choices_plot(
        curve(
            (1, -5.0, -15.0, 5.0, True),
            (2, -4.0, -16.0, 8.0, False),
            (3, None, -40.0, 20.0, False),
            (4, 1.0, None, None, False),
        ),
        "leaving",
    )
    assert drawn is not None
    picture = ElementTree.fromstring(drawn)
    bars = [
        line for line in picture.iter(f"{SVG}line")
        if line.get("x1") == line.get("x2") and line.get("stroke-width") == "2"
    ]  # fmt: skip
    colours = [bar.get("stroke") for bar in bars]
    assert colours.count(STYLES["beneficiary"].colour) == 1
    assert colours.count(STYLES["control"].colour) == 2
    # one mark in each legend; a mark on the two that have an estimate
    assert len(list(picture.iter(f"{SVG}circle"))) == 2
    squares = [r for r in picture.iter(f"{SVG}rect") if r.get("width") == "8"]
    assert len(squares) == 2
    desc = picture.find(f"{SVG}desc")
    assert desc is not None
    assert desc.text == "3 choices; estimates from -10.0 to -4.0 points"


def test_where_nothing_is_known_there_is_no_picture():
    assert choices_plot(curve((1, 1.0, None, None, True)), "leaving") is None


def test_the_line_of_no_effect_is_in_every_picture():
    drawn = choices_plot(curve((1, 5.0, 2.0, 9.0, True)), "leaving")
    assert drawn is not None
    assert "no effect" in drawn
