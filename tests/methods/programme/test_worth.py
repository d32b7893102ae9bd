"""What a gain costs, told only where it can be; and how probably it is worth a price."""

from datetime import date

import pandas as pd
import pytest
from scipy import stats

from agir_pipeline.language import use_language
from agir_pipeline.methods.programme.worth import (
    ACCEPTABILITY_COLUMNS,
    EFFECTIVENESS_COLUMNS,
    cost_acceptability,
    cost_effectiveness,
    number_needed,
)
from agir_pipeline.protocol.loading import load_protocol, packaged_protocols

FINAL_ON = date(2012, 12, 31)


@pytest.mark.parametrize(
    ("gain", "low", "high", "text"),
    [
        (0.10, 0.05, 0.20, "NNTB 10.0 (NNTB 5.0 – NNTB 20.0)"),
        (-0.10, -0.20, -0.05, "NNTH 10.0 (NNTH 5.0 – NNTH 20.0)"),
        (0.05, -0.02, 0.10, "NNTB 20.0 (NNTB 10.0 → ∞ → NNTH 50.0)"),
        (0.0, -0.1, 0.1, "∞ (NNTB 10.0 → ∞ → NNTH 10.0)"),
    ],
)
def test_a_number_needed_runs_through_infinity_never_below_zero(gain, low, high, text):
    assert number_needed(gain, low, high) == text


def test_a_number_needed_is_written_as_the_reader_writes_numbers():
    use_language("fr")
    assert number_needed(0.08, 0.05, 0.2).startswith("NNTB 12,5 ")


def effects(difference, low, high):
    rupture = pd.DataFrame(
        [
            {
                "definition": "net_180", "horizon_days": 274, "risk_difference_points": difference,
                "ci_low_points": low, "ci_high_points": high, "claim": "primary",
            },
            {"definition": "gross", "horizon_days": 91},
        ]
    )  # fmt: skip
    employment = pd.DataFrame(
        [
            {
                "definition": "durable", "difference_points": -difference,
                "ci_low_points": -high, "ci_high_points": -low, "claim": "secondary",
            }
        ]
    )  # fmt: skip
    return {"rupture": rupture, "durable_employment": employment}


@pytest.mark.parametrize(
    ("points", "direct", "complete"),
    [(3, 76_667, 153_333), (5, 46_000, 92_000), (10, 23_000, 46_000)],
)
def test_a_rupture_avoided_costs_what_the_plan_over_the_gain_is(agir, points, direct, complete):
    table = cost_effectiveness(effects(-points, -points - 1, -1.0), agir, agir.costs)
    assert list(table.columns) == list(EFFECTIVENESS_COLUMNS)
    assert table["cost_per_gain_eur"].round().tolist() == [direct, complete] * 2
    row = table.iloc[0]
    assert (row["gain_points"], row["gain_low_points"]) == (points, 1.0)
    assert row["cost_per_gain_high_eur"] == pytest.approx(2300 / 0.01)
    assert row["cost_per_gain_low_eur"] == pytest.approx(2300 / ((points + 1) / 100))
    assert row["cost_per_gain_set"].endswith(" – 230,000")
    claims = table.set_index("outcome")["claim"].to_dict()
    assert claims == {"rupture": "primary", "durable_employment": "secondary"}
    assert table["method"].str.startswith("The planned cost").all()


def test_no_cost_is_told_when_the_interval_holds_no_effect(agir):
    table = cost_effectiveness(effects(-3.0, -15.0, 9.0), agir, agir.costs)
    told = [name for name in table if name.startswith("cost_per_gain") and name.endswith("_eur")]
    assert table[told].isna().all(axis=None)
    assert table["cost_per_gain_set"].iloc[0] == "15,333 → ∞ → no gain"
    assert table["n_needed"].iloc[0] == "NNTB 33.3 (NNTB 6.7 → ∞ → NNTH 11.1)"
    assert (table["cost_difference_eur"] > 0).all()


def test_harm_has_no_cost_of_a_gain(agir):
    table = cost_effectiveness(effects(6.0, 2.0, 10.0), agir, agir.costs)
    assert table["cost_per_gain_eur"].isna().all()
    assert table["n_needed"].iloc[0].startswith("NNTH 16.7")
    assert table["cost_per_gain_set"].iloc[0] == "no gain"


def test_a_study_of_measures_only_has_no_gain_to_pay_for(agir):
    measures = load_protocol(packaged_protocols()["nsw"]).outcomes
    measured = agir.model_copy(update={"outcomes": measures})
    assert cost_effectiveness({}, measured, agir.costs).empty
    assert cost_acceptability({}, measured, agir.costs, FINAL_ON).empty


def with_cells(table, *cells):
    names = ("n_both", "n_beneficiary_only", "n_control_only", "n_neither")
    table["rupture"].loc[0, list(names)] = cells
    return table


def test_a_bootstrap_over_pairs_stands_beside_only_where_it_is_finite(agir):
    told = with_cells(effects(-20.0, -30.0, -10.0), 10, 5, 20, 40)
    row = cost_effectiveness(told, agir, agir.costs).iloc[0]
    low, high = row["cost_per_gain_bca_low_eur"], row["cost_per_gain_bca_high_eur"]
    assert low < row["cost_per_gain_eur"] < high
    assert 2300 / low == pytest.approx(0.32, abs=0.02)
    assert 2300 / high == pytest.approx(0.0667, abs=0.02)
    unsure = with_cells(effects(-20.0, -30.0, -10.0), 10, 10, 12, 43)
    row = cost_effectiveness(unsure, agir, agir.costs).iloc[0]
    assert pd.isna(row["cost_per_gain_bca_low_eur"])
    assert row["cost_per_gain_eur"] > 0


def test_the_chance_of_being_worth_it_grows_with_the_price(agir):
    told = effects(-10.0, -20.0, 0.0)
    told["rupture"].loc[1] = {**told["rupture"].loc[0].to_dict(), "definition": "gross"}
    table = cost_acceptability(told, agir, agir.costs, FINAL_ON)
    assert list(table.columns) == list(ACCEPTABILITY_COLUMNS)
    assert set(table["definition"]) == {"net_180", "durable"}
    assert set(table["claim"]) == {"primary", "secondary"}
    assert table["method"].str.startswith("The chance that").all()
    own = table[(table["outcome"] == "rupture") & (table["kind"] == "direct")]
    assert own["p_acceptable"].is_monotonic_increasing
    assert own["acceptable_eur"].tolist() == list(agir.costs.acceptable.value)
    at_price = own.set_index("acceptable_eur").loc[[23_000.0, 46_000.0], "p_acceptable"]
    error = 0.1 / stats.norm.ppf(0.975)
    assert at_price.tolist() == pytest.approx([0.5, stats.norm.cdf(0.05 / error)])
    whole = table[(table["outcome"] == "rupture") & (table["kind"] == "complete")]
    assert (whole["p_acceptable"].to_numpy() < own["p_acceptable"].to_numpy()).all()


def test_before_the_end_and_without_a_spread_nothing_is_said_to_be_worth_it(agir):
    early = cost_acceptability(effects(-10.0, -20.0, 0.0), agir, agir.costs, date(2011, 6, 30))
    assert early["p_acceptable"].isna().all()
    still = cost_acceptability(effects(-10.0, -10.0, -10.0), agir, agir.costs, FINAL_ON)
    assert still["p_acceptable"].isna().all()
    priceless = agir.costs.model_copy(update={"acceptable": None})
    assert cost_acceptability(effects(-10.0, -20.0, 0.0), agir, priceless, FINAL_ON).empty
