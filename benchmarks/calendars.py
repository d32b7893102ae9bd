"""What a running cohort reads by the calendar, and by rules that look at what happened.

``python -m benchmarks.calendars`` prints the mean risk that each rule finds, and the true one.
People enter month by month; a contract breaks by a hazard; who breaks it may sign again within 180
days and stays at risk there (a secured rupture), otherwise the rupture is net. The data end on a
day: of what broke in the 180 days before nobody knows yet whether it is net.
"""

import argparse
from collections.abc import Callable, Mapping
from datetime import date
from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from agir_pipeline.methods.effects.calendar import follow_up_cut, follow_up_days
from agir_pipeline.methods.effects.survival import censor, cumulative_incidence

Floats = NDArray[np.float64]
Quantile = Callable[[Floats], Floats]
"""Share that has broken its contract → the day by which it has."""

HORIZON, WINDOW, LAG = 274, 180, 45
DATA_END = date(2010, 12, 31)
SIGN_AGAIN = 0.40
LARGE = 2_000_000


def steady(share: Floats) -> Floats:
    """A constant hazard: 22 % broken by the 274th day."""
    return np.asarray(-np.log1p(-share) * HORIZON / -np.log1p(-0.22), dtype=float)


def early(share: Floats) -> Floats:
    """As many by the 274th day, but half of them by the 60th."""
    return np.asarray(HORIZON * (np.log1p(-share) / np.log1p(-0.22)) ** 2, dtype=float)


def late(share: Floats) -> Floats:
    """As many by the 274th day, but half of them after the 188th."""
    return np.asarray(HORIZON * (np.log1p(-share) / np.log1p(-0.22)) ** 0.5, dtype=float)


SHAPES: Mapping[str, Quantile] = {"steady": steady, "early": early, "late": late}
CALENDARS: Mapping[str, tuple[int, ...]] = {
    "tripled at the end": (2,) * 8 + (6,) * 4,
    "even": (4,) * 12,
    "two months of spring": (0,) * 2 + (24,) * 2 + (0,) * 8,
}
"""Entries in each month of 2010; net ruptures are looked at a year later."""


class Cohort(NamedTuple):
    """Days from the entry of each person to the first rupture and to the net one, if any."""

    first: Floats
    net: Floats


class Entries(NamedTuple):
    entered: "pd.Series[pd.Timestamp]"
    data_end: date


def cohort_of(n: int, quantile: Quantile, rng: np.random.Generator) -> Cohort:
    """A second contract is as likely to break as the first, a third does not."""
    first = np.maximum(np.ceil(quantile(rng.random(n))), 1.0)
    is_secured = rng.random(n) < SIGN_AGAIN
    again = first + rng.integers(0, WINDOW, n) + np.maximum(np.ceil(quantile(rng.random(n))), 1.0)
    is_second_secured = rng.random(n) < SIGN_AGAIN
    net = np.where(is_secured, np.where(is_second_secured, np.inf, again), first)
    return Cohort(first, net)


def entries_of(
    monthly: tuple[int, ...], times: int, data_end: date, rng: np.random.Generator
) -> Entries:
    """Everybody enters on a day of the own month; ``times`` as many people."""
    months = np.repeat(np.arange(len(monthly)), np.array(monthly) * times)
    days = np.floor((months + rng.random(len(months))) * 365.25 / 12)
    starts = pd.Series(pd.Timestamp(2010, 1, 1) + pd.to_timedelta(days, unit="D"))
    return Entries(starts, data_end)


def naive(entries: Entries, days: Floats) -> float:
    """Ruptures reported over contracts signed."""
    seen = follow_up_days(entries.entered, entries.data_end)
    return float((days <= seen).mean())


