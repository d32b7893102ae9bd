"""What support was given: counted once, workshops shared, nothing for those never seen."""

import pandas as pd
import pytest

from agir_pipeline.methods.mechanism.support import (
    dose_class,
    dose_quantiles,
    support_dose,
    support_subthemes,
    support_themes,
    touched,
)

SESSIONS = """
person_id | pair_id | session_on | index_days | entry_days | shared_minutes | theme_codes | phase  | present
ada       | p1      | 2010-01-30 | -2         | 0          | 60             | T1/T2    | before | young
ada       | p1      | 2010-02-10 | 9          | 11         | 30             | T2       | during | young/tutor
ada       | p1      | 2010-03-31 | 58         | 60         |                |          |        |
ben       | p2      | 2010-02-01 | 20         | 3          | 90             | T2/T3    | during | tutor
cid       |         | 2010-02-01 |            | 3          | 30             | T1       | during | young
"""  # noqa: E501
MEMBERS = """
pair_id | arm         | person_id
p1      | beneficiary | ada
p1      | control     | xan
p2      | beneficiary | ben
p3      | beneficiary | dan
"""


@pytest.fixture
def sessions(draw):
    rows = draw(SESSIONS)
    for name in ("theme_codes", "present"):
        rows[name] = rows[name].str.replace("/", "|").astype("string")
    rows["index_days"] = rows["index_days"].astype("Int64")
    return rows


def test_the_dose_of_each_beneficiary_of_a_pair(draw, sessions, mechanism):
    table = support_dose(draw(MEMBERS), sessions, mechanism.support, ["before", "during"], 20)
    rows = table.set_index("person_id")
    assert list(rows.index) == ["ada", "ben", "dan"]
    ada = rows.loc["ada"]
    assert ada[["n_interviews", "n_months", "n_themes", "n_joint_contacts"]].tolist() == [
        3,
        3,
        2,
        1,
    ]
    assert ada["support_hours"] == 1.5
    assert ada["span_days"] == 61
    assert ada["first_interview_delay_days"] == 0
    assert ada["share_watched_theme"] == pytest.approx(2 / 3)
    assert ada[["n_before", "n_during"]].tolist() == [1, 1]
    assert ada[["n_interviews_by_landmark", "support_hours_by_landmark"]].tolist() == [2, 1.5]
    # the landmark's day itself is still in time
    assert rows.loc["ben", "n_interviews_by_landmark"] == 1
    assert rows.loc["ben", "span_days"] == 1


def test_whoever_was_never_seen_had_nothing_and_no_share_of_it(draw, sessions, mechanism):
    table = support_dose(draw(MEMBERS), sessions, mechanism.support, ["before"], 20)
    dan = table.set_index("person_id").loc["dan"]
    assert dan[["n_interviews", "support_hours", "n_themes", "n_before", "span_days"]].tolist() == [
        0, 0, 0, 0, 0,
    ]  # fmt: skip
    assert dan[["first_interview_delay_days", "share_watched_theme"]].isna().all()


def test_every_theme_and_phase_has_its_row_touched_or_not(sessions):
    table = support_themes(sessions, ["T1", "T2", "T3", "T4"], ["before", "during"])
    rows = table.set_index(["theme", "phase"])
    assert len(rows) == 12  # with the phase that was not logged
    assert rows.loc[("T2", "during")].tolist() == [2, 2, 2.0]
    assert rows.loc[("T2", "before")].tolist() == [1, 1, 1.0]
    assert rows.loc[("T1", "during")].tolist() == [1, 1, 0.5]
    assert rows.loc[("T4", "during")].tolist() == [0, 0, 0]
    assert rows.loc[("T1", "not_said")].tolist() == [0, 0, 0]


def test_the_same_person_counts_once_under_a_theme_of_several_interviews(sessions):
    again = pd.concat([sessions, sessions[sessions["person_id"] == "ben"].assign(theme_codes="T2")])
    table = support_themes(again, ["T2"], ["during"]).set_index(["theme", "phase"])
    assert table.loc[("T2", "during"), ["n_beneficiaries", "n_interviews"]].tolist() == [2, 3]


def test_whom_an_interview_touched_is_known_by_name(sessions):
    rows = touched(sessions, "theme")
    assert list(zip(rows["person_id"], rows["theme"], rows["phase"], strict=True)) == [
        ("ada", "T1", "before"),
        ("ada", "T2", "before"),
        ("ada", "T2", "during"),
        ("ben", "T2", "during"),
        ("ben", "T3", "during"),
        ("cid", "T1", "during"),
    ]


def test_a_log_that_tells_every_phase_needs_no_other_row(sessions):
    logged = sessions[sessions["phase"].notna()]
    assert len(support_themes(logged, ["T1"], ["before", "during"])) == 2


def test_classes_of_dose_are_said_by_their_limits():
    classes = dose_class(pd.Series([0, 1, 2, 3, 4, 9]), [2, 4])
    assert classes.tolist() == ["0-1", "0-1", "2-3", "2-3", "4+", "4+"]


def test_the_spread_of_a_dose_lies_between_neighbours_and_says_of_how_many(mechanism, draw):
    dose = draw(
        """
        n_interviews | support_hours | n_months | span_days | first_interview_delay_days | n_themes
        0            | 0             | 0        | 0         |                            | 0
        2            | 3             | 2        | 30        | 4                          | 3
        4            | 5             | 3        | 60        | 8                          | 5
        10           | 9             | 7        | 300       |                            | 9
        """
    ).assign(
        share_watched_theme=[None, 0.5, 0.25, 0.0],
        n_joint_contacts=1,
        n_interviews_by_landmark=0,
        support_hours_by_landmark=0.0,
        n_before=[0, 1, 2, 3],
    )
    spread = dose_quantiles(dose, ["before"]).set_index(["measure", "phase"])
    whole = spread.loc[("n_interviews", "all")]
    assert (whole["n_persons"], whole["mean"], whole["median"]) == (4, 4, 3)
    assert [whole[name] for name in ("p10", "p25", "p75", "p90")] == [
        pytest.approx(value) for value in (0.6, 1.5, 5.5, 8.2)
    ]
    assert spread.loc[("n_interviews", "before"), "median"] == 1.5
    delay = spread.loc[("first_interview_delay_days", "all")]
    assert (delay["n_persons"], delay["mean"]) == (2, 6)
    assert len(spread) == 10 + 1


def test_the_spread_of_nobody_is_not_told(mechanism, draw, sessions):
    dose = support_dose(draw(MEMBERS)[:0], sessions, mechanism.support, ["before"], 20)
    spread = dose_quantiles(dose, ["before"])
    assert spread["n_persons"].eq(0).all()
    assert spread["median"].isna().all()


def test_subthemes_are_counted_as_themes_are(sessions):
    told = sessions.assign(subtheme_codes=["money|health", None, None, "money", "money"])
    table = support_subthemes(told, ["money", "health"], ["before", "during"])
    rows = table[table["phase"] != "not_said"].set_index(["subtheme", "phase"])
    assert rows["n_beneficiaries"].to_dict() == {
        ("money", "before"): 1, ("money", "during"): 2,
        ("health", "before"): 1, ("health", "during"): 0,
    }  # fmt: skip
    assert rows.loc[("money", "during"), "interview_hours"] == 2
    assert set(touched(told, "subtheme")["person_id"]) == {"ada", "ben", "cid"}
