"""The answers of each due pair side by side, with the columns that may explain who answered."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from agir_pipeline.methods.effects.response import PairedAnswers
from agir_pipeline.methods.effects.response_model import response_design


@dataclass(frozen=True)
class DuePairs:
    answers: PairedAnswers
    n_pairs: int
    pair_ids: "pd.Series[str]"
    """Of the due pairs, in the order of the answers."""


def due_pairs(answers: pd.DataFrame, definition: str, covariates: Sequence[str]) -> DuePairs:
    """The due pairs of one definition, in the order of their ids.

    Raises:
        ValueError: a pair does not have exactly one row per arm.
    """
    rows = answers[answers["definition"] == definition].sort_values(["arm", "pair_id"])
    first, second = (rows.loc[rows["arm"] == arm, "pair_id"] for arm in ("beneficiary", "control"))
    if first.duplicated().any() or list(first) != list(second):
        raise ValueError(f"{definition}: a pair does not have one row per arm")
    is_due = rows["is_due"].fillna(False).to_numpy(dtype=bool).reshape(2, -1).all(axis=0)
    due = rows[np.tile(is_due, 2)]
    status = due["status"].astype("boolean").astype("Float64")
    known = status.where(due["is_respondent"].fillna(False).astype(bool))
    values = np.asarray(known.to_numpy(dtype=float, na_value=np.nan), dtype=np.float64)
    told = PairedAnswers(values.reshape(2, -1).T, response_design(due, covariates))
    return DuePairs(told, len(first), due["pair_id"].iloc[: len(due) // 2])
