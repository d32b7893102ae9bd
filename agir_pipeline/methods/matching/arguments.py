"""What an analyst asks of ``match``, checked: every mistake is a sentence about one argument."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from agir_pipeline.language import _
from agir_pipeline.protocol.model import Covariate, Labels

DISTANCES = ("robust_rank_mahalanobis", "mahalanobis", "logit")
CONVENTIONS = ("pooled", "whole")
ORIGIN = "person"


@dataclass(frozen=True)
class Wish:
    """The arguments of ``match``; see there."""

    treated: str
    covariates: tuple[str, ...] = ()
    exact: tuple[str, ...] = ()
    near_exact: tuple[str, ...] = ()
    propensity: tuple[str, ...] = ()
    score: str | None = None
    distance: str = "robust_rank_mahalanobis"
    caliper: float | None = None
    caliper_convention: str = "pooled"
    ratio: int = 1
    leave_out_price: float = math.inf
    fine_balance: str | None = None
    key: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        """Every covariate once: what pairs are made alike on or watched on."""
        named = (*self.exact, *self.near_exact, *self.covariates, *self.propensity)
        fine = (self.fine_balance,) if self.fine_balance else ()
        return tuple(dict.fromkeys((*named, *fine)))

    def enforced(self, level: int) -> tuple[str, ...]:
        """What must be equal within a pair once ``level`` near-exact covariates are given up."""
        return self.exact + self.near_exact[level:]


def check_arguments(data: pd.DataFrame, wish: Wish) -> None:
    """Nothing, if the data can be matched as wished.

    Raises:
        ValueError: the first argument that is wrong, what was found and what would do.
    """
    _check_choices(wish)
    named = [wish.treated, *wish.columns, *([wish.score] if wish.score else [])]
    missing = [name for name in named if name not in data.columns]
    if missing:
        raise ValueError(
            _("{names} are no columns of the data; its columns: {known}").format(
                names=_listed(missing), known=_listed(map(str, data.columns))
            )
        )
    if wish.treated in wish.columns:
        raise ValueError(
            _("treated is also named as a covariate: {name}").format(name=wish.treated)
        )
    if not data.index.is_unique:
        raise ValueError(_("data must have an index without repetitions: it names the pairs"))
    arm = data[wish.treated]
    if arm.isna().any() or not arm.isin([0, 1]).all() or arm.nunique() < 2:
        raise ValueError(
            _("treated must hold 1 for the treated and 0 for the others, and some of both")
        )
    if wish.score and not np.isfinite(pd.to_numeric(data[wish.score])).all():
        raise ValueError(_("score must be a finite number in every row"))


def _check_choices(wish: Wish) -> None:
    for name, value, known in (
        ("distance", wish.distance, DISTANCES),
        ("caliper_convention", wish.caliper_convention, CONVENTIONS),
    ):
        if value not in known:
            raise ValueError(
                _("{argument} is {value}, expected one of {known}").format(
                    argument=name, value=repr(value), known=_listed(known)
                )
            )
    if wish.ratio < 1:
        raise ValueError(_("ratio is {n}, expected a whole number from 1").format(n=wish.ratio))
    if wish.caliper is not None and not wish.caliper >= 0:
        raise ValueError(_("caliper must be None or a multiple of the SD, 0 or more"))
    if not wish.leave_out_price >= 0:
        raise ValueError(_("leave_out_price must be 0 or more; infinite for all pairs"))
    if wish.distance != "logit" and not wish.covariates:
        raise ValueError(_("covariates is empty, and the distance is made of them"))
    if wish.fine_balance and (wish.near_exact or math.isfinite(wish.leave_out_price)):
        raise ValueError(
            _("fine_balance goes with an infinite leave_out_price and without near_exact")
        )


def covariate_of(name: str, column: "pd.Series[Any]") -> Covariate:
    """A column as the matching reads it: a number, or a category."""
    is_number = pd.api.types.is_numeric_dtype(column)
    return Covariate.model_construct(  # a column of anybody's may be called anything
        name=name,
        labels=Labels(en=name, fr=name),
        origin=ORIGIN,
        column=name,
        scale="number" if is_number else "category",
        role="distance",
        in_propensity=True,
        source=ORIGIN,
    )


def _listed(names: "Sequence[str] | map[str]") -> str:
    return ", ".join(names)
