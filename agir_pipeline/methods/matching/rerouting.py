"""Chains of swaps among pairs: the cheapest one from a category that has too many controls.

The residual graph of the flow has a node per beneficiary and per category. Beneficiary a reaches
b by taking the control of b; a category by taking one of its free controls, or its own by being
left out. A category reaches whoever gives a control of it back, or one of its own left out.
"""

from collections.abc import Iterable
from itertools import pairwise

import numpy as np

from agir_pipeline.methods.matching.arrays import Floats, Ints
from agir_pipeline.methods.matching.pairs import LEFT_OUT

NOWHERE = -1


class Residual:
    """Pairs that change, ``control_of``, and what any change would cost.

    ``table`` holds costs, infinite where a pair is not admissible; ``codes`` the category of each
    row and column.
    """

    def __init__(
        self,
        table: Floats,
        control_of: Ints,
        codes: tuple[Ints, Ints],
        n_categories: int,
        leave_out_price: float,
    ) -> None:
        n, k = len(table), n_categories
        self.control_of = control_of.copy()
        self._table, self._codes, self._out, self._n = table, codes, leave_out_price, n
        self._by_column = np.ascontiguousarray(table.T)
        self._free_column = np.full((n, k), LEFT_OUT, dtype=np.int64)
        self._steps = np.full((n + k, n + k), np.inf)
        self._refresh(range(n), range(k))
        finite = table[np.isfinite(table)]
        self._scale = leave_out_price + float(finite.max(initial=0.0))

    def settle(self, left: Ints, surplus_price: float) -> None:
        """Move controls beyond their category's share elsewhere, one by one, while that saves.

        ``left`` says how many more controls than beneficiaries each category has now.
        """
        room, waiting = np.maximum(-left, 0), np.maximum(left, 0)
        least = surplus_price - self._slack(surplus_price)
        for category in np.flatnonzero(waiting):
            while waiting[category]:
                start = np.full(len(self._steps), np.inf)
                start[self._n + category] = 0.0
                found, before = _shortest(self._steps, start, self._slack(surplus_price))
                ends = found[self._n :] + np.where(room > 0, 0.0, surplus_price)
                end = int(ends.argmin())
                if not ends[end] < least:
                    break
                self._swap(_chain(before, self._n + end))
                waiting[category] -= 1
                room[end] = max(room[end] - 1, 0)

    def prices(self, left: Ints, surplus_price: float) -> tuple[Floats, Floats]:
        """Dual prices of the categories and of the columns; optimal pairs are proved by them."""
        n, size = self._n, len(self._steps)
        steps = np.full((size + 1, size + 1), np.inf)
        steps[:size, :size] = self._steps
        steps[n:size, size] = np.where(left < 0, 0.0, surplus_price)
        steps[size, n:size] = np.where(left > 0, -surplus_price, 0.0)
        height = _shortest(steps, np.zeros(size + 1), self._slack(surplus_price))[0]
        own = np.clip(height[size] - height[n:size], 0.0, surplus_price)
        own[left > 0], own[left < 0] = surplus_price, 0.0
        rows = np.flatnonzero(self.control_of != LEFT_OUT)
        used = self.control_of[rows]
        columns = np.zeros(self._table.shape[1])
        above = height[rows] + self._table[rows, used] - height[n + self._codes[1][used]]
        columns[used] = np.minimum(above, 0.0)
        return own, columns

    def _slack(self, surplus_price: float) -> float:
        """Two chains closer than this differ by rounding alone."""
        return 64 * float(np.finfo(np.float64).eps) * (self._scale + surplus_price)

    def _swap(self, chain: list[int]) -> None:
        before = self.control_of.copy()
        rows = [node for node in chain if node < self._n]
        for here, there in pairwise(chain):
            if here < self._n:
                taken = before[there] if there < self._n else self._exit(here, there - self._n)
                self.control_of[here] = taken
        columns = {*before[rows].tolist(), *self.control_of[rows].tolist()} - {LEFT_OUT}
        categories = {*self._codes[1][list(columns)].tolist(), *self._codes[0][rows].tolist()}
        self._refresh(rows, sorted(categories))

    def _exit(self, row: int, category: int) -> int:
        """The free control of the category, or none where being left out is cheaper."""
        column = int(self._free_column[row, category])
        is_own = self._codes[0][row] == category and self.control_of[row] != LEFT_OUT
        if is_own and (column == LEFT_OUT or self._out < self._table[row, column]):
            return LEFT_OUT
        return column

    def _refresh(self, rows: Iterable[int], categories: Iterable[int]) -> None:
        """What each step costs, node by node (rows, then categories), where pairs changed."""
        n, steps, (mine, theirs) = self._n, self._steps, self._codes
        for row in rows:
            column = int(self.control_of[row])
            steps[:, row] = np.inf
            if column == LEFT_OUT:
                steps[n + mine[row], row] = -self._out
            else:
                own = self._table[row, column]
                steps[:n, row] = self._by_column[column] - own
                steps[row, row] = np.inf
                steps[n + theirs[column], row] = -own
        is_paired = self.control_of != LEFT_OUT
        is_free = np.ones(len(theirs), dtype=np.bool_)
        is_free[self.control_of[is_paired]] = False
        for category in categories:
            columns = np.flatnonzero(is_free & (theirs == category))
            steps[:n, n + category] = np.inf
            self._free_column[:, category] = LEFT_OUT
            if len(columns):
                near = self._by_column[columns]
                nearest = near.argmin(axis=0)
                self._free_column[:, category] = columns[nearest]
                steps[:n, n + category] = near[nearest, np.arange(n)]
            own_rows = np.flatnonzero(is_paired & (mine == category))
            step = steps[own_rows, n + category]
            steps[own_rows, n + category] = np.minimum(step, self._out)


def _shortest(steps: Floats, start: Floats, slack: float) -> tuple[Floats, Ints]:
    """The least sum of steps to each node, from what ``start`` says, and the node before it.

    Bellman and Ford's rounds over the nodes that came nearer in the last one; no circle of steps
    may save more than ``slack``.
    """
    found, before = start.copy(), np.full(len(start), NOWHERE, dtype=np.int64)
    moved = np.flatnonzero(np.isfinite(start))
    while len(moved):
        sums = found[moved, None] + steps[moved]
        via = sums.argmin(axis=0)
        least = sums[via, np.arange(len(found))]
        is_nearer = least < found - slack
        found[is_nearer], before[is_nearer] = least[is_nearer], moved[via[is_nearer]]
        moved = np.flatnonzero(is_nearer)
    return found, before


def _chain(before: Ints, end: int) -> list[int]:
    chain = [end]
    while before[chain[-1]] != NOWHERE:
        chain.append(int(before[chain[-1]]))
    return chain[::-1]
