"""The certificate accepts optima and nothing else; it does not trust the solver."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agir_pipeline.errors import CheckError
from agir_pipeline.methods.matching.certificate import Prices, check_certificate, prices_of
from agir_pipeline.methods.matching.pairs import LEFT_OUT, finite_price, optimal_pairs

COST = np.array([[1.0, 3.0, 6.0], [2.0, 5.0, 6.5]])
MAY = np.array([[True, True, True], [True, True, False]])


def proof(control_of, price=math.inf):
    control_of = np.array(control_of)
    prices = prices_of(COST, MAY, control_of, finite_price(COST, MAY, price))
    return check_certificate(COST, MAY, control_of, prices, price)


def test_worked_by_hand():
    # best: row 0 takes column 1, row 1 column 0; the alternative 1 + 5 costs one more
    found = proof([1, 0])
    assert (found.total_distance, found.bound, found.gap) == (5.0, 5.0, 0.0)


def test_a_worse_swap_is_refused_with_a_true_bound():
    with pytest.raises(CheckError, match=r"total distance 6\.0, proven bound 5\.0"):
        proof([0, 1])


def test_a_pair_too_few_is_refused():
    with pytest.raises(CheckError, match="proven bound"):
        proof([0, LEFT_OUT])
    assert proof([0, LEFT_OUT], price=3.0).total_distance == 1.0


def test_a_control_used_twice_is_refused():
    with pytest.raises(CheckError, match=r"1 control\(s\) used more than once"):
        proof([0, 0])


def test_a_forbidden_edge_is_refused():
    with pytest.raises(CheckError, match=r"1 pair\(s\) along a forbidden edge"):
        proof([0, 2])


@pytest.mark.parametrize(
    "change",
    [
        {"controls": np.array([0.5, 0.0, 0.0])},
        {"beneficiaries": np.array([1e4, 2.0])},
        {"beneficiaries": np.array([3.0, 4.1])},
    ],
    ids=["a control's price above 0", "a price above the leave-out price", "an edge too cheap"],
)
def test_prices_that_break_a_constraint_prove_nothing(change):
    control_of = np.array([1, 0])
    good = prices_of(COST, MAY, control_of, finite_price(COST, MAY, math.inf))
    with pytest.raises(CheckError, match=r"price\(s\) break a constraint"):
        check_certificate(COST, MAY, control_of, replace(good, **change), math.inf)


@pytest.mark.parametrize("declared", [math.inf, 7.0])
def test_the_leave_out_price_must_be_the_declared_one(declared):
    prices = Prices(np.array([1.0, 1.0]), np.zeros(3), 6.0)
    with pytest.raises(CheckError, match="not the declared one"):
        check_certificate(COST, MAY, np.array([0, 1]), prices, declared)


@pytest.mark.parametrize("price", [1e6, 1e12, 1e300])
def test_a_price_above_all_that_pairs_can_cost_is_as_good_as_infinite(price):
    assert finite_price(COST, MAY, price) == finite_price(COST, MAY, math.inf) == 18.0
    assert proof([1, 0], price) == proof([1, 0])
    with pytest.raises(CheckError):  # and proves nothing about worse pairs
        proof([0, 1], price)
    assert finite_price(COST, MAY, 1000.0) == 1000.0


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 100_000), st.sampled_from([0.3, 2.0, math.inf]))
def test_any_swap_for_the_worse_is_refused(seed, price):
    rng = np.random.default_rng(seed)
    cost, may = rng.random((6, 9)), rng.random((6, 9)) < 0.7
    order = optimal_pairs(cost, may, price, np.arange(6), np.arange(9))
    control_of = order.control_of.copy()
    row = int(rng.integers(6))
    free = [j for j in np.flatnonzero(may[row]) if j not in control_of]
    control_of[row] = rng.choice(free) if free else LEFT_OUT
    own = order.control_of[row]
    before = cost[row, own] if own != LEFT_OUT else order.leave_out_price
    after = cost[row, control_of[row]] if free else order.leave_out_price
    prices = prices_of(cost, may, control_of, order.leave_out_price)
    if after > before + 1e-6:
        with pytest.raises(CheckError):
            check_certificate(cost, may, control_of, prices, price)
    else:
        check_certificate(cost, may, control_of, prices, price)


def test_a_total_of_zero_has_an_absolute_gap():
    cost, may = np.zeros((2, 2)), np.ones((2, 2), dtype=bool)
    order = optimal_pairs(cost, may, math.inf, [0, 1], [0, 1])
    prices = prices_of(cost, may, order.control_of, order.leave_out_price)
    assert check_certificate(cost, may, order.control_of, prices, math.inf).gap == 0.0
