"""``agir ui``: the Dagster interface of one study, its watchers, and their clean end."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType

import dagster as dg
import requests
import yaml

from agir_pipeline.errors import InfrastructureError, UsageError
from agir_pipeline.language import _
from agir_pipeline.resources.files import write_whole
from agir_pipeline.resources.home import Home
from agir_pipeline.resources.locks import Held, hold
from agir_pipeline.running import close_orphans

FIRST_PORT, N_PORTS = 3000, 50
HOST = "127.0.0.1"
"""The interface has no password: it speaks to this machine only."""

START_SECONDS, STOP_SECONDS, LOOK_SECONDS = 180, 15, 0.5
PR_SET_PDEATHSIG = 1
MODULE, LOCATION = "agir_pipeline.definitions", "agir"


class Interface:
    """The processes of one interface: code, pages, watchers; each the head of its own group."""

    def __init__(self, home: Home, port: int) -> None:
        self.home, self.port = home, port
        self.address = f"http://{HOST}:{port}"
        self._private = home.dagster
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._is_stopping = False

    def run(self, say: Callable[[str], None]) -> None:
        """Serve until somebody stops it or a process ends by itself.

        Raises:
            InfrastructureError: a process ended, or the page did not come up.
        """
        began = time.monotonic()
        with self._stopped_by_signals(), TemporaryDirectory(prefix="agir-ui-") as private:
            self._private = Path(private)  # its owner alone may speak to the code
            try:
                self._start()
                if self._wait_for_page(began):
                    seconds = round(time.monotonic() - began)
                    text = _("the interface is at {address} ({n} s); Ctrl-C stops it")
                    say(text.format(address=self.address, n=seconds))
                    self._watch()
            finally:
                self._stop()

    def _start(self) -> None:
        """One process holds the code of the study; pages and watchers ask it."""
        door = str(self._private / "code.sock")
        python = [sys.executable, "-m"]
        # A saved switch of a schedule belongs to its location: the name must not change.
        workspace = self._private / "workspace.yaml"
        server = {"grpc_server": {"socket": door, "location_name": LOCATION}}
        write_whole(workspace, yaml.safe_dump({"load_from": [server]}).encode())
        code = ["-w", str(workspace)]
        commands = {
            "code": [
                *("dagster", "code-server", "start", "-m", MODULE, "-s", door),
                *("--location-name", LOCATION, "--log-level", "warning"),
                *("--use-python-environment-entry-point",),
            ],
            "pages": ["dagster_webserver", "-h", HOST, "-p", str(self.port), *code],
            "watchers": ["dagster._daemon", "run", "--log-level", "warning", *code],
        }
        environment = {
            **os.environ,
            "AGIR_HOME": str(self.home.folder.resolve()),
            "DAGSTER_HOME": str(self.home.dagster.resolve()),
            # A file of the folder it is started in, say click.py, must not pass for a library.
            "PYTHONSAFEPATH": "1",
        }
        for name, command in commands.items():
            self._processes[name] = subprocess.Popen(  # noqa: S603  (nothing of it comes from outside)
                [*python, *command],
                env=environment,
                start_new_session=True,
                preexec_fn=_end_with_parent,
            )
            if name == "code":
                self._wait_for_code(door)

    def _wait_for_code(self, door: str) -> None:
        """The others need the code: they would give up on a server that is not there yet."""
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end and not self._is_stopping:
            self._refuse_dead()
            with suppress(OSError), socket.socket(socket.AF_UNIX) as visitor:
                visitor.connect(door)
                return
            time.sleep(LOOK_SECONDS)

    def _wait_for_page(self, began: float) -> bool:
        while time.monotonic() - began < START_SECONDS and not self._is_stopping:
            self._refuse_dead()
            with suppress(requests.RequestException):
                if requests.get(f"{self.address}/server_info", timeout=5).ok:
                    return True
            time.sleep(LOOK_SECONDS)
        if not self._is_stopping:
            raise InfrastructureError(
                _("the interface did not come up within {n} seconds").format(n=START_SECONDS)
            )
        return False

    def _watch(self) -> None:
        while not self._is_stopping:
            self._refuse_dead()
            time.sleep(LOOK_SECONDS)

    def _refuse_dead(self) -> None:
        for name, process in self._processes.items():
            if process.poll() is not None and not self._is_stopping:
                text = _("a process of the interface ended by itself ({name}, code {code})")
                raise InfrastructureError(text.format(name=name, code=process.returncode))

    @contextmanager
    def _stopped_by_signals(self) -> Iterator[None]:
        def stop(_number: int, _frame: FrameType | None) -> None:
            self._is_stopping = True

        before = {number: signal.signal(number, stop) for number in STOPPING}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _stop(self) -> None:
        """Ask every process group to end, watchers first; then make it."""
        self._is_stopping = True
        for process in reversed(self._processes.values()):
            _signal_group(process, signal.SIGTERM)
        end = time.monotonic() + STOP_SECONDS
        while time.monotonic() < end and any(_is_alive(p) for p in self._processes.values()):
            time.sleep(0.1)
        for process in self._processes.values():
            _signal_group(process, signal.SIGKILL)
            process.wait()


STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def serve(home: Home, port: int | None, say: Callable[[str], None]) -> None:
    """Serve the interface of a study until it is stopped.

    Raises:
        UsageError: it is served already, or the port is taken.
        InfrastructureError: a process ended by itself.
    """
    chosen = free_port(port or FIRST_PORT, 1 if port else N_PORTS)
    interface = Interface(home, chosen)
    try:
        with hold(home.ui_lock_path, "agir ui", address=interface.address):
            _close_orphans(home)
            interface.run(say)
    except Held as held:
        address = held.holder.get("address", "?")
        raise UsageError(
            _("the interface of this study is already running: {address}").format(address=address)
        ) from None


def free_port(first: int, n: int) -> int:
    """The first port from ``first`` on that nobody listens to.

    Raises:
        UsageError: all ``n`` are taken.
    """
    for port in range(first, first + n):
        with socket.socket() as one:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with suppress(OSError, OverflowError):
                one.bind((HOST, port))
                return port
    raise UsageError(
        _("port {port} is taken, or there is no such port; name another with --port").format(
            port=first
        )
    )


def _close_orphans(home: Home) -> None:
    """Runs a killed interface left as started would hold the queue for ever."""
    with suppress(InfrastructureError), home.locked("agir ui"):
        os.environ["DAGSTER_HOME"] = str(home.dagster.resolve())
        with dg.DagsterInstance.from_config(str(home.dagster.resolve())) as instance:
            close_orphans(instance)


def _end_with_parent() -> None:
    """A killed ``agir ui`` takes its processes along, where the system can (Linux)."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _signal_group(process: "subprocess.Popen[bytes]", number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _is_alive(process: "subprocess.Popen[bytes]") -> bool:
    """Whether anybody of the group is left; its head is reaped on the way."""
    process.poll()
    try:
        os.killpg(process.pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True
