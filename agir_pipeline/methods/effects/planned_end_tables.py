"""The released effect by the pair's common planned end: a horizon of its own for each pair."""

from datetime import date
from math import nan

import numpy as np
import pandas as pd

from agir_pipeline.language import _, current_language
from agir_pipeline.methods.effects.claims import claim_of, is_final
from agir_pipeline.methods.effects.event_pairs import ARMS, PairedTimes, paired_times
from agir_pipeline.methods.effects.event_tables import pair_effect
from agir_pipeline.methods.effects.layout import COUNT, FLAG, NUMBER, TEXT, typed
from agir_pipeline.methods.effects.survival import cumulative_incidence, log_log_interval
from agir_pipeline.protocol.model import EventDefinition, EventOutcome, Inference

PLANNED_END_COLUMNS = {
    "outcome": TEXT, "definition": TEXT, "n": COUNT, "n_complete_pairs": COUNT,
    "n_pairs_not_evaluable": COUNT, "n_missing_pairs": COUNT, "is_evaluable": FLAG,
    "planned_days_median": NUMBER,
    "risk_beneficiary": NUMBER, "risk_beneficiary_low": NUMBER, "risk_beneficiary_high": NUMBER,
    "risk_control": NUMBER, "risk_control_low": NUMBER, "risk_control_high": NUMBER,
    "risk_difference_points": NUMBER, "standard_error_points": NUMBER,
    "ci_low_points": NUMBER, "ci_high_points": NUMBER, "p_value": NUMBER,
    "n_both": COUNT, "n_beneficiary_only": COUNT, "n_control_only": COUNT, "n_neither": COUNT,
    "risk_ratio": NUMBER, "risk_ratio_low": NUMBER, "risk_ratio_high": NUMBER,
    "claim": TEXT, "method": TEXT, "definition_text": TEXT,
}  # fmt: skip


def planned_end_table(
    event_times: pd.DataFrame,
    pairs: pd.DataFrame,
    outcome: EventOutcome,
    inference: Inference,
    data_cut_on: date,
) -> pd.DataFrame:
    """One row per definition: the event by the planned end known at the index.

    ``event_times`` as for ``paired_times``; ``pairs``: pair_id and common_planned_days. Both
    members are followed to the beneficiary's planned end; reaching it is another ending. A pair
    without a planned end is missing; one that the data cut does not let reach it is censored
    there. The arms' own limits are log-log ones. p-values are missing in interim releases.
    """
    planned = pairs.set_index("pair_id")["common_planned_days"].astype("Float64")
    rows = []
    for definition in outcome.definitions:
        found = paired_times(event_times, outcome, definition, data_cut_on)
        own = planned.reindex(found.pair_ids).to_numpy(dtype=float, na_value=np.nan)
        days = np.asarray(own[own >= 1], dtype=np.float64)
        seen = found.taken(np.asarray(own >= 1)).until(days)
        horizon = int(days.max(initial=1))
        effect = pair_effect(seen, inference, horizon)
        rows.append(
            {
                **effect,
                **(_arms(seen, horizon, inference) if effect["is_evaluable"] else {}),
                "outcome": outcome.name,
                "definition": definition.name,
                "n_missing_pairs": found.n_missing_pairs + found.n_pairs - seen.n_pairs,
                "planned_days_median": float(np.median(days)) if len(days) else nan,
                "claim": claim_of(outcome, inference, data_cut_on, definition.name, None),
                "method": _(
                    "Matched pairs, beneficiaries minus controls: difference of Aalen–Johansen "
                    "risks with two pseudo-pairs (censored Bonett–Price), each pair looked at up "
                    "to its own planned end; counts and ratio on pairs complete by the calendar; "
                    "not a randomised comparison"
                ),
                "definition_text": _definition_text(outcome, definition),
            }
        )
    table = typed(rows, PLANNED_END_COLUMNS)
    if not is_final(inference, data_cut_on):
        table["p_value"] = nan
    return table


def _arms(pairs: PairedTimes, horizon: int, inference: Inference) -> dict[str, float]:
    """The limits of each arm's risk."""
    found: dict[str, float] = {}
    for arm, times, causes in zip(ARMS, pairs.times, pairs.causes, strict=True):
        risk = cumulative_incidence(times, causes, horizon)
        level = inference.confidence_level.value
        low, high = log_log_interval(risk.risk, risk.standard_error, level)
        found |= {f"risk_{arm}_low": low, f"risk_{arm}_high": high}
    return found


def _definition_text(outcome: EventOutcome, definition: EventDefinition) -> str:
    return _(
        "{label}; by the pair's common planned end, as known at the index date; read up to the "
        "data cut minus {wait} days; other endings of the contract compete"
    ).format(
        label=definition.labels.in_language(current_language()),
        wait=outcome.consolidation_days.value + definition.window_days,
    )
