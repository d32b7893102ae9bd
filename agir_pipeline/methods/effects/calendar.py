"""Who can be evaluated: decided by dates alone, never by what happened.

Nothing here sees an event. Keeping the pairs whose event was already seen would overstate the
risk; dropping the events that are still open would understate it.
"""

from datetime import date, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Booleans = NDArray[np.bool_]


def follow_up_cut(data_cut_on: date, consolidation_days: int, window_days: int) -> date:
    """The last day on which an outcome may be read.

    ``consolidation_days`` leaves time for late notifications; ``window_days`` is what a
    definition needs to see after an event (0 for most). Everybody is censored on this day.
    """
    return data_cut_on - timedelta(days=consolidation_days + window_days)


def follow_up_days(index_on: pd.Series, cut_on: date) -> NDArray[np.int64]:
    """Days from each person's index date to the cut; 0 when the index date comes later."""
    days = np.datetime64(cut_on) - index_on.to_numpy(dtype="datetime64[D]")
    return np.asarray(np.maximum(days.astype(np.int64), 0))


def evaluable(index_on: pd.Series, horizon_days: int, cut_on: date) -> Booleans:
    """Whether each person's horizon lies on or before the cut."""
    last_on = np.datetime64(cut_on) - np.timedelta64(horizon_days, "D")
    return np.asarray(index_on.to_numpy(dtype="datetime64[D]") <= last_on)


def complete(
    beneficiary_index_on: pd.Series, control_index_on: pd.Series, horizon_days: int, cut_on: date
) -> Booleans:
    """Whether each pair is complete at the horizon: both members are evaluable."""
    members = (beneficiary_index_on, control_index_on)
    first, second = (evaluable(index_on, horizon_days, cut_on) for index_on in members)
    return first & second


def evaluable_from(
    index_on: pd.Series, horizon_days: int, consolidation_days: int, window_days: int
) -> pd.Timestamp | None:
    """The earliest data cut with which everybody listed is evaluable; None for nobody listed."""
    if index_on.empty:
        return None
    wait = horizon_days + consolidation_days + window_days
    return pd.Timestamp(pd.to_datetime(index_on).max()) + pd.Timedelta(days=wait)
