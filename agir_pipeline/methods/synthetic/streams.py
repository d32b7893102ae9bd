"""What each partner's file holds on any day: rows that appear, change and leave.

A row of a stream is one *version* of a file's row, shown from a day on and until another. A
delivery is the rows shown on its day of extraction, so every file is a function of the day.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from agir_pipeline.methods.synthetic.calibration import Calibration, Partner
from agir_pipeline.methods.synthetic.habits import LAYOUTS
from agir_pipeline.methods.synthetic.layouts import (
    Layout,
    Page,
    Row,
    cells,
    heading,
    with_title,
)
from agir_pipeline.methods.synthetic.people import as_days
from agir_pipeline.methods.synthetic.spelling import as_registered
from agir_pipeline.methods.synthetic.timeline import Days
from agir_pipeline.protocol.model import Column, Protocol

NOTHING: Any = pd.NaT
EXIT_DAYS = 20
FOLLOW_UP_DAYS = 180


@dataclass(frozen=True)
class Stream:
    """One partner's file through time, with cells already written as the partner writes them."""

    source: str
    partner: Partner
    layout: Layout
    columns: tuple[Column, ...]
    rows: Sequence[Row]
    shown_from: Days
    shown_until: Days
    """The first day without the row; missing: it stays."""

    def shown_on(self, day: np.datetime64) -> npt.NDArray[np.intp]:
        """Positions of the rows a file extracted on ``day`` holds, in order."""
        is_over = self.shown_until <= day  # never true of a missing day: the row stays
        return np.flatnonzero((self.shown_from <= day) & ~is_over)

    def page(self, day: np.datetime64) -> Page:
        """The file extracted on ``day``, before anything goes wrong with it."""
        page = Page(
            headings=[heading(column, self.layout) for column in self.columns],
            rows=[self.rows[position] for position in self.shown_on(day)],
            is_date=[column.type == "date" for column in self.columns],
        )
        return with_title(page, self.partner.title, day)

    def position_of(self, column: str) -> int:
        return [c.name for c in self.columns].index(column)


def make_stream(
    protocol: Protocol, calibration: Calibration, source: str, provider: str, rows: pd.DataFrame
) -> Stream:
    """The stream of ``rows``: canonical columns, ``shown_from`` and ``shown_until``."""
    layout = LAYOUTS[source, provider]
    partner = calibration.partner(source, provider)
    columns = tuple(
        column for column in protocol.source(source).columns if column.name not in layout.left_out
    )
    written = [cells(rows[column.name], column, layout) for column in columns]
    return Stream(
        source,
        partner,
        _titled(layout, partner),
        columns,
        list(zip(*written, strict=True)),
        as_days(rows["shown_from"]),
        as_days(rows["shown_until"]),
    )


def _titled(layout: Layout, partner: Partner) -> Layout:
    return replace(layout, title=tuple(partner.title))


# ----------------------------------------------------------------------------- beneficiaries


LOST_EVERY = 8
"""Of those whose support ends with the contract, one in so many is out of reach by then."""


def beneficiary_rows(people: pd.DataFrame, path: pd.DataFrame) -> pd.DataFrame:
    """The register of the bearer: an entry, then the contract's number, then the exit."""
    rows = people.join(path[["rupture_on", "net_on"]])
    rows = rows[rows["role"] == "beneficiary"]
    entry = rows["support_entry_on"]
    breaks = rows["net_on"].notna()
    exit_on = support_ends_on(rows, rows)
    is_lost = np.arange(len(rows)) % LOST_EVERY == LOST_EVERY - 1
    rows = rows.assign(
        adviser_id=rows["adviser"].map("C{}".format),
        first_contact_on=entry - pd.to_timedelta(5 + rows["spelling"] * 9, unit="D"),
        consented_on=entry - pd.to_timedelta(rows["spelling"], unit="D"),
        support_exit_on=exit_on,
        support_exit_reason=np.select(
            [breaks, is_lost], ["rupture", "unreachable"], "contract_end"
        ),
    )
    numbered = rows["deposited_on"].clip(lower=entry)
    left = exit_on.clip(lower=numbered)
    no_number = rows.assign(contract_number="", opca="")
    no_exit: dict[str, Any] = {"support_exit_on": NOTHING, "support_exit_reason": ""}
    return _versions(
        ["case_number"],
        no_number.assign(shown_from=entry, shown_until=numbered, **no_exit),
        rows.assign(shown_from=numbered, shown_until=left, **no_exit),
        rows.assign(shown_from=left, shown_until=NOTHING),
    )


