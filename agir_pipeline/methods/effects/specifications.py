"""The specification curve: the same question answered in every way that could be defended."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from agir_pipeline.language import _
from agir_pipeline.methods.effects.answer_pairs import due_pairs
from agir_pipeline.methods.effects.claims import EXPLORATORY
from agir_pipeline.methods.effects.estimate import Estimate
from agir_pipeline.methods.effects.event_pairs import PairedTimes
from agir_pipeline.methods.effects.layout import COUNT, FLAG, NUMBER, TEXT, in_points, typed
from agir_pipeline.methods.effects.paired import PairedTable, bonett_price
from agir_pipeline.methods.effects.pairs_kept import ALL_PAIRS
from agir_pipeline.methods.effects.reweighted import (
    from_start_difference,
    uncontaminated_difference,
)
from agir_pipeline.methods.effects.survival import censored_bonett_price
from agir_pipeline.protocol.model import EventOutcome, Inference, StatusOutcome

SPECIFICATION_COLUMNS = {
    "outcome": TEXT, "specification_number": COUNT, "definition": TEXT, "horizon_days": COUNT,
    "counted_from": TEXT, "pairs_kept": TEXT, "weighting": TEXT, "n": COUNT,
    "estimate_points": NUMBER, "ci_low_points": NUMBER, "ci_high_points": NUMBER,
    "is_primary": FLAG, "claim": TEXT, "method": TEXT,
}  # fmt: skip

CENSORED, COMPLETE, BY_RESPONSE, UNWEIGHTED = "censored", "complete_pairs", "response", "none"
WHILE_UNSUPPORTED = "while_unsupported"
FROM_INDEX, FROM_START = "index", "contract_start"
LEE, WORST_CASE = "lee_bounds", "worst_case"

OF_STATUS: Mapping[str, tuple[str | None, str | None, str | None]] = {
    BY_RESPONSE: ("difference_points", "ci_low_points", "ci_high_points"),
    UNWEIGHTED: ("unweighted_difference_points", None, None),
    COMPLETE: (
        "complete_pairs_difference_points",
        "bonett_price_low_points",
        "bonett_price_high_points",
    ),
    LEE: (None, "lee_low_points", "lee_high_points"),
    WORST_CASE: (None, "worst_case_low_points", "worst_case_high_points"),
}
"""Weighting → estimate and limits in the status effect table; bounds have no single estimate."""


def event_specifications(
    by_definition: Mapping[str, PairedTimes],
    kept_pairs: Mapping[str, frozenset[str]],
    outcome: EventOutcome,
    inference: Inference,
    before: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Definition × horizon × origin × pairs kept × weighting of one event, numbered in this order.

    ``kept_pairs`` as ``pairs_kept`` says; variants of the definition are told of all pairs alone.
    Censored means every pair as far as it is followed, complete pairs only those followed to the
    horizon. ``before`` has a row per pair id, where the study has index dates: elapsed_days,
    supported_days (from the control's index to its own support, NaN: none) and stratum; from it
    come the same effects while controls were not supported, and counted from the contract's start.
    Not evaluable: no row. Limits of the interval describe; none is a test.
    """
    rows: list[dict[str, Any]] = []
    level = inference.confidence_level.value
    variants = {definition.name for definition in outcome.definitions if definition.is_variant}
    for definition, pairs in by_definition.items():
        some = {} if definition in variants else kept_pairs
        kept = {ALL_PAIRS: np.ones(pairs.n_pairs, dtype=bool)} | {
            name: pairs.pair_ids.isin(ids).to_numpy(dtype=bool) for name, ids in some.items()
        }
        for horizon in outcome.horizons_days.value:
            at_primary = (definition, horizon) == (
                outcome.primary_definition,
                outcome.primary_horizon_days,
            )
            place = {
                "definition": definition,
                "horizon_days": horizon,
                "counted_from": FROM_INDEX,
            }
            known: dict[bytes, list[dict[str, Any]]] = {}
            for name, is_kept in kept.items():
                same = is_kept.tobytes()  # doubts that drop the same pairs have the same rows
                if same not in known:
                    known[same] = list(_events(pairs.taken(is_kept), horizon, level))
                for row in known[same]:
                    is_primary = at_primary and (name, row["weighting"]) == (ALL_PAIRS, CENSORED)
                    rows.append({**place, "pairs_kept": name, **row, "is_primary": is_primary})
            if before is not None and definition not in variants:
                own = before.reindex(pairs.pair_ids)
                rows += [{**place, **row} for row in _otherwise(pairs, own, horizon, level)]
    return _numbered(rows, outcome)


