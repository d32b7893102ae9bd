"""The law by date: which rows it applies to, and which it does not allow."""

from datetime import date
from typing import Any

import pandas as pd
import pytest

from agir_pipeline.methods.reading.law import breaches
from agir_pipeline.protocol.sources import LegalRule

ROWS = pd.DataFrame(
    {
        "months": [5.0, 6.0, 24.0, 25.0, 30.0, None, 30.0],
        "start_on": pd.to_datetime(
            [
                "2010-01-01",
                "2010-01-01",
                "2018-12-31",
                "2018-12-31",
                "2019-01-01",
                "2010-01-01",
                None,
            ]
        ),
        "scheme": pd.array(["pro", "pro", "pro", "pro", "pro", "pro", None], dtype="string"),
    }
)


def rule(**more: Any) -> LegalRule:
    labels = {"en": "Length", "fr": "Durée"}
    settings = {"name": "length", "labels": labels, "column": "months", "day": "start_on"}
    return LegalRule.model_validate({**settings, "article": "L6325-11", **more})


def outside(**more: Any) -> list[int]:
    [(_rule, rows)] = breaches([rule(**more)], ROWS)
    return [int(place) for place in rows.index]


@pytest.mark.parametrize(
    ("limits", "found"),
    [
        ({"minimum": 6.0, "maximum": 24.0, "valid_to": date(2018, 12, 31)}, [0, 3]),
        ({"minimum": 6.0, "maximum": 36.0, "valid_from": date(2019, 1, 1)}, []),
        ({"maximum": 24.0}, [3, 4]),
        ({"minimum": 6.0}, [0]),
        ({"maximum": 24.0, "where": {"scheme": "other"}}, []),
        ({"maximum": 24.0, "where": {"scheme": "pro"}}, [3, 4]),
        ({}, []),
    ],
)  # fmt: skip
def test_a_row_is_judged_by_the_law_of_its_day(limits: dict[str, Any], found: list[int]) -> None:
    assert outside(**limits) == found
