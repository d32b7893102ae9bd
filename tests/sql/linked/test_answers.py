"""Finished questionnaires as known on a day, attached to persons."""

import pandas as pd

ENTRY = {"name": "survey_entry", "columns": ["sent_at", "mood"], "answered_at": "sent_at"}
FINAL = {
    "name": "survey_final",
    "columns": ["answered_at", "activity"],
    "answered_at": "answered_at",
}
STUDY = {
    "known_on": "2010-06-30",
    "answer_sources": [ENTRY, FINAL],
    "answer_columns": [
        {"name": "sent_at", "type": "timestamp"},
        {"name": "mood", "type": "bigint"},
        {"name": "answered_at", "type": "timestamp"},
        {"name": "activity", "type": "varchar"},
    ],
}
ONLY_ENTRY = STUDY | {"answer_sources": [ENTRY], "answer_columns": STUDY["answer_columns"][:2]}


def sent(draw, text, codebooks=("v1",)):
    """``codebooks``: the version each row answers, the same for all when there is one."""
    table = draw(text)
    table["codebook"] = list(codebooks) if len(codebooks) > 1 else codebooks[0]
    instants = [c for c in table.columns if c.endswith("_at")]
    return table.assign(**{c: pd.to_datetime(table[c]) for c in instants})


def test_sources_stand_one_under_the_other_with_what_each_asked(database, run_model, expect, draw):
    entry = """
    entity_id | record_id | receipt_id | sent_at          | mood | known_on   | superseded_on
    e1        | r1        | f1         | 2010-02-01 10:00 | 4    | 2010-02-02 |
    e2        | r2        | f1         | 2010-02-01 11:00 |      | 2010-02-02 |
    """
    final = """
    entity_id | record_id | receipt_id | answered_at      | activity | known_on   | superseded_on
    e3        | r3        | f2         | 2010-06-01 23:30 | employed | 2010-06-30 |
    """
    links = """
    entity_id | person_id | known_on   | superseded_on
    e1        | ada       | 2010-02-02 |
    e2        | ada       | 2010-02-02 |
    e3        | ben       | 2010-06-30 |
    """
    tables = {
        "validated.survey_entry": sent(draw, entry, ("v1", "v2")),
        "validated.survey_final": sent(draw, final),
        "linked.person_links": links,
    }
    rows = run_model(database, "answers", tables, STUDY)
    assert list(rows["answered_at"].dt.strftime("%m-%d %H:%M")) == [
        "02-01 10:00",
        "02-01 11:00",
        "06-01 23:30",
    ]
    expect(
        rows.drop(columns=["sent_at", "answered_at"]).rename(columns={"answer_rank": "rank"}),
        """
        person_id | source       | record_id | receipt_id | entity_id | codebook | mood | activity | rank
        ada       | survey_entry | r1        | f1         | e1        | v1       | 4    |          | 2
        ada       | survey_entry | r2        | f1         | e2        | v2       |      |          | 1
        ben       | survey_final | r3        | f2         | e3        | v1       |      | employed | 1
        """,  # noqa: E501
    )


def test_unfinished_unlinked_replaced_and_later_answers_are_left_out(
    database, run_model, expect, draw
):
    entry = """
    entity_id | record_id  | receipt_id | sent_at          | mood | known_on   | superseded_on
    e1        | replaced   | f1         | 2010-02-01 10:00 | 1    | 2010-02-02 | 2010-06-30
    e1        | current    | f2         | 2010-02-01 10:00 | 2    | 2010-06-30 | 2010-07-01
    e1        | later      | f3         | 2010-02-01 10:00 | 3    | 2010-07-01 |
    e2        | unfinished | f1         |                  | 4    | 2010-02-02 |
    e3        | unlinked   | f1         | 2010-02-01 10:00 | 5    | 2010-02-02 |
    e4        | moved      | f1         | 2010-02-01 10:00 | 6    | 2010-02-02 |
    e5        | link_later | f1         | 2010-02-01 10:00 | 7    | 2010-02-02 |
    """
    links = """
    entity_id | person_id | known_on   | superseded_on
    e1        | ada       | 2010-02-02 |
    e2        | ada       | 2010-02-02 |
    e4        | alone     | 2010-02-02 | 2010-06-30
    e4        | merged    | 2010-06-30 |
    e5        | ben       | 2010-07-01 |
    """
    tables = {"validated.survey_entry": sent(draw, entry), "linked.person_links": links}
    rows = run_model(database, "answers", tables, ONLY_ENTRY)
    expect(
        rows[["record_id", "person_id"]],
        """
        record_id | person_id
        current   | ada
        moved     | merged
        """,
    )
