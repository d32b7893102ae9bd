"""Every algorithm gives what the dense table gives, with prices that prove it on all edges."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agir_pipeline.errors import CheckError
from agir_pipeline.methods.matching import edges, optimal
from agir_pipeline.methods.matching.augmenting import cheapest_pairs
from agir_pipeline.methods.matching.certificate import Prices, check_certificate
from agir_pipeline.methods.matching.edges import ListedEdges, NearestEdges, windows
from agir_pipeline.methods.matching.optimal import Problem, solve, solve_table
from agir_pipeline.methods.matching.pairs import LEFT_OUT
from agir_pipeline.methods.matching.proof import verify
from tests.methods.matching.problems import assert_as_dense, many, problems, table


@pytest.mark.parametrize("few", [2, 32])  # a tie is seen once two are listed
@many
@given(problem=problems())
def test_the_sparse_way_is_the_dense_way(few, problem):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(optimal, "DENSE_CELLS", 10**6)
        dense = solve(problem)
        patch.setattr(optimal, "DENSE_CELLS", -1)
        patch.setattr(edges, "FEW", few)
        sparse = solve(problem)
    assert dense.algorithm == "dense"
    assert sparse.algorithm != "dense"
    assert sparse.n_tied == dense.n_tied
    for found in (dense, sparse):
        assert_as_dense(problem, found.control_of)
        assert abs(verify(problem, found.control_of, found.prices).gap) <= 1e-9


@pytest.mark.parametrize(
    ("caliper", "price", "algorithm"),
    [
        (math.inf, math.inf, "levels on the line"),
        (0.5, 0.4, "two heaps on the line"),
        (0.5, 0.5, "two heaps on the line"),
        (math.inf, 2.0, "two heaps on the line"),
        (0.5, math.inf, "two heaps, then augmenting paths"),
    ],
)
def test_the_line_has_an_algorithm_for_every_case(caliper, price, algorithm):
    rng = np.random.default_rng(3)
    problem = Problem((rng.normal(1, 1, 400), rng.normal(0, 1, 900)), None, caliper, price)
    found = solve(problem)
    assert found.algorithm == algorithm
    assert abs(verify(problem, found.control_of, found.prices).gap) <= 1e-9
    assert_as_dense(problem, found.control_of)


def test_more_wanted_than_there_are_controls():
    rng = np.random.default_rng(3)
    problem = Problem((rng.normal(size=700), rng.normal(size=300)), None, math.inf, math.inf)
    found = solve(problem)
    assert (found.control_of != LEFT_OUT).sum() == 300
    assert_as_dense(problem, found.control_of)
    verify(problem, found.control_of, found.prices)


@pytest.mark.parametrize("ratio", [1, 3])
def test_a_large_problem_in_space_is_proved_and_ties_follow_the_canonical_order(ratio):
    rng = np.random.default_rng(11)
    scores = rng.normal(0.5, 1, 300), rng.normal(0, 1, 1500)
    points = rng.normal(size=(300, 3)), rng.normal(size=(1500, 3))
    problem = Problem(scores, points, 0.3, math.inf, ratio)
    found = solve(problem)
    assert found.algorithm == "augmenting paths"
    assert_as_dense(problem, found.control_of)
    verify(problem, found.control_of, found.prices)


def test_only_what_a_search_asks_for_is_ever_listed():
    rng = np.random.default_rng(11)
    scores = rng.normal(size=200), rng.normal(size=4000)
    points = scores[0][:, None], scores[1][:, None]
    searched = NearestEdges(points, scores, 0.5)
    cheapest_pairs(searched, np.full(200, 100.0))
    assert max(len(searched.listed(row)[0]) for row in range(200)) <= 128


def test_the_farthest_beneficiary_is_left_out_of_a_crowd():
    # three at 0, 1, 2 want the one control at 2; with a price of 5 one is served, the nearest
    cost = np.array([[2.0], [1.0], [0.0]])
    found = cheapest_pairs(ListedEdges(cost, cost >= 0), np.full(3, 5.0))
    assert found.control_of.tolist() == [LEFT_OUT, LEFT_OUT, 0]
    assert found.row_prices.sum() + found.column_prices.sum() == 10.0


def test_a_paired_beneficiary_gives_its_control_to_a_dearer_one():
    # row 0 takes column 0 for 1; row 1 may have nothing else: row 0 goes to column 1
    cost = np.array([[1.0, 3.0], [2.0, 9.0]])
    may = np.array([[True, True], [True, False]])
    found = cheapest_pairs(ListedEdges(cost, may), np.full(2, 50.0))
    assert found.control_of.tolist() == [1, 0]


def test_wide_rows_are_scanned_as_narrow_ones_are(monkeypatch):
    rng = np.random.default_rng(5)
    cost, may = rng.random((60, 150)).round(2), rng.random((60, 150)) < 0.9
    cost[:, :5] = 0.0
    wide = cheapest_pairs(ListedEdges(cost, may), np.full(60, 3.0))
    monkeypatch.setattr("agir_pipeline.methods.matching.augmenting.WIDE", 10**6)
    narrow = cheapest_pairs(ListedEdges(cost, may), np.full(60, 3.0))
    assert wide.control_of.tolist() == narrow.control_of.tolist()


def test_nobody_and_nothing():
    nothing = Problem((np.zeros(2), np.zeros(0)), None, 0.1, math.inf)
    for found in (solve(nothing), optimal._on_line(nothing)):
        assert found.control_of.tolist() == [LEFT_OUT, LEFT_OUT]
        assert verify(nothing, found.control_of, found.prices).total_distance == 0
    nobody = Problem((np.zeros(0), np.zeros(2)), None, 0.1, math.inf)
    assert verify(nobody, solve(nobody).control_of, solve(nobody).prices).bound == 0


# ------------------------------------------------------------------ from a table, as bands have


@many
@given(seed=st.integers(0, 10_000), price=st.sampled_from([0.4, 2.0, math.inf]))
def test_a_table_too_large_for_the_dense_solver_is_solved_as_well(seed, price):
    rng = np.random.default_rng(seed)
    cost, may = rng.integers(0, 9, (7, 11)) / 4.0, rng.random((7, 11)) < 0.6
    order = rng.permutation(7), rng.permutation(11)
    dense = solve_table(cost, may, price, order)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(optimal, "TABLE_CELLS", 0)
        sparse = solve_table(cost, may, price, order)
    assert (dense.algorithm, sparse.algorithm) == ("dense", "augmenting paths")
    assert dense.n_tied == sparse.n_tied
    one, other = (
        check_certificate(cost, may, found.control_of, found.prices, price)
        for found in (dense, sparse)
    )
    n_left_out = [(found.control_of == LEFT_OUT).sum() for found in (dense, sparse)]
    if math.isinf(price):
        assert n_left_out[0] == n_left_out[1]
        assert one.total_distance == pytest.approx(other.total_distance)
    else:
        worths = [c.total_distance + price * n for c, n in zip((one, other), n_left_out)]  # noqa: B905
        assert worths[0] == pytest.approx(worths[1])


def test_the_order_of_a_table_changes_nothing():
    rng = np.random.default_rng(8)
    cost, may = rng.integers(0, 3, (9, 14)).astype(float), rng.random((9, 14)) < 0.7
    keys = rng.permutation(9), rng.permutation(14)
    rows, columns = rng.permutation(9), rng.permutation(14)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(optimal, "TABLE_CELLS", 0)
        found = solve_table(cost, may, 2.5, keys).control_of
        moved = solve_table(
            cost[rows][:, columns], may[rows][:, columns], 2.5, (keys[0][rows], keys[1][columns])
        ).control_of
    named = [-1 if c < 0 else int(columns[c]) for c in moved]
    assert named == found[rows].tolist()


# ----------------------------------------------------------------------------- windows


@many
@given(
    mine=st.lists(st.integers(-9, 9).map(lambda k: k / 10), min_size=1, max_size=6),
    theirs=st.lists(st.integers(-9, 9).map(lambda k: k / 10), max_size=12),
    caliper=st.sampled_from([0.0, 0.1, 0.2, 0.30000000000000004, 0.3, 5.0, math.inf]),
)
def test_a_window_holds_exactly_the_gaps_within_the_caliper(mine, theirs, caliper):
    # tenths are no binary fractions: borders fall on either side of their rounding
    mine, theirs = np.array(mine), np.sort(np.array(theirs, dtype=float))
    first, last = windows(mine, theirs, caliper)
    inside = np.abs(mine[:, None] - theirs[None, :]) <= caliper
    places = np.arange(len(theirs))
    assert ((first[:, None] <= places) & (places < last[:, None])).tolist() == inside.tolist()


@pytest.mark.parametrize(
    ("mine", "theirs", "caliper", "is_within"),
    [
        (-3.0, -2.9, 0.1, False),
        (-1.0, -0.3, 0.7, True),
        (-2.9, -3.0, 0.1, False),
        (-0.2, -0.9, 0.7, True),
    ],
)
def test_borders_of_a_window_follow_the_rounded_gap(mine, theirs, caliper, is_within):
    first, last = windows(np.array([mine]), np.array([theirs, theirs]), caliper)
    assert last[0] - first[0] == 2 * is_within
    assert (abs(theirs - mine) <= caliper) == is_within


def test_a_border_moves_back_past_whoever_is_within():
    first, last = windows(np.array([-3.0]), np.array([-3.0, -2.9]), 0.1)
    assert (first[0], last[0]) == (0, 1)


def test_the_nearest_are_found_among_many_equals():
    # a sample of equals says nothing about who is below them
    points = np.zeros((1, 1)), np.concatenate([np.ones(900), np.full(5, 0.5)])[:, None]
    found = NearestEdges(points, (np.zeros(1), np.zeros(905)), 1.0)
    assert found.listed(0)[1].tolist() == [0.5] * 5 + [1.0] * 27
    assert found.reach(0) == pytest.approx(1.0)


# --------------------------------------------------------------------------------- proofs


def proved(scores, control_of, prices, price=math.inf, caliper=1.0):
    problem = Problem(tuple(np.array(s, dtype=float) for s in scores), None, caliper, price)
    return verify(problem, np.array(control_of), prices)


def a_price(u, v, price=99.0):
    return Prices(np.array(u, dtype=float), np.array(v, dtype=float), price)


def test_a_proof_accepts_the_optimum():
    found = proved(([0, 2], [0.5, 2]), [0, 1], a_price([0.5, 0], [0, 0]))
    assert (found.total_distance, found.bound, found.gap) == (0.5, 0.5, 0.0)


@pytest.mark.parametrize(
    ("control_of", "prices", "said"),
    [
        ([0, 0], a_price([0.5, 0], [0, 0]), "used more than once"),
        ([1, 0], a_price([0.5, 0], [0, 0]), "forbidden edge"),
        ([0, 1], a_price([0.5, 0], [0, 0], 0.1), "not the declared one"),
        ([0, 1], a_price([0.7, 0], [0, 0]), "break a constraint"),
        ([0, 1], a_price([0.5, 0], [0, 0.1]), "break a constraint"),
        ([0, 1], a_price([100, 0], [-99.5, 0]), "break a constraint"),
        ([0, 1], a_price([math.nan, 0], [0, 0]), "break a constraint"),
        ([0, -1], a_price([0.5, 0], [0, 0]), "proven bound"),
    ],
)
def test_a_proof_refuses_what_is_wrong(control_of, prices, said):
    with pytest.raises(CheckError, match=said):
        proved(([0, 2], [0.5, 2]), control_of, prices)


def test_a_proof_looks_at_pairs_no_solver_listed():
    # the solver's prices hold on two controls; a third, nearer one, must undo them
    rng = np.random.default_rng(1)
    points = rng.normal(size=(3, 2)), rng.normal(size=(40, 2)) + 3
    problem = Problem((np.zeros(3), np.zeros(40)), points, 1.0, math.inf)
    found = solve(problem)
    better = replace(problem, points=(points[0], np.vstack([points[0][:1], points[1][1:]])))
    free = int(np.setdiff1d(np.arange(40), found.control_of)[0])
    moved = points[1].copy()
    moved[free] = points[0][0]
    better = replace(problem, points=(points[0], moved))
    with pytest.raises(CheckError, match="break a constraint"):
        verify(better, found.control_of, found.prices)


def test_a_caliper_in_the_defective_file_is_caught(golden, lalonde):
    """MatchIt 4.5.1 kept 185 pairs, 142 of them wider than the caliper it states."""
    wrong = golden("defective/lalonde_nearest_ps_caliper02")
    arm, ps = lalonde["is_treated"].to_numpy(), lalonde["ps"].to_numpy()
    mine = {unit: n for n, unit in enumerate(lalonde["id"][arm])}
    theirs = {unit: n for n, unit in enumerate(lalonde["id"][~arm])}
    control_of = np.full(185, LEFT_OUT)
    for pair in wrong["pairs"]:
        control_of[mine[pair["treated"]]] = theirs[pair["controls"][0]]
    problem = Problem((ps[arm], ps[~arm]), None, wrong["caliper"]["1"], math.inf)
    prices = Prices(np.zeros(185), np.zeros(429), optimal.finite(problem))
    with pytest.raises(CheckError, match=r"142 pair\(s\) along a forbidden edge"):
        verify(problem, control_of, prices)


# ----------------------------------------------------------------------------- invariants


@many
@given(problem=problems())
def test_another_control_never_makes_it_worse(problem):
    if not problem.n_columns:
        return
    fewer = replace(
        problem,
        scores=(problem.scores[0], problem.scores[1][:-1]),
        points=problem.points and (problem.points[0], problem.points[1][:-1]),
    )
    assert value(problem) <= (value(fewer)[0], value(fewer)[1] + 1e-9)


@many
@given(problem=problems())
def test_a_wider_caliper_never_loses_a_pair(problem):
    free = replace(problem, leave_out_price=math.inf)
    wider = replace(free, caliper=2 * free.caliper + 0.5)
    assert value(wider)[0] <= value(free)[0]


def value(problem):
    found = solve(problem)
    cost, _may = table(problem)
    paired = np.flatnonzero(found.control_of != LEFT_OUT)
    total = float(cost[paired, found.control_of[paired]].sum())
    n_left_out = problem.n_rows - len(paired)
    if math.isinf(problem.leave_out_price):
        return n_left_out, total
    return 0, total + problem.leave_out_price * n_left_out


@many
@given(problem=problems(), seed=st.integers(0, 99))
def test_labels_carry_no_meaning(problem, seed):
    rng = np.random.default_rng(seed)
    rows, columns = rng.permutation(len(problem.scores[0])), rng.permutation(problem.n_columns)
    moved = replace(
        problem,
        scores=(problem.scores[0][rows], problem.scores[1][columns]),
        points=problem.points and (problem.points[0][rows], problem.points[1][columns]),
    )
    assert value(moved) == pytest.approx(value(problem))


def test_copies_are_matched_at_no_distance():
    rng = np.random.default_rng(2)
    theirs = rng.normal(size=(500, 4))
    points = theirs[rng.permutation(500)[:450]].copy(), theirs
    scores = points[0][:, 0], points[1][:, 0]
    found = solve(Problem(scores, points, 0.2, math.inf))
    assert np.abs(points[0] - theirs[found.control_of]).max() == 0
