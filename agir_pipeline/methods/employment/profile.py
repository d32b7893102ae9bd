"""Which contracts the members of pairs have: by kind, sector, size and length."""

from collections import Counter

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from agir_pipeline.methods.effects.layout import COUNT, NUMBER, TEXT, typed
from agir_pipeline.methods.matching.design import MISSING, classes_of
from agir_pipeline.protocol.mechanism import ContractProfile, Trait

Floats = NDArray[np.float64]
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
    known = members[["arm", "spell_id"]].merge(spells, on="spell_id", how="left")
    arms = known["arm"].to_numpy(dtype=object)
    months = known[profile.months_column].to_numpy(dtype=float, na_value=np.nan)
    rows = []
    for trait in profile.traits:
        levels = _levels(known[trait.column], trait).to_numpy(dtype=object)
        of_arm = Counter(arms[levels != MISSING])
        for (level, arm), n in sorted(Counter(zip(levels, arms, strict=True)).items()):
            row = {"trait": trait.column, "level": level, "arm": arm, "n_persons": n,
                   "n_known": of_arm[arm], "share": n / of_arm[arm] if level != MISSING else None,
                   **_months(months[(levels == level) & (arms == arm)])}  # fmt: skip
            rows.append(row)
    return typed(rows, PROFILE_COLUMNS)


def _months(months: Floats) -> dict[str, float]:
    told = months[~np.isnan(months)]
    if len(told) == 0:
        return {}
    low, middle, high = np.quantile(told, [0.25, 0.5, 0.75]).tolist()
    return {"months_mean": float(told.mean()), "months_p25": low, "months_median": middle,
            "months_p75": high}  # fmt: skip


def profile_members(
    members: pd.DataFrame, spells: pd.DataFrame, profile: ContractProfile
) -> pd.DataFrame:
    """trait, level, arm, person_id: each member once under each trait."""
    known = members[["arm", "person_id", "spell_id"]].merge(spells, on="spell_id", how="left")
    parts = [
        pd.DataFrame(
            {
                "trait": trait.column,
                "level": _levels(known[trait.column], trait),
                "arm": known["arm"],
                "person_id": known["person_id"],
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
