"""The released effect table of event outcomes: what happened within pairs by each horizon."""

from datetime import date
from math import nan
from typing import Any

import numpy as np
import pandas as pd

from agir_pipeline.language import _
from agir_pipeline.methods.effects import paired
from agir_pipeline.methods.effects.claims import alphas, claim_of, is_final
from agir_pipeline.methods.effects.estimate import Estimate
from agir_pipeline.methods.effects.event_pairs import PairedTimes, places
from agir_pipeline.methods.effects.layout import COUNT, FLAG, NUMBER, TEXT, in_points, typed
from agir_pipeline.methods.effects.precision import detectable_in_pairs
from agir_pipeline.methods.effects.survival import censored_bonett_price, cumulative_incidence
from agir_pipeline.protocol.model import EventOutcome, Inference

PAIRED_EFFECT_COLUMNS = {
    "outcome": TEXT, "definition": TEXT, "horizon_days": COUNT,
    "n": COUNT, "n_complete_pairs": COUNT, "n_pairs_not_evaluable": COUNT,
    "n_missing_pairs": COUNT, "n_void_pairs": COUNT,
    "link_rate_beneficiary": NUMBER, "link_rate_control": NUMBER, "is_evaluable": FLAG,
    "risk_beneficiary": NUMBER, "risk_control": NUMBER,
    "risk_difference_points": NUMBER, "standard_error_points": NUMBER,
    "ci_low_points": NUMBER, "ci_high_points": NUMBER,
    "p_value": NUMBER, "p_value_holm": NUMBER, "p_value_bh": NUMBER,
    "n_both": COUNT, "n_beneficiary_only": COUNT, "n_control_only": COUNT, "n_neither": COUNT,
    "complete_pairs_difference_points": NUMBER,
    "bonett_price_low_points": NUMBER, "bonett_price_high_points": NUMBER,
    "newcombe_low_points": NUMBER, "newcombe_high_points": NUMBER, "mcnemar_midp": NUMBER,
    "risk_ratio": NUMBER, "risk_ratio_low": NUMBER, "risk_ratio_high": NUMBER,
    "odds_ratio": NUMBER, "odds_ratio_low": NUMBER, "odds_ratio_high": NUMBER,
    "minimum_detectable_points": NUMBER, "minimum_detectable_holm_points": NUMBER,
    "claim": TEXT, "method": TEXT, "definition_text": TEXT,
}  # fmt: skip


def paired_effect_table(
    event_times: pd.DataFrame,
    outcome: EventOutcome,
    inference: Inference,
    data_cut_on: date,
    n_void_pairs: int = 0,
) -> pd.DataFrame:
    """The effect by definition × horizon: censored Bonett–Price, complete pairs beside it.

    Differences are beneficiary minus control in points; the interval is that of the difference.
    The 2 × 2 counts, ratios and mid-p are of the complete pairs. p-values are missing in interim
    releases, every estimate where no pair is complete. ``n_void_pairs`` are pairs the caller left
    out because a member was not at risk on its index date. What could be found is not told of
    variants.
    """
    rows = []
    variants = {definition.name for definition in outcome.definitions if definition.is_variant}
    links = link_rates(event_times)
    for place, pairs in places(event_times, outcome, data_cut_on):
        definition, horizon = str(place["definition"]), int(place["horizon_days"])
        effect = pair_effect(pairs, inference, horizon)
        rows.append(
            {
                **place,
                "n_void_pairs": n_void_pairs,
                **links.get(definition, {}),
                "claim": claim_of(outcome, inference, data_cut_on, definition, horizon),
                "method": _(
                    "Matched pairs, beneficiaries minus controls: difference of Aalen–Johansen "
                    "risks with two pseudo-pairs (censored Bonett–Price), standard error by "
                    "infinitesimal jackknife over pairs; counts, ratios and mid-p McNemar on "
                    "pairs complete by the calendar; not a randomised comparison"
                ),
                **effect,
                **({} if definition in variants else _detectable(effect, outcome, inference)),
            }
        )
    table = typed(rows, PAIRED_EFFECT_COLUMNS)
    if not is_final(inference, data_cut_on):
        table[["p_value", "mcnemar_midp"]] = nan
    return table


