"""Optimal pairs with a price for leaving somebody out.

Minimises the sum of the distances within pairs plus the price times the number left out
(Rosenbaum 2012, doi:10.1198/jcgs.2011.09219), each control used at most once.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import linear_sum_assignment

from agir_pipeline.methods.matching.arrays import Bools, Floats, Ints

LEFT_OUT = -1

ENDLESS = 1000
"""A price this many times what any pairs could save is as good as infinite."""


@dataclass(frozen=True)
class Assignment:
    """Who is paired: ``control_of[row]`` is a column of the cost, or -1 where left out.

    ``leave_out_price`` is the finite price used; ``n_tied`` counts the rows that have two or more
    nearest controls at the same distance.
    """

    control_of: Ints
    leave_out_price: float
    n_tied: int


def optimal_pairs(
    cost: Floats,
    is_admissible: Bools,
    leave_out_price: float,
    row_order: ArrayLike,
    column_order: ArrayLike,
) -> Assignment:
    """The cheapest pairs along admissible edges; rows are beneficiaries, columns controls.

    An infinite price means as many pairs as possible, then the cheapest. Among equal optima the
    canonical order decides, given by the sort keys ``row_order`` and ``column_order`` (unique
    each), never the order in which the rows happen to come. Costs are never perturbed.
    """
    rows, columns = np.argsort(row_order, kind="stable"), np.argsort(column_order, kind="stable")
    is_wanted = np.asarray(is_admissible.any(axis=0), dtype=np.bool_)
    columns = columns[is_wanted[columns]]
    row, column, costs = listed_costs(cost, is_admissible)
    n_rows, n_columns = len(rows), len(columns)
    price = leave_out_price
    if np.isinf(price):
        price = _finite(costs, n_rows, price)

    table = np.full((n_rows, n_columns + n_rows), np.inf)
    place = np.empty(cost.shape[1], dtype=np.int64)
    place[columns] = np.arange(n_columns)
    table[np.argsort(rows)[row], place[column]] = costs
    table[np.arange(n_rows), n_columns + np.arange(n_rows)] = price
    chosen = linear_sum_assignment(table)[1]

    control_of = np.full(n_rows, LEFT_OUT, dtype=np.int64)
    is_paired = chosen < n_columns
    control_of[rows[is_paired]] = columns[chosen[is_paired]]
    return Assignment(control_of, price, _count_tied(row, costs))


def listed_costs(cost: Floats, is_admissible: Bools) -> tuple[Ints, Ints, Floats]:
    """Row, column and cost of every admissible edge, row by row."""
    places = np.flatnonzero(is_admissible)
    rows, columns = np.divmod(places, max(is_admissible.shape[1], 1))
    return rows, columns, np.take(cost, places)


def finite_price(cost: Floats, is_admissible: Bools, leave_out_price: float) -> float:
    """The price itself, or for an endless one more than any chain of swaps could save.

    A larger one would drown the digits of the distances in its own rounding.
    """
    return _finite(listed_costs(cost, is_admissible)[2], len(cost), leave_out_price)


def _finite(costs: Floats, n_rows: int, leave_out_price: float) -> float:
    return not_endless(leave_out_price, n_rows, float(costs.max(initial=0.0)))


def not_endless(leave_out_price: float, n_rows: int, largest: float) -> float:
    """The price, unless it is far above whatever ``n_rows`` pairs up to ``largest`` can cost."""
    enough = (n_rows + 1) * largest if largest > 0 else 1.0
    return leave_out_price if leave_out_price <= ENDLESS * enough else enough


def _count_tied(rows: Ints, costs: Floats) -> int:
    """Rows with two or more nearest columns; edges come row by row."""
    if not len(rows):
        return 0
    starts = np.flatnonzero(np.diff(rows, prepend=-1))
    limits = np.minimum.reduceat(costs, starts) * (1 + 1e-12)
    is_nearest = costs <= np.repeat(limits, np.diff(starts, append=len(rows)))
    return int((np.add.reduceat(is_nearest, starts, dtype=np.int64) > 1).sum())
