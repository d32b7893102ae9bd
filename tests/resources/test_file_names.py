"""A file's name is shown where it can tell of nobody; any other file goes by its receipt."""

from datetime import date
from pathlib import Path

import pytest

from agir_pipeline.protocol.loading import load_protocol, packaged_protocols
from agir_pipeline.protocol.model import Protocol
from agir_pipeline.resources.file_names import (
    drawn_on,
    first_year,
    is_private,
    place_of,
    shown_before_receipt,
)
from agir_pipeline.resources.making import delivery_receipt
from agir_pipeline.resources.receipts import Receipt

TODAY = date(2011, 3, 1)


@pytest.fixture(scope="module")
def agir() -> Protocol:
    return load_protocol(packaged_protocols()["agir"])


@pytest.mark.parametrize(
    "name",
    [
        "suivi_2010-12-31.xlsx",
        "Suivi bénéficiaires 31-12-2010.xlsx",
        "SUIVI_20101231_v2.XLSX",
        "export contrats 2011.csv",
        "entretiens_c1_2011-02.xlsx",
        "cnam 12.csv",
    ],
)
def test_words_of_the_study_and_days_of_it_are_shown(agir: Protocol, name: str) -> None:
    assert not is_private(agir, name, TODAY)


@pytest.mark.parametrize(
    "name",
    [
        "suivi Quémeneurvalé.xlsx",
        "suivi_Que\u0301meneurvale\u0301.xlsx",
        "suivi 0699417305.csv",
        "suivi 06 99 41 73 06.csv",
        "suivi_1987-09-23.csv",
        "suivi_23-09-1987.csv",
        "295109912611193.csv",
        "quemeneurval.e@example.org.csv",
        "suivi.quemeneurval",
        "suivi_2031-01-01.csv",
        "suivi_7305.csv",
    ],
)
def test_whatever_else_a_name_holds_is_not(agir: Protocol, name: str) -> None:
    assert is_private(agir, name, TODAY)
    receipt = delivery_receipt(agir, "outreach_log", None, name, TODAY, "inbox")
    assert receipt.shown_name.startswith(f"outreach_log-{receipt.receipt_id}")
    assert receipt.file_name == name
    assert Receipt.from_json(receipt.to_json()) == receipt


def test_a_receipt_of_before_reads_as_it_was_written(agir: Protocol) -> None:
    receipt = delivery_receipt(agir, "outreach_log", None, "suivi.csv", TODAY, "inbox")
    assert "has_private_name" not in receipt.to_json()
    assert Receipt.from_json(receipt.to_json()).shown_name == "suivi.csv"


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("suivi_2010-12-31.xlsx", date(2010, 12, 31)),
        ("2010-01-01_au_2010-03-31.csv", date(2010, 3, 31)),
        ("suivi_2010-13-45.csv", None),
        ("suivi.csv", None),
        ("suivi_20101231.csv", None),
        ("suivi_1987-09-23.csv", None),  # a birthday rather than the day it was drawn
    ],
)
def test_the_last_day_in_a_file_name_is_when_it_was_drawn(
    agir: Protocol, name: str, day: date | None
) -> None:
    assert drawn_on(agir, name, TODAY) == day


def test_files_of_a_study_are_of_its_years_whenever_they_come(agir: Protocol) -> None:
    assert first_year(agir, TODAY) == 1999
    assert first_year(agir, date(2026, 1, 1)) == 2009


def test_a_file_nobody_took_in_is_told_by_the_folders_that_may_be_shown(agir: Protocol) -> None:
    assert shown_before_receipt(agir, Path("suivi/Ada/Lovelace.csv")) == "suivi/…/….csv"


def test_where_a_file_lies_is_told_without_its_name() -> None:
    place = place_of(Path("inbox/Ada.csv"), "register")
    assert "Ada" not in place
    assert place != place_of(Path("inbox/Ada.csv"), "pool")
