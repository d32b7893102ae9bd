"""Dates and instants written by people, in the order their source declares.

ISO dates are read whatever the order. A value that is impossible in the declared order is
rejected, never swapped; it also puts the doubtful values of its column under suspicion.
"""

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from agir_pipeline.methods.reading.cells import Cell
from agir_pipeline.methods.reading.headings import normalise
from agir_pipeline.protocol.model import Column

TIME = (
    r"(?:[T ]+(?P<hour>\d{1,2})[:h](?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,]\d+)?)?"
    r"(?: ?(?P<zone>Z|[+-]\d{2}:?\d{2}))?)?"
)
YEAR_FIRST = re.compile(rf"(\d{{4}})[-/. ](\d{{1,2}})[-/. ](\d{{1,2}}){TIME}", re.ASCII)
COMPACT = re.compile(rf"(\d{{4}})(\d{{2}})(\d{{2}}){TIME}", re.ASCII)
YEAR_LAST = re.compile(rf"(\d{{1,2}})[-/. ](\d{{1,2}})[-/. ](\d{{4}}|\d{{2}}){TIME}", re.ASCII)
NAMED = re.compile(r"(\d{1,2})(?:er|st|nd|rd|th)? ([a-z]+) (\d{4}|\d{2})", re.ASCII)

FIRST_DAY = datetime(1900, 1, 2)
"""Spreadsheets show an empty date as 1 January 1900."""
CENTURY_TURN = 68
"""Two-digit years up to this one belong to the 2000s."""

MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "janvier janv jan january",
            "fevrier fevr fev february feb",
            "mars mar march",
            "avril avr april apr",
            "mai may",
            "juin jun june",
            "juillet juil july jul",
            "aout aou august aug",
            "septembre sept sep september",
            "octobre oct october",
            "novembre nov november",
            "decembre dec december",
        ),
        1,
    )
    for name in names.split()
}


NO_DATE = Cell(None, "not_a_date")


def date_reader(column: Column, order: str) -> Callable[[str], Cell]:
    """Reads the day; a time of day, where one is written, is dropped."""

    def read(text: str) -> Cell:
        return _within(_moment(text, order, None), column)

    return read


def instant_reader(column: Column, order: str, time_zone: str) -> Callable[[str], Cell]:
    """Reads a day and time as the clock of ``time_zone`` showed it.

    With an offset (or Z) it is brought there, so that its day is the day people lived; without,
    it stays as written.
    """
    zone = ZoneInfo(time_zone)

    def read(text: str) -> Cell:
        return _within(_moment(text, order, zone), column)

    return read


def settle_order(cells: Sequence[Cell]) -> list[Cell]:
    """The distinct values of one column, judged together.

    Values that only the other order allows are named. When they are at least as many as those
    that only the declared order allows, nobody can say what the doubtful ones mean: these are
    rejected too. Otherwise they stand, and are pointed out.
    """
    n_other = sum(cell.evidence == "other" for cell in cells)
    if not n_other:
        return list(cells)
    is_lost = n_other >= sum(cell.evidence == "declared" for cell in cells)
    return [_judged(cell, is_lost=is_lost) for cell in cells]


def _judged(cell: Cell, *, is_lost: bool) -> Cell:
    if cell.evidence == "other":
        return cell._replace(note="date_order_contradiction")
    if cell.evidence == "either" and not cell.rule:
        if is_lost:
            return Cell(None, "ambiguous_date", evidence="either")
        return cell._replace(note="ambiguous_dates")
    return cell


def _within(cell: Cell, column: Column) -> Cell:
    if not isinstance(cell.value, datetime):
        return cell
    day = cell.value.date()
    low, high = column.minimum, column.maximum
    is_early = cell.value < FIRST_DAY or (isinstance(low, date) and day < low)
    if is_early or (isinstance(high, date) and day > high):
        return Cell(None, "out_of_range", evidence=cell.evidence)
    return cell


def _moment(text: str, order: str, zone: ZoneInfo | None) -> Cell:
    """The moment in ``zone``; without one, its day."""
    match = YEAR_LAST.fullmatch(text)
    if match:
        return _year_last(match, order, zone=zone)
    match = YEAR_FIRST.fullmatch(text) or COMPACT.fullmatch(text)
    if match:
        day = _day(int(match[1]), int(match[2]), int(match[3]))
        return _timed(day, match, zone=zone)
    match = NAMED.fullmatch(normalise(text))
    if match and match[2] in MONTHS:
        day = _day(_year(match[3]), MONTHS[match[2]], int(match[1]))
        return _timed(day, None, zone=None)
    return NO_DATE


def _year_last(match: re.Match[str], order: str, *, zone: ZoneInfo | None) -> Cell:
    year, first, second = _year(match[3]), int(match[1]), int(match[2])
    declared, other = _day(year, second, first), _day(year, first, second)
    if order == "month_day_year":
        declared, other = other, declared
    elif order == "year_month_day":
        declared, other = None, declared or other
    if declared is None and other is not None:
        return Cell(None, "date_order", evidence="other")
    evidence = "" if declared == other else "declared" if other is None else "either"
    return _timed(declared, match, zone=zone, evidence=evidence)


def _year(text: str) -> int:
    year = int(text)
    if len(text) == 4:
        return year
    return year + (2000 if year <= CENTURY_TURN else 1900)


def _day(year: int, month: int, day: int) -> datetime | None:
    """A day of the calendar; None when there is no such day."""
    try:
        return datetime(year, month, day)
    except ValueError:
        return None


def _timed(
    day: datetime | None, match: re.Match[str] | None, *, zone: ZoneInfo | None, evidence: str = ""
) -> Cell:
    """The day, with the time written beside it when it is asked for."""
    if day is None:
        return NO_DATE
    if match is not None and match["hour"]:
        hour, minute, second = (int(match[name] or 0) for name in ("hour", "minute", "second"))
        try:
            moment = day.replace(hour=hour, minute=minute, second=second)
            day = _brought_to(zone, moment, match["zone"]) if zone else day
        except (ValueError, OverflowError):
            return NO_DATE
    return Cell(day, evidence=evidence)


def _brought_to(zone: ZoneInfo, moment: datetime, written: str | None) -> datetime:
    if written is None:
        return moment
    offset = timedelta(0)
    if written != "Z":
        sign = -1 if written[0] == "-" else 1
        offset = timedelta(hours=int(written[1:3]), minutes=int(written[-2:])) * sign
    there = moment.replace(tzinfo=timezone(offset)).astimezone(zone)
    return there.replace(tzinfo=None, fold=0)
