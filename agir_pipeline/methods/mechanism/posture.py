"""Scales of each party: how far they can be relied on, and how they change."""

from collections.abc import Iterator, Sequence
from itertools import chain
from math import nan
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from agir_pipeline.language import _
from agir_pipeline.methods.effects.claims import EXPLORATORY
from agir_pipeline.methods.effects.event_pairs import ARMS
from agir_pipeline.methods.effects.layout import COUNT, NUMBER, TEXT, typed
from agir_pipeline.methods.effects.measure import weighted_difference
from agir_pipeline.methods.mechanism.change import clustered_mean, reliable_changes, wilcoxon_p
from agir_pipeline.methods.mechanism.reliability import (
    cronbach_alpha,
    icc_agreement,
    krippendorff_alpha,
    mcdonald_omega,
)
from agir_pipeline.methods.mechanism.scales import COMPARABLE, OVERALL, ToldScales
from agir_pipeline.protocol.model import Mechanism

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
RELIABILITY_COLUMNS = {
    "scale": TEXT, "party": TEXT, "moment": TEXT, "n_answers": COUNT, "n_items": COUNT,
    "alpha": NUMBER, "omega": NUMBER, "n_compared": COUNT, "icc_single": NUMBER,
    "icc_mean": NUMBER, "krippendorff_alpha": NUMBER,
}  # fmt: skip
CHANGE_COLUMNS = {
    "scale": TEXT, "party": TEXT, "arm": TEXT, "n_start": COUNT, "n_end": COUNT,
    "mean_start": NUMBER, "mean_end": NUMBER, "n_compared": COUNT, "mean_change": NUMBER,
    "ci_low": NUMBER, "ci_high": NUMBER, "wilcoxon_p": NUMBER, "reliability": NUMBER,
    "share_improved": NUMBER, "share_deteriorated": NUMBER, "difference": NUMBER,
    "difference_ci_low": NUMBER, "difference_ci_high": NUMBER, "claim": TEXT, "method": TEXT,
}  # fmt: skip
TOGETHER = "together"


def scale_reliability(told: ToldScales, mechanism: Mechanism) -> pd.DataFrame:
    """Scale × party × moment: α and ω of the items that every version asks alike.

    A row ``together`` per moment says how alike the parties of a triad answer: ICC over triads
    that all parties told, Krippendorff's α over those that two told.
    """
    rows: list[dict[str, Any]] = []
    for scale, scores in told.scores.items():
        score, items = scores[OVERALL].to_numpy(), told.items[scale]
        for moment in [one.name for one in mechanism.moments]:
            place = {"scale": scale, "moment": moment}
            of_party = {}
            for party in [one.name for one in mechanism.parties]:
                own = told.where(party, moment) & ~np.isnan(score)
                if own.any():
                    of_party[party] = own
                    rows.append({
                        **place, "party": party, "n_answers": int(own.sum()),
                        "n_items": items.shape[1], "alpha": cronbach_alpha(items[own]),
                        "omega": mcdonald_omega(items[own]),
                    })  # fmt: skip
            if len(of_party) > 1:
                rows.append({**place, **_between(told, score, list(of_party.values()))})
    return typed(rows, RELIABILITY_COLUMNS)


def _between(told: ToldScales, score: Floats, parties: Sequence[Bools]) -> dict[str, Any]:
    """How alike several parties answer of one triad."""
    triads = [_triads(told, own) for own in parties]
    places = {triad: k for k, triad in enumerate(dict.fromkeys(chain(*triads)))}
    table = np.full((len(places), len(parties)), np.nan)
    for k, (own, named) in enumerate(zip(parties, triads, strict=True)):
        table[[places[triad] for triad in named], k] = score[own]
    single, averaged = icc_agreement(table)
    return {
        "party": TOGETHER,
        "n_answers": int((~np.isnan(table)).sum()),
        "n_compared": int(((~np.isnan(table)).sum(axis=1) > 1).sum()),
        "icc_single": single,
        "icc_mean": averaged,
        "krippendorff_alpha": krippendorff_alpha(table),
    }


