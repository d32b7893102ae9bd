"""``changes.csv``: what a release says otherwise than the one before it, and why."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from agir_pipeline.resources.releases import Releases
from tests.releasing import content, visits

FACTS: dict[str, Any] = {
    "state_digest": "s1",
    "protocol_digest": "p1",
    "design_digest": "d1",
    "keys_fingerprint": "k1",
    "code_version": "1",
    "versions": {"numpy": "2.3"},
    "inputs": [{"receipt_id": "r1", "kind": "delivery"}, {"receipt_id": "r2", "kind": "round"}],
}


@pytest.fixture
def releases(tmp_path: Path) -> Releases:
    return Releases(tmp_path / "releases")


def published(releases: Releases, name: str, table: pd.DataFrame, **facts: Any) -> pd.DataFrame:
    tables = {**content(0).tables, "visits": table}
    told = FACTS | {"state_digest": name} | facts
    made = content(0, release_id=f"2011-02-28-{name}", facts=told, tables=tables)
    folder = releases.publish(made).folder
    changes = (folder / "changes.csv").read_bytes()
    certificate = json.loads((folder / "certificate.json").read_text("utf-8"))
    assert certificate["changes_sha256"] == hashlib.sha256(changes).hexdigest()
    found = pd.read_csv(folder / "changes.csv", sep=";", encoding="utf-8-sig")
    before = found["previous_release"].dropna().unique().tolist()
    assert before in ([], [certificate["previous_release"]])
    return found


def test_of_the_first_release_the_heading_alone_is_there(releases: Releases) -> None:
    found = published(releases, "a", visits(0))
    assert found.empty
    assert list(found) == [
        "previous_release", "kind", "name", "before", "after", "n_new", "n_gone", "n_changed",
    ]  # fmt: skip


def test_inputs_causes_and_rows_are_counted_by_hand(releases: Releases) -> None:
    published(releases, "a", visits(0))
    other = visits(0)
    other.loc[3, "n_minutes"] = None
    other.loc[4, "n_minutes"] = 7
    other = pd.concat([other.drop(index=[0, 1]), other.loc[[2]].assign(person_id="p99")])
    found = published(
        releases, "b", other, code_version="2", protocol_digest="p2", versions={"numpy": "2.4"},
        inputs=[{"receipt_id": r, "kind": "delivery"} for r in ("r1", "r3", "r4")],
    )  # fmt: skip
    assert set(found["previous_release"]) == {"2011-02-28-a"}
    told = found.drop(columns="previous_release").astype(object).fillna("-").to_numpy().tolist()
    assert told == [
        ["input", "delivery", "-", "-", 2, 0, "-"],
        ["input", "round", "-", "-", 0, 1, "-"],
        ["cause", "protocol", "p1", "p2", "-", "-", "-"],
        ["cause", "code", "1", "2", "-", "-", "-"],
        ["cause", "library numpy", "2.3", "2.4", "-", "-", "-"],
        # two rows left, one came; one says seven minutes, one said none before and after
        ["table", "visits", "-", "-", 1, 2, 1],
    ]


def test_columns_and_tables_that_came_or_went_are_named(releases: Releases) -> None:
    published(releases, "a", visits(0))
    [visiting, dictionary] = content(0).contracts
    columns = tuple(c for c in visiting.columns if c.name != "note")
    more = replace(columns[1], name="mood")
    narrow = replace(visiting, columns=(*columns, more))
    new = replace(dictionary, name="moods")
    made = content(
        0,
        release_id="2011-02-28-b",
        facts=FACTS | {"state_digest": "b"},
        tables={
            "visits": visits(0).drop(columns="note").assign(mood=None),
            "moods": pd.DataFrame({"column": ["x", "y"]}, dtype="string"),
        },
        contracts=(narrow, new),
    )
    folder = releases.publish(made).folder
    found = pd.read_csv(folder / "changes.csv", sep=";", encoding="utf-8-sig")
    told = found.set_index("name")[["kind", "n_new", "n_gone", "n_changed"]].fillna(-1)
    assert told.T.to_dict("list") == {
        "data_dictionary": ["table", 0, 1, -1],
        "moods": ["table", 2, 0, -1],
        "visits.note": ["column", 0, 1, -1],
        "visits.mood": ["column", 1, 0, -1],
    }


def test_a_key_that_is_new_leaves_the_rows_uncounted(releases: Releases) -> None:
    published(releases, "a", visits(0))
    [visiting, dictionary] = content(0).contracts
    keyed = replace(
        visiting,
        columns=(replace(visiting.columns[0], name="visit_id"), *visiting.columns[1:]),
        key=("visit_id",),
    )
    made = content(
        0,
        release_id="2011-02-28-b",
        facts=FACTS | {"state_digest": "b"},
        tables={**content(0).tables, "visits": visits(0).rename(columns={"person_id": "visit_id"})},
        contracts=(keyed, dictionary),
    )
    folder = releases.publish(made).folder
    found = pd.read_csv(folder / "changes.csv", sep=";", encoding="utf-8-sig").set_index("name")
    assert found.loc["visits", ["n_new", "n_gone", "n_changed"]].isna().all()
    assert set(found.index) == {"visits", "visits.person_id", "visits.visit_id"}


def test_a_damaged_database_before_it_stops_no_release(releases: Releases) -> None:
    published(releases, "a", visits(0))
    database = releases.folder / "2011-02-28-a" / "tier1" / "visits_study.duckdb"
    database.chmod(0o640)
    database.write_bytes(b"no database")
    found = published(releases, "b", visits(1), code_version="2")
    assert found["kind"].tolist() == ["cause"]


def test_a_table_that_differs_in_its_stamps_alone_has_no_line(releases: Releases) -> None:
    for name, day in (("a", "2011-02-28"), ("b", "2011-03-01")):
        contracts = [contract.as_released() for contract in content(0).contracts]
        stamps = {"as_of": pd.Timestamp(day), "protocol_digest": "p1", "design_digest": "d1"}
        tables = {n: rows.assign(**stamps) for n, rows in content(0).tables.items()}
        more = pd.DataFrame({"column": ["kind", "person_id"][name == "a" :]}, dtype="string")
        tables["data_dictionary"] = more.assign(**stamps)
        made = content(
            0,
            release_id=f"{day}-{name}",
            facts=FACTS | {"state_digest": name, "as_of": day},
            tables=tables,
            contracts=contracts,
        )
        folder = releases.publish(made).folder
    found = pd.read_csv(folder / "changes.csv", sep=";", encoding="utf-8-sig")
    assert found[["name", "n_new"]].to_numpy().tolist() == [["data_dictionary", 1]]


def test_what_came_before_changes_no_byte_that_the_manifest_hashes(tmp_path: Path) -> None:
    alone, after = Releases(tmp_path / "alone"), Releases(tmp_path / "after")
    published(after, "a", visits(0))
    for releases in (alone, after):
        published(releases, "b", visits(1))
    manifests = [(r.folder / "2011-02-28-b" / "MANIFEST.json").read_bytes() for r in (alone, after)]
    assert manifests[0] == manifests[1]
    changes = [(r.folder / "2011-02-28-b" / "changes.csv").read_bytes() for r in (alone, after)]
    assert changes[0] != changes[1]
