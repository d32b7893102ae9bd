"""Several primary outcomes, one promise: Holm's adjustment over the declared family."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from agir_pipeline.methods.effects.claims import PRIMARY
from agir_pipeline.protocol.model import Inference


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm-adjusted p-values in the order given (Holm 1979, Scand J Stat 6:65).

    A missing one stays missing, but keeps its place in the family: it counts as 1.
    """
    if not len(p_values):
        return []
    p = np.asarray(p_values, dtype=float)
    counted = np.where(np.isnan(p), 1.0, p)
    order = np.argsort(counted, kind="stable")
    stepped = np.maximum.accumulate(counted[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(stepped, 1.0)
    return [float(value) for value in np.where(np.isnan(p), np.nan, adjusted)]


def with_holm(tables: Sequence[pd.DataFrame], inference: Inference) -> list[pd.DataFrame]:
    """The effect tables with ``p_value_holm`` filled on their primary rows.

    Interim releases claim nothing as primary, so nothing is filled there. A family member
    that has no row at all still counts in the family.
    """
    adjusted = [table.copy() for table in tables]
    places = [(table, row) for table in adjusted for row in table.index[table["claim"] == PRIMARY]]
    p_values = [
        float(p_value)
        for table in adjusted
        for p_value in table.loc[table["claim"] == PRIMARY, "p_value"]
    ]
    n_absent = max(0, len(inference.primary_family) - len(p_values))
    family = holm([*p_values, *[np.nan] * n_absent])
    for (table, row), p_value in zip(places, family[: len(places)], strict=True):
        table.at[row, "p_value_holm"] = p_value
    return adjusted
