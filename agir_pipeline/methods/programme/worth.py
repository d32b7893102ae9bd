"""What an event avoided costs, or a job: honest where nothing is known."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from math import nan
from typing import Any

import pandas as pd
from babel.numbers import format_decimal
from scipy import special

from agir_pipeline.language import _, current_language
from agir_pipeline.methods.effects.bootstrapped import bca_limits
from agir_pipeline.methods.effects.claims import is_final
from agir_pipeline.methods.effects.layout import COUNT, NUMBER, TEXT, typed
from agir_pipeline.methods.effects.paired import PairedTable
from agir_pipeline.methods.programme.costs import COMPLETE, DIRECT
from agir_pipeline.protocol.model import Costs, EventOutcome, Protocol, StatusOutcome

EFFECTIVENESS_COLUMNS = {
    "outcome": TEXT, "definition": TEXT, "horizon_days": COUNT, "kind": TEXT,
    "cost_difference_eur": NUMBER, "gain_points": NUMBER, "gain_low_points": NUMBER,
    "gain_high_points": NUMBER, "n_needed": TEXT, "cost_per_gain_set": TEXT,
    "cost_per_gain_eur": NUMBER,
    "cost_per_gain_low_eur": NUMBER, "cost_per_gain_high_eur": NUMBER,
    "cost_per_gain_bca_low_eur": NUMBER, "cost_per_gain_bca_high_eur": NUMBER,
    "claim": TEXT, "method": TEXT,
}  # fmt: skip

ACCEPTABILITY_COLUMNS = {
    "outcome": TEXT, "definition": TEXT, "horizon_days": COUNT, "kind": TEXT,
    "acceptable_eur": NUMBER, "p_acceptable": NUMBER, "claim": TEXT, "method": TEXT,
}  # fmt: skip

CELLS = ("n_both", "n_beneficiary_only", "n_control_only", "n_neither")
Row = dict[str, Any]


def cost_effectiveness(
    effects: Mapping[str, pd.DataFrame], protocol: Protocol, costs: Costs
) -> pd.DataFrame:
    """Each told effect × direct and complete cost: what one more person with the benefit costs.

    ``effects`` holds the effect table of each outcome. The gain is the difference in the direction
    of the benefit. The cost per gain is told only where its interval is finite, that is where the
    gain's lies above zero: the unit cost is a plan and known, so Fieller's set is the cost over
    the limits. Otherwise only the number needed is written, through infinity. Beside it, for an
    event, the limits of a bootstrap over complete pairs (BCa), by the same rule.
    """
    level = protocol.inference.confidence_level.value
    method = _(
        "The planned cost of one beneficiary over the gain of the effect's own row and over its "
        "limits; by the bootstrap: over those of complete pairs"
    )
    rows = [
        {n: row[n] for n in PLACE} | {"kind": kind, "method": method} | _per_gain(row, each)
        for outcome in _of_persons(protocol)
        for row in _gains(effects[outcome.name], outcome, level)
        for kind, each in _unit_costs(costs)
    ]
    return typed(rows, EFFECTIVENESS_COLUMNS)


def cost_acceptability(
    effects: Mapping[str, pd.DataFrame], protocol: Protocol, costs: Costs, data_cut_on: date | None
) -> pd.DataFrame:
    """The primary effects × kind of cost × what somebody might pay: how probably it is worth it.

    The chance that the amount times the gain exceeds the cost, by a normal law around the middle
    of the gain's interval (van Hout 1994, doi:10.1002/hec.4730030505). As a test would be, it is
    empty in interim releases.
    """
    final, level = is_final(protocol.inference, data_cut_on), protocol.inference.confidence_level
    reach = float(special.ndtri((1 + level.value) / 2))
    method = _(
        "The chance that the amount times the gain exceeds the planned cost, by a normal law "
        "around the middle of the gain's interval; empty in interim releases, as a test is"
    )
    rows: list[Row] = []
    for outcome in _of_persons(protocol):
        for row in _gains(primary(effects[outcome.name], outcome), outcome, level.value):
            low, high = row["gain_low_points"] / 100, row["gain_high_points"] / 100
            middle, error = (low + high) / 2, (high - low) / (2 * reach)
            place = {n: row[n] for n in ("outcome", "definition", "horizon_days", "claim")}
            place |= {"method": method}
            rows += [
                {
                    **place,
                    "kind": kind,
                    "acceptable_eur": amount,
                    "p_acceptable": float(special.ndtr((middle - each / amount) / error))
                    if final and error > 0
                    else nan,
                }
                for kind, each in _unit_costs(costs)
                for amount in (costs.acceptable.value if costs.acceptable else ())
            ]
    return typed(rows, ACCEPTABILITY_COLUMNS)


def primary(table: pd.DataFrame, outcome: EventOutcome | StatusOutcome) -> pd.DataFrame:
    """The rows of an outcome's table that it is judged by."""
    own = table[table["definition"] == outcome.primary_definition]
    if isinstance(outcome, EventOutcome):
        own = own[own["horizon_days"] == outcome.primary_horizon_days]
    return own


