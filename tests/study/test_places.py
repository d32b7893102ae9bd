"""How many places it takes: a study one, a source two, an outcome two. Each is done here."""

import re
import shutil
from pathlib import Path

import pandas as pd
import pytest

from agir_pipeline.errors import ProtocolError
from agir_pipeline.methods.reading.typing_rules import as_frame
from agir_pipeline.protocol.loading import load_protocol, packaged_protocols
from agir_pipeline.resources.home import Home
from agir_pipeline.resources.making import delivery_receipt, init_home, today_of
from agir_pipeline.resources.parser import Parser
from agir_pipeline.resources.releases import Releases
from agir_pipeline.resources.sql_models import SqlModels
from agir_pipeline.resources.study import open_study

ROOT = Path(__file__).parents[2]
SMALL = Path(__file__).parent / "small.toml"
SOURCES = Path(__file__).parents[1] / "fixtures" / "sources"
FIXTURES = sorted(p for p in SOURCES.glob("*/*") if p.is_dir())


def test_the_protocol_in_contributing_is_the_one_that_is_run() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    written = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    assert SMALL.read_text(encoding="utf-8").split("\n", 1)[1] == written[0]


def test_a_new_study_is_one_protocol_file(tmp_path: Path, agir) -> None:
    home = tmp_path / "home"
    assert agir("protocol", "check", SMALL).returncode == 0
    assert agir("init", home, "--protocol", SMALL).returncode == 0
    rows = ["Person no.;Group;Age;Income a year later"]
    rows += [f"P{n};{n % 4 == 0:d};{20 + n % 30};{1000 + (n * 97) % 800}" for n in range(200)]
    file = tmp_path / "people.csv"
    file.write_text("\n".join(rows) + "\n", encoding="utf-8")
    assert agir("receive", file, "--source", "people", "--home", home).returncode == 0
    done = agir("run", "--home", home)
    assert done.returncode == 0, done.stdout + done.stderr
    effect = Releases(home / "releases").read("income").iloc[0]
    assert effect["n_complete_pairs"] == 50
    assert effect["ci_low"] < effect["difference"] < effect["ci_high"]


@pytest.mark.parametrize("folder", FIXTURES, ids=lambda p: f"{p.parent.name}/{p.name}")
def test_a_new_source_is_a_block_and_a_fixture(folder: Path, tmp_path: Path) -> None:
    """Every folder of fixtures/sources/<study>/<source> reads as its expected.csv says."""
    init_home(tmp_path / "home", folder.parent.name)
    home = Home(tmp_path / "home")
    protocol = load_protocol(home.protocol_path)
    file = next(p for p in folder.glob("*/*"))
    receipt = delivery_receipt(
        protocol, folder.name, file.parent.name, file.name, today_of(protocol), "command"
    )
    arrival = home.landing.receive(file.read_bytes(), receipt)
    with Parser() as parser:
        reading = open_study(tmp_path / "home").readings.read(arrival.receipt, parser)
    assert reading.refusal is None
    expected = pd.read_csv(folder / "expected.csv", dtype="string", keep_default_na=False)
    found = as_frame(reading.rows)[list(expected.columns)]
    texts = found.astype("object").where(found.notna(), "").astype("string")
    pd.testing.assert_frame_equal(texts, expected, check_dtype=False)


def test_every_source_of_the_packaged_studies_has_its_fixture() -> None:
    declared = {
        (name, source.name)
        for name, path in packaged_protocols().items()
        for source in load_protocol(path).sources
    }
    assert declared == {(folder.parent.name, folder.name) for folder in FIXTURES}


def test_a_new_event_definition_is_a_macro_and_a_block(tmp_path: Path) -> None:
    """Ruptures of the first two months only: one condition in SQL, one block in the protocol."""
    models = tmp_path / "models"
    shutil.copytree(ROOT / "dbt_like_sql", models)
    (models / "macros" / "counts_early.sql").write_text(
        "{% macro counts_early(definition) %}spell_ends.spell_id = members.spell_id "
        "and spell_ends.ends_on <= members.index_on + {{ definition.window_days }}{% endmacro %}",
        encoding="utf-8",
    )
    variables = {
        "known_on": "2020-12-31",
        "event_definitions": [
            {"outcome": "leaving", "name": "early", "method": "early", "origin": "stays",
             "window_days": 60, "cut_on": "2020-12-31"},
        ],
    }  # fmt: skip
    rendered = SqlModels(models).render("event_candidates", variables)
    assert "spell_ends.ends_on <= members.index_on + 60" in rendered.sql


def test_a_method_without_a_macro_is_a_mistake_that_names_those_there_are(tmp_path: Path) -> None:
    path = packaged_protocols()["agir"]
    shutil.copytree(path.parent, tmp_path / "agir")
    text = path.read_text(encoding="utf-8").replace('method = "path_net"', 'method = "path_nett"')
    (tmp_path / "agir" / "agir.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ProtocolError, match=r"path_nett.*gross, path_net"):
        load_protocol(tmp_path / "agir" / "agir.toml")
