"""From a cell of a released table to the rows of the files it rests on, in the whole demo."""

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import sqlalchemy as sa

from agir_pipeline.counted import counted
from agir_pipeline.errors import UsageError
from agir_pipeline.resources.home import Home
from agir_pipeline.resources.releases import Releases
from agir_pipeline.resources.study import open_study
from agir_pipeline.tracing import traced

pytestmark = pytest.mark.xdist_group("demo")

Demo = tuple[Path, "subprocess.CompletedProcess[str]"]
ROW = ["person_id", "source", "file", "sheet", "row_number"]


@pytest.fixture(scope="module")
def home(demo: Demo) -> Home:
    return Home(demo[0])


@pytest.fixture(scope="module")
def pairs(home: Home) -> pd.DataFrame:
    released = Releases(home.releases).read("matched_pairs")
    return released[released["status"] == "active"]


def test_a_pair_leads_to_the_rows_of_its_two_members_and_nobody_else(home, pairs):
    pair = pairs.iloc[0]
    found = traced(home, "matched_pairs", [f"pair_id={pair['pair_id']}"])
    assert (found.n_rows, found.n_persons) == (1, 2)
    members = {pair["beneficiary_person_id"], pair["control_person_id"]}
    assert set(found.rows["person_id"]) == members
    assert {"beneficiary_register", "control_pool", "contract_register"} <= set(
        found.rows["source"]
    )
    assert list(found.rows.columns) == ROW
    assert found.rows.notna().all(axis=None)


def test_every_row_named_is_an_accepted_row_of_that_file(home, pairs):
    found = traced(home, "matched_pairs", [f"pair_id={pairs.iloc[0]['pair_id']}"])
    study = open_study(home.folder)
    names = {receipt.receipt_id: receipt.file_name for receipt in study.state().deliveries}
    with study.warehouse.transaction() as connection:
        for source, rows in found.rows.groupby("source"):
            held = study.warehouse.read(connection, "validated", str(source))
            known = set(
                zip(held["receipt_id"].map(names), held["sheet"], held["row_number"], strict=True)
            )
            named = set(zip(rows["file"], rows["sheet"], rows["row_number"], strict=True))
            assert named <= known, source


def test_a_sum_leads_to_the_members_of_its_arm(home, pairs):
    cells = ["arm=control", "definition=gross", "horizon_days=91"]
    found = traced(home, "rupture_risk", cells)
    assert (found.n_rows, found.n_persons) == (1, len(pairs))
    assert set(found.rows["person_id"]) <= set(pairs["control_person_id"])
    assert any("rupture" in heading.casefold() for heading in found.headings["contract_register"])
    both = traced(home, "rupture_paired_effect", [])
    assert both.n_persons == 2 * len(pairs)


@pytest.mark.parametrize(
    ("table", "cells", "arms"),
    [
        ("situation_at_six_months", ["arm=control"], 1),
        ("employment_by_month", ["arm=control", "month_number=1"], 1),
        ("effect_sheet", ["outcome=rupture"], 2),
        ("cost_effectiveness", ["outcome=rupture"], 2),
    ],
)
def test_whatever_sums_over_the_pairs_leads_to_their_members(home, pairs, table, cells, arms):
    assert traced(home, table, cells).n_persons == arms * len(pairs)


def test_a_list_leads_to_everybody_on_it_and_a_flow_to_the_whole_arm(home):
    released = Releases(home.releases).read("ascertainment")
    for row in released.dropna(subset=["provider"]).to_dict("records"):
        found = traced(home, "ascertainment", [f"provider={row['provider']}"])
        assert found.n_persons == row["n_persons"]
        assert set(found.headings) == {"contract_register"}
    whole = released[released["arm"] == "beneficiary"]["n_persons"].max()
    assert traced(home, "participant_flow", ["arm=beneficiary"]).n_persons == whole


def test_a_pair_of_which_a_definition_knows_a_member_not_is_not_in_it(demo_copy, pairs):
    home, pair_id = Home(demo_copy), pairs["pair_id"].iloc[0]
    with open_study(home.folder).warehouse.transaction() as connection:
        connection.execute(
            sa.text(
                "update outcomes.event_times set cause = null, follow_up_days = null "
                "where pair_id = :pair and arm = 'control' and definition = 'net_180'"
            ),
            {"pair": pair_id},
        )
    risk = ["horizon_days=91", "arm=beneficiary"]
    assert traced(home, "rupture_risk", ["definition=gross", *risk]).n_persons == len(pairs)
    assert traced(home, "rupture_risk", ["definition=net_180", *risk]).n_persons == len(pairs) - 1
    assert traced(home, "rupture_risk", risk).n_persons == len(pairs)


COUNTS = {
    "situation_at_six_months": "n_persons",
    "qualification": "n_persons",
    "link_transitions": "n_persons",
    "support_themes": "n_beneficiaries",
    "rupture_causes": "n_events",
    "participant_flow": "n_out",
    "employment_by_month": "n_persons",
    "contract_profile": "n_persons",
    "enrolment_progress": "n_entries",
    "enrolment_projection": "n_entries",
    "risk_factors": "n_told",
}