PLACE = (
    "outcome", "definition", "horizon_days", "gain_points", "gain_low_points", "gain_high_points",
    "n_needed", "claim",
)  # fmt: skip


def _of_persons(protocol: Protocol) -> Iterator[EventOutcome | StatusOutcome]:
    """The outcomes that a person has or has not; a measure has no number needed."""
    return (o for o in protocol.outcomes if isinstance(o, EventOutcome | StatusOutcome))


def _unit_costs(costs: Costs) -> tuple[tuple[str, float], tuple[str, float]]:
    planned = costs.direct_per_beneficiary.value
    return (DIRECT, planned), (COMPLETE, planned / costs.direct_share.value)


def _gains(
    table: pd.DataFrame, outcome: EventOutcome | StatusOutcome, level: float
) -> Iterable[Row]:
    sign = -1.0 if outcome.benefit == "lower" else 1.0
    estimate = (
        "risk_difference_points" if isinstance(outcome, EventOutcome) else "difference_points"
    )
    for row in table[table[estimate].notna() & table["ci_low_points"].notna()].to_dict("records"):
        low, high = sorted(sign * float(row[name]) for name in ("ci_low_points", "ci_high_points"))
        gain = sign * float(row[estimate]) + 0.0  # no effect is 0, not −0
        horizon = row.get("horizon_days")
        yield {
            "outcome": outcome.name,
            "definition": row["definition"],
            "horizon_days": None if pd.isna(horizon) else horizon,
            "gain_points": gain,
            "gain_low_points": low,
            "gain_high_points": high,
            "n_needed": number_needed(gain / 100, low / 100, high / 100),
            "claim": row["claim"],
            "bca": _bca(row, sign, level),
        }


def _bca(row: Mapping[Any, Any], sign: float, level: float) -> tuple[float, float]:
    """Limits of the gain in complete pairs; NaN where the table does not tell them apart."""
    cells = [row.get(cell) for cell in CELLS]
    if any(pd.isna(cell) for cell in cells):
        return nan, nan
    limits = bca_limits(PairedTable(*(int(cell) for cell in cells)), level)  # type: ignore[arg-type]
    low, high = sorted(sign * limit for limit in limits)
    return low, high


def _per_gain(row: Row, each: float) -> Row:
    gain, low, high = (
        row[name] / 100 for name in ("gain_points", "gain_low_points", "gain_high_points")
    )
    told = per_gain(each, gain, low, high)
    bca_low, bca_high = row["bca"]
    if bca_low > 0 and gain > 0:
        told |= {
            "cost_per_gain_bca_low_eur": each / bca_high,
            "cost_per_gain_bca_high_eur": each / bca_low,
        }
    return told


def per_gain(each: float, gain: float, low: float, high: float) -> Row:
    """The cost of one, and of a gain: the set always, a figure where it is finite; shares."""
    told: Row = {"cost_difference_eur": each, "cost_per_gain_set": cost_set(each, low, high)}
    if low > 0 and gain > 0:
        told |= {
            "cost_per_gain_eur": each / gain,
            "cost_per_gain_low_eur": each / high,
            "cost_per_gain_high_eur": each / low,
        }
    return told


def cost_set(each: float, low: float, high: float) -> str:
    """The costs per gain that agree with a gain between ``low`` and ``high``: Fieller's set.

    Where the gain may be nothing the set has no upper end: it goes through infinity to no gain.
    Told always, it holds the truth as often as the interval of the gain does.
    """
    if high <= 0:
        return _("no gain")
    least = _euros(each / high)
    if low > 0:
        return f"{least} – {_euros(each / low)}"
    return _("{least} → ∞ → no gain").format(least=least)


def _euros(amount: float) -> str:
    return format_decimal(round(amount), "#,##0", locale=current_language())


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
