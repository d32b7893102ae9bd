"""Why a cell is empty, on real responses and on what can be known of none."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from agir_pipeline.methods.reading.answer_states import AnswerState, Conditions, Spellings
from agir_pipeline.methods.reading.delimited import read_delimited
from agir_pipeline.methods.reading.questionnaire import Field, Questionnaire
from agir_pipeline.methods.reading.structure_files import from_structure

NOTHING = Spellings()


@pytest.fixture(scope="module")
def asked(fixtures: Path) -> Questionnaire:
    return from_structure((fixtures / "limesurvey" / "survey_140140.lss").read_bytes())


@pytest.fixture(scope="module")
def responses(fixtures: Path) -> dict[str, dict[str, str]]:
    grid = read_delimited((fixtures / "limesurvey" / "t0_fr_code_short.csv").open("rb")).whole()
    header, *rows = [cells for _number, cells in grid.rows if cells]
    return {row[0]: dict(zip(header, row, strict=True)) for row in rows}


def states(asked: Questionnaire, response: dict[str, str]) -> dict[str, AnswerState]:
    wanted = {one.name: NOTHING for one in asked.fields if one.is_asked}
    return Conditions(asked).states(response, wanted)


def test_who_only_opened_the_page_reached_nothing(asked, responses) -> None:  # type: ignore[no-untyped-def]
    found = states(asked, responses["1"])
    assert set(found.values()) == {AnswerState.NOT_REACHED, AnswerState.NOT_APPLICABLE}
    assert found["MOTIF"] == AnswerState.NOT_APPLICABLE


def test_a_reopened_response_stays_complete(asked, responses) -> None:  # type: ignore[no-untyped-def]
    """Its last page is 1, but it was submitted."""
    response = responses["5"]
    assert (response["lastpage"], bool(response["submitdate"])) == ("1", True)
    assert AnswerState.NOT_REACHED not in states(asked, response).values()


def test_a_question_hidden_by_an_answer_was_not_asked(asked, responses) -> None:  # type: ignore[no-untyped-def]
    of = {
        id_: states(asked, response)["MOTIF"]
        for id_, response in responses.items()
        if response["submitdate"]
    }
    said = {id_: responses[id_]["RUPT"] for id_ in of}
    told = Counter((said[id_], state) for id_, state in of.items())
    assert {pair for pair in told if pair[1] == AnswerState.NOT_APPLICABLE} == {
        ("N", AnswerState.NOT_APPLICABLE),
        ("", AnswerState.NOT_APPLICABLE),
    }
    assert told["Y", AnswerState.ANSWERED] == sum(s == "Y" for s in said.values())


def test_a_box_left_out_beside_a_ticked_one_is_an_answer(asked, responses) -> None:  # type: ignore[no-untyped-def]
    found = states(asked, responses["2"])
    assert responses["2"]["FREINS[TRANS]"] == ""
    assert found["FREINS[TRANS]"] == AnswerState.ANSWERED
    assert found["AIDES[othercomment]"] == AnswerState.SHOWN_UNANSWERED


def test_every_state_of_the_real_survey_is_counted(asked, responses) -> None:  # type: ignore[no-untyped-def]
    told: Counter[AnswerState] = Counter()
    for response in responses.values():
        told.update(states(asked, response).values())
    assert told == {
        AnswerState.ANSWERED: 1990,
        AnswerState.SHOWN_UNANSWERED: 846,
        AnswerState.NOT_REACHED: 376,
        AnswerState.NOT_APPLICABLE: 74,
    }


def test_codes_of_refusal_and_ignorance_are_no_answers() -> None:
    spellings = Spellings(frozenset({"99"}), frozenset({"98"}), frozenset({"NC"}))
    one = Questionnaire("1", ("fr",), "G", (Field("Q", "Q", "N", 1),))
    conditions = Conditions(one)
    found = [
        conditions.states({"Q": text, "submitdate": "x"}, {"Q": spellings})["Q"]
        for text in ("99", "98", "NC", "", "5")
    ]
    assert found == ["refused", "dont_know", "shown_unanswered", "shown_unanswered", "answered"]


def two(relevance: str, pages: str = "G", own: str = "") -> Questionnaire:
    first = Field("A", "A", "N", 1, (own,) if own else (), raw_name="1X1X1")
    return Questionnaire("1", ("fr",), pages, (first, Field("B", "B", "N", 2, (relevance,))))


@pytest.mark.parametrize(
    ("questionnaire", "expected"),
    [
        (two("1X1X1 == 5"), "shown_unanswered"),
        (two("A == 6"), "not_applicable"),
        (two("pregmatch(A)"), "unknown"),
        (two("B == 1"), "unknown"),
        (two("NOBODY == 1"), "unknown"),
        (two("A == 5", own="0"), "not_applicable"),
        (two("A.NAOK == ''", own="0"), "shown_unanswered"),
        (two("A == 5", own="other(1)"), "unknown"),
    ],
)
def test_conditions_look_through_the_questions_they_name(
    questionnaire: Questionnaire, expected: str
) -> None:
    response = {"A": "5", "submitdate": "2010-11-05"}
    assert Conditions(questionnaire).states(response, {"B": NOTHING})["B"] == expected


@pytest.mark.parametrize(
    ("last_page", "pages", "expected"),
    [("2.0", "G", "shown_unanswered"), ("1", "G", "not_reached"), ("", "G", "not_reached"),
     ("2", "S", "unknown")],
)  # fmt: skip
def test_the_last_page_tells_only_of_groups(last_page: str, pages: str, expected: str) -> None:
    questionnaire = replace(two("A == 5"), pages=pages)
    response = {"A": "5", "lastpage": last_page}
    assert Conditions(questionnaire).states(response, {"B": NOTHING})["B"] == expected
