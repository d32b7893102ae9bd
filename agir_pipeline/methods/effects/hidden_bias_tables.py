"""The released table of hidden bias: how large an unseen difference would have to be."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from math import isnan, nan
from typing import Any

import pandas as pd

from agir_pipeline.language import _
from agir_pipeline.methods.effects.answer_pairs import due_pairs
from agir_pipeline.methods.effects.claims import claim_of, is_final
from agir_pipeline.methods.effects.hidden_bias import (
    e_value,
    e_value_of_limit,
    largest_gamma,
    mcnemar_bound,
    wilcoxon_bound,
)
from agir_pipeline.methods.effects.layout import COUNT, NUMBER, TEXT, typed
from agir_pipeline.methods.effects.paired import PairedTable, risk_ratio
from agir_pipeline.protocol.model import EventOutcome, Inference, MeasureOutcome, StatusOutcome

HIDDEN_BIAS_COLUMNS = {
    "outcome": TEXT, "definition": TEXT, "horizon_days": COUNT, "gamma": NUMBER,
    "n_complete_pairs": COUNT, "p_upper": NUMBER, "gamma_star": NUMBER,
    "e_value": NUMBER, "e_value_limit": NUMBER, "claim": TEXT, "method": TEXT,
}  # fmt: skip

GAMMAS = tuple(round(1 + step / 10, 1) for step in range(21))
MATCHED_PAIRS = "matched_pairs"


@dataclass(frozen=True)
class _Bounded:
    """One effect: where it stands, its pairs, its p-values by Γ, its E-values."""

    place: dict[str, Any]
    n_pairs: int
    p_values: Sequence[float]
    e_values: tuple[float, float] = (nan, nan)


def event_hidden_bias(
    effects: pd.DataFrame, outcome: EventOutcome, inference: Inference, data_cut_on: date
) -> pd.DataFrame:
    """Definition × horizon × Γ of one event, from the counts in its released effect table."""
    bounded = []
    cells = ["n_both", "n_beneficiary_only", "n_control_only", "n_neither"]
    for row in effects[effects["is_evaluable"]].to_dict("records"):
        table = PairedTable(*(int(row[cell]) for cell in cells))
        place = {"definition": row["definition"], "horizon_days": int(row["horizon_days"])}
        bounded.append(_of_counts(table, place, outcome, inference))
    return _table(bounded, outcome, inference, data_cut_on)


def status_hidden_bias(
    answers: pd.DataFrame, outcome: StatusOutcome, inference: Inference, data_cut_on: date | None
) -> pd.DataFrame:
    """Definition × Γ of one status, on the due pairs whose members both answered."""
    bounded = []
    for definition in outcome.definitions:
        status = due_pairs(answers, definition.name, ()).answers.status
        whole = status[~pd.isna(status).any(axis=1)] == 1
        if len(whole):
            table = PairedTable.of(whole[:, 0], whole[:, 1])
            bounded.append(_of_counts(table, {"definition": definition.name}, outcome, inference))
    return _table(bounded, outcome, inference, data_cut_on)


def measure_hidden_bias(
    values: pd.DataFrame, outcome: MeasureOutcome, inference: Inference, data_cut_on: date | None
) -> pd.DataFrame:
    """Γ by Γ for one measure, on the pairs whose members both have a value; no E-value."""
    in_pairs = values[values["pair_id"].notna()].set_index("pair_id")
    first, second = (
        in_pairs.loc[in_pairs["arm"] == arm, "value"].astype(float)
        for arm in ("beneficiary", "control")
    )
    sign = -1 if outcome.benefit == "lower" else 1
    gain = sign * (first - second).dropna()
    p_values = [wilcoxon_bound(gain, gamma) for gamma in GAMMAS]
    bounded = [_Bounded({"definition": MATCHED_PAIRS}, len(gain), p_values)]
    return _table(bounded if len(gain) else [], outcome, inference, data_cut_on)


def _of_counts(
    table: PairedTable,
    place: dict[str, Any],
    outcome: EventOutcome | StatusOutcome,
    inference: Inference,
) -> _Bounded:
    claimed = table.c if outcome.benefit == "lower" else table.b
    p_values = [mcnemar_bound(claimed, table.b + table.c, gamma) for gamma in GAMMAS]
    ratio = risk_ratio(table, inference.confidence_level.value)
    e_values = (e_value(ratio.estimate), e_value_of_limit(ratio.ci_low, ratio.ci_high))
    return _Bounded(place, table.n, p_values, e_values)


def _table(
    bounded: Iterable[_Bounded],
    outcome: EventOutcome | StatusOutcome | MeasureOutcome,
    inference: Inference,
    data_cut_on: date | None,
) -> pd.DataFrame:
    rows = []
    alpha = (1 - inference.confidence_level.value) / 2
    for effect in bounded:
        star = largest_gamma(GAMMAS, effect.p_values, alpha)
        of_measure = isinstance(outcome, MeasureOutcome)
        definition = None if of_measure else effect.place["definition"]
        horizon = effect.place.get("horizon_days")
        common = {
            "outcome": outcome.name,
            **effect.place,
            "n_complete_pairs": effect.n_pairs,
            "gamma_star": None if isnan(star) else star,
            "e_value": effect.e_values[0],
            "e_value_limit": effect.e_values[1],
            "claim": claim_of(outcome, inference, data_cut_on, definition, horizon),
            "method": _method(outcome),
        }
        rows += [
            {**common, "gamma": gamma, "p_upper": p_value}
            for gamma, p_value in zip(GAMMAS, effect.p_values, strict=True)
        ]
    table = typed(rows, HIDDEN_BIAS_COLUMNS)
    if not is_final(inference, data_cut_on):
        table[["p_upper", "gamma_star"]] = nan
    return table


def _method(outcome: EventOutcome | StatusOutcome | MeasureOutcome) -> str:
    if isinstance(outcome, MeasureOutcome):
        return _(
            "Rosenbaum's bound of the one-sided signed rank test, in the direction of a benefit, "
            "on complete pairs"
        )
    return _(
        "Rosenbaum's bound of McNemar's exact one-sided test, in the direction of a benefit, and "
        "E-value of the risk ratio, on complete pairs"
    )
