"""kill -9 at every step boundary: the reader and the next run are unharmed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from agir_pipeline.resources.home import Home
from agir_pipeline.resources.making import init_home
from agir_pipeline.resources.releases import Releases
from agir_pipeline.resources.status import status
from agir_pipeline.resources.study import open_study

STEPS = ("raw", "validated", "linked", "matched", "outcomes", "published")
KILLED_RUN = """
import os, signal, sys
from agir_pipeline.resources import study as books
import agir_pipeline.assets.step as module

honest = books.record_step

def record_then_die(study, connection, step, digest):
    if step != {step!r}:
        return honest(study, connection, step, digest)
    if {after}:
        honest(study, connection, step, digest)
        connection.commit()
    os.kill(os.getpid(), signal.SIGKILL)

module.record_step = record_then_die
from agir_pipeline.running import run_study
from pathlib import Path
run_study(Path(sys.argv[1]))
"""


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    """A small study with everything received and nothing run yet."""
    home = tmp_path / "home"
    init_home(home, str(Path(__file__).parent / "small.toml"))
    (home / "inbox" / "people" / "office" / "people.csv").write_text(PEOPLE, encoding="utf-8")
    return home


PEOPLE = "id,group,age_years,income_eur\n" + "".join(
    f"P{n},{n % 3 == 0:d},{20 + n % 25},{1000 + 37 * n % 900}\n" for n in range(120)
)


def _die(home: Path, step: str, after: bool) -> int:
    code = KILLED_RUN.format(step=step, after=after)
    done = subprocess.run(
        [sys.executable, "-c", code, str(home)], capture_output=True, env=os.environ, check=False
    )
    return done.returncode


def test_run_after_run_killed_one_step_later_the_last_ends_like_an_undisturbed_one(
    fresh: Path, agir
) -> None:
    """Killed before each commit, when the one before it has been made, and after the last."""
    releases = Releases(fresh / "releases")
    for step, after in (*((step, False) for step in STEPS), ("published", True)):
        assert _die(fresh, step, after) == -9, (step, after)
        if releases.current() is not None:
            assert len(releases.read("income")) > 0
        assert status(Home(fresh), open_study(fresh).protocol)["sources"]
    done = agir("run", "--home", fresh)
    assert done.returncode == 0, done.stdout + done.stderr
    table = releases.read("income")
    assert table["n_complete_pairs"].iloc[0] == 40


def test_a_killed_second_night_leaves_the_first_release_readable(fresh: Path, agir) -> None:
    assert agir("run", "--home", fresh).returncode == 0
    first = Releases(fresh / "releases").current()
    newer = PEOPLE.replace("P1,", "P900,")
    (fresh / "inbox" / "people" / "office" / "newer.csv").write_text(newer, encoding="utf-8")
    assert _die(fresh, "outcomes", after=True) == -9
    assert Releases(fresh / "releases").current() == first
    assert len(Releases(fresh / "releases").read("income", first)) == 1
    assert agir("run", "--home", fresh).returncode == 0
    assert Releases(fresh / "releases").current() != first
