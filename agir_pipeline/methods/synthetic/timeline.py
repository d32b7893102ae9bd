"""When beneficiaries enter support, and when their contracts start: the clock of the study.

How many can be matched at the first instant follows from three causes written here: the pace
of entries, the wait between index date and instant, and the day a contract is registered.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd

from agir_pipeline.methods.synthetic.calibration import Calibration, Range
from agir_pipeline.protocol.model import Index, Protocol

Days = npt.NDArray[np.datetime64]
Ints = npt.NDArray[np.int64]

EARLY_DAYS = 10
"""In the month of the limit, entries fall in its first or its last ten days."""


def beneficiary_timeline(
    protocol: Protocol, calibration: Calibration, scale: int, rng: np.random.Generator
) -> pd.DataFrame:
    """One row per beneficiary in order of entry: support, contract, index date, registration.

    ``edge_days`` is the upper edge of the delay band; ``index_on`` = ``contract_start_on`` + it.
    """
    index = index_rule(protocol)
    months = _entry_months(protocol, calibration, scale)
    limit = last_index_of_first_instant(protocol)
    in_limit_month = months == limit.astype("M8[M]")
    rank = np.cumsum(in_limit_month) - 1
    is_early = in_limit_month & (rank < calibration.timing.in_time_in_limit_month.value * scale)
    is_late = in_limit_month & ~is_early
    entry = _entry_days(months, is_early, is_late, limit, rng)
    least_gap = np.where(is_late, (limit - entry).astype(int) + 1, 0)
    start, edge = _starts(entry, least_gap, index.delay_band_days.value, calibration, rng)
    timeline = pd.DataFrame(
        {
            "support_entry_on": entry,
            "contract_start_on": start,
            "edge_days": edge,
            "index_on": start + edge.astype("m8[D]"),
            "deposited_on": start + uniform(rng, calibration.timing.deposit_days, len(start)),
        }
    )
    late = _deposited_late(months, limit, calibration, scale)
    first = np.datetime64(protocol.matching.instants[0], "D")
    delay = uniform(rng, calibration.timing.deposit_days, len(late))
    # Registered before the next delivery but after the instant: known too late for the round.
    timeline.loc[late, "deposited_on"] = first + np.minimum(delay, np.timedelta64(14, "D"))
    return timeline


def index_rule(protocol: Protocol) -> Index:
    """The risk-set rule; an invented study cannot do without one."""
    if protocol.matching.index is None:
        raise ValueError("the invented study needs a protocol with [matching.index]")
    return protocol.matching.index


def last_index_of_first_instant(protocol: Protocol) -> np.datetime64:
    """The last index date whose wait is over at the first matching instant."""
    waiting = index_rule(protocol).waiting_days.value
    return np.datetime64(protocol.matching.instants[0], "D") - np.timedelta64(waiting, "D")


def uniform(rng: np.random.Generator, limits: Range, n: int) -> npt.NDArray[np.timedelta64]:
    """``n`` whole days between the limits, both included."""
    low, high = limits.value
    return rng.integers(low, high + 1, n).astype("m8[D]")


def plus_months(days: Days, months: Ints) -> Days:
    """The same day of the month some months later; past the end of a month, its last day."""
    first = days.astype("M8[M]")
    offset = days - first.astype("M8[D]")
    target = first + months.astype("m8[M]")
    last = (target + np.timedelta64(1, "M")).astype("M8[D]") - np.timedelta64(1, "D")
    same_day: Days = np.minimum(target.astype("M8[D]") + offset, last)
    return same_day


def _entry_months(protocol: Protocol, calibration: Calibration, scale: int) -> Days:
    """The month of each entry, until the target is reached."""
    if protocol.enrolment is None or protocol.enrolment.target is None:
        raise ValueError("the invented study needs a protocol with [enrolment.target]")
    months = [
        np.repeat(
            np.arange(np.datetime64(pace.since, "M"), np.datetime64(pace.until, "M") + 1),
            pace.per_month.value * scale,
        )
        for pace in calibration.entries
    ]
    return np.concatenate(months)[: protocol.enrolment.target.beneficiary.value * scale]


def _entry_days(
    months: Days,
    is_early: npt.NDArray[np.bool_],
    is_late: npt.NDArray[np.bool_],
    limit: np.datetime64,
    rng: np.random.Generator,
) -> Days:
    first = months.astype("M8[D]")
    length = ((months + 1).astype("M8[D]") - first).astype(int)
    anywhere = first + rng.integers(0, length).astype("m8[D]")
    tenth = rng.integers(0, EARLY_DAYS, len(months)).astype("m8[D]")
    return np.where(is_early, first + tenth, np.where(is_late, limit - tenth, anywhere))


def _starts(
    entry: Days,
    least_gap: Ints,
    band_days: int,
    calibration: Calibration,
    rng: np.random.Generator,
) -> tuple[Days, Ints]:
    """Contract starts, and the band edge of the delay until support.

    Either support comes first and the contract follows within the longest lead, or support
    comes in a later band; ``least_gap`` is the least number of days from entry to index date.
    """
    timing = calibration.timing
    weights = np.array(timing.delay_band_weights.value)
    n = len(entry)
    comes_first = rng.random(n) < timing.support_first_share.value
    band = rng.choice(np.arange(1, len(weights) + 1), n, p=weights / weights.sum())
    edge = np.where(comes_first, 0, band * band_days)
    most_gap = np.where(comes_first, timing.max_lead_days.value, band_days - 1)
    gap = rng.integers(least_gap, most_gap + 1)
    return entry + (gap - edge).astype("m8[D]"), edge


def _deposited_late(
    months: Days, limit: np.datetime64, calibration: Calibration, scale: int
) -> Ints:
    """Entries of the month before the limit whose contract is registered after the instant."""
    before = np.flatnonzero(months == limit.astype("M8[M]") - np.timedelta64(1, "M"))
    return before[: calibration.timing.deposited_late_before_first_instant.value * scale]
