"""What became of rows that left a file which should repeat them: decided, never guessed.

A row that left stays in use until somebody says that it is gone for good; who says that it is
still true settles the question and changes nothing. A decision speaks of the absence known when it
was made: a row that comes back and leaves again is asked about again.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from agir_pipeline.methods.reading.changes import Change
from agir_pipeline.methods.versions import Delivered


@dataclass(frozen=True)
class Departure:
    """One decision in force on a row that left. ``place``: where it stands."""

    source: str
    entity_key: str
    is_gone: bool
    known_on: date
    place: tuple[str, str, int]
    """Receipt, sheet and row."""


@dataclass(frozen=True)
class Absence:
    """A row that a provider's files no longer hold, though they should."""

    provider: str
    entity_key: str
    missing_since: date
    back_on: date | None = None


def absences(changes: Iterable[Change]) -> list[Absence]:
    """Every time a row left a file of its provider, with the night on which it came back."""
    found: list[Absence] = []
    last: dict[tuple[str, str], int] = {}
    for change in changes:
        place = (change.provider, change.entity_key)
        if change.change == "removed" and not change.is_deletion:
            last[place] = len(found)
            found.append(Absence(change.provider, change.entity_key, change.known_on))
        elif change.change == "added" and place in last:
            number = last.pop(place)
            found[number] = replace(found[number], back_on=change.known_on)
    return found


def settled_by(departure: Departure, absent: Iterable[Absence]) -> list[Absence]:
    """The absences it speaks of: those that stood on the night it became known."""
    return [
        one
        for one in absent
        if one.entity_key == departure.entity_key
        and one.missing_since <= departure.known_on
        and (one.back_on is None or one.back_on > departure.known_on)
    ]


def still_asked(departures: Sequence[Departure], absent: Sequence[Absence]) -> list[Absence]:
    """The rows that are missing now and of which nobody has decided anything."""
    settled = {one for departure in departures for one in settled_by(departure, absent)}
    return [one for one in absent if one.back_on is None and one not in settled]


def let_go(
    deliveries: Sequence[Delivered], departures: Sequence[Departure], absent: Sequence[Absence]
) -> list[Delivered]:
    """``deliveries`` in known order, with the nights on which rows were said to be gone.

    Such a night holds no row: it ends those keys for the provider whose files left them out.
    """
    made = list(deliveries)
    for departure in departures:
        for one in settled_by(departure, absent) if departure.is_gone else ():
            place = sum(delivery.known_on <= departure.known_on for delivery in made)
            last = next(d for d in reversed(made[:place]) if d.provider == one.provider)
            night = replace(
                last,
                known_on=departure.known_on,
                is_complete=False,
                rows=last.rows.slice(0, 0),
                spoilt=frozenset(),
                unsaid=frozenset(),
                gone=frozenset({one.entity_key}),
            )
            made.insert(place, night)
    return made
