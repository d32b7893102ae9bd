"""What a study wants told beside its effects: why events happened, and who was to answer when."""

from typing import Literal

from pydantic import Field

from agir_pipeline.protocol.values import (
    Days,
    Fact,
    Frozen,
    Labels,
    Many,
    Months,
    Name,
    Some,
    SomeDays,
    Text,
)


class CauseClass(Frozen):
    """Reasons that count as one; the classes compete with each other."""

    name: Name
    labels: Labels
    codes: Some[str]


class Causes(Frozen):
    """Where the origin of an event says why it happened; a reason in no class is not told."""

    reason_column: Name
    initiative_column: Name
    follow_windows_days: Fact[Some[SomeDays]]
    """How soon another contract followed: within each of these numbers of days."""
    classes: Some[CauseClass] = Field(alias="class")
    source: Text


class Lost(Frozen):
    """Where a list of persons says that somebody is out of reach, and since when."""

    column: Name
    codes: Some[str]
    day_column: Name


class Wave(Frozen):
    """Who was to answer a questionnaire by when, for response rates by arm."""

    name: Name
    labels: Labels
    origin: Name
    """The answer source of the instrument."""
    asked: Literal["index", "planned_end"]
    """From which day of the pair the date of the question counts."""
    months_after: Fact[Months]
    window_days: Fact[Many[Days]]
    """Days before and after the date in which an answer counts."""
    complete_when: dict[str, float] = Field(default_factory=dict)
    """Column → least value from which on an answer is whole; less is a partial one."""
    only_when: dict[str, str] = Field(default_factory=dict)
    """Column → code, where one source holds the answers of several waves."""
    contact_column: Name | None = None
    """A yes-or-no column of persons: whoever said no is not asked."""
    lost: Lost | None = None
    """Shown beside the silent of the arms whose lists tell it, and in no rate."""
