"""Optimal pairs of one stratum, by whichever exact algorithm suits its size and its distance."""

import math
from dataclasses import dataclass

import numpy as np

from agir_pipeline.methods.matching.arrays import Bools, Floats, Ints
from agir_pipeline.methods.matching.augmenting import Priced, cheapest_pairs
from agir_pipeline.methods.matching.certificate import Prices, prices_of
from agir_pipeline.methods.matching.distance import distances
from agir_pipeline.methods.matching.edges import ListedEdges, NearestEdges
from agir_pipeline.methods.matching.line import (
    all_pairs_on_line,
    line_prices,
    pairs_worth_a_price,
)
from agir_pipeline.methods.matching.pairs import (
    LEFT_OUT,
    finite_price,
    not_endless,
    optimal_pairs,
)

DENSE_CELLS = 200_000
"""Up to this many pairs of one beneficiary and one control, a table of all costs is fastest."""

TABLE_CELLS = 4_000_000
"""Up to this many, a table of costs that exists already goes to the dense solver."""


@dataclass(frozen=True)
class Problem:
    """Beneficiaries and controls of one stratum, each in canonical order.

    ``scores`` are log-odds; a pair's gap may not exceed ``caliper``. The cost of a pair is the
    Euclidean distance of its (whitened) ``points``, or without points the gap itself. Each
    beneficiary may get up to ``ratio`` controls; each one missing costs ``leave_out_price``.
    """

    scores: tuple[Floats, Floats]
    points: tuple[Floats, Floats] | None
    caliper: float
    leave_out_price: float
    ratio: int = 1

    @property
    def n_rows(self) -> int:
        """One per control wanted: row r stands for beneficiary r // ratio."""
        return len(self.scores[0]) * self.ratio

    @property
    def n_columns(self) -> int:
        return len(self.scores[1])


@dataclass(frozen=True)
class Solution:
    """The control of each row, -1 where left out; dual prices; how it was found.

    ``n_tied`` beneficiaries have two or more nearest controls at the same distance.
    """

    control_of: Ints
    prices: Prices
    n_tied: int
    algorithm: str


def solve(problem: Problem) -> Solution:
    """As many pairs as the price is worth, and among them the cheapest; nothing is approximate."""
    if problem.n_rows * problem.n_columns <= DENSE_CELLS:
        return _dense(problem)
    if problem.points is None:
        return _on_line(problem)
    edges = NearestEdges(problem.points, problem.scores, problem.caliper, problem.ratio)
    edges.fill()
    price = finite(problem)
    found = cheapest_pairs(edges, np.full(problem.n_rows, price))
    n_tied = sum(_is_tied(edges.listed(row)[1]) for row in range(0, problem.n_rows, problem.ratio))
    return _solution(found, price, n_tied, "augmenting paths")


def solve_table(
    cost: Floats, is_admissible: Bools, leave_out_price: float, order: tuple[Ints, Ints]
) -> Solution:
    """The same from a table of costs and admissible edges, as risk sets leave them.

    ``order`` holds unique keys of rows and columns: the canonical order.
    """
    if cost.size <= TABLE_CELLS:
        price = leave_out_price
        if math.isfinite(price):
            price = finite_price(cost, is_admissible, price)
        dense = optimal_pairs(cost, is_admissible, price, *order)
        prices = prices_of(cost, is_admissible, dense.control_of, dense.leave_out_price)
        return Solution(dense.control_of, prices, dense.n_tied, "dense")
    rows, columns = (np.argsort(keys, kind="stable") for keys in order)
    edges = ListedEdges(cost[rows][:, columns], is_admissible[rows][:, columns])
    price = finite_price(cost, is_admissible, leave_out_price)
    found = cheapest_pairs(edges, np.full(len(rows), price))
    n_tied = sum(_is_tied(edges.listed(row)[1]) for row in range(len(rows)))
    control_of = np.append(columns, LEFT_OUT)[found.control_of]
    back = Priced(
        control_of[np.argsort(rows)],
        found.row_prices[np.argsort(rows)],
        found.column_prices[np.argsort(columns)],
    )
    return _solution(back, price, n_tied, "augmenting paths")


def finite(problem: Problem) -> float:
    """The leave-out price, or for an endless one more than any chain of swaps could save."""
    return not_endless(problem.leave_out_price, problem.n_rows, largest_cost(problem))


def largest_cost(problem: Problem) -> float:
    """No admissible pair costs more than this."""
    if problem.points is None:
        everybody = np.concatenate(problem.scores)
        return min(problem.caliper, float(np.ptp(everybody)))
    everywhere = np.concatenate(problem.points)
    spread = everywhere - everywhere.mean(axis=0)
    return 2 * float(np.sqrt((spread**2).sum(axis=1).max()))


def _dense(problem: Problem) -> Solution:
    scores = problem.scores[0][:, None], problem.scores[1][:, None]
    gap = distances(*scores)
    cost = gap if problem.points is None else distances(*problem.points)
    cost = np.repeat(cost, problem.ratio, axis=0)
    may = np.repeat(gap <= problem.caliper, problem.ratio, axis=0)
    order = np.arange(len(cost)), np.arange(problem.n_columns)
    found = optimal_pairs(cost, may, finite(problem), *order)
    prices = prices_of(cost, may, found.control_of, found.leave_out_price)
    return Solution(found.control_of, prices, found.n_tied // problem.ratio, "dense")


def _on_line(problem: Problem) -> Solution:
    mine, theirs = np.repeat(problem.scores[0], problem.ratio), problem.scores[1]
    price, caliper = problem.leave_out_price, problem.caliper
    n_tied = _n_tied_on_line(problem)
    everybody_fits = len(mine) <= len(theirs)
    if math.isinf(price) and math.isinf(caliper) and everybody_fits:
        control_of = all_pairs_on_line(mine, theirs)
        found = Priced(control_of, *line_prices(mine, theirs, control_of, math.inf))
        return _solution(found, finite(problem), n_tied, "levels on the line")
    price = finite(problem)
    first = min(price, caliper)
    control_of = pairs_worth_a_price(mine, theirs, first)
    found = Priced(control_of, *line_prices(mine, theirs, control_of, first))
    if first == price:
        return _solution(found, price, n_tied, "two heaps on the line")
    points = problem.scores[0][:, None], theirs[:, None]
    edges = NearestEdges(points, problem.scores, caliper, problem.ratio)
    found = cheapest_pairs(edges, np.full(len(mine), price), found)
    return _solution(found, price, n_tied, "two heaps, then augmenting paths")


def _n_tied_on_line(problem: Problem) -> int:
    """Beneficiaries whose two nearest controls stand equally far; four neighbours tell."""
    mine, theirs = problem.scores
    far = np.full(2, np.inf)
    ranked = np.concatenate([-far, np.sort(theirs), far])
    above = np.searchsorted(ranked, mine)
    gaps = np.sort(np.abs(ranked[above[:, None] + np.arange(-2, 2)] - mine[:, None]), axis=1)
    nearest = np.minimum(gaps[:, 0] * (1 + 1e-12), problem.caliper)
    return int((np.isfinite(gaps[:, 1]) & (gaps[:, 1] <= nearest)).sum())


def _is_tied(costs: Floats) -> bool:
    return len(costs) > 1 and bool(costs[1] <= costs[0] * (1 + 1e-12))


def _solution(found: Priced, price: float, n_tied: int, algorithm: str) -> Solution:
    prices = Prices(found.row_prices, found.column_prices, price)
    return Solution(found.control_of, prices, n_tied, algorithm)
