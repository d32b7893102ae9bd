"""The causal model: when a contract breaks, with support and without it.

Hazard of a contract = shape over time × exp(who the person is) × multiplier, and × the effect
of support from the index date on. Both potential outcomes of a person come from the same draws,
so nobody is harmed by support. Beneficiaries are in contract on their index date, as people
who enter support are.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from agir_pipeline.methods.synthetic.calibration import Calibration
from agir_pipeline.methods.synthetic.people import DAY, as_days
from agir_pipeline.methods.synthetic.timeline import Days, Ints, plus_months, uniform
from agir_pipeline.protocol.model import EventOutcome, Protocol

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

LONGEST_SEARCH = 1e4
HALVINGS = 80


@dataclass(frozen=True)
class Shape:
    """A hazard per day that is constant before ``knee_days`` and constant after."""

    early: float
    later: float
    knee_days: int

    def cumulative(self, days: Floats) -> Floats:
        before = np.minimum(days, self.knee_days)
        return self.early * before + self.later * np.maximum(days - self.knee_days, 0.0)

    def day_of(self, cumulative: Floats) -> Floats:
        """The inverse: the day on which this much hazard has been lived through."""
        at_knee = self.early * self.knee_days
        late = self.knee_days + (cumulative - at_knee) / self.later
        return np.where(cumulative <= at_knee, cumulative / self.early, late)


@dataclass(frozen=True)
class Model:
    """The hazard after calibration to the beneficiaries at hand."""

    shape: Shape
    relative: Floats
    """Hazard of each person without support, relative to the shape."""
    support_ratio: float
    """What support multiplies it by."""


def rupture_outcome(protocol: Protocol) -> EventOutcome:
    return next(o for o in protocol.outcomes if isinstance(o, EventOutcome))


def calibrated_model(protocol: Protocol, calibration: Calibration, people: pd.DataFrame) -> Model:
    """Multiplier and effect that give the beneficiaries the planned risks at the longest horizon.

    The risk counts from the index date of people in contract then, up to the planned end.
    """
    rule = calibration.rupture
    shape = hazard_shape(calibration)
    who = np.exp(log_hazard(calibration, people))
    supported = (people["role"] == "beneficiary").to_numpy()
    edge = people["edge_days"].to_numpy(dtype=float)[supported]
    end = _planned_days(people)[supported] - 1.0
    horizon = max(rupture_outcome(protocol).horizons_days.value)
    lived = shape.cumulative(np.minimum(edge + horizon, end)) - shape.cumulative(edge)

    def mean_risk(multiplier: float) -> float:
        return float(np.mean(1 - np.exp(-multiplier * who[supported] * lived)))

    without = solve(mean_risk, rule.base_risk.value)
    supporting = solve(mean_risk, rule.base_risk.value + rule.effect.value)
    return Model(shape, who * without, supporting / without)


def hazard_shape(calibration: Calibration) -> Shape:
    first, last = calibration.rupture.shape_days.value
    survival = 1 - np.array(calibration.rupture.shape_risks.value)
    early = -np.log(survival[0]) / first
    return Shape(float(early), float(-np.log(survival[1] / survival[0]) / (last - first)), first)


def log_hazard(calibration: Calibration, people: pd.DataFrame) -> Floats:
    """How much more at risk each person is, by what the files show of them."""
    total = np.zeros(len(people))
    for factor in calibration.rupture.factors:
        has_code = people[factor.column].isin(factor.codes).to_numpy(dtype=bool)
        total = total + factor.log_hazard.value * has_code
    return total


def solve(increasing: Callable[[float], float], wanted: float) -> float:
    """The positive number at which an increasing function takes the wanted value."""
    low, high = 0.0, LONGEST_SEARCH
    for _halving in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if increasing(middle) < wanted else (low, middle)
    return (low + high) / 2


# ------------------------------------------------------------------------------------ paths


def draw_fates(calibration: Calibration, n: int, rng: np.random.Generator) -> pd.DataFrame:
    """The luck of each person, the same with and without support."""
    rule = calibration.rupture
    return pd.DataFrame(
        {
            "first_threshold": rng.exponential(1.0, n),
            "second_threshold": rng.exponential(1.0, n),
            "renewal": rng.random(n),
            "gap_days": uniform(rng, rule.renewed_gap_days, n).astype("int64"),
            "late_gap_days": uniform(rng, rule.renewed_late_gap_days, n).astype("int64"),
        }
    )


def paths(
    model: Model,
    calibration: Calibration,
    people: pd.DataFrame,
    fates: pd.DataFrame,
    is_supported: Bools,
) -> pd.DataFrame:
    """What becomes of everybody if exactly ``is_supported`` get support.

    ``rupture_on`` ends the first contract; ``second_start_on``, ``second_end_on`` and
    ``second_rupture_on`` belong to the contract that may follow. ``net_on`` is the rupture
    after which no contract follows in time. Missing: it does not happen.
    """
    rule = calibration.rupture
    start = as_days(people["contract_start_on"])
    ratio = model.relative * np.where(is_supported, model.support_ratio, 1.0)
    first_days = _days_to_rupture(model.shape, ratio, fates["first_threshold"], people["edge_days"])
    broken_on: Days = np.add(start, first_days)
    breaks = broken_on < as_days(people["planned_end_on"])
    rupture = np.where(breaks, broken_on, np.datetime64("NaT"))
    in_time_share = np.where(
        is_supported, rule.renewed_share_with_support.value, rule.renewed_share_without.value
    )
    luck = fates["renewal"].to_numpy()
    in_time = ~np.isnat(rupture) & (luck < in_time_share)
    too_late = ~np.isnat(rupture) & ~in_time & (luck >= 1 - rule.renewed_late_share.value)
    gap = np.where(in_time, fates["gap_days"], fates["late_gap_days"]).astype("m8[D]")
    second_start = np.where(in_time | too_late, rupture + gap, np.datetime64("NaT"))
    months = np.full(len(people), rule.renewed_duration_months.value)
    second_end = plus_months(second_start, months) - DAY
    second_days = _days_to_rupture(model.shape, ratio, fates["second_threshold"])
    again: Days = np.add(second_start, second_days)
    second_rupture = np.where(again < second_end, again, np.datetime64("NaT"))
    return pd.DataFrame(
        {
            "rupture_on": rupture,
            "second_start_on": second_start,
            "second_end_on": second_end,
            "second_rupture_on": second_rupture,
            "net_on": np.where(in_time, second_rupture, rupture),
        }
    )


def _planned_days(people: pd.DataFrame) -> Ints:
    length = as_days(people["planned_end_on"]) - as_days(people["contract_start_on"])
    return length.astype("int64")


def _days_to_rupture(
    shape: Shape, ratio: Floats, threshold: pd.Series, survived_days: pd.Series | None = None
) -> npt.NDArray[np.timedelta64]:
    """Whole days from the start; more than ``survived_days`` for those known to have survived."""
    survived = np.zeros(len(ratio)) if survived_days is None else survived_days.to_numpy(float)
    hazard = shape.cumulative(survived) + threshold.to_numpy() / ratio
    days = np.maximum(np.ceil(shape.day_of(hazard)), survived + 1)
    return np.minimum(days, LONGEST_SEARCH).astype("m8[D]")
