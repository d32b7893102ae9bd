"""Who sits in the committees, since when and until when, by who was present."""

from datetime import date
from itertools import pairwise

import pandas as pd

from agir_pipeline.methods.effects.layout import COUNT, DAY, FLAG, TEXT, typed
from agir_pipeline.protocol.model import Governance, Membership

MEMBERSHIP_COLUMNS = {
    "committee": TEXT, "organisation_present": TEXT, "since_on": DAY, "gone_on": DAY,
    "last_present_on": DAY, "n_present": COUNT, "n_held": COUNT, "is_new": FLAG,
}  # fmt: skip
CODE_SEPARATOR = "|"


def committee_members(
    meetings: pd.DataFrame, governance: Governance, membership: Membership, last_on: date
) -> pd.DataFrame:
    """Committee × organisation × time as a member, from the meetings up to ``last_on``.

    A time begins with a meeting the organisation was at. It ends, on ``gone_on``, with the last of
    so many meetings missed in a row as the protocol says; who comes again begins a new one.
    ``n_held`` counts the meetings from the first to the last it was at; new is a time that did not
    begin with the committee's first meeting.
    """
    days = pd.to_datetime(meetings[governance.day_column])
    is_known = days <= pd.Timestamp(last_on)
    present = meetings[membership.present_column].astype("string").fillna("")
    told = pd.DataFrame(
        {"committee": meetings[governance.type_column], "met_on": days, "present": present}
    )[is_known]
    rows: list[dict[str, object]] = []
    for committee in governance.committees:
        own = told[told["committee"] == committee.code]
        if len(own):
            rows += _of_committee(own, committee.code, membership.gone_after.value)
    return typed(rows, MEMBERSHIP_COLUMNS)


def _of_committee(own: pd.DataFrame, code: str, gone_after: int) -> list[dict[str, object]]:
    days = sorted(own["met_on"].unique())
    number = {day: n for n, day in enumerate(days)}
    came: dict[str, set[int]] = {}
    for day, present in zip(own["met_on"], own["present"], strict=True):
        for organisation in filter(None, present.split(CODE_SEPARATOR)):
            came.setdefault(organisation, set()).add(number[day])
    return [
        {
            "committee": code,
            "organisation_present": organisation,
            "since_on": days[span[0]],
            "gone_on": days[gone] if (gone := span[-1] + gone_after) < len(days) else None,
            "last_present_on": days[span[-1]],
            "n_present": len(span),
            "n_held": span[-1] - span[0] + 1,
            "is_new": span[0] > 0,
        }
        for organisation in sorted(came)
        for span in _spans(sorted(came[organisation]), gone_after)
    ]


def _spans(meetings: list[int], gone_after: int) -> list[list[int]]:
    """The meetings somebody was at, parted where so many were missed in a row."""
    spans = [meetings[:1]]
    for before, after in pairwise(meetings):
        if after - before > gone_after:
            spans.append([])
        spans[-1].append(after)
    return spans
