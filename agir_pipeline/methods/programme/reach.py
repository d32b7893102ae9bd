"""Whom the programme was told to, and how far they came; and what happened around it."""

from datetime import date
from typing import Any

import pandas as pd

from agir_pipeline.methods.effects.layout import COUNT, FLAG, NUMBER, TEXT, typed
from agir_pipeline.protocol.model import Context, Outreach

FUNNEL_COLUMNS = {
    "organisation_kind": TEXT, "n_contacted": COUNT, "n_replied": COUNT, "n_agreed": COUNT,
    "n_referred": COUNT, "n_entries": COUNT, "days_to_agreement_median": NUMBER,
    "days_to_entry": COUNT, "n_expected": COUNT, "is_reached": FLAG,
}  # fmt: skip

OBSTACLE_COLUMNS = {"organisation_kind": TEXT, "obstacle_named": TEXT, "n_organisations": COUNT}

CONTEXT_COLUMNS = {
    "series": TEXT, "year": COUNT, "n_months": COUNT, "value": NUMBER, "change_share": NUMBER,
}  # fmt: skip

MONTHS = 12


def mobilisation_funnel(
    contacts: pd.DataFrame, entries: pd.DataFrame, outreach: Outreach, last_on: date
) -> pd.DataFrame:
    """Type of organisation: how many were contacted, replied, agreed, referred; who entered.

    ``contacts`` with the ``organisation_id`` that each row was found to name; an organisation
    counts once, however its name is spelled. Delays run from the first contact to
    the first agreement, in days, over those that agreed. Only of the watched type was a least
    number to be contacted: ``n_expected``. ``entries`` has entered_on and referred_by, a code of
    the register, per beneficiary: of a type that no code names, entries are empty, not 0.
    """
    sent = _entries(entries, outreach, last_on)
    day = pd.to_datetime(contacts[outreach.day_column])
    rows = pd.DataFrame(
        {
            "organisation_kind": contacts[outreach.type_column].astype("string"),
            "organisation": contacts["organisation_id"].astype("string"),
            "day": day,
            **{
                step: day.where(contacts[outreach.result_column].isin(codes))
                for step, codes in (
                    ("replied", outreach.replied_when),
                    ("agreed", outreach.agreed_when),
                    ("referred", outreach.referred_when),
                )
            },
        }
    )
    known = rows.dropna(subset=["organisation_kind", "organisation"])
    in_time = known[known["day"] <= pd.Timestamp(last_on)]
    firsts = in_time.groupby(["organisation_kind", "organisation"]).min()
    made = []
    for told, own in firsts.groupby(level="organisation_kind"):
        kind = str(told)
        n_least = outreach.at_least.value if kind == outreach.watched_type else None
        made.append(
            {
                "organisation_kind": kind,
                "n_contacted": len(own),
                **{
                    f"n_{step}": int(own[step].notna().sum())
                    for step in ("replied", "agreed", "referred")
                },
                "days_to_agreement_median": (own["agreed"] - own["day"]).dt.days.median(),
                **_sent(sent.get(kind), own["day"].min()),
                "n_expected": n_least,
                "is_reached": None if n_least is None else len(own) >= n_least,
            }
        )
    return typed(made, FUNNEL_COLUMNS)


def _entries(
    entries: pd.DataFrame, outreach: Outreach, last_on: date
) -> "dict[str, pd.Series[Any]]":
    """Type → days of entry of those it sent; every type that a code names is there."""
    kind = entries["referred_by"].astype("string").map(outreach.referred_by)
    days = pd.to_datetime(entries["entered_on"])
    days = days.where(days <= pd.Timestamp(last_on)).dropna()
    return {name: days[kind[days.index] == name] for name in set(outreach.referred_by.values())}


def _sent(days: "pd.Series[Any] | None", contacted_on: pd.Timestamp) -> dict[str, int | None]:
    if days is None:
        return {}
    since = (days.min() - contacted_on).days if len(days) else None
    return {"n_entries": len(days), "days_to_entry": since}


def mobilisation_obstacles(
    contacts: pd.DataFrame, outreach: Outreach, last_on: date
) -> pd.DataFrame:
    """Type of organisation × obstacle: how many organisations ever named it, each once."""
    rows = pd.DataFrame(
        {
            "organisation_kind": contacts[outreach.type_column].astype("string"),
            "obstacle_named": contacts[outreach.obstacle_column or ""].astype("string"),
            "organisation": contacts["organisation_id"].astype("string"),
        }
    )
    is_told = pd.to_datetime(contacts[outreach.day_column]) <= pd.Timestamp(last_on)
    known = rows[is_told].dropna()
    by = known.groupby(["organisation_kind", "obstacle_named"])["organisation"]
    made = by.nunique().rename("n_organisations").reset_index()
    return made.astype(OBSTACLE_COLUMNS)


def context_table(series: pd.DataFrame, context: Context, last_on: date) -> pd.DataFrame:
    """Series × year: the mean of the months as last published by ``last_on``, and its change.

    ``series`` names what the figure is of, its columns joined. ``change_share`` compares whole
    years only: −0.18 means eighteen in a hundred fewer than the year before.
    """
    published = pd.to_datetime(series[context.published_column])
    told = series.assign(published=published)[published <= pd.Timestamp(last_on)]
    keys = list(context.series_columns)
    latest = told.sort_values("published", ignore_index=True).drop_duplicates(
        [*keys, context.month_column], keep="last"
    )
    named = zip(*(latest[key].astype(str) for key in keys), strict=True)
    rows = pd.DataFrame(
        {
            "series": pd.Series(map(" · ".join, named), latest.index, dtype="string"),
            "year": pd.to_datetime(latest[context.month_column]).dt.year,
            "value": latest[context.value_column].astype(float),
        }
    ).dropna(subset=["value"])
    by_year = rows.groupby(["series", "year"])["value"].agg(["size", "mean"]).reset_index()
    whole = by_year["mean"].where(by_year["size"] == MONTHS)
    before = whole.groupby(by_year["series"]).shift()
    is_next = by_year["year"].groupby(by_year["series"]).diff() == 1
    made = by_year.rename(columns={"size": "n_months", "mean": "value"}).assign(
        change_share=(whole / before - 1).where(is_next)
    )
    return made[list(CONTEXT_COLUMNS)].astype(CONTEXT_COLUMNS)
