"""Rules of the protocol read on answers: true, false, or left open by what was not answered."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from agir_pipeline.protocol.mechanism import Situation, StatusRule

Floats = NDArray[np.float64]


def holds(rule: StatusRule, told: pd.DataFrame) -> Floats:
    """For each row 1 where all conditions hold, 0 where one does not, NaN where it is open.

    A condition that fails decides, whatever else was not answered. Codes of a true-or-false
    column are ``true`` and ``false``.
    """
    parts = [_has_code(told[name], codes) for name, codes in rule.codes.items()]
    for limits, is_met in ((rule.minimum, np.greater_equal), (rule.above, np.greater)):
        for name, limit in limits.items():
            values = told[name].to_numpy(dtype=float, na_value=np.nan)
            parts.append(np.where(np.isnan(values), np.nan, is_met(values, limit)))
    together = np.stack(parts)
    fails = (together == 0).any(axis=0)
    return np.where(fails, 0.0, np.where(np.isnan(together).any(axis=0), np.nan, 1.0))


def first_situation(situations: Sequence[Situation], told: pd.DataFrame) -> "pd.Series[str]":
    """The name of the first situation that holds; missing where an earlier one is left open.

    A row of which no situation holds is missing too.
    """
    rules = [rule for situation in situations for rule in situation.true_when]
    coded = dict.fromkeys(name for rule in rules for name in rule.codes)
    told = told.astype(dict.fromkeys(coded, object))  # compared faster, once and not per rule
    found = np.full(len(told), None, dtype=object)
    is_open = np.zeros(len(told), dtype=bool)
    for situation in situations:
        ways = np.stack([holds(rule, told) for rule in situation.true_when])
        is_true = (ways == 1).any(axis=0)
        undecided = pd.isna(found) & ~is_open
        found[undecided & is_true] = situation.name
        is_open |= undecided & ~is_true & np.isnan(ways).any(axis=0)
    return pd.Series(found, told.index, dtype="string")


def _has_code(values: "pd.Series[str]", codes: Sequence[str]) -> Floats:
    said = values.astype("string").str.lower() if values.dtype == "boolean" else values
    is_in = said.isin(codes).to_numpy(dtype=float)
    return np.where(said.isna().to_numpy(dtype=bool), np.nan, is_in)
