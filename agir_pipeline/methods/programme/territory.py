"""On what ground each person is in the territory, and in which part of it the person lives."""

import pandas as pd

from agir_pipeline.methods.effects.layout import COUNT, TEXT
from agir_pipeline.methods.matching.participants import SPELL
from agir_pipeline.protocol.model import Protocol, Territory

OUT_OF_SCOPE, NOT_TOLD = "out_of_scope", "not_told"


def territory_table(
    participants: pd.DataFrame, protocol: Protocol, territory: Territory
) -> pd.DataFrame:
    """Arm × ground × the column that says so × zone: persons.

    The ground is called as the column of the rule. It is the code that meets the rule, else the
    code that meets its other way. Out of scope is whoever is told to meet neither.
    """
    rule = next(r for r in protocol.eligibility if r.name == territory.eligibility)
    ways = [(rule.origin, rule.column, rule.one_of)]
    if other := rule.or_else:
        ways.append((other.origin, other.column, other.one_of))
    told = [
        participants[(SPELL if origin == "spell" else "") + column].astype("string")
        for origin, column, _codes in ways
    ]
    ground = pd.Series(OUT_OF_SCOPE, participants.index, dtype="string")
    ground = ground.mask(pd.concat(told, axis=1).isna().any(axis=1), NOT_TOLD)
    evidence = pd.Series(pd.NA, participants.index, dtype="string")
    for values, (_origin, column, codes) in reversed(list(zip(told, ways, strict=True))):
        is_met = values.isin(codes)
        ground, evidence = ground.mask(is_met, values), evidence.mask(is_met, column)
    rows = pd.DataFrame(
        {
            "arm": participants["arm"],
            rule.column: ground,
            "evidence": evidence,
            territory.zone_column: participants[territory.zone_column],
        }
    )
    by = participants["person_id"].groupby([rows[name] for name in rows], dropna=False)
    made = by.nunique().rename("n_persons").reset_index()
    return made.astype({**dict.fromkeys(rows, TEXT), "n_persons": COUNT})
