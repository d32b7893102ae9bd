"""The released table of measure outcomes: mean difference within pairs, known answers beside."""

from collections.abc import Sequence
from datetime import date
from math import nan
from typing import Any

import pandas as pd

from agir_pipeline.language import _, current_language
from agir_pipeline.methods.effects.claims import alphas, claim_of, is_final
from agir_pipeline.methods.effects.layout import COUNT, FLAG, NUMBER, TEXT, typed
from agir_pipeline.methods.effects.measure import (
    difference_from_reference,
    paired_mean_difference,
    weighted_difference,
)
from agir_pipeline.methods.effects.precision import detectable_measure
from agir_pipeline.protocol.model import Benchmark, Inference, MeasureOutcome

MATCHED_PAIRS, BENCHMARK = "matched_pairs", "benchmark"

MEASURE_EFFECT_COLUMNS = {
    "outcome": TEXT, "definition": TEXT,
    "n": COUNT, "n_complete_pairs": COUNT, "n_missing_pairs": COUNT, "is_evaluable": FLAG,
    "mean_beneficiary": NUMBER, "mean_control": NUMBER,
    "difference": NUMBER, "standard_error": NUMBER, "ci_low": NUMBER, "ci_high": NUMBER,
    "p_value": NUMBER, "p_value_holm": NUMBER, "p_value_bh": NUMBER,
    "minimum_detectable": NUMBER, "minimum_detectable_holm": NUMBER,
    "published": NUMBER, "unit": TEXT,
    "claim": TEXT, "method": TEXT, "definition_text": TEXT,
}  # fmt: skip


def measure_effect_table(
    values: pd.DataFrame,
    outcome: MeasureOutcome,
    inference: Inference,
    data_cut_on: date | None,
    benchmarks: Sequence[Benchmark] = (),
    alternatives: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """One row for the matched pairs, then one per alternative to them and per benchmark.

    In the outcome's own unit. ``alternatives`` has one row per alternative and person: alternative,
    person_id, arm, set_number, weight; their rows never have a p-value.

    ``values`` has one row per person: pair_id (missing outside pairs), arm (``reference`` for the
    randomised comparison), value. ``n`` is pairs in the first row and persons in a benchmark row,
    whose ``mean_control`` is the reference arm's. A pair with a missing value is not complete.
    p-values are missing in interim releases; a benchmark never has one.
    """
    rows = [_matched(values, outcome, inference, data_cut_on)]
    if alternatives is not None:
        level = inference.confidence_level.value
        for name, part in alternatives.groupby("alternative", sort=False):
            rows.append(_weighted(values, outcome, str(name), part, level))
    rows += [
        _benchmark(values, outcome, inference, benchmark)
        for benchmark in benchmarks
        if benchmark.outcome == outcome.name
    ]
    table = typed(rows, MEASURE_EFFECT_COLUMNS)
    if not is_final(inference, data_cut_on):
        table["p_value"] = nan
    return table


def _matched(
    values: pd.DataFrame, outcome: MeasureOutcome, inference: Inference, data_cut_on: date | None
) -> dict[str, Any]:
    in_pairs = values[values["pair_id"].notna()].set_index("pair_id")
    by_arm = {
        arm: in_pairs.loc[in_pairs["arm"] == arm, "value"].astype(float)
        for arm in ("beneficiary", "control")
    }
    pairs = pd.concat(by_arm, axis=1)
    found = paired_mean_difference(
        pairs["beneficiary"], pairs["control"], inference.confidence_level.value
    )
    names = ("minimum_detectable", "minimum_detectable_holm")
    df = found.n_complete_pairs - 1
    return {
        "outcome": outcome.name,
        "definition": MATCHED_PAIRS,
        "n": len(pairs),
        "n_complete_pairs": found.n_complete_pairs,
        "n_missing_pairs": found.n_missing_pairs,
        "is_evaluable": found.n_complete_pairs > 0,
        "mean_beneficiary": found.mean_beneficiary,
        "mean_control": found.mean_control,
        "difference": found.effect.estimate,
        "standard_error": found.effect.standard_error,
        "ci_low": found.effect.ci_low,
        "ci_high": found.effect.ci_high,
        "p_value": found.effect.p_value,
        **{
            name: detectable_measure(found.effect.standard_error, df, alpha, inference.power.value)
            for name, alpha in zip(names, alphas(inference), strict=True)
        },
        "unit": outcome.unit,
        "claim": claim_of(outcome, inference, data_cut_on),
        "method": _(
            "Mean difference within matched pairs, beneficiaries minus controls; standard error "
            "clustered by pair, Student's interval on pairs − 1; not a randomised comparison"
        ),
        "definition_text": outcome.labels.in_language(current_language()),
    }


def _weighted(
    values: pd.DataFrame, outcome: MeasureOutcome, name: str, weights: pd.DataFrame, level: float
) -> dict[str, Any]:
    known = weights.merge(values[["person_id", "arm", "value"]], on=["person_id", "arm"])
    found = weighted_difference(
        known["value"].to_numpy(dtype=float, na_value=nan),
        known["arm"] == "beneficiary",
        known["weight"],
        known["set_number"].to_numpy(dtype=float, na_value=nan),
        level,
    )
    return {
        "outcome": outcome.name,
        "definition": name,
        "n": found.n_persons,
        "is_evaluable": found.n_persons > 0,
        "mean_beneficiary": found.mean_beneficiary,
        "mean_control": found.mean_control,
        "difference": found.effect.estimate,
        "standard_error": found.effect.standard_error,
        "ci_low": found.effect.ci_low,
        "ci_high": found.effect.ci_high,
        "unit": outcome.unit,
        "method": _(
            "Difference of weighted means, an alternative to the pairs shown as a check; standard "
            "error clustered by set, by person where there are no sets, weights taken as known"
        ),
        "definition_text": outcome.labels.in_language(current_language()),
    }


def _benchmark(
    values: pd.DataFrame, outcome: MeasureOutcome, inference: Inference, benchmark: Benchmark
) -> dict[str, Any]:
    beneficiary, reference = (
        values.loc[values["arm"] == arm, "value"].dropna().astype(float)
        for arm in ("beneficiary", "reference")
    )
    found = difference_from_reference(beneficiary, reference, inference.confidence_level.value)
    return {
        "outcome": outcome.name,
        "definition": BENCHMARK,
        "n": len(beneficiary) + len(reference),
        "is_evaluable": min(len(beneficiary), len(reference)) > 0,
        "mean_beneficiary": beneficiary.mean(),
        "mean_control": reference.mean(),
        "difference": found.estimate,
        "standard_error": found.standard_error,
        "ci_low": found.ci_low,
        "ci_high": found.ci_high,
        "published": benchmark.published.value,
        "unit": outcome.unit,
        "method": _(
            "Difference in means between all beneficiaries and the randomised reference arm, "
            "unequal-variance interval: the known answer, shown beside the pairs"
        ),
        "definition_text": benchmark.labels.in_language(current_language()),
    }
