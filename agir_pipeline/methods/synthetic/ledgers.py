"""Figures that are nobody's: series of the context with their vintages, and what it all costs."""

from itertools import product

import numpy as np
import pandas as pd

from agir_pipeline.methods.synthetic.calibration import Calibration, Series
from agir_pipeline.methods.synthetic.people import as_days, end_of_study
from agir_pipeline.methods.synthetic.streams import NOTHING
from agir_pipeline.methods.synthetic.timeline import plus_months
from agir_pipeline.protocol.model import Protocol

CONTEXT, COSTS = "context_series", "cost_ledger"
DAY = np.timedelta64(1, "D")
MONTHS_PER_YEAR = 12
REVISED_AFTER = 6
"""Months from the first publication of a figure to its revision."""
WRITTEN_DAYS = 20
CENT = 100


# ----------------------------------------------------------------------------------- context


def context_rows(
    protocol: Protocol, calibration: Calibration, rng: np.random.Generator
) -> pd.DataFrame:
    """One row per figure and publication: a month is published once, then revised once."""
    parts = [
        _series(protocol, calibration, series, area, level, rng)
        for series in calibration.context.series
        for area, level in product(series.areas, series.levels)
    ]
    rows = pd.concat(parts, ignore_index=True)
    order = ["published_on", "series_name", "area", "level_group", "reference_month_on"]
    return rows.sort_values(order, ignore_index=True)


def _series(
    protocol: Protocol,
    calibration: Calibration,
    series: Series,
    area: str,
    level: str,
    rng: np.random.Generator,
) -> pd.DataFrame:
    rule = calibration.context
    months = np.arange(
        np.datetime64(rule.from_on.value, "M"), end_of_study(protocol), dtype="M8[M]"
    )
    year = months.astype("M8[Y]").astype(int) + 1970
    growth = np.array([series.yearly[str(y)] for y in year])
    season = 1 + 0.3 * np.sin(2 * np.pi * (months.astype(int) % MONTHS_PER_YEAR) / MONTHS_PER_YEAR)
    share = series.area_shares[area] * series.level_shares[level]
    value = np.rint(series.per_month.value * share * growth * season)
    first = _published(months.astype("M8[D]"), rule.publication_months.value)
    again = _published(months.astype("M8[D]"), rule.publication_months.value + REVISED_AFTER)
    base = pd.DataFrame(
        {
            "series_name": series.name,
            "area": area,
            "reference_month_on": months.astype("M8[D]"),
            "level_group": level,
            "sex_group": "all_sexes",
            "data_source": series.source,
        }
    )
    revised = np.rint(value * (1 + rng.normal(0, 0.01, len(months))))
    rows = pd.concat(
        [
            base.assign(series_value=value, published_on=first),
            base.assign(series_value=revised, published_on=again),
        ]
    )
    rows = rows.assign(shown_from=rows["published_on"], shown_until=NOTHING)
    is_out = as_days(rows["published_on"]) <= end_of_study(protocol)
    # What was published before the study began comes in its first vintage alone.
    is_history = as_days(rows["published_on"]) < np.datetime64(calibration.history_from_on.value)
    is_first = rows["series_value"].to_numpy() == np.concatenate([value, value])
    shown: pd.DataFrame = rows[is_out & (~is_history | is_first)]
    return shown


