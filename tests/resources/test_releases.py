"""Publishing: what becomes current, what stays a draft, and what is never written again."""

import json
import os
import resource
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from agir_pipeline.errors import CheckError, InfrastructureError, UsageError
from agir_pipeline.resources import release_folder
from agir_pipeline.resources.release_folder import ReleaseContent, damaged_files
from agir_pipeline.resources.releases import Releases
from tests.releasing import content, visits


@pytest.fixture
def releases(tmp_path: Path) -> Releases:
    return Releases(tmp_path / "releases")


def by_other_code(n: int, tables_of: int) -> ReleaseContent:
    """The state ``n`` seen by newer code, which makes of it the tables of ``tables_of``."""
    facts = {**content(n).facts, "code_version": "2"}
    tables = content(tables_of).tables
    return content(n, release_id=f"2011-02-28-{n:011x}b", facts=facts, tables=tables)


def test_the_first_release_becomes_current(releases: Releases) -> None:
    assert releases.current() is None
    outcome = releases.publish(content(1))
    assert (outcome.kind, outcome.is_new) == ("published", True)
    assert releases.current() == outcome.release_id == "2011-02-28-000000000001"
    assert outcome.n_files == sum(path.is_file() for path in outcome.folder.rglob("*"))
    assert releases.folder / "current" / "MANIFEST.json" in (releases.folder / "current").iterdir()


def test_the_same_state_again_publishes_nothing(releases: Releases) -> None:
    first = releases.publish(content(1))
    before = (first.folder / "certificate.json").stat()
    again = releases.publish(content(1))
    assert (again.kind, again.is_new, again.release_id) == ("unchanged", False, first.release_id)
    assert (first.folder / "certificate.json").stat() == before


def test_another_state_moves_the_pointer_and_leaves_the_old_release(releases: Releases) -> None:
    first, second = releases.publish(content(1)), releases.publish(content(2))
    assert releases.current() == second.release_id
    assert releases.list() == [first.release_id, second.release_id]
    assert damaged_files(first.folder) == []


def test_other_code_with_the_same_tables_publishes_nothing(releases: Releases) -> None:
    releases.publish(content(1))
    outcome = releases.publish(by_other_code(1, tables_of=1))
    assert (outcome.kind, outcome.release_id) == ("unchanged", content(1).release_id)
    assert releases.list() == [content(1).release_id]


def test_other_code_with_other_tables_stays_a_draft_until_accepted(releases: Releases) -> None:
    releases.publish(content(1))
    draft = by_other_code(1, tables_of=2)
    outcome = releases.publish(draft)
    assert (outcome.kind, outcome.is_new) == ("draft", True)
    assert releases.current() == content(1).release_id
    assert releases.publish(draft).is_new is False
    releases.accept(draft.release_id)
    assert releases.current() == draft.release_id
    assert releases.publish(draft).kind == "unchanged"


def test_a_rebuild_of_a_past_day_is_a_draft_even_before_any_release(releases: Releases) -> None:
    outcome = releases.publish(content(1), is_draft=True)
    assert outcome.kind == "draft"
    assert releases.current() is None
    releases.publish(content(2))
    assert releases.publish(content(3), is_draft=True).kind == "draft"
    assert releases.current() == content(2).release_id
    assert releases.publish(content(2), is_draft=True).kind == "unchanged"


def test_a_table_more_is_another_release(releases: Releases) -> None:
    releases.publish(content(1))
    full = content(2, tables={**content(1).tables}, contracts=content(1).contracts[:1])
    assert releases.publish(full).kind == "published"


def test_a_release_killed_before_the_swap_is_found_and_made_current(releases: Releases) -> None:
    releases.publish(content(1))
    releases.publish(content(2))
    (releases.folder / "current").unlink()
    (releases.folder / "current").symlink_to(content(1).release_id)
    assert releases.publish(content(2)).kind == "published"
    assert releases.current() == content(2).release_id


def test_leftovers_of_a_killed_run_are_swept(releases: Releases) -> None:
    half = releases.folder / ".2011-02-28-000000000001.99.tmp"
    (half / "tier1").mkdir(parents=True)
    (half / "tier1" / "half.csv").write_text("half")
    (releases.folder / ".current.99.tmp").symlink_to("nowhere")
    releases.publish(content(1))
    assert sorted(path.name for path in releases.folder.iterdir()) == [
        content(1).release_id,
        "current",
    ]


@pytest.mark.parametrize(
    "name",
    ["tier1/csv/visits.csv", "tier1/parquet/visits.parquet", "tier1/visits_study.duckdb",
     "MANIFEST.json", "tier1/README.md"],
)  # fmt: skip
@pytest.mark.parametrize("harm", ["gone", "cut"])
def test_a_damaged_release_is_named_and_never_written_over(
    releases: Releases, name: str, harm: str
) -> None:
    outcome = releases.publish(content(1))
    path = outcome.folder / name
    if harm == "gone":
        path.unlink()
    else:
        os.chmod(path, 0o600)
        path.write_bytes(path.read_bytes()[:-9])
    assert damaged_files(outcome.folder) == [name]
    with pytest.raises(CheckError, match=f"is damaged: {name}"):
        releases.publish(content(1))
    with pytest.raises(CheckError, match="is damaged"):
        releases.accept(outcome.release_id)


