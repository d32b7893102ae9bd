"""What the check of balance says of pairs, and that it says nothing of pairs that are not there."""

import pandas as pd

from agir_pipeline.assets.matched import _arms_are_alike


def balance(n_beneficiaries, *smds):
    own = pd.DataFrame({"sample": "matched", "smd": smds, "n_beneficiaries": n_beneficiaries})
    return pd.concat([own, own.assign(sample="pool", smd=0.9, n_beneficiaries=9)])


def test_a_covariate_beyond_the_limit_or_undefined_is_counted():
    check = _arms_are_alike(balance(9, 0.1, -0.1, 0.2, None), 0.1)
    assert check.status == "failed"
    assert check.sentence == "2 of 4 lines are further apart than 0.1"
    assert _arms_are_alike(balance(9, 0.1, -0.1), 0.1).has_passed


def test_without_a_pair_nothing_is_said_to_be_apart():
    check = _arms_are_alike(balance(0, None, None), 0.1)
    assert check.status == "warned"
    assert check.sentence == "no pair yet: nothing can be compared"