def _triads(told: ToldScales, own: Bools) -> list[tuple[str, str]]:
    return list(zip(told.pair[own], told.arm[own], strict=True))


def posture_change(
    told: ToldScales, mechanism: Mechanism, level: float, *, is_final: bool
) -> pd.DataFrame:
    """Scale × party × arm: scores at the start and the end, and the change of those who told both.

    Means are of everybody who answered. Changes are of the items that every version asks alike,
    by the same party of the same triad; answers of one respondent are taken together in the
    intervals. The difference of the arms' changes stands in both rows. The reliable-change index
    takes α at the start, over both arms. p-values are empty in interim releases.
    """
    moments = (mechanism.start_moment, mechanism.end_moment)
    limit = mechanism.change_limit.value
    method = _(
        "Means of all who answered; changes of the same party of the same triad on what every "
        "version asks alike, Student's intervals, answers of one respondent taken together; "
        "Wilcoxon's signed ranks; reliable change after Jacobson and Truax; difference of the "
        "arms' mean changes. It describes: the end may come after a rupture"
    )
    rows = []
    for party in [one.name for one in mechanism.parties]:
        ends = _Ends(*(told.where(party, moment) for moment in moments))
        both = _asked_twice(told, ends)
        for scale in told.scores:
            place = {"scale": scale, "party": party, "claim": EXPLORATORY, "method": method}
            rows += [place | row for row in _arm_rows(told, scale, ends, both, level, limit)]
    table = typed(rows, CHANGE_COLUMNS)
    if not is_final:
        table["wilcoxon_p"] = nan
    return table


class _Ends(NamedTuple):
    """Which answers are of the start, and which of the end."""

    start: Bools
    end: Bools


def _asked_twice(told: ToldScales, ends: _Ends) -> NDArray[np.int64]:
    """Two rows: the place of each triad's answer at the start, and at the end."""
    start, end = (dict(zip(_triads(told, own), np.flatnonzero(own), strict=True)) for own in ends)
    found = [(place, end[triad]) for triad, place in start.items() if triad in end]
    return np.array(found, dtype=np.int64).reshape(-1, 2).T


def _arm_rows(
    told: ToldScales,
    scale: str,
    ends: _Ends,
    both: NDArray[np.int64],
    level: float,
    limit: float,
) -> Iterator[dict[str, Any]]:
    overall, alike = (told.scores[scale][name].to_numpy() for name in (OVERALL, COMPARABLE))
    if np.isnan(overall[ends.start | ends.end]).all():
        return
    before, after = alike[both]
    is_told = ~np.isnan(before) & ~np.isnan(after)
    before, after, place = before[is_told], after[is_told], both[0][is_told]
    change, arm = after - before, told.arm[place]
    cluster = np.unique(told.respondent[place].astype(str), return_inverse=True)[1].astype(float)
    reliability = cronbach_alpha(told.items[scale][ends.start])
    difference = weighted_difference(
        change, arm == ARMS[0], np.ones(len(change)), cluster, level
    ).effect
    for one in ARMS:
        own, of_arm = arm == one, told.arm == one
        mean = clustered_mean(change[own], cluster[own], level)
        improved, worse = reliable_changes(before[own], after[own], reliability, limit)
        at_start, at_end = (
            told_of[~np.isnan(told_of)] for told_of in (overall[is_in & of_arm] for is_in in ends)
        )
        yield {
            "arm": one,
            "n_start": len(at_start), "n_end": len(at_end),
            "mean_start": at_start.mean() if len(at_start) else nan,
            "mean_end": at_end.mean() if len(at_end) else nan,
            "n_compared": int(own.sum()), "mean_change": mean.estimate,
            "ci_low": mean.ci_low, "ci_high": mean.ci_high,
            "wilcoxon_p": wilcoxon_p(change[own]), "reliability": reliability,
            "share_improved": improved, "share_deteriorated": worse,
            "difference": difference.estimate, "difference_ci_low": difference.ci_low,
            "difference_ci_high": difference.ci_high,
        }  # fmt: skip
