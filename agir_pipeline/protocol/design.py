"""What a protocol says of who is in the study and of how controls are chosen."""

from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from typing import Literal

from pydantic import Field

from agir_pipeline.protocol.values import (
    Count,
    Days,
    Fact,
    Frozen,
    Labels,
    Many,
    Name,
    NotNegative,
    Positive,
    Some,
    SomeDays,
    Text,
)


class OtherWay(Frozen):
    """What lets a person in whom a rule would leave out; not known, it leaves nobody out."""

    origin: Literal["person", "spell"]
    column: Name
    one_of: Some[str]


class Eligibility(Frozen):
    """A rule a person must meet to enter the study; a person without the value does not fail."""

    name: Name
    labels: Labels
    origin: Literal["person", "spell"]
    column: Name
    source: Text
    minimum: float | None = None
    maximum: float | None = None
    one_of: Many[str] = ()
    or_else: OtherWay | None = None


def class_names(cut_points: Sequence[float]) -> list[str]:
    """The half-open classes that cut points part numbers into, from the lowest."""
    inner = [f"[{a:g}, {b:g})" for a, b in pairwise(cut_points)]
    return [f"< {cut_points[0]:g}", *inner, f">= {cut_points[-1]:g}"]


class Covariate(Frozen):
    """Something pairs are made alike on (or watched on), fixed by the index date."""

    name: Name
    labels: Labels
    origin: Literal["person", "spell", "index"]
    """index: ``column`` is computed at the index date (``planned_days_remaining``)."""
    column: Name
    scale: Literal["number", "category"]
    role: Literal["exact", "near_exact", "distance", "report"]
    """Near-exact ones are given up in the order of the file, each time on record."""
    in_propensity: bool
    source: Text
    cut_points: Many[float] = ()
    """Folds a number into half-open classes [a, b)."""
    groups: dict[str, str] = Field(default_factory=dict)
    """Folds codes into groups; a code that is not named keeps its own."""
    group_labels: dict[str, Labels] = Field(default_factory=dict)
    """What people read for the names of groups."""
    unit: str = ""


class Index(Frozen):
    """Risk-set rule: time zero of a pair is the day support began, counted from contract start."""

    entry_column: Name
    delay_band_days: Fact[SomeDays]
    start_window_days: Fact[Days]
    waiting_days: Fact[Days]
    supported_since_column: Name | None = None
    """Where a list of controls says that somebody is supported by now; none: no list says so."""
    consent_column: Name | None = None


Alternative = Literal[
    "propensity_pairs", "coarsened_exact", "full", "entropy_balancing", "overlap_weights"
]


class NearFine(Frozen):
    """One category that should be as frequent among the controls as among their beneficiaries.

    Pairs may differ in it. A control beyond its category's share costs the price, in units of
    the distance; infinite: before any distance counts, after the number of pairs.
    """

    covariate: Name
    surplus_price: Positive | Literal["infinite"]
    source: Text


class Matching(Frozen):
    """How controls are chosen; all of it is covered by the design digest."""

    design_number: Count
    estimand: Labels | Text
    """What is estimated; in one language only where the readers have no other."""
    instants: Many[date]
    """Days (their end, in the study's time zone) on which a round is matched. Empty: one round,
    on the first night on which every person source has a delivery."""
    distance: Literal["logit", "robust_rank_mahalanobis"]
    propensity: Literal["plain", "firth"]
    caliper_multiple: Fact[Positive]
    caliper_convention: Literal["pooled", "whole"]
    leave_out_price: NotNegative | Literal["infinite"]
    source: Text
    index: Index | None = None
    near_fine: NearFine | None = None
    alternatives: Many[Alternative] = ()
    """Other ways to make the arms alike, worked out beside the pairs as checks."""
    frontier_prices: Many[NotNegative | Literal["infinite"]] = ()
    """Prices of leaving out that the committee compares; none: some that the distances suggest."""


class Balance(Frozen):
    max_absolute_smd: Fact[Positive]
    variance_ratio_range: Fact[Many[Positive]]
