"""Files fetched from real servers on this machine: when they are taken, and from whom."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agir_pipeline.protocol.loading import load_protocol, packaged_protocols
from agir_pipeline.protocol.model import Protocol
from agir_pipeline.resources.intake import FileSettings, Intake, Location
from agir_pipeline.resources.sources import locations as module
from agir_pipeline.resources.sources.locations import Fetched, Fetching
from tests.file_servers import (
    FINGERPRINT,
    PASSWORD,
    USER,
    ftp_server,
    sftp_server,
    webdav_server,
)

SOURCE, PROVIDER = "control_pool", "gref_formation"
Visit = Callable[..., tuple[list[Fetched], Fetching]]


@pytest.fixture(scope="module")
def agir() -> Protocol:
    return load_protocol(packaged_protocols()["agir"])


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AGIR_LOCATION_GREF_FORMATION", PASSWORD)
    folder = tmp_path / "partner"
    (folder / "out").mkdir(parents=True)
    (folder / "out" / "liste 2010-11-05.csv").write_bytes(b"nom\nDUPONT\n")
    for name in ("~$suivi.xlsx", "half.part", ".~lock.a.ods#", ".DS_Store", "Thumbs.db", "b.tmp"):
        (folder / "out" / name).write_bytes(b"x")
    return folder


@pytest.fixture(params=["sftp", "ftp", "webdav", "file"])
def url(request: pytest.FixtureRequest, folder: Path) -> Iterator[str]:
    """The same folder, on each kind of server."""
    if request.param == "file":
        yield f"file://{folder}/out"
        return
    servers = {"sftp": sftp_server, "ftp": ftp_server, "webdav": webdav_server}
    scheme = {"webdav": "webdav+http"}.get(request.param, request.param)
    with servers[request.param](folder) as port:
        yield f"{scheme}://127.0.0.1:{port}/out"


@pytest.fixture
def visit(agir: Protocol) -> Visit:
    def once(
        url: str,
        seen: dict[str, str] | None = None,
        wait: Callable[[float], None] = lambda _seconds: None,
        intake: Intake | None = None,
        **settings: Any,
    ) -> tuple[list[Fetched], Fetching]:
        told = {"user": USER, "fingerprint": FINGERPRINT, **settings}
        location = Location(**{"source": SOURCE, "provider": PROVIDER, "url": url, **told})
        fetching = Fetching([location], agir, seen or {}, intake or Intake(), wait)
        return list(fetching.files()), fetching

    return once


def test_a_file_is_fetched_once_and_left_where_it_is(url: str, folder: Path, visit: Visit) -> None:
    before = sorted(folder.rglob("*"))
    files, fetching = visit(url)
    assert files == [Fetched(SOURCE, PROVIDER, "liste 2010-11-05.csv", b"nom\nDUPONT\n")]
    assert fetching.notes == []
    assert visit(url, fetching.looks)[0] == []
    assert sorted(folder.rglob("*")) == before


def test_a_changed_file_is_fetched_again(url: str, folder: Path, visit: Visit) -> None:
    path = folder / "out" / "liste 2010-11-05.csv"
    looks = visit(url)[1].looks
    path.write_bytes(b"nom\nMARTIN\n")  # as long as before
    os.utime(path, (1_500_000_000, 1_500_000_000))
    assert [file.content for file in visit(url, looks)[0]] == [b"nom\nMARTIN\n"]


def test_a_file_that_grows_between_two_looks_is_left(url: str, folder: Path, visit: Visit) -> None:
    path = folder / "out" / "liste 2010-11-05.csv"

    def grow(_seconds: float) -> None:
        path.write_bytes(path.read_bytes() + b"MARTIN\n")

    files, fetching = visit(url, wait=grow)
    assert (files, fetching.looks) == ([], {})
    assert "still changing" in fetching.notes[0]


def test_a_wrong_password_is_said_once_and_never_shown(
    url: str, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    if url.startswith("file"):
        pytest.skip("a folder of this machine asks for no password")
    monkeypatch.setenv("AGIR_LOCATION_GREF_FORMATION", "wrong-secret")
    files, fetching = visit(url)
    assert files == []
    assert fetching.notes == [
        f"{url}: nothing could be fetched: user or password are refused; "
        "see AGIR_LOCATION_GREF_FORMATION"
    ]


def test_a_folder_that_is_not_there_is_named(url: str, visit: Visit) -> None:
    _files, fetching = visit(f"{url}/nowhere")
    assert fetching.notes == [f"{url}/nowhere: nothing could be fetched: the folder does not exist"]


def test_an_sftp_server_without_its_pinned_key_gets_no_password(folder: Path, visit: Visit) -> None:
    with sftp_server(folder) as port:
        url = f"sftp://127.0.0.1:{port}/out"
        assert "no host key is pinned" in visit(url, fingerprint="")[1].notes[0]
        files, fetching = visit(url, fingerprint="SHA256:" + "A" * 43)
        assert files == []
        assert "another than the pinned one" in fetching.notes[0]
        assert FINGERPRINT in fetching.notes[0]


def test_one_location_that_fails_stops_no_other(folder: Path, agir: Protocol) -> None:
    there = {"provider": PROVIDER, "url": f"file://{folder}/out", "look_seconds": 0.0}
    locations = [
        Location(source=SOURCE, provider=PROVIDER, url="ftp://127.0.0.1:1/x"),
        Location(source="no_such_source", **there),
        Location(source=SOURCE, **there),
    ]
    fetching = Fetching(locations, agir, {})
    assert [file.name for file in fetching.files()] == ["liste 2010-11-05.csv"]
    assert len(fetching.notes) == 2
    assert "ConnectionRefusedError" in fetching.notes[0]
    assert "no source no_such_source" in fetching.notes[1]


def test_names_that_match_no_pattern_and_files_too_large_are_not_fetched(
    folder: Path, visit: Visit
) -> None:
    url = f"file://{folder}/out"
    assert visit(url, pattern="*.xlsx")[0] == []
    small = Intake({SOURCE: FileSettings(max_megabytes=1e-6, max_csv_megabytes=1e-6)})
    files, fetching = visit(url, intake=small)
    assert files == []
    assert "11 bytes, more than the 1 allowed" in fetching.notes[0]


def test_webdav_without_tls_beyond_this_machine_is_refused(visit: Visit) -> None:
    _files, fetching = visit("webdav+http://cloud.example.org/x")
    assert "in clear" in fetching.notes[0]


def test_an_extra_that_is_not_installed_is_named(
    folder: Path, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent(_location: Location) -> None:
        raise ImportError

    monkeypatch.setattr(module, "open_location", absent)
    assert "agir-pipeline[sftp] is not installed" in visit("sftp://h/x")[1].notes[0]


@pytest.mark.parametrize("url", ["sftp://agir:secret@host/x", "gopher://host/x"])
def test_an_address_with_a_password_or_of_another_kind_is_no_setting(url: str) -> None:
    with pytest.raises(ValueError, match="url"):
        Location(source=SOURCE, provider=PROVIDER, url=url)
