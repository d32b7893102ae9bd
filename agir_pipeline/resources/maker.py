"""The demo's study written by a process of its own, while this one loads what a night needs."""

import signal
from collections.abc import Iterable, Sized
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from agir_pipeline.errors import InfrastructureError
from agir_pipeline.garbage import collect_rarely
from agir_pipeline.language import _, current_language, use_language


class Maker:
    """Writes the study into ``folder`` from the moment it is made; ``truth`` waits for it.

    The process tells twice: that the home stands, and what was planted.
    """

    def __init__(self, folder: Path, seed: int, scale: int) -> None:
        context = get_context("spawn")
        self._said, said = context.Pipe(duplex=False)
        self._process = context.Process(
            target=_make, args=(said, folder, seed, scale, current_language()), daemon=True
        )
        # Ctrl-C is for who waits, and stops the writer with it: it inherits a blocked signal.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            self._process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        said.close()  # the writer's end is the other process's alone: its death ends the wait

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Whoever waits no longer stops it; one that has told all ends by itself.

        It is killed: where a supervisor has the gentler signal ignored, a writer that tells all it
        planted to nobody would wait for ever, and its folder is taken away anyway.
        """
        if kind is not None:
            self._process.kill()
            self._process.join()

    @property
    def pid(self) -> int:
        """The number of the process that writes."""
        return int(self._process.pid or 0)

    def wait_for_home(self) -> None:
        """Until the home stands, its past still to come. Raises as ``truth`` does."""
        self._told()

    def truth(self) -> dict[str, Any]:
        """What was planted, once all of it is written.

        Raises:
            UsageError: the folder holds something already, or Faker is not installed.
            InfrastructureError: the disk refused, or the process ended before its work was done.
        """
        try:
            while (truth := self._told()) is None:
                pass  # the home stands
        finally:
            self._said.close()  # how long the other takes to end is no matter
        return truth

    def _told(self) -> dict[str, Any] | None:
        try:
            told = self._said.recv()
        except EOFError:
            raise InfrastructureError(
                _("the process that writes the demo's files was stopped; run `agir demo` again")
            ) from None
        if isinstance(told, BaseException):
            raise told
        of_home_or_truth: dict[str, Any] | None = told
        return of_home_or_truth


def _make(said: Connection, folder: Path, seed: int, scale: int, language: str) -> None:
    """In the other process: the truth, or why there is none, told to the one that waits."""
    from agir_pipeline.resources.making import make_demo

    use_language(language)
    collect_rarely()
    try:
        said.send(make_demo(folder, seed, scale, _with_progress, lambda: said.send(None)))
    except BaseException as fault:  # whatever it is, the one who waits tells the user
        said.send(fault)


def _with_progress(deliveries: Sized) -> Iterable[Any]:
    """The deliveries behind a bar, on a terminal only."""
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    return track(
        deliveries,  # type: ignore[arg-type]
        description=_("writing the past of the study"),
        total=len(deliveries),
        console=console,
        disable=not console.is_terminal,
    )
