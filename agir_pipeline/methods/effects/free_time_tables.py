"""The released table of time free of an event, and of the hazard ratio that stands second."""

from collections.abc import Iterable, Mapping
from datetime import date
from math import nan
from typing import Any

import numpy as np
import pandas as pd

from agir_pipeline.language import _
from agir_pipeline.methods.effects.claims import INTERIM, SECONDARY, is_final
from agir_pipeline.methods.effects.competing import (
    gray_test,
    hazard_ratio_within,
    subdistribution_ratio,
)
from agir_pipeline.methods.effects.estimate import Estimate
from agir_pipeline.methods.effects.event_pairs import PairedTimes
from agir_pipeline.methods.effects.layout import COUNT, FLAG, NUMBER, TEXT, typed
from agir_pipeline.methods.effects.proportional import hazard_ratio
from agir_pipeline.methods.effects.survival import days_lost, free_time_difference
from agir_pipeline.protocol.model import EventOutcome, Inference

FREE_TIME_COLUMNS = {
    "outcome": TEXT, "definition": TEXT, "horizon_days": COUNT,
    "n": COUNT, "n_complete_pairs": COUNT, "is_evaluable": FLAG,
    "free_days_beneficiary": NUMBER, "free_days_control": NUMBER,
    "difference_days": NUMBER, "standard_error_days": NUMBER,
    "ci_low_days": NUMBER, "ci_high_days": NUMBER, "p_value": NUMBER,
    "hazard_ratio": NUMBER, "hazard_ratio_low": NUMBER, "hazard_ratio_high": NUMBER,
    "hazard_ratio_p": NUMBER, "proportional_p": NUMBER,
    "within_pairs_ratio": NUMBER, "within_pairs_ratio_low": NUMBER,
    "within_pairs_ratio_high": NUMBER,
    "subdistribution_ratio": NUMBER, "subdistribution_ratio_low": NUMBER,
    "subdistribution_ratio_high": NUMBER, "subdistribution_ratio_p": NUMBER,
    "gray_statistic": NUMBER, "gray_p": NUMBER, "claim": TEXT, "method": TEXT,
}  # fmt: skip
TESTS = (
    "p_value", "hazard_ratio_p", "proportional_p", "subdistribution_ratio_p", "gray_statistic",
    "gray_p",
)  # fmt: skip
"""Empty in interim releases."""


def free_time_table(
    by_definition: Mapping[str, PairedTimes],
    outcome: EventOutcome,
    inference: Inference,
    data_cut_on: date,
) -> pd.DataFrame:
    """Definition × days: mean days without the event by arm, their difference, the hazard ratio.

    Days after a normal end are free days: it competes, it does not censor. Told where a pair is
    complete, so that both arms are followed that far. p-values are missing in interim releases.
    """
    rows = list(_rows(by_definition, outcome, inference, data_cut_on))
    table = typed(rows, FREE_TIME_COLUMNS)
    if not is_final(inference, data_cut_on):
        table[list(TESTS)] = nan
    return table


def _rows(
    by_definition: Mapping[str, PairedTimes],
    outcome: EventOutcome,
    inference: Inference,
    data_cut_on: date,
) -> Iterable[dict[str, Any]]:
    days = outcome.free_time_days.value if outcome.free_time_days else ()
    claim = SECONDARY if is_final(inference, data_cut_on) else INTERIM
    for definition, pairs in by_definition.items():
        for horizon in days:
            yield {
                "outcome": outcome.name,
                "definition": definition,
                "horizon_days": horizon,
                "claim": claim,
                "method": _(
                    "Days to the horizon less the area under the Aalen–Johansen risk; difference "
                    "with two pseudo-pairs (event midway), standard error by infinitesimal "
                    "jackknife over pairs; "
                    "hazard ratio of a marginal Cox model, Efron ties, error robust by pair, the "
                    "same stratified by pair; Fine–Gray to the calendar's end of follow-up, error "
                    "robust by pair; Gray's test; not a randomised comparison"
                ),
                **_free_time(pairs, horizon, inference.confidence_level.value),
            }


def _free_time(pairs: PairedTimes, horizon: int, level: float) -> dict[str, Any]:
    n_complete = int(pairs.complete(horizon).sum())
    row = {
        "n": pairs.n_pairs,
        "n_complete_pairs": n_complete,
        "is_evaluable": n_complete > 0,
    }
    if n_complete == 0:
        return row
    free = [
        horizon - days_lost(times, causes, horizon).risk
        for times, causes in zip(pairs.times, pairs.causes, strict=True)
    ]
    found = free_time_difference(
        pairs.times[0], pairs.causes[0], pairs.times[1], pairs.causes[1], horizon, level
    )
    return {
        **row,
        "free_days_beneficiary": free[0],
        "free_days_control": free[1],
        "difference_days": found.estimate,
        "standard_error_days": found.standard_error,
        "ci_low_days": found.ci_low,
        "ci_high_days": found.ci_high,
        "p_value": found.p_value,
        **_hazards(pairs, horizon, level),
    }


def _hazards(pairs: PairedTimes, horizon: int, level: float) -> dict[str, float]:
    """Other endings censor in the first two ratios, and compete in the third and in the test."""
    times, has_event = np.minimum(pairs.times, horizon), pairs.has_event(horizon)
    hazards = hazard_ratio(times, has_event, level)
    within = hazard_ratio_within(times, has_event, level)
    sub = subdistribution_ratio(pairs.times, pairs.causes, pairs.follow_up_days, horizon, level)
    gray = gray_test(times, np.where(pairs.times <= horizon, pairs.causes, 0))
    return {
        **_told("hazard_ratio", hazards.ratio),
        "hazard_ratio_p": hazards.ratio.p_value,
        "proportional_p": hazards.proportional_p,
        **_told("within_pairs_ratio", within),
        **_told("subdistribution_ratio", sub),
        "subdistribution_ratio_p": sub.p_value,
        "gray_statistic": gray.statistic,
        "gray_p": gray.p_value,
    }


def _told(name: str, ratio: Estimate) -> dict[str, float]:
    return {name: ratio.estimate, f"{name}_low": ratio.ci_low, f"{name}_high": ratio.ci_high}
