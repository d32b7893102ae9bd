"""The study home: its layout, its settings and its lock."""

import json
import os
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agir_pipeline.errors import InfrastructureError, UsageError
from agir_pipeline.resources import locks as module
from agir_pipeline.resources.home import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "home")
    made.create()
    return made


def test_a_new_home_has_its_folders_and_hides_what_is_private(home: Home) -> None:
    names = {path.name for path in home.folder.iterdir()}
    assert names == {
        *("inbox", "decisions", "landing", "vault", "warehouse", "releases", "audit"),
        *("dagster", "study.toml"),
    }
    private = {home.folder / name for name in ("landing", "vault", "warehouse")}
    for path in (*private, home.landing.folder / "objects", home.landing.folder / "receipts"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700, path
    assert stat.S_IMODE(home.vault().path.stat().st_mode) == 0o600
    assert len(home.keys.fingerprint()) == 12
    assert home.parsed.parent == home.vault().folder
    assert "NoOpComputeLogManager" in (home.dagster / "dagster.yaml").read_text()


def test_a_folder_that_holds_something_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("keep me")
    with pytest.raises(UsageError, match="is not empty; name a new folder"):
        Home(tmp_path).create()
    assert [p.name for p in tmp_path.iterdir()] == ["letter.txt"]


def test_a_file_is_no_home(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")
    with pytest.raises(UsageError, match="home is not a folder"):
        Home(tmp_path / "home").create()


def test_an_empty_folder_becomes_a_home(tmp_path: Path) -> None:
    Home(tmp_path).create()
    assert Home(tmp_path).site.warehouse_url == ""


def test_a_disk_that_refuses_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_arguments: object, **_named: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(Path, "mkdir", full)
    with pytest.raises(InfrastructureError, match="home cannot be written: No space left"):
        Home(tmp_path / "home").create()


def test_a_home_without_a_study_says_how_to_make_one(home: Home) -> None:
    with pytest.raises(UsageError, match="holds no study; make one with: agir init"):
        home.require()
    home.protocol_path.write_text("")
    assert home.require() is home


def test_each_past_day_has_its_own_warehouse(home: Home) -> None:
    assert home.warehouse().place.endswith("/warehouse/study.duckdb")
    assert home.warehouse("2010-12-31").place.endswith("/warehouse/as_of/2010-12-31.duckdb")
    assert home.vault("2010-12-31").path != home.vault().path


def test_a_site_may_keep_its_warehouse_on_a_server(home: Home) -> None:
    (home.folder / "study.toml").write_text('warehouse_url = "postgresql+psycopg://u@h/d"\n')
    assert home.warehouse().engine.dialect.name == "postgresql"
    assert home.warehouse("2010-12-31").engine.dialect.name == "duckdb"


def test_the_environment_wins_over_the_file(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGIR_SITE_WAREHOUSE_URL", "duckdb:///elsewhere.duckdb")
    assert home.site.warehouse_url == "duckdb:///elsewhere.duckdb"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('warehouse = "x"', "unknown or wrong: warehouse; known: warehouse_url"),
        ("warehouse_url = 5", "unknown or wrong: warehouse_url"),
        ("warehouse_url", r"study\.toml cannot be read: Expected '='"),
    ],
)
def test_wrong_settings_are_a_mistake_of_use(text: str, sentence: str, home: Home) -> None:
    (home.folder / "study.toml").write_text(text)
    with pytest.raises(UsageError, match=sentence) as caught:
        _ = home.site
    assert caught.value.exit_code == 2


# -------------------------------------------------------------------------------- lock

HOLDER = """
import sys
from pathlib import Path
from agir_pipeline.resources.home import Home
with Home(Path(sys.argv[1])).locked("agir run"):
    print("locked", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(home: Home) -> Iterator["subprocess.Popen[str]"]:
    """Another process that holds the lock of the home."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(home.folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "locked\n"
    yield process
    process.kill()
    process.communicate()


def test_the_loser_is_told_who_runs_and_since_when(
    home: Home, holder: "subprocess.Popen[str]"
) -> None:
    who = rf"a run is under way \(agir run, process {holder.pid}, since 20\d\d-.*\+00:00\)"
    with pytest.raises(InfrastructureError, match=who) as caught, home.locked("agir receive"):
        pass
    assert caught.value.exit_code == 3


def test_a_killed_run_frees_the_lock(home: Home, holder: "subprocess.Popen[str]") -> None:
    holder.kill()
    holder.wait()
    with home.locked("agir receive"):
        said = json.loads((home.folder / ".lock").read_text())
        assert (said["doing"], said["process"]) == ("agir receive", os.getpid())


def test_of_many_processes_at_once_one_runs_at_a_time(home: Home) -> None:
    """Twenty children run for the lock; each winner adds one to a counter, slowly."""
    counter = home.folder / "counter"
    counter.write_text("0")
    children = []
    for _number in range(20):
        child = os.fork()
        if child == 0:
            os._exit(_run_once(home, counter))
        children.append(child)
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    assert set(codes) <= {0, 3}, "a loser was not told who runs"
    assert codes.count(0) >= 1
    assert int(counter.read_text()) == codes.count(0)


def _run_once(home: Home, counter: Path) -> int:
    try:
        with home.locked("agir run"):
            number = int(counter.read_text())
            time.sleep(0.02)
            counter.write_text(str(number + 1))
        return 0
    except InfrastructureError as fault:
        return 3 if "process ?" not in str(fault) and "since 20" in str(fault) else 4


def test_nobody_is_named_after_a_run_has_ended(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    with home.locked("agir run"):
        pass
    assert (home.folder / ".lock").read_text() == ""
    monkeypatch.setattr(module, "PAUSE_SECONDS", 0)
    assert module._written(home.lock_path) == {}
    assert module.holder_of(home.lock_path) is None


def test_the_lock_sweeps_what_a_killed_run_left(home: Home) -> None:
    left = home.landing.folder / "objects" / ".f.1.tmp"
    left.write_bytes(b"half")
    with home.locked("agir run"):
        assert not left.exists()


def test_a_home_that_cannot_be_locked_is_told(tmp_path: Path) -> None:
    with pytest.raises(InfrastructureError, match="cannot be written"):
        Home(tmp_path / "gone").locked("agir run").__enter__()
