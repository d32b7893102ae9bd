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

    @property
    def n_pairs(self) -> int:
        return int(self.times.shape[1])

    def complete(self, horizon_days: int) -> NDArray[np.bool_]:
        return complete(*self.index_on, horizon_days, self.cut_on)

    def evaluable(self, arm: int, horizon_days: int) -> NDArray[np.bool_]:
        return evaluable(self.index_on[arm], horizon_days, self.cut_on)

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
    rows = event_times[event_times["definition"] == definition.name]
    cut_on = follow_up_cut(data_cut_on, outcome.consolidation_days.value, definition.window_days)
    _refuse_impossible(rows, cut_on, definition.name)
    known = rows[_is_known(rows)]
    pairs = _side_by_side(known)
    times, causes = zip(
        *(
            censor(
                _numbers(pairs[f"time_days_{arm}"]),
                _numbers(pairs[f"cause_{arm}"]),
                _numbers(pairs[f"follow_up_days_{arm}"]),
            )
            for arm in ARMS
        ),
        strict=True,
    )
    return PairedTimes(
        index_on=(pairs["index_on_beneficiary"], pairs["index_on_control"]),
        times=np.stack(times),
        causes=np.stack(causes),
        cut_on=cut_on,
        n_missing_pairs=int(rows["pair_id"].nunique()) - len(pairs),
        pair_ids=pairs["pair_id"],
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


def _is_known(rows: pd.DataFrame) -> "pd.Series[bool]":
    has_day = rows["time_days"].notna() | (rows["cause"] == 0)
    is_known = rows["follow_up_days"].notna() & rows["index_on"].notna() & rows["cause"].notna()
    return (is_known & has_day).fillna(False).astype(bool)


def _refuse_impossible(rows: pd.DataFrame, cut_on: date, definition: str) -> None:
    if rows.duplicated(["pair_id", "arm"]).any():
        raise ValueError(f"{definition}: a pair member has more than one row")
    if (_numbers(rows["time_days"]) < 1).any():
        raise ValueError(f"{definition}: an event lies on or before its index date")
    dated = rows[rows["follow_up_days"].notna() & rows["index_on"].notna()]
    stated = np.maximum(_numbers(dated["follow_up_days"]), 0)
    if (stated != follow_up_days(dated["index_on"], cut_on)).any():
        raise ValueError(f"{definition}: a follow-up does not end on {cut_on}")


def _side_by_side(known: pd.DataFrame) -> pd.DataFrame:
    columns = ["pair_id", "index_on", "follow_up_days", "time_days", "cause"]
    first, second = (known.loc[known["arm"] == arm, columns] for arm in ARMS)
    suffixes = ("_beneficiary", "_control")
    return first.merge(second, on="pair_id", suffixes=suffixes).sort_values("pair_id")


def _numbers(values: "pd.Series[Any]") -> NDArray[np.float64]:
    return values.to_numpy(dtype=float, na_value=np.nan)
