"""The propensity score: logistic regression as R fits it, Firth's where the data are separated.

Distances and calipers use the log-odds. The width of the caliper follows Austin (2011),
doi:10.1002/pst.433.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import pandas as pd
from scipy.optimize import linprog
from scipy.special import expit

from agir_pipeline.methods.matching.arrays import Bools, Floats
from agir_pipeline.methods.matching.rows import PlainRows, Rows

MAX_ITERATIONS = 100
MAX_HALVINGS = 30
CONVERGED = 1e-12
NEAR = 1e-6
STEADY = 1e-11
WITHIN = expit(-30.0), expit(30.0)
"""Shares beyond have no weight that could be told from none."""


@dataclass(frozen=True)
class Fit:
    """Coefficients in the order of the columns, log-odds per unit; aliased columns hold 0."""

    coefficients: Floats
    covariance: Floats
    deviance: float
    n_iterations: int
    is_separated: bool


def logistic_fit(x: Floats | Rows, is_treated: Bools, start: Floats | None = None) -> Fit:
    """Maximum-likelihood log-odds of ``is_treated`` on the columns of ``x``.

    ``x`` holds its own intercept. The start, mu = (y + 1/2) / 2, and the step halving are those
    of R's ``glm``; iterations go on to a relative change of the deviance of 1e-12. Coefficients
    near the answer as ``start`` spare iterations and change nothing else. A column that is a
    combination of earlier ones gets 0. Where the arms are separated no maximum exists:
    ``is_separated`` is true and the coefficients mean nothing.
    """
    scaled, scale, kept = _scaled(_rows(x))
    y = is_treated.astype(np.float64)
    beta = _start_of_r(scaled, y) if start is None else start[kept] * scale[kept]
    beta, deviance, n_iterations = _ascend(scaled, y, beta, lambda at: _deviance(at.eta, y), _score)
    own = expit(np.where(is_treated, 1, -1) * scaled.times(beta))
    separated = bool((1 - own < 1e-8).any()) and is_separated(scaled.dense(), is_treated)
    if not separated:  # one step more: its digits are then the same from any start
        at = _Place(scaled, beta)
        beta = beta + _solve(at.information, _score(at, y))
    return _fit(scaled, beta, scale, kept, deviance, n_iterations, separated)


def firth_fit(
    x: Floats | Rows,
    is_treated: Bools,
    known_separated: bool = False,
    start: Floats | None = None,
) -> Fit:
    """Log-odds with Firth's penalty, half the log-determinant of the information.

    Finite whatever the data, also where the arms are separated; ``known_separated`` spares the
    search for it. ``start`` as of the plain fit.
    Source: Heinze and Schemper (2002), doi:10.1002/sim.1047.
    """
    scaled, scale, kept = _scaled(_rows(x))
    y = is_treated.astype(np.float64)

    def penalised(at: _Place) -> float:
        return _deviance(at.eta, y) - float(np.linalg.slogdet(at.information)[1])

    beta = np.zeros(int(kept.sum())) if start is None else start[kept] * scale[kept]
    beta, _, n_iterations = _ascend(scaled, y, beta, penalised, _penalised_score, NEAR)
    beta, n_more = _settled(_Place(scaled, beta), y)
    n_iterations += n_more
    separated = known_separated or (
        not _shows_overlap(_Place(scaled, beta), y) and is_separated(scaled.dense(), is_treated)
    )
    deviance = _deviance(scaled.times(beta), y)
    return _fit(scaled, beta, scale, kept, deviance, n_iterations, separated)


def score_fit(x: Floats | Rows, is_treated: Bools, start: Floats | None = None) -> Fit:
    """The plain fit, or Firth's where the arms are separated and the plain one has no maximum."""
    fit = logistic_fit(x, is_treated, start)
    return firth_fit(x, is_treated, True, start) if fit.is_separated else fit


def _rows(x: Floats | Rows) -> Rows:
    return PlainRows(x) if isinstance(x, np.ndarray) else x


def _start_of_r(rows: Rows, y: Floats) -> Floats:
    start = (y + 0.5) / 2
    weight = start * (1 - start)
    working = np.log(start / (1 - start)) + (y - start) / weight
    return _solve(rows.information(weight), rows.summed(weight * working))


