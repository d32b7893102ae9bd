"""The released table of status outcomes: a situation on a date, known from those who answered."""

from collections.abc import Mapping, Sequence
from datetime import date
from math import isnan, nan
from typing import Any

import numpy as np
import pandas as pd

from agir_pipeline.language import _, current_language
from agir_pipeline.methods.effects.answer_pairs import DuePairs, due_pairs
from agir_pipeline.methods.effects.claims import alphas, claim_of, is_final
from agir_pipeline.methods.effects.layout import COUNT, FLAG, NUMBER, TEXT, in_points, typed
from agir_pipeline.methods.effects.paired import PairedTable, bonett_price
from agir_pipeline.methods.effects.precision import detectable_in_arms
from agir_pipeline.methods.effects.response import (
    Bounds,
    PairedAnswers,
    ResponseAdjusted,
    ipw_differences,
)
from agir_pipeline.protocol.model import Inference, StatusDefinition, StatusOutcome

LEAST_RESPONDENTS = 2
"""In each arm: with fewer nothing is estimated."""

STATUS_EFFECT_COLUMNS = {
    "outcome": TEXT, "definition": TEXT, "counted_from": TEXT, "months_after": COUNT,
    "n": COUNT, "n_due": COUNT, "n_not_due": COUNT,
    "n_respondents_beneficiary": COUNT, "n_respondents_control": COUNT, "is_evaluable": FLAG,
    "share_beneficiary": NUMBER, "share_control": NUMBER,
    "difference_points": NUMBER, "standard_error_points": NUMBER,
    "ci_low_points": NUMBER, "ci_high_points": NUMBER,
    "p_value": NUMBER, "p_value_holm": NUMBER, "p_value_bh": NUMBER,
    "n_effective_beneficiary": NUMBER, "n_effective_control": NUMBER,
    "unweighted_difference_points": NUMBER,
    "n_complete_pairs": COUNT, "complete_pairs_difference_points": NUMBER,
    "bonett_price_low_points": NUMBER, "bonett_price_high_points": NUMBER,
    "lee_low_points": NUMBER, "lee_high_points": NUMBER,
    "lee_ci_low_points": NUMBER, "lee_ci_high_points": NUMBER,
    "worst_case_low_points": NUMBER, "worst_case_high_points": NUMBER,
    "minimum_detectable_points": NUMBER, "minimum_detectable_holm_points": NUMBER,
    "claim": TEXT, "method": TEXT, "definition_text": TEXT,
}  # fmt: skip


def status_effect_table(
    answers: pd.DataFrame,
    outcome: StatusOutcome,
    inference: Inference,
    data_cut_on: date | None,
    covariates: Sequence[str],
) -> pd.DataFrame:
    """The effect by definition: response-weighted difference, bounds and complete pairs beside.

    ``answers`` has one row per pair member × definition: pair_id, arm, definition, is_due (of the
    pair), is_respondent, status (missing when unknown) and the ``covariates`` of the response
    model. A respondent whose status is unknown counts as without answer. Differences are
    beneficiary minus control in points. Evaluable: two respondents or more in each arm, and an
    interval narrower than the scale; otherwise estimates are missing. p-values are missing in
    interim releases. Each
    definition starts the protocol's seed anew: adding one moves no other row.
    """
    due = {d.name: due_pairs(answers, d.name, covariates) for d in outcome.definitions}
    found, drawn = _adjusted(due, outcome, inference)
    rows = [
        {
            "outcome": outcome.name,
            "definition": definition.name,
            "counted_from": definition.counted_from,
            "months_after": outcome.asked(definition).months_after_planned_end.value,
            "claim": claim_of(outcome, inference, data_cut_on, definition.name),
            "method": _method(drawn.get(definition.name, outcome.bootstrap_draws.value)),
            "definition_text": _definition_text(outcome, definition),
            **_effect(due[definition.name], found.get(definition.name), outcome, inference),
        }
        for definition in outcome.definitions
    ]
    table = typed(rows, STATUS_EFFECT_COLUMNS)
    if not is_final(inference, data_cut_on):
        table["p_value"] = nan
    return table


def _method(n_draws: int) -> str:
    return _(
        "Difference of the arms' means over all respondents of due pairs, weighted by the inverse "
        "of their chance of answering (logistic model with a small ridge penalty, weights "
        "truncated at 1 and 99 %), fitted again in each of {n} pair-bootstrap draws; Student's "
        "interval, answers that are nearly all alike counted as uncertain as with one more of each "
        "kind; not a randomised comparison"
    ).format(n=n_draws)


