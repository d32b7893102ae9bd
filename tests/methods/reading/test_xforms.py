"""The conditions of a form, as its definition tells them."""

import pytest

from agir_pipeline.methods.reading.answer_states import Conditions, Spellings
from agir_pipeline.methods.reading.questionnaire import WHOLE, Field, Questionnaire
from agir_pipeline.methods.reading.xforms import (
    UNKNOWN,
    NoForm,
    conditions_of,
    conditions_of_table,
)

FORM = """<?xml version="1.0"?>
<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml"><h:head>
<model><instance><data id="f"><age/><job><has/><since/></job><why/></data></instance>
<bind nodeset="/data/age" type="int"/><bind nodeset="/data/total" calculate="1 + 1"/>
<bind nodeset="/data/job" relevant=" /data/age &gt;= 18 "/>
<bind nodeset="/data/job/since"
 relevant="selected( /data/job/has ,'yes') and not( /data/why = 'x')"/>
<bind nodeset="/data/why" relevant="{why}"/></model></h:head>
<h:body><input ref="/data/age"/><group ref="/data/job"><select1 ref="/data/job/has"/>
<input ref="/data/job/since"/></group><input ref="/data/why"/></h:body></h:html>"""
NAMES = {"/age": "f1", "/job/has": "f2", "/job/since": "f3", "/why": "f4", "/many": "f5"}


def form(why: str = "") -> bytes:
    return FORM.replace("{why}", why).encode()


def test_a_question_is_shown_when_its_groups_and_itself_are() -> None:
    assert conditions_of(form(), NAMES, ()) == {
        "/age": (),
        "/job/has": ("f1.NAOK >= 18",),
        "/job/since": ("f1.NAOK >= 18", "(f2.NAOK == 'yes') and ! ( f4.NAOK == 'x' )"),
        "/why": (),
    }


@pytest.mark.parametrize(
    "xpath",
    ["count(/data/age) &gt; 1", "/data/other = 1", "selected(/data/many, 'a')", "../age = 1", "$"],
)
def test_a_condition_that_is_not_understood_is_unknown(xpath: str) -> None:
    assert conditions_of(form(xpath), NAMES, {"/many"})["/why"] == UNKNOWN


@pytest.mark.parametrize(
    "content", [b"", b"<html/>", form()[:-30], b"<!DOCTYPE x []>" + form()[21:]]
)
def test_what_is_no_form_says_so(content: bytes) -> None:
    with pytest.raises(NoForm):
        conditions_of(content, NAMES, ())


def test_empty_cells_of_a_form_sent_whole_are_told_apart() -> None:
    told = conditions_of(form(), NAMES, ())
    fields = tuple(
        Field(path, question=path, relevance=told[path], raw_name=NAMES[path]) for path in told
    )
    conditions = Conditions(Questionnaire("f", ("en",), WHOLE, fields))
    wanted = dict.fromkeys(told, Spellings())
    empty = dict.fromkeys(told, "")
    young = conditions.states(empty | {"/age": "17"}, wanted)
    assert young["/job/has"] == young["/job/since"] == "not_applicable"
    assert young["/why"] == "shown_unanswered"
    adult = conditions.states(empty | {"/age": "20", "/job/has": "yes"}, wanted)
    assert adult["/job/since"] == "shown_unanswered"
    none = conditions.states(empty | {"/age": "20"}, wanted)
    assert none["/job/since"] == "not_applicable"


def test_conditions_of_a_table_call_questions_by_their_own_names() -> None:
    names = NAMES | {"/job/why": "f6"}
    told = conditions_of_table(
        {
            "/age": (),
            "/job/has": ("${age} >= 18", "selected(${ since }, 'x')"),
            "/job/since": ("${why} = 'x'", "${gone} = '1'", "selected(${many}, 'x')"),
        },
        names,
        {"/many"},
    )
    assert told == {
        "/age": (),
        "/job/has": ("f1.NAOK >= 18", "(f3.NAOK == 'x')"),
        "/job/since": UNKNOWN * 3,  # two bear the name, none does, several choices
    }
