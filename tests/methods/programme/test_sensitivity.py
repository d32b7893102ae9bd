"""What a gain would cost another actor, and by dose: only where it can be told."""

import pandas as pd
import pytest

from agir_pipeline.methods.programme.sensitivity import SENSITIVITY_COLUMNS, cost_sensitivity
from agir_pipeline.methods.programme.worth import cost_effectiveness
from agir_pipeline.protocol.loading import load_protocol, packaged_protocols

COST = "cost_per_gain_eur"


def told(agir, difference, low, high):
    rupture = pd.DataFrame(
        [
            {"definition": definition, "horizon_days": days, "risk_difference_points": difference,
             "ci_low_points": low, "ci_high_points": high, "claim": "primary"}
            for definition, days in (("net_180", 274), ("net_180", 365), ("gross", 274))
        ]
    )  # fmt: skip
    employment = pd.DataFrame(
        [{"definition": "durable", "difference_points": 10.0, "ci_low_points": -5.0,
          "ci_high_points": 25.0, "claim": "primary"}]
    )  # fmt: skip
    effects = {"rupture": rupture, "durable_employment": employment}
    return cost_effectiveness(effects, agir, agir.costs)


LANDMARK = """
contrast | level       | n  | difference_points | ci_low_points | ci_high_points
all      | all         | 40 | -10               | -20           | -1
by_dose  | 0-1         | 20 | -5                | -15           | 5
by_dose  | 2-3         | 20 | -20               | -35           | -5
by_dose  | 4+          | 2  |                   |               |
by_link  | integrative | 9  | -10               | -20           | -1
"""
DOSE = """
pair_id | n_interviews_by_landmark | support_hours
a       | 0                        | 1
b       | 1                        | 3
c       | 2                        | 6
d       | 3                        | 6
"""


@pytest.fixture
def landmark(draw):
    return draw(LANDMARK).assign(outcome="rupture", definition="net_180", horizon_days=274)


def test_each_actor_has_the_primary_gains_at_its_own_cost(agir):
    table = cost_sensitivity(told(agir, -10.0, -20.0, -5.0), None, None, agir, agir.costs)
    assert list(table.columns) == list(SENSITIVITY_COLUMNS)
    own = table[table["outcome"] == "rupture"].set_index("level")
    assert list(own.index) == [actor.code for actor in agir.costs.actors]
    assert set(own["horizon_days"]) == {274}
    # ten points fewer: ten persons for one rupture avoided
    costs = own[COST].dropna().to_dict()
    assert costs == pytest.approx(
        {"specialised_external": 23_000, "opca_ordinary": 13_800, "opca_increased": 20_700}
    )
    assert own.loc["opca_ordinary", "cost_per_gain_high_eur"] == pytest.approx(1380 / 0.05)
    assert own["cost_difference_eur"].isna().to_dict()["mission_locale"]
    assert set(own["n_needed"]) == {"NNTB 10.0 (NNTB 5.0 – NNTB 20.0)"}
    assert set(table["claim"]) == {"exploratory"}


def test_no_actor_has_a_cost_where_the_interval_holds_no_effect(agir):
    table = cost_sensitivity(told(agir, -3.0, -15.0, 9.0), None, None, agir, agir.costs)
    assert table[COST].isna().all()
    assert table["n_needed"].str.contains("∞").all()


def test_a_dose_costs_its_hours_and_a_class_without_an_interval_is_left_out(agir, draw, landmark):
    table = cost_sensitivity(told(agir, -3.0, -15.0, 9.0), landmark, draw(DOSE), agir, agir.costs)
    own = table[table["scenario"] == "by_dose"].set_index("level")
    assert list(own.index) == ["0-1", "2-3"]
    assert own["n"].tolist() == [20, 20]
    # four hours at the mean of all are 2,300 EUR; two and six in the classes
    assert own["cost_difference_eur"].tolist() == [1150.0, 3450.0]
    assert pd.isna(own.loc["0-1", COST])
    assert own.loc["2-3", COST] == pytest.approx(3450 / 0.2)
    assert own.loc["2-3", "cost_per_gain_low_eur"] == pytest.approx(3450 / 0.35)
    assert own.loc["2-3", ["gain_low_points", "gain_high_points"]].tolist() == [5.0, 35.0]
    assert own["method"].str.contains("no causal meaning").all()


def test_a_class_nobody_is_in_any_more_has_no_cost(agir, draw, landmark):
    few = draw(DOSE)[:2]
    table = cost_sensitivity(told(agir, -3.0, -15.0, 9.0), landmark, few, agir, agir.costs)
    own = table[table["scenario"] == "by_dose"].set_index("level")
    assert pd.isna(own.loc["2-3", "cost_difference_eur"])
    assert pd.isna(own.loc["2-3", COST])


def test_a_benefit_that_is_more_of_an_event_is_turned_round(agir, draw, landmark):
    rupture = agir.outcomes[0].model_copy(update={"benefit": "higher"})
    turned = agir.model_copy(update={"outcomes": (rupture, *agir.outcomes[1:])})
    table = cost_sensitivity(told(agir, -3.0, -15.0, 9.0), landmark, draw(DOSE), turned, agir.costs)
    own = table[table["scenario"] == "by_dose"]
    assert own["gain_points"].tolist() == [-5.0, -20.0]
    assert own[COST].isna().all()


def test_a_study_of_measures_or_without_mechanism_has_no_such_rows(agir, draw, landmark):
    nsw = load_protocol(packaged_protocols()["nsw"])
    measured = agir.model_copy(update={"outcomes": nsw.outcomes, "mechanism": None})
    empty = told(agir, -3.0, -15.0, 9.0)[:0]
    assert cost_sensitivity(empty, landmark, draw(DOSE), measured, agir.costs).empty
