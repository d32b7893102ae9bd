"""What one cell of a file turns out to be: a value, or the rule it breaks."""

from datetime import datetime
from typing import NamedTuple

INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\x1a"
"""Characters that take no room; ``str.strip`` leaves them. The last one ended files of MS-DOS."""


class Cell(NamedTuple):
    """A typed value. ``rule`` is empty when the cell is right; ``note`` asks for a look."""

    value: str | float | int | bool | datetime | None
    rule: str = ""
    note: str = ""
    evidence: str = ""
    """Dates only: ``declared``, ``other`` or ``either`` order of day and month would do."""


MISSING = Cell(None)


def trimmed(text: str) -> str:
    """The text without the white space around it, visible or not."""
    bare = text.strip()
    if bare and (bare[0] in INVISIBLE or bare[-1] in INVISIBLE):
        return bare.strip(INVISIBLE).strip()
    return bare
