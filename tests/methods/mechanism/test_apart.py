"""Two groups of different persons: Agresti and Caffo, censoring, a group without event."""

import numpy as np
import pytest
from scipy import stats

from agir_pipeline.methods.mechanism.apart import compared_risks, wilson


def group(n_events, n, day=5.0):
    return np.array([day] * n_events + [99.0] * (n - n_events)), np.array(
        [1.0] * n_events + [0.0] * (n - n_events)
    )


def test_without_censoring_it_is_the_interval_of_agresti_and_caffo():
    found = compared_risks(group(3, 10), group(7, 12), horizon=30, level=0.95)
    assert (found.first, found.second) == pytest.approx((0.3, 7 / 12))
    assert found.difference.estimate == pytest.approx(0.3 - 7 / 12)
    limits = found.difference.ci_low, found.difference.ci_high
    assert limits == pytest.approx((-0.61003025486605, 0.13383977867557))


def test_the_ratio_has_the_interval_of_the_log_scale():
    found = compared_risks(group(3, 10), group(7, 12), horizon=30, level=0.95)
    at, low, high = found.ratio
    assert at == pytest.approx(0.3 * 12 / 7)
    error = (0.7 / 3 + (5 / 12) / 7) ** 0.5
    assert np.log([low, high]) == pytest.approx(
        [np.log(at) - 1.959964 * error, np.log(at) + 1.959964 * error], abs=1e-5
    )


def test_a_group_without_event_has_an_interval_of_some_width_and_no_ratio():
    found = compared_risks(group(0, 4), group(2, 8), horizon=30, level=0.95)
    assert found.first == 0
    assert found.difference.ci_low < -0.25 < found.difference.ci_high
    assert found.difference.ci_high > 0
    assert np.isnan(found.ratio).all()


def test_whoever_is_followed_less_far_counts_as_far_as_it_goes():
    times, causes = group(1, 4)
    times[3] = 3.0  # left before the event: three at risk on its day
    assert compared_risks((times, causes), group(1, 4), horizon=30, level=0.95).first == 1 / 3


@pytest.mark.parametrize(("n_with", "n"), [(0, 5), (3, 10), (7, 7), (40, 150)])
def test_the_interval_of_a_share_is_wilsons(n_with, n):
    limits = stats.binomtest(n_with, n).proportion_ci(0.9, method="wilson")
    assert wilson(n_with, n, 0.9) == pytest.approx((limits.low, limits.high))


def test_groups_of_whom_everybody_had_the_event_have_a_ratio_without_limits():
    days = np.repeat(np.arange(1.0, 26.0), 3)
    found = compared_risks((days, np.ones(75)), (days, np.ones(75)), horizon=274, level=0.95)
    assert found.ratio[0] == pytest.approx(1)
    assert np.isnan(found.ratio[1:]).all()
