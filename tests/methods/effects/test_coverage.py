"""Small simulations with a known truth; ``benchmarks/coverage.py`` runs the large ones."""

import numpy as np
import pytest

from benchmarks.coverage import (
    coverage,
    event_effect,
    from_start_effect,
    status_effect,
    status_truth,
    uncontaminated_effect,
    uncontaminated_truth,
)


@pytest.mark.parametrize("risks", [(0.05, 0.18), (0.18, 0.18)])
def test_staggered_censoring_keeps_coverage_and_size_at_seventy_five_pairs(
    risks: tuple[float, float],
) -> None:
    rng = np.random.default_rng(20)
    truth = risks[0] - risks[1]
    found = [event_effect(risks, 75, True, rng) for _ in range(2000)]
    covered, _width = coverage(found, truth)
    assert 0.94 <= covered <= 0.975
    # staggered entries must not move the estimate itself
    assert abs(np.mean([e.estimate for e in found]) - truth) < 0.006
    if truth == 0:
        assert np.mean([e.p_value < 0.05 for e in found]) <= 0.06


def test_few_pairs_err_on_the_side_of_caution() -> None:
    rng = np.random.default_rng(21)
    found = [event_effect((0.12, 0.18), 23, True, rng) for _ in range(2000)]
    covered, _width = coverage(found, -0.06)
    assert 0.96 <= covered <= 0.99


def test_counting_from_the_start_of_the_contract_keeps_coverage_and_moves_nothing() -> None:
    rng = np.random.default_rng(24)
    found = [from_start_effect((0.12, 0.18), 75, True, rng) for _ in range(500)]
    covered, _width = coverage(found, -0.06)
    assert 0.92 <= covered <= 0.98
    assert abs(np.mean([e.estimate for e in found]) + 0.06) < 0.01


def test_controls_that_leave_by_support_are_made_up_for_by_those_alike() -> None:
    """Those at twice the hazard are supported more often: leaving them out would hide ruptures."""
    rng = np.random.default_rng(25)
    found = [uncontaminated_effect((0.12, 0.18), 75, True, rng) for _ in range(500)]
    truth = uncontaminated_truth((0.12, 0.18))
    covered, _width = coverage(found, truth)
    assert 0.92 <= covered <= 0.985
    assert abs(np.mean([e.estimate for e in found]) - truth) < 0.01


def test_response_weighting_keeps_the_coverage_at_unequal_response() -> None:
    rng = np.random.default_rng(23)
    found = [status_effect(75, 100, rng) for _ in range(150)]
    covered, width = coverage(found, status_truth())
    assert 0.89 <= covered <= 0.99
    assert 0.42 <= width <= 0.52
