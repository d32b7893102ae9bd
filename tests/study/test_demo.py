"""The demo as a newcomer runs it: everything planted is found, and nothing else."""

import json
import shutil
import subprocess
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from python_calamine import CalamineWorkbook

from agir_pipeline.assets.retold import told_findings
from agir_pipeline.demo import (
    Found,
    answer_by_truth,
    compare,
    found,
    mistaken_organisations,
    pairs_found,
    planted,
    wrong_corrections,
)
from agir_pipeline.methods.synthetic.truth import corrections_meant, undecidable_pairs
from agir_pipeline.resources.releases import Releases
from agir_pipeline.resources.study import open_study

Demo = tuple[Path, "subprocess.CompletedProcess[str]"]
pytestmark = pytest.mark.xdist_group("demo")

TABLES = (
    "participant_flow",
    "analysis_population",
    "matched_pairs",
    "unmatched_beneficiaries",
    "pair_findings",
    "ascertainment",
    "covariate_balance",
    "matching_pool",
    "matching_prices",
    "certificates",
    "rupture_risk",
    "rupture_paired_effect",
    "durable_employment",
    "enrolment_progress",
    "contradictions",
    "precision",
    "evaluability",
    "rupture_incidence",
    "rupture_causes",
    "rupture_free_time",
    "response_rates",
    "nonresponse_weights",
    "data_quality",
    "hidden_bias",
    "specification_curve",
    "subgroups",
    "enrolment_pace",
    "enrolment_projection",
    "costs",
    "cost_totals",
    "cost_effectiveness",
    "governance",
    "mobilisation_funnel",
    "context",
    "situation_at_six_months",
    "employment_calendar",
    "employment_by_month",
    "qualification",
    "contract_profile",
    "support_dose",
    "support_dose_quantiles",
    "support_subthemes",
    "support_themes",
    "link_index",
    "link_transitions",
    "scale_reliability",
    "posture_change",
    "risk_factors",
    "landmark_effects",
    "data_dictionary",
    "release_manifest",
)


def test_the_demo_succeeds_and_says_what_came_out(demo: Demo) -> None:
    _home, done = demo
    assert done.returncode == 0, done.stdout + done.stderr
    for words in ("pairs (by round", "smallest detectable", "is published", "every planted fault"):
        assert words in done.stdout
    assert "Traceback" not in done.stderr


def test_findings_equal_the_planted_faults(demo: Demo) -> None:
    home, _done = demo
    truth = json.loads((home / "truth.json").read_text(encoding="utf-8"))
    assert len(truth["faults"]) >= 40
    assert compare(planted(truth), found(open_study(home))) == ([], [])


def test_every_source_of_the_protocol_is_delivered_and_validated(demo: Demo) -> None:
    study = open_study(demo[0])
    delivered = {receipt.source for receipt in study.state().deliveries}
    assert delivered == {source.name for source in study.protocol.sources}
    with study.warehouse.transaction() as connection:
        for source in study.protocol.sources:
            assert len(study.warehouse.read(connection, "validated", source.name)) > 0, source.name


def test_the_steward_s_workbook_is_a_delivery_of_each_of_its_sheets(demo: Demo) -> None:
    home, _done = demo
    study = open_study(home)
    [workbook] = (home / "decisions").iterdir()
    content = workbook.read_bytes()
    same = [
        receipt.source
        for receipt in study.state().deliveries
        if receipt.file_name == workbook.name and study.home.landing.content(receipt) == content
    ]
    assert sorted(same) == sorted(s.name for s in study.protocol.feeding("decision"))


def test_every_correction_ends_as_the_steward_meant_it(demo: Demo) -> None:
    home, _done = demo
    truth = json.loads((home / "truth.json").read_text(encoding="utf-8"))
    ends = {planned["status"] for planned in truth["corrections"]}
    assert ends == {"applied", "conflict", "orphan"}
    assert wrong_corrections(open_study(home), truth) == []
    assert all(status in ends for _source, _key, status in corrections_meant(truth))
    other = [planned | {"status": "expired"} for planned in truth["corrections"]]
    assert len(wrong_corrections(open_study(home), {"corrections": other})) == len(other)


def test_every_organisation_is_one_however_it_is_written(demo: Demo) -> None:
    home, _done = demo
    truth = json.loads((home / "truth.json").read_text(encoding="utf-8"))
    told = truth["organisations"]
    named = [row for row in told if row["role"] == "contacted"]
    assert len({row["key"][1] for row in named}) > len({row["is"] for row in named}) + 40
    assert not all(row["has_siret"] for row in named)
    study = open_study(home)
    assert mistaken_organisations(study, truth) == 0
    for role in ("contacted", "employer", "training_body"):
        one, *rest = (row for row in told if row["role"] == role)
        other = next(row for row in rest if row["is"] != one["is"])
        swapped = [row | {"is": other["is"] if row is one else row["is"]} for row in told]
        assert mistaken_organisations(study, {"organisations": swapped}) > 0


