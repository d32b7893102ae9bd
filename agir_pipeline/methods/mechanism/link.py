"""The link between company and training of each triad, and how its class changes."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pandas as pd

from agir_pipeline.language import _
from agir_pipeline.methods.effects.claims import EXPLORATORY
from agir_pipeline.methods.effects.layout import COUNT, FLAG, NUMBER, TEXT, typed
from agir_pipeline.methods.effects.measure import weighted_difference
from agir_pipeline.methods.mechanism.change import clustered_mean
from agir_pipeline.methods.mechanism.scales import (
    COMPARABLE,
    OVERALL,
    ToldScales,
)
from agir_pipeline.protocol.mechanism import LinkClass, Scale
from agir_pipeline.protocol.model import Mechanism

TRIAD = ["pair_id", "arm", "person_id"]
TRANSITION_COLUMNS = {
    "shift_points": NUMBER, "arm": TEXT, "class_start": TEXT, "class_end": TEXT, "n_persons": COUNT,
    "n_compared": COUNT, "mean_change": NUMBER, "ci_low": NUMBER, "ci_high": NUMBER,
    "difference": NUMBER, "difference_ci_low": NUMBER, "difference_ci_high": NUMBER,
    "claim": TEXT, "method": TEXT,
}  # fmt: skip


def link_scale(mechanism: Mechanism) -> Scale:
    return next(scale for scale in mechanism.scales if scale.name == mechanism.link.scale)


def link_answers(told: pd.DataFrame, scales: ToldScales, mechanism: Mechanism) -> pd.DataFrame:
    """Each answer that says something of the link, with its party, moment and scores.

    ``told`` from ``with_party``, ``scales`` what was scored of it.
    """
    names = [*TRIAD, "wave", "party", "moment", "answered_days", "is_before_early_end"]
    rows = pd.concat([told[names], scales.scores[mechanism.link.scale]], axis=1)
    return rows[rows[OVERALL].notna()]


def link_index(told: pd.DataFrame, mechanism: Mechanism) -> pd.DataFrame:
    """Triad × moment: the mean of those who answered, who they were, and the class.

    ``told`` from ``link_answers``. Nothing is imputed: a dimension that nobody told is empty,
    the index rests on the others and ``is_partial`` says so. ``is_before_early_end`` holds when
    every answer came before the contract of the pair ended early.
    """
    names = [dimension.name for dimension in link_scale(mechanism).dimensions]
    groups = told.groupby([*TRIAD, "moment"], as_index=False)
    found = groups[names].mean()
    found["link_score"] = found[names].mean(axis=1)
    found["link_class"] = link_class(found["link_score"], mechanism.link.classes)
    parties = {f"has_{party.name}": told["party"] == party.name for party in mechanism.parties}
    keys = [told[name] for name in [*TRIAD, "moment"]]
    for name, is_party in parties.items():
        found[name] = is_party.groupby(keys).any().to_numpy()
    found["n_parties"] = found[list(parties)].sum(axis=1)
    found["is_partial"] = found[names].isna().any(axis=1)
    before = told["is_before_early_end"].astype("boolean").groupby(keys)
    found["is_before_early_end"] = before.min().to_numpy()
    kinds = {
        "person_id": TEXT, "pair_id": TEXT, "arm": TEXT, "moment": TEXT,
        **dict.fromkeys(names, NUMBER), "link_score": NUMBER, "link_class": TEXT,
        **dict.fromkeys(parties, FLAG), "n_parties": COUNT, "is_partial": FLAG,
        "is_before_early_end": FLAG,
    }  # fmt: skip
    return found.astype(kinds)[list(kinds)]


def link_class(
    scores: "pd.Series[float]", classes: Sequence[LinkClass], shift: float = 0.0
) -> "pd.Series[str]":
    """The class of each score; ``shift`` moves every limit but the first, which holds all."""
    limits = [one.from_score + shift for one in classes[1:]]
    names = np.array([one.name for one in classes], dtype=object)
    place = np.searchsorted(limits, scores.to_numpy(dtype=float), side="right")
    return pd.Series(names[place], scores.index, dtype="string").where(scores.notna())


def link_transitions(
    index: pd.DataFrame, told: pd.DataFrame, mechanism: Mechanism, level: float
) -> pd.DataFrame:
    """Shift of the limits × arm × class at the start × class at the end, with the mean change.

    Classes are of the whole index. The change is of the same parties and of the items that every
    version asks alike: ``n_compared`` triads have one. Its difference between the arms stands in
    every row. Intervals are by triad. The end may come after a rupture: this describes.
    """
    wide = _both_times(index, mechanism)
    change = _triad_changes(told, mechanism)
    difference = weighted_difference(
        change["change"], change["arm"] == "beneficiary", np.ones(len(change)),
        np.full(len(change), np.nan), level,
    ).effect  # fmt: skip
    method = _(
        "Classes of the whole index; changes of the same parties on what every version asks alike, "
        "Student's intervals, a triad counting once; difference of the arms' mean changes. It "
        "describes: the end may come after a rupture"
    )
    of_arm = {str(arm): _mean_change(own, level) for arm, own in change.groupby("arm")}
    arms = wide.index.get_level_values("arm")
    rows = []
    for shift in mechanism.link.shifts_points.value:
        counts = Counter(zip(arms, *_classes(wide, mechanism, shift), strict=True))
        rows += [
            {
                "shift_points": shift,
                "arm": arm,
                "class_start": class_start,
                "class_end": class_end,
                "n_persons": n_persons,
                **of_arm.get(arm, {"n_compared": 0}),
                "difference": difference.estimate,
                "difference_ci_low": difference.ci_low,
                "difference_ci_high": difference.ci_high,
                "claim": EXPLORATORY,
                "method": method,
            }
            for (arm, class_start, class_end), n_persons in sorted(counts.items())
        ]
    return typed(rows, TRANSITION_COLUMNS)


def link_moves(index: pd.DataFrame, mechanism: Mechanism) -> pd.DataFrame:
    """The triads that ``link_transitions`` counts: shift of the limits and both classes of each."""
    wide = _both_times(index, mechanism)
    parts = []
    for shift in mechanism.link.shifts_points.value:
        first, last = _classes(wide, mechanism, shift)
        moved = wide.index.to_frame(index=False).assign(shift_points=shift)
        parts.append(moved.assign(class_start=first.to_numpy(), class_end=last.to_numpy()))
    return pd.concat(parts, ignore_index=True)


def _both_times(index: pd.DataFrame, mechanism: Mechanism) -> pd.DataFrame:
    """The scores of the triads that have one at the start and at the end."""
    wide = index.pivot(index=TRIAD, columns="moment", values="link_score")
    return wide.reindex(columns=[mechanism.start_moment, mechanism.end_moment]).dropna()


def _classes(
    wide: pd.DataFrame, mechanism: Mechanism, shift: float
) -> tuple["pd.Series[str]", "pd.Series[str]"]:
    first, last = (link_class(wide[m], mechanism.link.classes, shift) for m in wide.columns)
    return first, last


def _mean_change(own: pd.DataFrame, level: float) -> dict[str, float]:
    mean = clustered_mean(own["change"], own["pair_id"], level)
    return {
        "n_compared": len(own),
        "mean_change": mean.estimate,
        "ci_low": mean.ci_low,
        "ci_high": mean.ci_high,
    }


def _triad_changes(told: pd.DataFrame, mechanism: Mechanism) -> pd.DataFrame:
    """The mean change of a triad's parties that answered both times."""
    wide = told.pivot(index=[*TRIAD, "party"], columns="moment", values=COMPARABLE)
    wide = wide.reindex(columns=[mechanism.start_moment, mechanism.end_moment])
    change = wide[mechanism.end_moment] - wide[mechanism.start_moment]
    return change.dropna().groupby(TRIAD).mean().rename("change").reset_index()
