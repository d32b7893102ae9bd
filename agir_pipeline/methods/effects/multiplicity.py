"""Several outcomes, one promise: Holm over the primary family, false discoveries over the rest."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from agir_pipeline.methods.effects.claims import PRIMARY, SECONDARY
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


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """p-values adjusted for the share of false discoveries, in the order given.

    A missing one is no test: it stays missing and is not counted. Source: Benjamini & Hochberg
    1995, doi:10.1111/j.2517-6161.1995.tb02031.x.
    """
    p = np.asarray(p_values, dtype=float)
    order = np.argsort(p, kind="stable")[: int((~np.isnan(p)).sum())]
    n = len(order)
    stepped = p[order] * n / np.arange(1, n + 1)
    adjusted = np.full(len(p), np.nan)
    adjusted[order] = np.minimum(np.minimum.accumulate(stepped[::-1])[::-1], 1.0)
    return [float(value) for value in adjusted]


def with_false_discovery(tables: Sequence[pd.DataFrame]) -> list[pd.DataFrame]:
    """The effect tables with ``p_value_bh`` filled on their secondary rows, all of them together.

    Interim releases claim nothing as secondary, so nothing is filled there.
    """
    adjusted = [table.copy() for table in tables]
    p_values = [float(p) for t in tables for p in t.loc[t["claim"] == SECONDARY, "p_value"]]
    told = iter(benjamini_hochberg(p_values))
    for table in adjusted:
        for row in table.index[table["claim"] == SECONDARY]:
            table.at[row, "p_value_bh"] = next(told)
    return adjusted


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
