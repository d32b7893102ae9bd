"""The one function that may look at how contracts ended before pairs are formed."""

import numpy as np
import pandas as pd

from agir_pipeline.methods.matching.arrays import Bools


def at_risk(spells: pd.DataFrame, index_on: pd.Series) -> Bools:
    """Whether each contract had begun and was still running at the end of its ``index_on``.

    ``spells`` has ``starts_on``, ``planned_end_on`` and ``ended_early_on`` (missing: it did not),
    aligned with ``index_on``. A missing contract or index date is not at risk. Only the answer
    leaves this function, never a date of exit.
    """
    has_begun = spells["starts_on"] <= index_on
    is_within_term = index_on <= spells["planned_end_on"]
    has_not_left = spells["ended_early_on"].isna() | (spells["ended_early_on"] > index_on)
    return np.asarray(has_begun & is_within_term & has_not_left, dtype=np.bool_)
