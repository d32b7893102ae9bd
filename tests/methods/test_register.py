"""The register of processing says what article 30 asks for, in both languages."""

import re
from datetime import date

import pytest

from agir_pipeline.language import use_language
from agir_pipeline.methods.register import NOT_SAID, register_of_processing
from agir_pipeline.protocol.loading import load_protocol, packaged_protocols
from agir_pipeline.protocol.model import Labels, Protocol
from agir_pipeline.protocol.values import Fact


@pytest.fixture(autouse=True)
def _english() -> None:
    use_language("en")


@pytest.fixture(scope="module")
def agir() -> Protocol:
    return load_protocol(packaged_protocols()["agir"])


def test_it_has_every_part_that_the_law_names(agir: Protocol) -> None:
    text = register_of_processing(agir)
    headings = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert headings == [
        *("Controller", "Purposes", "Legal basis", "Categories of people", "Categories of data"),
        *("Recipients and transfers", "Time limits for erasure", "Security measures"),
    ]
    for column in agir.source("beneficiary_register").columns:
        assert column.labels.en in text
    assert "Cnam Pays de la Loire" in text
    assert "No transfer out of the European Economic Area." in text
    assert NOT_SAID not in text


def test_it_is_in_french_for_french_readers(agir: Protocol) -> None:
    use_language("fr")
    text = register_of_processing(agir)
    assert "## Finalités" in text
    assert "Numéro de dossier" in text
    assert "## Purposes" not in text


def test_dates_and_transfers_stand_in_it_where_the_protocol_has_them(agir: Protocol) -> None:
    until = Fact[date](value=date(2030, 12, 31), unit="day", source="the plan")
    first, *others = agir.sources
    assert agir.processing is not None
    transfers = Labels(en="To Iceland.", fr="Vers l'Islande.")
    dated = agir.model_copy(
        update={
            "sources": (first.model_copy(update={"keep_until": until}), *others),
            "processing": agir.processing.model_copy(update={"transfers": transfers}),
        }
    )
    text = register_of_processing(dated)
    assert "Register of beneficiaries: until 2030-12-31 (the plan)" in text
    assert "- To Iceland." in text


def test_what_a_protocol_does_not_say_is_said_to_be_missing() -> None:
    nsw = load_protocol(packaged_protocols()["nsw"])
    text = register_of_processing(nsw)
    assert text.count(NOT_SAID) == 4
