"""Ruptures, paths and answers: the planted risks and effects, and the trap of a naive look."""

import numpy as np
import pandas as pd
import pytest

from agir_pipeline.methods.synthetic.answers import final_due_on
from agir_pipeline.methods.synthetic.calibration import Calibration
from agir_pipeline.methods.synthetic.ruptures import (
    Shape,
    calibrated_model,
    draw_fates,
    hazard_shape,
    paths,
    rupture_outcome,
    solve,
)
from agir_pipeline.methods.synthetic.truth import true_effect, true_effects
from agir_pipeline.methods.synthetic.world import World, invent_world
from agir_pipeline.protocol.model import Protocol

YEAR = 365

YOUTH_SURVEYS = ("youth_survey_t0", "youth_survey_t1", "youth_survey_t2", "youth_survey_tf")


def risk(world: World, path: pd.DataFrame, who: pd.Series, column: str, days: int) -> float:
    people = world.people
    index_on = people["contract_start_on"] + pd.to_timedelta(people["edge_days"], unit="D")
    return float(((path[column] - index_on).dt.days <= days)[who].mean())


def test_the_shape_gives_the_published_risks_in_the_published_time(
    calibration: Calibration,
) -> None:
    shape = hazard_shape(calibration)
    risks = 1 - np.exp(-shape.cumulative(np.array([61.0, 274.0, 365.0])))
    # 2 % within two months, 18 % within twelve; in between the 13.5 % of the simulations.
    assert risks == pytest.approx([0.02, 0.135, 0.18], abs=0.002)


def test_the_day_of_a_cumulative_hazard_is_its_inverse() -> None:
    shape = Shape(early=0.001, later=0.003, knee_days=60)
    days = np.array([1.0, 60.0, 61.0, 300.0])
    assert shape.cumulative(days) == pytest.approx([0.001, 0.06, 0.063, 0.78])
    assert shape.day_of(shape.cumulative(days)) == pytest.approx(days)


def test_the_equation_is_solved() -> None:
    assert solve(lambda x: x * x, 2.0) == pytest.approx(np.sqrt(2))


def test_base_risk_and_effect_are_as_planted(large_world: World, calibration: Calibration) -> None:
    supported = large_world.people["role"] == "beneficiary"
    n = int(supported.sum())
    base = risk(large_world, large_world.without, supported, "rupture_on", YEAR)
    with_support = risk(large_world, large_world.with_support, supported, "rupture_on", YEAR)
    error = np.sqrt(0.28 * 0.72 / n)
    assert base == pytest.approx(calibration.rupture.base_risk.value, abs=3 * error)
    planted = calibration.rupture.effect.value
    assert with_support - base == pytest.approx(planted, abs=3 * np.sqrt(0.12 * 0.88 / n))


def test_a_naive_comparison_misses_more_than_a_third_of_the_effect(large_world: World) -> None:
    people = large_world.people
    supported, control = people["role"] == "beneficiary", people["role"] == "control"
    seen = risk(large_world, large_world.lived, supported, "rupture_on", YEAR)
    naive = seen - risk(large_world, large_world.lived, control, "rupture_on", YEAR)
    true = seen - risk(large_world, large_world.without, supported, "rupture_on", YEAR)
    assert true < -0.1
    assert naive > true * 2 / 3


def test_selection_runs_through_columns_the_files_show(
    large_world: World, calibration: Calibration
) -> None:
    shown = {"entry_level", "previous_situation", "zone", "age_years", "sector"}
    assert {factor.column for factor in calibration.rupture.factors} <= shown
    people = large_world.people
    for factor in calibration.rupture.factors:
        has_code = people[factor.column].isin(factor.codes)
        shares = has_code.groupby(people["role"]).mean()
        assert shares["beneficiary"] > shares["control"], factor.column


def test_given_who_they_are_people_of_both_arms_break_alike_without_support(
    large_world: World, calibration: Calibration
) -> None:
    people = large_world.people
    score = sum(
        f.log_hazard.value * people[f.column].isin(f.codes) for f in calibration.rupture.factors
    )
    at_start = people["edge_days"] == 0
    for low, high in ((0.0, 0.4), (0.4, 0.8), (0.8, 1.3)):
        group = at_start & score.between(low, high, inclusive="left")
        arms = [group & (people["role"] == role) for role in ("beneficiary", "control")]
        risks = [risk(large_world, large_world.without, arm, "rupture_on", 274) for arm in arms]
        error = np.sqrt(sum(r * (1 - r) / arm.sum() for r, arm in zip(risks, arms, strict=True)))
        assert abs(risks[0] - risks[1]) < 4 * error + 0.02


