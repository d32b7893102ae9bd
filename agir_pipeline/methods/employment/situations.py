"""The situation on the date of the question, as answered and as the register shows it."""

import pandas as pd

from agir_pipeline.methods.effects.layout import COUNT, NUMBER, TEXT
from agir_pipeline.methods.rules import first_situation
from agir_pipeline.protocol.model import Employment

SITUATION_COLUMNS = {
    "arm": TEXT, "situation": TEXT, "contract": TEXT, "n_persons": COUNT, "n_contradictory": COUNT,
    "n_told": COUNT, "share": NUMBER,
}  # fmt: skip
NOT_DUE, NO_ANSWER, UNKNOWN = "not_due", "no_answer", "unknown"
IN_CONTRACT = "in_contract"
MEMBER = ["pair_id", "arm"]


def situation_table(
    asked: pd.DataFrame, told: pd.DataFrame, employment: Employment
) -> pd.DataFrame:
    """Arm × situation × what the register shows: members of pairs, each in one row.

    ``asked`` is one row per member (pair_id, arm, is_due, contract), ``told`` the answers that
    count of the wave, with the columns the situations read. Two sources that contradict each
    other are counted, and neither is changed. ``share`` is of the arm's ``n_told`` members who
    are due and told a situation; it is missing for the others.
    """
    answers = told[told["wave"] == employment.wave].drop(columns=["wave", "person_id"])
    rows = asked.merge(answers, on=MEMBER, how="left")
    situation = first_situation(employment.situations, rows).fillna(UNKNOWN)
    situation = situation.where(rows["answered_on"].notna(), NO_ANSWER)
    is_due = rows["is_due"].fillna(False).astype(bool)
    rows["situation"] = situation.where(is_due, NOT_DUE)
    rows["contract"] = rows["contract"].astype("string").fillna(UNKNOWN)
    month = rows[employment.now_column].map(employment.now_means)
    rows["n_contradictory"] = (
        is_due & (rows["contract"] == IN_CONTRACT) & month.isin(employment.against_contract)
    )
    is_told = ~rows["situation"].isin([NOT_DUE, NO_ANSWER, UNKNOWN])
    n_told = rows["arm"].where(is_told).value_counts()
    groups = rows.groupby(["arm", "situation", "contract"], as_index=False)
    found = groups.agg(n_persons=("pair_id", "size"), n_contradictory=("n_contradictory", "sum"))
    found["n_told"] = n_told.reindex(found["arm"], fill_value=0).to_numpy()
    told_rows = ~found["situation"].isin([NOT_DUE, NO_ANSWER, UNKNOWN])
    found["share"] = (found["n_persons"] / found["n_told"]).where(told_rows)
    return found.astype(SITUATION_COLUMNS)[list(SITUATION_COLUMNS)]
