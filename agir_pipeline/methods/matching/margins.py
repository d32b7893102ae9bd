"""Near-fine balance: as many controls as beneficiaries in each category, as far as pairs allow.

Pairs may differ in the category; over all of them, each category should have as many controls as
beneficiaries (Rosenbaum, Ross and Silber 2007, doi:10.1198/016214506000001059). A control beyond
that share costs the surplus price. This is a minimum cost flow, so that it has dual prices: with
a price p of each category, from 0 to the surplus price, the pairs are the optimum of an ordinary
problem in which beneficiary i and control j are p(j) - p(i) further apart.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from agir_pipeline.language import _
from agir_pipeline.methods.matching.arrays import Bools, Floats, Ints, Texts
from agir_pipeline.methods.matching.certificate import (
    Certificate,
    Prices,
    check_feasible,
    check_used_once,
    feasible_prices,
    judged,
    refused,
)
from agir_pipeline.methods.matching.optimal import Solution, solve_table
from agir_pipeline.methods.matching.pairs import ENDLESS, LEFT_OUT, listed_costs
from agir_pipeline.methods.matching.rerouting import Residual


@dataclass(frozen=True)
class Margin:
    """The category of each row and of each column, numbered by ``names``.

    ``before`` says how many more controls than beneficiaries each category has in the pairs
    formed so far; ``surplus_price`` what one control beyond its category's share costs.
    """

    names: tuple[str, ...]
    codes: tuple[Ints, Ints]
    before: Ints
    surplus_price: float

    @classmethod
    def of(cls, mine: Texts, theirs: Texts, before: Mapping[str, int], price: float) -> "Margin":
        """From the categories of the rows and of the columns; ``before`` knows only some."""
        names, code = np.unique(np.concatenate([mine, theirs]).astype(str), return_inverse=True)
        known = tuple(names.tolist())
        own = np.array([before.get(name, 0) for name in known], dtype=np.int64)
        return cls(known, (code[: len(mine)], code[len(mine) :]), own, price)

    def among(self, is_kept: Bools) -> "Margin":
        """The same for some of the columns."""
        return replace(self, codes=(self.codes[0], self.codes[1][is_kept]))

    def chosen(self, control_of: Ints) -> tuple[Ints, Ints]:
        """How many beneficiaries and how many controls of each category these pairs hold."""
        paired = np.flatnonzero(control_of != LEFT_OUT)
        sides = self.codes[0][paired], self.codes[1][control_of[paired]]
        mine, theirs = (np.bincount(side, minlength=len(self.names)) for side in sides)
        return mine, theirs

    def left(self, control_of: Ints) -> Ints:
        """How many more controls than beneficiaries each category has with these pairs."""
        mine, theirs = self.chosen(control_of)
        return np.asarray(self.before + theirs - mine)

    def shifts(self, rows: Ints, columns: Ints, categories: Floats) -> Floats:
        """By how much the prices of the categories set each row and its column apart."""
        return np.asarray(categories[self.codes[1][columns]] - categories[self.codes[0][rows]])

    def part(self, prices: Prices, control_of: Ints) -> Floats:
        """What belongs to the dual bound beside the prices of people, surplus taken off."""
        surplus = np.maximum(self.left(control_of), 0)
        return np.concatenate([prices.categories * self.before, -prices.surplus_price * surplus])


@dataclass(frozen=True)
class Tally:
    """How many more controls than beneficiaries each category has; grows with every pair."""

    counts: dict[str, int] = field(default_factory=dict)

    def add(self, mine: Iterable[str], theirs: Iterable[str]) -> None:
        """The categories of both members of some pairs."""
        for side, step in ((mine, -1), (theirs, 1)):
            for name in side:
                self.counts[name] = self.counts.get(name, 0) + step


def stand_ins(
    leave_out_price: float, surplus_price: float, n_rows: int, largest: float
) -> tuple[float, float]:
    """Finite prices that order pairs as these two do; ``largest`` is the largest distance.

    Both infinite: as many pairs as possible, then the least surplus, then the least distance. A
    finite leave-out price beside an infinite surplus price: no surplus, whoever is left out. A
    chain of swaps moves one control from one category to another, whatever its length.
    """
    n = n_rows + 1
    enough = n * largest if largest > 0 else 1.0
    reach = largest + (leave_out_price if math.isfinite(leave_out_price) else 0.0)
    if surplus_price > ENDLESS * n * max(reach, 1.0):
        surplus_price = math.inf
    if math.isfinite(surplus_price) and leave_out_price > ENDLESS * n * max(
        largest + surplus_price, 1.0
    ):
        leave_out_price = math.inf
    if math.isinf(surplus_price):
        surplus_price = enough if math.isinf(leave_out_price) else max(n * reach, 1.0)
    if math.isinf(leave_out_price):
        leave_out_price = surplus_price + enough
    return leave_out_price, surplus_price


def solve_with_margin(
    cost: Floats, is_admissible: Bools, leave_out_price: float, margin: Margin
) -> Solution:
    """The optimal pairs under a margin, with all dual prices; rows in canonical order.

    The optimum without a margin comes first. Then every control beyond its category's share is
    moved along the cheapest chain of swaps, as long as that saves something.
    """
    rows, columns, costs = listed_costs(cost, is_admissible)
    largest = float(costs.max(initial=0.0))
    price, surplus_price = stand_ins(leave_out_price, margin.surplus_price, len(cost), largest)
    order = np.arange(len(cost)), np.arange(cost.shape[1])
    start = solve_table(cost, is_admissible, price, order)
    table = np.where(is_admissible, cost, np.inf)
    residual = Residual(table, start.control_of, margin.codes, len(margin.names), price)
    residual.settle(margin.left(start.control_of), surplus_price)
    left = margin.left(residual.control_of)
    categories, controls = residual.prices(left, surplus_price)
    apart = costs + margin.shifts(rows, columns, categories)
    prices = feasible_prices((rows, columns, apart), controls, price, len(cost))
    priced = replace(prices, categories=categories, surplus_price=surplus_price)
    return Solution(residual.control_of, priced, start.n_tied, "chains of swaps")


def check_margin(
    cost: Floats,
    is_admissible: Bools,
    control_of: Ints,
    prices: Prices,
    leave_out_price: float,
    margin: Margin,
) -> Certificate:
    """The certificate of pairs under a margin; trusts no solver.

    Raises:
        CheckError: the pairs break a promise, a price does, or the bound is not reached.
    """
    check_used_once(is_admissible, control_of)
    rows, columns, costs = listed_costs(cost, is_admissible)
    largest = float(costs.max(initial=0.0))
    check_margin_prices(margin, prices, leave_out_price, len(cost), largest)
    apart = costs + margin.shifts(rows, columns, prices.categories)
    check_feasible((rows, columns, apart), largest, prices)
    paired = np.flatnonzero(control_of != LEFT_OUT)
    own = cost[paired, control_of[paired]]
    return judged(own, len(cost), prices, largest, margin.part(prices, control_of))


def check_margin_prices(
    margin: Margin, prices: Prices, leave_out_price: float, n_rows: int, largest: float
) -> None:
    """Nothing, if the prices used are those declared, or order pairs as those do.

    Raises:
        CheckError: they do not, or the price of a category is not from 0 to the surplus price.
    """
    out, used, declared = prices.leave_out_price, prices.surplus_price, margin.surplus_price
    most = n_rows * largest
    if out != leave_out_price and not min(out, leave_out_price) > most + used:
        raise refused(_("the leave-out price is not the declared one"))
    reach = most + (n_rows * out if math.isfinite(leave_out_price) else 0.0)
    if used != declared and not min(used, declared) > reach:
        raise refused(_("the surplus price is not the declared one"))
    held = prices.categories
    n_wrong = int((~((held >= 0) & (held <= used))).sum())
    if n_wrong:
        raise refused(_("{n} price(s) of categories break a constraint").format(n=n_wrong))
