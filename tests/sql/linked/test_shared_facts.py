"""What several columns tell of one fact: who says it, since when, in which words."""

import pandas as pd

FACT = {
    "fact": "planned_end",
    "part": None,
    "means": {},
    "filled": None,
    "empty": None,
    "is_identity": False,
    "is_day": False,
    "answered_at": "",
    "tolerance_days": None,
    "waits_days": 0,
    "drawn_on": "2010-12-31",
    "spell": "",
    "spell_is_day": False,
    "spell_days": None,
}
LIST = FACT | {"source": "list", "column": "ends_on", "is_day": True, "tolerance_days": 15}
REGISTER = LIST | {"source": "register"}
LINKS = """
entity_id | person_id | known_on   | superseded_on
l1        | ada       | 2010-01-02 |
g1        | ada       | 2010-01-02 |
"""


def study(*tellers):
    return {"known_on": "2010-06-30", "shared_facts": list(tellers)}


def told(rows):
    return rows[["person_id", "teller", "source", "said", "record_id", "receipt_id", "known_on"]]


def test_each_column_says_its_value_since_the_file_that_said_it_first(database, run_model, expect):
    listed = """
    entity_id | record_id | receipt_id | ends_on    | known_on   | superseded_on
    l1        | r1        | f1         | 2010-12-31 | 2010-02-01 | 2010-03-01
    l1        | r2        | f2         | 2011-03-31 | 2010-03-01 | 2010-04-01
    l1        | r3        | f3         | 2011-03-31 | 2010-04-01 |
    """
    register = """
    entity_id | record_id | receipt_id | ends_on    | known_on   | superseded_on
    g1        | s1        | f4         |            | 2010-02-01 |
    """
    tables = {
        "validated.list": listed,
        "validated.register": register,
        "linked.person_links": LINKS,
    }
    rows = run_model(database, "shared_facts", tables, study(LIST, REGISTER))
    expect(
        told(rows),
        """
        person_id | teller | source | said       | record_id | receipt_id | known_on
        ada       | 1      | list   | 2011-03-31 | r2        | f2         | 2010-03-01
        """,
    )
    assert list(rows["said_on"]) == [pd.Timestamp("2011-03-31")]
    assert list(rows["tolerance_days"]) == [15]


def test_nothing_later_than_the_day_asked_for_and_nothing_of_a_link_that_ended(
    database, run_model, expect
):
    listed = """
    entity_id | record_id | receipt_id | ends_on    | known_on   | superseded_on
    l1        | later     | f1         | 2010-12-31 | 2010-07-01 |
    l1        | until     | f1         | 2010-11-30 | 2010-02-01 | 2010-07-01
    l2        | parted    | f1         | 2010-10-31 | 2010-02-01 |
    l3        | gone      | f1         | 2010-10-31 | 2010-02-01 | 2010-06-30
    """
    links = """
    entity_id | person_id | known_on   | superseded_on
    l1        | ada       | 2010-03-02 |
    l2        | ben       | 2010-02-02 | 2010-06-30
    l3        | cyd       | 2010-02-02 |
    """
    tables = {"validated.list": listed, "linked.person_links": links}
    rows = run_model(database, "shared_facts", tables, study(LIST))
    expect(
        told(rows),
        """
        person_id | teller | source | said       | record_id | receipt_id | known_on
        ada       | 1      | list   | 2010-11-30 | until     | f1         | 2010-03-02
        """,
    )


def test_columns_are_read_as_the_protocol_says(database, run_model, expect):
    by_words = FACT | {"source": "list", "column": "exit", "means": {"broke": "early"}}
    by_filling = FACT | {
        "source": "register", "column": "broken_on", "filled": "early", "empty": "not_early",
    }  # fmt: skip
    by_part = FACT | {"source": "register", "column": "born_on", "part": "year"}
    only_filled = FACT | {"source": "register", "column": "broken_on", "filled": "early"}
    listed = """
    entity_id | record_id | receipt_id | exit  | known_on   | superseded_on
    l1        | r1        | f1         | broke | 2010-02-01 |
    l2        | r2        | f1         | other | 2010-02-01 |
    """
    register = """
    entity_id | record_id | receipt_id | broken_on  | born_on    | known_on   | superseded_on
    g1        | s1        | f2         | 2010-01-15 | 1989-03-05 | 2010-02-01 |
    g2        | s2        | f2         |            |            | 2010-02-01 |
    """
    links = """
    entity_id | person_id | known_on   | superseded_on
    l1        | ada       | 2010-01-02 |
    l2        | ben       | 2010-01-02 |
    g1        | ada       | 2010-01-02 |
    g2        | ben       | 2010-01-02 |
    """
    tables = {
        "validated.list": listed,
        "validated.register": register,
        "linked.person_links": links,
    }
    variables = study(by_words, by_filling, by_part, only_filled)
    rows = run_model(database, "shared_facts", tables, variables)
    expect(
        rows[["person_id", "teller", "said"]],
        """
        person_id | teller | said
        ada       | 1      | early
        ada       | 2      | early
        ben       | 2      | not_early
        ada       | 3      | 1989
        ada       | 4      | early
        """,
    )


def test_an_unfinished_questionnaire_says_nothing(database, run_model, draw):
    asked = FACT | {"source": "survey", "column": "mood", "answered_at": "sent_at"}
    answers = draw(
        """
        entity_id | record_id | receipt_id | mood | sent_at          | known_on   | superseded_on
        l1        | r1        | f1         | good | 2010-02-01 10:00 | 2010-02-01 |
        g1        | r2        | f1         | bad  |                  | 2010-02-01 |
        """
    )
    answers["sent_at"] = pd.to_datetime(answers["sent_at"])
    tables = {"validated.survey": answers, "linked.person_links": LINKS}
    rows = run_model(database, "shared_facts", tables, study(asked))
    assert list(rows["said"]) == ["good"]


def test_of_an_identity_only_its_label_leaves_the_vault(database, run_model, draw):
    born = FACT | {"source": "list", "column": "born_on", "is_identity": True}
    listed = """
    entity_id | record_id | receipt_id | known_on   | superseded_on
    l1        | r1        | f1         | 2010-02-01 |
    """
    labels = draw(
        """
        record_id | teller | label
        r1        | 1      | x
        r1        | 2      | y
        """
    )
    labels["teller"] = labels["teller"].astype("Int64")
    tables = {
        "validated.list": listed,
        "linked.person_links": LINKS,
        "linked.identity_labels": labels,
    }
    rows = run_model(database, "shared_facts", tables, study(born))
    assert list(rows["said"]) == ["x"]
    assert list(rows["is_shown"]) == [False]
