"""Which ends of contracts are events of which definition."""

import pandas as pd

GROSS = {"outcome": "rupture", "name": "gross", "origin": "register", "method": "gross"}
NET = {"outcome": "rupture", "name": "net_30", "origin": "register", "method": "path_net"}
STUDY = {"event_definitions": [GROSS | {"window_days": 0}, NET | {"window_days": 30}]}

MEMBERS = """
pair_id | arm         | person_id | spell_id | index_on
p1      | beneficiary | ada       | a1       | 2010-03-01
p1      | control     | ben       | b1       | 2010-03-01
"""
HEADING = "person_id | spell_id | source | starts_on | ends_on | is_early | is_unfollowed_30\n"


def candidates(run_model, database, ends, members=MEMBERS):
    tables = {"outcomes.pair_members": members, "outcomes.spell_ends": HEADING + ends}
    return run_model(database, "event_candidates", tables, STUDY)


def test_both_definitions_read_the_same_end_in_their_own_way(database, run_model, expect):
    ends = """
    ada | a1 | register | 2010-01-01 | 2010-05-01 | true  | false
    ada | a2 | register | 2010-05-15 | 2010-09-01 | true  | true
    ben | b1 | register | 2010-01-01 | 2011-01-01 | false | true
    """
    expect(
        candidates(run_model, database, ends),
        """
        outcome | definition | pair_id | arm         | spell_id | ends_on    | time_days | cause
        rupture | gross      | p1      | beneficiary | a1       | 2010-05-01 | 61        | 1
        rupture | gross      | p1      | control     | b1       | 2011-01-01 | 306       | 2
        rupture | net_30     | p1      | beneficiary | a2       | 2010-09-01 | 184       | 1
        rupture | net_30     | p1      | control     | b1       | 2011-01-01 | 306       | 2
        """,
    )


def test_an_end_counts_from_the_day_after_the_index(database, run_model, expect):
    ends = """
    ada | a1 | register | 2010-01-01 | 2010-03-01 | true | true
    ben | b1 | register | 2010-01-01 | 2010-03-02 | true | true
    ben | b0 | register | 2009-01-01 | 2010-02-01 | true | true
    """
    expect(
        candidates(run_model, database, ends)[["definition", "spell_id", "time_days", "cause"]],
        """
        definition | spell_id | time_days | cause
        gross      | b1       | 1         | 1
        net_30     | b1       | 1         | 1
        """,
    )


def test_a_normal_end_followed_in_time_is_none_for_the_path(database, run_model, expect):
    ends = """
    ada | a1 | register | 2010-01-01 | 2010-05-01 | false | false
    ben | b1 | register | 2010-01-01 | 2010-05-01 | false | true
    ben | b2 | register | 2010-07-01 | 2010-09-01 | true  | true
    """
    expect(
        candidates(run_model, database, ends)[["definition", "spell_id", "cause"]],
        """
        definition | spell_id | cause
        gross      | a1       | 2
        gross      | b1       | 2
        net_30     | b1       | 2
        net_30     | b2       | 1
        """,
    )


def test_other_sources_open_contracts_and_strangers_give_no_event(database, run_model):
    ends = """
    ada | a1 | advisers | 2010-01-01 | 2010-05-01 | true  | true
    ben | b1 | register | 2010-01-01 |            | false | true
    cid | c1 | register | 2010-01-01 | 2010-05-01 | true  | true
    """
    assert candidates(run_model, database, ends).empty


