"""SIGKILL at any moment of publishing: a reader sees the old release or the new one, whole."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agir_pipeline.resources.release_folder import damaged_files
from agir_pipeline.resources.releases import Releases
from tests.releasing import content, visits

N_KILLS = 30
UNKILLED = 2
"""Turns that tell how long one takes on this machine as busy as it is now: the second is compared
with the release before it, as all later ones are."""


@pytest.fixture
def publisher(tmp_path: Path) -> "Iterator[subprocess.Popen[str]]":
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.releasing", str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    yield process
    assert process.stdin is not None
    process.stdin.close()
    process.wait(timeout=20)


def test_a_reader_never_sees_a_torn_release(
    tmp_path: Path, publisher: "subprocess.Popen[str]"
) -> None:
    assert publisher.stdin is not None
    assert publisher.stdout is not None
    rng, releases = random.Random(11), Releases(tmp_path)
    seen = [""]
    usual_seconds = 60.0
    for turn in range(UNKILLED + N_KILLS):
        publisher.stdin.write("next\n")
        publisher.stdin.flush()
        child, started = int(publisher.stdout.readline()), time.monotonic()
        is_killed, before = turn >= UNKILLED, seen[-1]
        lives = usual_seconds * rng.uniform(0.05, 1.5) if is_killed else 60.0
        while time.monotonic() < started + lives and (is_killed or seen[-1] == before):
            seen.append(_whole(releases))
            time.sleep(0.01)
        if not is_killed:
            usual_seconds = time.monotonic() - started
        os.kill(child, signal.SIGKILL)
        assert publisher.stdout.readline() == "gone\n"
        seen.append(_whole(releases))
    assert seen == sorted(seen), "a reader went back, or found nothing where something was"
    assert len(set(seen)) > 3, "nothing was published: the test shows nothing"
    assert all(damaged_files(tmp_path / name) == [] for name in releases.list())

    last = len(releases.list())
    assert releases.publish(content(last)).kind == "published"
    assert not list(tmp_path.glob(".*.tmp"))
    clean = Releases(tmp_path / "clean").publish(content(last))
    manifests = [folder / "MANIFEST.json" for folder in (tmp_path / "current", clean.folder)]
    assert manifests[0].read_bytes() == manifests[1].read_bytes()


def _whole(releases: Releases) -> str:
    """The current release, read as an evaluator would; it must be one state through and through."""
    current = releases.current()
    if current is None:
        return ""
    minutes = releases.read("visits", current)["n_minutes"].dropna().unique().tolist()
    assert minutes == [int(current[-12:], 16)]
    assert len(releases.read("visits", current)) == len(visits())
    return current
