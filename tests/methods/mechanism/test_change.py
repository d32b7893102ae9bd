"""Changes: by hand, as R computes them, and where nothing can be said."""

import numpy as np
import pytest
from scipy import stats

from agir_pipeline.methods.mechanism.change import clustered_mean, reliable_changes, wilcoxon_p

LEVEL = 0.95


def test_a_mean_of_respondents_who_answer_for_several():
    found = clustered_mean([1, 3, 2, 5, 7, 4, 6, 2], list("aabcccde"), LEVEL)
    assert found.estimate == 3.75
    assert found.standard_error == pytest.approx(0.947859430506444)  # R
    reach = stats.t.ppf(0.975, 8**2 / (4 + 1 + 9 + 1 + 1) - 1) * 0.947859430506444
    assert (found.ci_low, found.ci_high) == pytest.approx((3.75 - reach, 3.75 + reach))


def test_one_answer_each_is_the_mean_as_always():
    values = [1.0, 3.0, 2.0, 5.0]
    found = clustered_mean(values, range(4), LEVEL)
    low, high = stats.t.interval(LEVEL, 3, np.mean(values), stats.sem(values))
    assert (found.ci_low, found.ci_high) == pytest.approx((low, high))


def test_one_respondent_or_none_gives_no_interval():
    alone = clustered_mean([1.0, 2.0], ["a", "a"], LEVEL)
    assert alone.estimate == 1.5
    assert np.isnan(alone.ci_low)
    nearly_alone = clustered_mean([1.0, 2.0, 4.0, 3.0, 5.0, 8.0], list("aaaaab"), LEVEL)
    reach = stats.t.ppf(0.975, 1) * nearly_alone.standard_error
    assert nearly_alone.ci_high == pytest.approx(nearly_alone.estimate + reach)
    assert np.isnan(clustered_mean([], [], LEVEL).estimate)


def test_wilcoxon_as_r_without_correction():
    assert wilcoxon_p([3, -1, 4, 2, 0, -2, 5, 1]) == pytest.approx(0.126825658377091)
    assert np.isnan(wilcoxon_p([0, 0]))


def test_a_change_counts_only_beyond_the_noise_of_the_scale():
    # SD of before is 10, reliability 0.8: noise 10·√0.4 = 6.32, the limit 12.4
    before = [40, 50, 60]
    assert reliable_changes(before, [53, 50, 47], 0.8, 1.96) == pytest.approx((1 / 3, 1 / 3))
    assert reliable_changes(before, [52, 50, 48], 0.8, 1.96) == (0, 0)


@pytest.mark.parametrize(
    ("before", "reliability"), [([1.0], 0.8), ([1, 2], 1.0), ([1, 2], np.nan), ([2, 2], 0.5)]
)
def test_without_noise_to_measure_against_nothing_is_said(before, reliability):
    assert np.isnan(reliable_changes(before, before, reliability, 1.96)).all()
