"""From persons as known on a day to what a matching round asks for."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
import pandas as pd

from agir_pipeline.methods.matching.arrays import Bools
from agir_pipeline.methods.matching.at_risk import at_risk
from agir_pipeline.protocol.model import Covariate, Eligibility, Index, Protocol

SPELL = "spell_"
"""Columns of the reference contract carry this prefix in ``linked.participants``."""
WITHDRAWN = "withdrawn"
"""Why somebody who left the study is not matched."""


TERM_TYPES = {"spell_id": "string", "on": "datetime64[us]"}


@dataclass(frozen=True)
class Candidates:
    """Everybody a round may pair, and the two questions it may ask about them."""

    persons: pd.DataFrame
    participants: pd.DataFrame
    spells: pd.DataFrame
    terms: pd.DataFrame
    covariates: Sequence[Covariate]

    def index_on(self, edge_days: int | None) -> pd.Series:
        start = self.persons["contract_start_on"]
        return start if edge_days is None else start + pd.Timedelta(days=edge_days)

    def at_risk(self, edge_days: int) -> Bools:
        """Booleans for one band; the only door to how contracts ended."""
        return at_risk(self.spells, self.index_on(edge_days))

    def covariates_at(self, edge_days: int | None) -> pd.DataFrame:
        """Covariates as known at own contract start + ``edge_days``."""
        index_on = self.index_on(edge_days)
        return pd.DataFrame({c.name: self._values(c, index_on) for c in self.covariates})

    @cached_property
    def _terms_in_order(self) -> pd.DataFrame:
        return in_order(self.terms)

    def planned_days_remaining(self, index_on: pd.Series) -> pd.Series:
        """Days to the planned end that was in force on the index date; later amendments ignored."""
        planned = planned_end_at(self._terms_in_order, self.participants["spell_id"], index_on)
        return (planned - index_on).dt.days.astype("float64")

    def _values(self, covariate: Covariate, index_on: pd.Series) -> pd.Series:
        if covariate.origin == "index":
            return self.planned_days_remaining(index_on)
        prefix = SPELL if covariate.origin == "spell" else ""
        return self.participants[prefix + covariate.column]


def candidates_of(
    participants: pd.DataFrame,
    spells: pd.DataFrame,
    terms: pd.DataFrame,
    protocol: Protocol,
    undecided: Iterable[str] = (),
    withdrawn: Iterable[str] = (),
) -> Candidates:
    """Beneficiaries, each with the reason that blocks it, and the controls nothing speaks against.

    ``participants``, ``spells`` and ``terms`` are the linked tables as known on the day of the
    round; ``undecided`` are persons some row of whom may be somebody else, ``withdrawn`` those who
    left the study. A control that is not
    eligible or has no contract is left out: it could never be shown at risk.
    """
    index = protocol.matching.index
    asked, left = set(undecided), set(withdrawn)
    blocked = blocked_reasons(participants, protocol, asked, left)
    is_member = participants["arm"].isin(["beneficiary", "control"])
    is_usable = (participants["arm"] == "beneficiary") | blocked.isna()
    kept = participants[is_member & is_usable].sort_values("tie_order").reset_index(drop=True)
    blocked = blocked_reasons(kept, protocol, asked, left)
    return Candidates(
        persons=_persons(kept, blocked, index),
        participants=kept,
        spells=aligned_spells(spells, kept["spell_id"]),
        terms=terms,
        covariates=protocol.covariates,
    )


def blocked_reasons(
    participants: pd.DataFrame,
    protocol: Protocol,
    undecided: set[str],
    withdrawn: Collection[str] = frozenset(),
) -> pd.Series:
    """Why a person may not be matched now; missing where nothing speaks against it.

    withdrawn comes first, since nothing of the person may be used; then undecided_link, since a row
    that is left apart explains a missing contract and the values of another person; then
    not_eligible, which lasts; then no_linked_contract.
    """
    reason = pd.Series(pd.NA, participants.index, dtype="string")
    if protocol.feeding("spell"):
        reason = reason.mask(participants["spell_id"].isna(), "no_linked_contract")
    reason = reason.mask(~is_eligible(participants, protocol.eligibility), "not_eligible")
    reason = reason.mask(participants["person_id"].isin(undecided), "undecided_link")
    return reason.mask(participants["person_id"].isin(withdrawn), WITHDRAWN)


def undecided_persons(undecided: pd.DataFrame, links: pd.DataFrame, on: date) -> set[str]:
    """Persons, under the links in force at the end of a day, some row of whom could be another's.

    ``undecided`` (known_on) and ``links`` (person_id, known_on, superseded_on) share ``source``
    and ``entity_key``; days are ISO texts, as the vault keeps them.
    """
    day = on.isoformat()
    is_over = links["superseded_on"].notna() & (links["superseded_on"].fillna(day) <= day)
    in_force = links[(links["known_on"] <= day) & ~is_over]
    asked = undecided[undecided["known_on"] <= day]
    found = asked[["source", "entity_key"]].merge(in_force, on=["source", "entity_key"])
    return set(found["person_id"])


def is_eligible(participants: pd.DataFrame, rules: Sequence[Eligibility]) -> pd.Series:
    """Whether each person meets every rule; a missing value fails none."""
    passes = pd.Series(True, participants.index)
    for rule in rules:
        values = participants[(SPELL if rule.origin == "spell" else "") + rule.column]
        fails = pd.Series(False, participants.index)
        if rule.minimum is not None:
            fails |= (values < rule.minimum).fillna(False).astype(bool)
        if rule.maximum is not None:
            fails |= (values > rule.maximum).fillna(False).astype(bool)
        if rule.one_of:
            fails |= values.notna() & ~values.isin(rule.one_of)
        if other := rule.or_else:
            told = participants[(SPELL if other.origin == "spell" else "") + other.column]
            fails &= told.notna() & ~told.isin(other.one_of)
        passes &= ~fails
    return passes


def in_order(terms: pd.DataFrame) -> pd.DataFrame:
    """Terms by the day from which they hold, ready to be asked."""
    known = terms.sort_values(["holds_from_on", "amendment_number"])
    known = known.rename(columns={"holds_from_on": "on"}).astype(TERM_TYPES)
    return known[["spell_id", "on", "planned_end_on"]]


def planned_end_at(terms: pd.DataFrame, spell_id: pd.Series, on: pd.Series) -> pd.Series:
    """The planned end in force on a day: that of the last term that held from then or before.

    ``terms`` are in order.
    """
    asked = pd.DataFrame({"spell_id": spell_id, "on": on}).astype(TERM_TYPES).dropna()
    found = pd.merge_asof(
        asked.sort_values("on").reset_index(names="row"), terms, on="on", by="spell_id"
    )
    ends = pd.Series(found["planned_end_on"].to_numpy(), found["row"].to_numpy())
    return pd.to_datetime(ends.reindex(spell_id.index))


def _persons(kept: pd.DataFrame, blocked: pd.Series, index: Index | None) -> pd.DataFrame:
    is_beneficiary = kept["arm"] == "beneficiary"
    never = pd.Series(pd.NaT, kept.index, dtype="datetime64[us]")
    persons = pd.DataFrame(
        {
            "person_id": kept["person_id"],
            "tie_order": kept["tie_order"],
            "arm": kept["arm"],
            "contract_start_on": kept["starts_on"],
            "elapsed_delay_days": np.nan,
            "supported_since_on": never,
            "listed_since_on": kept["first_listed_on"].mask(kept["is_always_listed"]),
            "consented_on": never,
            "has_consent_rule": False,
            "blocked_reason": blocked.where(is_beneficiary),
        }
    )
    if index is None:
        return persons
    entered = kept[index.entry_column].where(is_beneficiary)
    delay = (entered - kept["starts_on"]).dt.days.clip(lower=0)
    consent = kept[index.consent_column] if index.consent_column else never
    return persons.assign(
        elapsed_delay_days=delay.astype("float64"),
        supported_since_on=supported_since(kept, entered, index).where(~is_beneficiary),
        consented_on=consent,
        has_consent_rule=index.consent_column is not None,
    )


def supported_since(kept: pd.DataFrame, entered: pd.Series, index: Index) -> pd.Series:
    """For a control: the day its own support began, by its list or by the register."""
    entries = entered.groupby(kept["person_id"]).min()
    by_register = entries.reindex(kept["person_id"]).set_axis(kept.index)
    if index.supported_since_column is None:
        return by_register
    by_list = kept[index.supported_since_column]
    return pd.DataFrame({"by_list": by_list, "by_register": by_register}).min(axis=1)


def aligned_spells(spells: pd.DataFrame, spell_id: pd.Series) -> pd.DataFrame:
    columns = ["starts_on", "planned_end_on", "ended_early_on"]
    return spells.set_index("spell_id")[columns].reindex(spell_id).reset_index(drop=True)
