"""Optimal pairs: the golden optimum, brute force, and indifference to the order of rows."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agir_pipeline.methods.matching.certificate import check_certificate, prices_of
from agir_pipeline.methods.matching.distance import distances
from agir_pipeline.methods.matching.pairs import LEFT_OUT, optimal_pairs


def solve(cost, may, price):
    return optimal_pairs(cost, may, price, np.arange(len(cost)), np.arange(cost.shape[1]))


def worth(cost, control_of):
    """(left out, total distance) of a set of pairs."""
    paired = control_of != LEFT_OUT
    return int((~paired).sum()), float(cost[paired, control_of[paired]].sum())


@pytest.fixture(scope="module")
def logit_gaps(lalonde):
    treated = lalonde["is_treated"].to_numpy()
    logit = lalonde["logit"].to_numpy()[:, None]
    return distances(logit[treated], logit[~treated])


def test_the_optimum_on_lalonde_is_the_known_one(logit_gaps, golden):
    found = solve(logit_gaps, np.ones_like(logit_gaps, dtype=bool), math.inf)
    left_out, total = worth(logit_gaps, found.control_of)
    assert left_out == 0
    assert total == pytest.approx(191.755964872, abs=1e-9)
    assert total <= float(golden("lalonde_optimal_logit")["total_logit"])
    assert found.n_tied == 24


@pytest.mark.parametrize(
    ("file", "width"),
    [("lalonde_nearest_logit", math.inf), ("lalonde_nearest_logit_caliper02", None)],
)
def test_no_greedy_match_on_the_same_edges_is_better(
    file, width, logit_gaps, golden, golden_pairs, lalonde
):
    width = width or golden(file)["caliper"]["1"]
    treated, controls = golden_pairs(file)
    logit = lalonde["logit"].to_numpy()
    greedy = np.abs(logit[treated] - logit[controls])
    assert greedy.max() <= width
    ours = worth(logit_gaps, solve(logit_gaps, logit_gaps <= width, math.inf).control_of)
    assert ours <= (185 - len(treated), greedy.sum() + 1e-9)
    assert greedy.sum() == pytest.approx(golden(file)["total_distance"]["ps_abs"], abs=1e-6)


def test_exact_strata_inside_the_caliper_beat_greedy_too(logit_gaps, golden, golden_pairs, lalonde):
    file = "lalonde_nearest_exact_caliper"
    treated = lalonde["is_treated"].to_numpy()
    stratum = (lalonde["race"] + lalonde["married"].astype(str)).to_numpy()
    same = stratum[treated][:, None] == stratum[~treated][None, :]
    may = same & (logit_gaps <= golden(file)["caliper"]["1"])
    left_out, total = worth(logit_gaps, solve(logit_gaps, may, math.inf).control_of)
    n_greedy = len(golden_pairs(file)[0])
    assert (left_out, total) <= (185 - n_greedy, 22.605907 + 1e-6)


def test_the_price_decides_who_is_worth_a_pair():
    cost = np.array([[1.0, 9.0], [2.0, 4.0]])
    everything = np.ones((2, 2), dtype=bool)
    assert solve(cost, everything, math.inf).control_of.tolist() == [0, 1]
    assert solve(cost, everything, 3.0).control_of.tolist() == [0, LEFT_OUT]
    assert solve(cost, everything, 0.5).control_of.tolist() == [LEFT_OUT, LEFT_OUT]


def test_more_pairs_come_before_cheaper_ones():
    # the cheap pair (0, 0) would leave row 1 alone
    cost = np.array([[0.0, 100.0], [1.0, 0.0]])
    may = np.array([[True, True], [True, False]])
    assert solve(cost, may, math.inf).control_of.tolist() == [1, 0]


def test_nobody_to_pair_with():
    found = solve(np.zeros((2, 0)), np.zeros((2, 0), dtype=bool), math.inf)
    assert found.control_of.tolist() == [LEFT_OUT, LEFT_OUT]
    assert found.n_tied == 0


def test_ties_are_counted_and_decided_by_the_canonical_order():
    cost = np.array([[1.0, 1.0, 5.0], [7.0, 8.0, 9.0]])
    may = np.ones((2, 3), dtype=bool)
    by_order = optimal_pairs(cost[:1], may[:1], 9.0, ["a"], ["k2", "k1", "k3"])
    assert by_order.control_of.tolist() == [1]
    assert solve(cost, may, 9.0).n_tied == 1


costs = st.integers(1, 8).flatmap(
    lambda n: st.integers(1, 12).flatmap(
        lambda m: st.tuples(
            st.lists(st.lists(st.integers(0, 12), min_size=m, max_size=m), min_size=n, max_size=n),
            st.lists(st.lists(st.booleans(), min_size=m, max_size=m), min_size=n, max_size=n),
            st.sampled_from([0.5, 3.0, 20.0, math.inf]),
            st.randoms(use_true_random=False),
        )
    )
)


def brute_force(cost, may, price):
    """The least worth, row by row over the sets of controls used so far."""
    best = {frozenset(): (0, 0.0)}
    for row, allowed in zip(cost, may, strict=True):
        grown = {}
        for used, (left_out, total) in best.items():
            choices = [(used, (left_out + 1, total))]
            for column in np.flatnonzero(allowed):
                if column not in used:
                    choices.append((used | {column}, (left_out, total + row[column])))
            for key, value in choices:
                grown[key] = min(grown.get(key, value), value, key=lambda v: objective(v, price))
        best = grown
    return min(objective(v, price) for v in best.values())


def objective(value, price):
    left_out, total = value
    return (left_out, total) if math.isinf(price) else (0, total + price * left_out)


@settings(max_examples=60, deadline=None)
@given(costs)
def test_pairs_are_optimal_certified_and_independent_of_the_order(case):
    rows, allowed, price, chance = case
    cost, may = np.array(rows, dtype=float), np.array(allowed)
    found = solve(cost, may, price)
    prices = prices_of(cost, may, found.control_of, found.leave_out_price)
    check_certificate(cost, may, found.control_of, prices, price)
    if cost.shape[1] <= 7:
        assert objective(worth(cost, found.control_of), price) == brute_force(cost, may, price)

    order, across = list(range(len(cost))), list(range(cost.shape[1]))
    chance.shuffle(order)
    chance.shuffle(across)
    shuffled = optimal_pairs(
        cost[np.ix_(order, across)], may[np.ix_(order, across)], price, order, across
    )
    back = {order[i]: across[j] for i, j in enumerate(shuffled.control_of) if j != LEFT_OUT}
    assert back == {i: j for i, j in enumerate(found.control_of) if j != LEFT_OUT}


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000))
def test_another_control_never_raises_the_optimum(seed):
    rng = np.random.default_rng(seed)
    cost, may = rng.random((5, 8)), rng.random((5, 8)) < 0.5
    fewer = objective(worth(cost, solve(cost[:, :7], may[:, :7], 0.7).control_of), 0.7)
    assert objective(worth(cost, solve(cost, may, 0.7).control_of), 0.7)[1] <= fewer[1] + 1e-12


def test_brute_force_itself_knows_the_answer():
    cost = np.array([[1.0, 9.0], [2.0, 4.0]])
    assert brute_force(cost, np.ones((2, 2), dtype=bool), 3.0) == (0, 4.0)
