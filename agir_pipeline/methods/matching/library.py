"""Matching any data frame: no study, no home, no Dagster; pairs, balance and proofs in hand."""

import math
from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Literal

import numpy as np
import pandas as pd

from agir_pipeline.methods.matching.arguments import (
    Wish,
    as_read,
    check_arguments,
    covariate_of,
    labels_of,
    names_of,
)
from agir_pipeline.methods.matching.arrays import Bools, Floats, Ints
from agir_pipeline.methods.matching.design import design_matrix, fold_all, strata
from agir_pipeline.methods.matching.distance import mahalanobis_whitened, robust_rank_whitened
from agir_pipeline.methods.matching.fine_balance import Balanced, solve_balanced, verify_balanced
from agir_pipeline.methods.matching.margins import Margin
from agir_pipeline.methods.matching.matched import Matched, Part, Prepared
from agir_pipeline.methods.matching.optimal import solve
from agir_pipeline.methods.matching.pairs import LEFT_OUT
from agir_pipeline.methods.matching.proof import verify
from agir_pipeline.methods.matching.propensity import (
    caliper_width,
    linear_predictor,
    score_fit,
)


def match(
    data: pd.DataFrame,
    treated: str,
    covariates: Sequence[str] = (),
    *,
    exact: Sequence[str] = (),
    near_exact: Sequence[str] = (),
    propensity: Sequence[str] | None = None,
    score: str | None = None,
    distance: str = "robust_rank_mahalanobis",
    caliper: float | None = 0.2,
    caliper_convention: str = "pooled",
    ratio: int = 1,
    leave_out_price: float = math.inf,
    fine_balance: str | None = None,
    key: str = "",
) -> Matched:
    """The optimal pairs of treated rows and controls, with the proof that they are optimal.

    ``treated`` names a column of 1 and 0. ``covariates`` make the distance; ``exact`` ones are
    equal within a pair, ``near_exact`` ones too until they leave somebody alone: then they are
    given up in their order, on record. Numbers are numbers, all else is a category, a date is a
    number of days; a missing number gets the median and an indicator, a missing category is a
    level, nobody is dropped. The propensity score is a logistic regression (Firth's where the arms
    are separated) on ``propensity``, or on all covariates; ``score`` names log-odds to use instead.
    A pair's gap in log-odds is at most ``caliper`` SDs, "pooled" over the arms or of the "whole"
    sample as in MatchIt; None for no caliper.

    Each treated row gets up to ``ratio`` controls, each control one treated row. The sum of the
    distances plus ``leave_out_price`` for each missing control is as small as can be; infinite
    means most pairs, then the cheapest. With ``fine_balance`` the shares of a category come as
    close as so many pairs allow, before distances; with a finite price they agree exactly.

    Equal solutions are decided by a hash of index label and ``key``, never by row order.

    Raises:
        ValueError: an argument is wrong; the sentence says which.
        CheckError: a certificate refuses the pairs; that would be a fault of this package.
    """
    asked = [names_of(names) for names in (exact, near_exact, covariates)]
    every = tuple(dict.fromkeys(name for names in asked for name in names))
    data = data.set_axis(data.columns.map(str), axis=1)
    wish = Wish(
        treated=str(treated),
        covariates=asked[2],
        exact=asked[0],
        near_exact=asked[1],
        propensity=every if propensity is None else names_of(propensity),
        score=None if score is None else str(score),
        distance=distance,
        caliper=caliper,
        caliper_convention=caliper_convention,
        ratio=ratio,
        leave_out_price=leave_out_price,
        fine_balance=fine_balance,
        key=key,
    )
    check_arguments(data, wish)
    prepared = prepare(data, wish)
    return Matched(wish, prepared, tuple(_parts(wish, prepared)))


