"""Weights instead of pairs: checks beside a match, never its replacement.

Weights are 1 for a treated row (but for overlap weights) and sum over the controls to the number
of treated rows they stand for.
"""

import numpy as np
import pandas as pd
from scipy.special import expit

from agir_pipeline.errors import CheckError
from agir_pipeline.language import _
from agir_pipeline.methods.matching.arrays import Bools, Floats, Ints
from agir_pipeline.methods.matching.propensity import (
    independent_columns,
    linear_predictor,
    score_fit,
)

MAX_STEPS = 200


def coarsened_weights(columns: list[Floats], is_treated: Bools) -> tuple[Ints, Floats]:
    """Coarsened exact matching: the set of each row (-1: none) and its weight.

    Rows are alike when every column is in the same class: equal codes, or for a number one of
    ceil(log2 n) + 1 classes of equal width (Sturges). A set counts when both arms are in it; its
    controls share the number of its treated rows. Source: Iacus, King and Porro (2012),
    doi:10.1093/pan/mpr013.
    """
    cells = pd.MultiIndex.from_arrays([_classes(column) for column in columns])
    code = np.asarray(pd.factorize(cells, sort=True)[0], dtype=np.int64)
    n_treated, n_all = np.bincount(code, is_treated), np.bincount(code)
    n_controls = n_all - n_treated
    is_kept = (n_treated > 0) & (n_controls > 0)
    number = np.where(is_kept, np.cumsum(is_kept) - 1, -1)
    share = np.where(is_kept, n_treated / np.maximum(n_controls, 1), 0.0)
    weights = np.where(is_treated, is_kept[code].astype(np.float64), share[code])
    return number[code], weights


def shared_weights(number: Ints, is_treated: Bools) -> Floats:
    """1 for a treated row in a set; its controls share the number of its treated rows."""
    place = np.where(number < 0, number.max() + 1, number)
    n_treated = np.bincount(place, is_treated)
    n_controls = np.bincount(place, ~is_treated)
    share = n_treated / np.maximum(n_controls, 1)
    return np.where(number < 0, 0.0, np.where(is_treated, 1.0, share[place]))


def _classes(column: Floats) -> Ints:
    """Classes of equal width; a missing number is a class of its own."""
    known = column[~np.isnan(column)]
    n_classes = int(np.ceil(np.log2(max(len(column), 1)) + 1))
    cuts = np.linspace(known.min(), known.max(), n_classes + 1)[1:-1] if len(known) else known
    place = np.searchsorted(cuts, column, side="right")
    return np.where(np.isnan(column), -1, place).astype(np.int64)


def entropy_weights(x: Floats, is_treated: Bools) -> Floats:
    """Entropy balancing: controls weighted to the exact means of the treated, and no further.

    Newton steps on the dual, halved while it rises. Source: Hainmueller (2012),
    doi:10.1093/pan/mpr025.

    Raises:
        CheckError: no positive weights reach these means.
    """
    spread = x.std(axis=0)
    standard = (x - x[is_treated].mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    controls = standard[~is_treated]
    controls = controls[:, independent_columns(controls)]
    slopes = np.zeros(controls.shape[1])
    for _step in range(MAX_STEPS):
        share = _softmax(controls @ slopes)
        miss = controls.T @ share
        if np.abs(miss).max(initial=0.0) < 1e-12:
            break
        spreads = (controls * share[:, None]).T @ controls - np.outer(miss, miss)
        step = np.linalg.lstsq(spreads, miss, rcond=None)[0]
        now = _log_sum(controls @ slopes)
        tried = (slopes - step / 2**k for k in range(40))
        slopes = next((s for s in tried if _log_sum(controls @ s) < now + 1e-14), slopes)
    if np.abs((standard[~is_treated] * share[:, None]).sum(axis=0)).max(initial=0.0) > 1e-8:
        raise CheckError(_("entropy balancing: no weights of the controls reach these means"))
    weights = np.ones(len(x))
    weights[~is_treated] = share * int(is_treated.sum())
    return weights


def overlap_weights(x: Floats, is_treated: Bools) -> Floats:
    """Weights of the overlap: 1 - e for a treated row, e for a control, e the propensity score.

    With a logistic score every column of ``x`` has equal weighted means in both arms; the
    estimand is the effect among those who might be in either arm. Source: Li, Morgan and
    Zaslavsky (2018), doi:10.1080/01621459.2016.1260466.
    """
    columns = np.column_stack([np.ones(len(x)), x])
    score = expit(linear_predictor(columns, score_fit(columns, is_treated).coefficients))
    return np.asarray(np.where(is_treated, 1 - score, score))


def _softmax(values: Floats) -> Floats:
    raised = np.exp(values - values.max(initial=-np.inf))
    return np.asarray(raised / raised.sum())


def _log_sum(values: Floats) -> float:
    return float(np.logaddexp.reduce(values))
