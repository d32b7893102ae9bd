"""What the programme cost, and what an event avoided costs: honest where nothing is known."""

from collections.abc import Iterable
from math import nan

import pandas as pd
from babel.numbers import format_decimal

from agir_pipeline.language import current_language
from agir_pipeline.methods.effects.layout import COUNT, NUMBER, TEXT, typed
from agir_pipeline.protocol.model import Costs, EventOutcome, Protocol, StatusOutcome

COST_COLUMNS = {
    "year": COUNT, "item": TEXT, "kind": TEXT, "n_lines": COUNT, "amount_eur": NUMBER,
}  # fmt: skip

TOTAL_COLUMNS = {
    "kind": TEXT, "amount_eur": NUMBER, "n_beneficiaries": COUNT, "per_beneficiary_eur": NUMBER,
    "planned_per_beneficiary_eur": NUMBER, "planned_eur": NUMBER, "gap_eur": NUMBER,
    "share_of_complete": NUMBER,
}  # fmt: skip

EFFECTIVENESS_COLUMNS = {
    "outcome": TEXT, "definition": TEXT, "horizon_days": COUNT, "kind": TEXT,
    "per_beneficiary_eur": NUMBER, "gain_points": NUMBER, "gain_low_points": NUMBER,
    "gain_high_points": NUMBER, "n_needed": TEXT, "cost_per_gain_eur": NUMBER,
    "cost_per_gain_low_eur": NUMBER, "cost_per_gain_high_eur": NUMBER,
}  # fmt: skip

DIRECT, COMMON, COMPLETE = "direct", "common", "complete"


def cost_table(ledger: pd.DataFrame, costs: Costs) -> pd.DataFrame:
    """Year × item: lines and amount of the ledger; credit notes count against their item."""
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
    told = made.assign(kind=kind, amount_eur=made["amount_eur"].round(2))
    return told[list(COST_COLUMNS)].astype(COST_COLUMNS)


def cost_totals(table: pd.DataFrame, n_beneficiaries: int, costs: Costs) -> pd.DataFrame:
    """Direct, and everything: spent, per beneficiary entered, and what the plan says of each.

    The plan gives the direct cost of one and its share of the whole: the gap is spent less
    planned for those who entered.
    """
    planned = costs.direct_per_beneficiary.value
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
            }
        )
    return typed(rows, TOTAL_COLUMNS)


def cost_effectiveness(
    effects: dict[str, pd.DataFrame], protocol: Protocol, costs: Costs
) -> pd.DataFrame:
    """Each told effect × direct and complete cost: what one more person with the benefit costs.

    ``effects`` holds the effect table of each outcome. The gain is the difference in the direction
    of the benefit. The cost per gain is told only where its interval is finite, that is where the
    gain's lies above zero: the unit cost is a plan and known, so Fieller's set is the cost over
    the limits. Otherwise only the number needed is written, through infinity.
    """
    planned = costs.direct_per_beneficiary.value
    rows = []
    for outcome in protocol.outcomes:
        if isinstance(outcome, EventOutcome | StatusOutcome):
            for row in _gains(effects[outcome.name], outcome):
                for kind, each in (
                    (DIRECT, planned),
                    (COMPLETE, planned / costs.direct_share.value),
                ):
                    rows.append({**row, "kind": kind, **_per_gain(row, each)})
    return typed(rows, EFFECTIVENESS_COLUMNS)


def _gains(
    table: pd.DataFrame, outcome: EventOutcome | StatusOutcome
) -> Iterable[dict[str, object]]:
    sign = -1.0 if outcome.benefit == "lower" else 1.0
    estimate = (
        "risk_difference_points" if isinstance(outcome, EventOutcome) else "difference_points"
    )
    for row in table[table[estimate].notna() & table["ci_low_points"].notna()].to_dict("records"):
        low, high = sorted(sign * float(row[name]) for name in ("ci_low_points", "ci_high_points"))
        gain = sign * float(row[estimate]) + 0.0  # no effect is 0, not −0
        yield {
            "outcome": outcome.name,
            "definition": row["definition"],
            "horizon_days": row.get("horizon_days"),
            "gain_points": gain,
            "gain_low_points": low,
            "gain_high_points": high,
            "n_needed": number_needed(gain / 100, low / 100, high / 100),
        }


def _per_gain(row: dict[str, object], each: float) -> dict[str, object]:
    gain, low, high = (
        float(str(row[name])) / 100
        for name in ("gain_points", "gain_low_points", "gain_high_points")
    )
    told: dict[str, object] = {"per_beneficiary_eur": each}
    if not low > 0 or not gain > 0:
        return told
    return {
        **told,
        "cost_per_gain_eur": each / gain,
        "cost_per_gain_low_eur": each / high,
        "cost_per_gain_high_eur": each / low,
    }


def number_needed(gain: float, low: float, high: float) -> str:
    """The number needed to treat with its interval: to benefit (NNTB) or to harm (NNTH).

    When no effect lies in the interval the number runs through infinity, never to a negative
    number (Altman 1998, doi:10.1136/bmj.317.7168.1309).
    """
    if low > 0 or high < 0:
        limits = f"{_needed(high if low > 0 else low)} – {_needed(low if low > 0 else high)}"
        return f"{_needed(gain)} ({limits})"
    return f"{_needed(gain)} ({_needed(high)} → ∞ → {_needed(low)})"


def _needed(gain: float) -> str:
    if gain == 0:
        return "∞"
    number = format_decimal(1 / abs(gain), "#,##0.0", locale=current_language())
    return f"{'NNTB' if gain > 0 else 'NNTH'} {number}"
