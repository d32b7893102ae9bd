"""Who may be funded: each criterion met, not met, or waiting for evidence, by the law of its day.

Three-valued logic (Kleene): one false condition settles "all", one true way settles "any",
whatever is not known beside it. Nothing that is not known counts as met.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from agir_pipeline.contracts.sql_words import SPELL_PREFIX
from agir_pipeline.protocol.funding import Condition, Criterion, FundedAmount, Funding

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ranks = NDArray[np.int64]
Days = NDArray[np.datetime64]
Said = Sequence[tuple[str, Bools]]
"""Names, each with the rows it is said of."""
Threes = NDArray[np.int8]
"""Three-valued answers, row by row: the lesser of two says whether both hold."""
NO, OPEN, YES = np.int8(0), np.int8(1), np.int8(2)

MET, NOT_MET, EVIDENCE_MISSING, NO_RULE = "met", "not_met", "evidence_missing", "no_rule"
STATES = (MET, NOT_MET, EVIDENCE_MISSING, NO_RULE)
RANKS = np.array([NO_RULE, NOT_MET, EVIDENCE_MISSING, MET], dtype=object)
"""The states, each winning over those before it where one criterion is enough."""
NO_TEXT, UNMET, UNPROVEN, PROVEN = range(len(RANKS))


class Told(NamedTuple):
    """One condition on every row, and the column that would say it."""

    column: str
    holds: Threes


def funding_table(people: pd.DataFrame, funding: Funding, cost_eur: float | None) -> pd.DataFrame:
    """One row per person: the state of each criterion, what proof is missing, what may be paid.

    ``people`` has person_id and the columns that the rules name, those of the contract with their
    prefix. Amounts are those proven today: nothing while no criterion is met; the ordinary amount
    while the increase waits for evidence. ``cost_eur`` is the direct cost of one person's support.
    """
    day = _days(people[SPELL_PREFIX + funding.day_column])
    states, missing, texts = _states(people, funding, day)
    whole = _whole(states, len(people))
    table = pd.DataFrame(
        {
            "person_id": people["person_id"].astype("string"),
            "ruled_on": day,
            **{f"criterion_{name}": _text(RANKS[state]) for name, state in states.items()},
            "is_eligible": _text(RANKS[whole]),
            "missing_evidence": _text(_joined(missing, " ")),
            "articles": _text(_joined(texts, "; ")),
            **_amounts(people, funding, day, states, whole == PROVEN, cost_eur),
        }
    )
    return table.sort_values("person_id", ignore_index=True)


def eligibility(people: pd.DataFrame, funding: Funding) -> "pd.Series[str]":
    """Person → the state of the whole: met by one criterion, by none, or waiting for evidence."""
    day = _days(people[SPELL_PREFIX + funding.day_column])
    states, _missing, _texts = _states(people, funding, day)
    found = pd.Series(RANKS[_whole(states, len(people))], people["person_id"], dtype="string")
    return found[~found.index.duplicated()]


def _states(
    people: pd.DataFrame, funding: Funding, day: Days
) -> tuple[dict[str, Ranks], Said, Said]:
    """The state of each criterion; by column what is missing; by article whom it rules."""
    states: dict[str, Ranks] = {}
    missing: dict[str, Bools] = {}
    texts: list[tuple[str, Bools]] = []
    nobody = np.zeros(len(people), dtype=np.bool_)
    for criterion in sorted(funding.criteria, key=_order(funding)):
        in_force = _in_force(criterion.valid_from, criterion.valid_to, day)
        found, lacking = _state(criterion, people, day)
        before = states.get(criterion.name, np.full(len(people), NO_TEXT))
        states[criterion.name] = np.where(in_force, found, before)
        texts.append((criterion.article, in_force))
        for column, is_lacking in lacking.items():
            missing[column] = missing.get(column, nobody) | (is_lacking & in_force)
    return states, sorted(missing.items(), key=lambda one: one[0]), texts


def _order(funding: Funding) -> Callable[[Criterion], int]:
    names = list(dict.fromkeys(criterion.name for criterion in funding.criteria))
    return lambda criterion: names.index(criterion.name)


def _state(criterion: Criterion, people: pd.DataFrame, day: Days) -> tuple[Ranks, dict[str, Bools]]:
    """The state under one text, and where which column is what is missing."""
    ways = [[_told(c, people, day) for c in way.conditions] for way in criterion.ways]
    each = [np.minimum.reduce([told.holds for told in way]) for way in ways]
    any_way = np.maximum.reduce(each)
    is_open, is_met = any_way == OPEN, any_way == YES
    lacking: dict[str, Bools] = {}
    for way, holds in zip(ways, each, strict=True):
        for told in way:
            found = is_open & (holds == OPEN) & (told.holds == OPEN)
            lacking[told.column] = lacking.get(told.column, False) | found
    unproven = np.zeros(len(people), dtype=np.bool_)
    for column in criterion.evidence:
        found = is_met & people[column].isna().to_numpy(dtype=bool)
        lacking[column] = lacking.get(column, False) | found
        unproven |= found
    state = np.where(is_met, PROVEN, UNMET)
    return np.where(is_open | unproven, UNPROVEN, state), lacking


def _told(condition: Condition, people: pd.DataFrame, day: Days) -> Told:
    name = (SPELL_PREFIX if condition.origin == "spell" else "") + condition.column
    values = people[name]
    is_unknown = values.isna().to_numpy(dtype=bool)
    if condition.unknown_codes:
        is_unknown = is_unknown | values.isin(condition.unknown_codes).to_numpy(dtype=bool)
    if condition.codes is not None:
        holds = values.isin(condition.codes).to_numpy(dtype=bool)
    elif condition.is_true is not None:
        holds = values.astype("boolean").fillna(False).to_numpy(dtype=bool) == condition.is_true
    elif condition.days_before is not None:
        holds = _days(values) <= day - np.timedelta64(condition.days_before, "D")
    else:
        low = -np.inf if condition.minimum is None else condition.minimum
        high = np.inf if condition.maximum is None else condition.maximum
        figures = _figures(values)
        holds = (figures >= low) & (figures <= high)
    return Told(condition.column, np.where(is_unknown, OPEN, np.where(holds, YES, NO)))


def _days(values: "pd.Series[Any]") -> Days:
    return pd.to_datetime(values).to_numpy(dtype="datetime64[us]")


def _figures(values: "pd.Series[Any]") -> Floats:
    return pd.to_numeric(values).to_numpy(dtype=np.float64, na_value=np.nan)


def _in_force(since: date | None, until: date | None, day: Days) -> Bools:
    """Both ends belong to it; without a day no text is in force."""
    is_in: Bools = ~np.isnat(day)
    if since is not None:
        is_in &= day >= np.datetime64(since)
    if until is not None:
        is_in &= day < np.datetime64(until) + np.timedelta64(1, "D")
    return is_in


def _whole(states: Mapping[str, Ranks], n_people: int) -> Ranks:
    """One criterion met is enough; else one that waits leaves the whole open."""
    whole: Ranks = np.maximum.reduce([np.full(n_people, NO_TEXT), *states.values()])
    return whole


def _joined(said: Said, between: str) -> list[str | None]:
    """Of each row the names that are said of it, as one text; None for none."""
    columns = [np.where(is_said, name, "") for name, is_said in said]
    rows = zip(*columns, strict=True)
    return [between.join(filter(None, map(str, row))) or None for row in rows]


def _text(values: Sequence[str | None] | NDArray[np.object_]) -> "pd.api.extensions.ExtensionArray":
    return pd.array(values, dtype="string")


def _amounts(
    people: pd.DataFrame,
    funding: Funding,
    day: Days,
    states: Mapping[str, Ranks],
    is_met: Bools,
    cost_eur: float | None,
) -> dict[str, Any]:
    months, monthly = np.full((2, len(people)), np.nan)
    is_increased = np.full(len(people), OPEN)
    duration = _figures(people[SPELL_PREFIX + funding.duration_column])
    for amount in funding.amounts:
        own = _in_force(amount.valid_from, amount.valid_to, day) & is_met
        raised = _increased(amount, people, day, states)
        paid = np.where(raised == YES, amount.increased_eur.value, amount.monthly_eur.value)
        months = np.where(own, np.minimum(duration // 1, amount.months.value), months)
        monthly = np.where(own, paid, monthly)
        is_increased = np.where(own, raised, is_increased)
    whole = months * monthly
    cost = np.nan if cost_eur is None else cost_eur
    return {
        "is_increased": pd.arrays.BooleanArray(is_increased == YES, is_increased == OPEN),
        "n_months": pd.array(months).astype("Int64"),
        "monthly_eur": monthly,
        "maximum_eur": whole,
        "share_of_cost": whole / cost,
        "rest_eur": cost - whole,
    }


def _increased(
    amount: FundedAmount, people: pd.DataFrame, day: Days, states: Mapping[str, Ranks]
) -> Threes:
    met = {UNPROVEN: OPEN, PROVEN: YES}
    turned = np.array([met.get(rank, NO) for rank in range(len(RANKS))])
    raised = [turned[states[name]] for name in amount.increased_by]
    raised += [_told(condition, people, day).holds for condition in amount.increased_when]
    whole: Threes = np.maximum.reduce([np.full(len(people), NO), *raised])
    return whole
