"""What the model compares, in one spelling."""

import pandas as pd
import pytest

from agir_pipeline.methods.identity.features import (
    COMPARED,
    compared_values,
    is_comparable,
    with_frequencies,
)

COLUMNS = {
    "last_name": ["last_name", "birth_name"],
    "first_name": ["first_name"],
    "born_on": ["born_on"],
    "place": ["postcode"],
    "phone": ["phone"],
    "email": ["email"],
}


def compared(**told: str | None) -> dict[str, str | None]:
    values = compared_values(pd.DataFrame([told], dtype="string"), COLUMNS)
    assert list(values.columns) == list(COMPARED)
    row = values.iloc[0]
    return {name: row[name] for name in COMPARED if pd.notna(row[name])}


def test_names_lose_accents_case_hyphens_and_apostrophes() -> None:
    told = compared(last_name="L’Helgouac’h", first_name="MARIE-HÉLÈNE", born_on="1990-01-02")
    assert told == {
        "last_name": "lhelgouach",
        "first_name": "mariehelene",
        "born_on": "1990-01-02",
    }


@pytest.mark.parametrize(
    ("told", "last", "other"),
    [
        ({"last_name": "Dupont ép. Le Gall"}, "dupont", "legall"),
        ({"last_name": "Le Gall née Dupont"}, "legall", "dupont"),
        ({"last_name": "Le Gall", "birth_name": "Dupont"}, "legall", "dupont"),
        ({"last_name": None, "birth_name": "Dupont"}, "dupont", "dupont"),
        ({"last_name": "Dupont ép."}, "dupont", None),
        ({"last_name": "Dupont"}, "dupont", None),
    ],
)
def test_a_second_family_name_is_the_other_name(
    told: dict[str, str | None], last: str, other: str | None
) -> None:
    found = compared(**told)
    assert (found["last_name"], found.get("other_name")) == (last, other)


@pytest.mark.parametrize(
    ("written", "phone"),
    [
        ("06 12 34 56 78", "612345678"),
        ("+33 6 12.34.56.78", "612345678"),
        ("612345678", "612345678"),
        ("12 34", None),
        ("?", None),
    ],
)
def test_a_phone_is_its_last_nine_digits(written: str, phone: str | None) -> None:
    assert compared(phone=written).get("phone") == phone


@pytest.mark.parametrize(
    ("written", "email"), [(" Anne.Roy@Example.ORG ", "anne.roy@example.org"), ("néant", None)]
)
def test_an_address_without_at_is_none(written: str, email: str | None) -> None:
    assert compared(email=written).get("email") == email


def test_a_name_alone_says_too_little_to_be_compared() -> None:
    rows = pd.DataFrame(
        {
            "last_name": ["Roy", "Roy", None, "Roy"],
            "first_name": [None, "Anne", "Anne", None],
            "phone": [None, None, "0612345678", "0612345678"],
        },
        dtype="string",
    )
    assert is_comparable(compared_values(rows, COLUMNS)).tolist() == [False, True, False, True]


def test_a_name_is_as_frequent_as_it_was_seen_beside_what_is_usual() -> None:
    rows = pd.DataFrame({"last_name": ["Roy", "ROY", "Le Gall", None], "first_name": [None] * 4})
    usual = {"last_name": 0.01, "first_name": 0.02}
    values = with_frequencies(compared_values(rows.astype("string"), COLUMNS), usual)
    assert values["tf_last_name"].tolist()[:3] == pytest.approx([4 / 203, 4 / 203, 3 / 203])
    assert pd.isna(values["tf_last_name"].iloc[3])
    assert values["tf_first_name"].isna().all()
