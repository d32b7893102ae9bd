"""Small runs of ``benchmarks/beside.py`` and ``calendars.py``; the large ones are there."""

import numpy as np
import pytest

from benchmarks.beside import LINES, told_of
from benchmarks.calendars import gross_readings, mean_readings, net_readings, truths

SMALL_RUNS = (
    ("staggered, other endings, 18% against 18%", 75, 300),
    ("staggered, one ending, 18% against 18%", 75, 300),
    ("complete, 18% against 18%", 23, 300),
    ("answers of 65 and 45 %, 90% against 80%", 23, 150),
    ("scores", 23, 300),
    ("mediator", 75, 200),
    ("subgroups", 75, 150),
)


@pytest.mark.parametrize(("line", "n_pairs", "n_draws"), SMALL_RUNS)
def test_what_stands_beside_the_effects_holds_the_truth_and_seldom_errs(line, n_pairs, n_draws):
    found = told_of(LINES[line], n_pairs, n_draws, np.random.default_rng(31))
    assert found
    for name, held in found.items():
        told = held[~np.isnan(held)]
        least, most = (0.0, 0.1) if name.startswith("wrong") else (0.9, 1.0)
        assert len(told) > n_draws / 2, name
        assert least <= told.mean() <= most, name


@pytest.mark.parametrize("shape", ["steady", "late"])
def test_a_running_cohort_is_read_without_bias_by_the_calendar_alone(shape):
    """The naive rate reads half of the risk, and what asks for the outcome too little."""
    rng = np.random.default_rng(32)
    gross, net = truths(shape, rng)
    (naive, calendar), (_naive, error) = mean_readings(
        lambda draw: gross_readings(shape, "tripled at the end", 20, draw), 60, rng
    )
    assert naive < 0.6 * gross
    assert abs(calendar - gross) < 4 * error < 0.05
    (by_calendar, _dropped, censored, no_rupture), errors = mean_readings(
        lambda draw: net_readings(shape, "tripled at the end", 20, draw), 60, rng
    )
    assert abs(by_calendar - net) < 4 * errors[0] < 0.03
    assert max(censored, no_rupture) < net - 0.015


def test_where_the_calendar_lets_nobody_reach_the_horizon_nothing_is_read():
    rng = np.random.default_rng(33)
    read = gross_readings("steady", "two months of spring", 1, rng)
    assert np.isnan(read[1])