def test_contracts_outside_the_law_of_their_day_are_told_and_kept(demo: Demo) -> None:
    study = open_study(demo[0])
    with study.warehouse.transaction() as connection:
        found = study.warehouse.read(connection, "validated", "legal_findings")
        contracts = study.warehouse.read(connection, "validated", "contract_register")
    told = contracts[contracts["record_id"].isin(found["record_id"])]
    assert len(told) == len(found) > 0
    assert not told["contract_duration_months"].between(6, 24).any()


def test_a_fault_nobody_planted_is_told_apart() -> None:
    one, other = Found("a.csv", 3, "born_on", "not_a_date"), Found("a.csv", 4, "", "pattern")
    assert compare({one}, {other}) == ([one], [other])


def test_every_planted_person_that_can_be_linked_is_one_pseudonym(demo: Demo) -> None:
    home, _done = demo
    truth = json.loads((home / "truth.json").read_text(encoding="utf-8"))
    links = open_study(home).vault.read("links")
    current = links[links["superseded_on"].isna()]
    person_of = {
        (source, key): person
        for source, key, person in zip(
            current["source"], current["entity_key"], current["person_id"], strict=True
        )
    }
    # Without an arm, nobody ever listed the person: no row ties a contract to a questionnaire.
    known = [p for p in truth["people"] if p["linkable"] and p["arm"]]
    several = [p for p in known if len(_pseudonyms(p, person_of)) > 1]
    assert several == []
    alone = [_pseudonyms(p, person_of) for p in known]
    people = [next(iter(found)) for found in alone if found]
    assert len(people) == len(set(people)) > 500


def test_who_cannot_be_told_is_exactly_the_review_list_and_no_beneficiary(demo: Demo) -> None:
    home, _done = demo
    truth = json.loads((home / "truth.json").read_text(encoding="utf-8"))
    study = open_study(home)
    assert pairs_found(study) == undecidable_pairs(truth) != set()
    assert study.vault.read("review")["touches_beneficiary"].sum() == 0
    rules = set(study.vault.read("links")["rule"])
    assert {"model", "decided", "rule_4"} <= rules


def _pseudonyms(person: dict, person_of: dict) -> set[str]:
    found = set()
    for source, keys in person["keys"].items():
        for key in keys if isinstance(keys, list) else [keys]:
            text = "\x1f".join(str(part) for part in key) if isinstance(key, list) else str(key)
            found |= {person_of[(source, text)]} if (source, text) in person_of else set()
    return found


def test_exactly_23_pairs_are_formed_at_the_only_instant_of_2010(demo: Demo) -> None:
    pairs = Releases(demo[0] / "releases").read("matched_pairs")
    assert (pairs["formed_on"] <= "2010-12-31").sum() == 23
    assert len(pairs) >= 70


@pytest.mark.parametrize("table", TABLES)
def test_every_promised_table_is_released_with_its_digests(demo: Demo, table: str) -> None:
    rows = Releases(demo[0] / "releases").read(table)
    assert len(rows) > 0 or table in ("unmatched_beneficiaries", "pair_findings")
    assert {"as_of", "protocol_digest", "design_digest"} <= set(rows.columns)


def test_every_match_carries_a_certificate_without_gap(demo: Demo) -> None:
    proofs = Releases(demo[0] / "releases").read("certificates")
    assert len(proofs) > 0
    assert (proofs["gap"].abs() <= 1e-9).all()
    pairs = Releases(demo[0] / "releases").read("matched_pairs")
    assert proofs["n_pairs"].sum() == len(pairs)


def test_nobody_is_used_twice_and_strata_agree(demo: Demo) -> None:
    releases = Releases(demo[0] / "releases")
    pairs, people = releases.read("matched_pairs"), releases.read("analysis_population")
    used = [*pairs["beneficiary_person_id"], *pairs["control_person_id"]]
    assert len(used) == len(set(used))
    for exact in ("prepared_level", "contract_nature"):
        assert (people.groupby("pair_id")[exact].nunique() == 1).all()


def test_whoever_answered_carries_a_weight_and_nobody_else(demo: Demo) -> None:
    releases = Releases(demo[0] / "releases")
    weights, rates = releases.read("nonresponse_weights"), releases.read("response_rates")
    n_due = weights.groupby(["wave", "arm"]).size()
    n_weighted = weights.groupby(["wave", "arm"])["weight"].count()
    told = rates.set_index(["wave", "arm"]).sort_index()
    assert n_due.to_dict() == told["n_due"][told["n_due"] > 0].to_dict()
    assert n_weighted.to_dict() == told["n_answered"][told["n_due"] > 0].to_dict()
    assert (weights["n_effective"] <= weights["n_respondents"] + 1e-9).all()


