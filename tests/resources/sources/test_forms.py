"""A night with a survey server: what lands, what is told, and what stops nobody."""

from pathlib import Path

import pandas as pd
import pytest

from agir_pipeline.assets.raw import take_in
from agir_pipeline.doctor import examine
from agir_pipeline.errors import InfrastructureError, UsageError
from agir_pipeline.methods.reading.typing_rules import as_frame
from agir_pipeline.resources.home import Home
from agir_pipeline.resources.making import init_home
from agir_pipeline.resources.readings import Reading
from agir_pipeline.resources.sources.settings import secret_name
from agir_pipeline.resources.stock_taking import take_stock
from agir_pipeline.resources.study import Study, open_study
from tests.survey_payloads import Survey, invented_survey, real_survey
from tests.survey_server import PASSWORD, SurveyServer, serving
from tests.surveys import server_settings, survey_protocol

PULL = 'pull = { adapter = "limesurvey", form = "entry", participant_columns = ["attribute_1"] }'


@pytest.fixture
def survey(fixtures: Path) -> Survey:
    return real_survey(fixtures / "limesurvey")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    init_home(tmp_path / "home", str(survey_protocol(tmp_path, PULL)))
    monkeypatch.setenv(secret_name("surveys"), PASSWORD)
    return tmp_path / "home"


def at(home: Path, server: SurveyServer) -> Study:
    """The study, whose settings say that the form is on this server."""
    (home / "study.toml").write_text(server_settings(server), encoding="utf-8")
    return open_study(home)


def night(home: Path, survey: Survey, faults: dict[int, str] | None = None) -> list[str]:
    with serving(SurveyServer(survey, faults)) as server:
        return take_in(at(home, server))


def readings_of(study: Study) -> list[Reading]:
    return list(take_stock(study).readings)


def rows_of(home: Path) -> pd.DataFrame:
    return as_frame(readings_of(open_study(home))[-1].rows)


def test_a_pull_lands_like_a_file_with_its_questionnaire_beside_it(
    home: Path, survey: Survey
) -> None:
    assert night(home, survey) == []
    state = open_study(home).state()
    [delivery], [structure] = state.deliveries, state.of_kind("structure")
    assert (delivery.source, delivery.provider, delivery.how) == ("entry_survey", "server", "pull")
    assert (delivery.file_name, structure.file_name) == (
        "entry_000001.csv",
        "entry_000001.json",
    )
    reading = readings_of(open_study(home))[-1]
    ends = {name: n for name, n in reading.ends[""].items() if n}
    assert ends == {"accepted": 52, "rejected": 1, "outside": 1, "n_rows": 54}
    assert [one.rule for one in reading.quarantine] == ["not_a_code"]
    told = {code: (place.split(":")[0], n) for code, _sheet, place, n in reading.findings}
    assert told["no_token"] == ("token_code", 1)
    assert "several_responses" not in told


def test_every_answer_has_its_state(home: Path, survey: Survey) -> None:
    night(home, survey)
    rows = rows_of(home).set_index("entity_key")
    told = [dict(zip(survey.header, row, strict=True)) for row in survey.rows]
    expected = {
        one["id"]: "answered" if one["MOTIF"] else "not_applicable"
        for one in told
        if (one["MOTIF"] or one["RUPT"] != "Y") and one["id"] != "40"
    }
    assert len(expected) == 52
    assert rows["break_reason:state"].to_dict() == expected
    assert rows.loc["1", "had_break:state"] == "not_reached"
    assert rows.loc["2", "civility:state"] == "refused"
    assert pd.isna(rows.loc["2", "civility"])
    assert rows.loc["2", ["has_transport_trouble", "has_transport_trouble:state"]].tolist() == [
        False,
        "answered",
    ]
    assert rows.loc["5", "remark:state"] == "answered"
    assert rows["codebook"].nunique() == 1
    assert "page_reached:state" not in rows


def test_the_same_answers_on_the_next_night_are_no_new_delivery(home: Path, survey: Survey) -> None:
    night(home, survey)
    assert night(home, survey) == []
    assert len(open_study(home).state().deliveries) == 1


def test_new_edited_reopened_and_deleted_responses_are_told_as_such(
    home: Path, survey: Survey
) -> None:
    night(home, survey)
    rows, head = survey.rows, survey.header
    reason = head.index("LIBRE")
    rows[1][reason] = "edited by the server's interface, no instant moved"
    by_id = {row[0]: row for row in rows}
    by_id["7"][head.index("lastpage")] = "1"
    rows.remove(by_id["9"])
    rows.append(["99", *rows[-1][1:]])
    assert night(home, survey) == [
        "entry_survey: 1 new, 1 edited, 1 re-opened and 1 deleted responses"
    ]
    assert len(open_study(home).state().deliveries) == 2


