"""The proof beside the pairs: dual prices that no other set of pairs could beat.

For prices u of beneficiaries and v of controls with u + v <= cost on every admissible edge,
v <= 0 and u <= the leave-out price, the sum of all prices is a lower bound of any solution.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from agir_pipeline.errors import CheckError
from agir_pipeline.language import _
from agir_pipeline.methods.matching.arrays import Bools, Floats, Ints
from agir_pipeline.methods.matching.pairs import LEFT_OUT, listed_costs

TOLERANCE = 1e-9


@dataclass(frozen=True)
class Prices:
    """Dual prices in units of the distance, one per row and per column of the cost.

    With a margin also one per category, and the finite surplus price they are at most.
    """

    beneficiaries: Floats
    controls: Floats
    leave_out_price: float
    categories: Floats = field(default_factory=lambda: np.zeros(0))
    surplus_price: float = 0.0


@dataclass(frozen=True)
class Certificate:
    """Total distance, its proven lower bound, and their gap relative to the total.

    The price of those left out is taken off both, so that it hides no digit. A total of 0 has
    the gap in units of the distance.
    """

    total_distance: float
    bound: float
    gap: float


def prices_of(cost: Floats, is_admissible: Bools, control_of: Ints, price: float) -> Prices:
    """Prices from the pairs alone, by Bellman-Ford on the residual graph.

    If the pairs are optimal the prices prove it. If not, they are repaired into feasible ones,
    whose bound is true and lower than the total.
    """
    paired = np.flatnonzero(control_of != LEFT_OUT)
    used = control_of[paired]
    own = cost[paired, used]
    towards_used = np.where(is_admissible[:, used], cost[:, used], np.inf)
    beneficiaries = np.full(len(cost), price)
    used_prices = np.zeros(len(used))
    for _round in range(len(used) + 1):
        beneficiaries[paired] = own - used_prices
        settled = (towards_used - beneficiaries[:, None]).min(axis=0, initial=np.inf)
        lower = np.minimum(used_prices, settled)
        if np.array_equal(lower, used_prices):
            break
        used_prices = lower
    controls = np.zeros(cost.shape[1])
    controls[used] = used_prices
    return feasible_prices(listed_costs(cost, is_admissible), controls, price, len(cost))


def feasible_prices(
    edges: tuple[Ints, Ints, Floats], controls: Floats, price: float, n_rows: int
) -> Prices:
    """The highest prices of the beneficiaries that go with those of the controls."""
    rows, columns, costs = edges
    cheapest = np.full(n_rows, np.inf)
    starts = np.flatnonzero(np.diff(rows, prepend=-1))
    cheapest[rows[starts]] = np.minimum.reduceat(costs - controls[columns], starts)
    return Prices(np.minimum(price, cheapest), controls, price)


def check_certificate(
    cost: Floats,
    is_admissible: Bools,
    control_of: Ints,
    prices: Prices,
    leave_out_price: float,
) -> Certificate:
    """The certificate, once the pairs and the prices have been verified; trusts no solver.

    Raises:
        CheckError: the pairs break a promise, the prices are not feasible, or the bound does not
            reach the total (the pairs are not optimal).
    """
    check_used_once(is_admissible, control_of)
    edges = listed_costs(cost, is_admissible)
    largest = float(edges[2].max(initial=0.0))
    if not is_fair_price(prices, leave_out_price, len(cost), largest):
        raise refused(_("the leave-out price is not the declared one"))
    check_feasible(edges, largest, prices)
    paired = np.flatnonzero(control_of != LEFT_OUT)
    return judged(cost[paired, control_of[paired]], len(control_of), prices, largest)


def judged(
    costs: Floats, n_rows: int, prices: Prices, largest: float, more: Iterable[float] = ()
) -> Certificate:
    """Total against bound, once pairs and prices are known to keep the rules.

    ``costs`` are those of the pairs; ``largest`` is the scale of a cost; ``more`` is what else
    belongs to the bound (a margin's part).

    Raises:
        CheckError: the bound does not reach the total.
    """
    total = math.fsum(costs)
    n_left_out = n_rows - len(costs)
    bound = math.fsum(
        [*prices.beneficiaries, *prices.controls, *[-prices.leave_out_price] * n_left_out, *more]
    )
    difference = total - bound
    if abs(difference) > TOLERANCE * max(total, largest) + n_rows * rounding(prices):
        raise refused(
            _("total distance {total}, proven bound {bound}").format(total=total, bound=bound)
        )
    return Certificate(total, bound, difference / total if total > 0 else difference)


def is_fair_price(prices: Prices, declared: float, n_rows: int, largest: float) -> bool:
    """Whether the price used is the declared one, or like it never worth saving."""
    if declared > n_rows * largest:
        return prices.leave_out_price > n_rows * largest
    return prices.leave_out_price == declared


def check_used_once(is_admissible: Bools, control_of: Ints) -> None:
    paired = np.flatnonzero(control_of != LEFT_OUT)
    used = control_of[paired]
    n_reused = len(used) - len(np.unique(used))
    if n_reused:
        raise refused(_("{n} control(s) used more than once").format(n=n_reused))
    n_forbidden = int((~is_admissible[paired, used]).sum())
    if n_forbidden:
        raise refused(_("{n} pair(s) along a forbidden edge").format(n=n_forbidden))


def check_feasible(edges: tuple[Ints, Ints, Floats], largest: float, prices: Prices) -> None:
    slack = TOLERANCE * largest + rounding(prices)
    rows, columns, costs = edges
    sums = prices.beneficiaries[rows] + prices.controls[columns]
    n_wrong = (
        int((prices.controls > 0).sum())
        + int((prices.beneficiaries > prices.leave_out_price).sum())
        + int((sums > costs + slack).sum())
    )
    if n_wrong:
        raise refused(_("{n} price(s) break a constraint").format(n=n_wrong))


def rounding(prices: Prices) -> float:
    """What adding and taking off the fixed prices once may cost in digits."""
    fixed = prices.leave_out_price + prices.surplus_price
    return 4 * float(np.finfo(np.float64).eps) * fixed


def refused(found: str) -> CheckError:
    """What to raise when pairs or prices break a rule."""
    return CheckError(_("pairs refused by their certificate: {found}").format(found=found))
