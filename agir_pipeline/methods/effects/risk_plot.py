"""The risk of an event day by day in each arm: the numbers, and one SVG string of them."""

from collections.abc import Sequence

import numpy as np
from babel.numbers import format_decimal

from agir_pipeline.language import _, current_language, mark
from agir_pipeline.methods.drawing import STYLES, Axes, Curve, drawing, round_ticks
from agir_pipeline.methods.effects.event_pairs import ARMS, PairedTimes
from agir_pipeline.methods.effects.survival import cumulative_incidence
from agir_pipeline.protocol.model import EventDefinition, EventOutcome

NAMES = {"beneficiary": mark("beneficiaries"), "control": mark("controls")}


def primary_definition(outcome: EventOutcome) -> EventDefinition:
    """The definition the outcome is judged by; without one, the first."""
    named = [d for d in outcome.definitions if d.name == outcome.primary_definition]
    return (named or list(outcome.definitions))[0]


def risks_by_arm(pairs: PairedTimes, days: Sequence[float]) -> dict[str, list[float]]:
    """Aalen–Johansen risk of the event in each arm by each of ``days`` from the index date."""
    return {
        arm: [cumulative_incidence(times, causes, day).risk for day in days]
        for arm, times, causes in zip(ARMS, pairs.times, pairs.causes, strict=True)
    }


def risk_plot(pairs: PairedTimes, horizons_days: Sequence[int], label: str) -> str:
    """Both arms' risks as step curves up to the last horizon, marked at every horizon.

    Solid with circles: beneficiaries; dashed with squares: controls.
    """
    last = max(horizons_days)
    is_event = (pairs.causes == 1) & (pairs.times <= last)
    days = [0.0, *np.unique(pairs.times[is_event]).tolist(), float(last)]
    curves, marks = risks_by_arm(pairs, days), risks_by_arm(pairs, horizons_days)
    heights = round_ticks(max(max(risks) for risks in curves.values()), 5)
    axes = Axes(
        title=label,
        across=_("days since the pair's index date"),
        up=_("risk of the event (Aalen–Johansen)"),
        ticks_across=[(day, str(day)) for day in (0, *horizons_days)],
        ticks_up=[(height, _percent(height)) for height in heights],
    )
    lines = [
        Curve(
            _(NAMES[arm]),
            STYLES[arm],
            list(zip(days, curves[arm], strict=True)),
            list(zip(map(float, horizons_days), marks[arm], strict=True)),
            is_stepped=True,
        )
        for arm in ARMS
    ]
    return drawing(axes, lines, [], _words(marks, horizons_days))


def _words(marks: dict[str, list[float]], horizons_days: Sequence[int]) -> str:
    sentences = [
        _("by day {day}: beneficiaries {first}, controls {second}").format(
            day=day, first=_percent(first), second=_percent(second)
        )
        for day, first, second in zip(horizons_days, *marks.values(), strict=True)
    ]
    return "; ".join(sentences)


def _percent(share: float) -> str:
    sign = "\N{NO-BREAK SPACE}%" if current_language() == "fr" else "%"
    return str(format_decimal(100 * share, "#,##0.#", locale=current_language())) + sign
