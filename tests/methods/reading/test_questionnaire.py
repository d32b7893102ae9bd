"""What a questionnaire asks, from its structure file and from the words of a server."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from agir_pipeline.methods.reading.delimited import read_delimited
from agir_pipeline.methods.reading.field_maps import asks_for_properties, from_field_maps
from agir_pipeline.methods.reading.grid import Refused
from agir_pipeline.methods.reading.questionnaire import Questionnaire, changes
from agir_pipeline.methods.reading.structure_files import from_structure, read_structure
from tests.survey_payloads import real_survey


@pytest.fixture(scope="module")
def folder(fixtures: Path) -> Path:
    return fixtures / "limesurvey"


@pytest.fixture(scope="module")
def asked(folder: Path) -> Questionnaire:
    return from_structure((folder / "survey_140140.lss").read_bytes())


def test_a_structure_file_gives_the_columns_of_the_real_export_in_order(
    asked: Questionnaire, folder: Path
) -> None:
    header = read_delimited((folder / "t0_fr_code_short.csv").open("rb")).whole().rows[0][1]
    assert [one.name for one in asked.fields] == header
    assert (asked.form, asked.languages, asked.pages) == ("140140", ("fr", "en"), "G")


def test_a_question_knows_its_condition_its_page_and_its_options(asked: Questionnaire) -> None:
    reason = asked.by_name["MOTIF"]
    assert (reason.relevance, reason.page) == (('RUPT.NAOK == "Y"',), 3)
    assert reason.options["A2"]["fr"] == "Désaccord avec l'employeur"
    assert asked.by_name["DUAL[D1][2]"].options["1"]["en"] == "low"
    assert asked.by_name["LOGT[other]"].options == {}
    assert not asked.by_name["INFO"].is_asked
    assert not asked.by_name["id"].is_asked
    assert [n for n, one in asked.by_name.items() if one.is_box][-2:] == ["AIDES[ML]", "AIDES[PE]"]


def test_a_server_tells_the_same_questionnaire_but_for_dual_scales(
    asked: Questionnaire, folder: Path
) -> None:
    survey = real_survey(folder)
    told = from_field_maps("140140", survey.field_maps, survey.properties, "G")
    assert told.codebook == asked.codebook
    unlike = [a.name for a, b in zip(asked.fields, told.fields, strict=True) if a != b]
    assert {name.split("[")[0] for name in unlike} == {"DUAL"}


def test_what_a_server_does_not_tell_is_left_open() -> None:
    question = {"type": "L", "qid": 7, "aid": "", "title": "Q", "question": None, "gid": 1}
    maps = {
        "fr": {"id": {"qid": ""}, "1X1X7": question, "1X1X7other": question | {"aid": "other"}},
        "en": {"1X1X7": question},
        "de": {"1X1X7other": question | {"aid": "other"}},
    }
    properties = {"7": {"fr": {"answeroptions": "No available answers"}}}
    told = from_field_maps("1", maps, properties, "S")
    assert told.by_name["Q"].options == {}
    assert told.by_name["Q"].labels == {"fr": ("",), "en": ("",)}
    assert told.by_name["Q[other]"].labels == {"fr": ("", "Autre"), "de": ("", "Other")}


def test_only_questions_with_parts_or_options_are_asked_for_them() -> None:
    assert [kind for kind in "LMF1NTYX*" if asks_for_properties(kind)] == ["L", "M", "F", "1"]


def test_a_questionnaire_survives_its_json(asked: Questionnaire) -> None:
    assert Questionnaire.from_json(asked.to_json()) == asked


def test_the_reading_process_answers_a_structure_as_one_cell(
    asked: Questionnaire, folder: Path
) -> None:
    grid = read_structure((folder / "survey_140140.lss").read_bytes())
    assert grid.container == "limesurvey_structure"
    assert Questionnaire.from_json(grid.rows[0][1][0]) == asked
    assert json.loads(grid.rows[0][1][0])["form"] == "140140"


def test_another_scale_another_wording_or_another_question_is_another_codebook(
    asked: Questionnaire,
) -> None:
    fields = list(asked.fields)
    place = [one.name for one in fields].index("SATIS[SQ001]")
    options = dict(fields[place].options)
    del options["NC"]
    fields[place] = replace(fields[place], options=options)
    other_scale = replace(asked, fields=tuple(fields))
    dropped = replace(asked, fields=asked.fields[:-1])
    codebooks = {one.codebook for one in (asked, other_scale, dropped)}
    assert len(codebooks) == 3
    assert changes(asked, other_scale) == ([], [], ["SATIS[SQ001]"])
    assert changes(asked, dropped) == ([], ["LANGUE"], [])
    assert changes(dropped, asked) == (["LANGUE"], [], [])


def test_a_ranking_without_a_limit_has_a_place_for_every_option(folder: Path) -> None:
    text = (folder / "survey_140140.lss").read_text(encoding="utf-8")
    asked = from_structure(text.replace("max_subquestions", "another").encode())
    assert [n for n in asked.by_name if n.startswith("RANG")] == ["RANG[1]", "RANG[2]", "RANG[3]"]


def test_metadata_the_survey_does_not_keep_are_no_columns(folder: Path) -> None:
    text = (folder / "survey_140140.lss").read_text(encoding="utf-8")
    spared = text.replace("<datestamp><![CDATA[Y]]></datestamp>", "<datestamp>N</datestamp>")
    names = [one.name for one in from_structure(spared.encode()).fields]
    assert "datestamp" not in names
    assert "refurl" in names


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><document/>', "doctype"),
        (b'<?xml version="1.0"?><document>', "damaged"),
    ],
)
def test_a_structure_that_could_do_harm_or_is_cut_is_refused(data: bytes, code: str) -> None:
    with pytest.raises(Refused) as refused:
        from_structure(data)
    assert refused.value.refusal.code == code


def test_a_structure_without_a_survey_asks_nothing() -> None:
    asked = from_structure(b"<document><LimeSurveyDocType>Group</LimeSurveyDocType></document>")
    assert [one.question for one in asked.fields if one.question] == []
