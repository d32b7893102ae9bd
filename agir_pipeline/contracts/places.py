"""Where a value comes from: a column of a table of a step."""

from typing import NamedTuple


class Place(NamedTuple):
    """One column of one table of a step."""

    step: str
    table: str
    column: str


Origins = dict[str, tuple[Place, ...]]
"""Column → the columns its values are made of."""


def participant(column: str) -> tuple[Place, ...]:
    return (Place("linked", "participants", column),)