def _definition_text(outcome: StatusOutcome, definition: StatusDefinition) -> str:
    before, after = (abs(days) for days in outcome.window_days.value)
    months = outcome.asked(definition).months_after_planned_end.value
    text = _(
        "{label}; {months} months after the pair's common planned end, answered from {before} days "
        "before to {after} days after that date"
    )
    if definition.counted_from == "actual_end":
        text = _(
            "{label}; {months} months after the actual end of the member's own contract, answered "
            "from {before} days before to {after} days after that date; a variant, for its date "
            "hangs on the ending"
        )
    elif not months:
        text = _(
            "{label}; on the pair's common planned end, answered from {before} days before to "
            "{after} days after that date"
        )
    return text.format(
        label=definition.labels.in_language(current_language()),
        months=months,
        before=before,
        after=after,
    )


def _adjusted(
    due: Mapping[str, DuePairs], outcome: StatusOutcome, inference: Inference
) -> tuple[dict[str, ResponseAdjusted], dict[str, int]]:
    """The weighted difference of each definition that two in each arm answered, and its draws.

    Definitions told by the same persons share the draws and the fits of their response.
    """
    alike: dict[tuple[bytes, bytes], list[str]] = {}
    for name, pairs in due.items():
        if min(pairs.answers.n_respondents) >= LEAST_RESPONDENTS:
            is_silent = np.isnan(pairs.answers.status)
            key = (is_silent.tobytes(), pairs.answers.design.tobytes())
            alike.setdefault(key, []).append(name)
    level, most = inference.confidence_level.value, outcome.bootstrap_draws.value
    fewer = outcome.variant_draws.value if outcome.variant_draws else most
    primary = outcome.primary_definition or outcome.definitions[0].name
    found: dict[str, ResponseAdjusted] = {}
    drawn: dict[str, int] = {}
    for names in alike.values():
        n_draws = most if primary in names else fewer
        drawn |= dict.fromkeys(names, n_draws)
        rng = np.random.default_rng(inference.seed)
        several = [due[name].answers for name in names]
        told = zip(names, ipw_differences(several, n_draws, level, rng), strict=True)
        found |= {name: one for name, one in told if not isnan(one.effect.ci_low)}
    return found, drawn


def _effect(
    due: DuePairs,
    found: ResponseAdjusted | None,
    outcome: StatusOutcome,
    inference: Inference,
) -> dict[str, Any]:
    n_respondents, n_due = due.answers.n_respondents, len(due.answers.status)
    row: dict[str, Any] = {
        "n": due.n_pairs,
        "n_due": n_due,
        "n_not_due": due.n_pairs - n_due,
        "n_respondents_beneficiary": n_respondents[0],
        "n_respondents_control": n_respondents[1],
        "n_complete_pairs": int((~np.isnan(due.answers.status)).all(axis=1).sum()),
        "is_evaluable": found is not None,
    }
    if found is None:
        return row
    level = inference.confidence_level.value
    return (
        row
        | _weighted(found)
        | _beside(due.answers, level)
        | _detectable(found, outcome, inference)
    )


def _weighted(found: ResponseAdjusted) -> dict[str, Any]:
    return {
        "share_beneficiary": found.means[0],
        "share_control": found.means[1],
        "difference_points": in_points(found.effect.estimate),
        "standard_error_points": in_points(found.effect.standard_error),
        "ci_low_points": in_points(found.effect.ci_low),
        "ci_high_points": in_points(found.effect.ci_high),
        "p_value": found.effect.p_value,
        "n_effective_beneficiary": found.n_effective[0],
        "n_effective_control": found.n_effective[1],
        "unweighted_difference_points": in_points(found.unweighted),
        **_bounds("lee", found.lee),
        **_bounds("worst_case", found.worst_case),
    }


def _bounds(name: str, bounds: Bounds) -> dict[str, float]:
    return {
        f"{name}_low_points": in_points(bounds.low),
        f"{name}_high_points": in_points(bounds.high),
        f"{name}_ci_low_points": in_points(bounds.ci_low),
        f"{name}_ci_high_points": in_points(bounds.ci_high),
    }


def _beside(answers: PairedAnswers, level: float) -> dict[str, Any]:
    complete = answers.status[(~np.isnan(answers.status)).all(axis=1)] == 1
    pairs = bonett_price(PairedTable.of(complete[:, 0], complete[:, 1]), level)
    return {
        "complete_pairs_difference_points": in_points(pairs.estimate),
        "bonett_price_low_points": in_points(pairs.ci_low),
        "bonett_price_high_points": in_points(pairs.ci_high),
    }


def _detectable(
    found: ResponseAdjusted, outcome: StatusOutcome, inference: Inference
) -> dict[str, Any]:
    names = ("minimum_detectable_points", "minimum_detectable_holm_points")
    return {
        name: detectable_in_arms(
            *found.n_effective, found.means[1], outcome.benefit, alpha, inference.power.value
        )
        for name, alpha in zip(names, alphas(inference), strict=True)
    }
