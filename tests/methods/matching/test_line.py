"""Pairs on a line: the levels, the two heaps, and the prices that prove both."""

import math

import numpy as np
import pytest
from hypothesis import given

from agir_pipeline.methods.matching.certificate import Prices
from agir_pipeline.methods.matching.line import (
    all_pairs_on_line,
    line_prices,
    pairs_worth_a_price,
)
from agir_pipeline.methods.matching.optimal import Problem, finite
from agir_pipeline.methods.matching.pairs import LEFT_OUT
from agir_pipeline.methods.matching.proof import verify
from tests.methods.matching.problems import assert_as_dense, many, problems


def line(*numbers):
    return np.array(numbers, dtype=float)


def test_a_level_with_two_controls_leaves_the_farther_one_out():
    assert all_pairs_on_line(line(5), line(1, 7)).tolist() == [1]
    assert all_pairs_on_line(line(5), line(4, 7)).tolist() == [0]
    # at equality the lower control is the one left out
    assert all_pairs_on_line(line(5), line(4, 6)).tolist() == [1]


def test_crowded_beneficiaries_reach_past_each_other():
    # 0 and 1 both want the control at 1; together they cost least with 1 and 3, not 1 and -9
    found = all_pairs_on_line(line(0, 1), line(-9, 1, 3))
    assert sorted(found.tolist()) == [1, 2]


def test_the_known_optimum_of_lalonde(lalonde):
    arm, logit = lalonde["is_treated"].to_numpy(), lalonde["logit"].to_numpy()
    mine, theirs = logit[arm], logit[~arm]
    found = all_pairs_on_line(mine, theirs)
    assert np.abs(mine - theirs[found]).sum() == pytest.approx(191.755964872, abs=1e-9)


def test_a_pair_is_formed_only_below_its_price():
    mine, theirs = line(0, 10), line(1, 12)
    assert pairs_worth_a_price(mine, theirs, 3).tolist() == [0, 1]
    assert pairs_worth_a_price(mine, theirs, 2).tolist() == [0, LEFT_OUT]
    assert pairs_worth_a_price(mine, theirs, 0.5).tolist() == [LEFT_OUT, LEFT_OUT]


def test_an_offer_taken_is_given_back_when_a_later_one_needs_it():
    # 0 first takes 1; when 2 comes alone beyond it, 0 is left out instead: 1 serves 2 for 1
    mine, theirs = line(-1, 1.5), line(1)
    assert pairs_worth_a_price(mine, theirs, 3).tolist() == [LEFT_OUT, 0]


def test_prices_worked_by_hand():
    # pairs (0, 1) and (10, 12), one control unused at 20: f falls by the gap along each pair
    mine, theirs = line(0, 10), line(1, 12, 20)
    u, v = line_prices(mine, theirs, np.array([0, 1]), math.inf)
    assert (u.sum() + v.sum(), v[2]) == (3.0, 0.0)
    assert (u[0] + v[0], u[1] + v[1]) == (1.0, 2.0)


def test_prices_of_pairs_that_are_not_optimal_prove_nothing():
    problem = Problem((line(0, 10), line(1, 11)), None, math.inf, math.inf)
    crossed = np.array([1, 0])
    prices = Prices(*line_prices(*problem.scores, crossed, math.inf), finite(problem))
    with pytest.raises(Exception, match="refused by their certificate"):
        verify(problem, crossed, prices)


@many
@given(problems(has_points=False, ratios=(1,)))
def test_levels_are_optimal_wherever_everybody_fits(problem):
    mine, theirs = problem.scores
    if len(mine) > len(theirs):
        return
    everybody = Problem(problem.scores, None, math.inf, math.inf)
    found = all_pairs_on_line(mine, theirs)
    assert_as_dense(everybody, found)
    prices = Prices(*line_prices(mine, theirs, found, math.inf), finite(everybody))
    assert abs(verify(everybody, found, prices).gap) <= 1e-9


@many
@given(problems(has_points=False, ratios=(1,)))
def test_two_heaps_are_optimal_at_any_price(problem):
    mine, theirs = problem.scores
    price = min(problem.leave_out_price, 4.0)
    priced = Problem(problem.scores, None, math.inf, price)
    found = pairs_worth_a_price(mine, theirs, price)
    assert_as_dense(priced, found)
    prices = Prices(*line_prices(mine, theirs, found, price), price)
    assert abs(verify(priced, found, prices).gap) <= 1e-9
