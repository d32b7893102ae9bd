from functools import cache
from math import exp, isnan, log, nan, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special
from statsmodels.stats.contingency_tables import mcnemar

from agir_pipeline.methods.effects.estimate import UNKNOWN
from agir_pipeline.methods.effects.paired import (
    PairedTable,
    bonett_price,
    conditional_odds_ratio,
    mcnemar_exact,
    mcnemar_midp,
    newcombe,
    risk_ratio,
)

cells = st.builds(PairedTable, *[st.integers(0, 60)] * 4)
SEVENTY_FIVE = PairedTable(5, 9, 14, 47)
AIRWAYS = PairedTable(1, 1, 7, 12)
"""Airway hyper-responsiveness before and after transplantation, Fagerland et al. 2014, table V."""


def swapped(table: PairedTable) -> PairedTable:
    return PairedTable(table.a, table.c, table.b, table.d)


def test_pairs_are_counted_by_what_happened_to_each_member() -> None:
    beneficiary = [True, True, False, False, False]
    control = [True, False, True, False, False]
    assert PairedTable.of(beneficiary, control) == PairedTable(1, 1, 1, 2)


def test_bonett_price_worked_by_hand() -> None:
    # (9 + 1)/77 − (14 + 1)/77 and √((25/77 − D²)/77)
    found = bonett_price(SEVENTY_FIVE, 0.95)
    assert found.estimate == pytest.approx(-5 / 75)
    assert (found.ci_low + found.ci_high) / 2 == pytest.approx(-0.06493506, abs=5e-9)
    assert found.standard_error == pytest.approx(0.06451203, abs=5e-9)


def test_published_intervals_of_the_airway_data() -> None:
    price, hybrid = bonett_price(AIRWAYS, 0.95), newcombe(AIRWAYS, 0.95)
    assert (round(price.ci_low, 3), round(price.ci_high, 3)) == (-0.508, -0.013)
    assert (round(hybrid.ci_low, 3), round(hybrid.ci_high, 3)) == (-0.507, -0.026)


def test_newcombe_without_correlation_is_the_interval_for_independent_arms() -> None:
    # 9/75 against 14/75; 0 ≤ ad − bc ≤ n/2, so the corrected correlation is 0
    found = newcombe(PairedTable(2, 7, 12, 54), 0.95)
    assert found.ci_low == pytest.approx(-0.18336, abs=5e-6)
    assert found.ci_high == pytest.approx(0.05068, abs=5e-6)


def test_newcombe_with_negative_correlation_is_wider_than_with_none() -> None:
    apart, alike = newcombe(PairedTable(0, 14, 19, 42), 0.95), newcombe(SEVENTY_FIVE, 0.95)
    assert apart.ci_high - apart.ci_low > alike.ci_high - alike.ci_low


def test_mcnemar_golden_values() -> None:
    table = PairedTable(20, 17, 23, 57)
    assert mcnemar_exact(table) == pytest.approx(0.429590507843387, rel=1e-12)
    assert mcnemar_midp(table) == pytest.approx(0.348889, abs=5e-7)


@given(cells)
def test_exact_mcnemar_is_that_of_statsmodels(table: PairedTable) -> None:
    a, b, c, d = table
    expected = mcnemar([[a, b], [c, d]], exact=True).pvalue
    assert mcnemar_exact(table) == pytest.approx(expected if b + c else 1.0)


def test_risk_ratio_worked_by_hand() -> None:
    found = risk_ratio(SEVENTY_FIVE, 0.95)
    spread = sqrt(23 / (14 * 19))
    assert found.estimate == pytest.approx(14 / 19)
    assert found.ci_low == pytest.approx(14 / 19 * exp(-1.959964 * spread), rel=1e-6)
    assert found.ci_high == pytest.approx(14 / 19 * exp(1.959964 * spread), rel=1e-6)


def test_conditional_odds_ratio_golden_value() -> None:
    found = conditional_odds_ratio(PairedTable(0, 17, 23, 0), 0.95)
    assert log(found.estimate) == pytest.approx(-0.302280871872922)
    assert found.standard_error == pytest.approx(0.3198465105036)
    assert found.ci_low < 1 < found.ci_high


@given(cells)
def test_exact_limits_exclude_one_exactly_when_the_exact_test_rejects(table: PairedTable) -> None:
    found = conditional_odds_ratio(table, 0.95)
    excludes_one = bool(found.ci_low > 1 or found.ci_high < 1)
    assert excludes_one == (mcnemar_exact(table) < 0.05)


@pytest.mark.parametrize(
    ("table", "estimate", "has_low", "has_high"),
    [
        (PairedTable(3, 0, 6, 10), 0.0, True, True),
        (PairedTable(3, 6, 0, 10), nan, True, False),
        (PairedTable(3, 0, 0, 10), nan, False, False),
    ],
)
def test_empty_discordant_cells_give_one_sided_limits(
    table: PairedTable, estimate: float, has_low: bool, has_high: bool
) -> None:
    found = conditional_odds_ratio(table, 0.95)
    assert found.estimate == pytest.approx(estimate, nan_ok=True)
    assert (not isnan(found.ci_low), not isnan(found.ci_high)) == (has_low, has_high)