def _shows_overlap(at: "_Place", y: Floats) -> bool:
    """Whether the penalised fit itself proves that no combination of columns separates the arms.

    Signed rows whose sum with positive weights is 0 leave room for none (Stiemke's lemma); the
    working residuals are such weights where all of them point to their own arm. The bound is that
    of ``is_separated``.
    """
    weights = _penalised_residual(at, y) * np.where(y > 0, 1.0, -1.0)
    remainder = np.abs(_penalised_score(at, y)).sum()
    return bool(weights.min(initial=np.inf) * 1e-5 > remainder)


def is_separated(x: Floats, is_treated: Bools) -> bool:
    """Whether some combination of the columns tells the arms apart, wholly or but for ties.

    Linear programme of Konis (2007), "Linear programming algorithms for detecting separated
    data in binary logistic regression models".
    """
    signed = np.where(is_treated, 1.0, -1.0)[:, None] * x
    signed = pd.DataFrame(signed).drop_duplicates().to_numpy()
    found = linprog(
        -signed.sum(axis=0), A_ub=-signed, b_ub=np.zeros(len(signed)), bounds=(-1.0, 1.0)
    )
    return bool((signed @ np.asarray(found.x)).sum() > 1e-5)


def linear_predictor(x: Floats, coefficients: Floats) -> Floats:
    """Log-odds row by row; equal rows get equal bits, which a matrix product does not promise."""
    total = np.zeros(len(x))
    for column, coefficient in zip(x.T, coefficients, strict=True):
        total = total + column * coefficient
    return total


def weighted_variance(values: Floats, weights: Floats) -> float:
    """Sum of w (x - m)^2 times sum w / ((sum w)^2 - sum w^2): n - 1 below when weights are equal.

    Missing where fewer than two values have a weight.
    """
    total = float(weights.sum())
    correction = total**2 - float((weights**2).sum())
    if np.count_nonzero(weights) < 2:
        return float("nan")
    mean = float((weights * values).sum()) / total
    return float((weights * (values - mean) ** 2).sum()) * total / correction


def caliper_width(
    logit: Floats,
    is_treated: Bools,
    weights: Floats,
    multiple: float,
    convention: Literal["pooled", "whole"],
) -> float:
    """The widest gap in log-odds a pair may have.

    pooled: ``multiple`` times the root mean of the two arms' weighted variances (an arm with a
    single row has none and is left out) · whole: times the plain SD of all rows, as MatchIt does.
    """
    if convention == "whole":
        return multiple * float(logit.std(ddof=1)) if len(logit) > 1 else 0.0
    variances = [weighted_variance(logit[arm], weights[arm]) for arm in (is_treated, ~is_treated)]
    known = [v for v in variances if not np.isnan(v)]
    return multiple * float(np.sqrt(np.mean(known))) if known else 0.0


def _scaled(rows: Rows) -> tuple[Rows, Floats, Bools]:
    """Columns divided by their largest absolute value, without the aliased ones."""
    scale = rows.largest()
    safe = np.where(scale > 0, scale, 1.0)
    divided = rows.divided(safe, np.ones(len(scale), dtype=np.bool_))
    if _far_from_combined(divided):
        return divided, scale, np.ones(len(scale), dtype=np.bool_)
    kept = independent_columns(divided.dense())
    return rows.divided(safe, kept), scale, kept


def _far_from_combined(rows: Rows) -> bool:
    """Whether no column is nearly in the span of the others."""
    products = rows.information(np.ones(rows.n_rows))
    lengths = np.sqrt(np.diag(products))
    if not (lengths > 0).all():
        return False
    cosines = products / np.outer(lengths, lengths)
    return bool(np.linalg.eigvalsh(cosines).min(initial=1.0) > 1e-8)


def independent_columns(x: Floats) -> Bools:
    """The columns that are no combination of earlier ones (as R's ``glm`` keeps them)."""
    kept = np.zeros(x.shape[1], dtype=np.bool_)
    basis = np.zeros((len(x), 0))
    for number, column in enumerate(x.T):
        left = column - basis @ (basis.T @ column)
        left = left - basis @ (basis.T @ left)
        length = float(np.linalg.norm(left))
        if length > 1e-7 * float(np.linalg.norm(column)):
            kept[number] = True
            basis = np.column_stack([basis, left / length])
    return kept


