"""``enrolment_progress``: entries month by month against the target."""

from datetime import date

import pandas as pd
from scipy import stats

from agir_pipeline.methods.effects.layout import COUNT, DAY, NUMBER, TEXT, typed
from agir_pipeline.protocol.model import Enrolment

PROGRESS_COLUMNS = {
    "month_on": DAY, "arm": TEXT, "n_entries": COUNT, "n_cumulative": COUNT,
    "n_target": COUNT, "n_gap": COUNT, "share_watched": NUMBER,
    "share_watched_low": NUMBER, "share_watched_high": NUMBER,
}  # fmt: skip


def enrolment_progress(
    participants: pd.DataFrame,
    pairs: pd.DataFrame,
    enrolment: Enrolment,
    last_on: date,
    confidence_level: float,
) -> pd.DataFrame:
    """Month × arm, every month from the first entry to that of ``last_on``, zeros included.

    A beneficiary enters on the day in the protocol's entry column (a missing one or a later one
    counts in no month), a control on the day its pair was formed, if the pair is active. The share
    watched is that of all entries so far whose code is known, with Wilson's interval (Wilson 1927,
    doi:10.1080/01621459.1927.10502953). Target and gap are missing where the study has no target.
    """
    entries = _entries_until(participants, pairs, enrolment, last_on)
    rows: list[dict[str, object]] = []
    if len(entries):
        months = pd.period_range(entries["month"].min(), pd.Period(last_on, "M"), freq="M")
        targets = enrolment.target
        for arm in ("beneficiary", "control"):
            target = getattr(targets, arm).value if targets else None
            rows += _months(entries[entries["arm"] == arm], arm, months, target, confidence_level)
    return typed(rows, PROGRESS_COLUMNS).sort_values(["month_on", "arm"], ignore_index=True)


def enrolled_persons(
    participants: pd.DataFrame, pairs: pd.DataFrame, enrolment: Enrolment, last_on: date
) -> pd.DataFrame:
    """person_id, arm, month_on: everybody whom ``enrolment_progress`` counts, where it does."""
    entries = _entries_until(participants, pairs, enrolment, last_on)
    return entries.assign(month_on=entries["month"].dt.to_timestamp())[
        ["person_id", "arm", "month_on"]
    ]


def _entries_until(
    participants: pd.DataFrame, pairs: pd.DataFrame, enrolment: Enrolment, last_on: date
) -> pd.DataFrame:
    entries = pd.concat(
        [_beneficiaries(participants, enrolment), _controls(participants, pairs, enrolment)],
        ignore_index=True,
    ).dropna(subset=["month"])
    return entries[entries["month"] <= pd.Period(last_on, "M")]


def _beneficiaries(participants: pd.DataFrame, enrolment: Enrolment) -> pd.DataFrame:
    own = participants[participants["arm"] == "beneficiary"]
    is_watched = _watched(own, enrolment)
    return _entries("beneficiary", own["person_id"], own[enrolment.entry_column], is_watched)


def _controls(
    participants: pd.DataFrame, pairs: pd.DataFrame, enrolment: Enrolment
) -> pd.DataFrame:
    own = participants[participants["arm"] == "control"].drop_duplicates("person_id")
    is_watched = _watched(own, enrolment).set_axis(own["person_id"])
    active = pairs[pairs["status"] == "active"]
    people = active["control_person_id"]
    return _entries("control", people, active["formed_on"], people.map(is_watched))


def _watched(persons: pd.DataFrame, enrolment: Enrolment) -> pd.Series:
    """Whether each person's code is watched; missing where the code is."""
    if enrolment.watched_column is None:
        return pd.Series(pd.NA, persons.index, dtype="boolean")
    codes = persons[enrolment.watched_column].astype("string")
    return codes.isin(enrolment.watched_codes).astype("boolean").mask(codes.isna())


def _entries(
    arm: str, person_id: pd.Series, entered_on: pd.Series, is_watched: pd.Series
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "person_id": person_id,
            "arm": arm,
            "month": pd.to_datetime(entered_on).dt.to_period("M"),
            "is_watched": is_watched.astype("boolean"),
        }
    )


def _months(
    entries: pd.DataFrame, arm: str, months: pd.PeriodIndex, target: int | None, level: float
) -> list[dict[str, object]]:
    by_month = entries.groupby("month")
    n_entries = by_month.size().reindex(months, fill_value=0)
    n_watched = by_month["is_watched"].sum().reindex(months, fill_value=0).cumsum()
    n_known = by_month["is_watched"].count().reindex(months, fill_value=0).cumsum()
    return [
        {
            "month_on": month.to_timestamp(),
            "arm": arm,
            "n_entries": int(n),
            "n_cumulative": int(so_far),
            "n_target": target,
            "n_gap": None if target is None else target - int(so_far),
            **_share(int(watched), int(known), level),
        }
        for month, n, so_far, watched, known in zip(
            months, n_entries, n_entries.cumsum(), n_watched, n_known, strict=True
        )
    ]


def _share(n_watched: int, n_known: int, level: float) -> dict[str, float]:
    if n_known == 0:
        return {}
    limits = stats.binomtest(n_watched, n_known).proportion_ci(level, method="wilson")
    return {
        "share_watched": n_watched / n_known,
        "share_watched_low": float(limits.low),
        "share_watched_high": float(limits.high),
    }
