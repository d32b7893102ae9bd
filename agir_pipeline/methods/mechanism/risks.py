"""What was held to put a path at risk: how common it is, and what came after."""

from collections.abc import Mapping
from math import nan
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from agir_pipeline.language import _
from agir_pipeline.methods.effects.claims import EXPLORATORY
from agir_pipeline.methods.effects.event_pairs import ARMS, PairedTimes
from agir_pipeline.methods.effects.layout import COUNT, NUMBER, TEXT, in_points, typed
from agir_pipeline.methods.mechanism.apart import compared_risks, wilson
from agir_pipeline.methods.mechanism.landmark import at_landmark
from agir_pipeline.methods.rules import holds
from agir_pipeline.protocol.model import EventOutcome, Mechanism

Floats = NDArray[np.float64]

RISK_COLUMNS = {
    "risk_factor": TEXT, "arm": TEXT, "moment": TEXT, "n_told": COUNT, "n_with": COUNT,
    "share": NUMBER, "ci_low": NUMBER, "ci_high": NUMBER, "n_at_landmark": COUNT,
    "n_with_at_landmark": COUNT, "event_risk_with": NUMBER, "event_risk_without": NUMBER,
    "difference_points": NUMBER, "ci_low_points": NUMBER, "ci_high_points": NUMBER,
    "risk_ratio": NUMBER, "risk_ratio_low": NUMBER, "risk_ratio_high": NUMBER,
    "claim": TEXT, "method": TEXT,
}  # fmt: skip


def risk_factors(
    told: pd.DataFrame,
    pairs: PairedTimes,
    outcome: EventOutcome,
    mechanism: Mechanism,
    level: float,
) -> pd.DataFrame:
    """Risk × arm × moment: the share that told it, with Wilson's interval.

    Rows of the first moment add the risk of the event with and without, among members of pairs
    both at risk on the landmark, days counted from it, who had answered by then: what is told
    later may follow from what happened. Not told is in neither group. ``told`` from
    ``with_party``.
    """
    later = at_landmark(pairs, mechanism.landmark_days.value)
    horizon = outcome.primary_horizon_days or max(outcome.horizons_days.value)
    ahead = horizon - mechanism.landmark_days.value
    arms, moments = (told[name].to_numpy(dtype=object) for name in ("arm", "moment"))
    pair_ids = told["pair_id"].to_numpy(dtype=object)
    days = told["answered_days"].to_numpy(dtype=float, na_value=nan)
    rows = []
    for risk in mechanism.risks:
        flags = holds(risk.rule, told)
        for moment in [one.name for one in mechanism.moments]:
            for arm in ARMS:
                own = (arms == arm) & (moments == moment) & ~np.isnan(flags)
                if not own.any():
                    continue
                row = {"risk_factor": risk.name, "arm": arm, "moment": moment, "claim": EXPLORATORY,
                       "method": _method(), **_share(flags[own], level)}  # fmt: skip
                if moment == mechanism.start_moment and ahead > 0:
                    in_time = own & (days <= mechanism.landmark_days.value)
                    of_pair = dict(zip(pair_ids[in_time], flags[in_time], strict=True))
                    row |= _after(of_pair, later, ARMS.index(arm), ahead, level)
                rows.append(row)
    return typed(rows, RISK_COLUMNS)


def risk_tellers(told: pd.DataFrame, mechanism: Mechanism) -> pd.DataFrame:
    """risk_factor, arm, moment, person_id: who told each risk, or told that there was none."""
    parts = [
        told.loc[~np.isnan(holds(risk.rule, told)), ["arm", "moment", "person_id"]].assign(
            risk_factor=risk.name
        )
        for risk in mechanism.risks
    ]
    return pd.concat(parts, ignore_index=True)


def _method() -> str:
    return _(
        "Aalen–Johansen in those who told the risk at entry and in those who did not, from the "
        "landmark on which both of a pair are at risk; interval with two pseudo-persons in each "
        "group. Exploratory: an association, no effect"
    )


def _share(flags: Floats, level: float) -> dict[str, Any]:
    n, n_with = len(flags), int(flags.sum())
    low, high = wilson(n_with, n, level)
    return {"n_told": n, "n_with": n_with, "share": n_with / n,
            "ci_low": low, "ci_high": high}  # fmt: skip


def _after(
    of_pair: Mapping[str, float], later: PairedTimes, arm: int, ahead: int, level: float
) -> dict[str, Any]:
    flag = np.array([of_pair.get(pair_id, nan) for pair_id in later.pair_ids], dtype=float)
    groups = [flag == 1, flag == 0]
    row: dict[str, Any] = {
        "n_at_landmark": int((~np.isnan(flag)).sum()), "n_with_at_landmark": int(groups[0].sum())
    }  # fmt: skip
    is_read = later.evaluable(arm, ahead)
    if not all((is_read & group).any() for group in groups):
        return row
    times, causes = later.times[arm], later.causes[arm]
    found = compared_risks(
        *((times[group], causes[group]) for group in groups), horizon=ahead, level=level
    )
    return row | {
        "event_risk_with": found.first,
        "event_risk_without": found.second,
        "difference_points": in_points(found.difference.estimate),
        "ci_low_points": in_points(found.difference.ci_low),
        "ci_high_points": in_points(found.difference.ci_high),
        "risk_ratio": found.ratio[0],
        "risk_ratio_low": found.ratio[1],
        "risk_ratio_high": found.ratio[2],
    }
