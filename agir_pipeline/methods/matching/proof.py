"""Pairs and prices of a stratum checked from the points themselves; no solver is trusted.

The prices bound every admissible pair, also those no solver ever looked at: all of them are
looked at here, window by window, without a table of everybody against everybody.
"""

from collections.abc import Iterator

import numpy as np

from agir_pipeline.language import _
from agir_pipeline.methods.matching.arrays import Floats, Ints
from agir_pipeline.methods.matching.certificate import (
    TOLERANCE,
    Certificate,
    Prices,
    is_fair_price,
    judged,
    refused,
    rounding,
)
from agir_pipeline.methods.matching.edges import windows
from agir_pipeline.methods.matching.optimal import Problem, largest_cost
from agir_pipeline.methods.matching.pairs import LEFT_OUT

CHUNK = 2_000_000
"""Pairs of one beneficiary and one control looked at together."""


def verify(problem: Problem, control_of: Ints, prices: Prices) -> Certificate:
    """The certificate of the pairs of one stratum.

    Raises:
        CheckError: a control is used twice, a pair is wider than the caliper, the prices are not
            feasible, or their sum does not reach the total (the pairs are not optimal).
    """
    paired = np.flatnonzero(control_of != LEFT_OUT)
    rows, used = paired // problem.ratio, control_of[paired]
    costs = _costs(problem, rows, used)
    n_reused = len(used) - len(np.unique(used))
    if n_reused:
        raise refused(_("{n} control(s) used more than once").format(n=n_reused))
    gaps = np.abs(problem.scores[0][rows] - problem.scores[1][used])
    n_wide = int((~(gaps <= problem.caliper)).sum())
    if n_wide:
        raise refused(_("{n} pair(s) along a forbidden edge").format(n=n_wide))
    largest = float(costs.max(initial=0.0))
    most = largest_cost(problem)
    if not is_fair_price(prices, problem.leave_out_price, len(control_of), most):
        raise refused(_("the leave-out price is not the declared one"))
    n_wrong = (
        int((~(prices.controls <= 0)).sum())
        + int((~(prices.beneficiaries <= prices.leave_out_price)).sum())
        + _n_beaten(problem, prices, TOLERANCE * largest + rounding(prices))
    )
    if n_wrong:
        raise refused(_("{n} price(s) break a constraint").format(n=n_wrong))
    return judged(costs, len(control_of), prices, largest)


def _costs(problem: Problem, rows: Ints, columns: Ints) -> Floats:
    if problem.points is None:
        return np.asarray(np.abs(problem.scores[0][rows] - problem.scores[1][columns]))
    difference = problem.points[0][rows] - problem.points[1][columns]
    return np.asarray(np.sqrt(np.einsum("ij,ij->i", difference, difference)))


def _n_beaten(problem: Problem, prices: Prices, slack: float) -> int:
    """Admissible pairs that cost less than their two prices together, by more than ``slack``.

    Since no control has a price above 0, only pairs cheaper than the beneficiary's price count.
    """
    most = prices.beneficiaries.reshape(-1, problem.ratio).max(axis=1)
    if problem.points is None:
        nearer = _nearer_on_line(problem, most)
    else:
        nearer = _nearer_in_space(problem, problem.points, most)
    n_beaten = 0
    for rows, columns in nearer:
        costs = _costs(problem, rows, columns)
        n_beaten += int((most[rows] + prices.controls[columns] > costs + slack).sum())
    return n_beaten


def _nearer_on_line(problem: Problem, most: Floats) -> Iterator[tuple[Ints, Ints]]:
    """Every pair within the caliper whose gap is at most the price, some at a time."""
    order = np.argsort(problem.scores[1], kind="stable")
    radius = np.minimum(problem.caliper, np.maximum(most, 0.0))
    first, last = windows(problem.scores[0], problem.scores[1][order], radius)
    for rows in _portions(last - first):
        sizes = (last - first)[rows]
        ends = np.cumsum(sizes)
        places = np.arange(int(sizes.sum())) + np.repeat(first[rows] - ends + sizes, sizes)
        yield np.repeat(rows, sizes), order[places]


def _nearer_in_space(
    problem: Problem, points: tuple[Floats, Floats], most: Floats
) -> Iterator[tuple[Ints, Ints]]:
    """Every pair within the caliper that a matrix product does not show to be dearer."""
    order = np.argsort(problem.scores[1], kind="stable")
    mine, theirs = points[0], points[1][order]
    first, last = windows(problem.scores[0], problem.scores[1][order], problem.caliper)
    squares = (mine**2).sum(axis=1), (theirs**2).sum(axis=1)
    scale = 1e-12 * (squares[0].max(initial=0.0) + squares[1].max(initial=0.0))
    limit = np.maximum(most, 0.0) ** 2 * (1 + 1e-12) + scale - squares[0]
    by_window = np.argsort(first, kind="stable")
    for start in range(0, len(by_window), 256):
        rows = by_window[start : start + 256]
        low, high = int(first[rows].min()), int(last[rows].max())
        near = mine[rows] @ theirs[low:high].T
        near *= -2.0
        near += squares[1][low:high]
        row, place = np.nonzero(near <= limit[rows][:, None])
        row, place = rows[row], place + low
        inside = (first[row] <= place) & (place < last[row])
        yield row[inside], order[place[inside]]


def _portions(sizes: Ints) -> Iterator[Ints]:
    """Consecutive rows whose sizes add up to a chunk or little more."""
    if len(sizes):
        number = np.cumsum(sizes) // CHUNK
        yield from np.split(np.arange(len(sizes)), np.flatnonzero(np.diff(number)) + 1)
