"""Bands, classes and columns."""

import numpy as np
import pandas as pd
import pytest

from agir_pipeline.methods.matching.design import delay_band, design_matrix, fold, fold_all, strata


def test_a_delay_belongs_to_the_band_it_does_not_exceed():
    delays = np.array([-3, 0, 0.5, 15, 15.1, 30])
    assert delay_band(delays, 15).tolist() == [0, 0, 15, 15, 30, 30]


def test_a_missing_delay_has_no_band():
    with pytest.raises(ValueError, match=r"1 delay\(s\) are missing"):
        delay_band(np.array([1.0, np.nan]), 15)


def test_classes_are_half_open(covariate):
    months = covariate("months", cut_points=(9.5, 15.5))
    found = fold(months, pd.Series([2, 9.5, 15.4, 15.5, None]))
    assert found.tolist() == ["< 9.5", "[9.5, 15.5)", "[9.5, 15.5)", ">= 15.5", "missing"]


def test_codes_are_grouped_and_a_hole_is_a_level(covariate):
    sector = covariate("sector", scale="category", groups={"AZ": "field", "1": "one"})
    assert fold(sector, pd.Series(["AZ", "GI", None])).tolist() == ["field", "GI", "missing"]
    assert fold(sector, pd.Series([1.0, None, 2.5])).tolist() == ["one", "missing", "2.5"]
    assert fold(sector, pd.Series([1, 2], dtype="Int64")).tolist() == ["one", "2"]
    assert fold(sector, pd.Series([True, False])).tolist() == ["true", "false"]


def test_numbers_are_filled_with_the_median_and_marked(covariate):
    covariates = (covariate("age"), covariate("level", scale="category"), covariate("same"))
    values = pd.DataFrame(
        {"age": [20, None, 24, 22], "level": ["v", "iv", None, "v"], "same": [1, 1, 1, 1]}
    )
    folded = fold_all(covariates, values)
    names, matrix = design_matrix(covariates, folded, 4, has_reference_level=True)
    assert names == ["age", "age=missing", "level=missing", "level=v"]
    assert matrix[:, 0].tolist() == [20, 22, 24, 22]
    assert matrix[:, 1].tolist() == [0, 1, 0, 0]
    assert design_matrix(covariates, folded, 4, False)[0][2] == "level=iv"


def test_a_number_nobody_has_makes_no_column(covariate):
    names, matrix = design_matrix((covariate("age"),), {"age": np.full(3, np.nan)}, 3, True)
    assert names == []
    assert matrix.shape == (3, 0)


def test_a_stratum_names_what_is_equal():
    folded = {"level": np.array(["v", "missing"], dtype=object), "nature": np.array(["a", "b"])}
    assert strata(folded, ("level", "nature"), 2).tolist() == [
        "level=v; nature=a",
        "level=missing; nature=b",
    ]
    assert strata(folded, (), 2).tolist() == ["all", "all"]


def test_no_two_strata_have_the_same_name():
    first = np.array(["a; f=b", "a", "a"], dtype=object)
    second = np.array(["c", "b; f=c", "b"], dtype=object)
    names = strata({"e": first, "f": second}, ("e", "f"), 3).tolist()
    assert names == ["e='a; f=b'; f=c", "e=a; f='b; f=c'", "e=a; f=b"]
    numbers = {"x": np.array([2.0, np.nan, 1.0, np.nan]), "y": np.array([1.0, 1.0, 2.0, 1.0])}
    found = strata(numbers, ("x", "y"), 4).tolist()
    assert found == ["x=2.0; y=1.0", "x=nan; y=1.0", "x=1.0; y=2.0", "x=nan; y=1.0"]


def test_mixed_kinds_keep_their_own_codes(covariate):
    mixed = covariate("mixed", scale="category")
    rows = pd.Series([1, True, 1.0, "1", None, 2.5], dtype=object)
    assert fold(mixed, rows).tolist() == ["1", "true", "1", "1", "missing", "2.5"]
    texts = pd.Series(["b", "a", None, "b"], dtype=object)
    assert fold(mixed, texts).tolist() == ["b", "a", "missing", "b"]