def link_rates(event_times: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Definition → the share of each arm's members whose contract is in its source."""
    linked = event_times.assign(is_linked=event_times["cause"].notna())
    shares = linked.groupby(["definition", "arm"], as_index=False)["is_linked"].mean()
    found: dict[str, dict[str, float]] = {}
    for definition, arm, share in shares.itertuples(index=False, name=None):
        found.setdefault(definition, {})[f"link_rate_{arm}"] = float(share)
    return found


def pair_effect(pairs: PairedTimes, inference: Inference, horizon: int) -> dict[str, Any]:
    """The difference of the risks and what is beside it; estimates only with a complete pair."""
    is_complete = pairs.complete(horizon)
    n_complete = int(is_complete.sum())
    row: dict[str, Any] = {
        "n": pairs.n_pairs,
        "n_complete_pairs": n_complete,
        "n_pairs_not_evaluable": pairs.n_pairs - n_complete,
        "n_missing_pairs": pairs.n_missing_pairs,
        "is_evaluable": n_complete > 0,
    }
    if n_complete == 0:
        return row
    level = inference.confidence_level.value
    risks = [
        cumulative_incidence(times, causes, horizon).risk
        for times, causes in zip(pairs.times, pairs.causes, strict=True)
    ]
    effect = censored_bonett_price(
        pairs.times[0], pairs.causes[0], pairs.times[1], pairs.causes[1], horizon, level
    )
    return {
        **row,
        "risk_beneficiary": risks[0],
        "risk_control": risks[1],
        "risk_difference_points": in_points(effect.estimate),
        "standard_error_points": in_points(effect.standard_error),
        "ci_low_points": in_points(effect.ci_low),
        "ci_high_points": in_points(effect.ci_high),
        "p_value": effect.p_value,
        **_complete_pairs(pairs.has_event(horizon)[:, is_complete], level),
    }


def _detectable(
    effect: dict[str, Any], outcome: EventOutcome, inference: Inference
) -> dict[str, float]:
    """The smallest effects that the complete pairs could find, alone and under Holm."""
    if not effect["is_evaluable"]:
        return {}
    n, risk = effect["n_complete_pairs"], effect["risk_control"]
    names = ("minimum_detectable_points", "minimum_detectable_holm_points")
    return {
        name: detectable_in_pairs(n, risk, outcome.benefit, alpha, inference.power.value)
        for name, alpha in zip(names, alphas(inference), strict=True)
    }


def _complete_pairs(
    has_event: "np.ndarray[Any, np.dtype[np.bool_]]", level: float
) -> dict[str, Any]:
    table = paired.PairedTable.of(has_event[0], has_event[1])
    bonett_price = paired.bonett_price(table, level)
    newcombe = paired.newcombe(table, level)
    return {
        "n_both": table.a,
        "n_beneficiary_only": table.b,
        "n_control_only": table.c,
        "n_neither": table.d,
        "complete_pairs_difference_points": in_points(bonett_price.estimate),
        "bonett_price_low_points": in_points(bonett_price.ci_low),
        "bonett_price_high_points": in_points(bonett_price.ci_high),
        "newcombe_low_points": in_points(newcombe.ci_low),
        "newcombe_high_points": in_points(newcombe.ci_high),
        "mcnemar_midp": paired.mcnemar_midp(table),
        **_limits("risk_ratio", paired.risk_ratio(table, level)),
        **_limits("odds_ratio", paired.conditional_odds_ratio(table, level)),
    }


def _limits(name: str, ratio: Estimate) -> dict[str, float]:
    return {name: ratio.estimate, f"{name}_low": ratio.ci_low, f"{name}_high": ratio.ci_high}
