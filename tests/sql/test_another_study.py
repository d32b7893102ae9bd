"""All models together, with their data tests, for studies with words and parts of their own."""

import pandas as pd
import pytest

from agir_pipeline.resources.sql_models import column_lineage

ROSTER = {"name": "roster", "columns": ["coached_from", "select", "all"]}
WAITING = {"name": "waiting_list", "columns": ["select", "all"]}
PLACEMENTS = {
    "name": "placements",
    "columns": ["first_day", "last_day", "left_day", "user"],
    "spell": {
        "starts": "first_day",
        "planned_end": "last_day",
        "ended_early": "left_day",
        "amendment_number": None,
        "amendment_effective": None,
        "open_ended": None,
    },
}
EXIT_CALL = {
    "name": "exit_call",
    "columns": ["called_at", "doing", "limit"],
    "answered_at": "called_at",
}
LINKED = {
    "known_on": "2021-12-31",
    "person_sources": [ROSTER, WAITING],
    "person_columns": [
        {"name": "coached_from", "type": "date", "known_before_index": True},
        {"name": "select", "type": "varchar", "known_before_index": True},
        {"name": "all", "type": "double precision", "known_before_index": False},
    ],
    "spell_sources": [PLACEMENTS],
    "spell_columns": [{"name": "user", "type": "varchar", "known_before_index": True}],
    "answer_sources": [EXIT_CALL],
    "answer_columns": [
        {"name": "called_at", "type": "timestamp"},
        {"name": "doing", "type": "varchar"},
        {"name": "limit", "type": "bigint"},
    ],
    "entry_column": "coached_from",
}
DROPOUT = {"outcome": "dropout", "origin": "placements"}
OUTCOMES = LINKED | {
    "windows_days": [0, 90],
    "event_definitions": [
        DROPOUT | {"name": "any", "method": "gross", "window_days": 0, "cut_on": "2021-12-01"},
        DROPOUT | {"name": "path", "method": "path_net", "window_days": 90, "cut_on": "2021-09-02"},
    ],
    "status_definitions": [
        {
            "outcome": "busy",
            "name": "busy",
            "origin": "exit_call",
            "known_when": "doing",
            "months": 3,
            "days_before": 10,
            "days_after": 10,
            "due_by_on": "2021-12-31",
            "rules": [[{"column": "limit", "minimum": 20.0}]],
        }
    ],
    "measures": [{"name": "final_score", "column": "all"}],
}

PEOPLE = ["resigned", "secured", "broken_twice", "finished", "went_on", "restarted"]
"""A beneficiary and a control of each name: what befell both."""

# Everybody starts on 2021-01-01 and was to stay until 2021-06-30.
PLACED = """
person_id    | first_day  | last_day   | left_day
resigned     | 2021-01-01 | 2021-06-30 | 2021-03-01
secured      | 2021-01-01 | 2021-06-30 | 2021-03-01
secured      | 2021-05-30 | 2022-06-30 |
broken_twice | 2021-01-01 | 2021-06-30 | 2021-03-01
broken_twice | 2021-04-01 | 2021-12-31 | 2021-05-01
finished     | 2021-01-01 | 2021-06-30 |
went_on      | 2021-01-01 | 2021-06-30 |
went_on      | 2021-09-29 | 2022-06-30 |
restarted    | 2021-01-01 | 2021-06-30 |
restarted    | 2021-09-30 | 2022-06-30 | 2021-10-15
"""


@pytest.fixture
def placed(draw):
    """Validated tables and links; the controls live what the beneficiaries live."""
    placements = draw(PLACED)
    both = pd.concat(
        placements.assign(person_id=arm + "_" + placements["person_id"]) for arm in ("b", "c")
    ).reset_index(drop=True)
    for day in ("first_day", "last_day", "left_day"):
        both[day] = pd.to_datetime(both[day]).dt.date
    numbers = both.index.astype(str)
    spell_id = "s" + numbers
    known = {
        "receipt_id": "f1",
        "provider": "office",
        "known_on": pd.Timestamp("2021-01-02"),
        "superseded_on": pd.NaT,
    }
    listed = {"is_always_listed": True, "first_listed_on": pd.Timestamp("2021-01-02")}
    people = pd.DataFrame({"name": PEOPLE, "select": "north", "all": range(len(PEOPLE))})
    roster = people.assign(
        entity_id="b_" + people["name"], arm="beneficiary", coached_from=date_of("2021-01-01")
    )
    waiting = people.assign(entity_id="c_" + people["name"], arm="control")
    calls = pd.DataFrame(
        {
            "entity_id": ["call_1", "call_2"],
            "record_id": ["call_1", "call_2"],
            "called_at": pd.to_datetime(["2021-09-20 09:00", "2021-10-11 09:00"]),
            "doing": "work",
            "limit": [20, 40],
        }
    )
    entities = [
        *((e, e) for e in [*roster["entity_id"], *waiting["entity_id"]]),
        *zip(spell_id, both["person_id"], strict=True),
        ("call_1", "b_finished"),
        ("call_2", "c_finished"),
    ]
    links = pd.DataFrame(entities, columns=["entity_id", "person_id"])
    return {
        ("validated", "roster"): record(roster).assign(**known, **listed),
        ("validated", "waiting_list"): record(waiting).assign(**known, **listed),
        ("validated", "placements"): both.drop(columns="person_id").assign(
            entity_id=spell_id, spell_id=spell_id, record_id=spell_id, user="wood", **known
        ),
        ("validated", "exit_call"): calls.assign(**known, codebook="v1"),
        ("linked", "person_links"): links.assign(tie_order=links["person_id"], **known),
    }


