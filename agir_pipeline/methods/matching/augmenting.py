"""Optimal pairs along sparse edges: shortest augmenting paths, one beneficiary at a time.

Each path is found by a Dijkstra search among the beneficiaries already paired, which ends at the
first free control or at whoever is cheapest to leave out. Edges are listed nearest first and only
as far as a search asks for: an edge that was never listed costs at least the price of its row, so
the prices prove the pairs on all edges, row by row.
Source: Jonker and Volgenant (1987), doi:10.1007/BF02278710, with a price for leaving out.
"""

import math
from array import array
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Protocol

import numpy as np

from agir_pipeline.methods.matching.arrays import Floats, Ints
from agir_pipeline.methods.matching.pairs import LEFT_OUT

WIDE = 96
"""From this many edges on, numpy scans a row faster than Python does."""


class Edges(Protocol):
    """Admissible edges of each row, nearest first, listed as far as asked."""

    @property
    def n_rows(self) -> int: ...

    @property
    def n_columns(self) -> int: ...

    def listed(self, row: int) -> tuple[Ints, Floats]:
        """Columns and costs of the edges listed so far, by increasing (cost, column)."""

    def reach(self, row: int) -> float:
        """No edge that is not yet listed costs less; infinite when all are listed."""

    def extend(self, row: int) -> None:
        """List more edges of the row."""


@dataclass(frozen=True)
class Priced:
    """Who is paired (-1: left out), and the dual prices that prove it: row + column <= cost."""

    control_of: Ints
    row_prices: Floats
    column_prices: Floats


def cheapest_pairs(edges: Edges, limits: Floats, start: Priced | None = None) -> Priced:
    """The pairs that minimise costs plus ``limits[row]`` for each row left out.

    Rows and columns come in canonical order, which decides between equal solutions. ``start`` is
    an optimum under lower limits, from which to go on: its prices must be feasible for all edges,
    0 on unused columns, and at most the limits.
    """
    return _Search(edges, limits, start).run()


class _Search:
    """Pairs and prices as they grow; arrays that Python reads fast and numpy shares."""

    def __init__(self, edges: Edges, limits: Floats, start: Priced | None) -> None:
        n_rows, n_columns = edges.n_rows, edges.n_columns
        self.edges = edges
        self.limits = limits.tolist()
        self.owner = array("q", [LEFT_OUT]) * n_columns
        self.came = array("q", [LEFT_OUT]) * n_columns
        self.distance = array("d", [math.inf]) * n_columns
        self.distances = _shared(self.distance)
        if start is None:
            self.prices, self.column_price = [0.0] * n_rows, array("d", [0.0]) * n_columns
            self.control_of = [LEFT_OUT] * n_rows
        else:
            self.prices = start.row_prices.tolist()
            self.column_price = array("d", start.column_prices.tobytes())
            self.control_of = start.control_of.tolist()
            for row, column in enumerate(self.control_of):
                if column != LEFT_OUT:
                    self.owner[column] = row
        self.column_prices = _shared(self.column_price)
        self.is_new = start is None
        # of the search under way
        self.heap: list[tuple[float, int]] = []
        self.touched: list[int] = []
        self.best = self.free = math.inf

    def run(self) -> Priced:
        rows = self._first_come() if self.is_new else self._left_out()
        for row in rows:
            self._search(row)
        return Priced(
            np.array(self.control_of, dtype=np.int64),
            np.minimum(np.array(self.prices, dtype=np.float64), self.limits),
            np.array(self.column_price, dtype=np.float64),
        )

    def _first_come(self) -> list[int]:
        """Every row takes a free nearest control, if one is worth it; the rows still to search."""
        waiting = []
        for row, limit in enumerate(self.limits):
            columns, costs = self.edges.listed(row)
            nearest = float(costs[0]) if len(costs) else math.inf
            self.prices[row] = min(limit, nearest)
            if nearest < limit and not self._takes_free(row, columns, costs, nearest):
                waiting.append(row)
        return waiting

    def _takes_free(self, row: int, columns: Ints, costs: Floats, nearest: float) -> bool:
        for column, cost in zip(columns.tolist(), costs.tolist(), strict=True):
            if cost > nearest:
                return False
            if self.owner[column] == LEFT_OUT:
                self.owner[column], self.control_of[row] = row, column
                return True
        return False

    def _left_out(self) -> list[int]:
        return [row for row, column in enumerate(self.control_of) if column == LEFT_OUT]

    def _search(self, start: int) -> None:
        """The shortest path from ``start``, carried out: one more pair, or one row left out."""
        reached, settled = {start: 0.0}, []
        leave, end = start, LEFT_OUT
        self.best, self.free = self.limits[start] - self.prices[start], math.inf
        self._scan(start, 0.0)
        while self.heap and self.heap[0][0] < self.best:
            far, column = heappop(self.heap)
            if column < 0:
                self.edges.extend(-1 - column)
                self._scan(-1 - column, reached[-1 - column])
                continue
            if far > self.distance[column]:
                continue
            if self.owner[column] == LEFT_OUT:
                self.best, end = far, column
                break
            settled.append(column)
            row = self.owner[column]
            reached[row] = far
            if far + self.limits[row] - self.prices[row] < self.best:
                self.best, leave = far + self.limits[row] - self.prices[row], row
            self._scan(row, far)
        for row, far in reached.items():
            self.prices[row] += self.best - far
        for column in settled:
            self.column_price[column] -= self.best - self.distance[column]
        self._flip(start, leave, end)
        for column in self.touched:
            self.distance[column] = math.inf
        self.heap.clear()
        self.touched.clear()

    def _scan(self, row: int, far: float) -> None:
        """Offer the listed edges of a reached row to the search, as far as they may matter."""
        columns, costs = self.edges.listed(row)
        base = far - self.prices[row]
        if len(columns) > WIDE:
            columns, costs = self._promising(columns, costs, base, far)
        distance, column_price = self.distance, self.column_price
        for column, cost in zip(columns.tolist(), costs.tolist(), strict=True):
            if base + cost >= self.best or base + cost > self.free:
                return
            total = max(far, base + cost - column_price[column])
            if total < distance[column] and total < self.best and total <= self.free:
                if distance[column] == math.inf:
                    self.touched.append(column)
                distance[column], self.came[column] = total, row
                heappush(self.heap, (total, column))
                if self.owner[column] == LEFT_OUT:
                    self.free = total
        further = max(far, base + self.edges.reach(row))
        if further < self.best and further <= self.free:
            heappush(self.heap, (further, -1 - row))

    def _promising(
        self, columns: Ints, costs: Floats, base: float, far: float
    ) -> tuple[Ints, Floats]:
        total = np.maximum(base + costs - self.column_prices[columns], far)
        kept = (total < self.distances[columns]) & (total < self.best) & (total <= self.free)
        return columns[kept], costs[kept]

    def _flip(self, start: int, leave: int, end: int) -> None:
        """Pair along the path back to ``start``; the row that is left out gives its control up."""
        if end == LEFT_OUT:
            if leave == start:
                return
            end, self.control_of[leave] = self.control_of[leave], LEFT_OUT
        while True:
            row = self.came[end]
            self.owner[end] = row
            self.control_of[row], end = end, self.control_of[row]
            if row == start:
                return


def _shared(numbers: "array[float]") -> Floats:
    return np.frombuffer(numbers, dtype=np.float64) if len(numbers) else np.zeros(0)
