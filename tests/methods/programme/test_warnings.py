"""Contracts that may break: each reason by its rule, silence from the first day, nobody twice."""

from datetime import date

import pandas as pd
import pytest

from agir_pipeline.contracts.tables import table_contracts
from agir_pipeline.language import use_language
from agir_pipeline.methods.programme.warnings import (
    WARNING_COLUMNS,
    contracts_at_risk,
    running_contracts,
)

DAY = date(2010, 12, 31)

SPELLS = """
person_id | spell_id | starts_on  | planned_end_on | ended_early_on
ada       | a1       | 2010-06-01 | 2011-06-01     |
ben       | b1       | 2010-06-01 | 2011-05-01     |
cid       | c1       | 2010-12-01 | 2011-12-01     |
dan       | broken   | 2010-06-01 | 2011-06-01     | 2010-09-01
eva       | over     | 2010-01-01 | 2010-12-30     |
fay       | last_day | 2010-01-01 | 2010-12-31     |
gil       | to_come  | 2011-01-01 | 2011-12-31     |
"""
INTERVIEWS = """
person_id | interview_on | risks
ada       | 2010-11-15   | career_project|other_risk
ada       | 2010-12-20   | no_time|money_mobility
ben       | 2010-10-01   | no_time
ben       | 2011-01-15   | career_project
fay       | 2010-12-30   |
zoe       | 2010-12-30   | no_time
"""
ANSWERS = """
person_id | submitted_at | has_money_difficulty | commute_minutes
ben       | 2010-06-10   | true                 | 59
cid       | 2010-12-05   |                      | 60
fay       | 2009-12-01   | true                 | 90
"""


@pytest.fixture
def drawn(draw):
    """Cells of codes hold the bar that splits the drawn columns."""
    rows = draw(INTERVIEWS.replace("|other_risk", "+other_risk").replace("|money", "+money"))
    rows["risks"] = rows["risks"].str.replace("+", "|")
    answers = draw(ANSWERS)
    answers["submitted_at"] = pd.to_datetime(answers["submitted_at"], utc=True)
    answers["has_money_difficulty"] = answers["has_money_difficulty"].astype("boolean")
    return {"support_log": rows, "youth_survey_t0": answers}


@pytest.fixture
def listed(agir, draw, drawn):
    running = running_contracts(draw(SPELLS), DAY)
    return contracts_at_risk(running, drawn, agir.warnings.rules, DAY)


def test_only_contracts_in_force_are_looked_at(draw):
    running = running_contracts(draw(SPELLS), DAY)
    assert running["spell_id"].tolist() == ["a1", "b1", "c1", "last_day"]


def test_each_reason_is_that_of_its_rule_and_the_most_reasons_come_first(listed):
    assert list(listed.columns) == list(WARNING_COLUMNS)
    said = {row["spell_id"]: row["reasons"].split("; ") for row in listed.to_dict("records")}
    assert list(said) == ["b1", "a1", "c1"]
    assert said["a1"] == [
        "Risk noted in an interview: money, mobility, or little time",
        "Career project or job search in doubt",
    ]
    # no interview in the last 60 days, the last one is still to come; 91 days ago is too long
    assert said["b1"] == ["No interview for 60 days", "Money difficulties told at entry"]
    assert said["c1"] == ["Journey to work of an hour or more"]


def test_silence_is_counted_from_the_start_of_the_contract(agir, draw, drawn):
    late = running_contracts(draw(SPELLS), date(2011, 1, 31))
    table = contracts_at_risk(late, drawn, agir.warnings.rules, date(2011, 1, 31))
    reasons = table.set_index("spell_id")["reasons"]
    assert "No interview for 60 days" in reasons["c1"]
    assert "to_come" not in reasons.index


def test_nobody_at_risk_is_an_empty_list(agir, draw, drawn):
    nobody = contracts_at_risk(draw(SPELLS).head(0), drawn, agir.warnings.rules, DAY)
    assert nobody.empty
    assert list(nobody.columns) == list(WARNING_COLUMNS)


def test_a_french_steward_reads_french_reasons(agir, draw, drawn):
    use_language("fr")
    table = contracts_at_risk(running_contracts(draw(SPELLS), DAY), drawn, agir.warnings.rules, DAY)
    assert "Aucun entretien depuis 60 jours" in table["reasons"].iloc[0]


def test_no_released_table_holds_warnings(agir):
    assert agir.warnings is not None
    for name, contract in table_contracts(agir).items():
        assert "warning" not in name
        assert not {"reasons", "n_reasons"} & set(contract.names)
