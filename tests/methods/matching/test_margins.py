"""Near-fine balance of one problem: by hand, against an integer program, and lied about."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, milp

from agir_pipeline.errors import CheckError
from agir_pipeline.methods.matching.margins import (
    Margin,
    Tally,
    check_margin,
    solve_with_margin,
    stand_ins,
)

# Two beneficiaries of "a" and one of "b"; the nearest controls are all of "a".
HAND = np.array([[0.1, 0.9, 0.8, 2.0], [0.8, 0.1, 0.9, 1.0], [0.9, 0.7, 0.1, 1.6]])
MINE, THEIRS = np.array(list("aab")), np.array(list("aaab"))
EVERY = np.ones(HAND.shape, dtype=bool)


def hand(price=math.inf, before=None, leave_out=math.inf, may=EVERY):
    margin = Margin.of(MINE, THEIRS, before or {}, price)
    found = solve_with_margin(HAND, may, leave_out, margin)
    proof = check_margin(HAND, may, found.control_of, found.prices, leave_out, margin)
    return margin, found, proof


def test_a_margin_worked_by_hand():
    # all of "a" costs 0.3; with b in b: 0.1 + 0.1 + 1.6, or one of the a in b: 0.1 + 1.0 + 0.1
    margin, found, proof = hand()
    assert found.control_of.tolist() == [0, 3, 2]
    assert margin.left(found.control_of).tolist() == [0, 0]
    assert proof.total_distance == pytest.approx(1.2)
    assert proof.bound == pytest.approx(1.2)


@pytest.mark.parametrize(("price", "pairs"), [(0.5, [0, 1, 2]), (1.5, [0, 3, 2])])
def test_a_surplus_is_kept_where_mending_it_costs_more_than_its_price(price, pairs):
    margin, found, proof = hand(price)  # mending costs 0.9
    assert found.control_of.tolist() == pairs
    assert proof.gap == pytest.approx(0.0, abs=1e-12)
    surplus = np.maximum(margin.left(found.control_of), 0).sum()
    assert found.prices.categories[0] == pytest.approx(price if surplus else 0.9 + own_b(found))


def own_b(found):
    """Only differences of prices are told apart where nothing is beyond its share."""
    return found.prices.categories[1]


def test_what_earlier_pairs_left_is_mended_now_and_kept_where_it_cannot_be():
    # one control of "b" too many before: then all of "a", one more of "a" than beneficiaries
    margin, found, _proof = hand(before={"b": 1, "a": -1})
    assert found.control_of.tolist() == [0, 1, 2]
    assert margin.left(found.control_of).tolist() == [0, 0]
    margin, found, _proof = hand(before={"a": 2, "c": -2})
    assert found.control_of.tolist() == [0, 3, 2]
    assert margin.left(found.control_of).tolist() == [2, 0]


def test_nobody_is_left_out_for_a_margin_unless_that_has_a_finite_price():
    may = EVERY.copy()
    may[:, 3] = False  # no control of "b" may serve
    margin, found, _proof = hand(may=may)
    assert (found.control_of >= 0).all()
    assert margin.left(found.control_of).tolist() == [1, -1]
    margin, found, _proof = hand(may=may, leave_out=5.0)  # the surplus is infinitely dear
    assert found.control_of.tolist()[2] == -1
    assert margin.left(found.control_of).tolist() == [0, 0]


def test_strata_of_one_and_of_nobody():
    for cost in (np.array([[0.5]]), np.zeros((1, 1)), np.zeros((1, 0)), np.zeros((0, 2))):
        n, m = cost.shape
        may = np.ones(cost.shape, dtype=bool)
        margin = Margin.of(np.array(["a"] * n), np.array(["b"] * m), {"b": 1}, math.inf)
        found = solve_with_margin(cost, may, math.inf, margin)
        check_margin(cost, may, found.control_of, found.prices, math.inf, margin)
        assert (found.control_of >= 0).sum() == min(n, m)


def test_categories_are_counted_over_all_pairs():
    tally = Tally({"a": 1})
    tally.add(["a", "b"], ["b", "c"])
    assert tally.counts == {"a": 0, "b": 0, "c": 1}


# ------------------------------------------------------------------- against another solver


def optimum(cost, may, leave_out, price, margin):
    """The least value by an integer program: pairs are variables, and surplus by category."""
    row, column = np.nonzero(may)
    (n, m), k, n_edges = cost.shape, len(margin.names), len(row)
    value = np.concatenate([cost[row, column] - leave_out, np.full(k, price)])
    rules = np.zeros((n + m + k, n_edges + k))
    rules[row, np.arange(n_edges)] = 1
    rules[n + column, np.arange(n_edges)] = 1
    for number in range(k):
        theirs, mine = (
            margin.codes[side][edge] == number for side, edge in ((1, column), (0, row))
        )
        rules[n + m + number, :n_edges] = theirs.astype(float) - mine
        rules[n + m + number, n_edges + number] = -1
    limits = LinearConstraint(rules, -np.inf, np.concatenate([np.ones(n + m), -margin.before]))
    most = Bounds(0, np.concatenate([np.ones(n_edges), np.full(k, np.inf)]))
    whole = np.concatenate([np.ones(n_edges), np.zeros(k)])
    return milp(value, constraints=limits, bounds=most, integrality=whole).fun + leave_out * n


def problem(seed):
    rng = np.random.default_rng(seed)
    n, m, k = rng.integers(1, 8), rng.integers(1, 14), rng.integers(1, 5)
    cost = rng.integers(0, 8, (n, m)) / 4.0 if seed % 2 else rng.random((n, m))
    names = np.array(list("abcd"))
    before = dict(zip("abcd", rng.integers(-3, 4, 4).tolist(), strict=True))
    leave_out = [math.inf, 3 * rng.random(), 1.0][rng.integers(3)]
    price = [math.inf, 2 * rng.random(), 0.5, 0.25][rng.integers(4)]
    sides = names[rng.integers(0, k, n)], names[rng.integers(0, k, m)]
    return cost, rng.random((n, m)) < 0.7, leave_out, Margin.of(*sides, before, price)


@settings(max_examples=120, deadline=None)
@given(seed=st.integers(0, 100_000))
def test_the_optimum_is_that_of_an_integer_program(seed):
    cost, may, leave_out, margin = problem(seed)
    found = solve_with_margin(cost, may, leave_out, margin)
    proof = check_margin(cost, may, found.control_of, found.prices, leave_out, margin)
    out, price = found.prices.leave_out_price, found.prices.surplus_price
    surplus = np.maximum(margin.left(found.control_of), 0).sum()
    value = proof.total_distance + out * (found.control_of < 0).sum() + price * surplus
    assert value == pytest.approx(optimum(cost, may, out, price, margin), rel=1e-7, abs=1e-7)
    assert proof.total_distance == pytest.approx(proof.bound, abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 100_000))
def test_pairs_come_first_then_the_surplus_then_the_distances(seed):
    """The finite prices that stand for infinite ones order as they should: no pair is lost."""
    cost, may, _price, margin = problem(seed)
    endless = replace(margin, surplus_price=math.inf)
    found = solve_with_margin(cost, may, math.inf, endless).control_of
    free = solve_with_margin(cost, may, math.inf, replace(margin, surplus_price=1e-9)).control_of
    assert (found >= 0).sum() == (free >= 0).sum()
    n_surplus = np.maximum(margin.left(found), 0).sum()
    far = 1e5 * optimum(np.zeros_like(cost), may, 1e3, 1.0, margin)
    assert far == pytest.approx(1e5 * (1e3 * (found < 0).sum() + n_surplus), rel=1e-7)


def test_prices_that_nothing_costs_are_as_good_as_infinite():
    assert stand_ins(math.inf, math.inf, 9, 2.0) == (40.0, 20.0)
    assert stand_ins(1e12, 1.0, 9, 2.0) == (21.0, 1.0)
    assert stand_ins(5.0, 1e12, 9, 2.0) == (5.0, 70.0)
    assert stand_ins(5.0, 3.0, 9, 2.0) == (5.0, 3.0)
    assert stand_ins(math.inf, math.inf, 9, 0.0) == (2.0, 1.0)
    assert stand_ins(0.0, math.inf, 9, 0.0) == (0.0, 1.0)


# ------------------------------------------------------------------------------- lied about


def lies(found):
    """Each way to change one thing of what was honestly made."""
    own = found.prices
    for place in range(len(own.categories)):
        for more in (0.3, -0.3, math.nan, 1e6):
            held = own.categories.copy()
            held[place] += more
            yield found.control_of, replace(own, categories=held)
    yield found.control_of, replace(own, surplus_price=2.0)
    yield found.control_of, replace(own, surplus_price=math.nan)
    yield found.control_of, replace(own, leave_out_price=0.5)
    yield found.control_of, replace(own, beneficiaries=own.beneficiaries + 0.1)
    yield found.control_of, replace(own, controls=own.controls + 0.1)
    yield np.array([0, 1, 2]), own  # the pairs without a margin
    yield np.array([0, 1, 3]), own  # balanced, but not the nearest
    yield np.array([0, 3, -1]), own
    yield np.array([0, 3, 3]), own


def test_each_lie_about_a_margin_is_refused():
    margin, found, _proof = hand()
    said = list(lies(found))
    assert len(said) == 17
    for control_of, prices in said:
        with pytest.raises(CheckError, match="refused by their certificate"):
            check_margin(HAND, EVERY, control_of, prices, math.inf, margin)


def test_other_prices_than_those_declared_are_refused():
    margin, found, _proof = hand(0.5, leave_out=3.0)
    for leave_out, price in ((3.0, 0.4), (2.9, 0.5)):
        with pytest.raises(CheckError, match="price is not the declared one"):
            check_margin(
                HAND, EVERY, found.control_of, found.prices, leave_out,
                replace(margin, surplus_price=price),
            )  # fmt: skip
