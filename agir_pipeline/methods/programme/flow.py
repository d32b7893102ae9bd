"""``participant_flow``: everybody who entered, and the one place where each of them left."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from agir_pipeline.contracts.published import STEPS, flow_steps, outcome_step, wave_step
from agir_pipeline.methods.effects.layout import COUNT, TEXT, typed
from agir_pipeline.methods.matching.participants import WITHDRAWN
from agir_pipeline.protocol.model import Protocol

FLOW_COLUMNS = {
    "step_order": COUNT, "step": TEXT, "arm": TEXT, "n_in": COUNT,
    "reason": TEXT, "n_out": COUNT, "n_remaining": COUNT,
}  # fmt: skip

Texts = NDArray[np.object_]

EXITS = {
    WITHDRAWN: "eligible",
    "not_eligible": "eligible",
    "no_linked_contract": "contract_linked",
    "undecided_link": "contract_linked",
    "not_yet_listed": "listed",
    "not_yet_consented": "listed",
    "not_entered": "enrolled",
    "waiting": "waited",
    "stale_register": "waited",
}
"""Reason → the step at which it makes a person leave; any other reason is told by a round."""

WAY = {
    "beneficiary": tuple(step for step in STEPS if step not in ("listed", "at_risk")),
    "control": tuple(step for step in STEPS if step not in ("enrolled", "waited")),
}
"""The steps each arm goes through before the outcomes."""


class Stage(NamedTuple):
    """Everybody of an arm who enters a step, and why each of them leaves it (missing: stays)."""

    step: str
    arm: str
    person_id: Texts
    reason: Texts


def participant_flow(
    participants: pd.DataFrame,
    blocked: pd.Series,
    unmatched: pd.DataFrame,
    pairs: pd.DataFrame,
    pool: pd.DataFrame,
    exclusions: pd.DataFrame,
    losses: Mapping[str, pd.DataFrame],
    protocol: Protocol,
) -> pd.DataFrame:
    """Step × arm × reason: how many entered the step, left it for the reason, and remained.

    ``participants`` has person_id, arm and the day of entry where the protocol names one,
    ``blocked`` the reason that keeps each of its rows from being matched (missing: none),
    ``unmatched`` person_id and reason. ``losses`` says for each wave (by its step) and outcome (by
    name) which members of active pairs cannot be told: pair_id, arm, reason (missing: can be
    told). A step nobody leaves has one row without reason. The first row is everybody of the
    register, and whoever is in a pair though no longer on it.

    ``n_remaining`` stands in every row of its step: n_in − Σ n_out. Each wave and each outcome
    starts from ``analysed``.
    """
    order = {step: number for number, step in enumerate(flow_steps(protocol), 1)}
    stages = _stages(participants, blocked, unmatched, pairs, pool, exclusions, losses, protocol)
    table = typed([row for stage in stages for row in _counts(stage, order)], FLOW_COLUMNS)
    return table.sort_values(["step_order", "arm"], kind="stable", ignore_index=True)


def flow_persons(
    participants: pd.DataFrame,
    blocked: pd.Series,
    unmatched: pd.DataFrame,
    pairs: pd.DataFrame,
    pool: pd.DataFrame,
    exclusions: pd.DataFrame,
    losses: Mapping[str, pd.DataFrame],
    protocol: Protocol,
) -> pd.DataFrame:
    """step, arm, person_id, reason: everybody in each step that ``participant_flow`` counts.

    Arguments as there. ``reason`` is missing for whoever does not leave at the step.
    """
    stages = _stages(participants, blocked, unmatched, pairs, pool, exclusions, losses, protocol)
    return pd.concat((pd.DataFrame(stage._asdict()) for stage in stages), ignore_index=True)


def _stages(
    participants: pd.DataFrame,
    blocked: pd.Series,
    unmatched: pd.DataFrame,
    pairs: pd.DataFrame,
    pool: pd.DataFrame,
    exclusions: pd.DataFrame,
    losses: Mapping[str, pd.DataFrame],
    protocol: Protocol,
) -> Iterator[Stage]:
    """The one walk: each arm from the register to the pairs that count, then to each end."""
    everybody = _everybody(participants, blocked, pairs, protocol)
    steps = flow_steps(protocol)
    active = pairs[pairs["status"] == "active"]
    for arm, mine in _exits(everybody, unmatched, pairs, pool, exclusions).items():
        people, why = _texts(mine["person_id"]), _texts(mine["reason"])
        place = _texts(mine["step"].fillna(""))
        for step in (step for step in WAY[arm] if step in steps):
            is_leaving = place == step
            told = why.copy()
            told[~is_leaving] = None
            yield Stage(step, arm, people, told)
            people, why, place = (part[~is_leaving] for part in (people, why, place))
        pair_ids = pd.Index(active["pair_id"])
        row = pd.Index(people).get_indexer(pd.Index(_texts(active[f"{arm}_person_id"])))
        for step, name in _ends(protocol).items():
            lost = losses[name][_texts(losses[name]["arm"]) == arm]
            of_pair = pair_ids.get_indexer(pd.Index(lost["pair_id"]))
            told = np.full(len(people), None, dtype=object)
            told[row[of_pair[of_pair >= 0]]] = _texts(lost["reason"])[of_pair >= 0]
            yield Stage(step, arm, people, told)
    reference = _texts(everybody.loc[everybody["arm"] == "reference", "person_id"])
    if len(reference):
        yield Stage("registered", "reference", reference, np.full(len(reference), None))


def _texts(column: pd.Series) -> Texts:
    return np.asarray(column, dtype=np.object_)


def _exits(
    everybody: pd.DataFrame,
    unmatched: pd.DataFrame,
    pairs: pd.DataFrame,
    pool: pd.DataFrame,
    exclusions: pd.DataFrame,
) -> dict[str, pd.DataFrame]:
    """The step at which each person of the two arms leaves, and why."""
    mine, theirs = (everybody[everybody["arm"] == arm] for arm in ("beneficiary", "control"))
    return {
        "beneficiary": _beneficiary_exits(mine, unmatched, pairs),
        "control": _control_exits(theirs, pairs, pool, exclusions),
    }


def _everybody(
    participants: pd.DataFrame, blocked: pd.Series, pairs: pd.DataFrame, protocol: Protocol
) -> pd.DataFrame:
    index = protocol.matching.index
    known = participants[["person_id", "arm"]].assign(
        blocked=blocked, has_entered=participants[index.entry_column].notna() if index else True
    )
    members = pd.concat([_members(pairs, arm) for arm in WAY])
    return pd.concat([known, members]).drop_duplicates(["person_id", "arm"], ignore_index=True)


def _members(pairs: pd.DataFrame, arm: str) -> pd.DataFrame:
    """person_id, arm and the reason why its pair does not count (missing: it does)."""
    status = pairs["status"].astype("string")
    return pd.DataFrame(
        {
            "person_id": pairs[f"{arm}_person_id"].astype("string"),
            "arm": arm,
            "broken": status.mask(status == "active"),
        }
    )


def _beneficiary_exits(
    persons: pd.DataFrame, unmatched: pd.DataFrame, pairs: pd.DataFrame
) -> pd.DataFrame:
    """The reason of the last round that looked at them; whoever none looked at waits."""
    reasons = unmatched.drop_duplicates("person_id").set_index("person_id")["reason"]
    told = persons["person_id"].map(reasons).astype("string")
    told = told.mask(told.isna() & ~persons["has_entered"].eq(True), "not_entered")
    return _with_pairs(persons, told.fillna("waiting"), pairs)


def _control_exits(
    persons: pd.DataFrame, pairs: pd.DataFrame, pool: pd.DataFrame, exclusions: pd.DataFrame
) -> pd.DataFrame:
    """Those at risk in some band were not chosen; of the others, what kept each of them out."""
    kept_out = exclusions.drop_duplicates("person_id").set_index("person_id")["reason"]
    dated = persons["person_id"].map(kept_out).astype("string").fillna("never_at_risk")
    at_risk = pool.loc[pool["arm"] == "control", "person_id"]
    told = persons["blocked"].astype("string").fillna(dated)
    is_left = told.eq(WITHDRAWN)
    told = told.mask(persons["person_id"].isin(at_risk) & ~is_left, "not_chosen")
    table = _with_pairs(persons, told, pairs)
    is_dated = table["step"].eq("matched") & table["reason"].ne("not_chosen")
    return table.assign(step=table["step"].mask(is_dated.fillna(False), "at_risk"))


def _with_pairs(persons: pd.DataFrame, told: pd.Series, pairs: pd.DataFrame) -> pd.DataFrame:
    """Step and reason of leaving: a pair wins over what was told, if it counts nobody leaves.

    A person whose pair was replaced counts by the pair that stands.
    """
    arm = persons["arm"].iloc[0] if len(persons) else "beneficiary"
    members = _members(pairs, arm).sort_values("broken", na_position="first")
    broken = members.drop_duplicates("person_id").set_index("person_id")["broken"]
    is_paired = persons["person_id"].isin(broken.index)
    status = persons["person_id"].map(broken).astype("string")
    step = told.map(EXITS).astype("string").fillna("matched")
    left_pair = pd.Series("analysed", persons.index, dtype="string").mask(status.isna())
    return persons.assign(step=step.mask(is_paired, left_pair), reason=told.mask(is_paired, status))


def _ends(protocol: Protocol) -> dict[str, str]:
    """The steps after ``analysed``, each with the name of its losses."""
    waves = {wave_step(wave): wave_step(wave) for wave in protocol.waves}
    return waves | {outcome_step(outcome): outcome.name for outcome in protocol.outcomes}


def _counts(stage: Stage, order: Mapping[str, int]) -> Iterator[dict[str, object]]:
    counts = sorted(Counter(stage.reason[pd.notna(stage.reason)]).items())
    n_in, n_left = len(stage.person_id), sum(n for _why, n in counts)
    for reason, n_out in counts or [("", 0)]:
        yield {
            "step_order": order[stage.step],
            "step": stage.step,
            "arm": stage.arm,
            "n_in": n_in,
            "reason": reason or None,
            "n_out": n_out,
            "n_remaining": n_in - n_left,
        }