def _otherwise(
    pairs: PairedTimes, before: pd.DataFrame, horizon: int, level: float
) -> Iterator[dict[str, Any]]:
    """All pairs, with controls seen until they are supported, then from the contract's start."""
    elapsed, supported = (
        before[name].to_numpy(dtype=float, na_value=np.nan)
        for name in ("elapsed_days", "supported_days")
    )
    same = {"pairs_kept": ALL_PAIRS, "n": pairs.n_pairs, "is_primary": False}
    if pairs.complete(horizon).any():
        found = uncontaminated_difference(
            pairs.times, pairs.causes, supported, before["stratum"], horizon, level
        )
        yield {**same, "weighting": WHILE_UNSUPPORTED, **_limits(found)}
    reach = pairs.follow_up_days.min(axis=0) + elapsed
    if ((reach >= horizon) & (elapsed < horizon)).any():
        found = from_start_difference(elapsed, pairs.times, pairs.causes, horizon, level)
        yield {**same, "counted_from": FROM_START, "weighting": CENSORED, **_limits(found)}


def _limits(found: Estimate) -> dict[str, float]:
    return {
        "estimate_points": in_points(found.estimate),
        "ci_low_points": in_points(found.ci_low),
        "ci_high_points": in_points(found.ci_high),
    }


def status_specifications(
    effects: pd.DataFrame,
    answers: pd.DataFrame,
    kept_pairs: Mapping[str, frozenset[str]],
    outcome: StatusOutcome,
    inference: Inference,
) -> pd.DataFrame:
    """Definition × weighting of one status, from its released effect table, bounds included.

    Then the primary definition × pairs kept, from the ``answers``: all who answered without
    weights, and complete pairs; the response model is that of all pairs and of no other.
    """
    counted_from = {definition.name: definition.counted_from for definition in outcome.definitions}
    rows: list[dict[str, Any]] = [
        {
            "definition": effect["definition"],
            "counted_from": counted_from[effect["definition"]],
            "pairs_kept": ALL_PAIRS,
            "weighting": weighting,
            "n": effect["n_complete_pairs" if weighting == COMPLETE else "n_due"],
            "estimate_points": effect.get(columns[0]),
            "ci_low_points": effect.get(columns[1]),
            "ci_high_points": effect.get(columns[2]),
            "is_primary": (effect["definition"], weighting)
            == (outcome.primary_definition, BY_RESPONSE),
        }
        for effect in effects[effects["is_evaluable"]].to_dict("records")
        for weighting, columns in OF_STATUS.items()
    ]
    if outcome.primary_definition and rows:
        definition = outcome.primary_definition
        place = {"definition": definition, "counted_from": counted_from[definition]}
        due = due_pairs(answers, definition, ())
        for name, ids in kept_pairs.items():
            status = due.answers.status[due.pair_ids.isin(ids).to_numpy(dtype=bool)]
            told = _answers(status, inference)
            rows += [{**place, "pairs_kept": name, **row} for row in told]
    return _numbered(rows, outcome)


def _answers(status: NDArray[np.float64], inference: Inference) -> Iterator[dict[str, Any]]:
    """Pairs whose members are of no use leave nothing to tell."""
    is_known = ~np.isnan(status)
    if is_known.any(axis=0).all():
        means = np.nansum(status, axis=0) / is_known.sum(axis=0)
        told = {"weighting": UNWEIGHTED, "n": len(status), "is_primary": False}
        yield {**told, "estimate_points": in_points(float(means[0] - means[1]))}
    whole = status[is_known.all(axis=1)] == 1
    if len(whole):
        table = PairedTable.of(whole[:, 0], whole[:, 1])
        found = bonett_price(table, inference.confidence_level.value)
        yield {
            "weighting": COMPLETE,
            "n": table.n,
            **_limits(found),
            "is_primary": False,
        }


def _events(pairs: PairedTimes, horizon: int, level: float) -> Iterator[dict[str, Any]]:
    is_complete = pairs.complete(horizon)
    if not is_complete.any():
        return
    censored = censored_bonett_price(
        pairs.times[0], pairs.causes[0], pairs.times[1], pairs.causes[1], horizon, level
    )
    whole = _in_complete(pairs, is_complete, horizon)
    complete = bonett_price(whole, level)
    for weighting, n, found in (
        (CENSORED, pairs.n_pairs, censored),
        (COMPLETE, whole.n, complete),
    ):
        yield {"weighting": weighting, "n": n, **_limits(found)}


def _in_complete(pairs: PairedTimes, is_complete: NDArray[np.bool_], horizon: int) -> PairedTable:
    has_event = pairs.has_event(horizon)[:, is_complete]
    return PairedTable.of(has_event[0], has_event[1])


def _numbered(
    rows: Iterable[dict[str, Any]], outcome: EventOutcome | StatusOutcome
) -> pd.DataFrame:
    method = _(
        "The same comparison under another choice; the primary one is marked. Intervals describe, "
        "none is a test; bounds have limits and no single estimate"
    )
    told = [
        {
            "outcome": outcome.name,
            "specification_number": number,
            "claim": EXPLORATORY,
            "method": method,
            **row,
        }
        for number, row in enumerate(rows, 1)
    ]
    return typed(told, SPECIFICATION_COLUMNS)
