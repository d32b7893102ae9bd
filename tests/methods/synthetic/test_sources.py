"""What the other sources hold: interviews, questionnaires, committees, costs, decisions."""

import io

import numpy as np
import pandas as pd
import pytest
from python_calamine import CalamineWorkbook

from agir_pipeline.methods.synthetic import mobilisation, steward
from agir_pipeline.methods.synthetic.calibration import Calibration
from agir_pipeline.methods.synthetic.spelling import folded
from agir_pipeline.methods.synthetic.study import Study
from agir_pipeline.methods.synthetic.world import World
from agir_pipeline.protocol.model import Protocol

DIRECT = ("direct_support", "workshops")


def test_every_beneficiary_is_seen_from_the_day_of_entry_on(world: World) -> None:
    log = world.tables["support_log"]
    helped = world.people[world.people["role"] == "beneficiary"]
    first = log[log["person"] >= 0].groupby("person")["interview_on"].min()
    assert (first == helped["support_entry_on"].loc[first.index]).all()
    assert set(first.index) == set(helped.index)
    assert 600 <= len(log) <= 900


def test_the_phase_of_an_interview_agrees_with_the_contract(world: World) -> None:
    log = world.tables["support_log"]
    log = log[log["person"] >= 0]
    people, path = world.people.loc[log["person"]], world.lived.loc[log["person"]]
    stop = path["rupture_on"].fillna(people["planned_end_on"]).to_numpy()
    held, start = log["interview_on"].to_numpy(), people["contract_start_on"].to_numpy()
    phase = np.where(held < start, "before", np.where(held <= stop, "during", "after"))
    assert (log["support_phase"] == pd.Series(phase, log.index) + "_contract").all()
    assert set(phase) == {"before", "during", "after"}


def test_the_log_uses_all_themes_and_sub_themes_of_global_support_alone(
    world: World, protocol: Protocol
) -> None:
    log = world.tables["support_log"]
    column = next(c for c in protocol.source("support_log").columns if c.name == "themes")
    themes = log["themes"].str.split("|")
    assert set(themes.explode()) == {code.code for code in column.codes}
    assert len(column.codes) == 13
    is_global = themes.map(lambda found: "T07" in found)
    assert ((log["subthemes"] != "") == is_global).all()


def test_people_who_never_entered_are_in_the_log_without_a_case(world: World) -> None:
    others = world.tables["support_log"].query("person < 0")
    assert len(others) > 10
    assert others["case_number"].str.startswith("PROSPECT-").all()


@pytest.mark.parametrize("source", ["youth_survey_t1", "youth_survey_t2", "tutor_survey"])
def test_a_scale_of_four_became_one_of_five_and_an_item_was_dropped(
    source: str, world: World, calibration: Calibration
) -> None:
    answers = world.answers[source].dropna(subset="submitted_at")
    is_new = answers["answered_on"] >= pd.Timestamp(calibration.triad.new_version_on.value)
    told = answers[["link_frequency_of_4", "link_frequency_of_5", "link_6"]].notna()
    assert (told["link_frequency_of_4"] == ~is_new).all()
    assert (told["link_frequency_of_5"] == is_new).all()
    assert (told["link_6"] == ~is_new).all()
    assert answers["link_frequency_of_4"].max() <= 4
    assert is_new.any()
    assert not is_new.all()


def test_support_brings_company_and_training_nearer(large_world: World) -> None:
    answers = large_world.answers["youth_survey_t1"].dropna(subset="submitted_at")
    supported = answers["case_number"] != ""
    difference = answers.loc[supported, "link_1"].mean() - answers.loc[~supported, "link_1"].mean()
    assert 0.25 < difference < 0.6


def test_tutors_answer_for_each_young_person_in_each_wave(world: World) -> None:
    answers = world.answers["tutor_survey"]
    for _wave, rows in answers.groupby("wave"):
        assert 100 <= len(rows) <= 150
        assert rows["person"].is_unique
        assert rows["respondent_ref"].value_counts().max() <= 3
    assert set(answers["wave"]) == {"t0", "t2"}


def test_referents_are_few_and_keep_their_name(world: World) -> None:
    answers = world.answers["training_referent_survey"]
    assert 15 <= answers["respondent_ref"].nunique() <= 25
    assert (answers.groupby("respondent_ref")["referent_name"].nunique() == 1).all()
    assert set(answers.loc[answers["wave"] == "t0", "qualification_result"]) == {""}


def test_more_than_fifty_training_bodies_are_contacted_in_2010(world: World) -> None:
    log = world.tables["outreach_log"]
    bodies = log[(log["organisation_type"] == "training_body") & (log["contacted_on"] < "2011")]
    assert bodies["organisation"].nunique() > 50
    assert bodies["organisation_name"].map(folded).nunique() > 50
    assert bodies["organisation_name"].nunique() > bodies["organisation"].nunique()
    assert 300 <= len(log) <= 500


def test_an_organisation_has_one_siret_that_some_rows_lack(world: World) -> None:
    log = world.tables["outreach_log"]
    numbered = log[log["organisation_siret"] != ""]
    assert (numbered.groupby("organisation")["organisation_siret"].nunique() == 1).all()
    assert 0 < len(log) - len(numbered) < len(log) / 5