def test_support_harms_nobody_and_beneficiaries_are_in_contract_at_their_index_date(
    large_world: World,
) -> None:
    people = large_world.people
    supported = people["role"] == "beneficiary"
    for path in (large_world.with_support, large_world.without):
        broken = path["rupture_on"].notna() & supported
        assert (path["rupture_on"] > people["index_on"])[broken].all()
        inside = path["rupture_on"] < people["planned_end_on"]
        assert inside[path["rupture_on"].notna()].all()
    both = large_world.with_support["rupture_on"].notna()
    assert (
        large_world.without["rupture_on"][both] <= large_world.with_support["rupture_on"][both]
    ).all()


def test_everybody_lives_one_of_the_two_paths(world: World) -> None:
    supported = world.people["role"] == "beneficiary"
    pd.testing.assert_frame_equal(world.lived[supported], world.with_support[supported])
    pd.testing.assert_frame_equal(world.lived[~supported], world.without[~supported])


def test_a_rupture_is_net_unless_a_contract_follows_in_time(
    protocol: Protocol, large_world: World
) -> None:
    window = next(d.window_days for d in rupture_outcome(protocol).definitions if d.window_days)
    for path in (large_world.with_support, large_world.without):
        gap = (path["second_start_on"] - path["rupture_on"]).dt.days
        secured = gap <= window
        assert secured.any()
        assert (gap > window).any()
        expected = path["second_rupture_on"].where(secured, path["rupture_on"])
        pd.testing.assert_series_equal(path["net_on"], expected, check_names=False)
        assert path["second_rupture_on"][secured].notna().any()


def test_support_secures_more_paths(large_world: World) -> None:
    broken = [p[p["rupture_on"].notna()] for p in (large_world.with_support, large_world.without)]
    shares = [(p["net_on"] != p["rupture_on"]).mean() for p in broken]
    assert shares[0] > shares[1] + 0.1


def test_without_effect_both_potential_outcomes_are_the_same(
    protocol: Protocol, calibration: Calibration, world: World
) -> None:
    rule = calibration.rupture
    null = calibration.model_copy(
        update={
            "rupture": rule.model_copy(
                update={
                    "effect": rule.effect.model_copy(update={"value": 0.0}),
                    "renewed_share_with_support": rule.renewed_share_without,
                }
            )
        }
    )
    model = calibrated_model(protocol, null, world.people)
    fates = draw_fates(null, len(world.people), np.random.default_rng(0))
    everybody = np.ones(len(world.people), dtype=bool)
    with_support = paths(model, null, world.people, fates, everybody)
    pd.testing.assert_frame_equal(with_support, paths(model, null, world.people, fates, ~everybody))


def test_employment_is_as_planted(large_world: World, calibration: Calibration) -> None:
    supported = large_world.people["role"] == "beneficiary"
    jobs = large_world.employment[supported]
    error = 3 * np.sqrt(0.25 / len(jobs))
    assert jobs["y0"].mean() == pytest.approx(calibration.employment.base_share.value, abs=error)
    effect = jobs["y1"].astype(float).mean() - jobs["y0"].astype(float).mean()
    assert effect == pytest.approx(calibration.employment.effect.value, abs=0.03)


def test_the_true_effect_of_some_is_the_mean_of_their_differences(
    protocol: Protocol, world: World
) -> None:
    effects = true_effects(
        protocol, world.people, world.with_support, world.without, world.employment, "durable"
    )
    truth = {"effects": effects}
    cases = list(effects["beneficiaries"])
    whole = true_effect(truth, cases, "gross", YEAR)
    assert whole == pytest.approx(effects["att_all_beneficiaries"]["gross_365"])
    supported = world.people["role"] == "beneficiary"
    by_hand = [
        risk(world, path, supported, "rupture_on", YEAR)
        for path in (world.with_support, world.without)
    ]
    assert whole == pytest.approx(by_hand[0] - by_hand[1])
    drawn = {
        "effects": {
            "beneficiaries": {"A": {"durable": [1, 0]}, "B": {"durable": [0, 0]}},
        }
    }
    assert true_effect(drawn, ["A", "B"], "durable", None) == 0.5
    assert true_effect(drawn, ["A"], "durable", None) == 1.0
    with pytest.raises(ValueError, match="at least one"):
        true_effect(drawn, [], "durable", None)


def test_notices_come_about_a_month_late_and_some_much_later(large_world: World) -> None:
    register = large_world.register
    lag = (register["rupture_notified_on"] - register["rupture_on"]).dt.days.dropna()
    assert lag.mean() == pytest.approx(30, abs=2)
    assert 0.1 < (lag > 45).mean() < 0.25
    assert lag.between(1, 120).all()


