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
