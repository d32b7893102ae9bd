"""Whether the qualification was obtained, as each questionnaire says and as all say together."""

import pandas as pd

from agir_pipeline.methods.effects.layout import COUNT, NUMBER, TEXT
from agir_pipeline.protocol.model import Employment

QUALIFICATION_COLUMNS = {
    "arm": TEXT, "told_by": TEXT, "result": TEXT, "n_persons": COUNT, "n_told": COUNT,
    "share": NUMBER,
}  # fmt: skip
TOGETHER, NOT_TOLD, CONTRADICTORY = "together", "not_told", "contradictory"


def qualification_table(
    members: pd.DataFrame, told: pd.DataFrame, employment: Employment
) -> pd.DataFrame:
    """Arm × who told it × result; every member stands once under each teller.

    ``together``: what all who told it agree on, and how many are told two different things; no
    teller is preferred. ``share`` is of the members of the arm of whom the teller says something.
    """
    column, waves = employment.qualification_column, employment.qualification_waves
    keys = ["pair_id", "arm"]
    said = told[told["wave"].isin(waves) & told[column].notna()]
    by_wave = said.pivot(index=keys, columns="wave", values=column)
    by_wave = by_wave.reindex(pd.MultiIndex.from_frame(members[keys])).reindex(columns=list(waves))
    n_different = by_wave.nunique(axis=1)
    agreed = by_wave.bfill(axis=1).iloc[:, 0]
    results = by_wave.astype("string").assign(
        **{TOGETHER: agreed.astype("string").mask(n_different > 1, CONTRADICTORY)}
    )
    rows = results.reset_index().melt(keys, var_name="told_by", value_name="result")
    rows["result"] = rows["result"].fillna(NOT_TOLD)
    places = ["arm", "told_by"]
    found = rows.groupby([*places, "result"], as_index=False).agg(n_persons=("pair_id", "size"))
    is_told = found["result"] != NOT_TOLD
    n_told = found["n_persons"].where(is_told, 0).groupby([found[p] for p in places])
    found["n_told"] = n_told.transform("sum")
    found["share"] = (found["n_persons"] / found["n_told"]).where(is_told)
    return found.astype(QUALIFICATION_COLUMNS)[list(QUALIFICATION_COLUMNS)]
