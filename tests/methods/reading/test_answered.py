"""The state of every answer beside the rows of a questionnaire, and both in long form."""

import io
from dataclasses import replace
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from agir_pipeline.methods.reading.answer_states import added_fields
from agir_pipeline.methods.reading.answered import (
    AnswerReader,
    answers_in_long_form,
    items,
    no_answers,
)
from agir_pipeline.methods.reading.delimited import read_delimited
from agir_pipeline.methods.reading.grid import Flag
from agir_pipeline.methods.reading.questionnaire import Field, Questionnaire
from agir_pipeline.methods.reading.rows import RowsRead
from agir_pipeline.methods.reading.typing_rules import as_frame
from agir_pipeline.protocol.loading import load_protocol
from agir_pipeline.protocol.model import Source
from tests.surveys import survey_protocol

DAY = date(2010, 11, 30)
KEY = b"k" * 16
ASKED = Questionnaire(
    "1",
    ("fr",),
    "G",
    (
        Field("id"),
        Field("submitdate"),
        Field("lastpage"),
        Field("token"),
        Field("CIV", "CIV", "L", 1),
        Field("RESS", "RESS", "N", 1),
        Field("FREINS[TRANS]", "FREINS", "M", 2),
        Field("FREINS[LOGEM]", "FREINS", "M", 2),
        Field("RUPT", "RUPT", "Y", 2),
        Field("MOTIF", "MOTIF", "L", 3, ("RUPT.NAOK == 'Y'",)),
        Field("LIBRE", "LIBRE", "T", 3),
    ),
)
HEADER = ";".join(one.name for one in ASKED.fields)
ROWS = [
    "1;2010-11-05 10:00:00;3;t1;F;777,25;;Y;Y;A1;ok",
    "2;;1;t2;NSP;;;;;;",
    "3;2010-11-06 10:00:00;3;t1;H;12;;;N;;",
    "4;2010-11-07 10:00:00;3;;;0;Y;;;;",
]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Source:
    path: Path = survey_protocol(tmp_path_factory.mktemp("protocol"))
    return load_protocol(path).source("entry_survey")


def read(
    source: Source,
    rows: list[str],
    asked: Questionnaire | None = ASKED,
    header: str = HEADER,
    flags: tuple[Flag, ...] = (),
) -> RowsRead:
    grid = read_delimited(io.BytesIO("\n".join([header, *rows, ""]).encode())).whole()
    grid.flags.extend(flags)
    layout = source.model_copy(update={"decimal": ","})
    return AnswerReader(layout, {}, KEY, asked).read(grid, "server", DAY, "0" * 64)


def states(found: RowsRead, item: str) -> list[str]:
    return found.rows[f"{item}:state"].to_pylist()


def test_an_item_is_what_somebody_answers(source: Source) -> None:
    assert [column.name for column in items(source)] == [
        "civility", "resources_eur", "has_transport_trouble", "had_break", "break_reason", "remark",
    ]  # fmt: skip


def test_each_answer_has_a_state_and_each_row_its_questionnaire(source: Source) -> None:
    found = read(source, ROWS)
    assert states(found, "civility") == ["answered", "refused", "answered", "shown_unanswered"]
    assert states(found, "resources_eur")[1] == "shown_unanswered"
    assert states(found, "break_reason") == ["answered", *["not_applicable"] * 3]
    assert states(found, "remark") == [
        "answered", "not_reached", "shown_unanswered", "shown_unanswered",
    ]  # fmt: skip
    assert set(found.rows["codebook"].to_pylist()) == {ASKED.codebook}


def test_a_question_that_came_later_was_not_asked_of_older_responses(source: Source) -> None:
    gone = {"CIV", "FREINS[TRANS]"}
    before = replace(ASKED, fields=tuple(f for f in ASKED.fields if f.name not in gone))
    versions = [(date(2010, 11, 6), before), (date(2010, 11, 10), ASKED)]
    rows = [
        "1;2010-11-05 10:00:00;3;t1;;777,25;;Y;Y;A1;ok",
        "2;;1;t2;;;;;;;",
        "3;2010-11-06 10:00:00;3;t3;;12;;;N;;",
        "4;2010-11-11 10:00:00;3;t4;;0;;Y;;;",
        "5;2010-11-05 10:00:00;3;t5;F;0;Y;Y;;;",
    ]
    grid = read_delimited(io.BytesIO("\n".join([HEADER, *rows, ""]).encode())).whole()
    layout = source.model_copy(update={"decimal": ","})
    reader = AnswerReader(layout, {}, KEY, ASKED, added_fields(versions))
    found = reader.read(grid, "server", DAY, "0" * 64)
    assert states(found, "civility") == [
        "not_asked", "shown_unanswered", "unknown", "shown_unanswered", "answered",
    ]  # fmt: skip
    assert states(found, "has_transport_trouble") == [
        "not_asked", "not_reached", "unknown", "answered", "answered",
    ]  # fmt: skip
    assert found.rows["has_transport_trouble"].to_pylist() == [None, None, None, False, True]


