"""A rule on answers: true, false, or open; one that fails decides."""

import numpy as np
import pandas as pd

from agir_pipeline.methods.rules import holds
from agir_pipeline.protocol.mechanism import StatusRule


def test_what_fails_decides_whatever_else_is_missing():
    rule = StatusRule(codes={"job": ("yes",)}, minimum={"months": 6.0})
    told = pd.DataFrame(
        {
            "job": pd.Series(["yes", "yes", "no", None, None], dtype="string"),
            "months": [6.0, np.nan, np.nan, 2.0, 9.0],
        }
    )
    assert holds(rule, told).tolist()[:1] == [1.0]
    assert np.array_equal(holds(rule, told), [1, np.nan, 0, 0, np.nan], equal_nan=True)


def test_a_limit_to_be_passed_and_one_to_be_met():
    told = pd.DataFrame({"months": [6.0, 6.5]})
    assert holds(StatusRule(above={"months": 6.0}), told).tolist() == [0, 1]
    assert holds(StatusRule(minimum={"months": 6.0}), told).tolist() == [1, 1]


def test_yes_and_no_are_codes_of_a_boolean():
    told = pd.DataFrame({"flag": pd.Series([True, False, None], dtype="boolean")})
    is_true = holds(StatusRule(codes={"flag": ("true",)}), told)
    assert np.array_equal(is_true, [1, 0, np.nan], equal_nan=True)
    assert holds(StatusRule(codes={"flag": ("false",)}), told).tolist()[:2] == [0, 1]
