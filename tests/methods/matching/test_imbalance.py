"""Balance figures: by hand, and MatchIt's on the whole sample and on matched pairs."""

import math

import numpy as np
import pytest

from agir_pipeline.methods.matching.imbalance import (
    ecdf_differences,
    effective_sample_size,
    smd_denominator,
    standardized_mean_difference,
    standardized_pair_distance,
    variance_ratio,
    weighted_mean,
)

BINARY = {"raceblack", "racehispan", "racewhite", "married", "nodegree"}
FILES = ["lalonde_nearest_ps_caliper02", "lalonde_nearest_logit_caliper02"]
NAMES = ["age", "educ", *sorted(BINARY), "re74", "re75"]


def figures(x, treated, rows_t, rows_c, is_binary):
    ones_t, ones_c = np.ones(len(rows_t)), np.ones(len(rows_c))
    everybody = np.ones(int((~treated).sum()))
    spread = smd_denominator(x[treated], x[~treated], everybody, is_binary)
    means = weighted_mean(x[rows_t], ones_t), weighted_mean(x[rows_c], ones_c)
    gaps = ecdf_differences(x[rows_t], ones_t, x[rows_c], ones_c, np.unique(x))
    return {
        "Means Treated": means[0],
        "Means Control": means[1],
        "Std. Mean Diff.": standardized_mean_difference(*means, spread),
        "Var. Ratio": variance_ratio(x[rows_t], ones_t, x[rows_c], ones_c),
        "eCDF Mean": abs(means[0] - means[1]) if is_binary else gaps.mean(),
        "eCDF Max": gaps.max(),
    }, spread


def assert_like(found, expected):
    for name, value in found.items():
        if expected[name] is not None:
            assert value == pytest.approx(expected[name], abs=1e-9), name


@pytest.mark.parametrize("name", NAMES)
def test_before_matching_all_figures_are_matchit_s(name, lalonde, golden):
    x, treated = lalonde[name].to_numpy(dtype=float), lalonde["is_treated"].to_numpy()
    rows = np.flatnonzero(treated), np.flatnonzero(~treated)
    found, _ = figures(x, treated, *rows, name in BINARY)
    assert_like(found, golden(FILES[0])["balance_all"][name])


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("name", NAMES)
def test_after_matching_all_figures_are_matchit_s(name, file, lalonde, golden, golden_pairs):
    x, treated = lalonde[name].to_numpy(dtype=float), lalonde["is_treated"].to_numpy()
    rows = golden_pairs(file)
    found, spread = figures(x, treated, *rows, name in BINARY)
    expected = golden(file)["balance_matched"][name]
    assert_like(found, expected)
    distance = standardized_pair_distance(x[rows[0]], x[rows[1]], spread)
    assert distance == pytest.approx(expected["Std. Pair Dist."], abs=1e-9)


def test_the_denominator_falls_back_when_beneficiaries_are_all_alike():
    ones = np.ones(4)
    controls = np.array([1.0, 2.0, 3.0, 6.0])
    assert smd_denominator(np.full(3, 2.0), controls, ones, False) == pytest.approx(
        math.sqrt(controls.var(ddof=1) / 2)
    )
    assert smd_denominator(np.ones(3), np.array([0, 1, 1, 1.0]), ones, True) == pytest.approx(
        math.sqrt(0.25 / 2)
    )
    assert smd_denominator(np.ones(3), np.ones(4), ones, True) == 0.0
    assert smd_denominator(np.ones(1), controls, ones, False) > 0


def test_the_distance_within_pairs_has_an_answer_without_spread_or_without_pairs():
    ones, nobody = np.ones(3), np.zeros(0)
    assert standardized_pair_distance(ones, ones, 0.0) == 0.0
    assert standardized_pair_distance(ones, 2 * ones, 0.0) == math.inf
    assert math.isnan(standardized_pair_distance(nobody, nobody, 1.0))


def test_a_difference_without_spread_fails_every_threshold():
    assert standardized_mean_difference(1.0, 1.0, 0.0) == 0.0
    assert standardized_mean_difference(0.0, 1.0, 0.0) == -math.inf
    assert math.isnan(standardized_mean_difference(math.nan, 1.0, 1.0))


def test_a_variance_ratio_needs_a_control_variance():
    one, two = np.ones(1), np.ones(2)
    assert math.isnan(variance_ratio(np.array([1.0, 3.0]), two, np.array([2.0]), one))
    assert math.isnan(variance_ratio(np.array([1.0, 3.0]), two, np.array([2.0, 2.0]), two))


def test_an_empty_arm_has_no_mean_and_no_size():
    assert math.isnan(weighted_mean(np.zeros(0), np.zeros(0)))
    assert effective_sample_size(np.zeros(0)) == 0.0


def test_effective_sample_size_counts_equal_weights_fully():
    assert effective_sample_size(np.full(7, 0.2)) == pytest.approx(7)
    assert effective_sample_size(np.array([1.0, 1.0, 2.0])) == pytest.approx(16 / 6)
