"""Who sits in the committees, by who was present."""

from datetime import date

import pandas as pd

from agir_pipeline.methods.programme.membership import MEMBERSHIP_COLUMNS, committee_members

MEETINGS = """
committee_type | held_on    | organisations_present
orientation    | 2010-01-10 | cnam+direccte
orientation    | 2010-04-10 | cnam
orientation    | 2010-07-10 | cnam+youth_networks
orientation    | 2010-10-10 |
orientation    | 2011-01-10 | cnam+direccte
orientation    | 2011-01-10 | companies
steering       | 2010-02-01 | cerieme
unheard_of     | 2010-02-01 | cnam
orientation    | 2011-04-10 | drjscs
orientation    |            | drjscs
"""


def members(agir, draw, gone_after, last_on=date(2011, 3, 31)):
    membership = agir.governance.membership
    fact = membership.gone_after.model_copy(update={"value": gone_after})
    rule = membership.model_copy(update={"gone_after": fact})
    return committee_members(
        draw(MEETINGS).replace(r"\+", "|", regex=True),
        agir.governance,
        rule,
        last_on,
    )


def test_a_member_is_gone_after_so_many_meetings_missed_and_new_when_it_comes_again(agir, draw):
    table = members(agir, draw, 2)
    assert list(table.columns) == list(MEMBERSHIP_COLUMNS)
    own = table[table["committee"] == "orientation"].set_index("organisation_present")
    first, again = own.loc["direccte"].to_dict("records")
    assert (first["since_on"], first["gone_on"]) == tuple(
        pd.to_datetime(["2010-01-10", "2010-07-10"])
    )
    assert (first["n_present"], first["n_held"], first["is_new"]) == (1, 1, False)
    assert again["since_on"] == pd.Timestamp(2011, 1, 10)
    assert pd.isna(again["gone_on"])
    assert again["is_new"]
    # missed one meeting of five: a member all the time
    cnam = own.loc["cnam"]
    assert (cnam["n_present"], cnam["n_held"], cnam["is_new"]) == (4, 5, False)
    assert pd.isna(cnam["gone_on"])
    networks = own.loc["youth_networks"]
    assert networks["is_new"]
    assert networks["gone_on"] == pd.Timestamp(2011, 1, 10)


def test_with_a_longer_patience_nobody_left(agir, draw):
    table = members(agir, draw, 4)
    own = table[table["committee"] == "orientation"].set_index("organisation_present")
    assert own["gone_on"].isna().all()
    assert (own.loc["direccte", "n_present"], own.loc["direccte", "n_held"]) == (2, 5)


def test_rows_of_one_day_are_one_meeting_and_later_ones_are_not_known_yet(agir, draw):
    table = members(agir, draw, 2)
    companies = table.set_index("organisation_present").loc["companies"]
    assert (companies["n_present"], companies["n_held"]) == (1, 1)
    assert "drjscs" not in set(table["organisation_present"])
    assert set(table["committee"]) == {"orientation", "steering"}


def test_without_meetings_there_are_no_members(agir, draw):
    assert members(agir, draw, 2, date(2009, 1, 1)).empty
