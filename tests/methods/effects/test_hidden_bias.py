from math import isnan, nan, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from agir_pipeline.methods.effects.hidden_bias import (
    e_value,
    e_value_of_limit,
    largest_gamma,
    mcnemar_bound,
    wilcoxon_bound,
)

counts = st.tuples(st.integers(0, 40), st.integers(0, 40))
gammas = st.floats(1, 5)


def test_mcnemar_worked_by_hand():
    # 2 of 3 discordant pairs in the claimed direction, Γ = 2: 3·(2/3)²(1/3) + (2/3)³ = 20/27
    assert mcnemar_bound(2, 3, 2.0) == pytest.approx(20 / 27)


def test_the_direction_is_the_claimed_one_not_the_larger_one():
    # b = 5, c = 18: falling ruptures are claimed, so c counts
    assert mcnemar_bound(18, 23, 1.0) == pytest.approx(0.0053, abs=5e-5)
    assert mcnemar_bound(5, 23, 1.0) == pytest.approx(0.9987, abs=5e-5)


@given(counts)
def test_without_bias_it_is_the_exact_one_sided_test(cells):
    n_claimed, n_other = cells
    n = n_claimed + n_other
    plain = stats.binomtest(n_claimed, n, alternative="greater").pvalue if n else 1.0
    assert mcnemar_bound(n_claimed, n, 1.0) == pytest.approx(plain)


@given(counts, gammas, gammas)
def test_more_bias_never_makes_an_effect_surer(cells, one, other):
    n_claimed, n_other = cells
    low, high = sorted((one, other))
    found = [mcnemar_bound(n_claimed, n_claimed + n_other, gamma) for gamma in (low, high)]
    assert found[0] <= found[1] + 1e-12


def test_wilcoxon_worked_by_hand():
    # ranks 1, 2, 3 of −1, 2, 3: T⁺ = 5; at Γ = 2 expected 4, variance 2/9·14
    z = (5 - 4) / sqrt(2 / 9 * 14)
    assert wilcoxon_bound([-1, 2, 3, 0, nan], 2.0) == pytest.approx(stats.norm.sf(z))


def test_without_bias_wilcoxon_is_the_test_itself(lalonde):
    pairs = lalonde("nearest_logit_caliper02")
    differences = pairs["beneficiary_re78"] - pairs["control_re78"]
    assert 2 * wilcoxon_bound(differences, 1.0) == pytest.approx(0.0682476530380814, abs=1e-10)


def test_no_difference_proves_nothing():
    assert wilcoxon_bound([0.0, nan], 1.0) == 1.0
    assert wilcoxon_bound(np.array([]), 2.0) == 1.0


def test_the_largest_gamma_is_the_last_one_that_stands():
    assert largest_gamma([1.0, 1.1, 1.2], [0.01, 0.02, 0.03], 0.025) == 1.1
    assert isnan(largest_gamma([1.0, 1.1], [0.03, 0.04], 0.025))


def test_e_value_is_the_published_example():
    # VanderWeele & Ding 2017: risk ratio 3.9, interval 1.8 to 8.7
    assert e_value(3.9) == pytest.approx(7.26, abs=5e-3)
    assert e_value_of_limit(1.8, 8.7) == pytest.approx(3.0, abs=5e-3)


def test_e_value_of_nothing_is_one_and_of_the_unknown_unknown():
    assert e_value(1.0) == 1.0
    assert isnan(e_value(nan))
    assert isnan(e_value(0.0))
    assert e_value_of_limit(0.8, 1.2) == 1.0
    assert e_value_of_limit(0.2, 0.5) == pytest.approx(e_value(2.0))
    assert isnan(e_value_of_limit(nan, 2.0))
    assert isnan(e_value_of_limit(0.5, nan))


@given(st.floats(0.01, 100))
def test_a_ratio_and_its_inverse_need_the_same_cause(ratio):
    assert e_value(ratio) == pytest.approx(e_value(1 / ratio))
    assert e_value(ratio) >= 1
