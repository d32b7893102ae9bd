"""The released risk table of event outcomes: each arm by itself."""

from datetime import date
from typing import Any

import pandas as pd

from agir_pipeline.language import _
from agir_pipeline.methods.effects.event_pairs import ARMS, PairedTimes, places
from agir_pipeline.methods.effects.layout import COUNT, FLAG, NUMBER, TEXT, typed
from agir_pipeline.methods.effects.survival import cumulative_incidence, log_log_interval
from agir_pipeline.protocol.model import EventOutcome, Inference

RISK_COLUMNS = {
    "outcome": TEXT, "definition": TEXT, "horizon_days": COUNT, "arm": TEXT,
    "n": COUNT, "n_at_risk": COUNT, "n_events": COUNT, "n_not_evaluable": COUNT,
    "is_evaluable": FLAG, "risk": NUMBER, "ci_low": NUMBER, "ci_high": NUMBER,
    "method": TEXT, "definition_text": TEXT,
}  # fmt: skip


def risk_table(
    event_times: pd.DataFrame, outcome: EventOutcome, inference: Inference, data_cut_on: date
) -> pd.DataFrame:
    """Risk of the event by horizon (arm × horizon × definition), shares with their interval.

    ``n`` counts members of pairs known on both sides, ``n_at_risk`` those still followed without
    any ending at the start of the horizon's day, ``n_not_evaluable`` those whose horizon comes
    after the cut. Without a complete pair nothing is evaluable and the risk is missing; a risk of
    0 or 1 has no interval. ``event_times`` as for ``paired_times``.
    """
    level = inference.confidence_level.value
    rows = [
        {**place, **_risk(pairs, arm, int(place["horizon_days"]), level)}
        for place, pairs in places(event_times, outcome, data_cut_on)
        for arm in range(len(ARMS))
    ]
    return typed(rows, RISK_COLUMNS)


def _risk(pairs: PairedTimes, arm: int, horizon: int, level: float) -> dict[str, Any]:
    times, causes = pairs.times[arm], pairs.causes[arm]
    is_complete = pairs.complete(horizon)
    row: dict[str, Any] = {
        "arm": ARMS[arm],
        "n": pairs.n_pairs,
        "n_at_risk": int((times >= horizon).sum()),
        "n_events": int(pairs.has_event(horizon)[arm].sum()),
        "n_not_evaluable": int((~pairs.evaluable(arm, horizon)).sum()),
        "is_evaluable": bool(is_complete.any()),
        "method": _(
            "Aalen–Johansen from the index date, standard error by infinitesimal jackknife, "
            "log-log interval"
        ),
    }
    if not is_complete.any():
        return row
    incidence = cumulative_incidence(times, causes, horizon)
    low, high = log_log_interval(incidence.risk, incidence.standard_error, level)
    return row | {"risk": incidence.risk, "ci_low": low, "ci_high": high}
