"""One stratum of a band checked edge by edge, some rows at a time, from what its tables say."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from agir_pipeline.language import _
from agir_pipeline.methods.matching.arrays import Bools, Days, Floats, Ints
from agir_pipeline.methods.matching.candidates import within_window
from agir_pipeline.methods.matching.certificate import (
    TOLERANCE,
    Prices,
    is_fair_price,
    judged,
    refused,
    rounding,
)
from agir_pipeline.methods.matching.distance import distances
from agir_pipeline.methods.matching.margins import Margin, check_margin_prices

BLOCK_CELLS = 4_000_000


@dataclass(frozen=True)
class Stratum:
    """Beneficiaries and controls that were free and equal where they had to be.

    With a ``margin``, its categories stand in the order of the rows and of the columns.
    """

    points: tuple[Floats, Floats]
    scores: tuple[Floats, Floats]
    index_on: tuple[Days, Days]
    caliper: float
    window_days: int | None
    leave_out_price: float
    margin: Margin | None = None

    def blocks(self) -> Iterator[tuple[slice, Floats, Bools]]:
        """Costs and admissible edges of some rows at a time."""
        n_rows, n_columns = len(self.scores[0]), len(self.scores[1])
        step = max(1, BLOCK_CELLS // max(1, n_columns))
        for start in range(0, n_rows, step):
            rows = slice(start, start + step)
            gap = np.abs(self.scores[0][rows, None] - self.scores[1][None, :])
            near = within_window(self.index_on[0][rows], self.index_on[1], self.window_days)
            yield (
                rows,
                distances(self.points[0][rows], self.points[1]),
                near & (gap <= self.caliper),
            )


def check_stratum(problem: Stratum, control_of: Ints, prices: Prices) -> Floats:
    """The distances of the pairs, in the order of the rows, once everything about them holds.

    Raises:
        CheckError: a control is used twice, a pair is not admissible, the prices are not
            feasible, or their sum does not reach the total (the pairs are not optimal).
    """
    margin, used = problem.margin, control_of[control_of >= 0]
    if len(np.unique(used)) < len(used):
        raise refused(_("{n} control(s) used more than once").format(n=len(used) - len(set(used))))
    costs: list[Floats] = []
    n_forbidden, n_beaten, largest = 0, 0, 0.0
    for rows, cost, may in problem.blocks():
        largest = max(largest, float(cost[may].max(initial=0.0)))
        paired = np.flatnonzero(control_of[rows] >= 0)
        chosen = control_of[rows][paired]
        n_forbidden += int((~may[paired, chosen]).sum())
        costs.append(cost[paired, chosen])
        slack = TOLERANCE * largest + rounding(prices)
        sums = prices.beneficiaries[rows, None] + prices.controls[None, :]
        if margin:
            held, (mine, theirs) = prices.categories, margin.codes
            sums -= held[theirs][None, :] - held[mine[rows]][:, None]
        n_beaten += int((may & (sums > cost + slack)).sum())
    if n_forbidden:
        raise refused(_("{n} pair(s) along a forbidden edge").format(n=n_forbidden))
    if margin:
        check_margin_prices(margin, prices, problem.leave_out_price, len(control_of), largest)
    elif not is_fair_price(prices, problem.leave_out_price, len(control_of), largest):
        raise refused(_("the leave-out price is not the declared one"))
    n_beaten += int((~(prices.controls <= 0)).sum())
    n_beaten += int((~(prices.beneficiaries <= prices.leave_out_price)).sum())
    if n_beaten:
        raise refused(_("{n} price(s) break a constraint").format(n=n_beaten))
    found = np.concatenate(costs)
    more = margin.part(prices, control_of) if margin else ()
    judged(found, len(control_of), prices, largest, more)
    return found
