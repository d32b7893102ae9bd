"""The bootstrap over pairs and two more without a draw, against one that draws."""

import numpy as np
import pytest
from scipy import stats

from agir_pipeline.methods.effects.bootstrapped import bca_limits
from agir_pipeline.methods.effects.paired import PairedTable


@pytest.mark.parametrize(
    "cells", [(10, 5, 20, 40), (3, 9, 4, 20), (0, 1, 8, 14), (200, 90, 30, 80)]
)
def test_its_limits_are_those_of_many_draws(cells):
    table = PairedTable(*cells)
    values = np.repeat([1.0, -1.0, 0.0], [table.b + 1, table.c + 1, table.a + table.d])
    drawn = stats.bootstrap(
        (values,), np.mean, n_resamples=20_000, method="BCa", rng=np.random.default_rng(1)
    ).confidence_interval
    low, high = bca_limits(table, 0.95)
    assert low == pytest.approx(drawn.low, abs=1.01 / table.n)
    assert high == pytest.approx(drawn.high, abs=1.01 / table.n)
    assert low <= (table.b - table.c) / table.n <= high


def test_swapping_the_arms_turns_the_limits_round():
    low, high = bca_limits(PairedTable(10, 5, 20, 40), 0.95)
    other = bca_limits(PairedTable(10, 20, 5, 40), 0.95)
    assert other == pytest.approx((-high, -low), abs=1.01 / 75)


@pytest.mark.parametrize("cells", [(3, 0, 0, 4), (0, 5, 0, 0), (0, 0, 5, 0), (1, 0, 0, 0)])
def test_pairs_that_are_all_alike_are_not_taken_as_certain(cells):
    low, high = bca_limits(PairedTable(*cells), 0.95)
    assert -1 <= low < high <= 1
    assert low <= (cells[1] - cells[2]) / sum(cells) * 0.8 <= high


def test_no_pair_has_no_limits():
    assert np.isnan(bca_limits(PairedTable(0, 0, 0, 0), 0.95)).all()


@pytest.mark.parametrize(("n", "most"), [(75, 0.97), (23, 0.99)])
@pytest.mark.parametrize(("b", "c"), [(0.095, 0.155), (0.125, 0.125), (0.04, 0.17)])
def test_they_hold_the_truth_by_enumeration(n, most, b, c):
    """12 against 18 %, 18 against 18, 5 against 18, at a correlation of about 0.1."""
    covered = 0.0
    of_b = stats.binom.pmf(np.arange(n + 1), n, b)
    for n_b in np.flatnonzero(of_b > 1e-5):
        of_c = stats.binom.pmf(np.arange(n - n_b + 1), n - n_b, c / (1 - b))
        for n_c in np.flatnonzero(of_b[n_b] * of_c > 1e-6):
            low, high = bca_limits(PairedTable(0, int(n_b), int(n_c), int(n - n_b - n_c)), 0.95)
            covered += float(of_b[n_b] * of_c[n_c]) * (low - 1e-9 <= b - c <= high + 1e-9)
    assert 0.94 <= covered <= most


def test_a_large_study_keeps_its_precision():
    n = 74_000
    low, high = bca_limits(PairedTable(n // 4, n // 8, n // 4, 3 * n // 8), 0.95)
    error = np.sqrt((1 / 8 + 1 / 4 - 1 / 64) / n)
    assert (low, high) == pytest.approx((-0.125 - 1.96 * error, -0.125 + 1.96 * error), abs=1e-4)
