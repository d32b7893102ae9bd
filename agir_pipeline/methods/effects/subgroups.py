"""Whether an effect differs between kinds of persons: an exploration, never a claim."""

from collections.abc import Iterable, Mapping
from datetime import date
from math import nan
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import special

from agir_pipeline.language import _
from agir_pipeline.methods.effects.answer_pairs import due_pairs
from agir_pipeline.methods.effects.claims import EXPLORATORY, is_final
from agir_pipeline.methods.effects.estimate import Estimate
from agir_pipeline.methods.effects.event_pairs import PairedTimes
from agir_pipeline.methods.effects.layout import COUNT, NUMBER, TEXT, in_points, typed
from agir_pipeline.methods.effects.paired import PairedTable, bonett_price
from agir_pipeline.methods.effects.risk_plot import primary_definition
from agir_pipeline.methods.effects.survival import censored_bonett_price
from agir_pipeline.protocol.model import EventOutcome, Inference, StatusOutcome

SUBGROUP_COLUMNS = {
    "outcome": TEXT, "definition": TEXT, "horizon_days": COUNT, "covariate": TEXT, "level": TEXT,
    "n": COUNT, "n_complete_pairs": COUNT, "difference_points": NUMBER,
    "standard_error_points": NUMBER, "ci_low_points": NUMBER, "ci_high_points": NUMBER,
    "interaction_df": COUNT, "interaction_statistic": NUMBER, "interaction_p": NUMBER,
    "claim": TEXT, "method": TEXT,
}  # fmt: skip


class Part(NamedTuple):
    """The effect among some pairs: how many, how many of them complete, and what is found."""

    n_pairs: int
    n_complete: int
    effect: Estimate


def interaction(effects: ArrayLike, standard_errors: ArrayLike) -> tuple[float, int, float]:
    """Cochran's Q of independent effects, its degrees of freedom, and its p-value.

    Fewer than two effects cannot differ: NaN, 0, NaN. Source: Cochran 1954, doi:10.2307/3001666.
    """
    found, errors = np.asarray(effects, dtype=float), np.asarray(standard_errors, dtype=float)
    if len(found) < 2:
        return nan, 0, nan
    weight = 1 / errors**2
    mean = float(weight @ found) / float(weight.sum())
    statistic = float(weight @ (found - mean) ** 2)
    df = len(found) - 1
    return statistic, df, float(special.chdtrc(df, statistic))


def event_subgroups(
    by_definition: Mapping[str, PairedTimes],
    levels: pd.DataFrame,
    outcome: EventOutcome,
    inference: Inference,
    data_cut_on: date,
) -> pd.DataFrame:
    """Covariate × level: the effect on the event at its primary definition and horizon.

    ``levels`` holds for each pair (its index) the beneficiary's level of each of the protocol's
    subgroup covariates, missing being one. A level without a complete pair is not told.
    """
    definition = primary_definition(outcome)
    horizon = outcome.primary_horizon_days or max(outcome.horizons_days.value)
    pairs = by_definition[definition.name]
    is_complete = pairs.complete(horizon)
    level = inference.confidence_level.value

    def part(of_level: NDArray[np.bool_]) -> Part:
        own = pairs.taken(of_level)
        n_complete = int(is_complete[of_level].sum())
        if n_complete == 0:
            return Part(own.n_pairs, 0, Estimate())
        found = censored_bonett_price(
            own.times[0], own.causes[0], own.times[1], own.causes[1], horizon, level
        )
        return Part(own.n_pairs, n_complete, found)

    place = {"outcome": outcome.name, "definition": definition.name, "horizon_days": horizon}
    known = levels.reindex(pairs.pair_ids)
    method = _(
        "Pairs by the beneficiary's level: censored Bonett–Price within each; the interaction is "
        "Cochran's Q over the levels. Exploratory: not foreseen as a test, many are looked at"
    )
    rows = _rows(known, inference, part, {**place, "method": method})
    return _table(rows, inference, data_cut_on)


def status_subgroups(
    answers: pd.DataFrame,
    levels: pd.DataFrame,
    outcome: StatusOutcome,
    inference: Inference,
    data_cut_on: date | None,
) -> pd.DataFrame:
    """Covariate × level: the effect on the situation in the due pairs that both answered."""
    definition = outcome.primary_definition or outcome.definitions[0].name
    rows = answers[answers["definition"] == definition]
    is_due = rows["is_due"].fillna(False).astype(bool).groupby(rows["pair_id"]).all()
    status = due_pairs(answers, definition, ()).answers.status
    is_complete = ~np.isnan(status).any(axis=1)

    def part(of_level: NDArray[np.bool_]) -> Part:
        whole = status[of_level & is_complete] == 1
        effect = bonett_price(
            PairedTable.of(whole[:, 0], whole[:, 1]), inference.confidence_level.value
        )
        return Part(int(of_level.sum()), len(whole), effect)

    method = _(
        "Due pairs whose members both answered, by the beneficiary's level: Bonett–Price within "
        "each; the interaction is Cochran's Q over the levels. Exploratory: not foreseen as a "
        "test, many are looked at"
    )
    place = {"outcome": outcome.name, "definition": definition, "method": method}
    known = levels.reindex(is_due.index[is_due].sort_values())
    return _table(_rows(known, inference, part, place), inference, data_cut_on)


def _rows(
    levels: pd.DataFrame, inference: Inference, part: Any, place: dict[str, Any]
) -> Iterable[dict[str, Any]]:
    for covariate in inference.subgroups:
        of_pair = levels[covariate].astype("string").fillna("missing")
        names = sorted(of_pair.unique())
        parts = {name: part((of_pair == name).to_numpy(dtype=bool)) for name in names}
        told = [p.effect for p in parts.values() if p.n_complete]
        centres = [(effect.ci_low + effect.ci_high) / 2 for effect in told]
        statistic, df, p_value = interaction(centres, [e.standard_error for e in told])
        for name, found in parts.items():
            yield {
                **place,
                "covariate": covariate,
                "level": name,
                "n": found.n_pairs,
                "n_complete_pairs": found.n_complete,
                "difference_points": in_points(found.effect.estimate),
                "standard_error_points": in_points(found.effect.standard_error),
                "ci_low_points": in_points(found.effect.ci_low),
                "ci_high_points": in_points(found.effect.ci_high),
                "interaction_df": df,
                "interaction_statistic": statistic,
                "interaction_p": p_value,
                "claim": EXPLORATORY,
            }


def _table(
    rows: Iterable[dict[str, Any]], inference: Inference, data_cut_on: date | None
) -> pd.DataFrame:
    table = typed(list(rows), SUBGROUP_COLUMNS)
    if not is_final(inference, data_cut_on):
        table[["interaction_statistic", "interaction_p"]] = nan
    return table