def test_a_database_with_other_rows_is_noticed(releases: Releases, tmp_path: Path) -> None:
    outcome = releases.publish(content(1))
    other = Releases(tmp_path / "other").publish(content(2))
    database = "tier1/visits_study.duckdb"
    os.replace(other.folder / database, outcome.folder / database)
    assert damaged_files(outcome.folder) == [database]


@pytest.mark.parametrize("name", ["MANIFEST.json", "tier1/parquet/visits.parquet"])
def test_a_damaged_release_is_told_to_whoever_reads_it(releases: Releases, name: str) -> None:
    path = releases.publish(content(1)).folder / name
    path.chmod(0o600)
    path.write_text("x", encoding="utf-8")
    with pytest.raises(CheckError, match=f"is damaged: {name}; restore its folder"):
        releases.read("visits")


def test_a_pointer_to_a_release_that_was_moved_away_is_made_anew(releases: Releases) -> None:
    first = releases.publish(content(1))
    os.replace(first.folder, releases.folder / ".moved")
    assert releases.current() is None
    again = releases.publish(content(1))
    assert (again.kind, releases.current()) == ("published", first.release_id)


def test_files_can_be_read_by_the_group_and_written_by_nobody(releases: Releases) -> None:
    folder = releases.publish(content(1)).folder
    modes = {stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*") if path.is_file()}
    assert modes == {0o440}


@pytest.mark.parametrize("name", ["current", ".", "..", "", "../releases/2011-02-28-000000000001"])
def test_a_release_is_named_by_its_id_alone(releases: Releases, name: str) -> None:
    """Accepting the pointer would make it point at itself."""
    outcome = releases.publish(content(1))
    with pytest.raises(UsageError, match="there is no release"):
        releases.accept(name)
    assert releases.current() == outcome.release_id
    if name:
        with pytest.raises(UsageError, match="there is no release"):
            releases.read("visits", name)


def test_a_table_is_read_from_the_current_or_a_named_release(releases: Releases) -> None:
    with pytest.raises(UsageError, match="nothing is released yet"):
        releases.read("visits")
    releases.publish(content(1))
    releases.publish(content(2))
    pd.testing.assert_frame_equal(releases.read("visits"), visits(2))
    pd.testing.assert_frame_equal(releases.read("visits", content(1).release_id), visits(1))
    with pytest.raises(UsageError, match="has no table visit; it has: data_dictionary, visits"):
        releases.read("visit")
    with pytest.raises(UsageError, match="there is no release 2000"):
        releases.read("visits", "2000")
    with pytest.raises(UsageError, match="there is no release 2000"):
        releases.accept("2000")


@pytest.fixture
def small_disk() -> Iterator[None]:
    """No file may grow beyond 100 kB, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.usefixtures("small_disk")
def test_a_full_disk_leaves_nothing_behind(releases: Releases) -> None:
    with pytest.raises(InfrastructureError, match="cannot be written") as fault:
        releases.publish(content(1))
    assert fault.value.exit_code == 3
    assert list(releases.folder.iterdir()) == []


def test_a_full_disk_leaves_the_old_release(
    releases: Releases, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = releases.publish(content(1))
    with monkeypatch.context() as patched:
        patched.setattr(release_folder, "_write_file", _full)
        with pytest.raises(InfrastructureError, match="No space left on device"):
            releases.publish(content(2))
    assert releases.current() == first.release_id
    assert damaged_files(first.folder) == []
    assert releases.list() == [first.release_id]
    assert releases.publish(content(2)).kind == "published"


def _full(path: Path, written: bytes) -> None:
    if path.name == "MANIFEST.json":
        raise OSError(28, os.strerror(28))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(written)


def test_a_pointer_that_cannot_be_swapped_is_told(
    releases: Releases, monkeypatch: pytest.MonkeyPatch
) -> None:
    releases.publish(content(1))
    releases.publish(content(2), is_draft=True)

    def refused(*_paths: object) -> None:
        raise OSError(30, os.strerror(30))

    monkeypatch.setattr(os, "replace", refused)
    with pytest.raises(InfrastructureError, match="Read-only file system"):
        releases.accept(content(2).release_id)
    assert releases.current() == content(1).release_id


def test_the_manifest_says_what_stands_in_the_folder(releases: Releases) -> None:
    outcome = releases.publish(content(1))
    manifest = releases.manifest(outcome.release_id)
    assert manifest["facts"] == content(1).facts
    assert manifest["tables"]["visits"]["n_rows"] == 12
    assert manifest["database"] not in manifest["files"]
    hashed = set(manifest["files"])
    found = {
        str(path.relative_to(outcome.folder))
        for path in outcome.folder.rglob("*")
        if path.is_file()
    }
    assert found - hashed == {
        "MANIFEST.json", "certificate.json", "changes.csv", manifest["database"],
    }  # fmt: skip
    certificate = json.loads((outcome.folder / "certificate.json").read_text())
    assert set(certificate) == {
        "manifest_sha256", "written_at", "audit_head", "previous_release", "changes_sha256",
    }  # fmt: skip


def test_a_study_named_like_a_schema_has_another_file_name() -> None:
    assert replace(content(1), study="main").database == "main_release.duckdb"
    assert content(1).database == "visits_study.duckdb"


def test_a_study_without_dictionary_has_no_dictionary_file(releases: Releases) -> None:
    bare = content(1, contracts=content(1).contracts[:1])
    folder = releases.publish(bare).folder
    assert not (folder / "tier1" / "dictionary.csv").exists()
    assert damaged_files(folder) == []
