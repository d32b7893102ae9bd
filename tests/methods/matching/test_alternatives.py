"""Coarsened exact, full, entropy and overlap: golden figures, brute force, and their properties."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agir_pipeline.errors import CheckError
from agir_pipeline.methods.matching import alternatives, full
from agir_pipeline.methods.matching.alternatives import (
    coarsened_exact_match,
    entropy_balance,
    full_match,
    overlap_balance,
)
from agir_pipeline.methods.matching.full import full_sets
from agir_pipeline.methods.matching.weighting import entropy_weights
from tests.methods.matching.problems import many

X = ["age", "educ", "race", "married", "nodegree", "re74", "re75"]


@pytest.fixture(scope="module")
def people(lalonde):
    return lalonde.set_index("id")[["treat", *X, "re78"]]


def att(people, weights):
    arms = (people[people["treat"] == arm] for arm in (1, 0))
    means = [np.average(rows["re78"], weights=weights[rows.index]) for rows in arms]
    return means[0] - means[1]


def means(found, sample="matched"):
    table = found.balance()
    rows = table[(table["sample"] == sample) & (table["level"] != "value_squared")]
    return rows.set_index(["covariate", "level"])["smd"].abs()


# ------------------------------------------------------------------------------- coarsened


def test_coarsened_exact_matching_is_matchit_s(people):
    # MatchIt 4.7.2, default bins: 65 treated, 75 controls, ATT 1070.907
    found = coarsened_exact_match(people, "treat", X)
    is_in = found.weights > 0
    arm = people["treat"] == 1
    assert (int((is_in & arm).sum()), int((is_in & ~arm).sum())) == (65, 75)
    assert att(people, found.weights) == pytest.approx(1070.90732642735, abs=1e-8)
    assert found.weights[~arm].sum() == pytest.approx(65)
    assert (found.sets[is_in] >= 0).all()
    assert (found.sets[~is_in] == -1).all()


def test_rows_are_alike_class_by_class_worked_by_hand(draw):
    # of six rows: log2(6) + 1 rounded up is 4 classes of 0..8, cut at 2, 4, 6
    rows = draw(
        """
        t | x | k
        1 | 0 | a
        0 | 1 | a
        0 | 1 | b
        1 | 5 | a
        0 | 8 | a
        0 |   | a
        """
    )
    found = coarsened_exact_match(rows, "t", ["x", "k"])
    assert found.weights.tolist() == [1, 1, 0, 0, 0, 0]
    assert found.sets.tolist() == [0, 0, -1, -1, -1, -1]
    assert found.balance()["smd"].notna().any()


def test_a_number_nobody_knows_is_one_class():
    rows = pd.DataFrame({"t": [1, 0, 0], "x": [np.nan] * 3})
    assert coarsened_exact_match(rows, "t", ["x"]).weights.tolist() == [1, 0.5, 0.5]


# ------------------------------------------------------------------------------------ full


def brute(cost, may):
    """The cheapest set of edges that leaves no row or column with an edge uncovered."""
    edges = list(zip(*np.nonzero(may), strict=True))
    ends = {("row", i) for i, _j in edges} | {("column", j) for _i, j in edges}
    best = np.inf
    for n in range(len(edges) + 1):
        for chosen in itertools.combinations(edges, n):
            covered = {("row", i) for i, _j in chosen} | {("column", j) for _i, j in chosen}
            if covered == ends:
                best = min(best, sum(cost[edge] for edge in chosen))
    return 0.0 if not edges else best


@many
@given(st.integers(0, 10_000))
def test_full_sets_are_stars_with_the_least_total(seed):
    rng = np.random.default_rng(seed)
    shape = rng.integers(1, 4), rng.integers(1, 4)
    cost = rng.integers(0, 5, shape).astype(float) if seed % 2 else rng.random(shape)
    may = rng.random(shape) < 0.8
    rows, columns, total = full_sets(cost, may)
    assert total == pytest.approx(brute(cost, may))
    assert ((rows >= 0) == may.any(axis=1)).all()
    assert ((columns >= 0) == may.any(axis=0)).all()
    for number in set(rows[rows >= 0]):
        sizes = int((rows == number).sum()), int((columns == number).sum())
        assert min(sizes) == 1


def test_full_matching_of_lalonde_within_races(people):
    found = full_match(people, "treat", X, exact=["race"], distance="logit")
    assert (found.weights > 0).all()
    assert found.weights[people["treat"] == 0].sum() == pytest.approx(185)
    by_set = people.assign(number=found.sets).groupby("number")
    assert by_set["race"].nunique().max() == 1
    assert by_set["treat"].nunique().min() == 2
    assert means(found)["race"].max() < 1e-9
    assert "<svg" in found.love_plot()


def test_full_matching_inside_a_caliper_leaves_the_far_ones_out(people):
    found = full_match(people, "treat", X, caliper=0.02)
    assert (found.sets == -1).any()
    assert (found.weights[found.sets == -1] == 0).all()


def test_a_stratum_without_a_control_is_left_out_of_full_matching(draw):
    rows = draw(
        """
        name | treated | town | age
        a    | 1       | here | 20
        b    | 0       | here | 22
        c    | 1       | away | 21
        d    | 0       | else | 21
        """
    ).set_index("name")
    found = full_match(rows, "treated", ["age"], exact=["town"])
    assert found.sets.to_dict() == {"a": 0, "b": 0, "c": -1, "d": -1}
    assert found.weights.to_dict() == {"a": 1, "b": 1, "c": 0, "d": 0}


def test_a_stratum_too_large_for_full_matching_is_told(people, monkeypatch):
    monkeypatch.setattr(alternatives, "TABLE_CELLS", 10)
    with pytest.raises(ValueError, match="full matching is for smaller strata"):
        full_match(people, "treat", X)


def test_full_sets_that_are_not_the_cheapest_are_refused(monkeypatch):
    cost = np.array([[1.0, 5.0], [5.0, 1.0]])
    monkeypatch.setattr(full, "_pruned", lambda *_: (np.array([0, 1]), np.array([1, 0])))
    with pytest.raises(CheckError, match=r"total distance 10\.0, proven bound 2\.0"):
        full_sets(cost, cost > 0)


# --------------------------------------------------------------------------------- weights


def test_entropy_balancing_reaches_every_mean(people):
    found = entropy_balance(people, "treat", X)
    assert means(found).max() < 1e-9
    assert means(found, "pool").max() > 1
    assert found.weights[people["treat"] == 0].sum() == pytest.approx(185)
    assert found.weights.min() > 0
    assert found.sets is None
    assert att(people, found.weights) == pytest.approx(1273.2618, abs=1e-3)


def test_entropy_weights_worked_by_hand():
    # controls at 0 and 1, treated mean 3/4: weights 1/4 and 3/4 of the two treated
    x = np.array([[0.5], [1.0], [0.0], [1.0]])
    weights = entropy_weights(x, np.array([True, True, False, False]))
    assert weights == pytest.approx([1, 1, 0.5, 1.5])


def test_means_out_of_reach_are_told():
    x = np.array([[5.0], [0.0], [1.0]])
    with pytest.raises(CheckError, match="no weights of the controls reach these means"):
        entropy_weights(x, np.array([True, False, False]))
    constant = np.array([[1.0, 2.0], [0.0, 2.0], [0.0, 2.0]])
    with pytest.raises(CheckError, match="reach these means"):
        entropy_weights(constant, np.array([True, False, False]))


def test_columns_that_repeat_each_other_do_no_harm():
    rng = np.random.default_rng(3)
    x = rng.normal(size=(60, 2))
    arm = np.arange(60) < 15
    twice = np.column_stack([x, x.sum(axis=1)])
    assert entropy_weights(twice, arm) == pytest.approx(entropy_weights(x, arm), abs=1e-9)


def test_overlap_weights_balance_every_mean_of_the_score(people):
    # the property of Li, Morgan and Zaslavsky: exact means with a logistic score
    found = overlap_balance(people, "treat", X)
    table = found.balance().query("sample == 'matched' and level != 'value_squared'")
    assert (table["mean_beneficiary"] - table["mean_control"]).abs().max() < 1e-5
    assert found.weights.between(0, 1).all()