class _Place:
    """Coefficients, and what several formulas ask of the data there; each worked out once."""

    def __init__(self, rows: Rows, beta: Floats) -> None:
        self.rows, self.beta = rows, beta
        self.eta: Floats = rows.times(beta)

    @cached_property
    def mu(self) -> Floats:
        return np.asarray(expit(self.eta))

    @cached_property
    def weight(self) -> Floats:
        mu = np.clip(self.mu, *WITHIN)
        return np.asarray(mu * (1 - mu))

    @cached_property
    def information(self) -> Floats:
        return self.rows.information(self.weight)


def _ascend(
    rows: Rows,
    y: Floats,
    beta: Floats,
    objective: Callable[[_Place], float],
    score: Callable[[_Place, Floats], Floats],
    converged: float = CONVERGED,
) -> tuple[Floats, float, int]:
    """Scoring steps, each halved while the objective (lower is better) rises.

    Up to a relative change of the objective below ``converged``.
    """
    at = _Place(rows, beta)
    value = objective(at)
    n_iterations = 0
    change = np.inf
    while n_iterations < MAX_ITERATIONS and change >= converged:
        n_iterations += 1
        step = _solve(at.information, score(at, y))
        limit = value + 1e-13 * (abs(value) + 0.1)  # a rise by rounding is no rise
        before = value
        halved = (_Place(rows, at.beta + step / 2**k) for k in range(MAX_HALVINGS))
        reached = ((tried, objective(tried)) for tried in halved)
        at, value = next(((t, v) for t, v in reached if v <= limit), (at, value))
        change = abs(value - before) / (abs(value) + 0.1)
    return at.beta, value, n_iterations


def _settled(start: _Place, y: Floats) -> tuple[Floats, int]:
    """The zero of the penalised score near ``start``, and how many steps it took.

    Scoring alone comes near it by a share of the way at each step; Broyden's update learns that
    share. What leads away is not taken. Source: Broyden (1965),
    doi:10.1090/S0025-5718-1965-0198670-6.
    """
    at, score = start, _penalised_score(start, y)
    inverse, first = np.asarray(np.linalg.pinv(at.information)), _largest(score)
    n_steps, step = 0, inverse @ score
    while n_steps < MAX_ITERATIONS and _largest(step) > STEADY * (1 + _largest(at.beta)):
        n_steps += 1
        at = _Place(at.rows, at.beta + step)
        before, score = score, _penalised_score(at, y)
        told = inverse @ (before - score)
        inverse = inverse + np.outer(step - told, step @ inverse) / (step @ told)
        step = inverse @ score
    return at.beta if _largest(score) <= first else start.beta, n_steps


def _largest(values: Floats) -> float:
    return float(np.abs(values).max(initial=0.0))


def _fit(
    scaled: Rows,
    beta: Floats,
    scale: Floats,
    kept: Bools,
    deviance: float,
    n_iterations: int,
    separated: bool,
) -> Fit:
    inverse = np.linalg.pinv(_Place(scaled, beta).information)
    coefficients = np.zeros(len(kept))
    coefficients[kept] = beta / scale[kept]
    covariance = np.zeros((len(kept), len(kept)))
    covariance[np.ix_(kept, kept)] = inverse / np.outer(scale[kept], scale[kept])
    return Fit(coefficients, covariance, deviance, n_iterations, separated)


def _score(at: _Place, y: Floats) -> Floats:
    return at.rows.summed(y - at.mu)


def _penalised_score(at: _Place, y: Floats) -> Floats:
    return at.rows.summed(_penalised_residual(at, y))


def _penalised_residual(at: _Place, y: Floats) -> Floats:
    inner = np.asarray(np.linalg.pinv(at.information), dtype=np.float64)
    leverage = at.weight * at.rows.lengths(inner)
    return np.asarray(y - at.mu + leverage * (0.5 - at.mu))


def _solve(matrix: Floats, right: Floats) -> Floats:
    return np.asarray(np.linalg.lstsq(matrix, right, rcond=None)[0])


def _deviance(eta: Floats, y: Floats) -> float:
    return 2 * float(np.logaddexp(0.0, np.where(y > 0, -eta, eta)).sum())
