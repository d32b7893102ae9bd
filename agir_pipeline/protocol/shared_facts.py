"""What a protocol says of facts that several sources tell of one person."""

from typing import Literal

from pydantic import Field

from agir_pipeline.protocol.values import Days, Fact, Frozen, Labels, Many, Name, Text


class Teller(Frozen):
    """A column in which a source says the fact, and how its words are read."""

    source: Name
    column: Name
    part: Literal["year", "month"] | None = None
    """Of a day, the part that the others say as a number."""
    means: dict[str, Name] = Field(default_factory=dict)
    """Code → what it says in the words of the fact; a code that is not named says nothing."""
    filled: Name | None = None
    """What it says that something stands in the column …"""
    empty: Name | None = None
    """… and what it says that nothing does; without it, nothing."""


class OfSpell(Frozen):
    """The column by which two sources say of which contract or stay they tell."""

    column: Name
    tolerance: Fact[Days] | None = None
    """How many days two of its days may lie apart and still name one contract."""


class SharedFact(Frozen):
    """Something that several columns say of one person: where none agrees, it is shown.

    Of a source that says it more than once (a contract and its amendments) any row may agree.
    """

    name: Name
    labels: Labels
    told_by: Many[Teller]
    source: Text
    tolerance: Fact[Days] | None = None
    """How many days two of them may lie apart and still say the same."""
    waits: Fact[Days] | None = None
    """How long the slower of two sources may take: told is what differs after that still."""
    of_spell: OfSpell | None = None
    """Of a person with several contracts, only what is told of the same one is compared. Sources
    that name one contract each tell of the same; one without the column tells of any."""
