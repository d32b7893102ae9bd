"""Two arms compared, with weights: each covariate, its levels, its square and its holes."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from agir_pipeline.methods.matching.arrays import Bools, Columns, Floats, Ints
from agir_pipeline.methods.matching.design import MISSING, is_number
from agir_pipeline.methods.matching.imbalance import (
    ecdf_differences,
    effective_sample_size,
    smd_denominator,
    standardized_mean_difference,
    standardized_pair_distance,
    variance_ratio,
    weighted_mean,
)
from agir_pipeline.protocol.model import Covariate

COLUMNS = (
    "covariate",
    "level",
    "sample",
    "n_beneficiaries",
    "n_controls",
    "n_effective_beneficiaries",
    "n_effective_controls",
    "mean_beneficiary",
    "mean_control",
    "smd",
    "smd_denominator",
    "variance_ratio",
    "ks",
    "ecdf_mean",
    "pair_distance",
)


def comparison_table(
    covariates: tuple[Covariate, ...],
    folded: Columns,
    is_treated: Bools,
    weights: Floats,
    pairs: tuple[Ints, Ints] | None = None,
) -> pd.DataFrame:
    """One row per covariate, level and sample: "pool" (weights 1) and "matched" (``weights``).

    Differences are in SDs of all treated rows, or sqrt(p (1 - p)) for a 0/1 line, the same before
    and after. Variance ratios are of numbers only. The distribution functions are compared at
    each value of the whole sample. ``n_effective`` counts are Kish's, (sum w)^2 / sum w^2.
    With ``pairs`` (rows of both members) matched lines have a mean distance within pairs, in the
    same SDs. A missing value is left out of its line and counted in the line "missing".
    """
    ones = np.ones(len(is_treated))
    rows = []
    for covariate, level, is_binary, values in _lines(covariates, folded):
        known = ~np.isnan(values)
        mine, theirs = known & is_treated, known & ~is_treated
        denominator = smd_denominator(values[mine], values[theirs], ones[theirs], is_binary)
        points = np.unique(values[known])
        for sample, weight in (("pool", ones), ("matched", weights)):
            arms = [(values[arm], weight[arm]) for arm in (mine, theirs)]
            line = _compared(*arms[0], *arms[1], denominator, points, is_binary)
            distance = float("nan")
            if sample == "matched" and pairs is not None:
                whole = known[pairs[0]] & known[pairs[1]]
                sides = values[pairs[0][whole]], values[pairs[1][whole]]
                distance = standardized_pair_distance(*sides, denominator)
            rows.append(
                {"covariate": covariate, "level": level, "sample": sample}
                | line
                | {"pair_distance": distance}
            )
    return pd.DataFrame(rows, columns=COLUMNS).astype({"smd": np.float64})  # also without rows


def _lines(
    covariates: tuple[Covariate, ...], folded: Columns
) -> Iterator[tuple[str, str, bool, Floats]]:
    """Name, level, whether it is 0/1, and the values, NaN where missing."""
    for covariate in covariates:
        values = folded[covariate.name]
        if not is_number(covariate):
            code, levels = pd.factorize(values, sort=True)
            for number, level in enumerate(levels):
                yield covariate.name, str(level), True, (code == number).astype(np.float64)
            continue
        is_missing = np.isnan(values)
        is_binary = bool(np.isin(values[~is_missing], (0.0, 1.0)).all())
        yield covariate.name, "value", is_binary, values
        if not is_binary:
            yield covariate.name, "value_squared", False, values**2
        if is_missing.any():
            yield covariate.name, MISSING, True, is_missing.astype(np.float64)


def _compared(
    mine: Floats,
    my_weights: Floats,
    theirs: Floats,
    their_weights: Floats,
    denominator: float,
    points: Floats,
    is_binary: bool,
) -> dict[str, object]:
    means = weighted_mean(mine, my_weights), weighted_mean(theirs, their_weights)
    line: dict[str, object] = {
        "n_beneficiaries": int((my_weights > 0).sum()),
        "n_controls": int((their_weights > 0).sum()),
        "n_effective_beneficiaries": effective_sample_size(my_weights),
        "n_effective_controls": effective_sample_size(their_weights),
        "mean_beneficiary": means[0],
        "mean_control": means[1],
        "smd": standardized_mean_difference(*means, denominator),
        "smd_denominator": denominator,
        "variance_ratio": float("nan"),
        "ks": abs(means[0] - means[1]),
        "ecdf_mean": abs(means[0] - means[1]),
    }
    if not is_binary and my_weights.any() and their_weights.any():
        gaps = ecdf_differences(mine, my_weights, theirs, their_weights, points)
        line["variance_ratio"] = variance_ratio(mine, my_weights, theirs, their_weights)
        line["ks"], line["ecdf_mean"] = float(gaps.max()), float(gaps.mean())
    return line
