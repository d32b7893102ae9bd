"""The command as scripts rely on it: exit codes, --json, stdout for results, no stack trace."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import sqlalchemy as sa

from agir_pipeline import running
from agir_pipeline.errors import InfrastructureError
from agir_pipeline.language import use_language
from agir_pipeline.resources.making import init_home
from agir_pipeline.running import worst

SMALL = Path(__file__).parent / "study" / "small.toml"
PEOPLE = "id,group,age_years,income_eur\n" + "".join(
    f"P{n},{n % 3 == 0:d},{20 + n % 25},{1000 + 37 * n % 900}\n" for n in range(90)
)


def agir(*arguments: object, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "agir_pipeline.cli", *map(str, arguments)],
        capture_output=True,
        text=True,
        env={**os.environ, "AGIR_LANGUAGE": "en", **environment},
        check=False,
    )


@pytest.fixture(scope="module")
def done_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small study that has run once."""
    home = tmp_path_factory.mktemp("cli") / "home"
    init_home(home, str(SMALL))
    (home / "inbox" / "people" / "office" / "p.csv").write_text(PEOPLE, encoding="utf-8")
    done = agir("run", "--home", home)
    assert done.returncode == 0, done.stderr
    return home


def test_status_as_json_has_what_scripts_rely_on(done_home: Path) -> None:
    status = json.loads(agir("status", "--json", "--home", done_home).stdout)
    assert set(status) >= {
        "as_of", "protocol", "sources", "decisions_needed", "checks", "release",
    }  # fmt: skip
    assert set(status["protocol"]) == {"name", "design_digest", "protocol_digest"}
    assert set(status["sources"][0]) == {
        "name", "receipts", "rows", "accepted", "rejected", "duplicate", "blank", "outside",
        "erased", "last_received_at", "unread",
    }  # fmt: skip
    assert status["sources"][0]["accepted"] == 90
    assert status["sources"][0]["rows"] == 91
    assert set(status["checks"]) == {"passed", "warned", "failed"}
    assert len(status["failed_checks"]) == status["checks"]["failed"]
    assert Path(status["release"]["path"]).name == status["release"]["id"]


def test_status_in_words_names_the_release(done_home: Path) -> None:
    done = agir("status", "--home", done_home)
    assert done.returncode == 0
    assert "release: 20" in done.stdout
    assert "90 accepted" in done.stdout


@pytest.mark.parametrize("form", ["table", "csv", "json"])
def test_show_prints_a_released_table(done_home: Path, form: str) -> None:
    done = agir("show", "income", "--format", form, "--home", done_home)
    assert done.returncode == 0, done.stderr
    assert "matched_pairs" in done.stdout


def test_show_of_an_unknown_table_names_those_there_are(done_home: Path) -> None:
    done = agir("show", "incme", "--home", done_home)
    assert done.returncode == 2
    assert "matched_pairs" in done.stderr


def test_release_list_marks_the_current_one(done_home: Path) -> None:
    listed = agir("release", "list", "--home", done_home).stdout
    assert listed.startswith("* 20")


def test_verify_checks_the_pairs_of_a_release_from_its_own_files(
    done_home: Path, tmp_path: Path
) -> None:
    done = agir("verify", "--home", done_home)
    assert done.returncode == 0, done.stderr
    assert "0 fault(s)" in done.stdout
    # nothing else of the study is needed
    alone = tmp_path / "alone"
    shutil.copytree(done_home, alone, symlinks=True)
    for part in ("warehouse", "landing", "inbox"):
        shutil.rmtree(alone / part, ignore_errors=True)
    assert agir("verify", "--home", alone).returncode == 0
    assert agir("verify", "--release", "2010-01-01-abc", "--home", alone).returncode == 2


def test_verify_finds_a_price_that_was_touched(done_home: Path, tmp_path: Path) -> None:
    home = Path(shutil.copytree(done_home, tmp_path / "home", symlinks=True))
    path = home / "releases" / "current" / "tier1" / "parquet" / "matching_prices.parquet"
    prices = pd.read_parquet(path)
    os.chmod(path, 0o640)
    prices.assign(price=prices["price"] + 1).to_parquet(path)
    done = agir("verify", "--home", home)
    assert done.returncode == 1
    assert "pairs refused by their certificate" in done.stderr
    assert "is not as the manifest says" in done.stderr


