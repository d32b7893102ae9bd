"""Tables about pairs over all rounds: their terms, their status today, and who has none."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date

import numpy as np
import pandas as pd

from agir_pipeline.methods.matching.at_risk import at_risk
from agir_pipeline.methods.matching.candidates import people_of
from agir_pipeline.methods.matching.margins import Tally
from agir_pipeline.methods.matching.participants import WITHDRAWN, Candidates, aligned_spells
from agir_pipeline.methods.matching.records import Round
from agir_pipeline.methods.matching.round_tables import as_round
from agir_pipeline.methods.matching.spec import MatchingSpec

ARMS = ("beneficiary", "control")
ERASED = "erased."
"""How what stands for an erased person in a round begins."""


def pair_terms(
    pairs: pd.DataFrame, candidates: Candidates | None, spec: MatchingSpec
) -> dict[str, pd.Series]:
    """The contracts of a pair, and the days from the index to its common planned end.

    The common planned end is the beneficiary's as known at the index date. Missing where the
    study has no contracts.
    """
    if candidates is None or not len(pairs):
        nothing = pd.Series(pd.NA, pairs.index, dtype="string")
        days = pd.Series(pd.NA, pairs.index, dtype="Int64")
        return {**{f"{a}_spell_id": nothing for a in ARMS}, "common_planned_days": days}
    own = candidates.participants
    terms: dict[str, pd.Series] = {}
    for arm in ARMS:
        spell_of = own[own["arm"] == arm].set_index("person_id")["spell_id"]
        terms[f"{arm}_spell_id"] = pairs[f"{arm}_person_id"].map(spell_of).astype("string")
    terms["common_planned_days"] = pd.Series(pd.NA, pairs.index, dtype="Int64")
    if spec.has_index_rule:
        is_ours = own["arm"] == "beneficiary"
        row_of = pd.Series(own.index[is_ours], own.loc[is_ours, "person_id"])
        rows = pairs["beneficiary_person_id"].map(row_of)
        index_on = pd.Series(np.datetime64("NaT", "us"), own.index)
        index_on.loc[rows] = pairs["beneficiary_index_on"].to_numpy()
        days = candidates.planned_days_remaining(index_on).loc[rows]
        terms["common_planned_days"] = pd.Series(days.to_numpy(), pairs.index).astype("Int64")
    return terms


def empty_round(spec: MatchingSpec) -> Round:
    """The tables of a round in which nobody could be matched yet."""
    texts = ["person_id", "tie_order", "arm", "blocked_reason"]
    days = ["contract_start_on", "supported_since_on", "listed_since_on", "consented_on"]
    columns = dict.fromkeys(texts, "string") | dict.fromkeys(days, "datetime64[us]")
    columns |= {"elapsed_delay_days": "float64", "has_consent_rule": "bool"}
    nobody = pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in columns.items()})
    return as_round(people_of(nobody, spec, date.max), spec, [], [], [])


def still_unmatched(
    participants: pd.DataFrame,
    pairs: pd.DataFrame,
    unmatched: pd.DataFrame,
    withdrawn: Collection[str] = frozenset(),
) -> pd.DataFrame:
    """Beneficiaries without a pair now, with the reason of the last round that looked at them.

    Whoever no round has looked at yet is ``waiting``; whoever left the study since is
    ``withdrawn``.
    """
    mine = participants.loc[participants["arm"] == "beneficiary", ["person_id"]].drop_duplicates()
    alone = mine[~mine["person_id"].isin(pairs["beneficiary_person_id"])]
    last = unmatched.sort_values("round_number").drop_duplicates("person_id", keep="last")
    table = alone.merge(last, on="person_id", how="left").sort_values("person_id")
    reason = table["reason"].fillna("waiting").mask(table["person_id"].isin(withdrawn), WITHDRAWN)
    return table.assign(reason=reason).reset_index(drop=True)


def analysis_population(
    pairs: pd.DataFrame, pool: pd.DataFrame, spec: MatchingSpec
) -> pd.DataFrame:
    """One row per person in a pair: its index date and the covariates as they were matched on."""
    keys = ["round_number", "band_number", "person_id", "arm"]
    covariates = [covariate.name for covariate in spec.covariates]
    shared = ["pair_id", "status", "elapsed_days", "common_planned_days"]
    members = [
        pairs[[*shared, "round_number", "band_number", f"{arm}_person_id", f"{arm}_index_on"]]
        .rename(columns={f"{arm}_person_id": "person_id", f"{arm}_index_on": "index_on"})
        .assign(arm=arm)
        for arm in ARMS
    ]
    known = pool[[*keys, *(c for c in covariates if c not in shared)]]
    table = pd.concat(members, ignore_index=True).merge(known, on=keys, how="left")
    return table.sort_values(["pair_id", "arm"]).reset_index(drop=True)


def status_of(
    pairs: pd.DataFrame,
    spells: pd.DataFrame,
    has_spells: bool,
    withdrawn: Collection[str] = frozenset(),
) -> pd.Series:
    """``active``, or why the pair counts no more; the first that holds of these:

    ``broken_by_erasure`` and ``broken_by_withdrawal``: a member had its data erased, or left the
    study (``withdrawn``); ``void_not_at_risk``: a member was not in contract on its index day.
    The last is decided from the status on that day alone, by today's contracts, so that leaving
    the pair out of the effects cannot bias them.
    """
    status = pd.Series("active", pairs.index, dtype="string")
    members = [pairs[f"{arm}_person_id"].astype("string") for arm in ARMS]
    for arm in ARMS if has_spells else ():
        aligned = aligned_spells(spells, pairs[f"{arm}_spell_id"]).set_axis(pairs.index)
        stood = at_risk(aligned, pairs[f"{arm}_index_on"])
        status = status.mask(~stood, "void_not_at_risk")
    for persons in members:
        status = status.mask(persons.isin(withdrawn), "broken_by_withdrawal")
    for persons in members:
        status = status.mask(persons.str.startswith(ERASED), "broken_by_erasure")
    return status


def used_in_rounds(pairs: Iterable[pd.DataFrame]) -> Mapping[str, str]:
    """Person → the arm it was used in, over the pairs of earlier rounds."""
    used: dict[str, str] = {}
    for table in pairs:
        for arm in ("beneficiary", "control"):
            used |= dict.fromkeys(table[f"{arm}_person_id"], arm)
    return used


def surplus_in_rounds(
    rounds: Iterable[tuple[pd.DataFrame, pd.DataFrame]], spec: MatchingSpec
) -> Mapping[str, int]:
    """Category → how many more controls than beneficiaries the pairs of these rounds hold.

    ``rounds`` are pairs and pool, of one round or several; the pairs count as they were formed,
    whatever became of them. Nothing where the design balances no category near-finely.
    """
    tally = Tally()
    if spec.near_fine is None:
        return tally.counts
    for pairs, pool in rounds:
        keys = [name for name in ("round_number", "band_number") if name in pairs and name in pool]
        category = pool.set_index([*keys, "arm", "person_id"])[spec.near_fine]
        sides = []
        for arm in ARMS:
            members = pairs[[*keys, f"{arm}_person_id"]].assign(arm=arm)
            wanted = members[[*keys, "arm", f"{arm}_person_id"]]
            sides.append(category.reindex(pd.MultiIndex.from_frame(wanted)))
        tally.add(*sides)
    return tally.counts
