"""The specification curve of one outcome as one SVG string: every choice beside the primary one."""

from math import ceil, floor

import pandas as pd

from agir_pipeline.language import _, written_number
from agir_pipeline.methods.drawing import STYLES, Axes, Curve, Interval, drawing, round_ticks

N_TICKS = 6
ROOM = 8
"""One part in so many stays free on the right, for the name of the line of no effect."""


def choices_plot(curve: pd.DataFrame, label: str) -> str | None:
    """Intervals in points, from the lowest middle to the highest; None where nothing is known.

    ``curve`` holds the rows of ``specification_curve`` of one outcome. Solid with circles: the
    primary choice; dashed with squares: the others; bounds are bars without a mark.
    """
    known = curve[curve["ci_low_points"].notna() & curve["ci_high_points"].notna()]
    if known.empty:
        return None
    middle = known["estimate_points"].fillna((known["ci_low_points"] + known["ci_high_points"]) / 2)
    known = known.assign(middle=middle).sort_values(["middle", "specification_number"])
    intervals = [
        Interval(
            place,
            float(row["ci_low_points"]),
            float(row["ci_high_points"]),
            None if pd.isna(row["estimate_points"]) else float(row["estimate_points"]),
            STYLES["beneficiary" if row["is_primary"] else "control"],
        )
        for place, row in enumerate(known.to_dict("records"), 1)
    ]
    intervals.sort(key=lambda interval: interval.style is STYLES["beneficiary"])  # seen on top
    last = len(intervals) + 1 + len(intervals) // ROOM
    ticks = _ticks(min(i.low for i in intervals), max(i.high for i in intervals))
    axes = Axes(
        title=label,
        across=_("every choice that could be defended, by its estimate"),
        up=_("beneficiaries minus controls, points"),
        ticks_across=[(0, ""), (last, "")],
        ticks_up=[(tick, written_number(tick)) for tick in ticks],
    )
    legend = [
        Curve(_("the primary choice"), STYLES["beneficiary"], []),
        Curve(_("other choices"), STYLES["control"], []),
    ]
    return drawing(axes, legend, [(0.0, _("no effect"))], _words(known), intervals)


def _ticks(low: float, high: float) -> list[float]:
    """Round numbers that reach from below ``low`` to above ``high``, and pass through no effect."""
    step = round_ticks(max(high, 0) - min(low, 0), N_TICKS)[1]
    first, last = floor(min(low, 0) / step), ceil(max(high, 0) / step)
    return [round(n * step, 9) for n in range(first, last + 1)]


def _words(known: pd.DataFrame) -> str:
    sentence = _("{n} choices; estimates from {low} to {high} points")
    estimates = known["middle"]
    return sentence.format(
        n=len(known),
        low=written_number(estimates.min(), "#,##0.0"),
        high=written_number(estimates.max(), "#,##0.0"),
    )
