from datetime import date

import pytest

from agir_pipeline.methods.programme.governance import GOVERNANCE_COLUMNS, governance_table

LAST = date(2010, 6, 30)

MEETINGS = """
committee_type | held_on    | n_cases_reviewed
steering       | 2010-01-10 | 2
steering       | 2010-02-28 |
steering       | 2010-04-19 | 1
steering       | 2010-07-05 | 9
follow_up      | 2010-06-10 | 3
follow_up      | 2010-06-10 | 4
follow_up      | 2010-06-26 |
unheard_of     | 2010-06-26 |
follow_up      |            | 5
"""


def test_the_three_cadences_are_those_of_the_note(agir):
    limits = {
        c.code: (c.every_days.value, c.tolerance_days.value) for c in agir.governance.committees
    }
    assert limits == {"steering": (42, 7), "orientation": (92, 0), "follow_up": (16, 0)}


def test_a_gap_touches_every_month_it_reaches_into(agir, draw):
    table = governance_table(draw(MEETINGS), agir.governance, LAST)
    assert list(table.columns) == list(GOVERNANCE_COLUMNS)
    steering = table[table["committee"] == "steering"]
    # 49 days are allowed; 10 January to 28 February is 49, to 19 April 50, to the last day 72
    assert steering["gap_days"].tolist() == [49, 50, 50, 72, 72, 72]
    assert steering["is_compliant"].tolist() == [True, False, False, False, False, False]
    assert steering["n_held"].tolist() == [1, 1, 0, 1, 0, 0]
    assert steering["n_cases"].tolist() == [2, 0, 0, 1, 0, 0]
    assert set(steering["limit_days"]) == {49}


def test_two_rows_of_one_day_are_no_gap_and_a_committee_that_never_met_has_no_row(agir, draw):
    table = governance_table(draw(MEETINGS), agir.governance, LAST)
    [follow_up] = table[table["committee"] == "follow_up"].to_dict("records")
    assert (follow_up["n_held"], follow_up["gap_days"]) == (3, 16)
    assert follow_up["is_compliant"]
    assert follow_up["n_cases"] == 7
    assert set(table["committee"]) == {"steering", "follow_up"}


@pytest.mark.parametrize(("last", "gap"), [(26, 16), (27, 16), (30, 16)])
def test_the_time_since_the_last_meeting_counts_too(agir, draw, last, gap):
    table = governance_table(draw(MEETINGS), agir.governance, date(2010, 6, last))
    assert table.loc[table["committee"] == "follow_up", "gap_days"].tolist() == [gap]
