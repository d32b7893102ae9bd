"""A whole study with a survey server: a night with it, and a night without."""

from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

from agir_pipeline.resources.making import init_home
from agir_pipeline.resources.sources.settings import secret_name
from agir_pipeline.resources.study import open_study
from agir_pipeline.running import run_study
from tests.survey_payloads import real_survey
from tests.survey_server import PASSWORD, SurveyServer, serving
from tests.surveys import server_settings, survey_protocol

PEOPLE = "id,group,age_years,income_eur\n" + "".join(
    f"P{n},{n % 3 == 0:d},{20 + n % 25},{1000 + 37 * n % 900}\n" for n in range(60)
)
PULL = 'pull = { adapter = "limesurvey", form = "entry" }'


def answers(home: Path) -> pd.DataFrame:
    warehouse = open_study(home).warehouse
    with warehouse.transaction() as connection:
        return warehouse.read(connection, "validated", "answers")


def test_a_night_with_a_survey_server_and_one_without(
    tmp_path: Path, fixtures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    init_home(home, str(survey_protocol(tmp_path, PULL)))
    (home / "inbox" / "people" / "office" / "people.csv").write_text(PEOPLE, encoding="utf-8")
    monkeypatch.setenv(secret_name("surveys"), PASSWORD)
    with serving(SurveyServer(real_survey(fixtures / "limesurvey"))) as server:
        (home / "study.toml").write_text(server_settings(server), encoding="utf-8")
        first = run_study(home)
    assert first.exit_code == 0, first.faults
    told = answers(home)
    assert len(told) == 52 * 6
    states = Counter(told[told["item"] == "civility"]["state"])
    assert set(states) == {"answered", "refused", "not_reached"}
    assert told["codebook"].nunique() == 1
    assert not told[told["state"] != "answered"]["code"].notna().any()
    second = run_study(home)  # nobody answers there any more
    assert second.exit_code == 0, second.faults
    pd.testing.assert_frame_equal(answers(home), told)
