"""What today's data say otherwise about pairs that are locked: a warning, never a broken lock."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from agir_pipeline.methods.matching.arrays import Bools, Ints
from agir_pipeline.methods.matching.at_risk import at_risk
from agir_pipeline.methods.matching.design import fold, is_number
from agir_pipeline.methods.matching.participants import (
    SPELL,
    Candidates,
    aligned_spells,
    supported_since,
)
from agir_pipeline.protocol.model import Index, Protocol

ARMS = ("beneficiary", "control")
FINDING_COLUMNS = ("pair_id", "arm", "finding", "covariate")

UNKNOWN = "not_known_today"
OTHER_CONTRACT, START_CHANGED, NOT_AT_RISK = "other_contract", "start_changed", "not_at_risk"
SUPPORTED, LISTED_LATER, COVARIATE = "supported_by_index", "listed_after_index", "covariate_changed"

BOTH = ("", SPELL)
TOLD = ("spell_id", "starts_on", "is_always_listed", "first_listed_on")
"""Columns of people that are asked besides the covariates'."""

Finding = tuple[str, object, Bools]
"""Its name, the covariate it is about, and which members it is found of."""


def pair_findings(
    pairs: pd.DataFrame,
    population: pd.DataFrame,
    participants: pd.DataFrame,
    spells: pd.DataFrame,
    terms: pd.DataFrame,
    protocol: Protocol,
) -> pd.DataFrame:
    """One row per pair × member × finding; of a changed covariate one for each.

    ``pairs`` and ``population`` are what the rounds recorded, the others the linked tables of
    today. Somebody whom no row of today names, for a link was undone or the data erased, has that
    finding and no other. A contract that is another one now has no finding about its days.
    """
    place = _places(population, participants)
    is_known = place >= 0
    found: list[Finding] = [(UNKNOWN, pd.NA, ~is_known)]
    if is_known.any():
        asked = [*TOLD, *(f"{prefix}{c.column}" for c in protocol.covariates for prefix in BOTH)]
        known = participants[[name for name in participants if name in asked]]
        own = known.iloc[np.where(is_known, place, 0)].set_axis(population.index)
        if index := protocol.matching.index:
            recorded = _recorded(pairs, population)
            since = _since(participants, population["person_id"], index)
            found += _dated(population, own, aligned_spells(spells, recorded), recorded, since)
        found += _changed(population, own, terms, protocol)
    is_found = np.array([one[2] & (is_known | (one[0] == UNKNOWN)) for one in found])
    what, whom = np.nonzero(is_found)
    table = population[["pair_id", "arm"]].iloc[whom].reset_index(drop=True)
    table["finding"] = np.array([one[0] for one in found], dtype=object)[what]
    table["covariate"] = np.array([one[1] for one in found], dtype=object)[what]
    return table.astype("string").sort_values(list(FINDING_COLUMNS), ignore_index=True)


def _places(population: pd.DataFrame, participants: pd.DataFrame) -> Ints:
    """The row of today's participants for each member; −1 for nobody."""
    place = np.full(len(population), -1)
    for arm in ARMS:
        rows = np.flatnonzero((participants["arm"] == arm).to_numpy(dtype=bool))
        known = pd.Index(participants["person_id"].to_numpy(dtype=object)[rows])
        is_first = ~known.duplicated()
        is_own = (population["arm"] == arm).to_numpy(dtype=bool)
        wanted = population["person_id"].to_numpy(dtype=object)[is_own]
        at = known[is_first].get_indexer(wanted)
        place[is_own] = np.where(at >= 0, rows[is_first][at] if is_first.any() else -1, -1)
    return place


def _recorded(pairs: pd.DataFrame, population: pd.DataFrame) -> "pd.Series[str]":
    """The contract that each member was matched on."""
    by_pair = pairs.set_index("pair_id")
    beneficiary, control = (population["pair_id"].map(by_pair[f"{arm}_spell_id"]) for arm in ARMS)
    return control.where(population["arm"] == "control", beneficiary)


def _since(
    participants: pd.DataFrame, members: "pd.Series[str]", index: Index
) -> "pd.Series[pd.Timestamp]":
    """When each member's own support began, as far as today's data tell."""
    dated = {"person_id", "arm", index.entry_column, index.supported_since_column}
    known = participants[[name for name in participants if name in dated]]
    own = known[known["person_id"].isin(members)]
    entered = own[index.entry_column].where(own["arm"] == "beneficiary")
    since = supported_since(own, entered, index)
    return members.map(since.groupby(own["person_id"]).min())


def _dated(
    population: pd.DataFrame,
    own: pd.DataFrame,
    contracts: pd.DataFrame,
    recorded: "pd.Series[str]",
    since: "pd.Series[pd.Timestamp]",
) -> Iterator[Finding]:
    on = population["index_on"]
    is_control = _sure(population["arm"] == "control")
    is_same = _sure(own["spell_id"].astype("string") == recorded.astype("string"))
    yield OTHER_CONTRACT, pd.NA, ~is_same
    elapsed = pd.to_timedelta(population["elapsed_days"].astype("float64"), unit="D")
    yield START_CHANGED, pd.NA, is_same & _sure(own["starts_on"] + elapsed != on)
    yield NOT_AT_RISK, pd.NA, is_same & ~at_risk(contracts.set_axis(on.index), on)
    yield SUPPORTED, pd.NA, is_control & _sure(since <= on)
    is_dated = ~_sure(own["is_always_listed"])
    yield LISTED_LATER, pd.NA, is_control & is_dated & _sure(own["first_listed_on"] > on)


def _changed(
    population: pd.DataFrame, own: pd.DataFrame, terms: pd.DataFrame, protocol: Protocol
) -> Iterator[Finding]:
    """Covariates as matched on, against the same at the same index date as known today."""
    at_index = pd.DataFrame({"contract_start_on": population["index_on"]})
    if len(terms):
        terms = terms[terms["spell_id"].isin(own["spell_id"])]
    today = Candidates(at_index, own, pd.DataFrame(), terms, protocol.covariates)
    values = today.covariates_at(None)
    for covariate in protocol.covariates:
        now, then = fold(covariate, values[covariate.name]), population[covariate.name]
        if is_number(covariate):
            before = then.to_numpy(dtype=np.float64, na_value=np.nan)
            is_other = ~np.isclose(before, now.astype(np.float64), equal_nan=True)
        else:
            is_other = np.asarray(then.to_numpy(dtype=object) != now, dtype=bool)
        yield COVARIATE, covariate.name, is_other


def _sure(told: "pd.Series[bool]") -> Bools:
    """What is not known is not told."""
    return told.fillna(False).to_numpy(dtype=bool)
