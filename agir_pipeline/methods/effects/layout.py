"""Released tables have the same columns and types whether or not there is a row to show."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

Columns = Mapping[str, str]

TEXT, COUNT, NUMBER, FLAG, DAY = "string", "Int64", "float64", "boolean", "datetime64[us]"


def typed(rows: Sequence[Mapping[str, Any]], columns: Columns) -> pd.DataFrame:
    """One row per mapping, in the declared columns; what a row does not say is missing."""
    data = {
        name: pd.Series([row.get(name) for row in rows], dtype="object").astype(
            pd.api.types.pandas_dtype(kind)
        )
        for name, kind in columns.items()
    }
    return pd.DataFrame(data)


def in_points(share: float) -> float:
    """A share or a difference of shares in percentage points."""
    return 100 * share
