"""The two members of each pair side by side, as far as their follow-up goes."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from agir_pipeline.language import _, current_language
from agir_pipeline.methods.effects.calendar import (
    complete,
    evaluable,
    follow_up_cut,
    follow_up_days,
)
from agir_pipeline.methods.effects.survival import censor
from agir_pipeline.protocol.model import EventDefinition, EventOutcome

ARMS = ("beneficiary", "control")
MEMBER = ("pair_id", "arm", "index_on", "time_days", "cause", "follow_up_days")


@dataclass(frozen=True)
class PairedTimes:
    """Pairs with both members known, for one definition. Arrays are arm × pair."""

    index_on: tuple["pd.Series[pd.Timestamp]", "pd.Series[pd.Timestamp]"]
    times: NDArray[np.float64]
    """Days to the first event of any cause, or to the cut."""
    causes: NDArray[np.float64]
    """0 nothing seen, 1 the event, 2 and more a competing ending."""
    cut_on: date
    n_missing_pairs: int
    """Pairs of which a member is unknown: never counted as without event."""
    pair_ids: "pd.Series[str]"
    last_days: NDArray[np.float64] | None = None
    """Of each pair the day up to which it is looked at; None: the same horizon for all."""

    @property
    def n_pairs(self) -> int:
        return int(self.times.shape[1])

    def complete(self, horizon_days: int) -> NDArray[np.bool_]:
        if self.last_days is not None:
            return np.asarray((self.follow_up_days >= self.last_days).all(axis=0))
        return complete(*self.index_on, horizon_days, self.cut_on)

    def evaluable(self, arm: int, horizon_days: int) -> NDArray[np.bool_]:
        return evaluable(self.index_on[arm], horizon_days, self.cut_on)

    @property
    def follow_up_days(self) -> NDArray[np.float64]:
        """How far the calendar lets each member be followed, whatever happened; arm × pair."""
        days = [follow_up_days(index_on, self.cut_on) for index_on in self.index_on]
        return np.asarray(days, dtype=float)

    def with_causes(self, causes: NDArray[np.float64]) -> "PairedTimes":
        """The same pairs, their endings numbered otherwise."""
        return replace(self, causes=causes)

    def taken(self, is_taken: NDArray[np.bool_]) -> "PairedTimes":
        """Some of the pairs; what is missing among the others is no longer said."""
        first, second = (index_on[is_taken] for index_on in self.index_on)
        return replace(
            self,
            index_on=(first, second),
            times=self.times[:, is_taken],
            causes=self.causes[:, is_taken],
            n_missing_pairs=0,
            pair_ids=self.pair_ids[is_taken],
        )

    def until(self, last_days: NDArray[np.float64]) -> "PairedTimes":
        """Each pair looked at up to a day of its own: whoever gets there ends otherwise, after it.

        An event on the day itself still counts.
        """
        nothing_yet = (self.times == last_days) & (self.causes == 0)
        is_past = (self.times > last_days) | nothing_yet
        return replace(
            self,
            times=np.where(is_past, last_days + 1, self.times),
            causes=np.where(is_past, 2.0, self.causes),
            last_days=last_days,
        )

    def has_event(self, horizon_days: int) -> NDArray[np.bool_]:
        return np.asarray((self.causes == 1) & (self.times <= horizon_days))


def paired_times(
    event_times: pd.DataFrame,
    outcome: EventOutcome,
    definition: EventDefinition,
    data_cut_on: date,
) -> PairedTimes:
    """The pairs of one definition, in the order of their ids.

    ``event_times`` has one row per pair member × definition: pair_id, arm, definition,
    index_on, follow_up_days, time_days (NaN when nothing happened), cause. A member without a
    row, a follow-up, a cause, or the day of its event is unknown.

    Raises:
        ValueError: a member stands twice, an event is not after the index date, or a follow-up
            is not what the calendar says.
    """
    rows = event_times.loc[event_times["definition"] == definition.name, list(MEMBER)]
    cut_on = follow_up_cut(data_cut_on, outcome.consolidation_days.value, definition.window_days)
    time, cause, follow_up = (_numbers(rows[name]) for name in MEMBER[3:])
    index_on = rows["index_on"].to_numpy(dtype="datetime64[D]")
    codes, ids = pd.factorize(rows["pair_id"], sort=True)
    arm = (rows["arm"] == ARMS[1]).to_numpy(dtype=np.int64)
    if len(rows) and np.bincount(2 * codes + arm).max() > 1:
        raise ValueError(f"{definition.name}: a pair member has more than one row")
    _refuse_impossible(time, follow_up, rows["index_on"], cut_on, definition.name)

    is_followed = ~np.isnan(follow_up) & ~np.isnat(index_on)
    is_known = is_followed & ~np.isnan(cause) & (~np.isnan(time) | (cause == 0))
    at = np.full((2, len(ids)), -1)
    at[arm[is_known], codes[is_known]] = np.flatnonzero(is_known)
    is_whole: NDArray[np.bool_] = np.asarray((at >= 0).all(axis=0))
    members = at[:, is_whole]
    times, causes = censor(time[members], cause[members], follow_up[members])
    first, second = (pd.Series(index_on[one]) for one in members)
    return PairedTimes(
        index_on=(first, second),
        times=times,
        causes=causes,
        cut_on=cut_on,
        n_missing_pairs=int((~is_whole).sum()),
        pair_ids=pd.Series(ids[is_whole]),
    )


def places(
    event_times: pd.DataFrame, outcome: EventOutcome, data_cut_on: date
) -> Iterator[tuple[dict[str, Any], PairedTimes]]:
    """Each definition × horizon of the outcome: its key columns, and the pairs to read there."""
    for definition in outcome.definitions:
        pairs = paired_times(event_times, outcome, definition, data_cut_on)
        for horizon in outcome.horizons_days.value:
            place = {
                "outcome": outcome.name,
                "definition": definition.name,
                "horizon_days": horizon,
                "definition_text": _definition_text(outcome, definition, horizon),
            }
            yield place, pairs


def _definition_text(outcome: EventOutcome, definition: EventDefinition, horizon: int) -> str:
    text = _(
        "{label}; within {horizon} days of the pair's index date; read up to the data cut minus "
        "{wait} days; other endings of the contract compete"
    )
    return text.format(
        label=definition.labels.in_language(current_language()),
        horizon=horizon,
        wait=outcome.consolidation_days.value + definition.window_days,
    )


def _refuse_impossible(
    time: NDArray[np.float64],
    follow_up: NDArray[np.float64],
    index_on: "pd.Series[Any]",
    cut_on: date,
    definition: str,
) -> None:
    if (time < 1).any():
        raise ValueError(f"{definition}: an event lies on or before its index date")
    is_dated = ~np.isnan(follow_up) & index_on.notna().to_numpy()
    stated = np.maximum(follow_up[is_dated], 0)
    if (stated != follow_up_days(index_on[is_dated], cut_on)).any():
        raise ValueError(f"{definition}: a follow-up does not end on {cut_on}")


def _numbers(values: "pd.Series[Any]") -> NDArray[np.float64]:
    return values.to_numpy(dtype=float, na_value=np.nan)
