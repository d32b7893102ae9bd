"""Whole studies made once per worker, and copies of them for tests that change something."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agir_pipeline.language import use_language

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    use_language("en")
    yield
    use_language("en")


def agir_command(*arguments: object, **environment: str) -> "subprocess.CompletedProcess[str]":
    """The ``agir`` command in a process of its own, in English unless told otherwise."""
    return subprocess.run(
        [sys.executable, "-m", "agir_pipeline.cli", *map(str, arguments)],
        capture_output=True,
        text=True,
        env={**os.environ, "AGIR_LANGUAGE": "en", **environment},
        check=False,
    )


@pytest.fixture(scope="session")
def agir() -> Command:
    return agir_command


@pytest.fixture(scope="session")
def demo(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Path, "subprocess.CompletedProcess[str]"]:
    """The default demo, made by the command as a newcomer would, and what it printed."""
    home = tmp_path_factory.mktemp("demo") / "home"
    return home, agir_command("demo", "--home", home)


@pytest.fixture
def demo_copy(demo: tuple[Path, object], tmp_path: Path) -> Path:
    """A copy of the finished demo that a test may change."""
    return Path(shutil.copytree(demo[0], tmp_path / "home", symlinks=True))


@pytest.fixture(scope="session")
def nsw(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Path, "subprocess.CompletedProcess[str]"]:
    """The National Supported Work study, from its data sets to its release."""
    home = tmp_path_factory.mktemp("nsw") / "home"
    agir_command("init", home, "--protocol", "nsw")
    return home, agir_command("run", "--home", home)
