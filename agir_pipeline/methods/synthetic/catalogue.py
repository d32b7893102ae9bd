"""What one planted fault is; the catalogue itself lies beside the calibration."""

from agir_pipeline.protocol.model import Count, Frozen, Name, Text

OF_FILES = (
    "incomplete",
    "empty",
    "encrypted",
    "missing_columns",
    "column_left",
    "column_emptied",
)
"""Faults for which a file is refused whole or held: it is sent again."""


class Fault(Frozen):
    """One thing that goes wrong in exactly one file; the next one is right."""

    what: Text
    source: Name
    provider: Name
    check: Name
    """The code under which it must be reported, by that check and no other."""
    turn: Count
    """The delivery it is in, counted from the end."""
    mess: Text
    """The class of mess it belongs to, M1 to M14; ``file`` where the file itself is broken."""
    column: str = ""
    found: str | float = ""
    """What stands in the cell instead."""

    @property
    def is_of_file(self) -> bool:
        return self.check in OF_FILES
