"""Where a column stands: step, table, name."""

from typing import NamedTuple


class Place(NamedTuple):
    """One column of one table of a step."""

    step: str
    table: str
    column: str


Origins = dict[str, tuple[Place, ...]]
"""Column → the columns its values are made of."""
