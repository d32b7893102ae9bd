"""Which pairs stricter readers would keep, besides all of them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import pandas as pd

from agir_pipeline.methods.effects.event_pairs import ARMS

ALL_PAIRS = "all"
UNRELAXED, CLOSE, NEVER_SUPPORTED = "unrelaxed", "half_caliper", "never_supported"
AS_RECORDED, UNHELPED, OTHER = "without_findings", "not_helped_elsewhere", "other_"
"""The last one before the role of an organisation: other_employer."""


@dataclass(frozen=True)
class Doubts:
    """What stricter readers ask of pairs, beside what ``matched_pairs`` says itself."""

    supported: Collection[str]
    """Persons ever supported."""
    helped: Collection[str] | None = None
    """Persons helped by another adviser; None where nobody is asked."""
    found: Collection[str] = ()
    """Pairs about which today's data say otherwise than the round recorded."""
    shared: Mapping[str, Collection[str]] = field(default_factory=dict)
    """Role of an organisation → pairs whose members have the same one."""


def pairs_kept(pairs: pd.DataFrame, doubts: Doubts) -> dict[str, frozenset[str]]:
    """The pairs that stricter readers would keep, by what they ask for.

    Alike in every near-exact covariate; within half of the caliper, where the design has one;
    controls that were never supported later (what is dropped otherwise is contamination); nothing
    found that reads otherwise today; nobody helped elsewhere; members with different organisations,
    so that one does not hear what the other is told.
    """
    ids = pairs["pair_id"]
    kept = {UNRELAXED: pairs["relaxation_level"] == 0}
    if pairs["caliper"].notna().any():
        kept[CLOSE] = pairs["logit_gap"] <= pairs["caliper"] / 2
    kept[NEVER_SUPPORTED] = ~pairs["control_person_id"].isin(list(doubts.supported))
    kept[AS_RECORDED] = ~ids.isin(list(doubts.found))
    if doubts.helped is not None:
        members = [pairs[f"{arm}_person_id"].isin(list(doubts.helped)) for arm in ARMS]
        kept[UNHELPED] = ~(members[0] | members[1])
    for role, same in doubts.shared.items():
        kept[OTHER + role] = ~ids.isin(list(same))
    return {name: frozenset(ids[is_kept]) for name, is_kept in kept.items()}
