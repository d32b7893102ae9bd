"""What a gain would cost another actor, and by the dose of support: to explore, never to claim."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from agir_pipeline.language import _
from agir_pipeline.methods.effects.claims import EXPLORATORY
from agir_pipeline.methods.effects.layout import COUNT, NUMBER, TEXT, typed
from agir_pipeline.methods.mechanism.support import dose_class
from agir_pipeline.methods.programme.costs import DIRECT
from agir_pipeline.methods.programme.worth import number_needed, per_gain, primary
from agir_pipeline.protocol.model import Costs, EventOutcome, Protocol, StatusOutcome

SENSITIVITY_COLUMNS = {
    "scenario": TEXT, "level": TEXT, "outcome": TEXT, "definition": TEXT, "horizon_days": COUNT,
    "n": COUNT, "cost_difference_eur": NUMBER, "gain_points": NUMBER, "gain_low_points": NUMBER,
    "gain_high_points": NUMBER, "n_needed": TEXT, "cost_per_gain_set": TEXT,
    "cost_per_gain_eur": NUMBER, "cost_per_gain_low_eur": NUMBER,
    "cost_per_gain_high_eur": NUMBER, "claim": TEXT, "method": TEXT,
}  # fmt: skip
BY_ACTOR, BY_DOSE = "by_actor", "by_dose"
Row = dict[str, Any]


def cost_sensitivity(
    effectiveness: pd.DataFrame,
    landmark: pd.DataFrame | None,
    dose: pd.DataFrame | None,
    protocol: Protocol,
    costs: Costs,
) -> pd.DataFrame:
    """Primary effect × actor at its unit cost; and class of dose at the cost of its hours.

    ``effectiveness`` is ``cost_effectiveness``, ``landmark`` is ``landmark_effects`` and ``dose``
    ``support_dose``, where the study has them. By actor the gain is the one found, whoever would
    support: only the money is another; an actor whose cost no document tells has none. By dose the
    gain is that of the pairs of a class at risk on the landmark; the planned direct cost is shared
    out by the hours of support, all pairs of the class at their mean. A cost of a gain is told by
    the rule of ``cost_effectiveness``, else the number needed alone.
    """
    rows = [*_by_actor(effectiveness, protocol, costs)]
    if landmark is not None and dose is not None and protocol.mechanism:
        classes = dose_class(
            dose["n_interviews_by_landmark"], protocol.mechanism.dose_classes.value
        )
        hours = dose["support_hours"].astype(float)
        each = costs.direct_per_beneficiary.value * hours.groupby(classes).mean() / hours.mean()
        rows += _by_dose(landmark, each, protocol)
    return typed([{**row, "claim": EXPLORATORY} for row in rows], SENSITIVITY_COLUMNS)


def _by_actor(effectiveness: pd.DataFrame, protocol: Protocol, costs: Costs) -> Iterator[Row]:
    method = _(
        "The primary effect found under the study's own support, at the cost of another actor; "
        "nobody observed its support. Exploratory, not causal"
    )
    own = effectiveness[effectiveness["kind"] == DIRECT]
    for outcome in protocol.outcomes:
        if not isinstance(outcome, EventOutcome | StatusOutcome):
            continue
        for row in primary(own[own["outcome"] == outcome.name], outcome).to_dict("records"):
            gains = [float(row[f"gain{end}_points"]) / 100 for end in ("", "_low", "_high")]
            place = {name: row[name] for name in ("outcome", "definition", "horizon_days")}
            place |= {"scenario": BY_ACTOR, "method": method}
            for actor in costs.actors:
                each = actor.per_beneficiary.value if actor.per_beneficiary else None
                yield {**place, "level": actor.code, **_told(each, *gains)}


def _by_dose(landmark: pd.DataFrame, each: "pd.Series[float]", protocol: Protocol) -> Iterator[Row]:
    method = _(
        "Pairs at risk on the landmark by the interviews had until then; the planned direct cost "
        "shared out by hours of support. Exploratory: a difference by dose has no causal meaning"
    )
    benefit = {o.name: o.benefit for o in protocol.outcomes if isinstance(o, EventOutcome)}
    by_dose = landmark["contrast"] == BY_DOSE
    for row in landmark[by_dose & landmark["ci_low_points"].notna()].to_dict("records"):
        sign = -1.0 if benefit[row["outcome"]] == "lower" else 1.0
        low, high = sorted(sign * float(row[f"ci_{end}_points"]) / 100 for end in ("low", "high"))
        gain = sign * float(row["difference_points"]) / 100 + 0.0  # no effect is 0, not −0
        place = {
            name: row[name] for name in ("outcome", "definition", "horizon_days", "level", "n")
        }
        cost = each.get(row["level"])
        told = _told(None if cost is None else float(cost), gain, low, high)
        yield {**place, "scenario": BY_DOSE, "method": method, **told}


def _told(each: float | None, gain: float, low: float, high: float) -> Row:
    shares = {"gain_points": gain, "gain_low_points": low, "gain_high_points": high}
    told: Row = {name: 100 * share for name, share in shares.items()}
    told["n_needed"] = number_needed(gain, low, high)
    return told if each is None else told | per_gain(each, gain, low, high)
