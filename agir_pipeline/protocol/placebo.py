"""What a study asks of its design where the answer is known to be nothing."""

from typing import Literal

from pydantic import Field

from agir_pipeline.protocol.values import (
    AtLeastOne,
    Fact,
    Frozen,
    Labels,
    Many,
    Name,
    Positive,
    Some,
    Text,
)


class NullOutcome(Frozen):
    """Something known of both arms that was so before the index date: support cannot change it."""

    name: Name
    labels: Labels
    origin: Literal["person", "spell"]
    column: Name
    codes: Some[str] | None = None
    """The codes that count as true; without any the column says yes or no itself."""
    source: Text


class Placebo(Frozen):
    limit_points: Fact[Positive]
    """Beyond this, by more than its error, an effect of nothing is an alarm."""
    replicates: Fact[AtLeastOne]
    null_outcomes: Many[NullOutcome] = Field(default=(), alias="null_outcome")
