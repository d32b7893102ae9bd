"""A link about a beneficiary waits for the steward, who answers in a workbook."""

import shutil
import stat
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from python_calamine import CalamineWorkbook

from agir_pipeline.protocol.loading import packaged_protocols
from agir_pipeline.resources.link_evidence import Evidence
from agir_pipeline.resources.link_review import NOTE, SHEET, TECHNICAL, take_answers, write_review
from agir_pipeline.resources.link_terminal import review_in_terminal
from agir_pipeline.resources.study import Study, open_study
from agir_pipeline.running import run_study
from tests.protocol.conftest import as_toml

AGIR = packaged_protocols()["agir"]
REGISTER = """number,last_name,first_name,born_on,age_years,income_eur
A1,Garnier,Inès,1989-12-24,21,900
A2,Durand,Karim,1991-02-11,19,800
A3,Petit,Chloé,1992-08-30,18,950
A4,Moreau,Hugo,1990-05-05,20,700
"""
POOL = """number,last_name,first_name,born_on,age_years,income_eur
P1,Robert,INES,1989-12-24,21,600
P2,Durandd,Karim,1991-02-11,19,500
P3,Blanc,Léo,1990-11-01,20,650
P4,Simon,Eva,1992-01-19,18,640
P5,Faure,Tom,1991-07-07,19,610
P6,Renard,Zoé,1990-03-02,20,630
"""


def protocol(folder: Path) -> Path:
    raw = tomllib.loads((Path(__file__).parent / "links.toml").read_text(encoding="utf-8"))
    agir = tomllib.loads(AGIR.read_text(encoding="utf-8"))
    register, decisions = raw["source"]
    decided = next(s for s in agir["source"] if s["name"] == "identity_decisions")
    decisions["column"] = decided["column"]
    raw["source"].append({**register, "name": "pool", "arm": "control"})
    folder.mkdir()
    text = "".join(f"{key} = {as_toml(value)}\n" for key, value in raw.items())
    (folder / "protocol.toml").write_text(text, encoding="utf-8")
    shutil.copy(AGIR.parent / "tables" / "linkage.json", folder / "linkage.json")
    return folder / "protocol.toml"


def deliver(home: Path, **files: str) -> None:
    for name, text in files.items():
        (home / "inbox" / name / "office" / f"{name}.csv").write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def waiting(tmp_path_factory: pytest.TempPathFactory, agir: Callable[..., Any]) -> Path:
    """A study whose first night stopped before publishing."""
    folder = tmp_path_factory.mktemp("links")
    made = agir("init", folder / "home", "--protocol", protocol(folder / "written"))
    assert made.returncode == 0, made.stderr
    deliver(folder / "home", register=REGISTER, pool=POOL)
    done = agir("run", "--home", folder / "home")
    assert done.returncode == 4, done.stdout + done.stderr
    assert "1 pairs of records that touch a beneficiary wait for a decision" in done.stderr
    assert not (folder / "home" / "releases" / "current").exists()
    return folder / "home"


@pytest.fixture
def home(waiting: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(waiting, tmp_path / "home", symlinks=True))


def persons(study: Study) -> dict[str, tuple[str, str]]:
    """key → person and rule, for the links in force."""
    links = study.vault.read("links")
    now = links[links["superseded_on"].isna()]
    told = zip(now["person_id"], now["rule"], strict=True)
    return dict(zip(now["entity_key"], told, strict=True))


def answered(home: Path, answer: str) -> Path:
    """The review workbook, filled in as a steward would, under another name."""
    study = open_study(home)
    path = home / "review" / f"{SHEET}.xlsx"
    write_review(study, path)
    rows = CalamineWorkbook.from_path(path).get_sheet_by_name(SHEET).to_python()
    filled = home / "review" / "filled.xlsx"
    with xlsxwriter.Workbook(filled) as book:
        sheet = book.add_worksheet(SHEET)
        for number, row in enumerate(rows):
            told = [answer, "the steward", NOTE, *row[3:]] if number else row
            sheet.write_row(number, 0, told)
    return filled


def test_a_typo_is_linked_at_once_another_name_waits_for_the_steward(home: Path) -> None:
    found = persons(open_study(home))
    assert found["P2"][0] == found["A2"][0]
    assert {found["P2"][1], found["A2"][1]} == {"first", "model"}
    assert found["P1"][0] != found["A1"][0]
    receipts = open_study(home).state().of_kind("link")
    assert len(receipts) == 1


