"""The released curves of an event: how each ending of the contract adds up, day by day."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from agir_pipeline.methods.effects.causes import cause_names
from agir_pipeline.methods.effects.curves import incidence_curves
from agir_pipeline.methods.effects.event_pairs import ARMS, PairedTimes
from agir_pipeline.methods.effects.layout import COUNT, NUMBER, TEXT, typed
from agir_pipeline.protocol.model import EventOutcome

INCIDENCE_COLUMNS = {
    "outcome": TEXT, "definition": TEXT, "arm": TEXT, "time_days": COUNT, "cause": TEXT,
    "n": COUNT, "n_at_risk": COUNT, "n_events": COUNT, "share_free": NUMBER,
    "incidence": NUMBER, "standard_error": NUMBER,
}  # fmt: skip


def incidence_table(numbered: Mapping[str, PairedTimes], outcome: EventOutcome) -> pd.DataFrame:
    """Definition × arm × day on which somebody's contract ended × ending, to the last horizon.

    ``n_at_risk`` are those still followed without any ending at the start of the day,
    ``share_free`` those without any ending after it, ``incidence`` the share that had this ending
    by then (Aalen–Johansen from the index date, standard error by infinitesimal jackknife); the
    incidences and the free add up to 1. ``numbered`` are the pairs of each definition, their
    endings by number; a definition without pairs has no row.
    """
    last = max(outcome.horizons_days.value)
    rows: list[dict[str, Any]] = []
    for definition, pairs in numbered.items():
        place = {"outcome": outcome.name, "definition": definition}
        for arm in range(len(ARMS)):
            rows += _curve(pairs, arm, last, cause_names(outcome), place)
    return typed(rows, INCIDENCE_COLUMNS)


def _curve(
    pairs: PairedTimes, arm: int, last: int, names: list[str], place: dict[str, Any]
) -> Iterable[dict[str, Any]]:
    is_late = pairs.times[arm] > last
    times = np.where(is_late, last, pairs.times[arm])
    causes = np.where(is_late, 0, pairs.causes[arm])
    curves = incidence_curves(times, causes, range(1, len(names) + 1))
    for row, day in enumerate(curves.days):
        for column, name in enumerate(names):
            yield {
                **place,
                "arm": ARMS[arm],
                "time_days": int(day),
                "cause": name,
                "n": pairs.n_pairs,
                "n_at_risk": int(curves.n_at_risk[row]),
                "n_events": int(curves.n_events[row, column]),
                "share_free": float(curves.free[row]),
                "incidence": float(curves.incidence[row, column]),
                "standard_error": float(curves.standard_error[row, column]),
            }
