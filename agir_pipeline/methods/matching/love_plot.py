"""The love plot: standardised differences before and after matching, as one SVG string."""

from collections.abc import Callable
from html import escape

import numpy as np
import pandas as pd

from agir_pipeline.language import _, written_number

ROW, TOP, LEFT, WIDTH, MARGIN = 22, 64, 260, 420, 40
LETTER, GAP = 7, 24
"""The room a letter of a name takes, and that of the names from the edges; more names get more."""
COLOURS = {"pool": "#b35806", "matched": "#2166ac"}


def _as_coded(covariate: str, level: str) -> str:
    return f"{covariate} · {level}"


def love_plot(
    balance: pd.DataFrame,
    max_absolute_smd: float,
    name_of: Callable[[str, str], str] = _as_coded,
) -> str:
    """A picture of ``balance`` (one round): one line per covariate level, two dots each.

    Dots are absolute standardised differences; a difference that is unknown has no dot, an
    infinite one stands at the right edge. The dashed line is ``max_absolute_smd``. ``name_of``
    says what people call a covariate and a level of it.
    """
    drawn = balance.assign(size=balance["smd"].abs())
    finite = drawn["size"][np.isfinite(drawn["size"])]
    largest = max(float(finite.max()) if len(finite) else 0.0, 2 * max_absolute_smd)
    levels = list(dict.fromkeys(zip(drawn["covariate"], drawn["level"], strict=True)))
    names = [name_of(covariate, level) for covariate, level in levels]
    more = max(0, LETTER * max(map(len, names), default=0) + GAP - LEFT)
    bottom = TOP + ROW * len(names)
    limit = _x(max_absolute_smd, largest)
    title = _escaped(_("Balance before and after matching"))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{more + LEFT + WIDTH + MARGIN}"'
        f' height="{bottom + 60}" viewBox="{-more} 0 {more + LEFT + WIDTH + MARGIN} {bottom + 60}"'
        ' font-family="sans-serif" font-size="12" role="img">',
        f"<title>{title}</title>",
        f'<text x="{LEFT}" y="20" font-size="14">{title}</text>',
        *_legend(),
        *_axis(largest, bottom),
        f'<line x1="{limit}" x2="{limit}" y1="{TOP}" y2="{bottom}" stroke="#888"'
        ' stroke-dasharray="4 3"/>',
    ]
    for number, (covariate, level) in enumerate(levels):
        rows = drawn[(drawn["covariate"] == covariate) & (drawn["level"] == level)]
        parts += _line(number, names[number], rows, largest)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _legend() -> list[str]:
    names = {"pool": _("before matching"), "matched": _("matched pairs")}
    parts = []
    for number, (sample, name) in enumerate(names.items()):
        x = LEFT + 140 * number
        parts.append(f'<circle cx="{x + 5}" cy="40" r="5"{_filled(sample)}/>')
        parts.append(f'<text x="{x + 16}" y="44">{_escaped(name)}</text>')
    return parts


def _axis(largest: float, bottom: int) -> list[str]:
    label = _("absolute standardised mean difference (SDs of the beneficiaries)")
    ticks = [
        f'<text x="{_x(value, largest)}" y="{bottom + 18}" text-anchor="middle">'
        f"{written_number(value, '0.00')}</text>"
        for value in np.linspace(0, largest, 5)
    ]
    return [
        f'<line x1="{LEFT}" x2="{LEFT + WIDTH}" y1="{bottom}" y2="{bottom}" stroke="#333"/>',
        *ticks,
        f'<text x="{LEFT + WIDTH / 2}" y="{bottom + 40}" text-anchor="middle">'
        f"{_escaped(label)}</text>",
    ]


def _line(number: int, name: str, rows: pd.DataFrame, largest: float) -> list[str]:
    y = TOP + ROW * number + ROW // 2
    parts = [f'<text x="{LEFT - 12}" y="{y + 4}" text-anchor="end">{_escaped(name)}</text>']
    known = rows[rows["size"].notna()]
    for sample, size in zip(known["sample"], known["size"], strict=True):
        x = _x(min(float(size), largest), largest)
        parts.append(f'<circle cx="{x}" cy="{y}" r="4"{_filled(sample)}/>')
    return parts


def _filled(sample: str) -> str:
    """Full after matching, hollow before: told apart without their colours too."""
    colour = COLOURS[sample]
    inside = colour if sample == "matched" else "#ffffff"
    return f' fill="{inside}" stroke="{colour}" stroke-width="2"'


def _x(size: float, largest: float) -> float:
    return round(LEFT + WIDTH * size / largest, 1)


def _escaped(text: str) -> str:
    return escape(text, quote=False)
