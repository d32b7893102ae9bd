"""Which rows a reader means who copies a cell from a page, a CSV or a program."""

import pandas as pd
import pytest

from agir_pipeline.tracing import is_said_of


@pytest.mark.parametrize(
    ("values", "written", "expected"),
    [
        (pd.Series([True, False, None], dtype="boolean"), "true", [True, False, False]),
        (pd.Series([True, False, None], dtype="boolean"), "False", [False, True, False]),
        (pd.Series([274, 91, None], dtype="Int64"), "274", [True, False, False]),
        (pd.Series([274, 91, None], dtype="Int64"), "274.0", [True, False, False]),
        (pd.Series([0.9, 0.6, None]), "0,9", [True, False, False]),
        (pd.Series([0.9, 0.6, None]), "nine", [False, False, False]),
        (pd.Series(["met", "not_met", None], dtype="string"), "met", [True, False, False]),
        (pd.Series(["met", "not_met", None], dtype="string"), "", [False, False, True]),
        (pd.to_datetime(pd.Series(["2010-09-01", None])), "2010-09-01", [True, False]),
    ],
)
def test_a_cell_is_found_however_it_is_written(values, written, expected):
    assert is_said_of(values, written).tolist() == expected
