from math import isnan

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agir_pipeline.methods.effects.response_rates import (
    RESPONSE_COLUMNS,
    newcombe_unpaired,
    response_rates,
)
from agir_pipeline.protocol.loading import load_protocol, packaged_protocols
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
        wave  | arm         | is_due | state         | is_lost
        first | beneficiary | true   | answered      | true
        first | beneficiary | true   | answered      | false
        first | beneficiary | true   | in_part       | false
        first | beneficiary | true   | silent        | true
        first | beneficiary | false  |               | true
        first | control     | true   | answered      |
        first | control     | true   | out_of_window |
        first | control     | true   | no_contact    |
        first | control     | true   | silent        |
        """),
        waves,
        inference(),
    )
    assert list(table.columns) == list(RESPONSE_COLUMNS)
    rows = table.set_index(["wave", "arm"])
    first = rows.loc[("first", "beneficiary")]
    assert first[["n_expected", "n_due", "n_not_due", "n_answered"]].tolist() == [5, 4, 1, 2]
    assert first["response_rate"] == pytest.approx(1 / 2)
    # who answered, or is not due, is no loss; of controls no list tells it
    assert first[["n_silent", "n_unreachable"]].tolist() == [1, 1]
    control = rows.loc[("first", "control")]
    states = ["n_answered", "n_in_part", "n_out_of_window", "n_no_contact", "n_silent"]
    assert control[states].tolist() == [1, 0, 1, 1, 1]
    assert first["difference_points"] == control["difference_points"]
    assert pd.isna(control["n_unreachable"])
    assert first["difference_points"] == pytest.approx(100 * (1 / 2 - 1 / 4))
    assert pd.isna(rows.loc[("second", "control"), "response_rate"])
    assert pd.isna(rows.loc[("second", "control"), "difference_points"])


AGIR = load_protocol(packaged_protocols()["agir"])
MEMBERS = st.tuples(
    st.sampled_from(["first", "second"]),
    st.sampled_from(["beneficiary", "control"]),
    st.booleans(),
    st.sampled_from(["answered", "in_part", "out_of_window", "no_contact", "silent"]),
    st.sampled_from([True, False, None]),
)


@settings(max_examples=50, deadline=None)
@given(st.lists(MEMBERS, max_size=40))
def test_every_member_comes_to_one_state_and_all_states_to_those_expected(members):
    waves = tuple(
        wave.model_copy(update={"name": name})
        for wave, name in zip(AGIR.waves, ("first", "second"), strict=False)
    )
    columns = ["wave", "arm", "is_due", "state", "is_lost"]
    responses = pd.DataFrame(members, columns=columns).astype({"is_lost": "boolean"})
    responses["state"] = responses["state"].where(responses["is_due"].astype(bool))
    table = response_rates(responses, waves, AGIR.inference)
    states = ["n_answered", "n_in_part", "n_out_of_window", "n_no_contact", "n_silent", "n_not_due"]
    assert table["n_expected"].tolist() == table[states].sum(axis=1).tolist()
    for row in table.itertuples():
        own = [m for m in members if m[:2] == (row.wave, row.arm)]
        assert row.n_expected == len(own)
        told = [m for m in own if m[4] is not None]
        lost = sum(m[2] and m[3] == "silent" and bool(m[4]) for m in told)
        assert pd.isna(row.n_unreachable) if not told else row.n_unreachable == lost
        if row.n_due:
            assert row.response_rate == pytest.approx(row.n_answered / row.n_due)
