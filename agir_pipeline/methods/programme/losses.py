"""For each outcome, which members of the pairs that count cannot be told, and why."""

from collections.abc import Iterable

import pandas as pd

from agir_pipeline.protocol.model import EventOutcome, StatusOutcome


def event_losses(event_times: pd.DataFrame, outcome: EventOutcome) -> pd.DataFrame:
    """pair_id, arm, reason (missing: both members can be followed to the horizon).

    Read at the primary definition and horizon; without them at the first definition and the
    longest horizon. Decided by the calendar: ``follow_up_days`` runs to the data cut for
    everybody. A pair is evaluable when both its members are.
    """
    definition = outcome.primary_definition or outcome.definitions[0].name
    horizon = outcome.primary_horizon_days or max(outcome.horizons_days.value)
    rows = event_times[event_times["definition"] == definition]
    followed = rows["follow_up_days"].groupby(rows["pair_id"])
    reason = pd.Series(pd.NA, rows.index, dtype="string")
    reason = reason.mask(followed.transform("min") < horizon, "not_yet_evaluable")
    is_unknown = rows["follow_up_days"].isna().groupby(rows["pair_id"]).transform("any")
    return _losses(rows, reason.mask(is_unknown, "unknown"))


def status_losses(status_answers: pd.DataFrame, outcome: StatusOutcome) -> pd.DataFrame:
    """pair_id, arm, reason (missing: due and answered), at the primary definition or the first."""
    definition = outcome.primary_definition or outcome.definitions[0].name
    rows = status_answers[status_answers["definition"] == definition]
    is_known = rows["is_respondent"].fillna(False).astype(bool) & rows["status"].notna()
    is_due = rows["is_due"].fillna(False).astype(bool).groupby(rows["pair_id"]).transform("all")
    reason = pd.Series(pd.NA, rows.index, dtype="string").mask(~is_known, "no_answer")
    return _losses(rows, reason.mask(~is_due, "not_due"))


def wave_losses(wave_responses: pd.DataFrame, waves: Iterable[str]) -> dict[str, pd.DataFrame]:
    """Wave → pair_id, arm, reason (missing: a whole answer inside the window)."""
    state = wave_responses["state"].astype("string").fillna("silent")
    is_due = wave_responses["is_due"].fillna(False).astype(bool)
    lost = _losses(wave_responses, state.mask(state == "answered").mask(~is_due, "not_due"))
    of_wave = wave_responses["wave"].to_numpy(dtype=object)
    return {wave: lost[of_wave == wave] for wave in waves}


def measure_losses(measures: pd.DataFrame) -> pd.DataFrame:
    """pair_id, arm, reason (missing: the value is known), for members of pairs."""
    rows = measures[measures["pair_id"].notna()]
    reason = pd.Series(pd.NA, rows.index, dtype="string")
    return _losses(rows, reason.mask(rows["value"].isna(), "no_value"))


def _losses(rows: pd.DataFrame, reason: pd.Series) -> pd.DataFrame:
    return rows[["pair_id", "arm"]].assign(reason=reason).reset_index(drop=True)
