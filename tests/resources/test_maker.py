"""The process that writes the demo: its truth, its refusals, its death."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from agir_pipeline.errors import InfrastructureError, UsageError
from agir_pipeline.resources.files import whole_or_absent
from agir_pipeline.resources.home import Home
from agir_pipeline.resources.maker import Maker
from agir_pipeline.running import make_storage


def test_the_truth_told_is_the_one_written(tmp_path: Path) -> None:
    maker = Maker(tmp_path / "home", 3, 1)
    maker.wait_for_home()
    make_storage(Home(tmp_path / "home").require())
    made = sorted(path.name for path in Home(tmp_path / "home").dagster.rglob("*.db"))
    assert made == ["index.db", "runs.db", "schedules.db"]
    truth = maker.truth()
    written = json.loads((tmp_path / "home" / "truth.json").read_text(encoding="utf-8"))
    assert json.loads(json.dumps(truth, default=str)) == written
    assert len(Home(tmp_path / "home").landing.state().deliveries) > 100


def test_why_there_is_no_study_is_told_by_who_waits(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("mine")
    with pytest.raises(UsageError, match="not empty"):
        Maker(tmp_path, 1, 1).truth()
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_a_writer_that_is_killed_is_told_plainly(tmp_path: Path) -> None:
    maker = Maker(tmp_path / "home", 1, 1)
    os.kill(maker.pid, signal.SIGKILL)
    with pytest.raises(InfrastructureError, match="was stopped"):
        maker.truth()


def test_a_writer_whose_reader_was_killed_ends_by_itself(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path\n"
        "from agir_pipeline.resources.maker import Maker\n"
        "maker = Maker(Path(sys.argv[1]), 1, 1); print(maker.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "home")], stdout=subprocess.PIPE, text=True
    ) as reader:
        assert reader.stdout is not None
        writer = int(reader.stdout.readline())
        reader.kill()
    for _moment in range(600):
        if not _is_alive(writer):
            break
        time.sleep(0.1)
    assert not _is_alive(writer)


def test_who_stops_waiting_stops_the_writer_and_leaves_nothing(tmp_path: Path) -> None:
    home, writers = tmp_path / "home", list[int]()

    def interrupted() -> None:
        with whole_or_absent(home), Maker(home, 1, 1) as maker:
            maker.wait_for_home()
            make_storage(Home(home))
            os.kill(maker.pid, signal.SIGINT)  # a terminal sends it to both; the writer goes on
            writers.append(maker.pid)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not _is_alive(writers[0])
    assert list(tmp_path.iterdir()) == []


def test_a_writer_that_has_done_all_is_stopped_though_nobody_reads_what_it_tells(
    tmp_path: Path,
) -> None:
    """What it planted is more than a pipe holds: it stands still until somebody reads.

    Under a supervisor that has the request to end ignored it would stand for ever.
    """
    home, writers = tmp_path / "home", list[int]()

    def interrupted() -> None:
        with whole_or_absent(home), Maker(home, 1, 1) as maker:
            maker.wait_for_home()
            writers.append(maker.pid)
            _wait_until_it_stands_still(maker.pid)
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with pytest.raises(KeyboardInterrupt):
            interrupted()
    finally:
        signal.signal(signal.SIGTERM, before)
    assert not _is_alive(writers[0])


def _wait_until_it_stands_still(pid: int) -> None:
    spent = [-1, -2]
    while spent[-1] != spent[-2]:
        time.sleep(0.6)
        stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        spent.append(int(stat[11]) + int(stat[12]))


def _is_alive(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"
