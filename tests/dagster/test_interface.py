"""``agir ui`` for real: one at a time, its switches seen by the doctor, nothing left behind."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from agir_pipeline.errors import UsageError
from agir_pipeline.interface import HOST, free_port
from agir_pipeline.resources.home import Home
from agir_pipeline.resources.making import init_home
from agir_pipeline.sensors import INBOX
from tests.interfaces import COMMAND, Served, serve

pytestmark = pytest.mark.xdist_group("interface")

SMALL = Path(__file__).parents[1] / "study" / "small.toml"
LONGEST_START_SECONDS = 60

SWITCH_OFF = """
mutation ($id: String!) { stopSensor(id: $id) { __typename } }
"""
SENSORS = """
{ sensorsOrError(repositorySelector: {
    repositoryLocationName: "agir", repositoryName: "__repository__"}) {
  ... on Sensors { results { name id sensorState { status selectorId } } } } }
"""


def agir(*arguments: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        capture_output=True, text=True, check=False, env={**os.environ, "AGIR_LANGUAGE": "en"},
    )  # fmt: skip


def processes_of(home: Path) -> list[str]:
    """The command lines of all processes that work for the study in ``home``."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environment = (folder / "environ").read_bytes()
            command = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if f"DAGSTER_HOME={(home / 'dagster').resolve()}".encode() in environment:
            found.append(command.replace(b"\0", b" ").decode())
    return found


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("interface") / "home"
    init_home(home, str(SMALL))
    # What lies where the command is given is no library: this one would end every process.
    (home.parent / "click.py").write_text("raise SystemExit('not a library')\n")
    served = serve(home, folder=home.parent)
    try:
        yield served
    finally:
        served.process.send_signal(signal.SIGTERM)
        served.process.wait(timeout=60)


def test_the_page_is_up_in_under_a_minute_with_the_study_loaded(served: Served) -> None:
    assert served.seconds < LONGEST_START_SECONDS
    names = {s["name"]: s["sensorState"]["status"] for s in sensors(served)}  # type: ignore[index]
    assert set(names.values()) == {"RUNNING"}
    assert len(names) == 3


def sensors(served: Served) -> list[dict[str, object]]:
    return served.ask(SENSORS)["sensorsOrError"]["results"]  # type: ignore[index,no-any-return]


def test_a_second_interface_refuses_and_names_the_first(served: Served) -> None:
    second = agir("ui", "--home", served.home)
    assert second.returncode == 2
    assert served.address in second.stderr
    assert "already running" in second.stderr
    assert requests.get(f"{served.address}/server_info", timeout=30).ok


def test_the_doctor_sees_the_watchers_and_a_switch_that_was_turned_off(served: Served) -> None:
    deadline = time.monotonic() + 60
    while "watchers are alive" not in (told := agir("doctor", "--home", served.home).stdout):
        assert time.monotonic() < deadline, told
        time.sleep(1)
    assert "three sensors are on" in told
    inbox = next(s for s in sensors(served) if s["name"] == INBOX)
    served.ask(SWITCH_OFF, id=str(inbox["id"]))
    told = agir("doctor", "--home", served.home)
    assert told.returncode == 1
    assert "switched off: inbox" in told.stdout


def test_the_processes_end_with_the_interface(served: Served) -> None:
    """Runs last: the interface of this module is stopped by it."""
    assert len(processes_of(served.home)) >= 3
    served.process.send_signal(signal.SIGINT)
    assert served.process.wait(timeout=60) == 0
    assert processes_of(served.home) == []
    assert Home(served.home).ui_lock_path.read_text() == ""


@pytest.mark.long
def test_a_killed_interface_takes_its_processes_along(served: Served) -> None:
    again = serve(served.home)  # the lock of the first was given back
    again.process.kill()
    again.process.wait(timeout=60)
    deadline = time.monotonic() + 60
    while processes_of(served.home) and time.monotonic() < deadline:
        time.sleep(0.5)
    assert processes_of(served.home) == []


def test_a_port_that_is_taken_is_refused_when_it_was_asked_for() -> None:
    import socket

    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=f"port {port} is taken"):
            free_port(port, 1)
        assert free_port(port, 20) > port
