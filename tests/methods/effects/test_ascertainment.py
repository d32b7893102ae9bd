"""Two lists of controls and a register of beneficiaries, each counted by hand."""

import pandas as pd
import pytest

from agir_pipeline.methods.effects.ascertainment import (
    ASCERTAINMENT_COLUMNS,
    Seen,
    ascertainment,
)

# bob stands on two lists, under one arm once; cat has no contract; eve's is not in the register
PEOPLE = """
person_id | arm         | source   | provider | spell_id
ann       | beneficiary | register | bearer   | s1
zoe       | beneficiary | register | bearer   | s9
bob       | control     | pool     | early    | s2
bob       | control     | pool     | late     | s2
cat       | control     | pool     | early    |
dan       | control     | pool     | late     | s4
eve       | control     | pool     | late     | s5
"""
EXCLUSIONS = """
person_id | reason
dan       | not_yet_listed
dan       | not_yet_listed
dan       | already_supported
ann       | not_yet_listed
"""
CONTRACTS = """
spell_id | is_early
s1       | true
s2       | false
s4       | true
s9       |
s7       | true
"""
# s4 was told twice, the first time with another day; s7 is of nobody on a list
NOTICES = """
spell_id | ended_early_on | known_on
s1       | 2010-05-01     | 2010-06-15
s4       | 2010-05-03     | 2010-06-02
s4       | 2010-05-02     | 2010-09-01
s7       | 2010-05-01     | 2010-05-02
"""
FRAMES = {("pool", "early"): "all_starts", ("pool", "late"): "present_on_date"}


@pytest.fixture
def told(draw):
    tables = (draw(text).convert_dtypes() for text in (PEOPLE, EXCLUSIONS, CONTRACTS, NOTICES))
    answered = {"survey": {"ann", "cat"}}  # cat was never asked
    table = ascertainment(Seen(*tables, {"ann", "dan"}, answered), "contracts", FRAMES)
    assert list(table.columns) == list(ASCERTAINMENT_COLUMNS)
    return table.set_index(["source", "provider", "arm"])


def test_each_list_is_told_with_its_links_and_beside_the_whole_register(told):
    late = told.loc[("pool", "late", "control")]
    assert late["frame"] == "present_on_date"
    assert (late["n_persons"], late["n_linked"]) == (2, 1)  # bob counts where he stands first
    assert late["link_rate"] == 0.5
    assert (late["n_ruptured_in_list"], late["share_ruptured_in_list"]) == (1, 1.0)
    assert (late["n_in_register"], late["n_ruptured_in_register"]) == (5, 3)
    assert late["share_ruptured_in_register"] == pytest.approx(3 / 5)
    early = told.loc[("pool", "early", "control")]
    assert (early["n_persons"], early["n_linked"], early["n_ruptured_in_list"]) == (2, 1, 0)


def test_dated_conditions_count_persons_and_controls_alone(told):
    late = told.loc[("pool", "late", "control")]
    assert (late["n_not_listed_at_index"], late["n_supported_before_index"]) == (1, 1)
    assert late["n_not_consented_at_index"] == 0
    assert pd.isna(told.loc[("register", "bearer", "beneficiary"), "n_not_listed_at_index"])


def test_a_source_is_told_by_arm_with_the_delay_of_its_news(told):
    rows = told.xs("contracts", level="source").droplevel("provider")
    assert rows["is_covering_both_arms"].tolist() == [True, True]
    # the first day on which anything was told, from the first day that any row named
    assert rows["notification_lag_median_days"].tolist() == [45, 31]
    assert rows["n_notified"].tolist() == [1, 1]
    assert rows["n_linked"].tolist() == [1, 2]  # whether zoe's contract broke is not known
    assert rows["n_ruptured_in_register"].tolist() == [1, 1]


def test_answers_of_one_arm_alone_do_not_cover_both(told):
    rows = told.xs("survey", level="source").droplevel("provider")
    assert rows["n_persons"].tolist() == [1, 1]
    assert rows["n_linked"].tolist() == [1, 0]
    assert not rows["is_covering_both_arms"].any()


def test_before_anybody_is_known_nothing_is_a_share(draw):
    tables = [draw(text).iloc[:0] for text in (PEOPLE, EXCLUSIONS, CONTRACTS)]
    nobody = draw(NOTICES).iloc[:0]
    table = ascertainment(Seen(*tables, nobody), "contracts", {})
    assert table["n_persons"].tolist() == [0, 0]
    assert table["link_rate"].isna().all()
    assert table["notification_lag_median_days"].isna().all()
