from math import isnan, nan

import pytest
from scipy import stats

from agir_pipeline.methods.effects.precision import (
    detectable_in_arms,
    detectable_in_pairs,
    detectable_measure,
)

BASELINES = (0.14, 0.18, 0.22, 0.28, 0.30)


@pytest.mark.parametrize(
    ("n_pairs", "alone", "holm"),
    [
        (75, (12.1, 13.8, 15.4, 17.3, 17.9), (12.9, 14.8, 16.5, 18.6, 19.2)),
        (150, (9.0, 10.3, 11.4, 12.7, 13.0), (9.8, 11.3, 12.4, 13.8, 14.2)),
    ],
)
def test_power_table_of_pairs(n_pairs: int, alone: tuple, holm: tuple) -> None:
    for alpha, expected in ((0.05, alone), (0.025, holm)):
        found = [detectable_in_pairs(n_pairs, p, "lower", alpha, 0.8) for p in BASELINES]
        assert found == pytest.approx(expected)


@pytest.mark.parametrize(
    ("n", "alone", "holm"),
    [
        (23, (nan, nan, 21.5, 26.0, 27.3), (nan, nan, 21.9, 27.0, 28.5)),
        (50, (13.0, 15.6, 17.8, 20.5, 21.3), (13.5, 16.4, 18.8, 22.0, 22.9)),
        (60, (12.4, 14.8, 16.7, 19.2, 19.9), (13.0, 15.6, 17.8, 20.6, 21.4)),
        (75, (11.7, 13.7, 15.5, 17.6, 18.2), (12.3, 14.6, 16.6, 19.0, 19.7)),
        (150, (9.2, 10.6, 11.8, 13.2, 13.6), (9.9, 11.4, 12.7, 14.3, 14.8)),
        (500, (5.6, 6.3, 6.9, 7.6, 7.8), (6.1, 6.9, 7.5, 8.3, 8.5)),
        (750, (4.7, 5.3, 5.7, 6.3, 6.4), (5.1, 5.7, 6.3, 6.9, 7.1)),
    ],
)
def test_power_table_of_independent_arms(n: int, alone: tuple, holm: tuple) -> None:
    for alpha, expected in ((0.05, alone), (0.025, holm)):
        found = [detectable_in_arms(n, n, p, "lower", alpha, 0.8) for p in BASELINES]
        assert found == pytest.approx(expected, nan_ok=True)


def test_few_complete_pairs_detect_large_changes_only() -> None:
    assert isnan(detectable_in_pairs(23, 0.18, "lower", 0.05, 0.8))
    assert detectable_in_pairs(22, 0.6, "higher", 0.05, 0.8) == pytest.approx(33.7)


def test_a_fall_is_a_rise_of_the_opposite() -> None:
    fall = detectable_in_pairs(60, 0.3, "lower", 0.05, 0.8)
    assert detectable_in_pairs(60, 0.7, "higher", 0.05, 0.8) == pytest.approx(fall)
    arms = detectable_in_arms(60, 45, 0.3, "lower", 0.05, 0.8)
    assert detectable_in_arms(60, 45, 0.7, "higher", 0.05, 0.8) == pytest.approx(arms)


@pytest.mark.parametrize("direction", ["lower", "higher"])
@pytest.mark.parametrize("baseline", [0.14, 0.3, 0.6])
def test_enumeration_and_approximation_meet(direction: str, baseline: float) -> None:
    exact = detectable_in_pairs(300, baseline, direction, 0.05, 0.8)
    approximate = detectable_in_pairs(301, baseline, direction, 0.05, 0.8)
    assert approximate == pytest.approx(exact, abs=0.2)


def test_more_pairs_detect_less() -> None:
    found = [detectable_in_pairs(n, 0.25, "lower", 0.05, 0.8) for n in (40, 80, 160, 400, 5000)]
    assert found == sorted(found, reverse=True)


@pytest.mark.parametrize(
    ("n_pairs", "baseline", "direction"),
    [(0, 0.2, "lower"), (50, nan, "lower"), (50, 0.0, "lower"), (50, 1.0, "higher")],
)
def test_nothing_can_be_said_without_pairs_or_room(
    n_pairs: int, baseline: float, direction: str
) -> None:
    assert isnan(detectable_in_pairs(n_pairs, baseline, direction, 0.05, 0.8))
    assert isnan(detectable_in_arms(n_pairs, n_pairs, baseline, direction, 0.05, 0.8))


def test_a_baseline_at_the_other_end_still_has_room() -> None:
    assert 0 < detectable_in_pairs(50, 0.0, "higher", 0.05, 0.8) < 20
    assert 0 < detectable_in_pairs(500, 1.0, "lower", 0.05, 0.8) < 5


def test_a_measure_detects_a_third_of_a_standard_deviation_at_seventy_five_pairs() -> None:
    standard_error = 75**-0.5
    assert detectable_measure(standard_error, 74, 0.05, 0.8) == pytest.approx(0.33, abs=0.005)
    assert detectable_measure(standard_error, 74, 0.025, 0.8) == pytest.approx(0.36, abs=0.005)
    expected = (stats.t.ppf(0.975, 9) + stats.t.ppf(0.8, 9)) * 2.0
    assert detectable_measure(2.0, 9, 0.05, 0.8) == pytest.approx(expected)
    assert isnan(detectable_measure(2.0, 0, 0.05, 0.8))