def test_the_one_sided_limit_is_clopper_pearsons() -> None:
    # b = 0 of 6: upper limit of the share 1 − 0.025^(1/6), as odds
    share = 1 - 0.025 ** (1 / 6)
    found = conditional_odds_ratio(PairedTable(3, 0, 6, 10), 0.95)
    assert found.ci_high == pytest.approx(share / (1 - share))
    assert found.ci_low == 0


def test_risk_ratios_without_limits() -> None:
    assert risk_ratio(PairedTable(0, 3, 0, 9), 0.95) == UNKNOWN
    for table in (PairedTable(0, 0, 3, 9), PairedTable(4, 0, 0, 9)):
        found = risk_ratio(table, 0.95)
        assert found.estimate == (0 if table.a == 0 else 1)
        assert isnan(found.ci_low)
        assert isnan(found.ci_high)


def test_no_pair_gives_nothing() -> None:
    empty = PairedTable.of([], [])
    assert bonett_price(empty, 0.95) == newcombe(empty, 0.95) == UNKNOWN
    assert conditional_odds_ratio(empty, 0.95) == risk_ratio(empty, 0.95) == UNKNOWN
    assert mcnemar_midp(empty) == mcnemar_exact(empty) == 1


@given(cells)
def test_swapping_the_arms_flips_the_sign_and_keeps_the_tests(table: PairedTable) -> None:
    for method in (bonett_price, newcombe):
        found, mirrored = method(table, 0.9), method(swapped(table), 0.9)
        assert mirrored.estimate == pytest.approx(-found.estimate, nan_ok=True)
        assert mirrored.ci_low == pytest.approx(-found.ci_high, nan_ok=True, abs=1e-12)
        assert mirrored.p_value == pytest.approx(found.p_value, nan_ok=True)
    assert mcnemar_midp(swapped(table)) == mcnemar_midp(table)
    ratio, inverse = (conditional_odds_ratio(t, 0.9) for t in (table, swapped(table)))
    if table.b and table.c:
        assert inverse.estimate == pytest.approx(1 / ratio.estimate)
        assert inverse.ci_low == pytest.approx(1 / ratio.ci_high)


@given(cells)
def test_every_interval_lies_within_the_scale_and_holds_its_middle(table: PairedTable) -> None:
    for method in (bonett_price, newcombe):
        found = method(table, 0.95)
        if table.n:
            assert found.ci_low < found.ci_high
    if table.n:
        hybrid = newcombe(table, 0.95)
        assert -1 <= hybrid.ci_low <= hybrid.estimate <= hybrid.ci_high <= 1


# ------------------------------------------------- promises, by enumeration of all (b, c)


@cache
def all_results(n: int) -> tuple[np.ndarray, ...]:
    """For every (b, c) of n pairs: the interval's limits and the mid-p value."""
    b, c = np.array([(b, c) for b in range(n + 1) for c in range(n + 1 - b)]).T
    both = zip(b.tolist(), c.tolist(), strict=True)
    tables = [PairedTable(0, i, j, n - i - j) for i, j in both]
    intervals = [bonett_price(table, 0.95) for table in tables]
    midp = cache(lambda i, j: mcnemar_midp(PairedTable(0, i, j, 0)))
    return (
        b,
        c,
        np.array([found.ci_low for found in intervals]),
        np.array([found.ci_high for found in intervals]),
        np.array([midp(min(t.b, t.c), max(t.b, t.c)) for t in tables]),
    )


def coverage_and_size(n: int, p1: float, p2: float) -> tuple[float, float]:
    b, c, low, high, midp = all_results(n)
    both = p1 * p2 + 0.1 * sqrt(p1 * (1 - p1) * p2 * (1 - p2))
    p_b, p_c = p1 - both, p2 - both
    d = n - b - c
    ways = special.gammaln(n + 1) - sum(special.gammaln(x + 1) for x in (b, c, d))
    chance = np.exp(ways + b * np.log(p_b) + c * np.log(p_c) + d * np.log(1 - p_b - p_c))
    covered = (low <= p1 - p2) & (p1 - p2 <= high)
    return float(chance[covered].sum()), float(chance[midp <= 0.05].sum())


@pytest.mark.parametrize("p1", [0.1, 0.18, 0.3, 0.45, 0.6])
@pytest.mark.parametrize("p2", [0.1, 0.18, 0.3, 0.45, 0.6])
def test_at_seventy_five_pairs_coverage_and_size_keep_their_promise(p1: float, p2: float) -> None:
    coverage, size = coverage_and_size(75, p1, p2)
    assert 0.94 <= coverage <= 0.97
    if p1 == p2:
        assert size <= 0.052


def test_figures_of_the_reference_at_75_and_23_pairs() -> None:
    assert coverage_and_size(75, 0.1, 0.1)[0] == pytest.approx(0.964, abs=0.0005)
    assert 0.0435 <= coverage_and_size(75, 0.18, 0.18)[1] <= 0.046
    for p1, p2 in ((0.12, 0.18), (0.05, 0.18), (0.18, 0.18), (0.3, 0.3), (0.6, 0.6)):
        coverage, size = coverage_and_size(23, p1, p2)
        assert 0.958 <= coverage <= 0.985
        if p1 == p2:
            assert 0.015 <= size <= 0.0415


def test_power_of_the_midp_test_at_seventy_five_pairs() -> None:
    assert coverage_and_size(75, 0.12, 0.18)[1] == pytest.approx(0.18, abs=0.005)
    assert coverage_and_size(75, 0.05, 0.18)[1] == pytest.approx(0.76, abs=0.005)
