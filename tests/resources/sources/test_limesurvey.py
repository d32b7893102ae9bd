"""LimeSurvey: real payloads replayed answer by answer, and what the adapter never does."""

import csv
import io
import logging
from pathlib import Path
from typing import Any

import pytest

from agir_pipeline.resources.sources.faults import ServerFault
from tests.survey_payloads import invented_survey, real_survey
from tests.survey_server import PASSWORD, SurveyServer, serving
from tests.surveys import pulled_from


@pytest.fixture(scope="module")
def folder(fixtures: Path) -> Path:
    return fixtures / "limesurvey"


def refusal(server: SurveyServer, **more: Any) -> str:
    with serving(server), pytest.raises(ServerFault) as fault:
        pulled_from(server, **more)
    assert fault.value.__context__ is None
    assert fault.value.__cause__ is None
    return fault.value.code


def test_the_real_survey_comes_answer_by_answer(folder: Path) -> None:
    with serving(SurveyServer(real_survey(folder))) as server:
        pulled = pulled_from(server, participant_columns=("attribute_1", "lastname"))
    with open(folder / "t0_fr_code_short.csv", encoding="utf-8-sig", newline="") as file:
        header, *rows = [line for line in csv.reader(file, delimiter=";") if line]
    assert pulled.header == [*header, "attribute_1", "lastname"]
    assert [row[:73] for row in pulled.rows] == rows
    people = {row[5]: row[73:] for row in pulled.rows}
    assert people["tok0001x"] == ["AGIR-001", "Mace"]
    assert people[""] == ["", ""]
    read_again = list(csv.reader(io.StringIO(pulled.content.decode()), delimiter=";"))
    assert read_again == [pulled.header, *pulled.rows]
    assert server.n_logins == 1
    assert server.seen[-1] == "release_session_key"
    assert server.seen.count("list_participants") == 2


def test_responses_come_in_slices_however_their_numbers_jump() -> None:
    survey = invented_survey(700, seed=3)
    for row in survey.rows[400:]:
        row[0] = str(int(row[0]) + 50_000)
    with serving(SurveyServer(survey)) as server:
        pulled = pulled_from(server)
    assert [row[0] for row in pulled.rows] == [row[0] for row in survey.rows]
    assert 4 <= server.seen.count("export_responses") <= 8


def test_a_survey_without_responses_is_no_fault() -> None:
    with serving(SurveyServer(invented_survey(0))) as server:
        pulled = pulled_from(server)
    assert pulled.rows == []
    assert pulled.header[0] == "id"


def test_a_server_that_heads_parts_in_another_way_is_believed() -> None:
    survey = invented_survey(3)
    survey.header = [head.replace("HELP[ML]", "HELP[SQ_ML]") for head in survey.header]
    with serving(SurveyServer(survey)) as server:
        pulled = pulled_from(server)
    assert "HELP[SQ_ML]" in pulled.header
    assert pulled.questionnaire is not None
    assert "HELP[SQ_ML]" in pulled.questionnaire.by_name


def test_an_expired_session_is_opened_once_more_and_the_call_done_again() -> None:
    with serving(SurveyServer(invented_survey(900), {9: "expired"})) as server:
        assert len(pulled_from(server).rows) == 900
    assert server.n_logins == 2


@pytest.mark.parametrize("user", ["agir", "somebody"])
def test_a_refused_password_is_never_tried_again(user: str) -> None:
    server = SurveyServer(invented_survey(3))
    server.refuses_logins = True
    assert refusal(server, user=user) == "login"
    assert server.n_logins == 1


@pytest.mark.parametrize("fault", ["busy_seconds", "http_503", "reset", "stall", "cut_length"])
def test_a_login_is_sent_once_whatever_comes_back(fault: str) -> None:
    server = SurveyServer(invented_survey(3), {1: fault})
    assert refusal(server) in ("busy", "no_connection", "too_slow", "cut")
    assert server.n_requests == 1


@pytest.mark.parametrize(
    ("facts", "code"),
    [({"anonymized": "Y"}, "anonymous"), ({"active": "N"}, "not_active")],
)
def test_what_could_never_be_linked_or_read_is_refused(facts: dict[str, str], code: str) -> None:
    survey = invented_survey(3)
    survey.facts |= facts
    assert refusal(SurveyServer(survey)) == code


def test_a_survey_without_tokens_is_refused() -> None:
    survey = invented_survey(3)
    del survey.field_maps["fr"]["token"]
    assert refusal(SurveyServer(survey)) == "no_token"


def test_a_participants_column_that_is_not_there_is_named(folder: Path) -> None:
    server = SurveyServer(real_survey(folder))
    with serving(server), pytest.raises(ServerFault, match="attribute_9"):
        pulled_from(server, participant_columns=("attribute_9",))


def test_instants_are_told_in_the_time_of_the_study() -> None:
    survey = invented_survey(2)
    survey.rows[0][1] = "2010-07-01 10:00:00"
    survey.rows[1][1] = "soon"
    with serving(SurveyServer(survey)) as server:
        pulled = pulled_from(server, zone="UTC")
    assert [row[1] for row in pulled.rows] == ["2010-07-01 12:00:00", "soon"]
    assert pulled.rows[0][6] == "2010-11-05 10:00:00"


@pytest.mark.parametrize("fault", ["html", "sql_error", "malformed", "forbidden", "redirect"])
def test_no_fault_quotes_the_server_the_secret_or_an_answer(
    fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server = SurveyServer(invented_survey(3), dict.fromkeys(range(2, 60), fault))
    with serving(server), pytest.raises(ServerFault) as found:
        pulled_from(server)
    told = f"{found.value}\n{found.value.args}\n{caplog.text}"
    for secret in (PASSWORD, "~key", "Durand", "SQLSTATE", "tok00", "remotecontrol?"):
        assert secret not in told