@pytest.mark.parametrize(
    ("committee", "longest_gap"), [("steering", 42 + 7), ("orientation", 92), ("follow_up", 16)]
)
def test_committees_keep_their_cadence(committee: str, longest_gap: int, world: World) -> None:
    held = world.tables["committee_log"].query("committee_type == @committee")["held_on"]
    gaps = held.sort_values().diff().dt.days.dropna()
    assert len(gaps) > 8
    assert gaps.max() <= longest_gap


def test_the_follow_up_committee_goes_through_every_case(world: World) -> None:
    reviewed = world.tables["committee_log"].query("committee_type == 'follow_up'")["cases"]
    helped = world.people[world.people["role"] == "beneficiary"]
    assert set(reviewed.explode().dropna()) == set(helped["case_number"])


def test_contracts_fell_by_eighteen_percent_in_2009(world: World) -> None:
    series = world.tables["context_series"].query(
        "series_name == 'cp_entries' and area == 'national' and level_group == 'all_levels'"
    )
    first = series.sort_values("published_on").drop_duplicates("reference_month_on")
    yearly = first.groupby(first["reference_month_on"].dt.year)["series_value"].sum()
    assert yearly[2009] / yearly[2008] == pytest.approx(0.82, abs=0.001)


def test_a_figure_is_revised_once_and_both_vintages_stay(world: World) -> None:
    series = world.tables["context_series"]
    key = ["series_name", "area", "level_group", "sex_group", "reference_month_on"]
    assert series.groupby(key).size().max() == 2
    assert not series.duplicated([*key, "published_on"]).any()


def test_costs_tie_to_2300_euros_a_case_and_to_half_of_the_whole(world: World) -> None:
    lines = world.tables["cost_ledger"]
    direct = lines[lines["cost_item"].isin(DIRECT)]
    each = direct.groupby("case_number")["amount_excl_tax_eur"].sum()
    assert each.round(2).eq(2300).all()
    assert len(each) == 75
    assert direct["amount_excl_tax_eur"].sum() == pytest.approx(172_500)
    assert lines["amount_excl_tax_eur"].sum() == pytest.approx(345_000)
    assert (lines["amount_excl_tax_eur"] < 0).any()
    assert not lines.duplicated(["voucher_number", "line_number"]).any()


@pytest.mark.parametrize("seed", range(8))
def test_a_row_without_siret_has_the_name_of_one_with_it(
    protocol: Protocol, calibration: Calibration, seed: int
) -> None:
    log = mobilisation.contacts(protocol, calibration, np.random.default_rng(seed))
    has_siret = log["organisation_siret"] != ""
    names = log["organisation_name"].map(folded)
    for row in log[~has_siret].itertuples():
        own = names[has_siret & (log["organisation"] == row.organisation)]
        assert any(folded(row.organisation_name) in name for name in own)


def test_corrections_say_what_their_replay_must_come_to(study: Study, world: World) -> None:
    told = study.truth["corrections"]
    register = world.people.set_index("case_number")["referral_source"]
    rows = world.tables["corrections"]
    for one, old in zip(told, rows["old_value"], strict=True):
        held = register.get(one["business_key"])
        expected = "orphan" if held is None else "applied" if held == old else "conflict"
        assert one["status"] == expected
    assert {one["status"] for one in told} == {"applied", "conflict", "orphan"}
    assert (rows["author"] != rows["approver"]).all()


def test_a_correction_of_nobody_names_nobody_among_thousands_of_cases(
    protocol: Protocol, calibration: Calibration, world: World
) -> None:
    numbers = world.people["case_number"].str.rpartition("-")[2]
    helped = numbers != ""
    later = "AGIR-" + (numbers[helped].astype(int) + 980).astype(str)
    people = world.people.assign(case_number=world.people["case_number"].mask(helped, later))
    rows = steward.corrections(protocol, calibration, people)
    [orphan] = rows.loc[rows["status"] == "orphan", "business_key"]
    assert orphan not in set(people["case_number"])


def test_identity_decisions_name_records_that_exact_links_miss(world: World) -> None:
    rows = world.tables["identity_decisions"]
    lost = world.people[~world.people["is_linkable"]]
    assert set(rows["key_a"]) <= set(lost["provider_ref"])
    assert set(rows["identity_decision"]) == {"same", "unknown"}


def test_a_beneficiary_and_a_control_withdraw_their_consent(world: World) -> None:
    rows = world.tables["consent_withdrawals"]
    assert ((rows["case_number"] != "") != (rows["provider_ref"] != "")).all()
    assert set(rows["withdrawal_scope"]) == {"whole_study", "questionnaires"}


def test_the_workbook_of_the_end_holds_every_sheet(study: Study) -> None:
    book = CalamineWorkbook.from_filelike(io.BytesIO(study.workbook.content))
    assert book.sheet_names == [
        "corrections", "links", "consents", "mappings", "holds", "departures", "approvals",
    ]  # fmt: skip
    assert len(book.get_sheet_by_name("corrections").to_python()) > 5


def test_entries_are_three_times_as_many_from_september_2010_on(world: World) -> None:
    entry = world.people["support_entry_on"].dropna()
    months = entry.dt.to_period("M").value_counts()
    before = months[(months.index >= "2010-01") & (months.index <= "2010-08")].sum() / 8
    after = months[(months.index >= "2010-09") & (months.index <= "2010-12")].sum() / 4
    assert after / before == 3
