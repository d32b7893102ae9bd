"""Curves as pictures: where things stand, and that nothing is told by colour alone."""

from xml.etree import ElementTree

import pytest

from agir_pipeline.methods.drawing import (
    BOTTOM,
    HEIGHT,
    LEFT,
    RIGHT,
    STYLES,
    TOP,
    WIDTH,
    Axes,
    Curve,
    Interval,
    drawing,
    round_ticks,
)

SVG = "{http://www.w3.org/2000/svg}"
AXES = Axes("A & B", "days", "share", [(0, "0"), (10, "10")], [(0, "0"), (1, "1")])


def picture(*curves: Curve, levels: tuple[tuple[float, str], ...] = ()) -> ElementTree.Element:
    return ElementTree.fromstring(drawing(AXES, curves, levels, "in words <1>"))


def test_both_ends_of_the_axes_are_the_corners_of_the_picture() -> None:
    assert (AXES.x(0), AXES.x(10)) == (LEFT, WIDTH - RIGHT)
    assert (AXES.y(0), AXES.y(1)) == (HEIGHT - BOTTOM, TOP)


def test_one_single_tick_stands_at_the_left() -> None:
    assert Axes("", "", "", [(3, "3")], [(0, "0"), (1, "1")]).x(3) == LEFT


def test_a_stepped_curve_goes_along_before_it_goes_up() -> None:
    points = [(0, 0), (5, 0.5), (10, 1)]
    stepped = picture(Curve("c", STYLES["control"], points, is_stepped=True))
    straight = picture(Curve("c", STYLES["control"], points))
    middle = f"{AXES.x(5)}", f"{AXES.y(0.5)}"
    assert f"H{middle[0]}V{middle[1]}" in str(stepped.find(f"{SVG}path").get("d"))  # type: ignore[union-attr]
    assert f"L{middle[0]} {middle[1]}" in str(straight.find(f"{SVG}path").get("d"))  # type: ignore[union-attr]


def test_arms_differ_in_colour_in_dashes_and_in_shape() -> None:
    drawn = picture(
        *(Curve(name, style, [(0, 0)], [(0, 0), (10, 1)]) for name, style in STYLES.items())
    )
    first, second = drawn.findall(f"{SVG}path")
    assert first.get("stroke") != second.get("stroke")
    assert first.get("stroke-dasharray") is None
    assert second.get("stroke-dasharray")
    assert len(drawn.findall(f"{SVG}circle")) == 3  # two marks and one in the legend
    squares = [r for r in drawn.findall(f"{SVG}rect") if r.get("width") == "8"]
    assert len(squares) == 3


def test_words_stand_in_the_picture_and_are_escaped() -> None:
    drawn = picture(levels=((1, "target <75>"),))
    assert drawn.findtext(f"{SVG}title") == "A & B"
    assert drawn.findtext(f"{SVG}desc") == "in words <1>"
    assert "target <75>" in [text.text for text in drawn.iter(f"{SVG}text")]


@pytest.mark.parametrize(
    ("largest", "n", "ticks"),
    [
        (75, 5, [0, 20, 40, 60, 80]),
        (0.186, 5, [0, 0.05, 0.1, 0.15, 0.2]),
        (1, 5, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (100, 5, [0, 20, 40, 60, 80, 100]),
    ],
)
def test_ticks_are_round_numbers_up_to_the_largest(
    largest: float, n: int, ticks: list[float]
) -> None:
    assert round_ticks(largest, n) == pytest.approx(ticks)


def test_nothing_at_all_still_has_an_axis() -> None:
    ticks = round_ticks(0, 5)
    assert ticks[0] == 0
    assert ticks[1] > 0


def test_an_interval_stands_from_its_lower_to_its_upper_limit() -> None:
    style = STYLES["control"]
    bars = [Interval(5, 0.25, 0.75, 0.5, style), Interval(7, 0.0, 1.0, None, style)]
    drawn = ElementTree.fromstring(drawing(AXES, [], [], "words", bars))
    lines = [line for line in drawn.iter(f"{SVG}line") if line.get("stroke-width") == "2"]
    assert [float(line.get("y1", "")) for line in lines] == [AXES.y(0.25), AXES.y(0.0)]
    assert [float(line.get("y2", "")) for line in lines] == [AXES.y(0.75), AXES.y(1.0)]
    assert len([r for r in drawn.iter(f"{SVG}rect") if r.get("width") == "8"]) == 1


def test_a_name_in_the_legend_needs_no_line() -> None:
    drawn = picture(Curve("only a name", STYLES["beneficiary"], []))
    assert list(drawn.iter(f"{SVG}path")) == []