def prepare(data: pd.DataFrame, wish: Wish) -> Prepared:
    """Rows in canonical order, with log-odds, caliper and the points distances are taken of."""
    labels = labels_of(data)
    hashed = pd.util.hash_array(labels, hash_key=_sixteen_bytes(wish.key))
    order = np.lexsort((labels.astype(str), hashed))
    rows = data.iloc[order]
    is_treated = rows[wish.treated].to_numpy(dtype=np.float64) == 1
    known = as_read(rows, wish.columns)
    covariates = {name: covariate_of(name, known[name]) for name in wish.columns}
    folded = fold_all(covariates.values(), known)
    n = len(rows)
    if wish.score:
        logit = pd.to_numeric(rows[wish.score]).to_numpy(dtype=np.float64)
    else:
        used = [covariates[name] for name in wish.propensity]
        logit = log_odds(design_matrix(used, folded, n, True)[1], is_treated)
    points = None
    if wish.distance != "logit":
        x = design_matrix([covariates[name] for name in wish.covariates], folded, n, False)[1]
        points = _points(x, is_treated, wish.distance)
    width = _width(logit, is_treated, wish)
    described = tuple(covariates.values())
    return Prepared(rows.index, is_treated, described, folded, logit, width, points)


def _sixteen_bytes(key: str) -> str:
    padded = f"{key:_<16}"
    return padded if len(padded.encode()) == 16 else sha256(key.encode()).hexdigest()[:16]


def _width(logit: Floats, is_treated: Bools, wish: Wish) -> float:
    if wish.caliper is None:
        return math.inf
    convention: Literal["pooled", "whole"] = (
        "whole" if wish.caliper_convention == "whole" else "pooled"
    )
    return caliper_width(logit, is_treated, np.ones(len(logit)), wish.caliper, convention)


def log_odds(x: Floats, is_treated: Bools) -> Floats:
    """The propensity score without its intercept, which both members of a pair share."""
    if not x.shape[1]:
        return np.zeros(len(x))
    columns = np.column_stack([np.ones(len(x)), x])
    return linear_predictor(x, score_fit(columns, is_treated).coefficients[1:])


def _points(x: Floats, is_treated: Bools, distance: str) -> Floats:
    if distance == "mahalanobis" and x.shape[1]:
        return mahalanobis_whitened(x, is_treated)
    return robust_rank_whitened(x)


def _parts(wish: Wish, prepared: Prepared) -> Iterator[Part]:
    """Every stratum solved and proved, level by level, among those still alone and still free."""
    if wish.fine_balance:
        yield _balanced(wish, prepared)
        return
    is_open = np.ones(len(prepared.logit), dtype=np.bool_)
    for level in range(len(wish.near_exact) + 1):
        for stratum, mine, theirs in _strata(prepared, wish.enforced(level), is_open):
            problem = prepared.problem(mine, theirs, wish)
            found = solve(problem)
            certificate = verify(problem, found.control_of, found.prices)
            yield Part(level, stratum, mine, theirs, problem, found, certificate)
            is_paired = found.control_of != LEFT_OUT
            is_open[theirs[found.control_of[is_paired]]] = False
            is_open[mine[is_paired.reshape(-1, wish.ratio).any(axis=1)]] = False


def _strata(
    prepared: Prepared, names: tuple[str, ...], is_open: Bools
) -> Iterator[tuple[str, Ints, Ints]]:
    """Name, treated rows and controls of each stratum that holds an open treated row."""
    code, known = pd.factorize(strata(prepared.folded, names, len(is_open)), sort=True)
    order = np.argsort(code, kind="stable")
    ends = np.cumsum(np.bincount(code, minlength=len(known)))
    for stratum, rows in zip(known, np.split(order, ends[:-1]), strict=True):
        free = rows[is_open[rows]]
        arm = prepared.is_treated[free]
        if arm.any():
            yield str(stratum), free[arm], free[~arm]


def _balanced(wish: Wish, prepared: Prepared) -> Part:
    """All strata in one problem, since a margin to be balanced joins them."""
    mine, theirs = np.flatnonzero(prepared.is_treated), np.flatnonzero(~prepared.is_treated)
    problem = prepared.problem(mine, theirs, wish)
    labels = strata(prepared.folded, wish.exact, len(prepared.logit))
    category = prepared.folded[str(wish.fine_balance)]
    copies = np.repeat(category[mine], wish.ratio)
    margin = Margin.of(copies, category[theirs], {}, math.inf)
    sought = Balanced(problem, (labels[mine], labels[theirs]), margin)
    found = solve_balanced(sought)
    certificate = verify_balanced(sought, found.control_of, found.prices)
    return Part(0, "all", mine, theirs, problem, found, certificate, sought)
