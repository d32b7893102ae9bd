from datetime import date
from math import nan

import pandas as pd
import pytest

from agir_pipeline.methods.effects.hidden_bias import e_value, mcnemar_bound
from agir_pipeline.methods.effects.hidden_bias_tables import (
    GAMMAS,
    HIDDEN_BIAS_COLUMNS,
    event_hidden_bias,
    measure_hidden_bias,
    status_hidden_bias,
)

CUT = date(2010, 12, 31)

EFFECTS = """
definition | horizon_days | is_evaluable | n_both | n_beneficiary_only | n_control_only | n_neither
net        | 90           | true         | 2      | 5                  | 18             | 50
gross      | 90           | false        |        |                    |                |
"""


def test_the_counts_of_the_effect_are_read_in_the_claimed_direction(leaving, inference, draw):
    table = event_hidden_bias(draw(EFFECTS), leaving, inference(family=("leaving",)), CUT)
    assert list(table.columns) == list(HIDDEN_BIAS_COLUMNS)
    assert table["gamma"].tolist() == list(GAMMAS) == [round(1 + k / 10, 1) for k in range(21)]
    assert table["p_upper"].iloc[0] == pytest.approx(0.0053, abs=5e-5)
    stands = [gamma for gamma in GAMMAS if mcnemar_bound(18, 23, gamma) <= 0.025]
    assert set(table["gamma_star"]) == {max(stands)}
    assert table["e_value"].tolist() == pytest.approx([e_value(7 / 20)] * len(GAMMAS))
    assert set(table["n_complete_pairs"]) == {75}
    assert set(table["claim"]) == {"primary"}


def test_an_interim_release_shows_no_p_value_and_no_gamma(leaving, inference, draw):
    told = inference(final_on=date(2011, 1, 1), family=("leaving",))
    table = event_hidden_bias(draw(EFFECTS), leaving, told, CUT)
    assert table[["p_upper", "gamma_star"]].isna().all(axis=None)
    assert table["e_value"].notna().all()


def test_an_effect_that_does_not_stand_has_no_gamma(leaving, inference, draw):
    weak = draw(EFFECTS.replace("| 18 ", "| 6  "))
    assert event_hidden_bias(weak, leaving, inference(), CUT)["gamma_star"].isna().all()


ANSWERS = """
definition | pair_id | arm         | is_due | is_respondent | status
lasting    | p1      | beneficiary | true   | true          | true
lasting    | p1      | control     | true   | true          | false
lasting    | p2      | beneficiary | true   | true          | true
lasting    | p2      | control     | true   | false         |
lasting    | p3      | beneficiary | false  | true          | true
lasting    | p3      | control     | false  | true          | false
any_job    | p1      | beneficiary | true   | false         |
any_job    | p1      | control     | true   | true          | false
"""


def test_a_status_counts_due_pairs_that_both_answered_for_a_rise(working, inference, draw):
    table = status_hidden_bias(draw(ANSWERS), working, inference(), CUT)
    assert set(table["definition"]) == {"lasting"}
    assert set(table["n_complete_pairs"]) == {1}
    assert table["p_upper"].iloc[0] == 0.5
    assert table["e_value"].isna().all()  # nobody among controls: no ratio


def values(gains: list[float]) -> pd.DataFrame:
    rows = [(f"p{k}", "beneficiary", gain) for k, gain in enumerate(gains)]
    rows += [(f"p{k}", "control", 0.0) for k in range(len(gains))]
    frame = pd.DataFrame(rows, columns=["pair_id", "arm", "value"])
    return pd.concat([frame, frame.tail(1).assign(pair_id=None, arm="reference")])


def test_a_measure_is_bounded_by_ranks_in_the_direction_of_a_benefit(earnings, inference):
    table = measure_hidden_bias(values([1.0, 2.0, 3.0, nan]), earnings, inference(), CUT)
    assert len(table) == len(GAMMAS)
    assert set(table["n_complete_pairs"]) == {3}
    lower = earnings.model_copy(update={"benefit": "lower"})
    other = measure_hidden_bias(values([-1.0, -2.0, -3.0]), lower, inference(), CUT)
    assert other["p_upper"].tolist() == pytest.approx(table["p_upper"].tolist())
    assert "E-value" not in table["method"].iloc[0]
    family = inference(family=("earnings",))
    assert set(measure_hidden_bias(values([1.0]), earnings, family, CUT)["claim"]) == {"primary"}


def test_no_complete_pair_has_no_bound(earnings, inference):
    assert measure_hidden_bias(values([nan]), earnings, inference(), CUT).empty
