"""The calendar since the index date: each member month by month, and each arm."""

import pandas as pd

from agir_pipeline.methods.effects.layout import COUNT, DAY, FLAG, NUMBER, TEXT
from agir_pipeline.protocol.model import Employment

CALENDAR_COLUMNS = {
    "person_id": TEXT, "pair_id": TEXT, "arm": TEXT, "month_number": COUNT, "month_on": DAY,
    "contract": TEXT, "told": TEXT, "told_in": TEXT, "is_contradictory": FLAG,
    "n_months_at_work": COUNT,
}  # fmt: skip
MONTH_COLUMNS = {
    "arm": TEXT, "month_number": COUNT, "month_state": TEXT, "n_members": COUNT,
    "n_persons": COUNT, "share": NUMBER,
}  # fmt: skip
IN_CONTRACT = "in_contract"
CONTRADICTORY, UNKNOWN = "contradictory", "unknown"


def employment_calendar(months: pd.DataFrame, employment: Employment) -> pd.DataFrame:
    """Member × month: what the register shows, what was told, and months at work so far.

    ``months`` as the model ``calendar_months`` gives them. A month is contradictory when the
    register shows a contract and the member told to be out of work, or told two things of it. At
    work: a contract in the register, or told so; a month of which nothing is known adds nothing.
    """
    rows = months.sort_values(["pair_id", "arm", "month_number"])
    in_contract = (rows["contract"] == IN_CONTRACT).fillna(False).astype(bool)
    rows = rows.assign(
        is_contradictory=(in_contract & rows["told"].isin(employment.against_contract))
        | rows["has_two_answers"],
        at_work=in_contract | rows["told"].isin(employment.at_work),
    )
    so_far = rows.groupby(["pair_id", "arm"])["at_work"].cumsum()
    found = rows.assign(n_months_at_work=so_far)
    return found.astype(CALENDAR_COLUMNS)[list(CALENDAR_COLUMNS)].reset_index(drop=True)


def employment_by_month(calendar: pd.DataFrame) -> pd.DataFrame:
    """Arm × month × situation, from the calendar; the members of a month are those followed then.

    What was told speaks for the month, else the register; a contradiction is a row of its own.
    """
    rows = calendar.assign(month_state=month_states(calendar))
    keys = ["arm", "month_number"]
    found = rows.groupby([*keys, "month_state"], as_index=False).agg(n_persons=("pair_id", "size"))
    found["n_members"] = found.groupby(keys)["n_persons"].transform("sum")
    found["share"] = found["n_persons"] / found["n_members"]
    return found.astype(MONTH_COLUMNS)[list(MONTH_COLUMNS)]


def month_states(calendar: pd.DataFrame) -> "pd.Series[str]":
    """The situation of each row of the calendar."""
    state = calendar["told"].fillna(calendar["contract"]).fillna(UNKNOWN)
    return state.mask(calendar["is_contradictory"], CONTRADICTORY)