def support_ends_on(people: pd.DataFrame, path: pd.DataFrame) -> pd.Series:
    """Some months after the planned end, or soon after a rupture that nothing followed."""
    after_end = people["planned_end_on"] + pd.Timedelta(FOLLOW_UP_DAYS, "D")
    after_rupture = path["net_on"] + pd.Timedelta(EXIT_DAYS, "D")
    ends: pd.Series = after_end.where(
        path["net_on"].isna(), after_rupture.clip(lower=people["support_entry_on"])
    )
    return ends


# -------------------------------------------------------------------------------- the pool


def pool_rows(people: pd.DataFrame, path: pd.DataFrame, is_present_list: bool) -> pd.DataFrame:
    """One partner's list of possible controls: all who started, or those present on the day."""
    rows = people.join(path["rupture_on"])
    start, since = rows["contract_start_on"], rows["support_entry_on"]
    rows = rows.assign(beneficiary_since_on=NOTHING, shown_from=start, shown_until=since)
    supported = rows[since.notna()]
    rows = _versions(
        ["provider_ref"],
        rows,
        supported.assign(
            beneficiary_since_on=supported["support_entry_on"],
            shown_from=supported["support_entry_on"],
            shown_until=NOTHING,
        ),
    )
    if not is_present_list:
        return rows
    leaves = rows["rupture_on"].fillna(rows["planned_end_on"] + pd.Timedelta(1, "D"))
    return rows.assign(shown_until=leaves)


# ------------------------------------------------------------------------------ the register


def contract_rows(register: pd.DataFrame) -> pd.DataFrame:
    """The export of contracts: a rupture stands in it only once it has been notified."""
    hand = register["spelling"].to_numpy()
    naf = register["employer_naf"]
    rows = register.assign(
        last_name=as_registered(register["registered_name"], hand),
        first_name=as_registered(register["first_name"], (hand + 1) % 4),
        contract_duration_months=register["duration_months"].astype(float),
        training_body_ref=register["training_body"],
        # One hand in four writes the point that the activity code once had.
        employer_naf=naf.where(hand != 1, naf.str[:2] + "." + naf.str[2:]),
    )
    deposited = rows["deposited_on"]
    notified = rows["rupture_notified_on"].clip(lower=deposited)
    nothing: dict[str, Any] = {
        "rupture_on": NOTHING,
        "rupture_notified_on": NOTHING,
        "rupture_reason": "",
        "rupture_label_raw": "",
        "rupture_legal_code": "",
        "rupture_initiative": "",
        "is_in_trial_period": NOTHING,
    }
    versions = _versions(
        ["contract_number", "amendment_number"],
        rows.assign(shown_from=deposited, shown_until=notified, **nothing),
        rows[notified.notna()].assign(shown_from=notified.dropna(), shown_until=NOTHING),
    )
    # The state of a file is that of the version of the row.
    is_broken = versions["rupture_on"].notna()
    return versions.assign(
        file_state=np.where(is_broken, "terminated", "committed"),
        updated_on=versions["shown_from"],
    )


# ------------------------------------------------------------------------------- the surveys


def answer_rows(answers: pd.DataFrame) -> pd.DataFrame:
    """The export of a questionnaire: every response from the day it was given."""
    return answers.assign(shown_from=answers["answered_on"], shown_until=NOTHING)


def _versions(order: list[str], *versions: pd.DataFrame) -> pd.DataFrame:
    """All versions of all rows, in the order of the file; empty periods are left out."""
    rows = pd.concat([v for v in versions if len(v)], ignore_index=True)
    is_shown = rows["shown_until"].isna() | (rows["shown_from"] < rows["shown_until"])
    return rows[is_shown].sort_values([*order, "shown_from"], kind="stable", ignore_index=True)
