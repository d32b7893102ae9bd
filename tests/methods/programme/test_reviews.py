"""Whether everybody's case comes before the committee often enough."""

from datetime import date

import pandas as pd
import pytest

from agir_pipeline.methods.programme.governance import governance_table
from agir_pipeline.methods.programme.reviews import REVIEW_COLUMNS, in_support, with_reviews

MEETINGS = """
record_id | committee_type | held_on    | n_cases_reviewed
m1        | follow_up      | 2010-01-10 | 1
m2        | follow_up      | 2010-01-25 | 2
m3        | follow_up      | 2010-02-10 | 1
m4        | follow_up      | 2010-03-20 |
m5        | steering       | 2010-01-10 |
m6        | follow_up      |            | 1
m7        | follow_up      | 2010-04-05 | 9
"""
MENTIONS = """
record_id | person_id
m1        | p1
m2        | p1
m2        | p2
m2        |
m3        | p2
m3        | p2
m7        | p3
m6        | p3
"""
PERSONS = """
person_id | entered_on | left_on
p1        | 2010-01-01 |
p2        | 2010-01-20 |
p3        | 2010-01-05 |
p4        | 2010-01-05 | 2010-02-28
p5        | 2010-03-25 |
p6        |            |
"""


@pytest.fixture
def reviewed(agir, draw):
    reviews = agir.governance.reviews
    fact = reviews.within_meetings.model_copy(update={"value": 2})
    reviews = reviews.model_copy(update={"within_meetings": fact})
    meetings = draw(MEETINGS)

    def table(last_on: date) -> pd.DataFrame:
        held = governance_table(meetings, agir.governance, last_on)
        return with_reviews(
            held, meetings, draw(MENTIONS), draw(PERSONS), agir.governance, reviews, last_on
        )

    return table


def test_the_cover_of_each_month_is_worked_out_by_hand(reviewed):
    table = reviewed(date(2010, 3, 31))
    own = table[table["committee"] == "follow_up"].set_index("month_on")
    told = own[list(REVIEW_COLUMNS)].to_dict("index")
    january, february, march = (told[pd.Timestamp(2010, month, 1)] for month in (1, 2, 3))
    # the two last meetings of January are the 10th and the 25th: p2 came between them
    assert january == {
        "n_reviewed": 2, "n_unlisted": 1, "n_active": 4, "within_meetings": 2, "n_due": 3,
        "n_not_reviewed": 2, "is_covered": False,
    }  # fmt: skip
    # 25 January and 10 February: p1 and p2 were named, p3 was not; p4 left on the last day
    assert (february["n_active"], february["n_due"], february["n_not_reviewed"]) == (3, 3, 1)
    assert (february["n_reviewed"], february["n_unlisted"]) == (1, 0)
    # 10 February and 20 March: p2 alone; who came after the first of them is not due
    assert (march["n_active"], march["n_due"], march["n_not_reviewed"]) == (4, 3, 2)
    assert march["n_reviewed"] == 0


def test_while_fewer_meetings_were_held_nobody_is_due(reviewed):
    told = reviewed(date(2010, 1, 24)).set_index("committee").loc["follow_up"]
    assert (told["n_active"], told["n_due"], told["n_not_reviewed"]) == (4, 0, 0)
    assert pd.isna(told["is_covered"])


def test_the_last_month_is_judged_on_the_last_day_and_other_committees_have_no_such_figures(
    reviewed,
):
    table = reviewed(date(2010, 4, 4))
    april = table[(table["committee"] == "follow_up") & (table["month_on"] == "2010-04-01")]
    assert april["n_reviewed"].tolist() == [0]
    steering = table.loc[table["committee"] == "steering", list(REVIEW_COLUMNS)]
    assert len(steering)
    assert steering.isna().all(axis=None)


def test_a_month_in_which_everybody_due_was_reviewed_is_covered(agir, draw, reviewed):
    table = reviewed(date(2010, 4, 30))
    april = table[(table["committee"] == "follow_up") & (table["month_on"] == "2010-04-01")]
    # 20 March and 5 April: p3 was named, p1 and p2 were not
    assert april["n_not_reviewed"].tolist() == [2]
    everybody = draw("record_id | person_id\nm7 | p1\nm7 | p2\nm7 | p3")
    reviews = agir.governance.reviews.model_copy(
        update={
            "within_meetings": agir.governance.reviews.within_meetings.model_copy(
                update={"value": 1}
            )
        }
    )
    meetings = draw(MEETINGS)
    held = governance_table(meetings, agir.governance, date(2010, 4, 5))
    table = with_reviews(
        held, meetings, everybody, draw(PERSONS)[:4], agir.governance, reviews, date(2010, 4, 5)
    )
    assert bool(table["is_covered"].dropna().iloc[-1])


def test_support_lasts_while_a_row_tells_of_no_end_and_ends_with_the_consent(draw):
    rows = draw("""
        person_id | entered_on | left_on
        p1        | 2010-02-01 | 2010-06-01
        p1        | 2010-01-01 |
        p2        | 2010-01-05 | 2010-03-01
        p2        | 2010-01-05 | 2010-05-01
        p3        | 2010-01-07 |
        p4        | 2010-01-07 | 2010-02-01
    """)
    withdrawn = draw("""
        person_id | withdrawn_on
        p2        | 2010-04-01
        p3        | 2010-04-01
        p3        | 2010-03-31
        p4        | 2010-04-01
        p9        | 2010-04-01
    """)
    told = in_support(rows, withdrawn).set_index("person_id").astype("string").fillna("")
    assert told["entered_on"].to_dict() == {
        "p1": "2010-01-01", "p2": "2010-01-05", "p3": "2010-01-07", "p4": "2010-01-07",
    }  # fmt: skip
    assert told["left_on"].to_dict() == {
        "p1": "", "p2": "2010-04-01", "p3": "2010-03-31", "p4": "2010-02-01",
    }  # fmt: skip


def test_before_anybody_entered_nobody_is_in_support(agir, draw):
    nobody = pd.DataFrame(
        {
            "person_id": pd.Series(dtype="string"),
            "entered_on": pd.Series(dtype="datetime64[us]"),
            "left_on": pd.Series(dtype="datetime64[us]"),
        }
    )
    none_left = nobody[["person_id"]].assign(withdrawn_on=nobody["left_on"])
    persons = in_support(nobody, none_left)
    assert persons.empty
    meetings, reviews = draw(MEETINGS), agir.governance.reviews
    held = governance_table(meetings, agir.governance, date(2010, 3, 31))
    mentions = draw(MENTIONS)[:0]
    table = with_reviews(
        held, meetings, mentions, persons, agir.governance, reviews, date(2010, 3, 31)
    )
    assert table["n_active"].dropna().eq(0).all()
    without = with_reviews(
        held[:0], meetings[:0], mentions, persons, agir.governance, reviews, date(2010, 3, 31)
    )
    assert without.empty
