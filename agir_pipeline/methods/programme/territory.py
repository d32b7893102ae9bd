"""On what ground each person is in the territory, and in which part of it the person lives."""

import pandas as pd

from agir_pipeline.methods.effects.layout import COUNT, TEXT
from agir_pipeline.methods.matching.participants import SPELL
from agir_pipeline.protocol.model import Eligibility, OtherWay, Protocol, Territory

OUT_OF_SCOPE, NOT_TOLD = "out_of_scope", "not_told"


def territory_table(
    participants: pd.DataFrame, protocol: Protocol, territory: Territory
) -> pd.DataFrame:
    """Arm × ground × the column that says so × zone: persons."""
    told = told_grounds(participants, protocol, territory)
    keys = [name for name in told if name != "person_id"]
    by = told["person_id"].groupby([told[name] for name in keys], dropna=False)
    made = by.nunique().rename("n_persons").reset_index()
    return made.astype({**dict.fromkeys(keys, TEXT), "n_persons": COUNT})


def told_grounds(
    participants: pd.DataFrame, protocol: Protocol, territory: Territory
) -> pd.DataFrame:
    """One row per participant: arm, ground, evidence, zone and person_id.

    The ground is called as the column of the rule. It is the code that meets the rule, else the
    code that meets its other way. Out of scope is whoever is told to meet neither.
    """
    rule, ways = _ways(protocol, territory)
    told = [participants[name].astype("string") for name, _column, _codes in ways]
    ground = pd.Series(OUT_OF_SCOPE, participants.index, dtype="string")
    ground = ground.mask(pd.concat(told, axis=1).isna().any(axis=1), NOT_TOLD)
    evidence = pd.Series(pd.NA, participants.index, dtype="string")
    for values, (_name, column, codes) in reversed(list(zip(told, ways, strict=True))):
        is_met = values.isin(codes)
        ground, evidence = ground.mask(is_met, values), evidence.mask(is_met, column)
    columns = {
        "arm": participants["arm"],
        rule.column: ground,
        "evidence": evidence,
        territory.zone_column: participants[territory.zone_column],
        "person_id": participants["person_id"],
    }
    return pd.DataFrame(columns).astype(dict.fromkeys(columns, TEXT))


def ground_columns(protocol: Protocol, territory: Territory) -> list[str]:
    """The columns of ``linked.participants`` that the table is made of."""
    grounds = [name for name, _column, _codes in _ways(protocol, territory)[1]]
    return ["person_id", "arm", territory.zone_column, *grounds]


def _ways(
    protocol: Protocol, territory: Territory
) -> tuple[Eligibility, list[tuple[str, str, tuple[str, ...]]]]:
    """The rule, and of it and its other way: column of participants, its own name, codes."""
    rule = next(r for r in protocol.eligibility if r.name == territory.eligibility)
    asked: list[Eligibility | OtherWay] = [rule, *([rule.or_else] if rule.or_else else [])]
    return rule, [
        ((SPELL if one.origin == "spell" else "") + one.column, one.column, tuple(one.one_of))
        for one in asked
    ]
