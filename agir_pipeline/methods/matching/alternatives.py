"""Other ways to make the arms alike, on any data frame: checks beside a match of pairs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from agir_pipeline.language import _
from agir_pipeline.methods.matching.arguments import Wish, check_arguments
from agir_pipeline.methods.matching.arrays import Bools, Floats, Ints
from agir_pipeline.methods.matching.comparison import comparison_table
from agir_pipeline.methods.matching.design import design_matrix, is_number, strata
from agir_pipeline.methods.matching.distance import distances
from agir_pipeline.methods.matching.full import full_sets
from agir_pipeline.methods.matching.library import prepare
from agir_pipeline.methods.matching.love_plot import love_plot
from agir_pipeline.methods.matching.matched import Prepared
from agir_pipeline.methods.matching.optimal import TABLE_CELLS
from agir_pipeline.methods.matching.weighting import (
    coarsened_weights,
    entropy_weights,
    overlap_weights,
    shared_weights,
)


@dataclass(frozen=True)
class Weighted:
    """Rows with weights, by the data's index labels; ``sets`` where rows stand in sets.

    Of the treated the weight is 1 (0 where left out), but for overlap weights; a set's controls
    share the number of its treated rows.
    """

    weights: "pd.Series[float]"
    sets: "pd.Series[float] | None"
    prepared: Prepared

    def balance(self) -> pd.DataFrame:
        """How alike the arms are before ("pool") and after ("matched")."""
        own = self.prepared
        weights = np.asarray(self.weights.reindex(own.index), dtype=np.float64)
        return comparison_table(own.covariates, own.folded, own.is_treated, weights)

    def love_plot(self, max_absolute_smd: float = 0.1) -> str:
        """An SVG picture of the balance before and after."""
        return love_plot(self.balance(), max_absolute_smd)


def coarsened_exact_match(data: pd.DataFrame, treated: str, covariates: Sequence[str]) -> Weighted:
    """Sets of rows that are equal on every covariate once numbers are cut in classes (CEM).

    Raises:
        ValueError: an argument is wrong.
    """
    wish = Wish(treated, tuple(covariates), distance="logit")
    check_arguments(data, wish)
    own = prepare(data, wish)
    columns = [
        own.folded[c.name] if is_number(c) else pd.factorize(own.folded[c.name])[0].astype(float)
        for c in own.covariates
    ]
    number, weights = coarsened_weights(columns, own.is_treated)
    return _weighted(data, own, weights, number)


def full_match(
    data: pd.DataFrame,
    treated: str,
    covariates: Sequence[str] = (),
    *,
    exact: Sequence[str] = (),
    distance: str = "robust_rank_mahalanobis",
    caliper: float | None = None,
    key: str = "",
) -> Weighted:
    """Everybody with an admissible partner in a set of one treated and some, or the reverse.

    The sets have the least total distance. Arguments as of ``match``.

    Raises:
        ValueError: an argument is wrong, or a stratum is too large for a table of everybody.
        CheckError: the dual bound does not reach the total.
    """
    named = tuple(dict.fromkeys((*exact, *covariates)))
    wish = Wish(
        treated, tuple(covariates), exact=tuple(exact), propensity=named, distance=distance,
        caliper=caliper, key=key,
    )  # fmt: skip
    check_arguments(data, wish)
    own = prepare(data, wish)
    labels = strata(own.folded, wish.exact, len(own.logit))
    number = np.full(len(own.logit), -1, dtype=np.int64)
    for stratum in sorted(set(labels[own.is_treated])):
        mine, theirs = (np.flatnonzero((labels == stratum) & arm) for arm in _arms(own.is_treated))
        if len(mine) * len(theirs) > TABLE_CELLS:
            raise ValueError(
                _("full matching is for smaller strata: it needs a table of everybody")
            )
        problem = own.problem(mine, theirs, wish)
        gap = distances(problem.scores[0][:, None], problem.scores[1][:, None])
        cost = gap if problem.points is None else distances(*problem.points)
        row_set, column_set, _total = full_sets(cost, gap <= own.caliper)
        start = number.max() + 1
        number[mine] = np.where(row_set < 0, -1, row_set + start)
        number[theirs] = np.where(column_set < 0, -1, column_set + start)
    return _weighted(data, own, shared_weights(number, own.is_treated), number)


def entropy_balance(data: pd.DataFrame, treated: str, covariates: Sequence[str]) -> Weighted:
    """Controls weighted to the means of the treated on every covariate, exactly.

    Raises:
        ValueError: an argument is wrong. CheckError: no weights reach these means.
    """
    return _by_weights(data, treated, covariates, entropy_weights)


def overlap_balance(data: pd.DataFrame, treated: str, covariates: Sequence[str]) -> Weighted:
    """Everybody weighted by the chance of being in the other arm.

    Raises:
        ValueError: an argument is wrong.
    """
    return _by_weights(data, treated, covariates, overlap_weights)


def _by_weights(
    data: pd.DataFrame,
    treated: str,
    covariates: Sequence[str],
    weigh: Callable[[Floats, Bools], Floats],
) -> Weighted:
    wish = Wish(treated, tuple(covariates), distance="logit")
    check_arguments(data, wish)
    own = prepare(data, wish)
    x = design_matrix(own.covariates, own.folded, len(own.logit), True)[1]
    return _weighted(data, own, weigh(x, own.is_treated), None)


def _arms(is_treated: Bools) -> tuple[Bools, Bools]:
    return is_treated, ~is_treated


def _weighted(data: pd.DataFrame, own: Prepared, weights: Floats, number: Ints | None) -> Weighted:
    def by_label(values: Floats | Ints, name: str) -> "pd.Series[float]":
        return pd.Series(values, own.index, name=name).reindex(data.index)

    sets = None if number is None else by_label(number, "set_number")
    return Weighted(by_label(weights, "weight"), sets, own)