def _published(months: np.ndarray, after: int) -> np.ndarray:
    """The half-year's end that follows a month by at least ``after`` months."""
    due = plus_months(months, np.full(len(months), after)).astype("M8[M]").astype(int)
    half_year = -(-(due + 1) // 6) * 6
    ends: np.ndarray = half_year.astype("M8[M]").astype("M8[D]") - DAY
    return ends


# ------------------------------------------------------------------------------------- costs


def cost_rows(
    protocol: Protocol, calibration: Calibration, people: pd.DataFrame, rng: np.random.Generator
) -> pd.DataFrame:
    """One row per line of a voucher.

    Direct lines of a case add up to its funded cost; the lines of engineering and management add
    up to what is left of the complete cost. A credit note and its new voucher cancel out.
    """
    rows = pd.concat(
        [_direct(protocol, calibration, people, rng), _common(protocol, calibration, people)],
        ignore_index=True,
    )
    rows = pd.concat([rows, _credit_notes(rows, calibration)], ignore_index=True)
    rows = rows.sort_values(["voucher_on", "cost_item", "case_number"], kind="stable")
    year = rows["voucher_on"].dt.year.astype(str)
    number = rows.groupby(year.to_numpy()).cumcount() // 3 + 1
    line = rows.groupby(year.to_numpy()).cumcount() % 3 + 1
    shown = as_days(rows["voucher_on"]) + rng.integers(0, WRITTEN_DAYS, len(rows)) * DAY
    return rows.assign(
        voucher_number=year + "-" + number.map("{:04d}".format),
        line_number=line,
        amount_incl_tax_eur=rows["amount_excl_tax_eur"],
        shown_from=np.minimum(shown, end_of_study(protocol)),
        shown_until=NOTHING,
    ).reset_index(drop=True)


def _direct(
    protocol: Protocol, calibration: Calibration, people: pd.DataFrame, rng: np.random.Generator
) -> pd.DataFrame:
    rule = calibration.costs
    helped = people[people["role"] == "beneficiary"]
    n_each = rule.lines_per_beneficiary.value
    rows = helped.loc[helped.index.repeat(n_each), ["case_number", "support_entry_on"]]
    rank = np.tile(np.arange(n_each), len(helped))
    whole, shared = divmod(rule.direct_per_beneficiary_eur.value * CENT, n_each)
    amount = (whole + np.where(rank == 0, shared, 0)) / CENT
    day = plus_months(as_days(rows["support_entry_on"]), 2 * rank + 1)
    item = np.where(rank == n_each - 1, "workshops", "direct_support")
    return pd.DataFrame(
        {
            "case_number": rows["case_number"].to_numpy(),
            "voucher_on": np.minimum(day, end_of_study(protocol)),
            "cost_item": item,
            "funder": "fej",
            "amount_excl_tax_eur": amount,
            "adviser_hours": np.rint(amount / rule.hourly_rate_eur.value),
            "hourly_rate_eur": float(rule.hourly_rate_eur.value),
        }
    )


def _common(protocol: Protocol, calibration: Calibration, people: pd.DataFrame) -> pd.DataFrame:
    """Engineering, management, communication, evaluation: a line of each in every month."""
    rule = calibration.costs
    direct = rule.direct_per_beneficiary_eur.value * int((people["role"] == "beneficiary").sum())
    total = round(direct / rule.direct_share.value) - direct
    first = np.datetime64(calibration.history_from_on.value, "M")
    months = np.arange(first, end_of_study(protocol), dtype="M8[M]")
    items = list(rule.common_shares)
    cells = list(product(months, items))
    shares = np.array([rule.common_shares[item] for _month, item in cells])
    cents = np.floor(CENT * total * shares / len(months) / sum(rule.common_shares.values()))
    cents[0] += CENT * total - cents.sum()
    return pd.DataFrame(
        {
            "case_number": "",
            "voucher_on": [month.astype("M8[D]") + 24 * DAY for month, _i in cells],
            "cost_item": [item for _month, item in cells],
            "funder": [rule.common_funders[item] for _month, item in cells],
            "amount_excl_tax_eur": cents / CENT,
        }
    )


def _credit_notes(rows: pd.DataFrame, calibration: Calibration) -> pd.DataFrame:
    """Some lines are taken back in full and booked again a month later."""
    every: pd.DataFrame = rows.iloc[:: calibration.costs.credit_note_every.value]
    last = rows["voucher_on"].max() - pd.Timedelta(60, "D")
    taken: pd.DataFrame = every[every["voucher_on"] < last]
    day = taken["voucher_on"] + pd.Timedelta(30, "D")
    back = taken.assign(voucher_on=day, amount_excl_tax_eur=-taken["amount_excl_tax_eur"])
    both: pd.DataFrame = pd.concat(
        [back.assign(adviser_hours=np.nan), taken.assign(voucher_on=day)]
    )
    return both
