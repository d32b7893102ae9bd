"""Near-fine balance: pairs whose controls follow the beneficiaries' margin of one category.

A control beyond its category's share must be absorbed by a row of its own or pay a price, so the
optimum, its prices and its proof are those of one larger assignment (Rosenbaum, Ross and Silber
2007, doi:10.1198/016214506000001059). As many pairs as possible come first, then the least
surplus, then the distances.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from agir_pipeline.language import _
from agir_pipeline.methods.matching.arrays import Bools, Floats, Ints, Texts
from agir_pipeline.methods.matching.augmenting import cheapest_pairs
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


@dataclass(frozen=True)
class Balanced:
    """A problem over all strata, and the margin: stratum and category of everybody, by arm."""

    problem: Problem
    strata: tuple[Texts, Texts]
    margin: tuple[Ints, Ints]

    @cached_property
    def wanted(self) -> Ints:
        """Controls of each category as the beneficiaries have it."""
        n_categories = 1 + max(int(codes.max(initial=0)) for codes in self.margin)
        mine: Ints = np.bincount(self.margin[0], minlength=n_categories)
        wanted: Ints = mine * self.problem.ratio
        return wanted

    @cached_property
    def beyond(self) -> Ints:
        """Controls of each category that there are beyond those wanted."""
        supply = np.bincount(self.margin[1], minlength=len(self.wanted))
        return np.asarray(np.maximum(supply - self.wanted, 0))

    @property
    def surplus_price(self) -> float:
        """What a control beyond its category's share costs: more than all distances together."""
        return (self.problem.n_rows + 1) * max(largest_cost(self.problem), 1.0)

    @property
    def price(self) -> float:
        """What leaving out costs: more than all surplus together."""
        return (self.problem.n_rows + 1) * self.surplus_price

    def table(self) -> tuple[Floats, Bools]:
        """Costs and admissible edges, row by column."""
        problem = self.problem
        gap = distances(problem.scores[0][:, None], problem.scores[1][:, None])
        cost = gap if problem.points is None else distances(*problem.points)
        may = (gap <= problem.caliper) & (self.strata[0][:, None] == self.strata[1][None, :])
        return np.repeat(cost, problem.ratio, axis=0), np.repeat(may, problem.ratio, axis=0)


def solve_balanced(sought: Balanced) -> Solution:
    """The pairs within strata and caliper that come closest to the margin, and their prices.

    Raises:
        ValueError: there are too many people for a table of everybody.
    """
    problem, absorbing = sought.problem, np.repeat(np.arange(len(sought.beyond)), sought.beyond)
    n_rows = problem.n_rows
    if (n_rows + len(absorbing)) * problem.n_columns > MAX_CELLS:
        raise ValueError(_("fine_balance is for smaller data: it needs a table of everybody"))
    cost, may = sought.table()
    cost = np.concatenate([cost, np.zeros((len(absorbing), problem.n_columns))])
    may = np.concatenate([may, absorbing[:, None] == sought.margin[1][None, :]])
    limits = np.repeat([sought.price, sought.surplus_price], [n_rows, len(absorbing)])
    found = cheapest_pairs(ListedEdges(cost, may), limits)
    prices = Prices(found.row_prices[:n_rows], found.column_prices, sought.price)
    return Solution(found.control_of[:n_rows], prices, 0, "augmenting paths, fine balance")


def verify_balanced(sought: Balanced, control_of: Ints, prices: Prices) -> Certificate:
    """The certificate of pairs that follow a margin; trusts no solver.

    For prices u and v that keep the rules, and p of a category the largest price up to that of a
    surplus with v <= -p at all its controls, no pairs cost less than the sum of u, of v, and of p
    times the controls there are beyond those wanted: distances, the price of each one left out
    and the price of each surplus together. The latter two are taken off both sides.

    Raises:
        CheckError: a control is used twice, a pair is not admissible, the prices are not
            feasible, or their sum does not reach the total (the pairs are not optimal).
    """
    cost, may = sought.table()
    rows = np.flatnonzero(control_of != LEFT_OUT)
    columns = control_of[rows]
    u, v = prices.beneficiaries, prices.controls
    slack = TOLERANCE + 4 * float(np.finfo(np.float64).eps) * sought.price
    n_wrong = (
        len(columns)
        - len(np.unique(columns))
        + int((~may[rows, columns]).sum())
        + int((~(v <= 0)).sum())
        + int((~(u <= sought.price)).sum())
        + int((may & ~(u[:, None] + v[None, :] <= cost + slack)).sum())
    )
    n_chosen = np.bincount(sought.margin[1][columns], minlength=len(sought.wanted))
    n_surplus = int(np.maximum(n_chosen - sought.wanted, 0).sum())
    n_alone = len(control_of) - len(rows)
    fixed = [-sought.price] * n_alone + [-sought.surplus_price] * n_surplus
    held = np.full(len(sought.wanted), sought.surplus_price)
    np.minimum.at(held, sought.margin[1], -v)
    total = math.fsum(cost[rows, columns])
    bound = math.fsum([*u, *v, *(held * sought.beyond), *fixed])
    n_prices = len(u) + len(v)
    if n_wrong:
        raise refused(_("{n} price(s) break a constraint").format(n=n_wrong))
    if not abs(total - bound) <= TOLERANCE * max(total, 1.0) + n_prices * slack:
        raise refused(
            _("total distance {total}, proven bound {bound}").format(total=total, bound=bound)
        )
    gap = (total - bound) / total if total > 0 else total - bound
    return Certificate(total, bound, gap)
