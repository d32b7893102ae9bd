"""Which file arrives when, and its bytes, made only when somebody asks for them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import pairwise
from typing import Any, overload

import numpy as np
import numpy.typing as npt
import pandas as pd

from agir_pipeline.methods.synthetic.catalogue import Fault
from agir_pipeline.methods.synthetic.faults import (
    SPOILERS,
    Planted,
    plant,
    spoil,
    with_late_entry,
)
from agir_pipeline.methods.synthetic.layouts import Layout, Page, file_bytes, workbook_bytes
from agir_pipeline.methods.synthetic.steward import blank_sheets
from agir_pipeline.methods.synthetic.streams import Stream
from agir_pipeline.methods.synthetic.timeline import Days

RESENT_DAYS = 3
"""How long a partner takes to send a refused file again."""


@dataclass(frozen=True)
class Delivery:
    """One file as it arrives. The extraction day stands in its name."""

    source: str
    provider: str
    known_on: date
    file_name: str
    content: bytes


@dataclass(frozen=True)
class Planned:
    """A delivery before its bytes are made."""

    stream: Stream
    extracted_on: np.datetime64
    known_on: np.datetime64
    planted: Planted | None = None
    book: tuple[tuple[Page, Layout], ...] = ()
    """The sheets of one workbook, where several sources share it."""

    @property
    def file_name(self) -> str:
        return f"{self.stream.partner.file_name}_{self.extracted_on}.{self.stream.layout.container}"

    def made(self) -> Delivery:
        content = self._content(datetime.combine(_as_date(self.extracted_on), time()))
        if self.planted is not None and self.planted.fault.check in SPOILERS:
            content = spoil(self.planted.fault.check, content)
        return Delivery(
            self.stream.source,
            self.stream.partner.provider,
            _as_date(self.known_on),
            self.file_name,
            content,
        )

    def _content(self, made_at: datetime) -> bytes:
        own = self.stream.page(self.extracted_on) if self.planted is None else self.planted.page
        if not self.book:
            return file_bytes(own, self.stream.layout, made_at)
        return workbook_bytes([*self.book, *blank_sheets()], made_at)


class Deliveries(Sequence[Delivery]):
    """All files in the order they become known; each is made when it is reached."""

    def __init__(self, plan: Sequence[Planned]) -> None:
        self._plan = tuple(plan)

    def __len__(self) -> int:
        return len(self._plan)

    def __iter__(self) -> Iterator[Delivery]:
        return (planned.made() for planned in self._plan)

    @overload
    def __getitem__(self, place: int) -> Delivery: ...

    @overload
    def __getitem__(self, place: slice) -> "Deliveries": ...

    def __getitem__(self, place: int | slice) -> "Delivery | Deliveries":
        if isinstance(place, slice):
            return Deliveries(self._plan[place])
        return self._plan[place].made()


def plan_deliveries(
    streams: Sequence[tuple[Stream, Days]],
    catalogue: Sequence[Fault],
    end: np.datetime64,
    rng: np.random.Generator,
) -> list[Planned]:
    """Every file of every stream, the faulty ones followed by a good one, in known order."""
    plan = [
        planned
        for stream, days in streams
        for planned in _of_stream(stream, days, planted_in(stream, days, catalogue), end, rng)
    ]
    return sorted(plan, key=lambda planned: planned.known_on)


def plan_workbook(book: Sequence[Stream], days: Days, catalogue: Sequence[Fault]) -> list[Planned]:
    """A workbook handed in on each day: once for each of its sheets, with the same bytes."""
    plan: list[Planned] = []
    for place, day in enumerate(days):
        planted = [_in_sheet(sheet, days, place, catalogue) for sheet in book]
        pages = tuple(
            (sheet.page(day) if fault is None else fault.page, sheet.layout)
            for sheet, fault in zip(book, planted, strict=True)
        )
        plan += [
            Planned(sheet, day, day, fault, pages)
            for sheet, fault in zip(book, planted, strict=True)
        ]
    return plan


def _in_sheet(sheet: Stream, days: Days, place: int, catalogue: Sequence[Fault]) -> Planted | None:
    fault = planted_in(sheet, days, catalogue).get(place)
    return plant(fault, sheet, days[place], days[place - 1]) if fault else None


def month_ends(first: date, last: date, every: int = 1) -> Days:
    """The last days of months, from the month of ``first`` on, none after ``last``."""
    months = np.arange(np.datetime64(first, "M"), np.datetime64(last, "M") + 1)
    if every > 1:
        months = months[(months.astype(int) + 1) % every == 0]
    ends: Any = (months + 1).astype("M8[D]") - np.timedelta64(1, "D")
    in_time: Days = ends[ends <= np.datetime64(last, "D")]
    return in_time


def listed_faults(plan: Sequence[Planned]) -> list[dict[str, Any]]:
    """Each planted fault as the truth tells it: what, where, and the check that must find it."""
    return [
        {
            "what": planned.planted.fault.what,
            "mess": planned.planted.fault.mess,
            "source": planned.stream.source,
            "provider": planned.stream.partner.provider,
            "file": planned.file_name,
            "known_on": str(planned.known_on),
            "sheet": planned.stream.layout.sheet,
            "row": row,
            "column": column,
            "check": planned.planted.fault.check,
        }
        for planned in plan
        if planned.planted is not None
        for row, column in planned.planted.places
    ]


def delivered_keys(stream: Stream, days: Days, column: str) -> frozenset[str]:
    """What stands in a key column of any of these files."""
    place = stream.position_of(column)
    positions = np.unique(np.concatenate([stream.shown_on(day) for day in days]))
    return frozenset(str(stream.rows[position][place]) for position in positions)


def _of_stream(
    stream: Stream,
    days: Days,
    faults: Mapping[int, Fault],
    end: np.datetime64,
    rng: np.random.Generator,
) -> Iterator[Planned]:
    low, high = stream.layout.lag_days
    lag = rng.integers(low, high + 1, len(days)).astype("m8[D]")
    # An older extraction never overtakes a newer one, and nothing comes after the end.
    known: Any = np.minimum(np.maximum.accumulate(days + lag), end)
    for place in sorted(faults):
        if faults[place].check == "back_dated":
            stream = with_late_entry(stream, days, place)
        # What is sent again comes before what is sent next.
        resent = known[place] + np.timedelta64(RESENT_DAYS, "D")
        known[place + 1 :] = np.maximum(known[place + 1 :], resent)
    for place, (day, known_on) in enumerate(zip(days, known, strict=True)):
        fault = faults.get(place)
        if fault is None:
            yield Planned(stream, day, known_on)
        else:
            yield from _faulty(fault, stream, day, known_on, days[place - 1])


def planted_in(stream: Stream, days: Days, catalogue: Sequence[Fault]) -> dict[int, Fault]:
    """Place among the files of a stream → the fault that stands in it."""
    return {
        len(days) - fault.turn: fault
        for fault in catalogue
        if (fault.source, fault.provider) == (stream.source, stream.partner.provider)
    }


def _faulty(
    fault: Fault,
    stream: Stream,
    day: np.datetime64,
    known_on: np.datetime64,
    earlier: np.datetime64,
) -> Iterator[Planned]:
    """The file with the fault; one that is refused whole is sent again."""
    yield Planned(stream, day, known_on, plant(fault, stream, day, earlier))
    if fault.is_of_file:
        yield Planned(stream, day, known_on + np.timedelta64(RESENT_DAYS, "D"))


def days_with_news(stream: Stream, days: Days) -> Days:
    """Those days on which the file differs from the one before and holds at least a row."""
    seen: list[npt.NDArray[np.intp]] = [stream.shown_on(day) for day in days]
    is_new = [len(seen[0]) > 0] + [not np.array_equal(a, b) for a, b in pairwise(seen)]
    new: Days = days[np.array(is_new)]
    return new


def _as_date(day: np.datetime64) -> date:
    return pd.Timestamp(day).date()