@pytest.fixture
def pairs(placed):
    """One active pair per name."""
    spells = placed["validated", "placements"]
    links = placed["linked", "person_links"].set_index("person_id")["entity_id"]
    first = spells[spells["first_day"] == date_of("2021-01-01")]["spell_id"]
    own = {person: e for person, e in links.items() if e in set(first)}
    rows = pd.DataFrame({"pair_id": PEOPLE, "status": "active", "common_planned_days": 180})
    for arm in ("beneficiary", "control"):
        person = arm[0] + "_" + rows["pair_id"]
        rows[f"{arm}_person_id"] = person
        rows[f"{arm}_spell_id"] = person.map(own)
        rows[f"{arm}_index_on"] = pd.Timestamp("2021-01-01")
    return rows


def date_of(day):
    return pd.Timestamp(day).date()


def record(rows):
    return rows.drop(columns="name").assign(record_id=rows["entity_id"])


def built(database, sql_models, tables, step, variables):
    with database.transaction() as connection:
        for (schema, name), frame in tables.items():
            database.replace(connection, schema, name, frame)
        return [model.name for model in sql_models.build(connection, step, variables)]


def test_a_study_with_its_own_words_goes_from_lists_to_outcomes(
    database, sql_models, placed, pairs, expect
):
    built(database, sql_models, placed, "linked", LINKED)
    built(database, sql_models, {("matched", "matched_pairs"): pairs}, "outcomes", OUTCOMES)
    with database.transaction() as connection:
        linked = {m.name: m for m in sql_models.build(connection, "linked", LINKED)}
    told = column_lineage(linked["person_versions"])
    assert told["select"] >= {("validated.roster", "select")}  # a word of SQL, and a heading
    participants = database.read(None, "linked", "participants")
    assert len(participants) == 2 * len(PEOPLE)
    assert "all" not in participants.columns
    assert participants["spell_user"].eq("wood").all()

    times = database.read(None, "outcomes", "event_times")
    of_arms = [
        times.loc[times["arm"] == arm, ["definition", "pair_id", "time_days", "cause"]]
        for arm in ("beneficiary", "control")
    ]
    expected = """
    definition | pair_id      | time_days | cause
    any        | resigned     | 59        | 1
    any        | secured      | 59        | 1
    any        | broken_twice | 59        | 1
    any        | finished     | 181       | 2
    any        | went_on      | 181       | 2
    any        | restarted    | 181       | 2
    path       | resigned     | 59        | 1
    path       | secured      | 546       | 2
    path       | broken_twice | 120       | 1
    path       | finished     | 181       | 2
    path       | went_on      | 546       | 2
    path       | restarted    | 181       | 2
    """
    for rows in of_arms:
        expect(rows, expected)
    followed = times.groupby("definition")["follow_up_days"].unique()
    assert (list(followed["any"]), list(followed["path"])) == ([334], [244])

    answers = database.read(None, "outcomes", "status_answers").set_index(["pair_id", "arm"])
    assert answers["asked_on"].eq(pd.Timestamp("2021-09-30")).all()
    assert answers["is_due"].all()
    answered = answers[answers["is_respondent"]]
    assert answered["status"].to_dict() == {("finished", "beneficiary"): True}

    measures = database.read(None, "outcomes", "measures")
    assert measures["pair_id"].notna().sum() == len(measures) == 2 * len(PEOPLE)


def test_a_study_has_no_table_of_what_it_does_not_ask(database, sql_models, placed, pairs):
    persons_only = LINKED | {"spell_sources": [], "spell_columns": [], "answer_sources": []}
    nothing = {"windows_days": [], "event_definitions": [], "status_definitions": []}
    measured = persons_only | nothing | {"measures": OUTCOMES["measures"]}
    linked = built(database, sql_models, placed, "linked", persons_only)
    assert set(linked) == {"person_versions", "persons", "participants"}
    matched = {("matched", "matched_pairs"): pairs}
    assert set(built(database, sql_models, matched, "outcomes", measured)) == {
        "pair_members",
        "measures",
    }
    unmeasured = measured | {"measures": []}
    assert built(database, sql_models, {}, "outcomes", unmeasured) == ["pair_members"]
