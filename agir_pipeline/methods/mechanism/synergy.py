"""How many institutions came together around a supported person, beside the link they have."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from agir_pipeline.methods.effects.layout import COUNT, NUMBER
from agir_pipeline.methods.reading.typing_rules import CODE_MARK


def with_synergy(
    index: pd.DataFrame, told: pd.DataFrame, sessions: pd.DataFrame, actors: Sequence[str]
) -> pd.DataFrame:
    """``link_index`` with ``n_actors`` and ``synergy``, their product with the link score.

    Actors are the different institutions present in an interview by the day the last of the triad
    answered: ``sessions`` as ``support_sessions`` gives them, ``told`` from ``link_answers``. Both
    are empty for controls, of whom nobody keeps a log: it describes, and compares no arms.
    """
    met = sessions[["pair_id", "index_days"]].assign(
        actor=sessions["present"].str.split(CODE_MARK, regex=False)
    )
    met = met.explode("actor")
    met = met[met["actor"].isin(actors)]
    first = met.pivot_table(index="pair_id", columns="actor", values="index_days", aggfunc="min")
    last = told.groupby(["pair_id", "arm", "moment"])["answered_days"].max()
    keys = index[["pair_id", "arm", "moment"]]
    answered = last.reindex(pd.MultiIndex.from_frame(keys)).to_numpy(dtype=float, na_value=np.nan)
    days = first.reindex(keys["pair_id"]).to_numpy(dtype=float, na_value=np.nan)
    n_met = (days <= answered[:, None]).sum(axis=1).astype(np.float64)
    n_met[index["arm"].to_numpy(dtype=object) != "beneficiary"] = np.nan
    found = index.assign(n_actors=n_met, synergy=index["link_score"].to_numpy(dtype=float) * n_met)
    return found.astype({"n_actors": COUNT, "synergy": NUMBER})
