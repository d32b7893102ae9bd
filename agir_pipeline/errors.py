"""What can go wrong, and the exit code each kind of fault gives.

AgirError
 ├─ UsageError            2  wrong command line or site settings
 ├─ ProtocolError         2  every mistake of a protocol file, each with its place
 ├─ SourceError           1  a delivery that cannot be read as a whole
 ├─ CheckError            1  a blocking check failed; the old tables stand
 ├─ DecisionNeeded        4  a decision of the steward must come before publishing
 └─ InfrastructureError   3  database, disk, lock, network

Messages name file, sheet, row and column, never a person's data.
"""

import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from agir_pipeline.language import _


class AgirError(Exception):
    """A fault with a sentence for the steward; ``exit_code`` is what the command returns."""

    exit_code = 1


class UsageError(AgirError):
    exit_code = 2


class SourceError(AgirError):
    exit_code = 1


class CheckError(AgirError):
    exit_code = 1


class DecisionNeeded(AgirError):
    exit_code = 4


class InfrastructureError(AgirError):
    exit_code = 3


class Mistake(NamedTuple):
    """One thing wrong in a protocol: where, and what was found and expected."""

    place: str
    message: str


class ProtocolError(AgirError):
    """All mistakes of one protocol file, gathered before raising."""

    exit_code = 2

    def __init__(self, file: str, mistakes: Sequence[Mistake]) -> None:
        self.file = file
        self.mistakes = tuple(mistakes)
        head = _("{file}: {n} mistake(s) in the protocol").format(file=file, n=len(self.mistakes))
        super().__init__("\n".join([head, *(f"  - {_told(mistake)}" for mistake in mistakes)]))


def _told(mistake: Mistake) -> str:
    if not mistake.place:
        return mistake.message
    return _("{place}: {text}").format(place=mistake.place, text=mistake.message)


def unexpected(fault: BaseException) -> str:
    """A sentence for a fault nobody foresaw: its kind and our line, never a library's words.

    A library's message may quote a row; ``--debug`` shows it to whoever asks for it.
    """
    place, trace = "?", fault.__traceback__
    while trace is not None:
        file = Path(trace.tb_frame.f_code.co_filename)
        if "agir_pipeline" in file.parts:
            place = f"{file.name}:{trace.tb_lineno}"
        trace = trace.tb_next
    return _("an unexpected fault ({kind}) at {place}; please report it").format(
        kind=type(fault).__name__, place=place
    )


class Traces:
    """What ``--debug`` shows of faults inside steps, on the terminal of whoever asks.

    It may quote a row, so it goes to no log: handlers of others might keep it.
    """

    is_asked = False

    def show(self) -> None:
        """The trace of the fault at hand, if somebody asked."""
        if self.is_asked:
            traceback.print_exc()


traces = Traces()
