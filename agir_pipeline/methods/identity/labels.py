"""Labels in place of values that identify somebody: they say alike or not, and nothing else.

Of one person and one fact the values are numbered; two persons with the same number have nothing
in common. So what sources contradict can be told outside the vault.
"""

import pandas as pd

SAID = ("record_id", "teller", "person_id", "fact", "value")


def identity_labels(said: pd.DataFrame) -> pd.DataFrame:
    """``record_id``, ``teller`` and the label of what the row says.

    ``said`` has the columns of SAID; rows without a value or a person say nothing.
    """
    told = said.dropna(subset=["value", "person_id"])
    distinct = told.drop_duplicates(["person_id", "fact", "value"])
    numbered = distinct.assign(label=distinct.groupby(["person_id", "fact"]).cumcount() + 1)
    labelled = told.merge(
        numbered[["person_id", "fact", "value", "label"]], on=["person_id", "fact", "value"]
    )
    labelled["label"] = labelled["label"].astype("string")
    labels: pd.DataFrame = labelled[["record_id", "teller", "label"]]
    return labels.reset_index(drop=True)
