"""Whether the case of everybody who is supported comes before the committee often enough."""

from datetime import date
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from agir_pipeline.methods.effects.layout import COUNT, FLAG, typed
from agir_pipeline.protocol.model import Governance, Reviews

REVIEW_COLUMNS = {
    "n_reviewed": COUNT, "n_unlisted": COUNT, "n_active": COUNT, "within_meetings": COUNT,
    "n_due": COUNT, "n_not_reviewed": COUNT, "is_covered": FLAG,
}  # fmt: skip

DAY = "datetime64[D]"
NEVER = np.datetime64("9999-12-31", "D")
Days = npt.NDArray[np.datetime64]


class _People(NamedTuple):
    names: npt.NDArray[np.object_]
    entered_on: Days
    left_on: Days


class _Held(NamedTuple):
    """The days of the meetings; who was named in them, and on which day (None: nobody known)."""

    days: Days
    named_on: Days
    persons: npt.NDArray[np.object_]


def with_reviews(
    table: pd.DataFrame, meetings: pd.DataFrame, mentions: pd.DataFrame, persons: pd.DataFrame,
    governance: Governance, reviews: Reviews, last_on: date,
) -> pd.DataFrame:  # fmt: skip
    """``table`` with the cover of the reviews, for the committee that goes through cases.

    ``mentions`` has record_id and person_id (missing: a key of nobody); ``persons`` person_id,
    entered_on and left_on (missing: still supported). A month is judged at its end, or on
    ``last_on``: due is who is supported on that day and already was at the first of the last N
    meetings; while fewer were held, nobody is. The other committees have no such figures.
    """
    months = table.loc[table["committee"] == reviews.committee, "month_on"]
    held = _held(meetings, mentions, governance, reviews)
    people = _people(persons)
    last = np.datetime64(last_on, "D")
    told = [_covered(held, people, reviews, month, last) for month in _days(months)]
    return table.join(typed(told, REVIEW_COLUMNS).set_index(months.index))


def in_support(rows: pd.DataFrame, withdrawn: pd.DataFrame) -> pd.DataFrame:
    """``person_id``, ``entered_on`` and ``left_on`` of everybody in a list, each once.

    ``rows`` are those of the list; of a person with several the first entry counts, and support
    lasts while one of them says of no end. ``withdrawn`` has person_id and withdrawn_on: whoever
    left the study left support on that day, whatever the list says.
    """
    entered = rows.sort_values("entered_on").drop_duplicates("person_id")
    last = rows.sort_values("left_on", na_position="last").drop_duplicates("person_id", keep="last")
    study = withdrawn.sort_values("withdrawn_on").drop_duplicates("person_id")
    told = entered[["person_id", "entered_on"]].merge(last[["person_id", "left_on"]])
    told = told.merge(study[["person_id", "withdrawn_on"]], how="left")
    for day in ("entered_on", "left_on", "withdrawn_on"):
        told[day] = pd.to_datetime(told[day])
    sooner = told["withdrawn_on"] < told["left_on"].fillna(pd.Timestamp(NEVER))
    told["left_on"] = told["left_on"].mask(sooner, told["withdrawn_on"])
    return told[["person_id", "entered_on", "left_on"]]


def _people(persons: pd.DataFrame) -> _People:
    left = _days(persons["left_on"])
    return _People(
        persons["person_id"].to_numpy(dtype=object),
        _days(persons["entered_on"]),
        np.where(np.isnat(left), NEVER, left),
    )


def _held(
    meetings: pd.DataFrame, mentions: pd.DataFrame, governance: Governance, reviews: Reviews
) -> _Held:
    own = meetings[meetings[governance.type_column] == reviews.committee]
    met_on = dict(zip(own["record_id"], _days(own[governance.day_column]), strict=True))
    named = mentions[mentions["record_id"].isin(own["record_id"])]
    persons = named["person_id"].astype(object).where(named["person_id"].notna(), None)
    days = np.array([met_on[record] for record in named["record_id"]], dtype=DAY)
    return _Held(np.unique([*met_on.values()]), days, persons.to_numpy(dtype=object))


def _covered(
    held: _Held, people: _People, reviews: Reviews, month: np.datetime64, last: np.datetime64
) -> dict[str, object]:
    next_month = (month.astype("datetime64[M]") + 1).astype(DAY)
    end = min(next_month - 1, last)
    within = reviews.within_meetings.value
    days = held.days[held.days <= end][-within:]
    is_active = (people.entered_on <= end) & (people.left_on > end)
    is_due = is_active & (people.entered_on <= days[0]) & (len(days) == within)
    seen = set(held.persons[(held.named_on >= days[0]) & (held.named_on <= end)])
    named = held.persons[(held.named_on >= month) & (held.named_on <= end)].tolist()
    n_not_reviewed = sum(person not in seen for person in people.names[is_due])
    n_due = int(is_due.sum())
    return {
        "n_reviewed": len({*named} - {None}),
        "n_unlisted": named.count(None),
        "n_active": int(is_active.sum()),
        "within_meetings": within,
        "n_due": n_due,
        "n_not_reviewed": n_not_reviewed,
        "is_covered": n_not_reviewed == 0 if n_due else None,
    }


def _days(days: pd.Series) -> Days:
    found: Days = pd.to_datetime(days).to_numpy(dtype=DAY)
    return found
