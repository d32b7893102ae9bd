"""Promises of a round, checked on its output in the product, not only in tests.

Every matching package surveyed has had a release that broke one of them silently.
"""

from collections.abc import Collection

import numpy as np
import pandas as pd

from agir_pipeline.errors import CheckError
from agir_pipeline.language import _
from agir_pipeline.methods.matching.spec import MatchingSpec


def check_pairs(
    pairs: pd.DataFrame, pool: pd.DataFrame, spec: MatchingSpec, used: Collection[str] = ()
) -> None:
    """Nothing, if every pair of a round keeps its promises; recomputed from the pool.

    Nobody stands in two pairs or was used in an earlier round; both members are in the pool of
    the pair's band, hence at risk at its edge, and were free; they agree on the enforced
    covariates; their contracts began within the window; their scores lie within the caliper.

    Raises:
        CheckError: all broken promises, each with the number of pairs.
    """
    members = [pairs["beneficiary_person_id"], pairs["control_person_id"]]
    everybody = pd.concat(members, ignore_index=True)
    beneficiary, control = (_in_pool(pairs, pool, arm) for arm in ("beneficiary", "control"))
    gap = (beneficiary["logit"] - control["logit"]).abs().to_numpy()
    broken = {
        _("a person in two pairs"): int(everybody.duplicated().sum()),
        _("a person used in an earlier round"): int(everybody.isin(list(used)).sum()),
        _("a member not at risk or not free in the band"): _count(
            ~(beneficiary["is_open"].eq(True) & control["is_open"].eq(True)).to_numpy()
        ),
        _("members of different strata"): _n_different(pairs, beneficiary, control),
        _("contract starts too far apart"): _n_outside_window(beneficiary, control, spec),
        # written so that a missing gap is a broken promise
        _("a gap wider than the caliper"): _count(~(gap <= pairs["caliper"].to_numpy())),
    }
    found = [f"{promise}: {n}" for promise, n in broken.items() if n]
    if found:
        raise CheckError(
            _("matched pairs break their promises: {found}").format(found="; ".join(found))
        )


def _in_pool(pairs: pd.DataFrame, pool: pd.DataFrame, arm: str) -> pd.DataFrame:
    """The pool row of one member of each pair, in the order of the pairs; empty where none is."""
    is_member = pool["person_id"].isin(pairs[f"{arm}_person_id"])
    rows = pool[(pool["arm"] == arm) & is_member].reset_index(drop=True)
    found = zip(rows["band_number"].to_numpy(), rows["person_id"].to_numpy(), strict=True)
    place = {key: number for number, key in enumerate(found)}
    wanted = zip(pairs["band_number"].to_numpy(), pairs[f"{arm}_person_id"].to_numpy(), strict=True)
    return rows.reindex([place.get(key, -1) for key in wanted]).reset_index(drop=True)


def _n_different(pairs: pd.DataFrame, beneficiary: pd.DataFrame, control: pd.DataFrame) -> int:
    differs = np.zeros(len(pairs), dtype=np.bool_)
    for enforced, places in pairs.reset_index(drop=True).groupby("strata_enforced").groups.items():
        for name in filter(None, str(enforced).split("+")):
            mine, theirs = beneficiary.loc[places, name], control.loc[places, name]
            is_same = (mine == theirs) | (mine.isna() & theirs.isna())  # missing is a level
            differs[places] |= ~is_same.to_numpy(dtype=np.bool_, na_value=False)
    return _count(differs)


def _n_outside_window(beneficiary: pd.DataFrame, control: pd.DataFrame, spec: MatchingSpec) -> int:
    if spec.start_window_days is None:
        return 0
    apart = (beneficiary["index_on"] - control["index_on"]).abs()
    return _count(~(apart <= pd.Timedelta(days=spec.start_window_days)).to_numpy())


def _count(is_wrong: "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]") -> int:
    return int(np.count_nonzero(is_wrong))
