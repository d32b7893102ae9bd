"""The members of the pairs that count."""


def test_a_pair_gives_two_members_and_a_void_or_broken_pair_none(database, run_model, expect):
    pairs = """
    pair_id | status               | beneficiary_person_id | beneficiary_spell_id | beneficiary_index_on | control_person_id | control_spell_id | control_index_on | common_planned_days
    p1      | active               | ada                   | s1                   | 2010-03-01           | ben               | s2               | 2010-03-20       | 300
    p2      | void_not_at_risk     | cid                   | s3                   | 2010-03-01           | dan               | s4               | 2010-03-20       | 200
    p3      | broken_by_withdrawal | eva                   | s5                   | 2010-03-01           | fay               | s6               | 2010-03-20       | 100
    p4      |                      | gil                   | s7                   | 2010-03-01           | hal               | s8               | 2010-03-20       | 100
    p5      | active               | ida                   |                      |                      | joe               |                  |                  |
    """  # noqa: E501
    expect(
        run_model(database, "pair_members", {"matched.matched_pairs": pairs}),
        """
        pair_id | arm         | person_id | spell_id | index_on   | common_planned_days
        p1      | beneficiary | ada       | s1       | 2010-03-01 | 300
        p1      | control     | ben       | s2       | 2010-03-20 | 300
        p5      | beneficiary | ida       |          |            |
        p5      | control     | joe       |          |            |
        """,
    )
