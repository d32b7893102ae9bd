"""When the steward is told early that a contract may break: rules that each give their reason."""

from typing import Literal

from pydantic import Field

from agir_pipeline.protocol.values import Fact, Frozen, Labels, Name, Some, SomeDays


class WarningRule(Frozen):
    """said: a row of ``origin`` in the days before says so; silent: there is no row in them."""

    name: Name
    labels: Labels
    kind: Literal["said", "silent"]
    origin: Name
    day_column: Name
    within_days: Fact[SomeDays]
    column: Name | None = None
    """Of a rule of what is said; a column of several codes says each of them."""
    codes: Some[str] | None = None
    is_true: bool | None = None
    minimum: float | None = None


class EarlyWarnings(Frozen):
    """For the steward alone: no release holds them."""

    rules: Some[WarningRule] = Field(alias="rule")
