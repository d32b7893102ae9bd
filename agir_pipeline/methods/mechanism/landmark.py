"""Effects that only start to count on a later day, on which both of a pair must be at risk.

Who stays longer gets more support and tells more: before a landmark that is no cause but a
consequence. Source: van Houwelingen 2007, doi:10.1111/j.1467-9469.2006.00529.x.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from agir_pipeline.language import _
from agir_pipeline.methods.effects.claims import EXPLORATORY
from agir_pipeline.methods.effects.estimate import Estimate
from agir_pipeline.methods.effects.event_pairs import ARMS, PairedTimes
from agir_pipeline.methods.effects.layout import COUNT, NUMBER, TEXT, in_points, typed
from agir_pipeline.methods.effects.survival import censored_bonett_price, cumulative_incidence
from agir_pipeline.methods.mechanism.link import link_class
from agir_pipeline.methods.mechanism.mediation import mediated
from agir_pipeline.methods.mechanism.scales import OVERALL
from agir_pipeline.methods.mechanism.support import dose_class
from agir_pipeline.protocol.model import EventOutcome, Mechanism

LANDMARK_COLUMNS = {
    "outcome": TEXT, "definition": TEXT, "horizon_days": COUNT, "landmark_days": COUNT,
    "contrast": TEXT, "level": TEXT, "n": COUNT, "n_complete_pairs": COUNT,
    "risk_beneficiary": NUMBER, "risk_control": NUMBER, "difference_points": NUMBER,
    "standard_error_points": NUMBER, "ci_low_points": NUMBER, "ci_high_points": NUMBER,
    "claim": TEXT, "method": TEXT,
}  # fmt: skip
ALL = "all"


def at_landmark(pairs: PairedTimes, days: int) -> PairedTimes:
    """The pairs with both members still at risk after the landmark, times counted from it.

    Whoever had any ending, or is followed no further, by the landmark takes the pair with it.
    """
    kept = pairs.taken(np.asarray((pairs.times > days).all(axis=0)))
    moved = tuple(index_on + pd.Timedelta(days=days) for index_on in kept.index_on)
    return replace(kept, times=kept.times - days, index_on=(moved[0], moved[1]))


def landmark_effects(
    pairs: PairedTimes,
    dose: pd.DataFrame,
    link: pd.DataFrame,
    outcome: EventOutcome,
    mechanism: Mechanism,
    definition: str,
    level: float,
) -> pd.DataFrame:
    """The effect after the landmark: of all pairs, by dose, by link, and through the link.

    ``dose`` has pair_id and n_interviews_by_landmark, ``link`` the answers of ``link_answers``.
    The horizon is the primary one, counted from the index date. A horizon not after a landmark
    gives no row. All of it explores: nothing here compares like with like by design.
    """
    horizon = outcome.primary_horizon_days or max(outcome.horizons_days.value)
    place = {"outcome": outcome.name, "definition": definition, "horizon_days": horizon,
             "claim": EXPLORATORY}  # fmt: skip
    rows: list[dict[str, Any]] = []
    first, second = mechanism.landmark_days.value, mechanism.link.landmark_days.value
    if first < horizon:
        at = {**place, "landmark_days": first}
        later = at_landmark(pairs, first)
        rows.append({**at, **_effect(later, horizon - first, level), "contrast": ALL, "level": ALL})
        reached = dose.set_index("pair_id")["n_interviews_by_landmark"].reindex(later.pair_ids)
        classes = dose_class(reached.fillna(0), mechanism.dose_classes.value)
        rows += [{**at, **row, "contrast": "by_dose"}
                 for row in _by_level(later, classes, horizon - first, level)]  # fmt: skip
    if second < horizon:
        at = {**place, "landmark_days": second}
        later = at_landmark(pairs, second)
        scores = _link_before(link, mechanism)
        of_beneficiary = scores[ARMS[0]].reindex(later.pair_ids)
        classes = link_class(of_beneficiary, mechanism.link.classes)
        rows += [{**at, **row, "contrast": "by_link"}
                 for row in _by_level(later, classes, horizon - second, level)]  # fmt: skip
        rows += [{**at, **row} for row in _through(later, scores, horizon - second, level)]
    return typed(rows, LANDMARK_COLUMNS)


def _link_before(link: pd.DataFrame, mechanism: Mechanism) -> pd.DataFrame:
    """Pair × arm: the link as told in its wave, by the landmark and before any early end."""
    is_in_time = (
        (link["wave"] == mechanism.link.wave)
        & (link["answered_days"] <= mechanism.link.landmark_days.value)
        & link["is_before_early_end"].fillna(False).astype(bool)
    )
    wide = link[is_in_time].pivot(index="pair_id", columns="arm", values=OVERALL)
    return wide.reindex(columns=list(ARMS)).astype(float)


def _by_level(
    pairs: PairedTimes, levels: "pd.Series[str]", horizon: int, confidence: float
) -> Iterator[dict[str, Any]]:
    """One row per level of the beneficiary; a pair of which it is not known is in none."""
    for name in sorted(levels.dropna().unique()):
        own = pairs.taken((levels == name).fillna(False).to_numpy(dtype=bool))
        yield {"level": name, **_effect(own, horizon, confidence)}


def _effect(pairs: PairedTimes, horizon: int, level: float) -> dict[str, Any]:
    n_complete = int(pairs.complete(horizon).sum())
    row: dict[str, Any] = {
        "n": pairs.n_pairs,
        "n_complete_pairs": n_complete,
        "method": _(
            "Pairs with both members at risk on the landmark, days counted from it: censored "
            "Bonett–Price. Exploratory; a difference by dose or link has no causal meaning"
        ),
    }
    if n_complete == 0:
        return row
    members = (pairs.times[0], pairs.causes[0], pairs.times[1], pairs.causes[1])
    risks = [cumulative_incidence(pairs.times[k], pairs.causes[k], horizon).risk for k in (0, 1)]
    found = censored_bonett_price(*members, horizon, level)
    return row | {
        "risk_beneficiary": risks[0],
        "risk_control": risks[1],
        **_in_points(found),
    }


def _through(
    pairs: PairedTimes, scores: pd.DataFrame, horizon: int, level: float
) -> Iterator[dict[str, Any]]:
    """Total, through the link, beside it: complete pairs of which both members told the link."""
    link = scores.reindex(pairs.pair_ids).to_numpy(dtype=float).T
    is_in = pairs.complete(horizon) & ~np.isnan(link).any(axis=0)
    own, n = pairs.taken(is_in), int(is_in.sum())
    found = mediated(
        own.has_event(horizon).astype(float).ravel(),
        link[:, is_in].ravel(),
        np.repeat([1.0, 0.0], n),
        np.tile(np.arange(n), 2),
        level,
    )
    method = _(
        "Linear models of the link on the arm and of the event on both, errors by pair; limits of "
        "the part through the link are those of a product; the link as the young people told it "
        "before any early end. Exploratory: causal only if nothing unseen moves both link and event"
    )
    for contrast, effect in found._asdict().items():
        yield {"contrast": f"link_{contrast}", "level": ALL, "n": n, "n_complete_pairs": n,
               "method": method, **_in_points(effect)}  # fmt: skip


def _in_points(effect: Estimate) -> dict[str, float]:
    return {
        "difference_points": in_points(effect.estimate),
        "standard_error_points": in_points(effect.standard_error),
        "ci_low_points": in_points(effect.ci_low),
        "ci_high_points": in_points(effect.ci_high),
    }
