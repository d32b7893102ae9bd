"""Interviews: written twice, corrected, of nobody supported, of a workshop, of who left."""

SUPPORT = {
    "origin": "log", "day": "held_on", "time": "hour", "minutes": "minutes", "shared_by": "n_young",
    "theme_codes": "themes", "subtheme_codes": "more", "phase": "phase", "present": "present",
    "entry": "support_entry_on",
}  # fmt: skip
STUDY = {
    "support": [SUPPORT],
    "known_on": "2010-12-31",
    "withdrawal_sources": [{"name": "consents"}],
}


def test_an_interview_counts_once_for_whoever_is_supported(database, run_model, draw, expect):
    log = draw(
        """
        entity_id | held_on    | minutes | n_young | themes | phase  | known_on   | superseded_on
        e1        | 2010-02-20 | 60      |         | T1     | before | 2010-03-01 |
        e2        | 2010-03-11 | 90      | 3       | T1;T2  | during | 2010-04-01 |
        e3        | 2010-03-11 | 80      | 3       | T2     | during | 2010-04-01 |
        e4        | 2010-03-12 |         | 2       |        |        | 2010-04-01 |
        e5        | 2010-03-13 | 30      | 1       | T1     | during | 2010-04-01 | 2010-06-01
        e6        | 2010-03-14 | 30      | 1       | T1     | during | 2011-01-01 |
        e7        | 2010-03-15 | 30      | 1       | T1     | during | 2010-04-01 |
        e8        | 2010-03-16 | 30      | 1       | T1     | during | 2010-04-01 |
        e9        |            | 30      | 1       | T1     | during | 2010-04-01 |
        e10       | 2010-03-17 | 45      | 1       | T1     | after  | 2010-04-01 |
        """
    )
    log = log.assign(
        hour="9h", present="y", more="money", record_id=log["entity_id"].str.replace("e", "r")
    )
    links = draw(
        """
        entity_id | person_id | known_on   | superseded_on
        e1        | ada       | 2010-03-01 |
        e2        | ada       | 2010-03-01 |
        e3        | ada       | 2010-03-01 |
        e4        | ada       | 2010-03-01 |
        e5        | ada       | 2010-03-01 |
        e6        | ada       | 2010-03-01 |
        e7        | ben       | 2010-03-01 |
        e8        | cid       | 2010-03-01 |
        e9        | ada       | 2010-03-01 |
        e10       | dan       | 2010-03-01 |
        """
    )
    tables = {
        "validated.log": log,
        "linked.person_links": links,
        "linked.persons": """
            person_id | arm         | support_entry_on
            ada       | beneficiary | 2010-02-10
            ben       | control     |
            cid       | beneficiary | 2010-02-10
            dan       | beneficiary | 2010-03-17
        """,
        "linked.withdrawals": """
            person_id | scope
            cid       | study
            ada       | answers
        """,
        "outcomes.pair_members": """
            pair_id | arm         | person_id | index_on
            p1      | beneficiary | ada       | 2010-03-01
            p1      | control     | ben       | 2010-03-01
        """,
    }
    # e5 was replaced, e6 is not known yet, ben is a control, cid left the study, e9 has no day
    rows = run_model(database, "support_sessions", tables, STUDY)
    in_pairs = rows.set_index("record_id")["pair_id"].dropna()
    assert in_pairs.to_dict() == {"r1": "p1", "r2": "p1", "r4": "p1"}
    expect(
        rows.drop(columns=["phase", "present", "minutes", "pair_id"]),
        """
        person_id | record_id | session_on | index_days | entry_days | shared_minutes | theme_codes | subtheme_codes
        ada       | r1        | 2010-02-20 | -9         | 10         | 60             | T1          | money
        ada       | r2        | 2010-03-11 | 10         | 29         | 30             | T1;T2       | money
        ada       | r4        | 2010-03-12 | 11         | 30         |                |             | money
        dan       | r10       | 2010-03-17 |            | 0          | 45             | T1          | money
        """,  # noqa: E501
    )
    plain = {**STUDY, "support": [SUPPORT | {"subtheme_codes": ""}]}
    assert run_model(database, "support_sessions", tables, plain)["subtheme_codes"].isna().all()
