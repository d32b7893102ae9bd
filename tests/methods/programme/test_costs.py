"""What was spent against 2 300 euros that are half of everything, and what a gain costs."""

import pandas as pd
import pytest

from agir_pipeline.language import use_language
from agir_pipeline.methods.programme.costs import (
    COST_COLUMNS,
    EFFECTIVENESS_COLUMNS,
    TOTAL_COLUMNS,
    cost_effectiveness,
    cost_table,
    cost_totals,
    number_needed,
)
from agir_pipeline.protocol.loading import load_protocol, packaged_protocols

LEDGER = """
voucher_on | cost_item      | amount_excl_tax_eur
2010-03-01 | direct_support | 1000.10
2010-04-01 | direct_support | -1000.10
2010-04-01 | direct_support | 1000.10
2010-05-01 | workshops      | 299.90
2011-01-01 | direct_support | 1000
2010-12-31 | engineering    | 2300
"""


def test_credit_notes_count_against_their_item_and_year(agir, draw):
    table = cost_table(draw(LEDGER), agir.costs)
    assert list(table.columns) == list(COST_COLUMNS)
    rows = [tuple(row) for row in table.astype(object).to_numpy()]
    assert rows == [
        (2010, "direct_support", "direct", 3, 1000.10),
        (2010, "engineering", "common", 1, 2300.0),
        (2010, "workshops", "direct", 1, 299.90),
        (2011, "direct_support", "direct", 1, 1000.0),
    ]


def test_one_beneficiary_ties_to_half_of_the_complete_cost(agir, draw):
    totals = cost_totals(cost_table(draw(LEDGER), agir.costs), 1, agir.costs).set_index("kind")
    assert set(totals.columns) | {"kind"} == set(TOTAL_COLUMNS)
    assert totals["amount_eur"].to_dict() == {"direct": 2300.0, "complete": 4600.0}
    assert totals["per_beneficiary_eur"].to_dict() == {"direct": 2300.0, "complete": 4600.0}
    assert totals["gap_eur"].tolist() == [0.0, 0.0]
    assert totals.loc["direct", "share_of_complete"] == 0.5


def test_the_planned_totals_are_those_of_the_note(agir, draw):
    totals = cost_totals(cost_table(draw(LEDGER), agir.costs), 75, agir.costs).set_index("kind")
    assert totals["planned_eur"].to_dict() == {"direct": 172_500.0, "complete": 345_000.0}
    assert totals.loc["direct", "gap_eur"] == 2300 - 172_500


def test_nobody_entered_and_nothing_spent_divide_nothing(agir, draw):
    nothing = cost_table(draw(LEDGER).head(0), agir.costs)
    totals = cost_totals(nothing, 0, agir.costs)
    assert totals[["per_beneficiary_eur", "share_of_complete"]].isna().all(axis=None)


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
                "ci_low_points": low, "ci_high_points": high,
            },
            {"definition": "gross", "horizon_days": 91},
        ]
    )  # fmt: skip
    employment = pd.DataFrame(
        [
            {
                "definition": "durable", "difference_points": -difference,
                "ci_low_points": -high, "ci_high_points": -low,
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


def test_no_cost_is_told_when_the_interval_holds_no_effect(agir):
    table = cost_effectiveness(effects(-3.0, -15.0, 9.0), agir, agir.costs)
    told = [name for name in table if name.startswith("cost_per_gain")]
    assert table[told].isna().all(axis=None)
    assert table["n_needed"].iloc[0] == "NNTB 33.3 (NNTB 6.7 → ∞ → NNTH 11.1)"
    assert (table["per_beneficiary_eur"] > 0).all()


def test_harm_has_no_cost_of_a_gain(agir):
    table = cost_effectiveness(effects(6.0, 2.0, 10.0), agir, agir.costs)
    assert table["cost_per_gain_eur"].isna().all()
    assert table["n_needed"].iloc[0].startswith("NNTH 16.7")


def test_a_study_of_measures_only_has_no_gain_to_pay_for(agir):
    measures = load_protocol(packaged_protocols()["nsw"]).outcomes
    measured = agir.model_copy(update={"outcomes": measures})
    assert cost_effectiveness({}, measured, agir.costs).empty
