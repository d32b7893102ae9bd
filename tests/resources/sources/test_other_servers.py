"""ODK Central by its real payloads; KoboToolbox and REDCap by documented ones."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agir_pipeline.methods.reading.answer_states import Conditions, Spellings
from agir_pipeline.resources.sources import kobo, odk, redcap
from agir_pipeline.resources.sources.exchange import exchange_with
from agir_pipeline.resources.sources.faults import ServerFault
from agir_pipeline.resources.sources.pulled import Pulled
from tests.survey_payloads import invented_survey
from tests.survey_server import SurveyServer, serving
from tests.surveys import ask_of, serve_odk


def pulled_by(module: Any, server: SurveyServer, kind: str, form: str) -> Pulled:
    ask = ask_of(server.url, kind, form, secret="a-token")
    with exchange_with(ask.server) as exchange:
        pulled: Pulled = module.pull(ask, exchange)
        return pulled


# ----------------------------------------------------------------------------------- ODK


@pytest.fixture
def odk_folder(fixtures: Path) -> Path:
    return fixtures / "odk"


def odk_server(folder: Path, faults: dict[int, str] | None = None) -> SurveyServer:
    server = SurveyServer(invented_survey(1), faults)
    serve_odk(server, folder)
    return server


def test_the_real_odk_form_comes_answer_by_answer(odk_folder: Path) -> None:
    with serving(odk_server(odk_folder)) as server:
        pulled = pulled_by(odk, server, "odk", "1/agir_t0")
    with open(odk_folder / "submissions.csv", encoding="utf-8", newline="") as file:
        rows = {row["KEY"]: row for row in csv.DictReader(file)}
    assert len(pulled.rows) == len(rows) == 24
    places = {name: pulled.header.index(name) for name in ("code", "age", "ressources", "freins")}
    for row in pulled.rows:
        assert {n: row[p] for n, p in places.items()} == {n: rows[row[0]][n] for n in places}
    edited = next(row for row in pulled.rows if row[places["code"]] == "AGIR-000")
    assert edited[pulled.header.index("edits")] == "1"
    assert edited[pulled.header.index("reviewState")] == "edited"
    jobs = [row[pulled.header.index("emplois")] for row in pulled.rows]
    assert sorted(len(json.loads(cell)) for cell in jobs if cell) == [2] * 23
    assert "AGIR-001" not in {row[places["code"]] for row in pulled.rows}


def test_the_definition_of_an_odk_form_says_when_its_questions_are_shown(
    odk_folder: Path,
) -> None:
    with serving(odk_server(odk_folder)) as server:
        pulled = pulled_by(odk, server, "odk", "1/agir_t0")
    assert pulled.questionnaire is not None
    asked = pulled.questionnaire.by_name
    assert (asked["age"].relevance, asked["dn"].relevance) == ((), ("unknown(form)",))
    assert asked["ressources"].relevance == (f"{asked['age'].raw_name}.NAOK >= 25",)
    row = next(row for row in pulled.rows if "AGIR-000" in row)
    answers = dict(zip(pulled.header, row, strict=True)) | {"age": "24"}
    wanted = dict.fromkeys(("age", "ressources", "freins", "dn"), Spellings())
    states = Conditions(pulled.questionnaire).states(answers, wanted)
    assert list(states.values()) == ["answered", "not_applicable", "shown_unanswered", "unknown"]


@pytest.mark.parametrize("status", [403, 404])
def test_a_definition_kept_back_leaves_odk_conditions_unknown(
    status: int, odk_folder: Path
) -> None:
    server = odk_server(odk_folder)
    server.statuses["/v1/projects/1/forms/agir_t0.xml"] = status
    with serving(server):
        pulled = pulled_by(odk, server, "odk", "1/agir_t0")
    assert len(pulled.rows) == 24
    assert pulled.questionnaire is not None
    assert pulled.questionnaire.by_name["age"].relevance == ("unknown(form)",)


def test_something_else_in_place_of_an_odk_definition_is_not_whole(odk_folder: Path) -> None:
    server = odk_server(odk_folder)
    server.forms["/v1/projects/1/forms/agir_t0.xml"] = lambda _path, _query: b"<page/>"
    with serving(server), pytest.raises(ServerFault) as fault:
        pulled_by(odk, server, "odk", "1/agir_t0")
    assert fault.value.code == "not_whole"


@pytest.mark.parametrize("place", range(2, 9))
@pytest.mark.parametrize("fault", ["busy_bare", "reset", "cut_length", "cut_silent", "malformed"])
def test_no_odk_answer_is_lost_or_doubled(fault: str, place: int, odk_folder: Path) -> None:
    with serving(odk_server(odk_folder, {place: fault})) as server:
        pulled = pulled_by(odk, server, "odk", "1/agir_t0")
    assert len({row[0] for row in pulled.rows}) == 24


@pytest.mark.parametrize(
    "spoil",
    [
        lambda page: page | {"value": page["value"][1:]},
        lambda page: page | {"value": [*page["value"], page["value"][0]]},
        lambda page: page | {"@odata.count": 23},
        lambda page: {k: v for k, v in page.items() if k != "@odata.nextLink"},
        lambda page: page | {"value": []},
        lambda page: page | {"value": "none"},
        lambda _page: [],
    ],
)
def test_a_torn_odk_export_is_given_up(spoil: Callable[[Any], Any], odk_folder: Path) -> None:
    server = odk_server(odk_folder)
    path = "/v1/projects/1/forms/agir_t0.svc/Submissions"
    whole = server.forms[path]
    server.forms[path] = lambda path, query: spoil(whole(path, query))
    with serving(server), pytest.raises(ServerFault) as fault:
        pulled_by(odk, server, "odk", "1/agir_t0")
    assert fault.value.code == "not_whole"


@pytest.mark.parametrize(("status", "code"), [(401, "forbidden"), (404, "forbidden")])
def test_a_form_nobody_may_read_is_named(status: int, code: str, odk_folder: Path) -> None:
    server = odk_server(odk_folder)
    server.statuses["/v1/projects/1/forms/agir_t0.svc/Submissions"] = status
    with serving(server), pytest.raises(ServerFault) as fault:
        pulled_by(odk, server, "odk", "1/agir_t0")
    assert fault.value.code == code


def test_a_refused_odk_login_is_sent_once(odk_folder: Path) -> None:
    server = odk_server(odk_folder)
    server.statuses["/v1/sessions"] = 401
    with serving(server), pytest.raises(ServerFault) as fault:
        pulled_by(odk, server, "odk", "1/agir_t0")
    assert (fault.value.code, server.n_requests) == ("login", 1)


def test_a_link_to_another_name_of_the_server_leads_to_the_server_itself(
    odk_folder: Path,
) -> None:
    server = odk_server(odk_folder)
    path = "/v1/projects/1/forms/agir_t0.svc/Submissions"
    whole = server.forms[path]

    def renamed(path: str, query: dict[str, str]) -> Any:
        page = whole(path, query)
        link = page.get("@odata.nextLink", "")
        return page | {"@odata.nextLink": link.replace(server.url, "https://odk.example.org")}

    server.forms[path] = renamed
    with serving(server):
        assert len(pulled_by(odk, server, "odk", "1/agir_t0").rows) == 24


@pytest.mark.parametrize("form", ["agir_t0", "one/agir_t0", "1/"])
def test_an_odk_form_is_named_by_its_project(form: str) -> None:
    with pytest.raises(ServerFault) as fault:
        pulled_by(odk, SurveyServer(invented_survey(1)), "odk", form)
    assert fault.value.code == "bad_form"


# ---------------------------------------------------------------------------------- Kobo

KOBO_FORM = {
    "content": {
        "survey": [
            {"type": "text", "name": "code"},
            {"type": "begin_group", "name": "work"},
            {"type": "select_one", "name": "has_job"},
            {"type": "end_group"},
            {"type": "begin_repeat", "name": "jobs"},
            {"type": "text", "name": "title"},
            {"type": "end_repeat"},
            {"type": "note", "name": "thanks"},
        ]
    }
}
KOBO_ROWS = [
    {
        "_id": n, "_uuid": f"u{n:04}", "_submission_time": "2026-07-01T08:00:00",
        "__version__": "v1", "code": f"AGIR-{n:03}", "work/has_job": "yes",
        "jobs": [{"jobs/title": "Œuvre"}], "_submitted_by": "adviser",
    }
    for n in range(1, 251)
]  # fmt: skip


def kobo_server(page_rows: int = 100, rows: list[dict[str, Any]] = KOBO_ROWS) -> SurveyServer:
    """As the documentation says: a page may hold fewer rows than asked for; ``next`` goes on."""
    server = SurveyServer(invented_survey(1))

    def page(path: str, query: dict[str, str]) -> Any:
        start, limit = int(query["start"]), min(int(query["limit"]), page_rows)
        has_more = start + limit < len(rows)
        return {
            "count": len(rows), "previous": None, "results": rows[start : start + limit],
            "next": f"{server.url}{path}?start={start + limit}&limit=1000" if has_more else None,
        }  # fmt: skip

    server.forms = {
        "/api/v2/assets/aKobo1/data.json": page,
        "/api/v2/assets/aKobo1.json": lambda _path, _query: KOBO_FORM,
    }
    return server


def test_kobo_is_followed_to_its_last_page() -> None:
    with serving(kobo_server()) as server:
        pulled = pulled_by(kobo, server, "kobo", "aKobo1")
    assert pulled.header == ["_uuid", "_id", "_submission_time", "__version__", "code",
                             "work/has_job", "jobs"]  # fmt: skip
    assert len(pulled.rows) == 250
    assert pulled.rows[0] == ["u0001", "1", "2026-07-01 10:00:00", "v1", "AGIR-001", "yes",
                              '[{"jobs/title": "Œuvre"}]']  # fmt: skip


CONDITIONED = {
    "version_id": "v2",
    "deployed_version_id": "v2",
    "content": {
        "survey": [
            {"type": "start", "name": "start"},
            {"type": "text", "name": "code"},
            {"type": "begin_group", "name": "work", "relevant": "${code} != ''"},
            {"type": "select_one jn", "name": "job", "relevant": ""},
            {"type": "integer", "name": "hours", "relevant": "${job} = 'yes'"},
            {"type": "select_multiple", "name": "why"},
            {"type": "text", "name": "other", "relevant": "selected(${why}, 'o')"},
            {"type": "end_group"},
            {"type": "text", "name": "twice", "relevant": "${again} = '1'"},
            {"type": "text", "name": "again"},
            {"type": "begin_group", "name": "g"},
            {"type": "text", "name": "again"},
            {"type": "end_group"},
            {"type": "begin_kobomatrix", "name": "grid"},
            {"type": "text", "name": "cell"},
            {"type": "end_kobomatrix"},
            {"type": "calculate", "name": "sum"},
        ]
    },
}


@pytest.mark.parametrize(
    ("version", "row", "states"),
    [
        ("v2", {"work/job": "yes"}, "answered shown_unanswered shown_unanswered unknown"),
        ("v2", {"work/job": "no"}, "answered not_applicable shown_unanswered unknown"),
        (
            "v2",
            {"work/job": "no", "code": ""},
            "answered not_applicable not_applicable not_applicable",
        ),
        ("v2", {}, "shown_unanswered not_applicable shown_unanswered unknown"),
        ("v1", {"work/job": "no"}, "answered unknown unknown unknown"),
        ("v1", {}, "unknown unknown unknown unknown"),
    ],
)
def test_a_kobo_form_says_of_its_own_version_what_was_asked(
    version: str, row: dict[str, str], states: str
) -> None:
    told, others = kobo_states({"__version__": version, "code": "A1"} | row, CONDITIONED)
    assert told == states.split()
    assert others == {"unknown"}  # asked of two, by several choices, in a matrix, filled in alone


@pytest.mark.parametrize("deployed", ["v1", None, "v2' or 'x"])
def test_what_stands_in_a_kobo_asset_and_is_not_deployed_says_nothing(deployed: str | None) -> None:
    form = CONDITIONED | {"deployed_version_id": deployed}
    if deployed and "'" in deployed:
        form["version_id"] = deployed
    told, _others = kobo_states({"__version__": "v2", "code": "A1", "work/job": "no"}, form)
    assert told == ["answered", "unknown", "unknown", "unknown"]


def kobo_states(row: dict[str, str], form: Any) -> tuple[list[str], set[str]]:
    """Of four questions in one submission, and of those of which nobody can tell."""
    server = kobo_server(rows=[{"_id": 1, "_uuid": "u1"} | row])
    server.forms["/api/v2/assets/aKobo1.json"] = lambda _path, _query: form
    with serving(server):
        pulled = pulled_by(kobo, server, "kobo", "aKobo1")
    assert pulled.questionnaire is not None
    asked = ["work/job", "work/hours", "work/why", "work/other"]
    others = ["twice", "grid/cell", "sum", "start"]
    answers = dict(zip(pulled.header, pulled.rows[0], strict=True))
    conditions = Conditions(pulled.questionnaire)
    states = conditions.states(answers, dict.fromkeys([*asked, *others], Spellings()))
    return [str(states[name]) for name in asked], {str(states[name]) for name in others}


def test_a_kobo_answer_that_comes_twice_is_not_taken() -> None:
    with serving(kobo_server(rows=[*KOBO_ROWS, KOBO_ROWS[0]])) as server:
        with pytest.raises(ServerFault) as fault:
            pulled_by(kobo, server, "kobo", "aKobo1")
        assert fault.value.code == "not_whole"


@pytest.mark.parametrize(("status", "code"), [(401, "login"), (404, "forbidden")])
def test_a_kobo_asset_nobody_may_read_is_named(status: int, code: str) -> None:
    server = kobo_server()
    server.statuses["/api/v2/assets/aKobo1.json"] = status
    with serving(server), pytest.raises(ServerFault) as fault:
        pulled_by(kobo, server, "kobo", "aKobo1")
    assert fault.value.code == code


def test_a_kobo_asset_is_a_word() -> None:
    with pytest.raises(ServerFault) as fault:
        pulled_by(kobo, SurveyServer(invented_survey(1)), "kobo", "../x")
    assert fault.value.code == "bad_form"


# -------------------------------------------------------------------------------- REDCap

METADATA = [
    {"field_name": "record_id", "field_type": "text"},
    {"field_name": "barriers", "field_type": "checkbox",
     "select_choices_or_calculations": "1, Transport | 2, Housing"},
    {"field_name": "age", "field_type": "text"},
]  # fmt: skip
EXPORTED = ["record_id", "barriers___1", "barriers___2", "age"]
RECORDS = [
    {"record_id": str(n), "barriers___1": "1", "barriers___2": "0", "age": str(17 + n % 9)}
    for n in range(1, 31)
]


def redcap_server(
    records: list[dict[str, Any]] = RECORDS, names: list[str] = EXPORTED
) -> SurveyServer:
    server = SurveyServer(invented_survey(1))

    def answer(_path: str, form: dict[str, str]) -> Any:
        assert form["token"] == "a-token"
        assert form.get("rawOrLabel", "raw") == "raw"
        match form["content"]:
            case "metadata":
                return METADATA
            case "exportFieldNames":
                return [{"export_field_name": name} for name in names]
        if "fields[0]" in form:
            return [{"record_id": record["record_id"]} for record in records]
        return records

    server.forms = {"/api/": answer}
    return server


def test_redcap_gives_every_record_in_codes_and_boxes_one_by_one() -> None:
    with serving(redcap_server()) as server:
        pulled = pulled_by(redcap, server, "redcap", "any")
    assert pulled.header == EXPORTED
    assert len(pulled.rows) == 30
    assert pulled.rows[0] == ["1", "1", "0", "18"]
    assert pulled.questionnaire is not None
    assert pulled.questionnaire.by_name["barriers___2"].question == "barriers"


def test_boxes_none_of_which_is_ticked_are_no_answer() -> None:
    """The export writes 0 for them as well where nobody was asked."""
    untouched = RECORDS[0] | {"barriers___1": "0", "barriers___2": "0", "age": "0"}
    with serving(redcap_server([untouched, RECORDS[1]])) as server:
        pulled = pulled_by(redcap, server, "redcap", "any")
    assert pulled.rows == [["1", "", "", "0"], ["2", "1", "0", "19"]]
    assert pulled.questionnaire is not None
    wanted = {"barriers___1": Spellings(), "barriers___2": Spellings()}
    answers = [dict(zip(pulled.header, row, strict=True)) for row in pulled.rows]
    conditions = Conditions(pulled.questionnaire)
    told = [list(conditions.states(one, wanted).values()) for one in answers]
    assert told == [["unknown", "unknown"], ["answered", "answered"]]


def test_fields_held_back_by_rights_are_a_fault_not_missing_answers() -> None:
    records = [{k: v for k, v in one.items() if k != "age"} for one in RECORDS]
    with serving(redcap_server(records)) as server, pytest.raises(ServerFault) as fault:
        pulled_by(redcap, server, "redcap", "any")
    assert fault.value.code == "missing_fields"


def test_a_record_that_comes_twice_is_not_taken() -> None:
    with serving(redcap_server([*RECORDS, RECORDS[0]])) as server:
        with pytest.raises(ServerFault) as fault:
            pulled_by(redcap, server, "redcap", "any")
        assert fault.value.code == "not_whole"


@pytest.mark.parametrize(("status", "code"), [(403, "login"), (400, "status")])
def test_a_redcap_refusal_is_told_by_its_kind(status: int, code: str) -> None:
    server = redcap_server()
    server.statuses["/api/"] = status
    with serving(server), pytest.raises(ServerFault) as fault:
        pulled_by(redcap, server, "redcap", "any")
    assert fault.value.code == code


def test_an_error_in_a_body_is_no_record() -> None:
    server = SurveyServer(invented_survey(1))
    server.forms = {"/api/": lambda _path, _form: {"error": "You do not have permissions"}}
    with serving(server), pytest.raises(ServerFault) as fault:
        pulled_by(redcap, server, "redcap", "any")
    assert fault.value.code == "unknown"
