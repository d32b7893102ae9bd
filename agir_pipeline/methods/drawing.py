"""Curves over time as an SVG string: axes, steps, marks of two shapes, and words beside them.

Colours are told apart by people who see few of them, and no line is known by its colour alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import floor, log10
from typing import NamedTuple

WIDTH, HEIGHT = 720, 380
LEFT, RIGHT, TOP, BOTTOM = 64, 24, 72, 64
GREY, INK = "#767676", "#333333"


class Style(NamedTuple):
    """How one curve is told from the others: colour, dashes and the shape of its marks."""

    colour: str
    dashes: str
    shape: str


STYLES = {
    "beneficiary": Style("#2166ac", "", "circle"),
    "control": Style("#b35806", "7 4", "square"),
}


@dataclass(frozen=True)
class Curve:
    """One line: its name, its style, its points in order; ``marked`` ones get a shape."""

    name: str
    style: Style
    points: Sequence[tuple[float, float]]
    marked: Sequence[tuple[float, float]] = ()
    is_stepped: bool = False


class Interval(NamedTuple):
    """A standing bar from ``low`` to ``high``, with a mark where it has one value."""

    place: float
    low: float
    high: float
    at: float | None
    style: Style


@dataclass(frozen=True)
class Axes:
    """What the axes say and where their ticks stand; limits are those of the last ticks."""

    title: str
    across: str
    up: str
    ticks_across: Sequence[tuple[float, str]]
    ticks_up: Sequence[tuple[float, str]]

    def x(self, value: float) -> float:
        first, last = self.ticks_across[0][0], self.ticks_across[-1][0]
        return round(LEFT + (WIDTH - LEFT - RIGHT) * (value - first) / ((last - first) or 1), 1)

    def y(self, value: float) -> float:
        first, last = self.ticks_up[0][0], self.ticks_up[-1][0]
        return round(
            HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (value - first) / (last - first), 1
        )


def drawing(
    axes: Axes,
    curves: Sequence[Curve],
    levels: Sequence[tuple[float, str]],
    words: str,
    intervals: Sequence[Interval] = (),
) -> str:
    """The picture; ``levels`` are named horizontal lines, ``words`` tell what it shows."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}"'
        ' font-family="sans-serif" font-size="12" role="img">',
        f"<title>{_safe(axes.title)}</title>",
        f"<desc>{_safe(words)}</desc>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        f'<text x="{LEFT}" y="22" font-size="14">{_safe(axes.title)}</text>',
    ]
    for number, curve in enumerate(curves):
        parts += _legend(curve, LEFT + 190 * number)
    parts += _frame(axes)
    for level, name in levels:
        y = axes.y(level)
        parts.append(
            f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}" stroke="{GREY}"'
            ' stroke-dasharray="2 3"/>'
            f'<text x="{WIDTH - RIGHT}" y="{y - 4}" text-anchor="end" fill="{INK}">'
            f"{_safe(name)}</text>"
        )
    for curve in curves:
        parts += _line(curve, axes)
    for interval in intervals:
        parts += _bar(interval, axes)
    return "\n".join([*parts, "</svg>"]) + "\n"


def round_ticks(largest: float, n: int) -> list[float]:
    """Round numbers from 0 to at least ``largest``, about ``n`` of them."""
    wanted = max(largest, 1e-9) / n
    size = 10.0 ** floor(log10(wanted))
    step = next(size * one for one in (1, 2, 5, 10) if size * one >= wanted * (1 - 1e-9))
    ticks = [0.0]
    while ticks[-1] < largest - 1e-9:
        ticks.append(round(ticks[-1] + step, 12))
    return ticks if len(ticks) > 1 else [0.0, step]


def _frame(axes: Axes) -> list[str]:
    bottom, end = HEIGHT - BOTTOM, WIDTH - RIGHT
    parts = [
        f'<line x1="{LEFT}" x2="{end}" y1="{bottom}" y2="{bottom}" stroke="{INK}"/>',
        f'<line x1="{LEFT}" x2="{LEFT}" y1="{TOP}" y2="{bottom}" stroke="{INK}"/>',
        f'<text x="{(LEFT + end) / 2}" y="{HEIGHT - 16}" text-anchor="middle">'
        f"{_safe(axes.across)}</text>",
        f'<text x="{LEFT}" y="{TOP - 10}">{_safe(axes.up)}</text>',
    ]
    for value, text in axes.ticks_across:
        parts.append(
            f'<text x="{axes.x(value)}" y="{bottom + 18}" text-anchor="middle">{_safe(text)}</text>'
        )
    for value, text in axes.ticks_up:
        y = axes.y(value)
        parts.append(f'<line x1="{LEFT - 4}" x2="{LEFT}" y1="{y}" y2="{y}" stroke="{INK}"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4}" text-anchor="end">{_safe(text)}</text>')
    return parts


def _legend(curve: Curve, x: int) -> list[str]:
    return [
        f'<line x1="{x}" x2="{x + 34}" y1="42" y2="42"{_stroke(curve.style)}/>',
        _mark(curve.style, x + 17, 42),
        f'<text x="{x + 42}" y="46">{_safe(curve.name)}</text>',
    ]


def _line(curve: Curve, axes: Axes) -> list[str]:
    if not curve.points:
        return []
    path: list[str] = []
    for value, height in curve.points:
        x, y = axes.x(value), axes.y(height)
        onwards = f"H{x}V{y}" if curve.is_stepped else f"L{x} {y}"
        path.append(onwards if path else f"M{x} {y}")
    marks = [_mark(curve.style, axes.x(x), axes.y(y)) for x, y in curve.marked]
    return [f'<path d="{"".join(path)}" fill="none"{_stroke(curve.style)}/>', *marks]


def _bar(interval: Interval, axes: Axes) -> list[str]:
    x, style = axes.x(interval.place), interval.style
    ends = f'y1="{axes.y(interval.low)}" y2="{axes.y(interval.high)}"'
    bar = f'<line x1="{x}" x2="{x}" {ends}{_stroke(style)}/>'
    return [bar] if interval.at is None else [bar, _mark(style, x, axes.y(interval.at))]


def _stroke(style: Style) -> str:
    dashes = f' stroke-dasharray="{style.dashes}"' if style.dashes else ""
    return f' stroke="{style.colour}" stroke-width="2"{dashes}'


def _mark(style: Style, x: float, y: float) -> str:
    if style.shape == "square":
        return f'<rect x="{x - 4}" y="{y - 4}" width="8" height="8" fill="{style.colour}"/>'
    return f'<circle cx="{x}" cy="{y}" r="4.5" fill="{style.colour}"/>'


def _safe(text: str) -> str:
    return escape(text, quote=False)