APART = {"outcome": "rupture", "name": "hard", "origin": "register", "reason": "why", "flag": None}
HARD = {"outcome": "rupture", "name": "hard", "origin": "register", "method": "gross"}
FIRST = {"outcome": "rupture", "name": "first", "origin": "register", "method": "first_net"}
VARIANTS = {
    "known_on": "2010-12-31",
    "event_definitions": [HARD | {"window_days": 0}, FIRST | {"window_days": 30}],
    "spells_apart": [APART | {"codes": ["trial", "closed"]}, APART | {"name": "x", "codes": ["a"]}],
}
REPORTS = """
record_id | spell_id | source   | why     | amendment_number | ended_early_on | known_on   | superseded_on
r1        | a1       | register | trial   | 0                | 2010-05-01     | 2010-06-01 |
r2        | b1       | register | trial   | 0                | 2010-05-01     | 2010-06-01 |
r3        | b1       | register | resign  | 1                | 2010-05-01     | 2010-06-01 |
r4        | b1       | register |         | 2                | 2010-05-01     | 2010-06-01 |
r5        | c1       | register | trial   | 0                | 2010-05-01     | 2011-01-15 |
r6        | c1       | register | resign  | 0                | 2010-05-01     | 2010-06-01 | 2011-01-15
r7        | d1       | other    | trial   | 0                | 2010-05-01     | 2010-06-01 |
r8        | e1       | register | trial   | 0                |                | 2010-06-01 |
"""  # noqa: E501


def test_an_early_end_for_a_reason_set_apart_is_another_ending(database, run_model, expect):
    members = "pair_id | arm | person_id | spell_id | index_on\n" + "".join(
        f"p{n} | control | {n} | {n}1 | 2010-03-01\n" for n in "abcde"
    )
    ends = "".join(
        f"{n} | {n}1 | register | 2010-01-01 | 2010-05-01 | true | true\n" for n in "abcde"
    )
    tables = {
        "outcomes.pair_members": members,
        "outcomes.spell_ends": HEADING + ends,
        "linked.spell_versions": REPORTS,
    }
    rows = run_model(database, "event_candidates", tables, VARIANTS)
    # told twice the later amendment that says something counts; known later, elsewhere: not yet
    expect(
        rows.loc[rows["definition"] == "hard", ["spell_id", "cause"]],
        """
        spell_id | cause
        a1       | 2
        b1       | 1
        c1       | 1
        d1       | 1
        e1       | 1
        """,
    )


def test_an_early_end_that_is_marked_is_set_apart_whatever_its_reason(
    database, run_model, expect, draw
):
    members = "pair_id | arm | person_id | spell_id | index_on\n" + "".join(
        f"p{n} | control | {n} | {n}1 | 2010-03-01\n" for n in "abcd"
    )
    ends = "".join(
        f"{n} | {n}1 | register | 2010-01-01 | 2010-05-01 | true | true\n" for n in "abcd"
    )
    reports = draw(
        """
        record_id | spell_id | source   | why    | on_trial | amendment_number | ended_early_on | known_on   | superseded_on
        r1        | a1       | register | resign | true     | 0                | 2010-05-01     | 2010-06-01 |
        r2        | b1       | register | trial  | false    | 0                | 2010-05-01     | 2010-06-01 |
        r3        | c1       | register |        | true     | 0                | 2010-05-01     | 2010-06-01 |
        r4        | c1       | register |        | false    | 1                | 2010-05-01     | 2010-06-01 |
        r5        | d1       | register |        |          | 0                | 2010-05-01     | 2010-06-01 |
        """  # noqa: E501
    )
    tables = {
        "outcomes.pair_members": members,
        "outcomes.spell_ends": HEADING + ends,
        "linked.spell_versions": reports.astype({"on_trial": "boolean"}),
    }
    marked = APART | {"codes": ["trial"], "flag": "on_trial"}
    rows = run_model(database, "event_candidates", tables, VARIANTS | {"spells_apart": [marked]})
    expect(
        rows.loc[rows["definition"] == "hard", ["spell_id", "cause"]],
        """
        spell_id | cause
        a1       | 2
        b1       | 2
        c1       | 1
        d1       | 1
        """,
    )


def test_the_first_contract_alone_looks_at_no_later_one(database, run_model, expect):
    ends = """
    ada | a1 | register | 2010-01-01 | 2010-05-01 | true | false
    ada | a2 | register | 2010-05-15 | 2010-09-01 | true | true
    ben | b1 | register | 2010-01-01 | 2010-06-01 | true | true
    """
    study = VARIANTS | {"event_definitions": VARIANTS["event_definitions"][1:], "spells_apart": []}
    tables = {"outcomes.pair_members": MEMBERS, "outcomes.spell_ends": HEADING + ends}
    expect(
        run_model(database, "event_candidates", tables, study)[["spell_id", "cause"]],
        """
        spell_id | cause
        b1       | 1
        """,
    )


