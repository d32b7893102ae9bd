"""Whether the committees met as often as they were to, month by month."""

from datetime import date

import pandas as pd

from agir_pipeline.methods.effects.layout import COUNT, DAY, FLAG, TEXT, typed
from agir_pipeline.protocol.model import Governance

GOVERNANCE_COLUMNS = {
    "committee": TEXT, "month_on": DAY, "n_held": COUNT, "gap_days": COUNT, "limit_days": COUNT,
    "is_compliant": FLAG, "n_cases": COUNT,
}  # fmt: skip


def governance_table(meetings: pd.DataFrame, governance: Governance, last_on: date) -> pd.DataFrame:
    """Committee × month from its first meeting to the month of ``last_on``.

    ``gap_days`` is the longest time without a meeting that reaches into the month: from one
    meeting to the next, or to ``last_on`` while none has followed. The limit is the cadence plus
    its tolerance; a committee that never met has no row.
    """
    rows: list[dict[str, object]] = []
    days = pd.to_datetime(meetings[governance.day_column])
    cases = meetings[governance.cases_column].astype("Int64").fillna(0)
    for committee in governance.committees:
        is_own = (meetings[governance.type_column] == committee.code) & days.notna()
        is_own &= days <= pd.Timestamp(last_on)
        own = pd.DataFrame({"met_on": days[is_own], "n_cases": cases[is_own]})
        if len(own):
            limit = committee.every_days.value + committee.tolerance_days.value
            rows += _months(own.sort_values("met_on"), committee.code, limit, last_on)
    return typed(rows, GOVERNANCE_COLUMNS)


def _months(own: pd.DataFrame, code: str, limit: int, last_on: date) -> list[dict[str, object]]:
    held = own["met_on"].drop_duplicates().tolist()
    ends = [*held[1:], pd.Timestamp(last_on)]
    spans = [
        (pd.Period(s, "M"), pd.Period(e, "M"), (e - s).days)
        for s, e in zip(held, ends, strict=True)
    ]
    by_month = own.groupby(own["met_on"].dt.to_period("M"))
    n_held, n_cases = by_month.size(), by_month["n_cases"].sum()
    rows: list[dict[str, object]] = []
    for month in pd.period_range(spans[0][0], pd.Period(last_on, "M"), freq="M"):
        gap = max(days for first, last, days in spans if first <= month <= last)
        rows.append(
            {
                "committee": code,
                "month_on": month.to_timestamp(),
                "n_held": int(n_held.get(month, 0)),
                "gap_days": gap,
                "limit_days": limit,
                "is_compliant": gap <= limit,
                "n_cases": int(n_cases.get(month, 0)),
            }
        )
    return rows
