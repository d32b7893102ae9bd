"""Near-fine balance: pairs whose controls follow the beneficiaries' margin of one category.

A control beyond its category's share must be absorbed by a row of its own or pay a price, so the
optimum, its prices and its proof are those of one larger assignment (Rosenbaum, Ross and Silber
2007, doi:10.1198/016214506000001059). As many pairs as possible come first, then the least
surplus, then the distances.
"""

import math

import numpy as np

from agir_pipeline.language import _
from agir_pipeline.methods.matching.arrays import Bools, Floats, Ints, Texts
from agir_pipeline.methods.matching.augmenting import Priced, cheapest_pairs
from agir_pipeline.methods.matching.certificate import (
    TOLERANCE,
    Certificate,
    Prices,
    refused,
)
from agir_pipeline.methods.matching.distance import distances
from agir_pipeline.methods.matching.edges import ListedEdges
from agir_pipeline.methods.matching.optimal import Problem, Solution, largest_cost
from agir_pipeline.methods.matching.pairs import LEFT_OUT

MAX_CELLS = 16_000_000
"""A margin joins all strata, and needs a table of everybody: this is as large as it may be."""


def solve_balanced(
    problem: Problem, strata: tuple[Texts, Texts], margin: tuple[Ints, Ints]
) -> tuple[Solution, Certificate]:
    """The pairs within strata and caliper that come closest to the margin, and their proof.

    Raises:
        ValueError: there are too many people for a table of everybody.
        CheckError: the certificate refuses the pairs.
    """
    wanted = np.bincount(margin[0], minlength=int(margin[1].max(initial=0)) + 1) * problem.ratio
    supply = np.bincount(margin[1], minlength=len(wanted))
    absorbing = np.repeat(np.arange(len(wanted)), np.maximum(supply - wanted, 0))
    n_rows = problem.n_rows
    if (n_rows + len(absorbing)) * problem.n_columns > MAX_CELLS:
        raise ValueError(_("fine_balance is for smaller data: it needs a table of everybody"))
    gap = distances(problem.scores[0][:, None], problem.scores[1][:, None])
    cost = gap if problem.points is None else distances(*problem.points)
    may = (gap <= problem.caliper) & (strata[0][:, None] == strata[1][None, :])
    cost = np.concatenate(
        [np.repeat(cost, problem.ratio, axis=0), np.zeros((len(absorbing), problem.n_columns))]
    )
    may = np.concatenate(
        [np.repeat(may, problem.ratio, axis=0), absorbing[:, None] == margin[1][None, :]]
    )
    largest = max(largest_cost(problem), 1.0)
    surplus_price = (n_rows + 1) * largest
    price = (n_rows + 1) * surplus_price
    limits = np.repeat([price, surplus_price], [n_rows, len(absorbing)])
    found = cheapest_pairs(ListedEdges(cost, may), limits)
    certificate = _proof(cost, may, limits, found, n_rows)
    prices = Prices(found.row_prices[:n_rows], found.column_prices, price)
    solution = Solution(found.control_of[:n_rows], prices, 0, "augmenting paths, fine balance")
    return solution, certificate


def _proof(cost: Floats, may: Bools, limits: Floats, found: Priced, n_rows: int) -> Certificate:
    """Checked on the whole assignment; prices of whoever is left out are taken off both sides."""
    rows = np.flatnonzero(found.control_of != LEFT_OUT)
    columns = found.control_of[rows]
    costs = cost[rows, columns]
    u, v = found.row_prices, found.column_prices
    slack = TOLERANCE + 4 * float(np.finfo(np.float64).eps) * float(limits.max())
    n_wrong = (
        len(columns)
        - len(np.unique(columns))
        + int((~may[rows, columns]).sum())
        + int((v > 0).sum())
        + int((u > limits).sum())
        + int((may & (u[:, None] + v[None, :] > cost + slack)).sum())
    )
    alone = np.delete(limits, rows)
    total, bound = math.fsum(costs), math.fsum([*u, *v, *-alone])
    if n_wrong or abs(total - bound) > TOLERANCE * max(total, 1.0) + len(limits) * slack:
        raise refused(_("{n} price(s) break a constraint").format(n=n_wrong))
    gap = (total - bound) / total if total > 0 else total - bound
    return Certificate(total, bound, gap)
