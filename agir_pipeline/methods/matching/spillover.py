"""How near the members of a pair are to one another: same organisations, same territory.

A control near supported people may hear what they are told, which hides a part of the effect.
Nothing here is seen by the matcher, and no day of an exit is read.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from agir_pipeline.methods.matching.arrays import Ints
from agir_pipeline.methods.matching.design import MISSING
from agir_pipeline.methods.matching.participants import supported_since
from agir_pipeline.protocol.model import OrganisationTeller, Protocol
from agir_pipeline.protocol.organisations import Spillover

ARMS = ("beneficiary", "control")
SIREN = 9
"""Digits of a SIRET that name the company."""
FAR = 1_000_000
"""More days than any two days of a study lie apart."""


def same_column(role: str) -> str:
    """The column that tells whether both contracts name the same organisation of a role."""
    return f"is_same_{role}"


def share_column(role: str) -> str:
    return f"share_supported_in_{role}"


def spillover(
    pairs: pd.DataFrame,
    population: pd.DataFrame,
    participants: pd.DataFrame,
    spells: pd.DataFrame,
    protocol: Protocol,
) -> dict[str, pd.Series]:
    """Column → its value for each of ``pairs``, by the contracts the pair was formed on.

    Whether both contracts name the same organisation, one column a role that contracts tell; of a
    SIRET the company counts. Missing where a contract is gone or names none. With
    ``organisations.spillover`` also whether both live in the same territory, as matched on; and of
    the contracts of the control's organisation that had begun and were planned to run on its index
    date, the share of those whose person was supported by then.
    """
    tellers = {teller.role: teller for teller in protocol.contract_tellers}
    named = {role: _named(spells, teller) for role, teller in tellers.items()}
    of = {
        (role, arm): _of(pairs, spells["spell_id"], names, arm)
        for role, names in named.items()
        for arm in ARMS
    }
    found: dict[str, pd.Series] = {
        same_column(role): _same(*(of[role, arm] for arm in ARMS)) for role in named
    }
    rule = protocol.organisations.spillover if protocol.organisations else None
    if rule is None:
        return found
    found["is_same_territory"] = _same(*(_lives(pairs, population, arm, rule) for arm in ARMS))
    bodies = named[rule.role]
    is_told = bodies.notna()
    found[share_column(rule.role)] = _share_supported(
        of[rule.role, "control"],
        pairs["control_index_on"],
        spells[is_told].assign(body=bodies[is_told]),
        _since(participants, protocol),
    )
    return found


def _lives(
    pairs: pd.DataFrame, population: pd.DataFrame, arm: str, rule: Spillover
) -> "pd.Series[str]":
    own = population[population["arm"] == arm].set_index("pair_id")[rule.territory]
    lives = own.astype("string")
    return pairs["pair_id"].map(lives.mask(lives == MISSING)).astype("string")


def _named(spells: pd.DataFrame, teller: OrganisationTeller) -> "pd.Series[str]":
    told = spells[teller.siret or teller.number].astype("string")
    return told.str[:SIREN] if teller.siret else told


def _of(
    pairs: pd.DataFrame, spell_ids: "pd.Series[str]", named: "pd.Series[str]", arm: str
) -> "pd.Series[str]":
    """The organisation that the contract of each pair's member names."""
    return pairs[f"{arm}_spell_id"].map(named.set_axis(spell_ids)).astype("string")


def _same(one: "pd.Series[str]", other: "pd.Series[str]") -> "pd.Series[bool]":
    return (one == other).astype("boolean")


def _since(participants: pd.DataFrame, protocol: Protocol) -> "pd.Series[pd.Timestamp]":
    """Person → the day its own support began, as far as today's data tell."""
    index = protocol.matching.index
    if index is None:
        return pd.Series(dtype="datetime64[us]")
    entered = participants[index.entry_column].where(participants["arm"] == "beneficiary")
    since = supported_since(participants, entered, index)
    return since.groupby(participants["person_id"]).min()


def _share_supported(
    bodies: "pd.Series[str]",
    days: "pd.Series[pd.Timestamp]",
    spells: pd.DataFrame,
    since: "pd.Series[pd.Timestamp]",
) -> "pd.Series[float]":
    """Counted on sorted days, so that the work does not grow with pairs × contracts.

    An amendment that comes later changes nothing: the planned end is that of the first deposit.
    """
    codes = pd.Index(spells["body"].unique())
    last = _day_numbers(spells["planned_end_initial_on"], FAR - 1)
    start = _day_numbers(spells["starts_on"], FAR)
    known = spells["person_id"].map(since) if len(since) else pd.Series(pd.NaT, spells.index)
    supported = _day_numbers(known, FAR)
    own = codes.get_indexer(spells["body"]) * FAR
    place, on = codes.get_indexer(bodies), _day_numbers(days, FAR)
    at = place * FAR + on

    def running(begun: Ints) -> NDArray[np.float64]:
        is_ever = begun <= last
        starts = np.sort((own + begun)[is_ever])
        ends = np.sort((own + last)[is_ever])
        n = np.searchsorted(starts, at, "right") - np.searchsorted(ends, at, "left")
        return np.asarray(n, dtype=np.float64)

    n, n_supported = running(start), running(np.maximum(start, supported))
    is_told = (place >= 0) & (on < FAR) & (n > 0)
    share = np.divide(n_supported, n, out=np.full(len(n), np.nan), where=is_told)
    return pd.Series(share, bodies.index).astype("Float64")


def _day_numbers(days: "pd.Series[pd.Timestamp]", missing: int) -> Ints:
    """Days since 1970 as whole numbers; ``missing`` where there is none."""
    whole = days.astype("datetime64[us]").to_numpy().astype("datetime64[D]")
    return np.where(np.isnat(whole), missing, whole.astype(np.int64))
