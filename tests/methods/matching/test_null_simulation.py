"""Where nothing has an effect, the product finds none; bands solved together would find one."""

import numpy as np
import pytest

from benchmarks.matching_bias import ONE_ROUND, POOLS, banded, draw, joint

N_REPLICATES = 60


@pytest.fixture(scope="module")
def differences():
    studies = [draw(np.random.default_rng([7, i]), POOLS["1.2"]) for i in range(N_REPLICATES)]
    return {
        "banded": np.array([banded(s, ONE_ROUND, has_score=False)[0] for s in studies]),
        "joint": np.array([joint(s)[0] for s in studies]),
    }


def standard_error(values):
    return values.std(ddof=1) / np.sqrt(len(values))


def test_bands_in_sequence_show_no_effect(differences):
    found = differences["banded"]
    assert abs(found.mean()) < 3 * standard_error(found)


def test_bands_solved_together_show_a_benefit_that_is_none(differences):
    found = differences["joint"]
    assert found.mean() < -3 * standard_error(found)
    apart = differences["joint"] - differences["banded"]
    assert apart.mean() < -3 * standard_error(apart)
