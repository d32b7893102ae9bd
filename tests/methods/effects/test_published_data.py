"""Two published tables of times, estimated here and by R 4.2.2 (survival 3.5-3, cmprsk 2.2-11).

Kidney: days from the insertion of a catheter to infection, two insertions of each of 38 patients,
the first and the second taken as the members of a pair (McGilchrist & Aisbett 1991,
doi:10.2307/2532138). Ovarian: days of 26 patients in two arms of 13 (Edmonson and others 1979,
Cancer Treatment Reports 63:241).
"""

from math import exp, log

import numpy as np
import pytest

from agir_pipeline.methods.effects.competing import gray_test, hazard_ratio_within
from agir_pipeline.methods.effects.paired import PairedTable, conditional_odds_ratio
from agir_pipeline.methods.effects.proportional import hazard_ratio
from agir_pipeline.methods.effects.survival import (
    censored_bonett_price,
    cumulative_incidence,
    days_lost,
    log_log_interval,
)

INFECTED_ON = (
    [8, 23, 22, 447, 30, 24, 7, 511, 53, 15, 7, 141, 96, 149, 536, 17, 185, 292, 22, 15, 152, 402,
     13, 39, 12, 113, 132, 34, 2, 130, 27, 5, 152, 190, 119, 54, 6, 63],
    [16, 13, 28, 318, 12, 245, 9, 30, 196, 154, 333, 8, 38, 70, 25, 4, 177, 114, 159, 108, 562, 24,
     66, 46, 40, 201, 156, 30, 25, 26, 58, 43, 30, 5, 8, 16, 78, 8],
)  # fmt: skip
NOT_INFECTED = ([13, 18, 25, 31, 35, 36], [1, 11, 13, 14, 15, 18, 19, 21, 23, 33, 35, 37])
"""Places of the patients whose catheter was taken out for another reason."""
DIED_ON = [421, 464, 475, 563, 744, 769, 770, 1129, 1206, 1227, 353, 365, 377], [
    59, 115, 156, 431, 448, 477, 638, 803, 855, 1040, 1106, 268, 329,
]  # fmt: skip
DIED = [0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 1, 1, 0], [1, 1, 1, 1, 0, 0, 1, 0, 0, 0, 0, 1, 1]


@pytest.fixture(scope="module")
def kidney():
    times = np.array(INFECTED_ON, dtype=float)
    causes = np.ones_like(times)
    for arm, places in enumerate(NOT_INFECTED):
        causes[arm, places] = 0
    return times, causes


def test_censored_bonett_price_is_that_of_survfit_with_two_pseudo_pairs(kidney):
    times, causes = kidney
    found = censored_bonett_price(times[0], causes[0], times[1], causes[1], 66, 0.95)
    assert (found.ci_low + found.ci_high) / 2 == pytest.approx(0.0172127251380655, abs=1e-12)
    assert found.standard_error == pytest.approx(0.1134225496115550, abs=1e-12)


def test_hazard_ratios_are_those_of_coxph(kidney):
    times, causes = kidney
    seen, has_event = np.minimum(times, 66), (causes == 1) & (times <= 66)
    found = hazard_ratio(seen, has_event, 0.95)
    assert log(found.ratio.estimate) == pytest.approx(0.198869538915318, abs=1e-9)
    assert found.ratio.standard_error == pytest.approx(0.304076408045195, abs=1e-9)
    assert found.naive_error == pytest.approx(0.349814252858013, abs=1e-9)
    assert found.proportional_p == pytest.approx(0.13926202122019, abs=1e-9)
    within = hazard_ratio_within(seen, has_event, 0.95)
    assert within.estimate == pytest.approx(exp(0.619039208406224), rel=1e-9)
    assert within.standard_error == pytest.approx(0.468807230938495, abs=1e-9)


def test_gray_is_that_of_cmprsk_and_the_odds_ratio_that_of_clogit(kidney):
    times, causes = kidney
    has_event = (causes == 1) & (times <= 66)
    found = gray_test(np.minimum(times, 66), has_event.astype(float))
    assert found.statistic == pytest.approx(0.336381127983284, abs=1e-9)
    assert found.p_value == pytest.approx(0.561925589150242, abs=1e-9)
    ratio = conditional_odds_ratio(PairedTable.of(*has_event), 0.95)
    assert log(ratio.estimate) == pytest.approx(0.405465108107289, abs=1e-9)
    assert ratio.standard_error == pytest.approx(0.527046276694684, abs=1e-9)


@pytest.mark.parametrize(
    ("arm", "risk", "error", "limits", "free_days", "free_error"),
    [
        (0, 0.435897435897436, 0.14875799562071, (0.155948589111974, 0.690015947486234),
         556.3418803418800, 30.5052291848331),
        (1, 0.569230769230769, 0.14667301126951, (0.251389096159228, 0.794577080888754),
         448.0, 61.8752323526807),
    ],
)  # fmt: skip
def test_risk_its_limits_and_days_free_are_those_of_survfit(
    arm, risk, error, limits, free_days, free_error
):
    found = cumulative_incidence(DIED_ON[arm], DIED[arm], 638)
    assert (found.risk, found.standard_error) == pytest.approx((risk, error), abs=1e-12)
    assert log_log_interval(found.risk, found.standard_error, 0.95) == pytest.approx(limits)
    lost = days_lost(DIED_ON[arm], DIED[arm], 638)
    assert (638 - lost.risk, lost.standard_error) == pytest.approx((free_days, free_error))
