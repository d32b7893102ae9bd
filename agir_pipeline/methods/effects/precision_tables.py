"""What the comparisons can find, and when each of them can be known."""

from collections.abc import Iterable, Sequence
from math import nan
from typing import Any

import pandas as pd

from agir_pipeline.language import _
from agir_pipeline.methods.effects.calendar import evaluable_from
from agir_pipeline.methods.effects.claims import alphas
from agir_pipeline.methods.effects.layout import COUNT, DAY, NUMBER, TEXT, typed
from agir_pipeline.methods.effects.precision import detectable_in_pairs
from agir_pipeline.protocol.model import EventOutcome, Inference, StatusOutcome

PRECISION_COLUMNS = {
    "outcome": TEXT, "definition": TEXT, "horizon_days": COUNT, "n": COUNT, "baseline": NUMBER,
    "half_width": NUMBER, "mde": NUMBER, "mde_holm": NUMBER, "unit": TEXT,
}  # fmt: skip

EVALUABILITY_COLUMNS = {
    "outcome": TEXT, "definition": TEXT, "horizon_days": COUNT,
    "n_pairs": COUNT, "n_evaluable_pairs": COUNT, "n_never_evaluable_pairs": COUNT,
    "all_evaluable_on": DAY,
    "mde_points": NUMBER, "mde_holm_points": NUMBER,
}  # fmt: skip


def precision_table(
    events: Iterable[pd.DataFrame] = (),
    statuses: Iterable[pd.DataFrame] = (),
    measures: Iterable[pd.DataFrame] = (),
) -> pd.DataFrame:
    """One row per effect: its pairs, the controls' level, half-width, and detectable effects.

    Made from the released effect tables of each kind. ``n`` is complete pairs for events and
    measures and due pairs for statuses; ``half_width``, ``mde`` (alone) and ``mde_holm`` (Holm's
    first step) are in ``unit``: points, or the measure's own. The baseline is a share, or a mean.
    """
    points = {
        "minimum_detectable_points": "mde", "minimum_detectable_holm_points": "mde_holm",
        "ci_low_points": "low", "ci_high_points": "high",
    }  # fmt: skip
    own_unit = {
        "minimum_detectable": "mde", "minimum_detectable_holm": "mde_holm",
        "ci_low": "low", "ci_high": "high",
    }  # fmt: skip
    rows = [
        *_renamed(events, {**points, "n_complete_pairs": "n", "risk_control": "baseline"}),
        *_renamed(statuses, {**points, "n_due": "n", "share_control": "baseline"}),
        *_renamed(measures, {**own_unit, "n_complete_pairs": "n", "mean_control": "baseline"}),
    ]
    return typed(rows, PRECISION_COLUMNS)


def event_evaluability(
    effects: pd.DataFrame, event_times: pd.DataFrame, outcome: EventOutcome, inference: Inference
) -> pd.DataFrame:
    """Definition × horizon: pairs evaluable today, the data cut from which all are, the MDE then.

    ``effects`` is the outcome's paired effect table. The detectable effect is that of all pairs at
    the controls' risk as estimated today; missing while nothing is evaluable.
    """
    windows = {definition.name: definition.window_days for definition in outcome.definitions}
    rows = []
    for effect in effects.to_dict("records"):
        definition, horizon = str(effect["definition"]), int(effect["horizon_days"])
        index_on = event_times.loc[event_times["definition"] == definition, "index_on"].dropna()
        rows.append(
            {
                "horizon_days": horizon,
                "n_evaluable_pairs": effect["n_complete_pairs"],
                "n_never_evaluable_pairs": 0,
                "all_evaluable_on": evaluable_from(
                    index_on, horizon, outcome.consolidation_days.value, windows[definition]
                ),
                **_then(effect, effect["n"], effect["risk_control"], outcome, inference),
            }
        )
    return typed(rows, EVALUABILITY_COLUMNS)


def status_evaluability(
    effects: pd.DataFrame,
    due_on: "pd.Series[Any]",
    outcome: StatusOutcome,
    inference: Inference,
) -> pd.DataFrame:
    """One row per definition: due pairs today, the day on which the last one is due, the MDE then.

    ``due_on`` holds for each pair the day its answers are all in (missing: never within the
    study). Pairs that never are due are counted, and are in neither the day nor the detectable
    effect, which assumes that everybody asked answers.
    """
    n_never = int(due_on.isna().sum())
    last_on = due_on.dropna().max() if due_on.notna().any() else None
    rows = [
        {
            "n_evaluable_pairs": effect["n_due"],
            "n_never_evaluable_pairs": n_never,
            "all_evaluable_on": last_on,
            **_then(effect, effect["n"] - n_never, effect["share_control"], outcome, inference),
        }
        for effect in effects.to_dict("records")
    ]
    return typed(rows, EVALUABILITY_COLUMNS)


def measure_evaluability(effects: pd.DataFrame) -> pd.DataFrame:
    """One row per matched measure: the pairs that can be compared today.

    A measure has no calendar, and its detectable effect is not in points: both stay missing.
    """
    own = effects[effects["n_complete_pairs"].notna()]
    rows = [
        {
            "outcome": row["outcome"],
            "definition": row["definition"],
            "n_pairs": row["n"],
            "n_evaluable_pairs": row["n_complete_pairs"],
            "n_never_evaluable_pairs": 0,
        }
        for row in own.to_dict("records")
    ]
    return typed(rows, EVALUABILITY_COLUMNS)


def _then(
    effect: dict[Any, Any],
    n_pairs: int,
    baseline: Any,
    outcome: EventOutcome | StatusOutcome,
    inference: Inference,
) -> dict[str, Any]:
    names = ("mde_points", "mde_holm_points")
    known = nan if pd.isna(baseline) else float(baseline)
    return {
        "outcome": outcome.name,
        "definition": effect["definition"],
        "n_pairs": effect["n"],
        **{
            name: detectable_in_pairs(
                int(n_pairs), known, outcome.benefit, alpha, inference.power.value
            )
            for name, alpha in zip(names, alphas(inference), strict=True)
        },
    }


def _renamed(tables: Iterable[pd.DataFrame], names: dict[str, str]) -> Sequence[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for table in tables:
        # A benchmark row has no pairs: it is an answer, not a comparison of ours.
        own = table[table["n_complete_pairs"].notna()].drop(columns="n").rename(columns=names)
        half_width = (own["high"] - own["low"]) / 2
        rows += [
            {"unit": _("points"), **{str(name): value for name, value in row.items()}}
            for row in own.assign(half_width=half_width).to_dict("records")
        ]
    return rows
