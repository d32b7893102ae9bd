"""What a declared table is: its columns, its key, and what must hold between its rows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import pandas as pd

from agir_pipeline.language import _, current_language, mark, use_language
from agir_pipeline.protocol.model import Labels

Text = str | Labels
"""A text marked for translation where it is written, or both languages from the protocol."""

Type = Literal["text", "integer", "number", "boolean", "date", "instant"]
Sensitivity = Literal["none", "pseudonym", "sensitive"]


@dataclass(frozen=True)
class Column:
    """One column: what it says, in which unit and codes, and which values it may hold."""

    name: str
    type: Type
    label: Text
    description: Text = ""
    unit: str = ""
    codes: Mapping[str, Text] = field(default_factory=dict)
    is_closed: bool = True
    """Whether a coded column may hold nothing but its codes."""
    is_nullable: bool = False
    is_measured_before_index: bool = False
    """Whether the value is fixed by the index date: nothing else may be matched on."""
    minimum: float | None = None
    maximum: float | None = None
    sensitivity: Sensitivity = "none"
    source_columns: tuple[str, ...] = ()
    """``source.column`` of the protocol the value comes from."""


@dataclass(frozen=True)
class Invariant:
    """Something that holds between rows or columns; ``count_broken`` says how often it does not."""

    sentence: str
    count_broken: Callable[[pd.DataFrame], int]


@dataclass(frozen=True)
class TableContract:
    """One table: its columns in order, the key that no two rows share, its invariants."""

    name: str
    title: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    invariants: tuple[Invariant, ...] = ()

    @property
    def names(self) -> list[str]:
        return [column.name for column in self.columns]

    def as_released(self) -> "TableContract":
        """The same table with the columns that every released table ends with."""
        return replace(self, columns=(*self.columns, *STAMPS))


STAMPS = (
    Column(
        "as_of",
        "date",
        mark("Known as of"),
        mark("The day whose end the table describes: that of the newest thing known"),
        is_measured_before_index=True,
    ),
    Column(
        "protocol_digest",
        "text",
        mark("Digest of the protocol"),
        mark("A hash of the whole protocol in force"),
        is_measured_before_index=True,
    ),
    Column(
        "design_digest",
        "text",
        mark("Digest of the design"),
        mark("A hash of population, matching, outcomes, horizons and thresholds"),
        is_measured_before_index=True,
    ),
)
"""The columns every released table carries."""


def in_language(text: Text, code: str) -> str:
    """``text`` in "en" or "fr", whatever the language in force."""
    if isinstance(text, Labels):
        return text.in_language(code)
    before = current_language()
    use_language(code)
    try:
        return _(text) if text else ""
    finally:
        use_language(before)
