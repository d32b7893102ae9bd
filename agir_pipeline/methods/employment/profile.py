"""Which contracts the members of pairs have: by kind, sector, size and length."""

import numpy as np
import pandas as pd

from agir_pipeline.methods.effects.layout import COUNT, NUMBER, TEXT, typed
from agir_pipeline.methods.matching.design import MISSING, classes_of
from agir_pipeline.protocol.mechanism import ContractProfile, Trait

PROFILE_COLUMNS = {
    "trait": TEXT, "level": TEXT, "arm": TEXT, "n_persons": COUNT, "n_known": COUNT,
    "share": NUMBER, "months_mean": NUMBER, "months_p25": NUMBER, "months_median": NUMBER,
    "months_p75": NUMBER,
}  # fmt: skip


def contract_profile(
    members: pd.DataFrame, spells: pd.DataFrame, profile: ContractProfile
) -> pd.DataFrame:
    """Trait × level × arm: members whose contract of the pair is so, and its months.

    ``members`` has arm, person_id and spell_id, ``spells`` spell_id and the columns of
    ``profile``. The months are those to the first planned end, before any amendment; the share is
    of the members whose trait is known, so a missing one has none.
    """
    told = profile_members(members, spells, profile)
    rows = []
    for trait in profile.traits:
        own = told[told["trait"] == trait.column]
        n_known = own[own["level"] != MISSING].groupby("arm").size()
        for (level, arm), part in own.groupby(["level", "arm"], sort=True):
            n_of = int(n_known.get(arm, 0))
            is_known = level != MISSING
            row = {"trait": trait.column, "level": level, "arm": arm, "n_persons": len(part),
                   "n_known": n_of, "share": len(part) / n_of if is_known else None}  # fmt: skip
            months = part["months"].dropna().to_numpy(dtype=float)
            if len(months):
                low, middle, high = np.quantile(months, [0.25, 0.5, 0.75]).tolist()
                row |= {"months_mean": float(months.mean()), "months_p25": low,
                        "months_median": middle, "months_p75": high}  # fmt: skip
            rows.append(row)
    return typed(rows, PROFILE_COLUMNS)


def profile_members(
    members: pd.DataFrame, spells: pd.DataFrame, profile: ContractProfile
) -> pd.DataFrame:
    """trait, level, arm, person_id, months: each member once under each trait."""
    known = members[["arm", "person_id", "spell_id"]].merge(spells, on="spell_id", how="left")
    parts = [
        pd.DataFrame(
            {
                "trait": trait.column,
                "level": _levels(known[trait.column], trait),
                "arm": known["arm"],
                "person_id": known["person_id"],
                "months": known[profile.months_column].astype("Float64"),
            }
        )
        for trait in profile.traits
    ]
    return pd.concat(parts, ignore_index=True)


def _levels(values: pd.Series, trait: Trait) -> "pd.Series[str]":
    if not trait.cut_points:
        return values.astype("string").fillna(MISSING)
    numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
    return pd.Series(classes_of(numbers, trait.cut_points), values.index, dtype="string")
