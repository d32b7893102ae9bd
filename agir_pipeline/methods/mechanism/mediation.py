"""How much of a difference goes together with something measured on the way: an exploration."""

from dataclasses import replace
from math import sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special

from agir_pipeline.methods.effects.estimate import UNKNOWN, Estimate, student_estimate

Floats = NDArray[np.float64]
LEAST_CLUSTERS = 4
N_NODES = 2000
"""Equally likely values that stand for a normal law; limits move by less than a thousandth."""


class Mediation(NamedTuple):
    """total = through + beside, exactly."""

    total: Estimate = UNKNOWN
    through: Estimate = UNKNOWN
    beside: Estimate = UNKNOWN


def mediated(
    outcome: ArrayLike, mediator: ArrayLike, arm: ArrayLike, clusters: ArrayLike, level: float
) -> Mediation:
    """The difference of the arms, the part that goes through the mediator, and the rest.

    Two linear models: mediator on arm (slope a), outcome on arm and mediator (slopes c, b);
    through = a·b, beside = c. Standard errors from the influence of each person on both models,
    summed by cluster, with G/(G−1); Student on G − 1. Limits of the product are those of the
    product of two normal laws, which leans to one side. It is causal only if nothing unseen moves
    both mediator and outcome, which no design here grants. Fewer than four clusters, one arm, or
    a mediator that does not vary within arms: nothing. Source: Baron & Kenny 1986,
    doi:10.1037/0022-3514.51.6.1173; the delta method of Sobel 1982, doi:10.2307/270723; the
    product's limits, MacKinnon and others 2007, doi:10.3758/BF03193007.
    """
    y, m, t = (np.asarray(values, dtype=float) for values in (outcome, mediator, arm))
    place = np.unique(np.asarray(clusters).astype(str), return_inverse=True)[1]
    n_clusters = int(place.max(initial=-1)) + 1
    one = np.ones_like(t)
    on_arm, on_both = np.column_stack([one, t]), np.column_stack([one, t, m])
    if n_clusters < LEAST_CLUSTERS or np.linalg.matrix_rank(on_both) < on_both.shape[1]:
        return Mediation()
    (_, a), a_moves = _slopes(on_arm, m)
    (_, c, b), y_moves = _slopes(on_both, y)
    through = b * a_moves[:, 1] + a * y_moves[:, 2]
    beside = y_moves[:, 1]

    def error(moves: Floats) -> float:
        sums = np.bincount(place, moves)
        return sqrt(n_clusters / (n_clusters - 1) * float((sums**2).sum()))

    def told(value: float, moves: Floats) -> Estimate:
        return student_estimate(value, error(moves), n_clusters - 1, level)

    product = told(a * b, through)
    errors = error(a_moves[:, 1]), error(y_moves[:, 2])
    if min(errors) > 0:
        low, high = _product_limits((a, errors[0]), (b, errors[1]), level)
        product = replace(product, ci_low=low, ci_high=high)
    return Mediation(told(a * b + c, through + beside), product, told(c, beside))


def _product_limits(
    first: tuple[float, float], second: tuple[float, float], level: float
) -> tuple[float, float]:
    """Quantiles of the product of two independent normal laws, each a mean and an error."""
    (a, a_error), (b, b_error) = first, second
    x = a + a_error * special.ndtri((np.arange(N_NODES) + 0.5) / N_NODES)
    reach = 10 * (abs(a) + 10 * a_error) * (abs(b) + 10 * b_error)

    def share_below(limit: float, share: float) -> float:
        """At most ``limit``: by the sign of x a smaller or a larger second factor."""
        z = (limit / x - b) / b_error
        return float(special.ndtr(np.where(x > 0, z, -z)).mean()) - share

    low, high = (
        float(optimize.brentq(share_below, -reach, reach, args=(share,), xtol=1e-9 * reach))
        for share in ((1 - level) / 2, (1 + level) / 2)
    )
    return low, high


def _slopes(design: Floats, values: Floats) -> tuple[Floats, Floats]:
    """Least squares, and how far each row moves every coefficient."""
    bread = np.linalg.inv(design.T @ design)
    slopes = np.asarray(bread @ design.T @ values, dtype=np.float64)
    return slopes, (design * (values - design @ slopes)[:, None]) @ bread
