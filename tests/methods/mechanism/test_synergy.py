"""The link of a triad times the institutions that were met by then."""

from agir_pipeline.methods.mechanism.synergy import with_synergy

INDEX = """
pair_id | arm         | moment | link_score
p1      | beneficiary | start  | 50.0
p1      | beneficiary | end    | 80.0
p1      | control     | end    | 60.0
p2      | beneficiary | end    | 70.0
p3      | beneficiary | end    |
"""
TOLD = """
pair_id | arm         | moment | answered_days
p1      | beneficiary | start  | 5
p1      | beneficiary | end    | 100
p1      | beneficiary | end    | 200
p1      | control     | end    | 200
p2      | beneficiary | end    | 150
p3      | beneficiary | end    | 150
"""
SESSIONS = """
pair_id | index_days | present
p1      | -10        | youth/tutor
p1      | 5          | tutor
p1      | 200        | youth/referent
p1      | 201        | opca
p3      | 10         | tutor/referent/opca
        | 10         | tutor
p2      | 10         | youth
p2      | 20         |
"""
ACTORS = ("tutor", "referent", "opca")


def logged(draw):
    sessions = draw(SESSIONS)
    return sessions.assign(present=sessions["present"].str.replace("/", "|"))


def test_each_institution_counts_once_from_the_day_it_was_met(draw):
    sessions = logged(draw)
    table = with_synergy(draw(INDEX), draw(TOLD), sessions, ACTORS)
    assert table["n_actors"].tolist()[:2] == [1, 2]
    assert table["n_actors"].isna().tolist() == [False, False, True, False, False]
    assert table["n_actors"].tolist()[3:] == [0, 3]
    assert table["synergy"].tolist()[:2] == [50, 160]
    assert table["synergy"].isna().tolist() == [False, False, True, False, True]
    assert table["synergy"].tolist()[3] == 0


def test_without_a_joint_interview_nobody_was_met(draw):
    table = with_synergy(draw(INDEX), draw(TOLD), logged(draw).head(0), ACTORS)
    assert table.loc[table["arm"] == "beneficiary", "n_actors"].tolist() == [0, 0, 0, 0]
