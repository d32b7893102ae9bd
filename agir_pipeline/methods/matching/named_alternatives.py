"""The alternatives a protocol names beside its pairs: weights and sets, from the pool of a round.

They see what the pairs were made from and nothing else: no outcome, no date of exit.
"""

import math
from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
import pandas as pd

from agir_pipeline.errors import CheckError
from agir_pipeline.language import _
from agir_pipeline.methods.matching.arrays import Bools, Columns, Floats, Ints
from agir_pipeline.methods.matching.design import design_matrix, is_number, stratum_codes
from agir_pipeline.methods.matching.distance import distances, robust_rank_whitened
from agir_pipeline.methods.matching.full import full_sets
from agir_pipeline.methods.matching.optimal import TABLE_CELLS, Problem, solve
from agir_pipeline.methods.matching.pairs import LEFT_OUT
from agir_pipeline.methods.matching.propensity import caliper_width
from agir_pipeline.methods.matching.spec import MatchingSpec
from agir_pipeline.methods.matching.weighting import (
    coarsened_weights,
    entropy_weights,
    overlap_weights,
    shared_weights,
)

COLUMNS = ("round_number", "alternative", "person_id", "arm", "set_number", "weight")
NO_SET = -1


class Pool(NamedTuple):
    """Everybody of the round, in canonical order."""

    spec: MatchingSpec
    rows: pd.DataFrame
    folded: Columns
    is_treated: Bools
    logit: Floats

    @property
    def caliper(self) -> float:
        ones, spec = np.ones(len(self.logit)), self.spec
        return caliper_width(
            self.logit, self.is_treated, ones, spec.caliper_multiple, spec.caliper_convention
        )

    def strata(self) -> Iterable[tuple[Ints, Ints]]:
        """Rows of both arms, stratum by stratum, where both are there."""
        code = stratum_codes(self.folded, self.spec.exact, len(self.rows))[1]
        for number in np.unique(code[self.is_treated]):
            arms = (
                np.flatnonzero((code == number) & a) for a in (self.is_treated, ~self.is_treated)
            )
            mine, theirs = arms
            if len(theirs):
                yield mine, theirs


Made = tuple[Ints, Floats]
"""The set of each row (-1: none) and its weight."""


def alternative_weights(
    pool: pd.DataFrame, spec: MatchingSpec, names: Iterable[str]
) -> pd.DataFrame:
    """One row per alternative and person with a weight, from the last round's ``pool``.

    A beneficiary counts 1, but by overlap weights; the controls of a set share the number of its
    beneficiaries. Without weights that balance the means, entropy balancing has no row.

    Raises:
        CheckError: a stratum is too large for full matching.
    """
    everybody = _pool(pool, spec)
    parts = []
    for name in names:
        number, weights = WAYS[name](everybody)
        part = everybody.rows[["round_number", "person_id", "arm"]].assign(
            alternative=name,
            set_number=pd.array(np.where(number < 0, 0, number + 1), dtype="Int64"),
            weight=weights,
        )
        part["set_number"] = part["set_number"].mask(number < 0)
        parts.append(part[weights > 0])
    table = pd.concat(parts, ignore_index=True) if parts else everybody.rows.iloc[:0]
    return table.reindex(columns=list(COLUMNS))


def _pool(pool: pd.DataFrame, spec: MatchingSpec) -> Pool:
    last = pool[pool["round_number"] == pool["round_number"].max()]
    rows = last.sort_values(["tie_order", "person_id", "arm"]).reset_index(drop=True)
    folded = {
        c.name: rows[c.name].to_numpy(dtype=np.float64 if is_number(c) else object)
        for c in spec.covariates
    }
    arm = (rows["arm"] == "beneficiary").to_numpy(dtype=np.bool_)
    return Pool(spec, rows, folded, arm, rows["logit"].to_numpy(dtype=np.float64))


def _propensity_pairs(pool: Pool) -> Made:
    number = np.full(len(pool.rows), NO_SET, dtype=np.int64)
    for mine, theirs in pool.strata():
        scores = pool.logit[mine], pool.logit[theirs]
        found = solve(Problem(scores, None, pool.caliper, math.inf)).control_of
        paired = np.flatnonzero(found != LEFT_OUT)
        fresh = number.max() + 1 + np.arange(len(paired))
        number[mine[paired]] = number[theirs[found[paired]]] = fresh
    return number, shared_weights(number, pool.is_treated)


def _coarsened_exact(pool: Pool) -> Made:
    columns = [
        pool.folded[c.name] if is_number(c) else pd.factorize(pool.folded[c.name])[0].astype(float)
        for c in pool.spec.covariates
        if c.role != "report"
    ]
    return coarsened_weights(columns, pool.is_treated)


def _full(pool: Pool) -> Made:
    number = np.full(len(pool.rows), NO_SET, dtype=np.int64)
    points = pool.logit[:, None]
    if pool.spec.distance != "logit":
        covariates = pool.spec.distance_covariates
        points = robust_rank_whitened(
            design_matrix(covariates, pool.folded, len(pool.rows), False)[1]
        )
    for mine, theirs in pool.strata():
        if len(mine) * len(theirs) > TABLE_CELLS:
            raise CheckError(
                _(
                    "full matching needs a table of everybody, and {n} by {m} people are too "
                    "many; take 'full' out of [matching] alternatives"
                ).format(n=len(mine), m=len(theirs))
            )
        gap = np.abs(pool.logit[mine][:, None] - pool.logit[theirs][None, :])
        cost = distances(points[mine], points[theirs])
        row_set, column_set, _total = full_sets(cost, gap <= pool.caliper)
        start = number.max() + 1
        number[mine] = np.where(row_set < 0, NO_SET, row_set + start)
        number[theirs] = np.where(column_set < 0, NO_SET, column_set + start)
    return number, shared_weights(number, pool.is_treated)


def _entropy(pool: Pool) -> Made:
    try:
        weights = entropy_weights(_columns(pool), pool.is_treated)
    except CheckError:
        weights = np.zeros(len(pool.rows))
    return np.full(len(weights), NO_SET), weights


def _overlap(pool: Pool) -> Made:
    weights = overlap_weights(_columns(pool), pool.is_treated)
    return np.full(len(weights), NO_SET), weights


def _columns(pool: Pool) -> Floats:
    covariates = [c for c in pool.spec.covariates if c.role != "report"]
    return design_matrix(covariates, pool.folded, len(pool.rows), True)[1]


WAYS: dict[str, Callable[[Pool], Made]] = {
    "propensity_pairs": _propensity_pairs,
    "coarsened_exact": _coarsened_exact,
    "full": _full,
    "entropy_balancing": _entropy,
    "overlap_weights": _overlap,
}
