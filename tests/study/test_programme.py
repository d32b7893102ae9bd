"""Facts of the interim note in the tables of the whole demo."""

import subprocess
from pathlib import Path

import pandas as pd
import pytest

from agir_pipeline.resources.home import Home
from agir_pipeline.resources.releases import Releases

pytestmark = pytest.mark.xdist_group("demo")

Demo = tuple[Path, "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def released(demo: Demo):  # type: ignore[no-untyped-def]
    return Releases(Home(demo[0]).releases).read


def test_costs_tie_to_2300_euros_that_are_half_of_everything(released):
    totals = released("cost_totals").set_index("kind")
    assert totals["amount_eur"].to_dict() == {"complete": 345_000.0, "direct": 172_500.0}
    assert totals["per_beneficiary_eur"].to_dict() == {"complete": 4600.0, "direct": 2300.0}
    assert totals.loc["direct", "share_of_complete"] == 0.5
    assert totals["gap_eur"].tolist() == [0.0, 0.0]


def test_entries_tripled_and_the_target_was_not_reached_at_the_end_of_2010(released):
    pace = released("enrolment_pace").iloc[0]
    assert pace["rate_ratio"] == pytest.approx(3.0)
    assert pace["rate_ratio_low"] < 3 < pace["rate_ratio_high"]
    months = released("enrolment_projection").set_index(["arm", "month_on"])
    december = months.loc[("beneficiary", pd.Timestamp(2010, 12, 1))]
    assert (december["n_cumulative"], december["n_target"]) == (40, 75)
    assert december["p_target"] == 0


def test_more_than_fifty_training_organisations_were_contacted(released):
    funnel = released("mobilisation_funnel").set_index("organisation_kind")
    assert funnel.loc["training_body", "n_contacted"] > 50
    assert bool(funnel.loc["training_body", "is_reached"])
    steps = funnel[["n_contacted", "n_replied", "n_agreed", "n_referred"]]
    assert steps.diff(axis=1).iloc[:, 1:].le(0).all(axis=None)


def test_who_lives_elsewhere_is_in_the_territory_by_training_or_company(released):
    territory = released("territory")
    assert set(territory["territorial_basis"]) == {"residence", "company"}
    elsewhere = territory[territory["territorial_basis"] == "company"]
    assert (elsewhere["evidence"] == "contract_place").all()
    assert (elsewhere["zone"] == "outside_44").all()
    assert territory.loc[territory["arm"] == "beneficiary", "n_persons"].sum() == 75


def test_the_plan_ties_and_a_price_is_worth_more_the_higher_it_is(released):
    totals = released("cost_totals").set_index("kind")
    assert totals["planned_for_target_eur"].to_dict() == {
        "complete": 345_000.0, "direct": 172_500.0,
    }  # fmt: skip
    worth = released("cost_acceptability")
    assert worth["p_acceptable"].between(0, 1).all()
    of_each = worth.groupby(["outcome", "kind"])["p_acceptable"]
    assert of_each.apply(lambda own: own.is_monotonic_increasing).all()


def test_bands_solved_together_ring_no_alarm_where_controls_are_enough(released):
    placebo = released("placebo").set_index("placebo")
    assert placebo.loc["joint_bands", "n"] >= 70
    assert not placebo.loc["joint_bands", "is_alarm"]


def test_every_arm_keeps_its_majority_of_levels_v_and_iv_with_its_interval(released):
    progress = released("enrolment_progress").sort_values("month_on").groupby("arm").tail(1)
    assert set(progress["arm"]) == {"beneficiary", "control"}
    assert progress["share_watched"].ge(0.5).all()
    assert progress["share_watched_low"].lt(progress["share_watched"]).all()
    assert progress["share_watched_high"].gt(progress["share_watched"]).all()


def test_the_gap_to_75_stands_beside_the_entries_at_the_end_of_2010(released):
    progress = released("enrolment_progress").set_index(["arm", "month_on"])
    december = progress.loc[("beneficiary", pd.Timestamp(2010, 12, 1))]
    assert (december["n_cumulative"], december["n_gap"]) == (40, 35)


def test_the_committee_that_goes_through_cases_leaves_some_out_while_most_enter(released):
    told = released("governance").set_index(["committee", "month_on"])
    own = told.loc["follow_up"]
    assert told.drop(index="follow_up")["n_due"].isna().all()
    assert own["n_unlisted"].eq(0).all()
    assert own["n_reviewed"].le(own["n_cases"]).all()
    assert own["n_not_reviewed"].le(own["n_due"]).all()
    assert own["n_due"].le(own["n_active"]).all()
    # ten cases a fortnight, in turn: newcomers wait while the turn grows, nobody once they leave
    summer, last = own.loc[pd.Timestamp(2011, 6, 1)], own.iloc[-1]
    assert (summer["is_covered"], last["is_covered"]) == (False, True)
    members = released("committee_members")
    assert set(members["committee"]) == {"steering", "orientation", "follow_up"}
    assert members["n_present"].le(members["n_held"]).all()


def test_no_actor_and_no_dose_has_a_cost_of_a_gain_that_may_be_none(released):
    table = released("cost_sensitivity")
    assert set(table["claim"]) == {"exploratory"}
    holds_none = table["gain_low_points"].le(0)
    assert holds_none.any()
    assert table.loc[holds_none, "cost_per_gain_eur"].isna().all()
    doses = table[table["scenario"] == "by_dose"]
    effects = released("landmark_effects").set_index(["contrast", "level"])["difference_points"]
    assert doses["gain_points"].tolist() == [-effects["by_dose", level] for level in doses["level"]]


def test_every_column_says_since_which_version_it_is_there(released):
    since = released("data_dictionary")["since_version"]
    assert since.str.fullmatch(r"\d+\.\d+\.\d+").all()


def test_three_committees_are_held_to_their_cadences(released):
    limits = released("governance").groupby("committee")["limit_days"].unique().map(list).to_dict()
    assert limits == {"steering": [49], "orientation": [92], "follow_up": [16]}


def test_contracts_fell_by_18_percent_in_2009(released):
    context = released("context")
    told = context[(context["year"] == 2009) & context["series"].str.startswith("cp_entries")]
    assert told["change_share"].tolist() == pytest.approx([-0.18] * len(told), abs=0.01)
    assert len(told) > 1


def test_what_stands_beside_the_effects_agrees_with_them(released):
    effects = released("rupture_paired_effect").set_index(["definition", "horizon_days"])
    curve = released("specification_curve")
    [primary] = curve[(curve["outcome"] == "rupture") & curve["is_primary"]].to_dict("records")
    effect = effects.loc[("net_180", 274)]
    assert primary["estimate_points"] == pytest.approx(effect["risk_difference_points"])
    assert primary["ci_low_points"] == pytest.approx(effect["ci_low_points"])
    risks = released("rupture_risk").set_index(["definition", "horizon_days", "arm"])["risk"]
    days = released("rupture_incidence")
    for arm in ("beneficiary", "control"):
        own = days[(days["definition"] == "net_180") & (days["arm"] == arm)]
        last = own[own["time_days"] <= 274].groupby("cause").tail(1).set_index("cause")
        found = last.drop(index="normal_end")["incidence"].sum()
        assert found == pytest.approx(risks.loc[("net_180", 274, arm)])
    rates = released("response_rates").set_index(["wave", "arm"])
    final = released("durable_employment").iloc[0]
    assert final["n_respondents_control"] <= rates.loc[("youth_tf", "control"), "n_answered"]


def test_causes_count_the_events_of_the_effect(released):
    causes = released("rupture_causes")
    counted = causes.groupby(["definition", "arm"])["n_events"].sum()
    seen = released("rupture_risk").set_index(["definition", "arm", "horizon_days"])["n_events"]
    for (definition, arm), n in counted.items():
        assert n == seen.loc[(definition, arm, 365)]


def test_thirteen_themes_by_three_phases_and_every_beneficiary_of_a_pair_has_a_dose(released):
    themes = released("support_themes")
    assert len(themes) == 13 * 3
    assert themes["n_beneficiaries"].le(themes["n_interviews"]).all()
    dose = released("support_dose")
    pairs = released("matched_pairs")
    active = set(pairs.loc[pairs["status"] == "active", "pair_id"])
    assert set(dose["pair_id"]) == active
    assert dose["n_interviews_by_landmark"].le(dose["n_interviews"]).all()
    assert dose["n_themes"].between(0, 13).all()


def test_every_member_of_a_pair_has_one_situation_on_the_date_of_the_question(released):
    situations = released("situation_at_six_months")
    effect = released("durable_employment").set_index("definition").loc["durable"]
    assert situations["n_persons"].sum() == 2 * effect["n"]
    not_due = situations.loc[situations["situation"] == "not_due", "n_persons"].sum()
    assert not_due == 2 * effect["n_not_due"]
    told = situations.groupby("arm")["n_told"].first()
    assert told["beneficiary"] == effect["n_respondents_beneficiary"]
    months = released("employment_by_month")
    first = months[months["month_number"] == 1].set_index(["arm", "month_state"])["share"]
    assert first[("beneficiary", "in_contract")] > 0.9
    calendar = released("employment_calendar")
    assert calendar.groupby("pair_id")["arm"].nunique().eq(2).all()


def test_the_planted_link_of_supported_triads_is_found_again(released):
    index = released("link_index")
    ends = index[index["moment"] == "t2"].groupby("arm")["link_score"].mean()
    # half a step of five is 12.5 points of a hundred
    assert ends["beneficiary"] - ends["control"] > 6
    parties = [f"has_{party}" for party in ("youth", "company", "training")]
    assert index["n_parties"].tolist() == index[parties].sum(axis=1).tolist()
    reliability = released("scale_reliability").set_index(["scale", "party", "moment"])
    assert reliability.loc[("link", "together", "t2"), "n_compared"] > 20


def test_effects_of_the_mechanism_explore_and_add_up(released):
    effects = released("landmark_effects")
    assert set(effects["claim"]) == {"exploratory"}
    points = effects.set_index(["contrast", "level"])["difference_points"]
    parts = points[("link_through", "all")] + points[("link_beside", "all")]
    assert parts == pytest.approx(points[("link_total", "all")])
    by_dose = effects[effects["contrast"] == "by_dose"]
    assert by_dose["n"].sum() == effects.set_index("contrast").loc["all", "n"]
    held = released("risk_factors").dropna(subset="n_at_landmark")
    assert set(held["moment"]) == {"t0"}


def test_one_criterion_of_three_is_enough_and_what_is_not_known_is_named(released):
    table = released("opca_eligibility").set_index("person_id")
    criteria = [name for name in table if name.startswith("criterion_")]
    assert len(criteria) == 3
    is_met = table[criteria].eq("met").any(axis=1)
    assert (table["is_eligible"] == "met").equals(is_met)
    assert set(table["maximum_eur"].dropna()) == {1380.0, 2070.0}
    assert set(table["rest_eur"].dropna()) == {920.0, 230.0}
    is_open = table["is_eligible"] == "evidence_missing"
    assert is_open.any()
    assert table.loc[is_open, "missing_evidence"].notna().all()
    assert table.loc[is_open, "maximum_eur"].isna().all()


def test_nothing_is_claimed_where_nothing_can_be_found_but_by_the_wrong_clock(released):
    placebo = released("placebo").set_index(["placebo", "outcome"])
    assert not placebo["is_alarm"].fillna(False).any()
    aligned, wrong = (placebo.loc[(kind, "rupture")] for kind in ("reassigned", "unaligned"))
    assert abs(aligned["effect_points"]) < 4 * aligned["monte_carlo_se_points"]
    assert wrong["effect_points"] < -4 * wrong["monte_carlo_se_points"]
    assert pd.isna(wrong["is_alarm"])


def test_each_primary_effect_has_a_page_that_says_the_figures_of_its_table(demo, released):
    sheets = released("effect_sheet")
    assert set(sheets["outcome"]) == {"rupture", "durable_employment"}
    own = sheets[sheets["outcome"] == "rupture"]
    effects = released("rupture_paired_effect").set_index(["definition", "horizon_days"])
    effect = effects.loc[("net_180", 274)]
    cells = own.loc[own["section"] == "pairs", "told"].tolist()[-4:]
    names = ("n_both", "n_beneficiary_only", "n_control_only", "n_neither")
    assert cells == [str(effect[name]) for name in names]
    folder = Home(demo[0]).releases / "current" / "tier1"
    for outcome in ("rupture", "durable_employment"):
        page = (folder / f"effect_sheet_{outcome}.html").read_text("utf-8")
        assert all(told in page for told in cells) or outcome != "rupture"
        assert "<svg" in page
        assert str(sheets["protocol_digest"].iloc[0])[:12] in page


def test_early_warnings_are_told_to_the_steward_and_stand_in_no_release(demo, agir, released):
    home = demo[0]
    told = agir("warnings", "--home", home)
    assert told.returncode == 0
    assert "running contracts may break" in told.stdout
    with_keys = agir("warnings", "--home", home, "--keys").stdout
    folder = (Home(home).releases / "current").resolve()
    if "AGIR-" in with_keys:
        [first, *_rest] = [word for word in with_keys.split() if word.startswith("AGIR-")]
        assert first not in told.stdout
        assert not any(first.encode() in file.read_bytes() for file in folder.rglob("*.csv"))
    reasons = b"No interview for 60 days"
    assert not any(reasons in f.read_bytes() for f in folder.rglob("*") if f.is_file())
    assert "early_warnings" not in set(released("data_dictionary")["table"])


def test_variants_of_the_event_are_told_beside_it(released):
    risk = released("rupture_risk").set_index(["definition", "horizon_days", "arm"])["n_events"]
    by_definition = {name: risk.xs(name).sum() for name in risk.index.unique("definition")}
    assert by_definition["gross_after_trial"] <= by_definition["gross"]
    assert by_definition["negative"] <= by_definition["gross"]
    assert by_definition["net_180"] <= by_definition["net_90"] <= by_definition["net_30"]
    told = released("rupture_free_time")["definition"].unique().tolist()
    assert set(told) == {"gross", "net_180"}