@pytest.mark.parametrize("table", COUNTS)
def test_a_count_leads_to_those_it_counts(home, table):
    study, releases = open_study(home.folder), Releases(home.releases)
    rows = releases.read(table)
    some = rows[rows[COUNTS[table]] > 0].iloc[:: max(6, len(rows) // 8)]
    assert len(some) > 1
    with study.warehouse.transaction() as connection:
        for number in some.index:
            people = counted(study, connection, releases, table, some.loc[[number]])
            assert len(people) == some.at[number, COUNTS[table]], some.loc[number].to_dict()


SUMS = {
    "certificates": ("n_beneficiaries", "n_candidates"),
    "covariate_balance": ("n_beneficiaries", "n_controls"),
    "enrolment_pace": ("n_before", "n_since"),
    "cost_totals": ("n_beneficiaries",),
}


@pytest.mark.parametrize("table", SUMS)
def test_a_row_of_several_counts_leads_to_all_of_them_once(home, table):
    study, releases = open_study(home.folder), Releases(home.releases)
    row = releases.read(table).iloc[[0]]
    with study.warehouse.transaction() as connection:
        people = counted(study, connection, releases, table, row)
    # who was a candidate first and a beneficiary later counts in both columns and is one person
    n_counted = int(row[list(SUMS[table])].sum(axis=1).iloc[0])
    assert 0.98 * n_counted <= len(people) <= n_counted


def test_scales_lead_to_those_of_whom_they_were_told(home):
    study, releases = open_study(home.folder), Releases(home.releases)
    told, change = releases.read("scale_reliability"), releases.read("posture_change")
    own = told[(told["party"] == "youth") & (told["moment"] == "t1")].iloc[[0]]
    youth = change[change["party"] == "youth"].iloc[[0]]
    with study.warehouse.transaction() as connection:
        people = counted(study, connection, releases, "scale_reliability", own)
        assert len(people) == own["n_answers"].iloc[0]
        people = counted(study, connection, releases, "posture_change", youth)
        ends = youth[["n_start", "n_end"]].iloc[0]
        assert ends.max() <= len(people) <= ends.sum()


def test_a_cause_leads_to_the_members_whose_contract_broke_so(home):
    cells = ["definition=gross", "arm=control", "cause=to_employment"]
    found = traced(home, "rupture_causes", cells)
    released = Releases(home.releases).read("event_times")
    broke = released[(released["definition"] == "gross") & (released["arm"] == "control")]
    broke = broke[(broke["ending"] == "event") & (broke["ending_days"] <= 365)]
    people = Releases(home.releases).read("analysis_population")
    known = people.merge(broke[["pair_id", "arm"]], on=["pair_id", "arm"])["person_id"]
    assert 0 < found.n_persons < len(known)
    assert set(found.rows["person_id"]) <= set(known)


def test_a_ground_and_eligibility_lead_to_their_own_people(home):
    territory = Releases(home.releases).read("territory")
    row = territory[territory["territorial_basis"] == "company"].iloc[0]
    found = traced(home, "territory", [f"arm={row['arm']}", "territorial_basis=company"])
    assert found.n_persons == row["n_persons"]
    assert "contract_register" in found.headings
    told = Releases(home.releases).read("subgroups")
    own = told[(told["covariate"] == "opca_eligibility") & (told["level"] == "met")]
    own = own[own["outcome"] == "rupture"]
    met = traced(home, "subgroups", ["covariate=opca_eligibility", "level=met", "outcome=rupture"])
    assert met.n_persons == 2 * own["n"].iloc[0] > 0


def test_a_level_leads_to_the_pairs_whose_beneficiary_has_it(home, pairs):
    women, men = (traced(home, "subgroups", ["covariate=sex", f"level={x}"]) for x in "FM")
    assert women.n_persons + men.n_persons == 2 * len(pairs)
    assert women.n_persons > 0


def test_what_is_nobody_s_names_its_headings_alone(home):
    found = traced(home, "costs", ["year=2010"])
    assert found.n_persons == 0
    assert found.rows.empty
    assert set(found.headings) == {"cost_ledger"}
    assert traced(home, "rupture_risk", ["arm=nobody"]).n_persons == 0


def test_a_cell_that_is_none_is_refused_in_one_sentence(home):
    with pytest.raises(UsageError, match="'arm' is not COLUMN=VALUE"):
        traced(home, "rupture_risk", ["arm"])
    with pytest.raises(
        UsageError, match=r"rupture_risk has no column arms; it has: .*horizon_days"
    ):
        traced(home, "rupture_risk", ["arms=control"])


def test_the_command_prints_pseudonyms_and_places_only(home, pairs):
    pair = pairs.iloc[0]
    done = subprocess.run(
        [sys.executable, "-m", "agir_pipeline.cli", "trace", "matched_pairs",
         f"pair_id={pair['pair_id']}", "--home", str(home.folder)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert pair["control_person_id"] in done.stdout
    assert "AGIR-" not in done.stdout
