"""Admissible edges, listed nearest first: all of them, or as many as a search asks for."""

from typing import cast

import numpy as np

from agir_pipeline.methods.matching.arrays import Bools, Floats, Ints

FEW = 32
GROWTH = 4
BLOCK = 256
SAMPLED = 16

Listed = tuple[Ints, Floats]
"""Columns and costs, by increasing (cost, column)."""


class ListedEdges:
    """Every admissible edge of a table of costs."""

    def __init__(self, cost: Floats, is_admissible: Bools) -> None:
        self.n_rows, self.n_columns = cost.shape
        self._lists = [
            _nearest_first(np.flatnonzero(may), row[may])
            for row, may in zip(cost, is_admissible, strict=True)
        ]

    def listed(self, row: int) -> Listed:
        return self._lists[row]

    def reach(self, row: int) -> float:
        return np.inf

    def extend(self, row: int) -> None:
        """Nothing is left to list."""


class NearestEdges:
    """Edges between points inside a caliper on a score, found when they are asked for.

    Columns are sorted by score, so the admissible ones of a row are one window. ``points`` are
    whitened: their Euclidean distance is the cost. With ``ratio`` above 1, rows are copies:
    row r stands for beneficiary r // ratio.
    """

    def __init__(
        self,
        points: tuple[Floats, Floats],
        scores: tuple[Floats, Floats],
        caliper: float,
        ratio: int = 1,
    ) -> None:
        self.n_rows, self.n_columns = len(scores[0]) * ratio, len(scores[1])
        self._ratio = ratio
        self._order = np.argsort(scores[1], kind="stable")
        self._mine, self._theirs = points[0], points[1][self._order]
        self.first, self.last = windows(scores[0], scores[1][self._order], caliper)
        self._lists: list[Listed | None] = [None] * len(scores[0])
        self._reach = np.zeros(len(scores[0]))

    def listed(self, row: int) -> Listed:
        person = row // self._ratio
        if self._lists[person] is None:
            self._list(person, FEW)
        return cast(Listed, self._lists[person])

    def reach(self, row: int) -> float:
        return float(self._reach[row // self._ratio])

    def extend(self, row: int) -> None:
        self._list(row // self._ratio, GROWTH * len(self.listed(row)[0]))

    def fill(self) -> None:
        """List the nearest of every row, many rows at once.

        Rows of neighbouring windows share one matrix product; it only chooses whom to list, since
        it cancels digits: what is listed is computed again from differences.
        """
        squares = (self._mine**2).sum(axis=1), (self._theirs**2).sum(axis=1)
        order = np.argsort(self.first, kind="stable")
        for start in range(0, len(order), BLOCK):
            rows = order[start : start + BLOCK]
            low, high = int(self.first[rows].min()), int(self.last[rows].max())
            near = self._mine[rows] @ self._theirs[low:high].T
            near *= -2.0
            near += squares[1][low:high]
            for row, others in zip(rows.tolist(), near, strict=True):
                first, last = int(self.first[row]), int(self.last[row])
                self._choose(row, FEW, others[first - low : last - low], float(squares[0][row]))

    def _list(self, person: int, n: int) -> None:
        first, last = int(self.first[person]), int(self.last[person])
        difference = self._theirs[first:last] - self._mine[person]
        self._choose(person, n, np.einsum("ij,ij->i", difference, difference), 0.0)

    def _choose(self, person: int, n: int, near: Floats, square: float) -> None:
        """Keep the ``n`` nearest of a window: ``near`` + ``square`` are squared distances."""
        first = int(self.first[person])
        if n >= len(near):
            chosen, reach = np.arange(len(near)), np.inf
        else:
            chosen = _smallest(near, n)
            scale = float(np.abs(near[chosen]).max()) + square
            least = max(float(near[chosen[n]]) + square - 1e-12 * scale, 0.0)
            chosen, reach = chosen[:n], float(np.sqrt(least)) * (1 - 1e-12)
        difference = self._theirs[first + chosen] - self._mine[person]
        cost = np.sqrt(np.einsum("ij,ij->i", difference, difference))
        self._lists[person] = _nearest_first(self._order[first + chosen], cost)
        self._reach[person] = reach


def _smallest(values: Floats, n: int) -> Ints:
    """Places of the ``n`` smallest values and, last, of the next one.

    A sample says below which value they lie; where it says too little, all values are parted.
    """
    rank = n // SAMPLED * 2 + 4
    if len(values) > SAMPLED * 2 * rank:
        cut = np.partition(values[::SAMPLED], rank)[rank]
        below = np.flatnonzero(values < cut)
        if len(below) > n:
            return below[np.argpartition(values[below], n)[: n + 1]]
    return np.argpartition(values, n)[: n + 1]


def windows(mine: Floats, theirs: Floats, caliper: float | Floats) -> tuple[Ints, Ints]:
    """First and last + 1 of the sorted scores ``theirs`` within ``caliper`` of each of ``mine``.

    A score is within when the rounded difference is: the same test as on a table of all gaps.
    """
    values, starts = np.unique(theirs, return_index=True)
    edge = np.array([np.nan])
    beyond = np.concatenate([edge, values, edge])  # place k + 1 is values[k]
    first = np.searchsorted(values, mine - caliper)
    last = np.searchsorted(values, mine + caliper, side="right")
    while True:  # a rounding moves a border by a value or two
        too_narrow = np.abs(beyond[first] - mine) <= caliper
        too_wide = np.abs(beyond[first + 1] - mine) > caliper
        too_wide &= first < last
        if not (too_narrow | too_wide).any():
            break
        first = first - too_narrow + too_wide
    while (more := np.abs(beyond[last + 1] - mine) <= caliper).any():
        last = last + more
    while (fewer := (np.abs(beyond[last] - mine) > caliper) & (first < last)).any():
        last = last - fewer
    bounds = np.append(starts, len(theirs)).astype(np.int64)
    return bounds[first], bounds[np.maximum(first, last)]


def _nearest_first(columns: Ints, costs: Floats) -> Listed:
    order = np.lexsort((columns, costs))
    return columns[order], costs[order]
