"""What the programme cost, item by item, against what was planned and announced."""

from math import nan

import pandas as pd

from agir_pipeline.methods.effects.layout import COUNT, NUMBER, TEXT, typed
from agir_pipeline.protocol.model import Costs

COST_COLUMNS = {
    "year": COUNT, "item": TEXT, "kind": TEXT, "n_lines": COUNT, "amount_eur": NUMBER,
    "per_beneficiary_eur": NUMBER,
}  # fmt: skip

TOTAL_COLUMNS = {
    "kind": TEXT, "amount_eur": NUMBER, "n_beneficiaries": COUNT, "per_beneficiary_eur": NUMBER,
    "planned_per_beneficiary_eur": NUMBER, "planned_eur": NUMBER, "gap_eur": NUMBER,
    "share_of_complete": NUMBER, "n_target": COUNT, "planned_for_target_eur": NUMBER,
    "announced_eur": NUMBER,
}  # fmt: skip

DIRECT, COMMON, COMPLETE = "direct", "common", "complete"


def cost_table(ledger: pd.DataFrame, n_beneficiaries: int, costs: Costs) -> pd.DataFrame:
    """Year × item: lines and amount of the ledger; credit notes count against their item.

    Per beneficiary: divided among all who entered so far; empty while nobody has.
    """
    rows = pd.DataFrame(
        {
            "year": pd.to_datetime(ledger[costs.day_column]).dt.year.astype("Int64"),
            "item": ledger[costs.item_column].astype("string"),
            "amount_eur": ledger[costs.amount_column].astype(float),
        }
    )
    made = rows.groupby(["year", "item"], as_index=False).agg(
        n_lines=("amount_eur", "size"), amount_eur=("amount_eur", "sum")
    )
    is_direct = made["item"].isin(costs.direct_items)
    kind = pd.Series(COMMON, made.index, dtype="string").mask(is_direct, DIRECT)
    each = made["amount_eur"] / n_beneficiaries if n_beneficiaries else nan
    told = made.assign(kind=kind, amount_eur=made["amount_eur"].round(2), per_beneficiary_eur=each)
    return told[list(COST_COLUMNS)].astype(COST_COLUMNS)


def cost_totals(
    table: pd.DataFrame, n_beneficiaries: int, n_target: int | None, costs: Costs
) -> pd.DataFrame:
    """Direct, and everything: spent, per beneficiary entered, and what the plan says of each.

    The plan gives the direct cost of one and its share of the whole: the gap is spent less
    planned for those who entered. Planned for the target stands beside what was announced, which
    is of everything.
    """
    planned = costs.direct_per_beneficiary.value
    announced = costs.announced.value if costs.announced else nan
    spent = {
        DIRECT: float(table.loc[table["kind"] == DIRECT, "amount_eur"].sum()),
        COMPLETE: float(table["amount_eur"].sum()),
    }
    rows = []
    for kind, each in ((DIRECT, planned), (COMPLETE, planned / costs.direct_share.value)):
        amount = round(spent[kind], 2)
        rows.append(
            {
                "kind": kind,
                "amount_eur": amount,
                "n_beneficiaries": n_beneficiaries,
                "per_beneficiary_eur": amount / n_beneficiaries if n_beneficiaries else nan,
                "planned_per_beneficiary_eur": each,
                "planned_eur": each * n_beneficiaries,
                "gap_eur": round(amount - each * n_beneficiaries, 2),
                "share_of_complete": amount / spent[COMPLETE] if spent[COMPLETE] else nan,
                "n_target": n_target,
                "planned_for_target_eur": nan if n_target is None else each * n_target,
                "announced_eur": announced if kind == COMPLETE else nan,
            }
        )
    return typed(rows, TOTAL_COLUMNS)
