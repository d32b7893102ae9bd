"""What deliveries say against the ones before them, as vault and steward get it."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from agir_pipeline.language import use_language
from agir_pipeline.resources.home import Home
from agir_pipeline.resources.making import delivery_receipt, init_home
from agir_pipeline.resources.parser import Parser
from agir_pipeline.resources.study import Study, open_study
from agir_pipeline.resources.surprises import COLUMNS, surprise_sentences, surprises

HEADER = "N° avenant;OPCA;N° contrat;Type contrat;Dispositif;Nature;Nom;Prénom;Date de naissance"
HEADER += ";Date conclusion;Date début exécution;Date fin prévue;Niveau préparé"
ROW = "0;AGEFOS;{n};1;CP;CDD;Bré;Paul{n};05/03/1990;{signed};04/01/2010;03/01/2011;V"
SOURCE = "contract_register"


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    use_language("en")
    yield
    use_language("en")


@pytest.fixture
def study(tmp_path: Path) -> Study:
    init_home(tmp_path / "home", "agir")
    return open_study(tmp_path / "home")


def deliver(study: Study, day: date, rows: list[str]) -> None:
    content = "\n".join([HEADER, *rows, ""]).encode("cp1252")
    name = f"export_contrats_{day}.csv"
    receipt = delivery_receipt(study.protocol, SOURCE, None, name, day, "command")
    Home(study.home.folder).landing.receive(content, receipt)


def told(study: Study) -> pd.DataFrame:
    with Parser() as parser:
        readings = [study.readings.read(r, parser) for r in study.state().deliveries]
    return surprises(study.protocol, readings)


def rows(*numbers: int, signed: str = "02/01/2010") -> list[str]:
    return [ROW.format(n=n, signed=signed) for n in numbers]


def test_without_deliveries_nothing_is_told(study: Study) -> None:
    assert list(told(study).columns) == list(COLUMNS)
    assert told(study).empty


def test_a_row_that_left_is_told_by_file_and_row_and_never_by_its_content(study: Study) -> None:
    deliver(study, date(2010, 2, 28), rows(1, 2, 3))
    deliver(study, date(2010, 3, 31), rows(1, 3))
    found = told(study)
    assert found[["source", "code", "row_number"]].values.tolist() == [[SOURCE, "row_left", 3]]
    [sentence] = surprise_sentences(study.protocol.source(SOURCE), found)
    assert sentence.startswith("export_contrats_2010-03-31.csv, row 3: this row of the file before")


def test_a_value_rewritten_is_told_by_the_label_of_its_column(study: Study) -> None:
    deliver(study, date(2010, 2, 28), rows(1, 2))
    deliver(study, date(2010, 3, 31), [*rows(1), *rows(2, signed="03/01/2010")])
    found = told(study)
    assert found["code"].tolist() == ["rewritten"]
    [sentence] = surprise_sentences(study.protocol.source(SOURCE), found)
    assert "“Signed on”" in sentence


def test_a_row_rejected_is_not_a_row_that_left(study: Study) -> None:
    deliver(study, date(2010, 2, 28), rows(1, 2))
    deliver(study, date(2010, 3, 31), [*rows(1), *rows(2, signed="30/02/2010")])
    assert told(study).empty


def test_a_file_refused_whole_is_passed_over(study: Study) -> None:
    deliver(study, date(2010, 2, 28), rows(1, 2))
    receipt = delivery_receipt(
        study.protocol, SOURCE, None, "export_contrats_2010-03-31.csv", date(2010, 3, 31), "command"
    )
    study.home.landing.receive(b"", receipt)
    deliver(study, date(2010, 4, 30), rows(1, 2, 3))
    assert told(study).empty
