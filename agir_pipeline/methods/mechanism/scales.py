"""Scores of a questionnaire's scales, between 0 and 100, from items with limits of their own."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from agir_pipeline.protocol.mechanism import Scale
from agir_pipeline.protocol.model import Mechanism, Protocol

Floats = NDArray[np.float64]
Texts = NDArray[np.object_]
Limits = Mapping[str, tuple[float, float]]
TOP = 100.0
OVERALL, COMPARABLE = "overall", "comparable"
"""The score of all items answered, and that of the items every version asks alike."""


def item_limits(protocol: Protocol) -> dict[str, tuple[float, float]]:
    """Item → the least and the largest answer its source allows."""
    return {
        column.name: (float(column.minimum), float(column.maximum))
        for source in protocol.feeding("answer")
        for column in source.columns
        if isinstance(column.minimum, int | float) and isinstance(column.maximum, int | float)
    }


def item_scores(answers: pd.DataFrame, columns: Iterable[str], limits: Limits) -> Floats:
    """Answers × items, each between 0 and 100 by its own limits; NaN where not answered."""
    names = list(columns)
    values = answers[names].to_numpy(dtype=float, na_value=np.nan)
    low = np.array([limits[name][0] for name in names])
    high = np.array([limits[name][1] for name in names])
    return np.asarray(TOP * (values - low) / (high - low), dtype=np.float64)


def scored(answers: pd.DataFrame, scale: Scale, limits: Limits) -> pd.DataFrame:
    """For each answer the score of every dimension, then ``overall``, ``comparable``, ``n_items``.

    A dimension is the mean of its items answered, the overall score the mean of its dimensions
    told: an item asked in one version of the questionnaire only counts there. ``comparable`` is
    the same from the items that all versions ask alike: the only one to take a change of.
    """
    found, alike, n_items = {}, [], np.zeros(len(answers))
    for dimension in scale.dimensions:
        items = item_scores(answers, dimension.every_column, limits)
        n_items += (~np.isnan(items)).sum(axis=1)
        found[dimension.name] = mean_told(items)
        alike.append(mean_told(items[:, : len(dimension.columns)]))
    overall = mean_told(np.column_stack(list(found.values())))
    comparable = mean_told(np.column_stack(alike))
    extra = {OVERALL: overall, COMPARABLE: comparable, "n_items": n_items}
    return pd.DataFrame({**found, **extra}, index=answers.index)


def mean_told(values: Floats) -> Floats:
    """The mean of each row over what is known of it; NaN where nothing is."""
    is_told = ~np.isnan(values)
    n_told = is_told.sum(axis=1)
    total = np.where(is_told, values, 0.0).sum(axis=1)
    nothing = np.full(len(values), np.nan)
    return np.asarray(np.divide(total, n_told, out=nothing, where=n_told > 0), dtype=np.float64)


@dataclass(frozen=True)
class ToldScales:
    """Answers of all parties with the scores of every scale; arrays have one value per answer."""

    pair: Texts
    arm: Texts
    party: Texts
    moment: Texts
    respondent: Texts
    scores: Mapping[str, pd.DataFrame]
    items: Mapping[str, Floats]
    """Scale → the items that every version asks alike."""

    def where(self, party: str, moment: str) -> NDArray[np.bool_]:
        return np.asarray((self.party == party) & (self.moment == moment))


def with_party(answers: pd.DataFrame, mechanism: Mechanism) -> pd.DataFrame:
    """The answers of the waves that the mechanism reads, with their party and moment.

    Items are plain numbers from here on, NaN where not answered.
    """
    asked = {one.wave: one for one in mechanism.asked}
    told = answers[answers["wave"].isin(list(asked))].reset_index(drop=True)
    of_wave = [asked[wave] for wave in told["wave"]]
    names = [n for scale in mechanism.scales for d in scale.dimensions for n in d.every_column]
    numbers = {name: told[name].to_numpy(dtype=float, na_value=np.nan) for name in names}
    return told.drop(columns=names).assign(
        party=np.array([one.party for one in of_wave], dtype=object),
        moment=np.array([one.moment for one in of_wave], dtype=object),
        **numbers,
    )


def told_scales(told: pd.DataFrame, mechanism: Mechanism, limits: Limits) -> ToldScales:
    """The scores of every scale, from answers ``with_party``.

    Whoever answers for nobody else stands for itself among the respondents.
    """
    pair, arm = (told[name].to_numpy(dtype=object) for name in ("pair_id", "arm"))
    named = told[mechanism.respondent_column].to_numpy(dtype=object)
    own = [f"{p} {a}" if pd.isna(r) else str(r) for p, a, r in zip(pair, arm, named, strict=True)]
    return ToldScales(
        pair,
        arm,
        told["party"].to_numpy(dtype=object),
        told["moment"].to_numpy(dtype=object),
        np.array(own, dtype=object),
        {scale.name: scored(told, scale, limits) for scale in mechanism.scales},
        {
            scale.name: item_scores(told, [n for d in scale.dimensions for n in d.columns], limits)
            for scale in mechanism.scales
        },
    )
