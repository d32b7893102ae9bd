"""How likely each due person was to answer: a logistic model, fitted for many draws at once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

Floats = NDArray[np.float64]

RIDGE = 0.1
"""Penalty on standardised coefficients: weak beside the information of a few dozen answers,
and enough to keep the fit finite where a covariate separates those who answered."""

TRUNCATION = (0.01, 0.99)
REDUNDANT = 1e-10
"""Below this share of the largest, a direction of the columns is rounding."""

MAX_STEPS = 50
TOLERANCE = 1e-6
"""Of the last step: what remains after it is of the order of its square."""


def response_design(persons: pd.DataFrame, covariates: Sequence[str]) -> Floats:
    """The model's columns, one row per person in the order given, without intercept.

    Numbers: as they are, the median where missing (or infinite), and an indicator of it. Everything
    else: one column per level, missing being a level.
    """
    columns: list[Floats] = []
    for name in covariates:
        values = persons[name]
        if pd.api.types.is_numeric_dtype(values):
            numbers = values.to_numpy(dtype=float, na_value=np.nan)
            is_missing = ~np.isfinite(numbers)
            middle = float(np.median(numbers[~is_missing])) if not is_missing.all() else 0.0
            columns += [np.where(is_missing, middle, numbers), is_missing.astype(float)]
        else:
            codes, levels = pd.factorize(values, sort=True)
            columns += [(codes == code).astype(float) for code in range(-1, len(levels))]
    return np.column_stack(columns) if columns else np.empty((len(persons), 0))


@dataclass(frozen=True)
class ResponseModel:
    """Who answered, and what may explain it: the standardised columns (intercept and arm too)
    turned to as many as say something of their own."""

    columns: Floats
    is_respondent: NDArray[np.bool_]
    start: Floats

    @classmethod
    def of(
        cls,
        design: Floats,
        is_respondent: NDArray[np.bool_],
        is_beneficiary: NDArray[np.bool_],
    ) -> "ResponseModel":
        """From the rows of ``design``, in any order of the persons."""
        explaining = np.hstack([is_beneficiary.astype(float)[:, None], design])
        spread = explaining.std(axis=0)
        varies = spread > 0  # a column that is the same for all explains nothing
        scaled = (explaining - explaining.mean(axis=0))[:, varies] / spread[varies]
        columns = _turned(np.hstack([np.ones((len(design), 1)), scaled]))
        zero = np.zeros((1, columns.shape[1]))
        start = _fit(columns, is_respondent.astype(float), np.ones((1, len(design))), zero)
        return cls(columns, is_respondent, start)

    def chances(self, counts: Floats) -> Floats:
        """P(answer) of each person, draws × persons, fitted on ``counts`` of the same shape."""
        start = np.repeat(self.start, len(counts), axis=0)
        coefficients = _fit(self.columns, self.is_respondent.astype(float), counts, start)
        return np.asarray(special.expit(coefficients @ self.columns.T), dtype=float)

    def weights(self, counts: Floats) -> Floats:
        """1/P(answer) for draws × persons ``counts``, truncated; persons who did not answer too."""
        return self.truncated(1 / self.chances(counts), counts)

    def truncated(self, weights: Floats, counts: Floats) -> Floats:
        """``weights`` cut at the percentiles of those of the respondents in each draw."""
        low, high = _percentiles(weights[:, self.is_respondent], counts[:, self.is_respondent])
        return np.clip(weights, low[:, None], high[:, None])


def _turned(columns: Floats) -> Floats:
    """Fewer columns that span the same: the levels of a category add up to the intercept.

    All coefficients have the same penalty, which a rotation leaves as it is; so are the chances.
    """
    sizes, directions = np.linalg.eigh(columns.T @ columns)
    turned: Floats = columns @ directions[:, sizes > REDUNDANT * sizes[-1]]
    return turned


def _percentiles(weights: Floats, counts: Floats) -> tuple[Floats, Floats]:
    """Per row, the weights below and above which a hundredth of the drawn respondents lie."""
    order = np.argsort(weights, axis=1, kind="stable")
    ordered = np.take_along_axis(weights, order, axis=1)
    reached = np.cumsum(np.take_along_axis(counts, order, axis=1), axis=1)
    rows = np.arange(len(weights))
    low, high = (
        ordered[rows, np.argmax(reached >= share * reached[:, -1:], axis=1)] for share in TRUNCATION
    )
    return low, high


def _fit(columns: Floats, answered: Floats, counts: Floats, start: Floats) -> Floats:
    """Penalised maximum likelihood by Newton's method with step halving, one row per draw.

    A draw that has settled is left alone: the others may need twice as many steps.
    """
    coefficients = start.copy()
    rows = np.ascontiguousarray(columns.T)  # in this order the products below go through BLAS
    place = np.arange(len(start))
    now, value = start, _penalised(columns, answered, counts, start)
    for _step in range(MAX_STEPS):
        chance = special.expit(now @ columns.T)
        slope = (counts * (answered - chance)) @ columns - RIDGE * now
        weighted = rows * (counts * chance * (1 - chance))[:, None, :]
        curvature = weighted @ columns + RIDGE * np.eye(columns.shape[1])
        step: Floats = np.linalg.solve(curvature, slope[:, :, None])[:, :, 0].astype(float)
        now, value = _improved(columns, answered, counts, now, value, step)
        coefficients[place] = now
        is_open = np.abs(step).max(axis=1) >= TOLERANCE
        if not is_open.any():
            break
        place, now, value, counts = place[is_open], now[is_open], value[is_open], counts[is_open]
    return coefficients


def _improved(
    columns: Floats, answered: Floats, counts: Floats, before: Floats, value: Floats, step: Floats
) -> tuple[Floats, Floats]:
    """Each draw's coefficients moved by its step, halved until the likelihood does not fall."""
    size = np.ones((len(before), 1))
    after = before + step
    reached = _penalised(columns, answered, counts, after)
    while (is_worse := reached < value - 1e-9 * (1 + np.abs(value))).any():
        size[is_worse] /= 2
        after = before + size * step
        reached = _penalised(columns, answered, counts, after)
    return after, reached


def _penalised(columns: Floats, answered: Floats, counts: Floats, coefficients: Floats) -> Floats:
    linear = coefficients @ columns.T
    gain = answered * linear - np.logaddexp(0, linear)
    penalty = RIDGE / 2 * np.sum(coefficients**2, axis=1)
    value: Floats = np.sum(counts * gain, axis=1) - penalty
    return value
