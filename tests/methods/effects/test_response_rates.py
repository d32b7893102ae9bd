from math import isnan

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agir_pipeline.methods.effects.response_rates import (
    RESPONSE_COLUMNS,
    newcombe_unpaired,
    response_rates,
)
from agir_pipeline.protocol.model import Wave

from .conftest import LABELS, fact

shares = st.tuples(st.integers(0, 30), st.integers(1, 30)).map(lambda t: (min(t), t[1]))


@pytest.fixture(scope="module")
def waves():
    return tuple(
        Wave.model_validate(
            {
                "name": name, "labels": LABELS, "origin": "survey", "asked": "index",
                "months_after": fact(0, "months"), "window_days": fact([10, 20]),
            }
        )
        for name in ("first", "second")
    )  # fmt: skip


@pytest.mark.parametrize(
    ("events", "interval"),
    [((9, 14), (-0.18336, 0.05068)), ((14, 18), (-0.18300, 0.07831))],
)
def test_the_interval_of_two_shares_is_the_published_one(events, interval):
    difference, low, high = newcombe_unpaired(events, (75, 75), 0.95)
    assert difference == pytest.approx((events[0] - events[1]) / 75)
    assert (low, high) == pytest.approx(interval, abs=5e-6)


def test_an_arm_with_nobody_is_compared_with_nothing():
    assert all(isnan(value) for value in newcombe_unpaired((1, 0), (2, 0), 0.95))


@given(shares, shares)
def test_swapping_the_arms_flips_the_difference(first, second):
    (n1, of1), (n2, of2) = first, second
    found = newcombe_unpaired((n1, n2), (of1, of2), 0.95)
    mirrored = newcombe_unpaired((n2, n1), (of2, of1), 0.95)
    assert mirrored == pytest.approx((-found[0], -found[2], -found[1]))


def test_every_member_is_counted_once(waves, inference, draw):
    table = response_rates(
        draw("""
        wave  | arm         | is_due | state
        first | beneficiary | true   | answered
        first | beneficiary | true   | answered
        first | beneficiary | true   | in_part
        first | beneficiary | false  |
        first | control     | true   | answered
        first | control     | true   | out_of_window
        first | control     | true   | no_contact
        first | control     | true   | silent
        """),
        waves,
        inference(),
    )
    assert list(table.columns) == list(RESPONSE_COLUMNS)
    rows = table.set_index(["wave", "arm"])
    first = rows.loc[("first", "beneficiary")]
    assert first[["n_expected", "n_due", "n_not_due", "n_answered"]].tolist() == [4, 3, 1, 2]
    assert first["response_rate"] == pytest.approx(2 / 3)
    control = rows.loc[("first", "control")]
    states = ["n_answered", "n_in_part", "n_out_of_window", "n_no_contact", "n_silent"]
    assert control[states].tolist() == [1, 0, 1, 1, 1]
    assert first["difference_points"] == control["difference_points"]
    assert first["difference_points"] == pytest.approx(100 * (2 / 3 - 1 / 4))
    assert pd.isna(rows.loc[("second", "control"), "response_rate"])
    assert pd.isna(rows.loc[("second", "control"), "difference_points"])
