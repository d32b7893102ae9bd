"""What is told beside effects: each way in which it can disagree with sources and covariates."""

from collections.abc import Callable
from typing import Any

import pytest

from agir_pipeline.protocol.consistency import inconsistencies

Edit = Callable[[dict[str, Any]], object]
CAUSES, WAVE = "outcome 1 (rupture) › causes", "wave 1 (youth_t0)"


def causes(protocol: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = protocol["outcome"][0]["causes"]
    return found


CASES: dict[str, tuple[Edit, str]] = {
    "a reason that is no column": (
        lambda p: causes(p).update(reason_column="why"),
        f"{CAUSES} › reason_column: 'why' is not one of:",
    ),
    "an initiative that is no column": (
        lambda p: causes(p).update(initiative_column="whose"),
        f"{CAUSES} › initiative_column: 'whose' is not one of:",
    ),
    "a class of an unknown code": (
        lambda p: causes(p)["class"][0].update(codes=["boredom"]),
        f"{CAUSES} › class › codes: 'boredom' is not one of:",
    ),
    "a code in two classes": (
        lambda p: causes(p)["class"][0].update(codes=["resignation", "mutual"]),
        f"{CAUSES} › class › codes: 'mutual' is declared more than once",
    ),
    "a wave of no questionnaire": (
        lambda p: p["wave"][0].update(origin="contract_register"),
        f"{WAVE} › origin: 'contract_register' is not one of:",
    ),
    "a whole answer told by no column": (
        lambda p: p["wave"][0].update(complete_when={"pages": 4.0}),
        f"{WAVE} › complete_when: 'pages' is not one of:",
    ),
    "a contact that is no column of persons": (
        lambda p: p["wave"][0].update(contact_column="may_call"),
        f"{WAVE} › contact_column: 'may_call' is not one of:",
    ),
    "a loss that is no column of persons": (
        lambda p: p["wave"][0]["lost"].update(column="vanished"),
        f"{WAVE} › lost › column: 'vanished' is not one of:",
    ),
    "a loss that is no code": (
        lambda p: p["wave"][0]["lost"].update(codes=["vanished"]),
        f"{WAVE} › lost › codes: 'vanished' is not one of:",
    ),
    "a loss on a day nobody tells": (
        lambda p: p["wave"][0]["lost"].update(day_column="vanished_on"),
        f"{WAVE} › lost › day_column: 'vanished_on' is not one of:",
    ),
    "a window of one side": (
        lambda p: p["wave"][0]["window_days"].update(value=[30]),
        f"{WAVE} › window_days: names two numbers: days before, days after",
    ),
    "two waves of one name": (
        lambda p: p["wave"][1].update(name="youth_t0"),
        "wave: 'youth_t0' is declared more than once",
    ),
    "help told by a number of answers": (
        lambda p: p["inference"].update(helped_column="autonomy_score"),
        "inference › helped_column: 'autonomy_score' is not one of:",
    ),
    "a territory by no rule": (
        lambda p: p["territory"].update(eligibility="young"),
        "territory › eligibility: 'young' is not one of: in_territory, work_study_contract",
    ),
    "a territory of no zone": (
        lambda p: p["territory"].update(zone_column="born_on"),
        "territory › zone_column: 'born_on' is not one of:",
    ),
    "an obstacle that is no code": (
        lambda p: p["outreach"].update(obstacle_column="contacted_on"),
        "outreach › obstacle_column: 'contacted_on' is not one of:",
    ),
    "a referral told by nobody": (
        lambda p: p["outreach"].update(referral_column="sent_by"),
        "outreach › referral_column: 'sent_by' is not one of:",
    ),
    "a referral of an unknown code": (
        lambda p: p["outreach"]["referred_by"].update(radio="media"),
        "outreach › referred_by › code: 'radio' is not one of:",
    ),
    "a referral to an unknown kind": (
        lambda p: p["outreach"]["referred_by"].update(company="firm"),
        "outreach › referred_by › type: 'firm' is not one of:",
    ),
    "organisations present that are no code": (
        lambda p: p["governance"]["membership"].update(present_column="cases_reviewed"),
        "governance › membership › present_column: 'cases_reviewed' is not one of:",
    ),
    "reviews of no committee": (
        lambda p: p["governance"]["reviews"].update(committee="board"),
        "governance › reviews › committee: 'board' is not one of: follow_up, orientation",
    ),
    "reviews of persons on no list": (
        lambda p: p["governance"]["reviews"].update(persons_origin="contract_register"),
        "governance › reviews › persons_origin: 'contract_register' is not one of:",
    ),
    "support that ends with a reason, on no day": (
        lambda p: p["governance"]["reviews"].update(left_column="support_exit_reason"),
        "governance › reviews › left_column: 'support_exit_reason' is not one of:",
    ),
    "subgroups by a number": (
        lambda p: p["inference"].update(subgroups=["age_years"]),
        "inference › subgroups: 'age_years' is not one of:",
    ),
}


@pytest.mark.parametrize("name", sorted(CASES))
def test_a_disagreement_is_told(agir: dict[str, Any], name: str) -> None:
    edit, expected = CASES[name]
    edit(agir)
    found = [f"{mistake.place}: {mistake.message}" for mistake in inconsistencies(agir)]
    assert [text for text in found if text.startswith(expected)], found


def test_the_packaged_protocol_agrees(agir: dict[str, Any]) -> None:
    assert inconsistencies(agir) == []


def test_an_outcome_of_an_unknown_origin_is_told_once(agir: dict[str, Any]) -> None:
    agir["outcome"][0]["origin"] = "nowhere"
    told = [mistake.place for mistake in inconsistencies(agir)]
    assert told == ["outcome 1 (rupture) › origin"]
