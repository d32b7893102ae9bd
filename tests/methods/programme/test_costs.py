"""What was spent against 2 300 euros that are half of everything."""

from agir_pipeline.methods.programme.costs import (
    COST_COLUMNS,
    TOTAL_COLUMNS,
    cost_table,
    cost_totals,
)

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
    table = cost_table(draw(LEDGER), 4, agir.costs)
    assert list(table.columns) == list(COST_COLUMNS)
    rows = [tuple(row) for row in table.astype(object).to_numpy()]
    assert rows == [
        (2010, "direct_support", "direct", 3, 1000.10, 250.025),
        (2010, "engineering", "common", 1, 2300.0, 575.0),
        (2010, "workshops", "direct", 1, 299.90, 74.975),
        (2011, "direct_support", "direct", 1, 1000.0, 250.0),
    ]


def spent(draw, agir):
    return cost_table(draw(LEDGER), 1, agir.costs)


def test_one_beneficiary_ties_to_half_of_the_complete_cost(agir, draw):
    totals = cost_totals(spent(draw, agir), 1, 75, agir.costs).set_index("kind")
    assert set(totals.columns) | {"kind"} == set(TOTAL_COLUMNS)
    assert totals["amount_eur"].to_dict() == {"direct": 2300.0, "complete": 4600.0}
    assert totals["per_beneficiary_eur"].to_dict() == {"direct": 2300.0, "complete": 4600.0}
    assert totals["gap_eur"].tolist() == [0.0, 0.0]
    assert totals.loc["direct", "share_of_complete"] == 0.5


def test_the_planned_totals_are_those_of_the_note(agir, draw):
    totals = cost_totals(spent(draw, agir), 75, 75, agir.costs).set_index("kind")
    assert totals["planned_eur"].to_dict() == {"direct": 172_500.0, "complete": 345_000.0}
    assert totals.loc["direct", "gap_eur"] == 2300 - 172_500


def test_the_target_ties_to_172_500_and_345_000_whoever_entered(agir, draw):
    totals = cost_totals(spent(draw, agir), 40, 75, agir.costs).set_index("kind")
    assert totals["planned_for_target_eur"].to_dict() == {
        "direct": 172_500.0,
        "complete": 345_000.0,
    }
    assert totals["planned_eur"].to_dict() == {"direct": 92_000.0, "complete": 184_000.0}
    assert totals.loc["complete", "announced_eur"] == 350_000
    assert totals["announced_eur"].isna().to_dict() == {"direct": True, "complete": False}


def test_nobody_entered_and_nothing_spent_divide_nothing(agir, draw):
    nothing = cost_table(draw(LEDGER).head(0), 0, agir.costs)
    totals = cost_totals(nothing, 0, None, agir.costs)
    empty = ["per_beneficiary_eur", "share_of_complete", "planned_for_target_eur"]
    assert totals[empty].isna().all(axis=None)
    unannounced = agir.costs.model_copy(update={"announced": None})
    assert cost_totals(nothing, 0, 75, unannounced)["announced_eur"].isna().all()
