"""The prior of a match, from how many people two lists name."""

import pandas as pd
import pytest

from agir_pipeline.methods.identity.prior import LEAST_PEOPLE, beside_lengths, people_named

PRIOR = 1e-4


def scores(*rows: tuple[str, str, float]) -> pd.DataFrame:
    names = pd.Index(["fingerprint_a", "fingerprint_b", "probability"])
    return pd.DataFrame(list(rows), columns=names)


def weighed(probability: float, n_short: int, n_long: int) -> float:
    found = beside_lengths(
        scores(("a", "b", probability)), {"a": "x", "b": "y"}, {"x": n_short, "y": n_long}, PRIOR
    )
    return float(found["probability"].iloc[0])


def test_a_list_names_as_many_people_as_have_different_names_or_birthdays() -> None:
    rows = pd.DataFrame(
        [("x", "roy", "anne", "1990-01-01"), ("x", "roy", "anne", "1990-01-01"),
         ("x", "roy", "anne", None), ("y", "roy", "anne", "1990-01-01")],
        columns=["place_of", "last_name", "first_name", "born_on"],
    )  # fmt: skip
    assert people_named(rows) == {"x": 2, "y": 1}


def test_the_odds_are_those_of_one_in_the_longer_list() -> None:
    """With even odds on lists of ten thousand, which is what the model was trained with."""
    assert weighed(0.5, 150, 10_000) == pytest.approx(0.5)
    assert weighed(0.5, 10_000, 150) == pytest.approx(0.5)
    assert weighed(0.5, 150, 1_000) / (1 - weighed(0.5, 150, 1_000)) == pytest.approx(9999 / 999)
    assert weighed(0.5, 150, 100_000) == pytest.approx(1 / 11, rel=1e-3)


def test_a_list_that_has_only_begun_counts_as_one_of_five_hundred() -> None:
    assert weighed(0.5, 3, 8) == weighed(0.5, 3, LEAST_PEOPLE) < 0.96
    assert weighed(0.3, 3, 8) < 0.9


def test_nothing_scored_stays_nothing_and_a_record_that_is_gone_is_left_out() -> None:
    known = {"a": "x", "b": "y"}, {"x": 700, "y": 600}
    empty = beside_lengths(pd.DataFrame(columns=scores().columns), *known, PRIOR)
    assert list(empty.columns) == list(scores().columns)
    assert empty.empty
    told = scores(("gone", "b", 0.9), ("a", "b", 0.9), ("a", "gone", 0.9))
    assert beside_lengths(told, *known, PRIOR)["fingerprint_b"].tolist() == ["b"]
