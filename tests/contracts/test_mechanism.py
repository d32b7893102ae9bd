"""Tables of employment and mechanism: as made, where asked for, sensitive where answers are."""

import pandas as pd
import pytest

from agir_pipeline.contracts.checking import checked
from agir_pipeline.contracts.mechanism import mechanism_contracts
from agir_pipeline.contracts.mechanism_lineage import facts_of_mechanism, mechanism_origins
from agir_pipeline.contracts.tables import table_contracts
from agir_pipeline.errors import CheckError
from agir_pipeline.methods.employment.months import CALENDAR_COLUMNS, MONTH_COLUMNS
from agir_pipeline.methods.employment.profile import PROFILE_COLUMNS
from agir_pipeline.methods.employment.qualification import QUALIFICATION_COLUMNS
from agir_pipeline.methods.employment.situations import SITUATION_COLUMNS
from agir_pipeline.methods.mechanism.landmark import LANDMARK_COLUMNS
from agir_pipeline.methods.mechanism.link import TRANSITION_COLUMNS
from agir_pipeline.methods.mechanism.posture import CHANGE_COLUMNS, RELIABILITY_COLUMNS
from agir_pipeline.methods.mechanism.risks import RISK_COLUMNS
from agir_pipeline.methods.mechanism.support import (
    DOSE_COLUMNS,
    QUANTILE_COLUMNS,
    SUBTHEME_COLUMNS,
    THEME_COLUMNS,
    phase_column,
)
from agir_pipeline.protocol.model import Protocol

MADE = {
    "situation_at_six_months": SITUATION_COLUMNS,
    "employment_calendar": CALENDAR_COLUMNS,
    "employment_by_month": MONTH_COLUMNS,
    "qualification": QUALIFICATION_COLUMNS,
    "contract_profile": PROFILE_COLUMNS,
    "support_dose_quantiles": QUANTILE_COLUMNS,
    "support_subthemes": SUBTHEME_COLUMNS,
    "support_themes": THEME_COLUMNS,
    "link_transitions": TRANSITION_COLUMNS,
    "scale_reliability": RELIABILITY_COLUMNS,
    "posture_change": CHANGE_COLUMNS,
    "risk_factors": RISK_COLUMNS,
    "landmark_effects": LANDMARK_COLUMNS,
}


@pytest.mark.parametrize("table", MADE)
def test_what_a_method_makes_is_what_is_declared(agir: Protocol, table: str) -> None:
    assert mechanism_contracts(agir)[table].names == list(MADE[table])


def test_the_dose_has_a_column_for_each_phase_of_the_protocol(agir: Protocol) -> None:
    phases = ["before_contract", "during_contract", "after_contract"]
    declared = mechanism_contracts(agir)["support_dose"]
    assert declared.names == [*DOSE_COLUMNS, *map(phase_column, phases)]
    words = {column.name: column.label for column in declared.columns}
    assert "Global support" in words["share_watched_theme"].en


def test_every_dose_has_its_spread_in_order(agir: Protocol) -> None:
    contract = table_contracts(agir)["support_dose_quantiles"]
    measures = next(column for column in contract.columns if column.name == "measure")
    assert list(measures.codes) == [n for n in DOSE_COLUMNS if n not in ("person_id", "pair_id")]
    row = {"measure": "n_months", "phase": "all", "n_persons": 3, "mean": 2.0, "p10": 1.0,
           "p25": 1.5, "median": 2.0, "p75": 2.5, "p90": 3.0}  # fmt: skip
    assert len(checked(pd.DataFrame([row]), contract)) == 1
    with pytest.raises(CheckError, match="do not increase"):
        checked(pd.DataFrame([row | {"p75": 3.5}]), contract)


def test_subthemes_are_as_sensitive_as_the_log_that_names_them(agir: Protocol) -> None:
    def sensitive(study: Protocol) -> set[str]:
        columns = mechanism_contracts(study)["support_subthemes"].columns
        return {column.name for column in columns if column.sensitivity == "sensitive"}

    assert sensitive(agir) == {"n_beneficiaries", "n_interviews", "interview_hours"}
    assert agir.mechanism is not None
    assert agir.mechanism.support is not None
    support = agir.mechanism.support.model_copy(update={"subthemes_column": "people_present"})
    open_ones = agir.mechanism.model_copy(update={"support": support})
    assert sensitive(agir.model_copy(update={"mechanism": open_ones})) == set()
    without = support.model_copy(update={"subthemes_column": None})
    bare = agir.mechanism.model_copy(update={"support": without})
    tables = mechanism_contracts(agir.model_copy(update={"mechanism": bare}))
    assert "support_subthemes" not in tables


def test_the_thirteen_themes_stand_in_their_order(agir: Protocol) -> None:
    theme = next(c for c in mechanism_contracts(agir)["support_themes"].columns if c.codes)
    assert list(theme.codes) == [f"T{number:02d}" for number in range(1, 14)]