def test_what_returns_to_an_earlier_state_is_the_newest_again(home: Path, survey: Survey) -> None:
    place = survey.header.index("LIBRE")
    for text in ("first", "second", "first", "second"):
        survey.rows[1][place] = text
        night(home, survey)
    assert rows_of(home).set_index("entity_key").loc["2", "remark"] == "second"
    survey.rows[1][place] = "first"
    night(home, survey)
    assert rows_of(home).set_index("entity_key").loc["2", "remark"] == "first"
    assert len(open_study(home).state().deliveries) == 5
    night(home, survey)
    assert len(open_study(home).state().deliveries) == 5


def test_too_many_responses_gone_at_once_are_not_believed(home: Path, survey: Survey) -> None:
    night(home, survey)
    survey.rows = survey.rows[:20]
    [told] = night(home, survey)
    assert "too many responses are gone at once" in told
    assert len(open_study(home).state().deliveries) == 1


def test_a_questionnaire_that_changed_is_told_before_its_answers(
    home: Path, survey: Survey
) -> None:
    night(home, survey)
    for told in survey.field_maps.values():
        told[next(raw for raw in told if raw.endswith("X8"))]["question"] = "Monthly income"
    [told_first] = night(home, survey)
    assert "the questionnaire is another one since the last pull" in told_first
    assert "changed: RESS" in told_first
    assert len(open_study(home).state().of_kind("structure")) == 2


@pytest.mark.parametrize("fault", ["http_503", "html", "forbidden", "stall"])
def test_a_server_that_fails_stops_nobody_and_its_last_delivery_stays(
    fault: str, home: Path, survey: Survey
) -> None:
    night(home, survey)
    [told] = night(home, survey, dict.fromkeys(range(1, 90), fault))
    assert told.startswith("entry_survey: ")
    assert len(open_study(home).state().deliveries) == 1


def test_without_any_delivery_ever_one_failing_source_of_two_stops_nobody(
    home: Path, survey: Survey
) -> None:
    assert len(night(home, survey, {1: "http_503"})) == 1


def test_every_source_out_of_reach_is_a_fault_of_the_night(
    tmp_path: Path, survey: Survey, monkeypatch: pytest.MonkeyPatch
) -> None:
    pulled = survey_protocol(tmp_path, PULL)
    text = pulled.read_text(encoding="utf-8")
    pull = 'pull = { adapter = "causaldata", dataset = "no_such_set" }\n'
    pulled.write_text(text.replace('feeds = "person"', pull + 'feeds = "person"', 1), "utf-8")
    init_home(tmp_path / "home", str(pulled))
    monkeypatch.setenv(secret_name("surveys"), PASSWORD)
    with pytest.raises(InfrastructureError) as fault:
        night(tmp_path / "home", survey, {1: "http_503"})
    assert fault.value.exit_code == 3


def test_a_server_that_refused_a_login_is_not_asked_for_its_next_form(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = survey_protocol(tmp_path, PULL)
    text = path.read_text(encoding="utf-8")
    second = text[text.rindex('[[source]]\nname = "entry_survey"') :]
    second = second.replace('name = "entry_survey"', 'name = "exit_survey"')
    path.write_text(text + "\n" + second, encoding="utf-8")
    init_home(tmp_path / "home", str(path))
    monkeypatch.setenv(secret_name("surveys"), "wrong")
    with serving(SurveyServer(invented_survey(3))) as server:
        told = take_in(at(tmp_path / "home", server))
    assert server.n_logins == 1
    assert "does not accept the user or secret" in told[0]
    assert "not asked again tonight" in told[1]


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ('[forms.entry]\nserver = "x"\nform = "1"', "no [servers.x]"),
        (
            '[servers.x]\nurl = "https://a.example.org"\n[forms.entry]\nserver = "x"\nform = "a"',
            "does not name the form",
        ),
        (
            '[servers.x]\nurl = "https://a.example.org"\n[forms.entry]\nserver = "x"\nform = "1"',
            "does not hold AGIR_SERVER_X_SECRET",
        ),
    ],
)
def test_settings_that_lack_something_say_what(settings: str, sentence: str, home: Path) -> None:
    (home / "study.toml").write_text(settings, encoding="utf-8")
    [told] = take_in(open_study(home))
    assert sentence in told


def test_a_setting_that_is_wrong_is_named_with_its_place(home: Path) -> None:
    (home / "study.toml").write_text('[servers.x]\nurl = "https://a:b@c.org"\n', encoding="utf-8")
    with pytest.raises(UsageError, match=r"servers\.x\.url"):
        _site = Home(home).site