def test_the_workbook_shows_both_records_and_neither_score_nor_anybody_else(home: Path) -> None:
    path = home / "review" / "links.xlsx"
    assert write_review(open_study(home), path) == 1
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    heading, row = CalamineWorkbook.from_path(path).get_sheet_by_name(SHEET).to_python()
    told = dict(zip(heading, row, strict=True))
    assert {told["Last name A"], told["Last name B"]} == {"Garnier", "Robert"}
    assert {told["First name A"], told["First name B"]} == {"Inès", "INES"}
    assert (told["Answer"], told["Reviewer"]) == ("", "")
    assert {told[name] for name in TECHNICAL if name.startswith("key")} == {"A1", "P1"}
    assert not any(isinstance(value, float) for value in row)


def test_the_same_person_is_one_from_the_next_night_on_and_the_release_comes_out(
    home: Path, agir: Callable[..., Any]
) -> None:
    filled = answered(home, "The same person")
    done = agir("review", "--home", home, "--answers", filled)
    assert done.returncode == 0, done.stderr
    assert run_study(home).exit_code == 0
    study = open_study(home)
    found = persons(study)
    assert found["P1"][0] == found["A1"][0]
    assert study.vault.read("review").empty
    assert agir("review", "--home", home).returncode == 0


def test_who_cannot_say_lets_the_release_out_and_is_asked_again_of_other_values(
    home: Path,
) -> None:
    study = open_study(home)
    assert take_answers(study, answered(home, "Cannot be said"), study.today) == 1
    assert run_study(home).exit_code == 0
    study = open_study(home)
    assert persons(study)["P1"][0] != persons(study)["A1"][0]
    assert study.vault.read("review")["is_answered"].tolist() == [1]
    assert write_review(study, home / "review" / "again.xlsx") == 0
    deliver(home, pool=POOL.replace("P1,Robert", "P1,Roberts"))
    assert run_study(home).exit_code == 4
    assert write_review(open_study(home), home / "review" / "again.xlsx") == 1


@pytest.mark.parametrize(
    ("answer", "said"),
    [("perhaps", "the answer is none of the list"), ("", None)],
)
def test_an_answer_that_is_none_is_told_with_its_row(
    answer: str, said: str | None, home: Path, agir: Callable[..., Any]
) -> None:
    done = agir("review", "--home", home, "--answers", answered(home, answer))
    assert done.returncode == (2 if said else 0)
    assert said is None or f"filled.xlsx, {SHEET}, row 2: {said}" in done.stderr
    assert list((home / "decisions").iterdir()) == []


def test_a_night_that_leaves_nothing_new_to_compare_never_loads_splink(home: Path) -> None:
    code = f"""
import sys
from pathlib import Path
from agir_pipeline.resources.link_evidence import Evidence
from agir_pipeline.resources.study import open_study
scored = Evidence.of(open_study(Path({str(home)!r}))).scored()
assert len(scored.scores) == 2 and len(scored.accepted) == 1
sys.exit("splink" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def test_what_another_code_scored_is_scored_again(home: Path) -> None:
    """Before, a contradiction was kept as 0.9; the prior of short lists would make it sure."""
    study = open_study(home)
    with study.vault.transaction() as connection:
        for table in ("scores", "scored"):
            connection.execute(f"update {table} set model = substr(model, 1, 12)")
        connection.execute("update scores set probability = 0.9")
    scored = Evidence.of(open_study(home)).scored()
    assert scored is not None
    assert len(scored.scores) == 2
    assert scored.scores["probability"].nunique() == 2


def test_the_terminal_asks_the_same_and_the_note_stays_with_the_decision(home: Path) -> None:
    study, said = open_study(home), []
    answers = iter(["7", "1", "seen on the card"])
    assert review_in_terminal(study, "Anna", lambda _text: next(answers), said.append) == (1, 0)
    shown = "\n".join(said)
    assert "Garnier" in shown
    assert "! Last name" in shown
    assert "that is none of the answers" in shown
    assert run_study(home).exit_code == 0
    study = open_study(home)
    assert persons(study)["P1"][0] == persons(study)["A1"][0]
    kept = study.vault.read("identities")
    decided = kept.loc[kept["source"] == "who_is_who", "identity"].tolist()
    assert len(decided) == 1
    assert "seen on the card" in decided[0]
    assert "Anna" in decided[0]


def test_a_pair_left_for_later_still_waits(home: Path, agir: Callable[..., Any]) -> None:
    study = open_study(home)
    for answer in ("", "q"):
        assert review_in_terminal(study, "Anna", lambda _t, a=answer: a, lambda _t: None) == (0, 1)
    assert list((home / "decisions").iterdir()) == []
    done = agir("review", "--terminal", "--home", home)
    assert done.returncode == 2
    assert "--reviewer says who answers" in done.stderr
