import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agir_pipeline.methods.effects.curves import incidence_curves
from agir_pipeline.methods.effects.survival import cumulative_incidence

CAUSES = (1, 2, 3)

members = st.lists(st.tuples(st.integers(1, 30), st.integers(0, 4)), min_size=1, max_size=30)


@pytest.fixture(scope="module")
def competing(fixtures):
    """Two arms with ties, censoring and three causes; curves of R 4.2.2, survival 3.5-3."""
    return [
        pd.read_csv(fixtures / "effects" / f"competing_{name}.csv") for name in ("input", "curves")
    ]


def test_worked_by_hand():
    # day 2: 1 of 4 by cause 1; one censored on day 3; day 5: 1 of 2 by cause 2
    found = incidence_curves([2, 3, 5, 9], [1, 0, 2, 0], CAUSES)
    assert found.days.tolist() == [2, 5]
    assert found.n_at_risk.tolist() == [4, 2]
    assert found.n_events.tolist() == [[1, 0, 0], [0, 1, 0]]
    assert found.free.tolist() == [0.75, 0.375]
    assert found.incidence.tolist() == [[0.25, 0, 0], [0.25, 0.375, 0]]


@pytest.mark.parametrize("arm", ["beneficiary", "control"])
def test_incidence_and_its_error_are_those_of_r_on_every_day(competing, arm):
    given_rows, expected = competing
    own = given_rows[given_rows["arm"] == arm]
    found = incidence_curves(own["time_days"], own["cause"], CAUSES)
    for place, cause in enumerate(CAUSES):
        told = expected[(expected["arm"] == arm) & (expected["cause"] == cause)].set_index("day")
        told = told.loc[found.days]
        assert found.n_at_risk.tolist() == told["at_risk"].tolist()
        assert found.free == pytest.approx(told["free"].to_numpy(), abs=1e-11)
        assert found.incidence[:, place] == pytest.approx(told["incidence"].to_numpy(), abs=1e-11)
        errors = told["standard_error"].to_numpy()
        assert found.standard_error[:, place] == pytest.approx(errors, abs=1e-11)


@pytest.mark.parametrize("arm", ["beneficiary", "control"])
def test_with_one_cause_it_is_kaplan_meier_with_greenwood_s_error(competing, arm):
    given_rows, expected = competing
    own = given_rows[given_rows["arm"] == arm]
    found = incidence_curves(own["time_days"], (own["cause"] == 1).astype(int), [1])
    told = expected[(expected["arm"] == arm) & (expected["cause"] == 0)].set_index("day")
    told = told.loc[found.days]
    assert found.free == pytest.approx(told["free"].to_numpy(), abs=1e-11)
    assert found.standard_error[:, 0] == pytest.approx(told["standard_error"].to_numpy(), abs=1e-11)


def test_nobody_with_an_event_has_no_day():
    found = incidence_curves([3, 4], [0, 0], CAUSES)
    assert found.days.size == 0
    assert found.incidence.shape == found.standard_error.shape == (0, 3)


@given(members)
def test_shares_add_up_and_each_day_is_the_risk_by_that_day(rows):
    times, causes = (np.array(values) for values in zip(*rows, strict=True))
    found = incidence_curves(times, causes, (1, 2, 3, 4))
    assert found.free + found.incidence.sum(axis=1) == pytest.approx(1)
    for place, day in enumerate(found.days):
        whole = cumulative_incidence(times, causes, float(day))
        assert found.incidence[place, 0] == pytest.approx(whole.risk, abs=1e-12)
        assert found.standard_error[place, 0] == pytest.approx(whole.standard_error, abs=1e-12)


@given(members)
def test_splitting_a_cause_leaves_the_others_as_they_were(rows):
    times, causes = (np.array(values) for values in zip(*rows, strict=True))
    apart = incidence_curves(times, causes, (1, 2))
    together = incidence_curves(times, np.where(causes > 1, 2, causes), (1, 2))
    assert apart.incidence[:, 0] == pytest.approx(together.incidence[:, 0], abs=1e-12)
    assert apart.free == pytest.approx(together.free, abs=1e-12)
