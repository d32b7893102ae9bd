"""Near-fine balance over all strata of a data frame: one problem, since a margin joins them."""

from dataclasses import dataclass

import numpy as np

from agir_pipeline.language import _
from agir_pipeline.methods.matching.arrays import Bools, Floats, Ints, Texts
from agir_pipeline.methods.matching.certificate import Certificate, Prices
from agir_pipeline.methods.matching.distance import distances
from agir_pipeline.methods.matching.margins import Margin, check_margin, solve_with_margin
from agir_pipeline.methods.matching.optimal import Problem, Solution

MAX_CELLS = 4_000_000
"""A margin joins all strata, and needs a table of everybody: this is as large as it may be."""


@dataclass(frozen=True)
class Balanced:
    """A problem over all strata; the stratum of everybody, by arm; the margin, row by row."""

    problem: Problem
    strata: tuple[Texts, Texts]
    margin: Margin

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
    problem = sought.problem
    if problem.n_rows * problem.n_columns > MAX_CELLS:
        raise ValueError(_("fine_balance is for smaller data: it needs a table of everybody"))
    return solve_with_margin(*sought.table(), problem.leave_out_price, sought.margin)


def verify_balanced(sought: Balanced, control_of: Ints, prices: Prices) -> Certificate:
    """The certificate of pairs that follow a margin; trusts no solver.

    Raises:
        CheckError: a control is used twice, a pair is not admissible, the prices are not
            feasible, or their sum does not reach the total (the pairs are not optimal).
    """
    price = sought.problem.leave_out_price
    return check_margin(*sought.table(), control_of, prices, price, sought.margin)
