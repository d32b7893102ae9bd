"""Why events happened: numbers for the classes of causes, which compete like other endings."""

from collections.abc import Mapping
from datetime import date

import numpy as np
import pandas as pd

from agir_pipeline.methods.effects.event_pairs import PairedTimes, paired_times
from agir_pipeline.protocol.model import EventOutcome

NOT_TOLD, NORMAL_END, EVENT = "not_told", "normal_end", "event"


def cause_names(outcome: EventOutcome) -> list[str]:
    """The endings that have a curve, in the order of their numbers from 1; a normal end is last.

    Without classes there is one, the event; with them also the events whose reason is not told.
    """
    if outcome.causes is None:
        return [EVENT, NORMAL_END]
    return [*(group.name for group in outcome.causes.classes), NOT_TOLD, NORMAL_END]


def cause_classes(reasons: "pd.Series[str]", outcome: EventOutcome) -> "pd.Series[str]":
    """The class of each reason; a missing one, or one in no class, is not told."""
    groups = outcome.causes.classes if outcome.causes else ()
    of_code = {code: group.name for group in groups for code in group.codes}
    found: pd.Series[str] = reasons.astype("string").map(of_code).astype("string").fillna(NOT_TOLD)
    return found


def numbered_causes(
    event_times: pd.DataFrame, event_causes: pd.DataFrame, outcome: EventOutcome
) -> pd.DataFrame:
    """``event_times`` whose ``cause`` is the number of the ending in ``cause_names`` (0: none).

    ``event_causes`` has definition, pair_id, arm and reason of the first events; an event without
    a row there has a reason that is not told.
    """
    if outcome.causes is None:
        return event_times.assign(cause=event_times["cause"].astype("Int64"))
    keys = ["definition", "pair_id", "arm"]
    names = cause_names(outcome)
    rows = event_times.merge(event_causes[[*keys, "reason"]], on=keys, how="left")
    classes = cause_classes(rows["reason"], outcome)
    number = classes.map({name: k for k, name in enumerate(names, 1)}).astype("Int64")
    cause = rows["cause"].astype("Int64")
    told = cause.mask(cause == 1, number).mask(cause == 2, len(names))
    return rows.drop(columns="reason").assign(cause=told)


def numbered_pairs(
    event_times: pd.DataFrame,
    event_causes: pd.DataFrame,
    outcome: EventOutcome,
    data_cut_on: date,
) -> dict[str, PairedTimes]:
    """The pairs of each definition, by its name, with their endings by number."""
    numbered = numbered_causes(event_times, event_causes, outcome)
    return {d.name: paired_times(numbered, outcome, d, data_cut_on) for d in outcome.definitions}


def of_any_cause(
    numbered: Mapping[str, PairedTimes], outcome: EventOutcome
) -> dict[str, PairedTimes]:
    """The same pairs with every class of the event as cause 1, and a normal end as cause 2."""
    last = len(cause_names(outcome))
    return {
        definition: pairs.with_causes(
            np.where(pairs.causes == last, 2.0, np.minimum(pairs.causes, 1.0))
        )
        for definition, pairs in numbered.items()
    }
