"""One spelling for what people write in many."""

import unicodedata

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agir_pipeline.methods.identity.normalise import normalised, normalised_text


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Élodie", "ELODIE"),
        ("Jean-Pierre", "jean pierre"),
        ("Jean-Pierre", "JEANPIERRE"),
        ("L'Hostis", "L’Hostis"),
        ("L'Hostis", "lhostis"),
        ("  Le   Gall ", "Le Gall"),
        ("Le\u00a0Gall", "Le Gall"),
        ("Nuñez", unicodedata.normalize("NFD", "Nuñez")),
        ("Dupont ép. Martin", "DUPONT"),
        ("Dupont épouse Martin", "Dupont"),
        ("Dupont née Martin", "Dupont"),
        ("Dupont (ép. Martin)", "dupont"),
        ("Lebœuf", "LEBOEUF"),
        ("Strauß", "STRAUSS"),
        ("Søren", "soren"),
        ("Łukasz", "lukasz"),
        ("İbrahim", "ibrahim"),
        ("AGIR-001", "agir 001"),
        ("ＡＢ１２", "ab12"),
    ],
)
def test_two_spellings_of_one_name_are_equal(one: str, other: str) -> None:
    assert normalised_text(one) == normalised_text(other) != ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Renée", "Ren"),
        ("Épinay", "Inay"),
        ("Née", "Ép"),
        ("Martin", "Martine"),
        ("EP-1234", "EP-1235"),
        ("2010 EP 123", "2010 EP 124"),
        ("李", "王"),
    ],
)
def test_different_names_and_numbers_stay_different(one: str, other: str) -> None:
    assert normalised_text(one) != normalised_text(other)


@pytest.mark.parametrize("empty", ["", "  ", "-", "'", "\u0301"])
def test_signs_without_letters_say_nothing(empty: str) -> None:
    assert normalised_text(empty) == ""


@given(st.text())
def test_a_normalised_text_has_letters_and_digits_only(text: str) -> None:
    found = normalised_text(text)
    assert all(c.isalnum() for c in found)
    assert found == found.casefold()


@given(st.text(alphabet=st.characters(categories=["L", "Nd", "Zs", "Pd", "Mn"])))
def test_the_form_of_accents_and_the_case_do_not_matter(text: str) -> None:
    forms = {normalised_text(unicodedata.normalize(form, text)) for form in ("NFC", "NFD", "NFKC")}
    assert forms == {normalised_text(text)}
    assert normalised_text(text.casefold()) == normalised_text(text)


def test_a_column_keeps_its_place_and_what_is_missing() -> None:
    values = pd.Series(["Éa", None, " ", "EA", "b"], index=[3, 1, 4, 1, 5], dtype="string")
    found = normalised(values)
    assert found.index.tolist() == [3, 1, 4, 1, 5]
    assert found.fillna("?").tolist() == ["ea", "?", "?", "ea", "b"]


@pytest.mark.parametrize("values", [[], [None, None], ["-"]])
def test_a_column_that_says_nothing_is_missing_throughout(values: list[str | None]) -> None:
    found = normalised(pd.Series(values, dtype="string"))
    assert len(found) == len(values)
    assert found.isna().all()


def test_dates_become_days() -> None:
    days = pd.Series(pd.to_datetime(["1990-02-28", None]))
    assert normalised(days).fillna("?").tolist() == ["1990-02-28", "?"]
