"""What a row of results may claim: primary, secondary, or nothing yet."""

from datetime import date

from agir_pipeline.protocol.model import EventOutcome, Inference, MeasureOutcome, StatusOutcome

INTERIM = "interim, descriptive, no test"
PRIMARY = "primary"
SECONDARY = "secondary"
EXPLORATORY = "exploratory"


def is_final(inference: Inference, data_cut_on: date | None) -> bool:
    """Whether p-values may be shown. Without a declared final day every release is final."""
    if inference.final_on is None:
        return True
    return data_cut_on is not None and inference.final_on.value <= data_cut_on


def claim_of(
    outcome: EventOutcome | StatusOutcome | MeasureOutcome,
    inference: Inference,
    data_cut_on: date | None,
    definition: str | None = None,
    horizon_days: int | None = None,
) -> str:
    """The claim of one row; a measure has neither definition nor horizon."""
    if not is_final(inference, data_cut_on):
        return INTERIM
    if outcome.name not in inference.primary_family:
        return SECONDARY
    if definition != getattr(outcome, "primary_definition", None):
        return SECONDARY
    is_primary = horizon_days == getattr(outcome, "primary_horizon_days", None)
    return PRIMARY if is_primary else SECONDARY


def alphas(inference: Inference) -> tuple[float, float]:
    """The level of one test alone, and of Holm's first step over the primary family."""
    alone = 1 - inference.confidence_level.value
    return alone, alone / max(1, len(inference.primary_family))
