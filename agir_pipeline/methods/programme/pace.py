"""How fast beneficiaries enter: before and since the change, and where that leads."""

from datetime import date
from math import inf, isinf, nan

import pandas as pd
from scipy import stats

from agir_pipeline.methods.effects.event_pairs import ARMS
from agir_pipeline.methods.effects.layout import COUNT, DAY, NUMBER, TEXT, typed
from agir_pipeline.protocol.model import Enrolment, Pace

PACE_COLUMNS = {
    "change_on": DAY, "n_before": COUNT, "months_before": NUMBER, "n_since": COUNT,
    "months_since": NUMBER, "rate_ratio": NUMBER, "rate_ratio_low": NUMBER,
    "rate_ratio_high": NUMBER, "cumulative_ratio": NUMBER,
}  # fmt: skip

PROJECTION_COLUMNS = {
    "month_on": DAY, "arm": TEXT, "state": TEXT, "n_entries": COUNT, "projected": COUNT,
    "projected_low": COUNT, "projected_high": COUNT, "n_cumulative": COUNT,
    "cumulative_low": COUNT, "cumulative_high": COUNT, "n_target": COUNT,
    "p_target": NUMBER,
}  # fmt: skip


def rate_ratio(
    n_since: int, months_since: float, n_before: int, months_before: float, level: float
) -> tuple[float, float, float]:
    """How many times as fast, with exact limits: given all entries, those since are binomial.

    The limits are Clopper–Pearson's, turned into odds (Przyborowski & Wilenski 1940,
    doi:10.1093/biomet/31.3-4.313). NaN where a period has no month or nobody ever entered; without
    an entry before, no ratio and no upper limit.
    """
    if min(months_since, months_before) <= 0 or n_since + n_before == 0:
        return nan, nan, nan
    limits = stats.binomtest(n_since, n_since + n_before).proportion_ci(level, method="exact")
    shares = (n_since / (n_since + n_before), float(limits.low), float(limits.high))
    ratios = (_odds(share) * months_before / months_since for share in shares)
    ratio, low, high = (nan if isinf(value) else value for value in ratios)
    return ratio, low, high


def _odds(share: float) -> float:
    return share / (1 - share) if share < 1 else inf


def enrolment_pace(
    progress: pd.DataFrame, pace: Pace, last_on: date, confidence_level: float
) -> pd.DataFrame:
    """One row: entries of beneficiaries before the change and since, in whole and begun months.

    ``progress`` is ``enrolment_progress``; entries after the projection's last day count in
    neither. Both meanings of "times as many" stand there: the ratio of the monthly rates, and all
    entries to date over those before the change.
    """
    own = _own(progress, min(last_on, pace.until_on.value))
    is_since = own["month_on"] >= pd.Timestamp(pace.change_on.value)
    n_since, n_before = (int(own.loc[when, "n_entries"].sum()) for when in (is_since, ~is_since))
    months_since, months_before = float(is_since.sum()), float((~is_since).sum())
    ratio, low, high = rate_ratio(n_since, months_since, n_before, months_before, confidence_level)
    row = {
        "change_on": pd.Timestamp(pace.change_on.value),
        "n_before": n_before,
        "months_before": months_before,
        "n_since": n_since,
        "months_since": months_since,
        "rate_ratio": ratio,
        "rate_ratio_low": low,
        "rate_ratio_high": high,
        "cumulative_ratio": (n_before + n_since) / n_before if n_before else nan,
    }
    return typed([row], PACE_COLUMNS)


def enrolment_projection(
    progress: pd.DataFrame, enrolment: Enrolment, pace: Pace, last_on: date
) -> pd.DataFrame:
    """Month × arm: what was realised, then what the pace since the change leads to.

    Future entries of h months together are negative binomial: a gamma prior of the rate, the
    entries since the change, and chance. The cumulative interval takes the whole exposure at
    once: months summed as if independent would understate it. ``p_target`` is the chance that the
    target is reached by the end of the month. Empty ahead before a month since the change; and
    of controls, who come with their pairs.
    """
    rows = [row for arm in ARMS for row in _realised(progress, enrolment, arm, last_on)]
    own, target = _own(progress, last_on), _target(enrolment, ARMS[0])
    since = own[own["month_on"] >= pd.Timestamp(pace.change_on.value)]
    if len(since):
        n_now = int(own["n_cumulative"].iloc[-1])
        shape = pace.prior_entries.value + int(since["n_entries"].sum())
        exposure = pace.prior_months.value + len(since)
        first = pd.Period(own["month_on"].iloc[-1], "M") + 1
        months = pd.period_range(first, pd.Period(pace.until_on.value, "M"), freq="M")
        for ahead, month in enumerate(months, 1):
            place = {"month_on": month.to_timestamp(), "arm": ARMS[0], "state": "projected"}
            found = _ahead(shape, exposure, ahead, n_now, target, pace)
            rows.append(place | {"n_target": target} | found)
    table = typed(rows, PROJECTION_COLUMNS)
    return table.sort_values(["month_on", "arm"], kind="stable", ignore_index=True)


def _realised(
    progress: pd.DataFrame, enrolment: Enrolment, arm: str, last_on: date
) -> list[dict[str, object]]:
    own, target = _own(progress, last_on, arm), _target(enrolment, arm)
    columns = (own["month_on"], own["n_entries"], own["n_cumulative"])
    return [
        {
            "month_on": month,
            "arm": arm,
            "state": "realised",
            "n_entries": int(n),
            "n_cumulative": int(so_far),
            "n_target": target,
            "p_target": None if target is None else float(so_far >= target),
        }
        for month, n, so_far in zip(*columns, strict=True)
    ]


def _target(enrolment: Enrolment, arm: str) -> int | None:
    return getattr(enrolment.target, arm).value if enrolment.target else None


def _ahead(
    shape: float, exposure: float, ahead: int, n_now: int, target: int | None, pace: Pace
) -> dict[str, object]:
    level = pace.interval_level.value
    tails = ((1 - level) / 2, 0.5, (1 + level) / 2)
    month = stats.nbinom(shape, exposure / (exposure + 1))
    whole = stats.nbinom(shape, exposure / (exposure + ahead))
    low, middle, high = (int(month.ppf(tail)) for tail in tails)
    all_low, all_middle, all_high = (n_now + int(whole.ppf(tail)) for tail in tails)
    return {
        "projected": middle,
        "projected_low": low,
        "projected_high": high,
        "n_cumulative": all_middle,
        "cumulative_low": all_low,
        "cumulative_high": all_high,
        "p_target": None if target is None else float(whole.sf(target - n_now - 1)),
    }


def _own(progress: pd.DataFrame, last_on: date, arm: str = ARMS[0]) -> pd.DataFrame:
    own = progress[progress["arm"] == arm].sort_values("month_on")
    return own[own["month_on"] <= pd.Timestamp(last_on)]