def test_the_link_has_its_six_dimensions_and_three_parties(agir: Protocol) -> None:
    names = mechanism_contracts(agir)["link_index"].names
    assert names[4:10] == [
        "contact_frequency", "joint_objectives", "shared_tool", "joint_visit", "known_roles",
        "transfer",
    ]  # fmt: skip
    assert {"has_youth", "has_company", "has_training"} <= set(names)


def test_only_what_the_protocol_asks_for_is_declared(agir: Protocol, nsw: Protocol) -> None:
    assert mechanism_contracts(nsw) == {}
    assert agir.mechanism is not None
    silent = agir.mechanism.model_copy(update={"support": None})
    study = agir.model_copy(update={"employment": None, "mechanism": silent})
    found = set(mechanism_contracts(study))
    assert "link_index" in found
    assert not {name for name in found if name.startswith("support")} | {"qualification"} & found
    assert set(facts_of_mechanism(study)) == found
    effects = mechanism_origins(study)["landmark_effects"]["difference_points"]
    assert "support_sessions" not in {place.table for place in effects}
    only_employment = agir.model_copy(update={"mechanism": None})
    assert set(mechanism_origins(only_employment)) == {
        "situation_at_six_months", "employment_calendar", "employment_by_month", "qualification",
        "contract_profile",
    }  # fmt: skip
    assert agir.employment is not None
    bare = agir.employment.model_copy(update={"profile": None})
    assert "contract_profile" not in mechanism_contracts(
        agir.model_copy(update={"employment": bare})
    )


def test_a_risk_is_as_sensitive_as_the_answer_that_tells_it(agir: Protocol) -> None:
    def sensitive(study: Protocol) -> set[str]:
        columns = mechanism_contracts(study)["risk_factors"].columns
        return {column.name for column in columns if column.sensitivity == "sensitive"}

    assert sensitive(agir) == {"n_with", "share", "n_with_at_landmark"}
    assert agir.mechanism is not None
    plain = [risk for risk in agir.mechanism.risks if risk.name == "housing"]
    mechanism = agir.mechanism.model_copy(update={"risks": tuple(plain)})
    assert sensitive(agir.model_copy(update={"mechanism": mechanism})) == set()


def test_members_of_a_month_must_add_up(agir: Protocol) -> None:
    contract = table_contracts(agir)["employment_by_month"]
    row = {"arm": "control", "month_number": 1, "month_state": "worked", "n_members": 3,
           "n_persons": 1, "share": 1 / 3}  # fmt: skip
    rows = pd.DataFrame([row, row | {"month_state": "unknown", "n_persons": 2, "share": 2 / 3}])
    assert len(checked(rows, contract)) == 2
    with pytest.raises(CheckError, match="do not add up"):
        checked(rows.iloc[:1], contract)


def test_levels_of_a_trait_must_add_up(agir: Protocol) -> None:
    contract = table_contracts(agir)["contract_profile"]
    row = {"trait": "sector_group", "level": "trade_transport", "arm": "control", "n_persons": 2,
           "n_known": 3, "share": 2 / 3, "months_mean": None, "months_p25": None,
           "months_median": None, "months_p75": None}  # fmt: skip
    rows = pd.DataFrame([row, row | {"level": "unknown", "n_persons": 1, "share": 1 / 3}])
    holes = pd.DataFrame([row | {"level": "missing", "n_persons": 9, "share": None}])
    assert len(checked(pd.concat([rows, holes], ignore_index=True), contract)) == 3
    with pytest.raises(CheckError, match="do not add up"):
        checked(rows.iloc[:1], contract)


def test_no_more_months_are_counted_than_are_known(agir: Protocol) -> None:
    contract = table_contracts(agir)["employment_calendar"]
    row = {"person_id": "a", "pair_id": "p", "arm": "control", "month_number": 1,
           "month_on": pd.Timestamp("2010-01-01"), "contract": "in_contract", "told": None,
           "told_in": None, "job": None, "is_contradictory": False, "is_at_work": True,
           "n_months_at_work": 1, "n_months_known": 1, "is_durable": False,
           "n_months_durable": 0, "n_months_durable_known": 1}  # fmt: skip
    assert len(checked(pd.DataFrame([row]), contract)) == 1
    for name, value in (("n_months_durable", 2), ("n_months_known", 0), ("n_months_known", 2)):
        with pytest.raises(CheckError, match="beyond those known"):
            checked(pd.DataFrame([row | {name: value}]), contract)


def test_lineage_ends_in_the_answers_and_the_log(agir: Protocol) -> None:
    origins = mechanism_origins(agir)
    read = {p.column for p in origins["link_index"]["link_score"]}
    assert read == {
        "link_frequency_of_4",
        "link_frequency_of_5",
        *(f"link_{k}" for k in range(1, 7)),
    }
    assert {p.column for p in origins["posture_change"]["mean_end"]} > {"posture_1", "link_1"}
    assert ("outcomes", "pair_members", "arm") in origins["posture_change"]["arm"]
    assert {p.table for p in origins["support_themes"]["n_interviews"]} == {"support_sessions"}
