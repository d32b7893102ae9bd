"""What an analyst asks of ``match``, checked: every mistake is a sentence about one argument."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from agir_pipeline.language import _
from agir_pipeline.methods.matching.arrays import Floats, Texts
from agir_pipeline.protocol.model import Covariate, Labels

DISTANCES = ("robust_rank_mahalanobis", "mahalanobis", "logit")
CONVENTIONS = ("pooled", "whole")
ORIGIN = "person"
NUMBERS = ("integer", "floating", "mixed-integer-float", "decimal")
LARGEST = 1e100
"""Squares of what is larger do not fit in a number."""


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
    missing = [name for name in named if list(data.columns).count(name) != 1]
    if missing:
        raise ValueError(
            _("{names} must each be one column of the data; its columns: {known}").format(
                names=_listed(missing), known=_listed(data.columns)
            )
        )
    if wish.treated in wish.columns:
        raise ValueError(
            _("treated is also named as a covariate: {name}").format(name=wish.treated)
        )
    if not pd.Index(labels_of(data)).is_unique:
        raise ValueError(_("data must have an index without repetitions: it names the pairs"))
    arm = data[wish.treated]
    if arm.isna().any() or not arm.isin([0, 1]).all() or arm.nunique() < 2:
        raise ValueError(
            _("treated must hold 1 for the treated and 0 for the others, and some of both")
        )
    if wish.score and not np.isfinite(_numbers(data[wish.score])).all():
        raise ValueError(_("score must be a finite number in every row"))
    known = as_read(data, wish.columns)
    endless = [name for name in wish.columns if _is_endless(known[name])]
    if endless:
        raise ValueError(
            _("{names} hold infinite numbers, or some beyond 1e100; they may be missing").format(
                names=_listed(endless)
            )
        )


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
    is_whole = isinstance(wish.ratio, int | np.integer) and not isinstance(wish.ratio, bool)
    if not is_whole or wish.ratio < 1:
        raise ValueError(_("ratio is {n}, expected a whole number from 1").format(n=wish.ratio))
    if wish.caliper is not None and not wish.caliper >= 0:
        raise ValueError(_("caliper must be None or a multiple of the SD, 0 or more"))
    if not wish.leave_out_price >= 0:
        raise ValueError(_("leave_out_price must be 0 or more; infinite for all pairs"))
    if wish.distance != "logit" and not wish.covariates:
        raise ValueError(_("covariates is empty, and the distance is made of them"))
    if wish.fine_balance and wish.near_exact:
        raise ValueError(_("fine_balance goes without near_exact"))


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


def names_of(names: Iterable[object]) -> tuple[str, ...]:
    """Names of columns as texts; a text is one name."""
    return (names,) if isinstance(names, str) else tuple(map(str, names))


def labels_of(data: pd.DataFrame) -> Texts:
    """The index labels as texts."""
    index = data.index
    flat = index.to_flat_index() if isinstance(index, pd.MultiIndex) else index
    return flat.astype(str).to_numpy(dtype=object)


def as_read(data: pd.DataFrame, names: Iterable[str]) -> pd.DataFrame:
    """The columns with numbers as numbers, also where they are held as objects or are dates."""
    return pd.DataFrame({name: _read(data[name]) for name in names}, data.index)


def _read(column: "pd.Series[Any]") -> "pd.Series[Any]":
    """A date is the number of days since the first one."""
    if column.dtype.kind in "mM":
        days: pd.Series[Any] = (column - column.min()) / pd.Timedelta(days=1)
        return days
    if column.dtype == object and pd.api.types.infer_dtype(column) in NUMBERS:
        return column.where(column.notna(), np.nan).astype(np.float64)
    return column


def _is_endless(column: "pd.Series[Any]") -> bool:
    is_number = pd.api.types.is_numeric_dtype(column)
    return is_number and bool((np.abs(_numbers(column)) > LARGEST).any())


def _numbers(column: "pd.Series[Any]") -> Floats:
    numbers = pd.to_numeric(column, errors="coerce")
    return numbers.to_numpy(dtype=np.float64, na_value=np.nan)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
