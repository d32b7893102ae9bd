"""Who may be funded: each criterion met, not met, or waiting for evidence, by the law of its day.

Three-valued logic (Kleene): one false condition settles "all", one true way settles "any",
whatever is not known beside it. Nothing that is not known counts as met.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from agir_pipeline.contracts.sql_words import SPELL_PREFIX
from agir_pipeline.protocol.funding import Condition, Criterion, FundedAmount, Funding

Flags = "pd.Series[Any]"

MET, NOT_MET, EVIDENCE_MISSING, NO_RULE = "met", "not_met", "evidence_missing", "no_rule"
STATES = (MET, NOT_MET, EVIDENCE_MISSING, NO_RULE)


class Told(NamedTuple):
    """One condition on every row: true, false or missing; and the column that would say it."""

    column: str
    holds: "pd.Series[Any]"


def funding_table(people: pd.DataFrame, funding: Funding, cost_eur: float | None) -> pd.DataFrame:
    """One row per person: the state of each criterion, what proof is missing, what may be paid.

    ``people`` has person_id and the columns that the rules name, those of the contract with their
    prefix. Amounts are those proven today: nothing while no criterion is met; the ordinary amount
    while the increase waits for evidence. ``cost_eur`` is the direct cost of one person's support.
    """
    day = pd.to_datetime(people[SPELL_PREFIX + funding.day_column])
    states, missing, texts = _ruled(people, funding, day)
    whole = _any_state(states.values(), people.index)
    table = pd.DataFrame(
        {
            "person_id": people["person_id"].astype("string"),
            "ruled_on": day.astype("datetime64[us]"),
            **{f"criterion_{name}": state.astype("string") for name, state in states.items()},
            "is_eligible": whole.astype("string"),
            "missing_evidence": _named(missing, people.index),
            "articles": texts.str.rstrip("; ").replace("", None).astype("string"),
        }
    )
    paid = _amounts(people, funding, day, states, whole == MET, cost_eur)
    return pd.concat([table, paid], axis=1).sort_values("person_id", ignore_index=True)


def eligibility(people: pd.DataFrame, funding: Funding) -> "pd.Series[str]":
    """Person → the state of the whole: met by one criterion, by none, or waiting for evidence."""
    day = pd.to_datetime(people[SPELL_PREFIX + funding.day_column])
    states, _missing, _texts = _ruled(people, funding, day)
    whole = _any_state(states.values(), people.index).astype("string")
    found = whole.set_axis(people["person_id"])
    return found[~found.index.duplicated()]


def _ruled(
    people: pd.DataFrame, funding: Funding, day: "pd.Series[Any]"
) -> tuple[dict[str, "pd.Series[Any]"], dict[str, "pd.Series[Any]"], "pd.Series[Any]"]:
    """Of each criterion its state; of each column where its proof is missing; the articles."""
    missing: dict[str, pd.Series[Any]] = {}
    states: dict[str, pd.Series[Any]] = {}
    texts = pd.Series("", index=people.index, dtype="object")
    for name in dict.fromkeys(criterion.name for criterion in funding.criteria):
        states[name] = pd.Series(NO_RULE, index=people.index, dtype="object")
        for criterion in (c for c in funding.criteria if c.name == name):
            in_force = _in_force(criterion.valid_from, criterion.valid_to, day)
            found, lacking = _state(criterion, people, day)
            states[name] = states[name].mask(in_force, found)
            texts = texts.where(~in_force, texts + criterion.article + "; ")
            for column, is_lacking in lacking.items():
                known = missing.get(column, pd.Series(False, index=people.index))
                missing[column] = known | (is_lacking & in_force)
    return states, missing, texts


def _state(
    criterion: Criterion, people: pd.DataFrame, day: "pd.Series[Any]"
) -> tuple["pd.Series[Any]", dict[str, "pd.Series[Any]"]]:
    """The state under one text, and where which column is what is missing."""
    ways = [[_told(c, people, day) for c in way.conditions] for way in criterion.ways]
    each = [_all([told.holds for told in way]) for way in ways]
    any_way = ~_all([~way for way in each])
    is_open = any_way.isna()
    lacking: dict[str, pd.Series[Any]] = {}
    for way, holds in zip(ways, each, strict=True):
        for told in way:
            found = is_open & holds.isna() & told.holds.isna()
            lacking[told.column] = lacking.get(told.column, False) | found
    is_met = any_way.fillna(False).astype(bool)
    unproven = pd.Series(False, index=people.index)
    for column in criterion.evidence:
        found = is_met & people[column].isna()
        lacking[column] = lacking.get(column, False) | found
        unproven |= found
    state = pd.Series(NOT_MET, index=people.index, dtype="object")
    state = state.mask(is_met, MET).mask(is_open | unproven, EVIDENCE_MISSING)
    return state, {column: where.astype(bool) for column, where in lacking.items()}


def _told(condition: Condition, people: pd.DataFrame, day: "pd.Series[Any]") -> Told:
    name = (SPELL_PREFIX if condition.origin == "spell" else "") + condition.column
    values = people[name]
    if condition.codes is not None:
        holds = values.isin(condition.codes)
    elif condition.is_true is not None:
        holds = values.astype("boolean").fillna(False) == condition.is_true
    elif condition.days_before is not None:
        holds = pd.to_datetime(values) <= day - pd.Timedelta(days=condition.days_before)
    else:
        low = -np.inf if condition.minimum is None else condition.minimum
        high = np.inf if condition.maximum is None else condition.maximum
        holds = pd.to_numeric(values).astype("float64").between(low, high)
    is_unknown = values.isna() | values.isin(condition.unknown_codes)
    return Told(condition.column, holds.astype("boolean").mask(is_unknown.astype(bool)))


def _all(flags: Sequence["pd.Series[Any]"]) -> "pd.Series[Any]":
    whole = flags[0]
    for flag in flags[1:]:
        whole = whole & flag
    return whole


def _in_force(since: date | None, until: date | None, day: "pd.Series[Any]") -> "pd.Series[Any]":
    """Both ends belong to it; without a day no text is in force."""
    is_in = day.notna()
    if since is not None:
        is_in &= day >= pd.Timestamp(since)
    if until is not None:
        is_in &= day < pd.Timestamp(until) + pd.Timedelta(days=1)
    return is_in


def _any_state(states: Any, index: Any) -> "pd.Series[Any]":
    """One criterion met is enough; else one that waits leaves the whole open."""
    whole = pd.Series(NO_RULE, index=index, dtype="object")
    for rank in (NOT_MET, EVIDENCE_MISSING, MET):
        for state in states:
            whole = whole.mask(state == rank, rank)
    return whole


def _named(missing: Mapping[str, "pd.Series[Any]"], index: Any) -> "pd.Series[Any]":
    names = pd.Series("", index=index, dtype="object")
    for column in sorted(missing):
        names = names.where(~missing[column], names + f"{column} ")
    return names.str.rstrip().replace("", None).astype("string")


def _amounts(
    people: pd.DataFrame,
    funding: Funding,
    day: "pd.Series[Any]",
    states: Mapping[str, "pd.Series[Any]"],
    is_met: "pd.Series[Any]",
    cost_eur: float | None,
) -> pd.DataFrame:
    months = pd.Series(np.nan, index=people.index)
    monthly, is_increased = months.copy(), pd.Series(pd.NA, index=people.index, dtype="boolean")
    duration = pd.to_numeric(people[SPELL_PREFIX + funding.duration_column]).astype("float64")
    for amount in funding.amounts:
        own = _in_force(amount.valid_from, amount.valid_to, day) & is_met
        raised = _increased(amount, people, day, states)
        is_raised = raised.fillna(False).astype(bool)
        paid = amount.increased_eur.value, amount.monthly_eur.value
        months = months.mask(own, (duration // 1).clip(upper=amount.months.value))
        monthly = monthly.mask(own, pd.Series(np.where(is_raised, *paid), index=people.index))
        is_increased = is_increased.mask(own, raised)
    whole = months * monthly
    cost = np.nan if cost_eur is None else cost_eur
    return pd.DataFrame(
        {
            "is_increased": is_increased,
            "n_months": months.astype("Int64"),
            "monthly_eur": monthly,
            "maximum_eur": whole,
            "share_of_cost": whole / cost,
            "rest_eur": cost - whole,
        }
    )


def _increased(
    amount: FundedAmount,
    people: pd.DataFrame,
    day: "pd.Series[Any]",
    states: Mapping[str, "pd.Series[Any]"],
) -> "pd.Series[Any]":
    raised = pd.Series(False, index=people.index, dtype="boolean")
    for name in amount.increased_by:
        met = (states[name] == MET).astype("boolean")
        raised = raised | met.mask(states[name] == EVIDENCE_MISSING)
    for condition in amount.increased_when:
        raised = raised | _told(condition, people, day).holds
    return raised
