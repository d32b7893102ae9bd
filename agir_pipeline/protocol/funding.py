"""Who may be funded by somebody else, by the law in force on the day: rules as data."""

from datetime import date
from typing import Literal

from pydantic import Field

from agir_pipeline.protocol.values import (
    AtLeastOne,
    Days,
    Fact,
    Frozen,
    Labels,
    Many,
    Name,
    Positive,
    Some,
    Text,
)


class Condition(Frozen):
    """One thing a column must say; missing, or one of ``unknown_codes``, it is not known."""

    origin: Literal["person", "spell"]
    column: Name
    codes: Some[str] | None = None
    unknown_codes: Many[str] = ()
    is_true: bool | None = None
    minimum: float | None = None
    maximum: float | None = None
    days_before: Days | None = None
    """A day at least so many days before the day of the rule."""


class Way(Frozen):
    """Conditions that must all hold."""

    conditions: Some[Condition] = Field(alias="condition")


class Criterion(Frozen):
    """One text of one criterion; several of one name follow each other in time."""

    name: Name
    labels: Labels
    article: Text
    valid_from: date | None = None
    valid_to: date | None = None
    ways: Some[Way] = Field(alias="way")
    """One of them is enough."""
    evidence: Many[Name] = ()
    """Columns of persons that must be filled before the criterion counts as met."""


class FundedAmount(Frozen):
    """What is paid a month, and for how many months at most."""

    valid_from: date | None = None
    valid_to: date | None = None
    monthly_eur: Fact[Positive]
    increased_eur: Fact[Positive]
    months: Fact[AtLeastOne]
    increased_by: Many[Name] = ()
    """Criteria that raise the monthly amount."""
    increased_when: Many[Condition] = ()
    """Other conditions, each of which raises it."""


class Funding(Frozen):
    """One criterion is enough. The day of the rules is a column of the contract."""

    name: Name
    """Of the released table."""
    day_column: Name
    duration_column: Name
    """Months of the contract: no more of them are funded."""
    criteria: Some[Criterion] = Field(alias="criterion")
    amounts: Some[FundedAmount] = Field(alias="amount")
