"""From covariates as known to what the model and the distance read: bands, classes, columns."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from agir_pipeline.methods.matching.arrays import Columns, Floats, Ints, Texts
from agir_pipeline.protocol.design import class_names
from agir_pipeline.protocol.model import Covariate

MISSING = "missing"
"""The level a missing category takes; it counts as a level like any other."""

ONE_STRATUM = "all"
"""The stratum where nothing must be equal."""


def delay_band(delay_days: Floats, width: int) -> Ints:
    """The upper edge, in days, of the band of each delay: 0, ``width``, 2 ``width`` …

    A delay of 0 or less (support begun before the contract) has the edge 0.

    Raises:
        ValueError: a delay is missing.
    """
    if np.isnan(delay_days).any():
        raise ValueError(f"{int(np.isnan(delay_days).sum())} delay(s) are missing")
    return (width * np.ceil(np.maximum(delay_days, 0.0) / width)).astype(np.int64)


def is_number(covariate: Covariate) -> bool:
    """Whether the covariate is still a number once folded."""
    return covariate.scale == "number" and not covariate.cut_points


def fold(covariate: Covariate, values: "pd.Series[Any]") -> Floats | Texts:
    """Values as matched on: a number (NaN where missing), or the name of a class or group.

    Cut points make half-open classes [a, b). A code that no group names keeps its own name; a
    missing one becomes the level "missing".
    """
    if covariate.scale == "number":
        numbers = pd.to_numeric(values).to_numpy(dtype=np.float64, na_value=np.nan)
        return classes_of(numbers, covariate.cut_points) if covariate.cut_points else numbers
    place, distinct = _distinct(values)
    codes = [*map(_as_code, distinct), MISSING]  # a missing value has the place -1: the last
    return np.array([covariate.groups.get(c, c) for c in codes], dtype=object)[place]


def fold_all(covariates: Iterable[Covariate], values: pd.DataFrame) -> Columns:
    """One folded column per covariate, in the order of the rows of ``values``."""
    return {c.name: fold(c, values[c.name]) for c in covariates}


def design_matrix(
    covariates: Iterable[Covariate],
    folded: Columns,
    n_rows: int,
    has_reference_level: bool,
    n_of: Ints | None = None,
) -> tuple[list[str], Floats]:
    """Column names and a matrix without holes or constant columns.

    A number is filled with its median and, where any is missing, joined by a 0/1 column
    ``<name>=missing`` (Rosenbaum and Rubin 1984, doi:10.1080/01621459.1984.10478078). A category
    has one 0/1 column per level; with ``has_reference_level`` the first level has none. ``n_of``
    says how often each row counts for the median.
    """
    columns: dict[str, Floats] = {}
    for covariate in covariates:
        if is_number(covariate):
            columns |= _number_columns(covariate.name, folded[covariate.name], n_of)
        else:
            columns |= _level_columns(covariate.name, folded[covariate.name], has_reference_level)
    varying = {n: c for n, c in columns.items() if len(c) and c.min() < c.max()}
    matrix = np.column_stack(list(varying.values())) if varying else np.zeros((n_rows, 0))
    return list(varying), matrix


def strata(folded: Columns, names: tuple[str, ...], n_rows: int) -> Texts:
    """The stratum of each row, as text: "level=IV; nature=fixed_term"; "all" without names.

    Different strata have different texts; a missing number is a level, "nan".
    """
    texts, code = stratum_codes(folded, names, n_rows)
    return np.array(texts, dtype=object)[code]


def stratum_codes(folded: Columns, names: tuple[str, ...], n_rows: int) -> tuple[list[str], Ints]:
    """The same as the texts there are, in their order, and the place of each row's among them."""
    if not names or not n_rows:
        return [ONE_STRATUM], np.zeros(n_rows, dtype=np.int64)
    parts = [pd.factorize(folded[name], use_na_sentinel=False) for name in names]
    code = np.zeros(n_rows, dtype=np.int64)
    for place, distinct in parts:
        code = code * len(distinct) + place
    kept, first, code = np.unique(code, return_index=True, return_inverse=True)
    labels = [
        [f"{name}={_unmistakable(distinct[k])}" for k in place[first]]
        for name, (place, distinct) in zip(names, parts, strict=True)
    ]
    texts = ["; ".join(row) for row in zip(*labels, strict=True)]
    order = sorted(range(len(kept)), key=texts.__getitem__)
    return [texts[k] for k in order], np.argsort(order)[code]


def _unmistakable(level: object) -> str:
    """The level as text, in quotation marks where it looks like the end of a level."""
    text = str(level)
    return repr(text) if ";" in text else text


def classes_of(numbers: Floats, cut_points: tuple[float, ...]) -> Texts:
    """The half-open class of each number, by name; a missing one is the level "missing"."""
    names = [*class_names(cut_points), MISSING]
    place = np.searchsorted(cut_points, numbers, side="right")
    place[np.isnan(numbers)] = len(names) - 1
    return np.array(names, dtype=object)[place]


def _distinct(values: "pd.Series[Any]") -> tuple[Ints, Iterable[object]]:
    """The distinct values and the place of each row's among them, -1 where missing.

    Where kinds are mixed every row keeps its own: 1, 1.0 and True are equal but other codes.
    """
    if values.dtype != object or pd.api.types.infer_dtype(values) == "string":
        place, distinct = pd.factorize(values)
        return np.asarray(place, dtype=np.int64), distinct
    return np.where(values.isna(), -1, np.arange(len(values))), values


def _as_code(value: object) -> str:
    """1, 1.0 and "1" are one code: a column with holes turns integers into floats."""
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _number_columns(name: str, values: Floats, n_of: Ints | None) -> dict[str, Floats]:
    is_missing = np.isnan(values)
    if not is_missing.any():
        return {name: values}
    if is_missing.all():
        return {}
    known = values[~is_missing]
    counted = known if n_of is None else np.repeat(known, n_of[~is_missing])
    filled = np.where(is_missing, np.median(counted), values)
    return {name: filled, f"{name}={MISSING}": is_missing.astype(np.float64)}


def _level_columns(name: str, values: Texts, skips_first: bool) -> dict[str, Floats]:
    place, levels = pd.factorize(values)
    kept = sorted(range(len(levels)), key=levels.__getitem__)[1 if skips_first else 0 :]
    return {f"{name}={levels[k]}": (place == k).astype(np.float64) for k in kept}
