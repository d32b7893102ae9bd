"""Entries so far against the target, as one SVG string."""

import pandas as pd
from babel.dates import format_date

from agir_pipeline.language import _, current_language, mark
from agir_pipeline.methods.drawing import STYLES, Axes, Curve, drawing, round_ticks

NAMES = {"beneficiary": mark("beneficiaries"), "control": mark("controls")}
SHOWN_MONTHS = 6
"""About how many months are named below the picture."""


def enrolment_plot(progress: pd.DataFrame) -> str:
    """A picture of ``enrolment_progress``: entries so far by month and arm, the target dotted."""
    months = sorted(progress["month_on"].unique())
    place = {month: number for number, month in enumerate(months)}
    targets = [int(target) for target in progress["n_target"].dropna().unique()]
    largest = max([int(progress["n_cumulative"].max()), *targets, 1])
    every = -(-len(months) // SHOWN_MONTHS)
    ticks = [(float(n), _month(m)) for m, n in place.items() if n % every == 0]
    if ticks[-1][0] != len(months) - 1:
        ticks.append((float(len(months) - 1), ""))
    axes = Axes(
        title=_("Entries so far against the target"),
        across=_("month"),
        up=_("persons"),
        ticks_across=ticks,
        ticks_up=[(n, f"{n:.0f}") for n in round_ticks(largest, 5)],
    )
    curves = []
    for arm, style in STYLES.items():
        own = progress[progress["arm"] == arm].sort_values("month_on")
        points = [
            (float(place[month]), float(n))
            for month, n in zip(own["month_on"], own["n_cumulative"], strict=True)
        ]
        curves.append(Curve(_(NAMES[arm]), style, points, points[::every]))
    levels = [(float(n), _("target {n}").format(n=n)) for n in targets]
    return drawing(axes, curves, levels, _words(progress))


def _words(progress: pd.DataFrame) -> str:
    last = progress[progress["month_on"] == progress["month_on"].max()]
    return "; ".join(
        _("{arm}: {n} by {month}").format(arm=_(NAMES[arm]), n=n, month=_month(month))
        for arm, n, month in zip(last["arm"], last["n_cumulative"], last["month_on"], strict=True)
    )


def _month(month: pd.Timestamp) -> str:
    return str(format_date(month, "MM/yyyy", locale=current_language()))
