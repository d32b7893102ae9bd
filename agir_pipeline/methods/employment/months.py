"""The calendar since the index date: each member month by month, and each arm."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from agir_pipeline.methods.effects.layout import COUNT, DAY, FLAG, NUMBER, TEXT
from agir_pipeline.protocol.model import Employment

CALENDAR_COLUMNS = {
    "person_id": TEXT, "pair_id": TEXT, "arm": TEXT, "month_number": COUNT, "month_on": DAY,
    "contract": TEXT, "told": TEXT, "told_in": TEXT, "job": TEXT, "is_contradictory": FLAG,
    "is_at_work": FLAG, "n_months_at_work": COUNT, "n_months_known": COUNT,
    "is_durable": FLAG, "n_months_durable": COUNT, "n_months_durable_known": COUNT,
}  # fmt: skip
MONTH_COLUMNS = {
    "arm": TEXT, "month_number": COUNT, "month_state": TEXT, "n_members": COUNT,
    "n_persons": COUNT, "share": NUMBER,
}  # fmt: skip
IN_CONTRACT = "in_contract"
CONTRADICTORY, UNKNOWN, IN_JOB = "contradictory", "unknown", "in_job"
DURABLE, OTHER, NOT_TOLD = "durable", "other", "kind_not_told"


def employment_calendar(months: pd.DataFrame, employment: Employment) -> pd.DataFrame:
    """Member × month: register, answers, and the months so far at work and in durable employment.

    ``months`` as the model ``calendar_months`` gives them. A month is contradictory when the
    register shows a contract, or an answer a job, and the member told to be out of work; or when
    two things were told of it. At work: a contract in the register, a job, or told so. Durable: in
    a job that is what the outcome asks for; a contract of the register is only where the protocol
    says so. Each count says how far it has come and how many months so far are known: a month of
    which nobody says it adds to neither, and the register, which holds not every job, never tells
    that somebody is out of work.
    """
    rows = months.sort_values(["pair_id", "arm", "month_number"])
    in_contract = (rows["contract"] == IN_CONTRACT).fillna(False).astype(bool)
    has_job = rows["has_job"].astype(bool)
    says_work = rows["told"].isin(employment.at_work)
    against = rows["told"].isin(employment.against_contract)
    shows_work = in_contract | has_job
    at_work = (shows_work | says_work).astype("boolean")
    is_contradictory = (shows_work & against) | rows["has_two_answers"]
    kind = rows["is_job_lasting"].astype("boolean")
    durable = kind.mask(rows["told"].notna() & ~says_work & ~has_job, False)
    durable = durable.mask(is_contradictory).mask(in_contract, employment.is_register_lasting)
    found = rows.assign(
        job=kind.map({True: DURABLE, False: OTHER}).fillna(NOT_TOLD).where(has_job),
        is_contradictory=is_contradictory,
        is_at_work=at_work.where(shows_work | rows["told"].notna()),
        is_durable=durable,
    )
    found = found.assign(**_so_far(found))
    return found.astype(CALENDAR_COLUMNS)[list(CALENDAR_COLUMNS)].reset_index(drop=True)


def _so_far(rows: pd.DataFrame) -> dict[str, NDArray[np.int64]]:
    """Months that are so, and months known to be so or not, up to each month of a member.

    ``rows`` are in order, those of a member together.
    """
    pair, arm = (rows[name].to_numpy(dtype=object) for name in ("pair_id", "arm"))
    is_first = np.ones(len(rows), dtype=bool)
    is_first[1:] = (pair[1:] != pair[:-1]) | (arm[1:] != arm[:-1])
    first, member = np.flatnonzero(is_first), np.cumsum(is_first) - 1

    def so_far(flags: "pd.Series[bool]") -> NDArray[np.int64]:
        values = flags.to_numpy(dtype=np.int64)
        total = np.cumsum(values)
        return np.asarray(total - (total - values)[first][member], dtype=np.int64)

    at_work, durable = rows["is_at_work"], rows["is_durable"]
    return {
        "n_months_at_work": so_far(at_work.fillna(False)),
        "n_months_known": so_far(at_work.notna()),
        "n_months_durable": so_far(durable.fillna(False)),
        "n_months_durable_known": so_far(durable.notna()),
    }


def employment_by_month(calendar: pd.DataFrame) -> pd.DataFrame:
    """Arm × month × situation, from the calendar; the members of a month are those followed then.

    What was told of the month speaks for it, else a contract of the register, else a job dated by
    an answer; a contradiction is a row of its own.
    """
    rows = calendar.assign(month_state=month_states(calendar))
    keys = ["arm", "month_number"]
    found = rows.groupby([*keys, "month_state"], as_index=False).agg(n_persons=("pair_id", "size"))
    found["n_members"] = found.groupby(keys)["n_persons"].transform("sum")
    found["share"] = found["n_persons"] / found["n_members"]
    return found.astype(MONTH_COLUMNS)[list(MONTH_COLUMNS)]


def month_states(calendar: pd.DataFrame) -> "pd.Series[str]":
    """The situation of each row of the calendar."""
    contract = calendar["contract"]
    in_job = calendar["job"].notna() & ~(contract == IN_CONTRACT).fillna(False)
    state = calendar["told"].fillna(contract.mask(in_job, IN_JOB)).fillna(UNKNOWN)
    return state.mask(calendar["is_contradictory"], CONTRADICTORY)
