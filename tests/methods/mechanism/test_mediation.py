"""Through the link and beside it: as R computes it, exact sums, a planted part found again."""

import numpy as np
import pytest

from agir_pipeline.methods.mechanism.mediation import mediated

Y = [0, 1, 0, 0, 1, 0, 1, 1, 0, 1, 1, 0]
M = [70, 40, 80, 60, 35, 75, 50, 30, 65, 45, 20, 60]
ARM = [1] * 6 + [0] * 6
PAIR = [*range(6)] * 2


def test_the_parts_and_their_errors_as_r_computes_them():
    found = mediated(Y, M, ARM, PAIR, 0.95)
    assert found.total.estimate == pytest.approx(-1 / 3)
    assert found.total.standard_error == pytest.approx(0.210818510677892)
    assert found.through.estimate == pytest.approx(-0.369230769230769)
    assert found.through.standard_error == pytest.approx(0.039232200151806)
    assert found.beside.estimate == pytest.approx(0.035897435897436)
    assert found.beside.standard_error == pytest.approx(0.200952810540001)


def test_the_limits_of_a_product_lean_away_from_nothing():
    """Those of many drawn products; a normal law of the same error would lie around the middle."""
    rng = np.random.default_rng(4)
    n = 75
    arm = np.repeat([1.0, 0.0], n)
    link = 0.5 * arm + rng.uniform(-2, 2, 2 * n)
    event = (rng.random(2 * n) < 0.3 - 0.08 * link).astype(float)
    found = mediated(event, link, arm, np.tile(np.arange(n), 2), 0.95)
    a, b = (np.polyfit(arm, link, 1)[0], found.through.estimate / np.polyfit(arm, link, 1)[0])
    # a's error: the pair differences of the link; b's follows from that of the product (delta)
    a_error = (link[:n] - link[n:]).std(ddof=1) / np.sqrt(n)
    b_error = np.sqrt(found.through.standard_error**2 - (b * a_error) ** 2) / a
    drawn = rng.normal(a, a_error, 400_000) * rng.normal(b, b_error, 400_000)
    low, high = np.quantile(drawn, [0.025, 0.975])
    assert (found.through.ci_low, found.through.ci_high) == pytest.approx((low, high), abs=0.003)
    assert found.through.estimate - found.through.ci_low > found.through.ci_high - (
        found.through.estimate
    )


def test_where_nobody_had_the_event_nothing_goes_through_the_link():
    found = mediated([0] * 12, M, ARM, PAIR, 0.95)
    assert found.through.estimate == 0
    assert np.isnan(found.through.ci_low)


def test_the_parts_add_up_to_the_difference_of_the_arms():
    found = mediated(Y, M, ARM, PAIR, 0.95)
    assert found.through.estimate + found.beside.estimate == pytest.approx(found.total.estimate)
    assert found.total.estimate == pytest.approx(np.mean(Y[:6]) - np.mean(Y[6:]))


def test_a_planted_part_is_found_again():
    rng = np.random.default_rng(3)
    n = 20_000
    arm = np.repeat([1.0, 0.0], n)
    link = 50 + 10 * arm + rng.normal(0, 15, 2 * n)
    event = rng.random(2 * n) < 0.5 - 0.004 * (link - 50) - 0.05 * arm
    found = mediated(event, link, arm, np.tile(np.arange(n), 2), 0.95)
    assert found.through.estimate == pytest.approx(-0.04, abs=0.005)
    assert found.beside.estimate == pytest.approx(-0.05, abs=0.02)


@pytest.mark.parametrize(
    ("mediator", "arm", "pair"),
    [
        (M[:6], ARM[:6], PAIR[:6]),
        ([1] * 6 + [2] * 6, ARM, PAIR),
        (M, ARM, [0, 1, 2] * 4),
        ([], [], []),
    ],
)
def test_one_arm_a_link_told_by_the_arm_or_too_few_pairs_say_nothing(mediator, arm, pair):
    found = mediated(Y[: len(arm)], mediator, arm, pair, 0.95)
    assert all(np.isnan(part.estimate) for part in found)
