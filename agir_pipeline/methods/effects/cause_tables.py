"""The released table of causes: who broke the contract, why, how early, and what followed."""

from typing import Any

import pandas as pd

from agir_pipeline.methods.effects.causes import NOT_TOLD, cause_classes
from agir_pipeline.methods.effects.layout import COUNT, TEXT
from agir_pipeline.protocol.model import Causes, EventOutcome

CAUSE_COLUMNS = {
    "outcome": TEXT, "definition": TEXT, "arm": TEXT, "horizon_days": COUNT, "initiative": TEXT,
    "cause": TEXT, "followed": TEXT, "followed_within_days": COUNT, "told_after": TEXT,
    "n_events": COUNT,
}  # fmt: skip
KEYS = [name for name in CAUSE_COLUMNS if name != "n_events"]
FOLLOWED, NOT_FOLLOWED, NOT_YET_KNOWN = "followed", "not_followed", "not_yet_known"


def cause_table(
    event_times: pd.DataFrame,
    event_causes: pd.DataFrame,
    told: pd.DataFrame,
    outcome: EventOutcome,
    causes: Causes,
) -> pd.DataFrame:
    """Definition × arm × horizon × initiative × cause × what followed: events seen, no empty row.

    ``told`` are situations that members told (pair_id, arm, answered_days, situation): the first
    one since the event stands beside what the register shows, and never enters it.

    ``horizon_days`` is the first horizon that is not before the event; later ones are not counted,
    nor those after the follow-up. An event is followed within the shortest window that holds the
    first later day in another contract of the same source; not followed once the longest window
    has been read whole, not yet known before.
    """
    rows = cause_rows(event_times, event_causes, told, outcome, causes)
    counted = rows.groupby(KEYS, as_index=False, dropna=False).size()
    counted = counted.rename(columns={"size": "n_events"})
    return counted[[*KEYS, "n_events"]].astype(CAUSE_COLUMNS).sort_values(KEYS, ignore_index=True)


def cause_rows(
    event_times: pd.DataFrame,
    event_causes: pd.DataFrame,
    told: pd.DataFrame,
    outcome: EventOutcome,
    causes: Causes,
) -> pd.DataFrame:
    """The events that ``cause_table`` counts, one row each, with their ``pair_id``."""
    on = ["definition", "pair_id", "arm"]
    horizons = sorted(outcome.horizons_days.value)
    times = event_times.loc[event_times["cause"] == 1, [*on, "time_days", "follow_up_days"]]
    seen = times[times["time_days"] <= times["follow_up_days"].clip(upper=horizons[-1])]
    events = seen.merge(event_causes, on=on, how="left")
    first = events["time_days"].astype(float).map(lambda day: min(h for h in horizons if h >= day))
    return pd.DataFrame(
        {
            "outcome": outcome.name,
            "definition": events["definition"],
            "pair_id": events["pair_id"],
            "arm": events["arm"],
            "horizon_days": first,
            "initiative": events["initiative"].astype("string").fillna(NOT_TOLD),
            "cause": cause_classes(events["reason"], outcome),
            **_followed(events, causes),
            "told_after": _told_after(events, told),
        }
    )


def _followed(events: pd.DataFrame, causes: Causes) -> dict[str, "pd.Series[Any]"]:
    windows = sorted(causes.follow_windows_days.value, reverse=True)
    seen, after = (events[name].astype("Float64") for name in ("seen_days", "next_days"))
    within = pd.Series(pd.NA, events.index, dtype="Int64")
    for days in windows:
        within = within.mask(((after <= days) & (after <= seen)).fillna(False).astype(bool), days)
    is_read = (seen >= windows[0]).fillna(False).astype(bool)
    told = pd.Series(NOT_YET_KNOWN, events.index, dtype="string").mask(is_read, NOT_FOLLOWED)
    return {
        "followed": told.mask(within.notna(), FOLLOWED),
        "followed_within_days": within,
    }


def _told_after(events: pd.DataFrame, told: pd.DataFrame) -> "pd.Series[str]":
    """The situation of the first answer on or after the day of the event that tells one."""
    numbered = events[["pair_id", "arm", "time_days"]].assign(place=range(len(events)))
    answers = numbered.merge(told.dropna(subset=["situation"]), on=["pair_id", "arm"])
    later = answers[answers["answered_days"] >= answers["time_days"]].sort_values("answered_days")
    first = later.drop_duplicates("place").set_index("place")["situation"]
    found = first.reindex(range(len(events))).astype("string").fillna(NOT_TOLD)
    return found.set_axis(events.index)
