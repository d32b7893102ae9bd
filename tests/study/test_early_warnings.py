"""The steward's list under attack: whose contract may not stand on it, and for what reason."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from agir_pipeline.early_warnings import warned
from agir_pipeline.resources.home import Home
from agir_pipeline.resources.study import Study, open_study

pytestmark = pytest.mark.xdist_group("demo")

MONEY, SILENT = "Money difficulties told at entry", "No interview for 60 days"
Demo = tuple[Path, "subprocess.CompletedProcess[str]"]
Change = Callable[[str], None]


@pytest.fixture(scope="module")
def home(demo: Demo, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The finished demo; its young people read English, as the tests do."""
    copy = tmp_path_factory.mktemp("warned") / "home"
    shutil.copytree(demo[0], copy, symlinks=True, ignore=shutil.ignore_patterns("releases"))
    (copy / "releases").mkdir()
    return copy


@pytest.fixture
def change(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Change]:
    """What a night might have left otherwise; taken back after the test."""
    monkeypatch.setenv("AGIR_LANGUAGE", "en")
    kept = (home / "warehouse" / "study.duckdb").read_bytes()
    study: Study = open_study(home)

    def made(statement: str) -> None:
        with study.warehouse.transaction() as connection:
            connection.execute(sa.text(statement))

    yield made
    (home / "warehouse" / "study.duckdb").write_bytes(kept)


def reasons(home: Path) -> dict[str, str]:
    listed = warned(Home(home))
    return dict(zip(listed["person_id"], listed["reasons"], strict=True))


def somebody_with_an_answer(home: Path, change: Change) -> str:
    """A listed beneficiary who said of money difficulties in December 2012."""
    [person, *_others] = [p for p, told in reasons(home).items() if told == SILENT]
    of_person = (
        "entity_id in (select entity_id from linked.person_links "
        f"where source = 'youth_survey_t0' and person_id = '{person}')"
    )
    change(
        "update validated.youth_survey_t0 set submitted_at = timestamptz '2012-12-01 10:00:00+00', "
        f"has_money_difficulty = true where superseded_on is null and {of_person}"
    )
    assert MONEY in reasons(home)[person]
    return person


def test_who_withdrew_the_questionnaires_is_listed_for_none_of_their_answers(
    home: Path, change: Change
) -> None:
    person = somebody_with_an_answer(home, change)
    change(f"delete from linked.answers where person_id = '{person}'")  # as a withdrawal does
    assert reasons(home)[person] == SILENT


def test_an_answer_that_a_later_one_replaced_is_no_reason(home: Path, change: Change) -> None:
    person = somebody_with_an_answer(home, change)
    change(
        "update linked.answers set answer_rank = 2 "
        f"where source = 'youth_survey_t0' and person_id = '{person}'"
    )
    assert reasons(home)[person] == SILENT


@pytest.mark.parametrize(
    "statement",
    [
        "update linked.participants set arm = 'control' where person_id = '{person}'",
        "update linked.spells set ended_early_on = date '2012-12-20' where person_id = '{person}'",
        "update linked.spells set planned_end_on = date '2012-12-30' where person_id = '{person}'",
        "insert into linked.withdrawals (person_id, scope, withdrawn_on) "
        "values ('{person}', 'study', date '2012-12-20')",
    ],
    ids=["control", "broken", "over", "withdrawn"],
)
def test_who_may_not_be_warned_of_leaves_the_list(
    home: Path, change: Change, statement: str
) -> None:
    before = reasons(home)
    person = next(p for p, told in before.items() if told == SILENT)
    change(statement.format(person=person))
    assert reasons(home) == {p: told for p, told in before.items() if p != person}
