"""Labels say alike or not of one person, and nothing else."""

import pandas as pd

from agir_pipeline.methods.identity.labels import SAID, identity_labels


def said(*rows: tuple[object, ...]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=pd.Index(list(SAID)))


def test_equal_values_of_one_person_and_fact_share_a_label_and_others_do_not() -> None:
    labels = identity_labels(
        said(
            ("r1", 1, "ada", "birth", "1989-01-01"),
            ("r2", 2, "ada", "birth", "1989-01-01"),
            ("r3", 3, "ada", "birth", "1990-02-02"),
            ("r1", 4, "ada", "year", "1990-02-02"),
        )
    )
    assert sorted(labels.astype(str).agg(" ".join, axis=1)) == [
        "r1 1 1",
        "r1 4 1",
        "r2 2 1",
        "r3 3 2",
    ]
    assert not labels.map(str).isin(["1989-01-01", "1990-02-02", "ada"]).any(axis=None)


def test_the_labels_of_two_persons_have_nothing_in_common() -> None:
    labels = identity_labels(
        said(("r1", 1, "ada", "birth", "1989-01-01"), ("r2", 1, "ben", "birth", "1990-02-02"))
    )
    assert list(labels["label"]) == ["1", "1"]


def test_a_row_without_value_or_person_says_nothing() -> None:
    labels = identity_labels(
        said(("r1", 1, None, "birth", "1989-01-01"), ("r2", 1, "ben", "birth", None))
    )
    assert labels.empty
    assert list(labels.columns) == ["record_id", "teller", "label"]
