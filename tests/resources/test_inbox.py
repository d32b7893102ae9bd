"""Files that were dropped, and public data sets."""

import os
import sys
import time
from pathlib import Path

import pytest

from agir_pipeline.errors import InfrastructureError
from agir_pipeline.protocol.loading import load_protocol, packaged_protocols
from agir_pipeline.protocol.model import Protocol
from agir_pipeline.resources.sources import causaldata
from agir_pipeline.resources.sources.inbox import at_rest, decision_files, dropped_files


@pytest.fixture(scope="module")
def agir() -> Protocol:
    return load_protocol(packaged_protocols()["agir"])


def drop(inbox: Path, *names: str) -> None:
    for name in names:
        (inbox / name).parent.mkdir(parents=True, exist_ok=True)
        (inbox / name).write_bytes(b"x")


def test_a_file_belongs_to_the_source_and_provider_of_its_folder(
    tmp_path: Path, agir: Protocol
) -> None:
    drop(tmp_path, "control_pool/opca_pdl/b.csv", "control_pool/gref_formation/a.xlsx")
    taken, misplaced = dropped_files(tmp_path, agir)
    assert [(d.path.name, d.source, d.provider) for d in taken] == [
        ("a.xlsx", "control_pool", "gref_formation"),
        ("b.csv", "control_pool", "opca_pdl"),
    ]
    assert misplaced == []


def test_where_there_is_one_provider_its_folder_may_be_left_out(
    tmp_path: Path, agir: Protocol
) -> None:
    drop(tmp_path, "beneficiary_register/suivi.xlsx")
    taken, misplaced = dropped_files(tmp_path, agir)
    assert [d.provider for d in taken] == ["cnam"]
    assert misplaced == []


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("export.csv", "export.csv"),
        ("Ada.csv", "….csv"),
        ("pool/opca_pdl/f.csv", "pool/opca_pdl/f.csv"),
        ("control_pool/f.csv", "control_pool/f.csv"),
        ("control_pool/opca/f.csv", "control_pool/opca/f.csv"),
        ("control_pool/opca_pdl/Lovelace/f.csv", "control_pool/opca_pdl/…/f.csv"),
    ],
)
def test_a_misplaced_file_is_told_with_the_folders_that_are_right(
    name: str, shown: str, tmp_path: Path, agir: Protocol
) -> None:
    drop(tmp_path, name)
    taken, misplaced = dropped_files(tmp_path, agir)
    assert taken == []
    assert misplaced[0].startswith(
        f"inbox/{shown}: no source takes files from this folder; use one"
    )
    assert "control_pool/missions_locales" in misplaced[0]


def test_what_editors_and_browsers_leave_is_no_delivery(tmp_path: Path, agir: Protocol) -> None:
    folder = "beneficiary_register/cnam/"
    drop(tmp_path, *(folder + n for n in ("~$f.xlsx", ".f.csv", "f.part", "Thumbs.db", "f.tmp")))
    assert dropped_files(tmp_path, agir) == ([], [])


def test_a_file_that_changes_looks_different(tmp_path: Path, agir: Protocol) -> None:
    drop(tmp_path, "beneficiary_register/cnam/f.csv")
    (file,), _misplaced = dropped_files(tmp_path, agir)
    before = file.look
    assert file.look == before
    os.utime(file.path, ns=(1, 1))
    assert file.look != before


def test_a_file_that_just_came_is_given_the_time_to_change(tmp_path: Path, agir: Protocol) -> None:
    drop(tmp_path, "beneficiary_register/cnam/new.csv", "beneficiary_register/cnam/known.csv")
    files, _misplaced = dropped_files(tmp_path, agir)
    known, new = files
    waits: list[float] = []
    assert at_rest(files, {known.place: known.look}, 5.0, waits.append) == [(new, new.look)]
    assert 4.0 < waits[0] <= 5.0
    assert at_rest([known], {known.place: known.look}, 5.0, waits.append) == []
    assert len(waits) == 1


def test_a_file_at_rest_is_not_waited_for(tmp_path: Path, agir: Protocol) -> None:
    drop(tmp_path, "beneficiary_register/cnam/f.csv", "beneficiary_register/cnam/gone.csv")
    files, _misplaced = dropped_files(tmp_path, agir)
    (tmp_path / "beneficiary_register/cnam/gone.csv").unlink()
    waits: list[float] = []
    time.sleep(0.02)
    assert [file.path.name for file, _look in at_rest(files, {}, 0.01, waits.append)] == ["f.csv"]
    assert waits == []


def test_a_name_that_is_no_utf8_can_be_kept(tmp_path: Path, agir: Protocol) -> None:
    folder = tmp_path / "control_pool" / "opca_pdl"
    folder.mkdir(parents=True)
    for name in (b"caf\xe9.csv", b"caf\xe8.csv"):
        (Path(os.fsdecode(os.fsencode(folder) + b"/" + name))).write_bytes(b"x")
    (Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xe9.csv"))).write_bytes(b"x")
    taken, misplaced = dropped_files(tmp_path, agir)
    assert [file.path.name.encode(errors="surrogateescape") for file in taken] == [
        b"caf\xe8.csv",
        b"caf\xe9.csv",
    ]
    assert len({file.place.encode() for file in taken}) == 2
    assert misplaced[0].encode().startswith(b"inbox/?.csv: no source takes files")


def test_an_inbox_that_is_not_there_holds_nothing(tmp_path: Path, agir: Protocol) -> None:
    assert dropped_files(tmp_path / "inbox", agir) == ([], [])


def test_a_public_data_set_is_the_same_file_every_night() -> None:
    name, content = causaldata.pull("nsw_mixtape")
    assert name == "nsw_mixtape.csv"
    assert content.count(b"\n") == 446
    assert causaldata.pull("nsw_mixtape") == (name, content)


def test_a_data_set_that_is_not_installed_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(InfrastructureError, match="data set no_such is not installed"):
        causaldata.pull("no_such")
    monkeypatch.setitem(sys.modules, "causaldata.nsw_mixtape", None)
    with pytest.raises(InfrastructureError, match="install agir-pipeline with its extra 'demo'"):
        causaldata.pull("nsw_mixtape")


def test_a_workbook_of_decisions_arrives_for_each_of_its_sources(
    tmp_path: Path, agir: Protocol
) -> None:
    drop(tmp_path, "decisions_2011-01-31.xlsx", "notes.txt", "~$decisions.xlsx")
    found = decision_files(tmp_path, agir)
    assert [(d.path.name, d.source, d.provider) for d in found] == [
        ("decisions_2011-01-31.xlsx", source, "steward")
        for source in (
            *("corrections", "identity_decisions", "consent_withdrawals"),
            *("layout_mappings", "layout_holds", "row_departures"),
        )
    ]
    assert len({d.place for d in found}) == len(found)


def test_decisions_are_not_taken_from_the_inbox(tmp_path: Path, agir: Protocol) -> None:
    drop(tmp_path, "corrections/steward/decisions.xlsx")
    taken, misplaced = dropped_files(tmp_path, agir)
    assert taken == []
    assert len(misplaced) == 1