def test_verify_says_when_a_release_is_older_than_the_check(
    done_home: Path, tmp_path: Path
) -> None:
    home = Path(shutil.copytree(done_home, tmp_path / "home", symlinks=True))
    path = home / "releases" / "current" / "MANIFEST.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    del manifest["facts"]["matching"]
    os.chmod(path, 0o640)
    path.write_text(json.dumps(manifest), encoding="utf-8")
    done = agir("verify", "--home", home)
    assert done.returncode == 2
    assert "publish it again" in done.stderr


def test_accepting_a_release_that_is_not_there_is_refused(done_home: Path) -> None:
    assert agir("release", "accept", "2010-01-01-abc", "--home", done_home).returncode == 2


def test_doctor_is_content_with_a_fresh_study(done_home: Path) -> None:
    done = agir("doctor", "--home", done_home)
    assert done.returncode == 0, done.stdout
    assert "!!" not in done.stdout


def test_doctor_sees_open_folders_and_weak_keys(tmp_path: Path) -> None:
    init_home(tmp_path / "home", str(SMALL))
    os.chmod(tmp_path / "home" / "vault", 0o755)
    os.chmod(tmp_path / "home" / "vault" / "keys" / "tie.key", 0o444)
    done = agir("doctor", "--home", tmp_path / "home")
    assert done.returncode == 1
    assert "chmod 700" in done.stdout
    assert "chmod 400" in done.stdout


def test_doctor_sees_what_is_gone(done_home: Path, tmp_path: Path) -> None:
    home = Path(shutil.copytree(done_home, tmp_path / "home", symlinks=True))
    next((home / "landing" / "receipts").iterdir()).unlink()
    shutil.rmtree(home / "vault")
    (home / "dagster" / "dagster.yaml").write_text("[[", encoding="utf-8")
    done = agir("doctor", "--home", home)
    assert done.returncode == 1, done.stderr
    assert "1 receipt(s) are gone" in done.stdout
    assert f"{home / 'vault'}: gone" in done.stdout
    assert f"Dagster's storage in {home / 'dagster'} cannot be opened" in done.stdout


def test_protocol_check_says_every_mistake_and_gives_2(tmp_path: Path) -> None:
    wrong = SMALL.read_text(encoding="utf-8")
    wrong = wrong.replace('scale = "number"', 'scale = "nmber"').replace("seed = 1", 'seed = "x"')
    wrong = wrong.replace('column = "age_years"', 'column = "agee"').replace(
        "[balance]", "[balnce]"
    )
    (tmp_path / "wrong.toml").write_text(wrong, encoding="utf-8")
    done = agir("protocol", "check", tmp_path / "wrong.toml")
    assert done.returncode == 2
    for place in ("covariate 1 (age_years)", "inference", "balnce", "balance", "agee"):
        assert place in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_protocol_check_and_show_of_a_good_one(done_home: Path) -> None:
    assert "design digest" in agir("protocol", "check", "--home", done_home).stdout
    assert agir("protocol", "check", "agir").returncode == 0
    shown = json.loads(agir("protocol", "show", "--json", "--home", done_home).stdout)
    assert shown["study"]["name"] == "job_training"
    assert "[study]" in agir("protocol", "show", "--home", done_home).stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "--home", "/nowhere"),
        ("run", "--as-of", "31/12/2010"),
        ("run", "--as-of", "1990-01-01"),
        ("run", "--as-of", "2990-01-01"),
        ("receive", "nothing.csv", "--source", "people"),
        ("receive", __file__, "--source", "peeple"),
        ("receive", __file__, "--source", "people", "--provider", "nobody"),
        ("receive", __file__, "--source", "people", "--known-on", "2990-01-01"),
        ("init", "/tmp", "--protocol", "agir"),
        ("show", "income", "--format", "xml"),
        ("frobnicate",),
    ],
)
def test_wrong_usage_gives_2_and_one_sentence(done_home: Path, arguments: tuple[str, ...]) -> None:
    named = arguments if "--home" in arguments or arguments[0] in ("init", "frobnicate") else (
        *arguments, "--home", str(done_home)
    )  # fmt: skip
    done = agir(*named)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.strip()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("status", "--hom", "x"), "--hom"),
        (("show",), "table"),
        (("demo", "--seed", "-3"), "--seed"),
        (("demo", "--scale", "two"), "--scale"),
        (("run", "--as-of"), "--as-of"),
        (("frobnicate",), "agir frobnicate"),
        (("status", "more"), "agir status more"),
    ],
)
def test_a_command_not_understood_is_told_in_the_language_of_the_study(
    arguments: tuple[str, ...], sentence: str, tmp_path: Path
) -> None:
    init_home(tmp_path / "home", "agir")  # a French study
    told = {}
    for language in ("en", ""):
        done = agir(*arguments, AGIR_LANGUAGE=language, AGIR_HOME=str(tmp_path / "home"))
        assert done.returncode == 2
        assert sentence in done.stderr
        assert "Usage" not in done.stderr
        told[language] = done.stderr
    assert told[""].splitlines()[-1] == "agir COMMANDE --help dit ce qu'une commande attend"
    assert told[""] != told["en"]