def by_calendar(entries: Entries, days: Floats, window: int) -> float:
    """The rule of the product: everybody is read up to one day, whatever happened.

    NaN (not evaluable) where the calendar lets nobody reach the horizon.
    """
    cut = follow_up_cut(entries.data_end, LAG, window)
    follow_up = follow_up_days(entries.entered, cut)
    if follow_up.max() < HORIZON:
        return np.nan
    happened = np.where(np.isfinite(days), days, np.nan)
    times, causes = censor(happened, np.isfinite(days).astype(float), follow_up)
    return cumulative_incidence(times, causes, HORIZON).risk


def by_what_happened(entries: Entries, cohort: Cohort, rule: str) -> float:
    """Followed to the latest day, with what is not yet known of a rupture dealt with by a rule."""
    cut = follow_up_cut(entries.data_end, LAG, 0)
    follow_up = follow_up_days(entries.entered, cut).astype(float)
    is_decided = cohort.net + WINDOW <= follow_up
    days, ends = np.where(is_decided, cohort.net, follow_up), is_decided
    open_on = np.where(cohort.first + WINDOW > follow_up, cohort.first, cohort.net)
    is_open = (open_on <= follow_up) & (open_on + WINDOW > follow_up)
    if rule == "dropped":
        days, ends = days[~is_open], ends[~is_open]
    elif rule == "censored at the rupture":
        days = np.where(is_open, open_on, days)
    return cumulative_incidence(days, ends.astype(float), HORIZON).risk


RULES = ("dropped", "censored at the rupture", "no rupture until it is net")


def gross_readings(shape: str, calendar: str, times: int, rng: np.random.Generator) -> Floats:
    """Of all ruptures on 31 December 2010: naive, then by the calendar."""
    entries = entries_of(CALENDARS[calendar], times, DATA_END, rng)
    first = cohort_of(len(entries.entered), SHAPES[shape], rng).first
    return np.array([naive(entries, first), by_calendar(entries, first, 0)])


def net_readings(shape: str, calendar: str, times: int, rng: np.random.Generator) -> Floats:
    """Of net ruptures a year later: by the calendar, then by each rule of what happened."""
    entries = entries_of(CALENDARS[calendar], times, date(2011, 12, 31), rng)
    cohort = cohort_of(len(entries.entered), SHAPES[shape], rng)
    others = [by_what_happened(entries, cohort, rule) for rule in RULES]
    return np.array([by_calendar(entries, cohort.net, WINDOW), *others])


def truths(shape: str, rng: np.random.Generator) -> tuple[float, float]:
    cohort = cohort_of(LARGE, SHAPES[shape], rng)
    return float((cohort.first <= HORIZON).mean()), float((cohort.net <= HORIZON).mean())


def mean_readings(
    draw: Callable[[np.random.Generator], Floats], n_draws: int, rng: np.random.Generator
) -> Floats:
    """The mean over draws, and under it its Monte-Carlo error."""
    drawn = np.array([draw(rng) for _draw in range(n_draws)])
    n_told = np.maximum((~np.isnan(drawn)).sum(axis=0), 1)
    means = np.nansum(drawn, axis=0) / n_told
    errors = np.sqrt(np.nansum((drawn - means) ** 2, axis=0)) / n_told
    return np.where(np.isnan(drawn).all(axis=0), np.nan, np.vstack([means, errors]))


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--draws", type=int, default=4000)
    arguments.add_argument("--seed", type=int, default=1)
    options = arguments.parse_args()
    rng = np.random.default_rng(options.seed)
    for shape in SHAPES:
        gross, net = truths(shape, rng)
        for calendar in CALENDARS:
            for name, truth, readings, rules in (
                ("all", gross, gross_readings, ("naive", "by the calendar")),
                ("net", net, net_readings, ("by the calendar", *RULES)),
            ):
                draw = partial(readings, shape, calendar, 4)
                means, errors = 100 * mean_readings(draw, options.draws, rng)
                told = "; ".join(
                    f"{rule} {mean:.1f} ± {error:.2f}"
                    for rule, mean, error in zip(rules, means, errors, strict=True)
                )
                print(f"{shape}, {calendar}, {name}: true {100 * truth:.1f}; {told}", flush=True)


if __name__ == "__main__":
    main()