def test_a_question_is_added_once_it_stays() -> None:
    without = replace(ASKED, fields=ASKED.fields[1:])
    days = [date(2010, 11, day) for day in range(1, 6)]
    versions = list(zip(days, [without, ASKED, without, ASKED, ASKED], strict=True))
    assert added_fields(versions) == {"id": (days[2], days[3])}
    assert added_fields(versions[:3]) == {}
    assert added_fields(versions[:1]) == added_fields([]) == {}


def test_a_box_left_out_beside_a_ticked_one_is_a_no(source: Source) -> None:
    found = read(source, ROWS)
    assert found.rows["has_transport_trouble"].to_pylist() == [False, None, None, True]
    assert states(found, "has_transport_trouble")[:2] == ["answered", "not_reached"]


def test_responses_without_a_participant_and_with_a_shared_one_are_told(source: Source) -> None:
    found = {f.code: (f.row, f.column, f.n) for f in read(source, ROWS).findings}
    assert found["no_token"] == (5, "token_code", 1)
    assert found["several_responses"] == (2, "token_code", 2)
    assert "several_responses" not in [f.code for f in read(source, ROWS[1:]).findings]


@pytest.mark.parametrize(
    ("asked", "flags"), [(None, ()), (ASKED, (Flag("long_answers", None, "", 4),))]
)
def test_what_does_not_tell_its_questionnaire_leaves_empty_cells_unknown(
    source: Source, asked: Questionnaire | None, flags: tuple[Flag, ...]
) -> None:
    found = read(source, ROWS, asked, flags=flags)
    assert states(found, "break_reason") == ["answered", "unknown", "unknown", "unknown"]
    assert found.rows["has_transport_trouble"].to_pylist()[0] is None


def test_a_file_with_its_own_headings_is_read_by_the_cell_alone(source: Source) -> None:
    """As a questionnaire on paper, entered by hand: its cells may hold words, not codes."""
    header = "response_id;sent_at;civility;had_break;token_code;weather"
    found = read(source, ["1;2010-11-05 10:00:00;F;oui;t1;sun"], header=header)
    assert states(found, "civility") == ["answered"]
    assert states(found, "remark") == ["unknown"]


def test_a_refused_sheet_has_no_states_and_one_without_rows_has_empty_ones(
    source: Source,
) -> None:
    refused = read(source, ["1;2"], header="a;b")
    assert refused.is_refused
    assert "civility:state" not in refused.rows.column_names
    filled, headed, bare = read(source, ROWS), read(source, []), read(source, [], header="")
    assert headed.rows.num_rows == bare.rows.num_rows == 0
    assert filled.rows.schema == headed.rows.schema == bare.rows.schema


def test_another_state_makes_another_version_of_a_row_and_another_codebook_does_not(
    source: Source,
) -> None:
    without, with_it = read(source, ROWS, None), read(source, ROWS)
    other = read(source, ROWS, replace(ASKED, languages=("en",), form="2"))
    digests = [one.rows["row_digest"].to_pylist() for one in (without, with_it, other)]
    assert digests[0][1] != digests[1][1]
    assert digests[1] == digests[2]


def test_a_source_that_names_nobody_by_token_tells_nothing_of_it(source: Source) -> None:
    columns = tuple(c for c in source.columns if c.name != "token_code")
    other = source.model_copy(update={"columns": columns, "answered_at": None})
    assert "no_token" not in [f.code for f in read(other, ROWS).findings]


def test_a_source_without_an_instant_counts_every_response_as_finished(source: Source) -> None:
    other = source.model_copy(update={"answered_at": None})
    assert "several_responses" in [f.code for f in read(other, ROWS).findings]


def test_the_long_form_has_one_row_per_response_and_question(source: Source) -> None:
    found = as_frame(read(source, ROWS).rows).assign(
        receipt_id="f1", known_on=pd.Timestamp(DAY), superseded_on=pd.NaT
    )
    ids = {key: f"e{key}" for key in found["entity_key"]}
    answers = answers_in_long_form(source, found, ids)
    assert list(answers.columns) == list(no_answers().columns)
    assert len(answers) == 4 * 6
    first = answers[answers["entity_id"] == "e1"].set_index("item")
    assert first["code"].to_dict() == {
        "civility": "woman", "resources_eur": "777.25", "has_transport_trouble": "false",
        "had_break": "true", "break_reason": "transport", "remark": "ok",
    }  # fmt: skip
    second = answers[answers["entity_id"] == "e2"].set_index("item")
    assert pd.isna(second.loc["civility", "code"])
    assert second.loc["civility", "state"] == "refused"


def test_dates_are_told_as_dates(source: Source) -> None:
    column = source.columns[4].model_copy(
        update={"name": "born", "type": "date", "aliases": (), "codes": ()}
    )
    dated = source.model_copy(update={"columns": (column,)})
    table = pd.DataFrame(
        {
            "born": pd.to_datetime(["2010-11-05"]), "born:state": ["answered"],
            "entity_key": ["1"], "record_id": ["r"], "receipt_id": ["f"], "codebook": [None],
            "known_on": [DAY], "superseded_on": [None],
        }
    )  # fmt: skip
    assert answers_in_long_form(dated, table, {})["code"].tolist() == ["2010-11-05T00:00:00"]


def test_rows_read_before_there_were_states_give_no_answers(source: Source) -> None:
    assert answers_in_long_form(source, pd.DataFrame({"civility": []}), {}).empty
