"""Greedy matching, only to know that costs are R's: its totals on Lalonde are the golden ones."""

import numpy as np
import pytest

from agir_pipeline.methods.matching.distance import (
    distances,
    mahalanobis_whitened,
    robust_rank_whitened,
)

COLUMNS = ["age", "educ", "raceblack", "racehispan", "racewhite"]
COLUMNS += ["married", "nodegree", "re74", "re75"]


def greedy(cost, may, order):
    """Total and number of pairs when each in turn takes its nearest free control.

    Of controls equal but for rounding the first is taken.
    """
    free = np.ones(cost.shape[1], dtype=bool)
    total, n_pairs = 0.0, 0
    for row in order:
        costs = np.where(free & may[row], cost[row], np.inf)
        nearest = int((costs <= costs.min() + 1e-9).argmax())
        if np.isfinite(costs[nearest]):
            free[nearest] = False
            total, n_pairs = total + costs[nearest], n_pairs + 1
    return total, n_pairs


@pytest.fixture(scope="module")
def arm(lalonde):
    return lalonde["is_treated"].to_numpy()


def gaps(lalonde, arm, column):
    score = lalonde[column].to_numpy()
    return score[arm], distances(score[arm, None], score[~arm, None])


@pytest.mark.parametrize(
    ("column", "width", "exact", "total", "n_pairs"),
    [
        ("ps", np.inf, False, 39.692799, 185),
        ("logit", np.inf, False, 191.755965, 185),
        ("ps", 0.058063, False, 3.775139, 113),
        ("logit", 0.360902392537548, False, 26.572048, 117),
        ("logit", np.inf, True, 37.362633, 116),
        ("logit", 0.360902392537548, True, 22.605907, 111),
    ],
)
def test_largest_first_on_the_score(column, width, exact, total, n_pairs, lalonde, arm):
    score, cost = gaps(lalonde, arm, column)
    may = cost <= width
    if exact:
        stratum = (lalonde["race"] + lalonde["married"].astype(str)).to_numpy()
        may &= stratum[arm][:, None] == stratum[~arm][None, :]
    found = greedy(cost, may, np.argsort(-score, kind="stable"))
    assert found[0] == pytest.approx(total, abs=1e-6)
    assert found[1] == n_pairs


def points(lalonde, arm, distance):
    x = lalonde[COLUMNS].to_numpy(dtype=float)
    whitened = mahalanobis_whitened(x, arm) if distance == "plain" else robust_rank_whitened(x)
    return distances(whitened[arm], whitened[~arm])


@pytest.mark.parametrize(("distance", "total"), [("plain", 342.810199), ("robust", 321.404790)])
def test_mahalanobis_in_the_order_of_the_data(distance, total, lalonde, arm):
    cost = points(lalonde, arm, distance)
    found = greedy(cost, np.ones(cost.shape, dtype=bool), range(len(cost)))
    assert found == (pytest.approx(total, abs=1e-6), 185)


def test_mahalanobis_inside_the_caliper_largest_first(lalonde, arm):
    score, gap = gaps(lalonde, arm, "logit")
    order = np.argsort(-score, kind="stable")
    found = greedy(points(lalonde, arm, "plain"), gap <= 0.360902392537548, order)
    assert found == (pytest.approx(248.653188, abs=1e-6), 117)