ALSO = {"column": "job", "codes": ["alternance"]}
ALL_SOURCES = NET | {"name": "net_all", "window_days": 30}
TOLD = {
    "outcome": "rupture",
    "name": "net_all",
    "window_days": 30,
    "answers": [
        {"origin": "last", "starts": "job_start_on", "rule": [ALSO]},
        {"origin": "early", "starts": "", "rule": [ALSO]},
    ],
}
ANSWERS = """
person_id | source | job        | job_start_on | answered_at | secures
a1        | last   | alternance | 2010-05-01   | 2011-03-01  | true
a2        | last   | alternance | 2010-05-31   | 2011-03-01  | true
a3        | last   | alternance | 2010-05-31   | 2010-05-31  | true
a4        | last   | alternance | 2010-06-01   | 2011-03-01  | false
a5        | last   | alternance | 2010-05-31   | 2010-05-30  | false
a6        | last   | alternance | 2010-04-30   | 2010-05-20  | false
b1        | last   | alternance |              | 2010-05-31  | true
b2        | last   | alternance |              | 2010-06-01  | false
b3        | early  | alternance | 2010-12-01   | 2010-05-01  | true
b4        | early  | alternance | 2010-05-01   | 2010-04-30  | false
b5        | early  | alternance |              | 2010-06-01  | false
c1        | last   | permanent  | 2010-05-02   | 2011-03-01  | false
c2        | last   |            | 2010-05-02   | 2011-03-01  | false
c3        | other  | alternance | 2010-05-02   | 2011-03-01  | false
"""
"""The contract ended on the first of May. Begun before: it may be the one that ended; told without
a first day: on the day of the answer; to begin after the answer: only promised."""


def test_a_contract_told_by_an_answer_secures_the_path(database, run_model, draw):
    """The other definition, which reads the register alone, never hears of it."""
    answers = draw(ANSWERS).astype({"job": "string"})
    answers["answered_at"] = pd.to_datetime(answers["answered_at"]) + pd.Timedelta(hours=10)
    people = answers["person_id"].tolist()
    members = ["pair_id | arm | person_id | spell_id | index_on"]
    members += [f"p_{one} | control | {one} | s_{one} | 2010-03-01" for one in people]
    ends = [f"{one} | s_{one} | register | 2010-01-01 | 2010-05-01 | true | true" for one in people]
    tables = {
        "outcomes.pair_members": "\n".join(members),
        "outcomes.spell_ends": HEADING + "\n".join(ends),
        "linked.answers": answers.drop(columns="secures"),
    }
    study = {
        "event_definitions": [NET | {"window_days": 30}, ALL_SOURCES],
        "spells_told": [TOLD],
    }
    rows = run_model(database, "event_candidates", tables, study)
    ended = {name: set(own["pair_id"]) for name, own in rows.groupby("definition")}
    assert ended["net_30"] == {f"p_{one}" for one in people}
    secured = answers.loc[answers["secures"], "person_id"]
    assert ended["net_30"] - ended["net_all"] == {f"p_{one}" for one in secured}


def test_a_path_secured_by_an_answer_goes_on_in_the_register(database, run_model, draw):
    """The told contract's own end is known to nobody; a later contract of the register counts."""
    ends = """
    ada | a1 | register | 2010-01-01 | 2010-05-01 | false | true
    ada | a2 | register | 2011-01-01 | 2011-02-01 | true  | true
    """
    answers = draw("person_id | source | job        | job_start_on | answered_at\n"
                   "ada       | last   | alternance | 2010-05-10   | 2010-09-01")  # fmt: skip
    answers["answered_at"] = pd.to_datetime(answers["answered_at"])
    tables = {
        "outcomes.pair_members": MEMBERS,
        "outcomes.spell_ends": HEADING + ends,
        "linked.answers": answers,
    }
    study = {"event_definitions": [ALL_SOURCES], "spells_told": [TOLD]}
    own = run_model(database, "event_candidates", tables, study)
    assert own[["spell_id", "time_days", "cause"]].to_numpy().tolist() == [["a2", 337, 1]]