def test_the_doctor_says_which_secrets_are_set(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(SurveyServer(invented_survey(1))) as server:
        at(home, server)
    told = [(f.is_well, f.sentence) for f in examine(Home(home))]
    assert (True, "forms pulled every night: entry; without a place in study.toml: -") in told
    monkeypatch.delenv(secret_name("surveys"))
    sentences = [f.sentence for f in examine(Home(home)) if not f.is_well]
    assert "the environment does not hold AGIR_SERVER_SURVEYS_SECRET" in sentences
    (home / "study.toml").write_text('[forms.other]\nserver = "y"\nform = "1"\n', encoding="utf-8")
    assert "study.toml has no [servers.y]" in [f.sentence for f in examine(Home(home))][-2]


def test_a_form_without_a_place_in_the_settings_comes_as_files(home: Path) -> None:
    assert take_in(open_study(home)) == []
    told = [f.sentence for f in examine(Home(home)) if f.is_well]
    assert "forms pulled every night: -; without a place in study.toml: entry" in told


# --------------------------------------------------------------------- files beside pulls


@pytest.mark.parametrize(
    "name",
    ["t0_fr_code_short.csv", "t0_fr_abbreviated_short.csv", "ui_export_rdata.csv"],
)
def test_a_dropped_file_gives_the_rows_and_states_of_a_pull(
    name: str, home: Path, survey: Survey, fixtures: Path
) -> None:
    night(home, survey)
    pulled = rows_of(home)
    inbox = home / "inbox" / "entry_survey" / "server"
    (inbox / name).write_bytes((fixtures / "limesurvey" / name).read_bytes())
    night(home, survey)
    found = {r.receipt.file_name: r.rows for r in readings_of(open_study(home))}
    dropped = as_frame(found[name])
    same = [c for c in pulled if c not in ("record_id", "sheet", "row_number")]
    pd.testing.assert_frame_equal(
        pulled[same].sort_values("entity_key", ignore_index=True),
        dropped[same].sort_values("entity_key", ignore_index=True),
    )


def test_a_file_in_words_is_named_and_tells_no_missingness(
    home: Path, survey: Survey, fixtures: Path
) -> None:
    inbox = home / "inbox" / "entry_survey" / "server"
    for name in ("survey_140140.lss", "ui_export_xls.xlsx"):
        (inbox / name).write_bytes((fixtures / "limesurvey" / name).read_bytes())
    (home / "study.toml").write_text("", encoding="utf-8")
    take_in(open_study(home))
    [reading] = readings_of(open_study(home))
    assert "long_answers" in [code for code, *_rest in reading.findings]
    rows = as_frame(reading.rows).set_index("entity_key")
    assert len(rows) == 53
    assert rows.loc["1", "has_transport_trouble:state"] == "unknown"
    assert pd.isna(rows.loc["1", "has_transport_trouble"])
    assert set(rows["break_reason:state"]) == {"answered", "unknown"}
    assert open_study(home).state().of_kind("structure")[0].file_name == "survey_140140.lss"


def test_a_structure_that_comes_later_explains_what_was_refused(home: Path, fixtures: Path) -> None:
    inbox = home / "inbox" / "entry_survey" / "server"
    folder = fixtures / "limesurvey"
    (inbox / "t0.csv").write_bytes((folder / "t0_fr_abbreviated_short.csv").read_bytes())
    study = open_study(home)
    take_in(study)
    assert [reading.refusal[0] for reading in readings_of(study) if reading.refusal] == [
        "no_header"
    ]
    (inbox / "t0.lss").write_bytes((folder / "survey_140140.lss").read_bytes())
    study = open_study(home)
    take_in(study)
    [reading] = readings_of(study)
    assert reading.refusal is None
    ledger = study.home.landing.ledger
    assert ledger.refusals() == []
    assert [(row["n_rows"], row["accepted"]) for row in ledger.row_ends()] == [(55, 52)]


def test_a_structure_that_cannot_be_read_explains_nothing(
    home: Path, survey: Survey, fixtures: Path
) -> None:
    inbox = home / "inbox" / "entry_survey" / "server"
    (inbox / "broken.lss").write_bytes(b"<?xml version='1.0'?>\n<LimeSurveyDocType>")
    code = (fixtures / "limesurvey" / "t0_fr_code_short.csv").read_bytes()
    (inbox / "t0.csv").write_bytes(code)
    (home / "study.toml").write_text("", encoding="utf-8")
    take_in(open_study(home))
    [reading] = readings_of(open_study(home))
    assert set(reading.rows["break_reason:state"].to_pylist()) == {"answered", "unknown"}