def test_contracts_told_by_answers_make_fewer_ruptures_and_never_more(demo: Demo) -> None:
    risks = Releases(demo[0] / "releases").read("rupture_risk")
    at = risks.set_index(["definition", "horizon_days", "arm"])["n_events"]
    register, everybody = at["net_180"], at["net_180_all_sources"]
    assert (everybody <= register).all()
    facts = open_study(demo[0]).warehouse.read(None, "outcomes", "event_times")
    n_events = facts[facts["cause"] == 1].groupby("definition").size()
    assert n_events["net_180_all_sources"] < n_events["net_180"]


def test_each_row_in_quarantine_is_counted_on_the_night_of_its_file(demo: Demo) -> None:
    study = open_study(demo[0])
    nights = {r.receipt_id: pd.Timestamp(r.known_on) for r in study.state().deliveries}
    broken = study.vault.read("quarantine")
    quality = Releases(demo[0] / "releases").read("data_quality")
    told = quality.set_index(["check", "source", "night_on"])["n_rows"]
    for (rule, source, receipt), rows in broken.groupby(["rule", "source", "receipt_id"]):
        assert told[rule, source, nights[receipt]] >= rows["row_number"].nunique()
    # every finding of a file is gone, or stands in the newest file of its provider
    assert (quality.groupby(["check", "source"])["n_change"].sum() >= 0).all()


def test_a_finding_about_a_pair_names_the_receipt_of_the_row_that_tells_it(demo: Demo) -> None:
    study = open_study(demo[0])
    with study.warehouse.transaction() as connection:
        population = study.warehouse.read(connection, "matched", "analysis_population")
        people = study.warehouse.read(connection, "linked", "participants")
    kinds = ["not_at_risk", "supported_by_index", "not_known_today", "other_contract"]
    members = population.sort_values(["pair_id", "arm"])[["pair_id", "arm"]]
    found = pd.concat([members.assign(finding=kind) for kind in kinds], ignore_index=True)
    table = told_findings(study, found.assign(covariate=pd.NA), population, people)
    receipts = {r.receipt_id: pd.Timestamp(r.known_on) for r in study.state().deliveries}
    known = table[table["receipt_id"].notna()]
    assert (known["receipt_id"].map(receipts) == known["known_on"]).all()
    share = known.groupby("finding").size() / len(members)
    assert share[["not_at_risk", "other_contract"]].tolist() == [1, 1]
    assert "not_known_today" not in share  # no row is left to tell it
    assert share["supported_by_index"] >= 0.5  # every beneficiary's, and some controls'
    decided = table[table["is_decided"]]
    assert set(decided["finding"]) <= {"not_known_today", "other_contract"}


def test_the_release_says_how_to_load_it(demo: Demo) -> None:
    text = (demo[0] / "releases" / "current" / "tier1" / "README.md").read_text(encoding="utf-8")
    assert all(name in text for name in ("Stata", "Python", "R"))


@pytest.mark.parametrize("seed", [2, pytest.param(3, marks=pytest.mark.long)])
def test_other_seeds_find_their_truth_too(agir, tmp_path: Path, seed: int) -> None:
    done = agir("demo", "--home", tmp_path / "home", "--seed", seed)
    assert done.returncode == 0, done.stdout + done.stderr
    pairs = Releases(tmp_path / "home" / "releases").read("matched_pairs")
    assert (pairs["formed_on"].dt.date <= date(2010, 12, 31)).sum() == 23


def test_a_second_demo_in_the_same_home_is_refused(demo: Demo, agir) -> None:
    done = agir("demo", "--home", demo[0])
    assert done.returncode == 2
    assert "already holds a study" in done.stderr


def test_people_alike_by_chance_are_answered_as_their_inventor_knows_them(
    demo: Demo, tmp_path: Path
) -> None:
    """The one pair that could wait was planted; told it was not, the demo answers it."""
    home = tmp_path / "home"
    shutil.copytree(demo[0], home, symlinks=True)
    study, truth = open_study(home), json.loads((home / "truth.json").read_text(encoding="utf-8"))
    rows = study.vault.read("review")
    with study.vault.transaction() as connection:
        study.vault.replace(connection, "review", rows.assign(is_answered=0))
    assert answer_by_truth(study, truth) == 0
    books = set((home / "decisions").iterdir())
    for person in truth["people"]:
        person["linkable"] = True
    assert answer_by_truth(study, truth) == 1
    [book] = set((home / "decisions").iterdir()) - books
    [(_name, rows)] = [
        (name, rows)
        for name in CalamineWorkbook.from_path(book).sheet_names
        if len(rows := CalamineWorkbook.from_path(book).get_sheet_by_name(name).to_python()) > 1
    ]
    assert {"The same person", "gestionnaire"} <= set(rows[1])