def test_a_protocol_that_breaks_later_stops_the_run_with_2(tmp_path: Path) -> None:
    home = tmp_path / "home"
    init_home(home, str(SMALL))
    (home / "protocol.toml").write_text("protocol_version = 7\n", encoding="utf-8")
    assert agir("run", "--home", home).returncode == 2


def test_a_damaged_database_gives_3_and_the_release_stands(done_home: Path, tmp_path: Path) -> None:
    home = Path(shutil.copytree(done_home, tmp_path / "home", symlinks=True))
    before = os.readlink(home / "releases" / "current")
    (home / "warehouse" / "study.duckdb").write_bytes(b"this is no database" * 100)
    (home / "inbox" / "people" / "office" / "q.csv").write_text(PEOPLE + "P90,0,30,5\n")
    done = agir("run", "--home", home)
    assert done.returncode == 3, done.stdout + done.stderr
    assert os.readlink(home / "releases" / "current") == before
    assert "Traceback" not in done.stderr


def test_a_storage_of_dagster_that_refuses_is_told(
    done_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the disk is full."""
    home = Path(shutil.copytree(done_home, tmp_path / "home", symlinks=True))

    def full(_instance: object) -> None:
        raise sa.exc.OperationalError("insert", {}, Exception("disk I/O error"))

    use_language("en")
    monkeypatch.setattr(running, "close_orphans", full)
    with pytest.raises(InfrastructureError, match="cannot be written: OperationalError; free some"):
        running.run_study(home)


def test_two_runs_at_once_the_second_says_who_runs(done_home: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path;"
        "from agir_pipeline.resources.home import Home;"
        "lock = Home(Path(sys.argv[1])).locked('agir run'); lock.__enter__();"
        "print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(done_home)], stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline().strip() == "held"
        done = agir("run", "--home", done_home)
        holder.kill()
    assert done.returncode == 3
    assert f"process {holder.pid}" in done.stderr
    assert agir("run", "--home", done_home).returncode == 0


def test_debug_shows_the_stack_trace_to_whoever_asks(tmp_path: Path) -> None:
    assert "Traceback" in agir("run", "--debug", "--home", tmp_path / "none").stderr


def test_the_exit_codes_have_an_order() -> None:
    assert worst([0, 4, 1, 3, 2]) == 2
    assert worst([0, 4, 1, 3]) == 3
    assert worst([0, 4, 1]) == 1
    assert worst([4, 0]) == 4


def test_inbox_files_in_unknown_folders_are_told_and_left(done_home: Path, tmp_path: Path) -> None:
    home = Path(shutil.copytree(done_home, tmp_path / "home", symlinks=True))
    (home / "inbox" / "peeple").mkdir()
    (home / "inbox" / "peeple" / "x.csv").write_text("a", encoding="utf-8")
    (home / "inbox" / "people" / "office" / "~$open.xlsx").write_bytes(b"lock")
    done = agir("run", "--home", home)
    assert done.returncode == 0
    assert "inbox/…/x.csv: no source takes files from this folder" in done.stderr
    assert (home / "inbox" / "peeple" / "x.csv").exists()


def test_a_command_ends_without_taking_apart_what_libraries_hold() -> None:
    held = (
        "import atexit, sys\n"
        "class Held:\n"
        "    def __del__(self): sys.__stdout__.write('taken apart')\n"
        "kept = Held(); atexit.register(print, 'put away')\n"
        "sys.argv = ['agir', 'protocol', 'check', 'absent.toml']\n"
        "from agir_pipeline.cli import {name}; {name}()"
    )
    ends = {
        name: subprocess.run(
            [sys.executable, "-c", held.format(name=name)],
            capture_output=True,
            text=True,
            check=False,
        )
        for name in ("main", "as_command")
    }
    assert ends["main"].stdout == "put away\ntaken apart"
    assert ends["as_command"].stdout == "put away\n"
    assert {end.returncode for end in ends.values()} == {2}
    assert all("absent.toml" in end.stderr for end in ends.values())
