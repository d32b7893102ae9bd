"""Small matching problems drawn at random, and what a table of everything says of them."""

import math
import os

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

from agir_pipeline.methods.matching.optimal import Problem
from agir_pipeline.methods.matching.pairs import LEFT_OUT, optimal_pairs

CASES = int(os.environ.get("AGIR_TEST_CASES", "100"))
"""How many cases a property is tried on; the campaign tries more."""

many = settings(max_examples=CASES, deadline=None)
some = settings(max_examples=CASES // 4, deadline=None)
"""For properties of which each case takes longer."""

places = st.integers(-12, 12).map(lambda number: number / 4)


@st.composite
def problems(draw, has_points=None, ratios=(1, 1, 2)):
    """Ties, holes in the caliper, more or fewer controls than wanted, any price."""
    n_mine, n_theirs = draw(st.integers(1, 9)), draw(st.integers(0, 14))
    scores = tuple(
        np.array(draw(st.lists(places, min_size=n, max_size=n)), dtype=float)
        for n in (n_mine, n_theirs)
    )
    points = None
    if draw(st.booleans()) if has_points is None else has_points:
        rng = np.random.default_rng(draw(st.integers(0, 10_000)))
        points = tuple(rng.normal(size=(n, 2)).round(1) for n in (n_mine, n_theirs))
    return Problem(
        scores,
        points,
        draw(st.sampled_from([0.0, 0.5, 1.5, math.inf])),
        draw(st.sampled_from([0.25, 0.5, 1.5, 4.0, math.inf])),
        draw(st.sampled_from(ratios)),
    )


def table(problem):
    """Costs and admissible edges, a row per control wanted."""
    gap = np.abs(problem.scores[0][:, None] - problem.scores[1][None, :])
    cost = gap
    if problem.points is not None:
        cost = np.sqrt(((problem.points[0][:, None] - problem.points[1][None]) ** 2).sum(axis=2))
    return (np.repeat(t, problem.ratio, axis=0) for t in (cost, gap <= problem.caliper))


def worth(cost, control_of):
    """(left out, total distance) of a set of pairs."""
    paired = control_of != LEFT_OUT
    return int((~paired).sum()), float(cost[paired, control_of[paired]].sum())


def objective(value, price):
    """What is made small: rows left out first where the price is infinite."""
    left_out, total = value
    return (left_out, total) if math.isinf(price) else (0, total + price * left_out)


def assert_as_dense(problem, control_of):
    """Admissible, each control once, and as good as scipy's dense solver on the same edges."""
    cost, may = table(problem)
    paired = np.flatnonzero(control_of != LEFT_OUT)
    assert may[paired, control_of[paired]].all()
    assert len(set(control_of[paired])) == len(paired)
    order = np.arange(len(cost)), np.arange(cost.shape[1])
    dense = optimal_pairs(cost, may, problem.leave_out_price, *order).control_of
    price = problem.leave_out_price
    ours = objective(worth(cost, control_of), price)
    theirs = objective(worth(cost, dense), price)
    assert ours[0] == theirs[0]
    assert abs(ours[1] - theirs[1]) < 1e-9
