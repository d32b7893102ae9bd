"""The first night of a study for which nothing has arrived: it ends well and knows nothing."""

from pathlib import Path

import pandas as pd
import pytest

from agir_pipeline.assets.doubted import before_index
from agir_pipeline.assets.judged import People, _linked
from agir_pipeline.protocol.loading import load_protocol, packaged_protocols
from agir_pipeline.resources.making import init_home
from agir_pipeline.resources.releases import Releases
from agir_pipeline.running import run_study


def test_without_a_person_or_a_pair_nothing_is_judged_and_nothing_fails() -> None:
    protocol = load_protocol(packaged_protocols()["agir"])
    index = protocol.matching.index
    assert index
    texts = ["person_id", "arm", "spell_id"]
    days = [index.entry_column, index.supported_since_column]
    participants = pd.DataFrame(
        {name: pd.Series(dtype="string") for name in texts}
        | {name: pd.Series(dtype="datetime64[us]") for name in days}
    )
    pairs = pd.DataFrame(
        {
            name: pd.Series(dtype="string")
            for name in ("pair_id", "beneficiary_person_id", "control_person_id")
        }
        | {"control_index_on": pd.Series(dtype="datetime64[us]")}
        | {"elapsed_days": pd.Series(dtype="Int64")}
    )
    exact = [c.name for c in protocol.covariates if c.role == "exact"]
    columns = ["pair_id", "arm", *exact]
    population = pd.DataFrame({name: pd.Series(dtype="string") for name in columns})
    people = People(participants, pairs)
    before = before_index(protocol, people, population)
    assert before is not None
    assert list(before.columns) == ["elapsed_days", "supported_days", "stratum"]
    assert before.empty
    assert _linked(participants, protocol) == {"beneficiary": (0, 0), "control": (0, 0)}


@pytest.mark.long
def test_the_first_night_of_agir_without_a_file_publishes_empty_tables(tmp_path: Path) -> None:
    init_home(tmp_path / "home", "agir")
    outcome = run_study(tmp_path / "home")
    assert (outcome.exit_code, list(outcome.faults)) == (0, [])
    assert Releases(tmp_path / "home" / "releases").read("matched_pairs").empty
