"""How much of a difference goes together with something measured on the way: an exploration."""

from math import sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from agir_pipeline.methods.effects.estimate import UNKNOWN, Estimate, student_estimate

Floats = NDArray[np.float64]
LEAST_CLUSTERS = 4


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
    summed by cluster, with G/(G−1); Student on G − 1. It is causal only if nothing unseen moves
    both mediator and outcome, which no design here grants. Fewer than four clusters, one arm, or
    a mediator that does not vary within arms: nothing. Source: Baron & Kenny 1986,
    doi:10.1037/0022-3514.51.6.1173; the delta method of Sobel 1982, doi:10.2307/270723.
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

    def told(value: float, moves: Floats) -> Estimate:
        sums = np.bincount(place, moves)
        error = sqrt(n_clusters / (n_clusters - 1) * float((sums**2).sum()))
        return student_estimate(value, error, n_clusters - 1, level)

    return Mediation(told(a * b + c, through + beside), told(a * b, through), told(c, beside))


def _slopes(design: Floats, values: Floats) -> tuple[Floats, Floats]:
    """Least squares, and how far each row moves every coefficient."""
    bread = np.linalg.inv(design.T @ design)
    slopes = np.asarray(bread @ design.T @ values, dtype=np.float64)
    return slopes, (design * (values - design @ slopes)[:, None]) @ bread