def test_no_rupture_before_the_first_round_is_news_after_it(
    protocol: Protocol, large_world: World
) -> None:
    people = large_world.people.loc[large_world.register["person"]]
    register = large_world.register.assign(role=people["role"].to_numpy())
    instant = pd.Timestamp(protocol.matching.instants[0])
    limit = instant - pd.Timedelta(45, "D")
    days = (register["rupture_on"] - register["contract_start_on"]).dt.days
    early = register[(register["rupture_on"] <= limit) & (days <= 120)]
    assert len(early) > 50
    assert (early["rupture_notified_on"] <= instant.replace(day=1) - pd.Timedelta(1, "D")).all()


def test_amendments_keep_the_first_row_and_one_comes_just_before_its_new_end(
    large_world: World,
) -> None:
    register = large_world.register.set_index("contract_number")
    first = register[register["amendment_number"] == 0]
    amended = register[register["amendment_number"] == 1]
    assert 0.02 < len(amended) / len(first) < 0.06
    assert (amended["contract_form"] == "amendment").all()
    assert (first["contract_form"] == "initial").all()
    before = first.loc[amended.index, "planned_end_on"]
    shortened = amended[amended["planned_end_on"] < before]
    assert len(shortened) == 1
    left = shortened["planned_end_on"] - shortened["amendment_effective_on"]
    assert left.iloc[0] == pd.Timedelta(3, "D")


def test_there_are_a_sixth_more_contracts_than_people(large_world: World) -> None:
    register = large_world.register
    contracts = register[register["amendment_number"] == 0]
    known = contracts[~contracts["role"].eq("stranger")]
    assert len(known) / known["person"].nunique() == pytest.approx(1.15, abs=0.03)


def test_contracts_of_one_person_never_overlap(large_world: World) -> None:
    register = large_world.register
    contracts = register[register["amendment_number"] == 0].sort_values(
        ["person", "contract_start_on"]
    )
    end = contracts["rupture_on"].fillna(contracts["planned_end_on"])
    same = contracts["person"].eq(contracts["person"].shift())
    assert (contracts["contract_start_on"] > end.shift())[same].all()


def test_answers_come_from_the_planned_share_of_each_arm(
    large_world: World, calibration: Calibration
) -> None:
    people = large_world.people
    arms = {
        "beneficiary": people["role"] == "beneficiary",
        "control": (people["role"] == "control") & people["has_contact_consent"],
    }
    for source in YOUTH_SURVEYS:
        answers, survey = large_world.answers[source], calibration.survey(source)
        share = {arm: who.index[who].isin(answers["person"]).mean() for arm, who in arms.items()}
        assert share["beneficiary"] == pytest.approx(survey.response_supported.value, abs=0.03)
        assert share["control"] == pytest.approx(survey.response_other.value, abs=0.03)


def test_final_answers_come_mostly_inside_the_window(
    protocol: Protocol, large_world: World
) -> None:
    answers = large_world.answers["youth_survey_tf"]
    due = pd.Series(final_due_on(protocol, large_world.people), large_world.people.index)
    delay = (answers["answered_on"] - due.loc[answers["person"]].to_numpy()).dt.days
    assert (delay >= 0).all()
    assert 0.03 < (delay > 60).mean() < 0.1


def test_answers_say_durable_employment_exactly_when_it_is_true(large_world: World) -> None:
    answers = large_world.answers["youth_survey_tf"]
    whole = answers[answers["submitted_at"].notna()]
    lasting = whole["job_contract_type"].isin(["permanent", "self_employed", "civil_service"])
    term = whole["job_contract_type"].isin(["fixed_term", "agency"])
    durable = (whole["activity_status"] == "employed") & (
        lasting | (term & (whole["job_contract_months"] >= 6))
    )
    jobs = large_world.employment
    supported = large_world.people["role"] == "beneficiary"
    true = jobs["y1"].where(supported, jobs["y0"]).loc[whole["person"]]
    assert (durable.to_numpy() == true.to_numpy()).all()


def test_some_answers_are_cut_short_repeated_or_nameless(
    large_world: World, calibration: Calibration
) -> None:
    for source in YOUTH_SURVEYS:
        answers = large_world.answers[source]
        cut = answers["submitted_at"].isna()
        assert 0.02 < cut.mean() < 0.06
        assert answers.loc[cut, answers.columns[len(answers.columns) // 2 - 6]].notna().any()
        tokens = answers["token"]
        named = tokens != ""
        assert (~named).sum() == calibration.answers.nameless.value
        assert 0.02 < tokens[named].duplicated().mean() < 0.06
        assert answers["response_id"].is_unique


def test_the_world_of_a_seed_is_always_the_same(
    protocol: Protocol, calibration: Calibration, world: World
) -> None:
    again = invent_world(protocol, calibration, 1, 1)
    pd.testing.assert_frame_equal(again.register, world.register)
    pd.testing.assert_frame_equal(again.without, world.without)
    assert again.answers.keys() == world.answers.keys()
