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
    first: dict[tuple[str, str], float] = {}
    logged = sessions[["pair_id", "index_days", "present"]].dropna()
    for pair, day, present in zip(*(logged[name].tolist() for name in logged), strict=True):
        for actor in present.split(CODE_MARK):
            first[pair, actor] = min(day, first.get((pair, actor), day))
    last: dict[tuple[str, ...], float] = {}
    keys = ["pair_id", "arm", "moment"]
    answers = told[[*keys, "answered_days"]].dropna()
    for *triad, day in zip(*(answers[name].tolist() for name in answers), strict=True):
        last[tuple(triad)] = max(day, last.get(tuple(triad), day))
    n_met = np.full(len(index), np.nan)
    for place, key in enumerate(zip(*(index[name].tolist() for name in keys), strict=True)):
        if key[1] == "beneficiary":
            days = (first.get((key[0], actor), np.inf) for actor in actors)
            n_met[place] = sum(day <= last.get(key, -np.inf) for day in days)
    found = index.assign(n_actors=n_met, synergy=index["link_score"].to_numpy(dtype=float) * n_met)
    return found.astype({"n_actors": COUNT, "synergy": NUMBER})
