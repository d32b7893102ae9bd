"""Employment and mechanism: each way in which they can disagree with sources and waves."""

from collections.abc import Callable
from typing import Any

import pytest

from agir_pipeline.protocol.consistency import inconsistencies

Edit = Callable[[dict[str, Any]], object]


def employment(protocol: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = protocol["employment"]
    return found


def mechanism(protocol: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = protocol["mechanism"]
    return found


CASES: dict[str, tuple[Edit, str]] = {
    "the situation of no status": (
        lambda p: employment(p).update(outcome="rupture"),
        "employment › outcome: 'rupture' is not one of: durable_employment",
    ),
    "a wave nobody is asked": (
        lambda p: employment(p).update(wave="youth_t9"),
        "employment › wave: 'youth_t9' is not one of:",
    ),
    "a register of no contracts": (
        lambda p: employment(p).update(register_origin="support_log"),
        "employment › register_origin: 'support_log' is not one of: contract_register",
    ),
    "a kind of contract no column tells": (
        lambda p: employment(p).update(lasting_column="kind"),
        "employment › lasting_column: 'kind' is not one of:",
    ),
    "a kind of contract no code tells": (
        lambda p: employment(p).update(lasting_codes=["eternal"]),
        "employment › lasting_codes: 'eternal' is not one of: fixed_term, permanent",
    ),
    "a month nobody tells": (
        lambda p: employment(p).update(month_columns=["month_9_status"]),
        "employment › month_columns: 'month_9_status' is not one of:",
    ),
    "a job begun on a day nobody tells": (
        lambda p: employment(p).update(job_start_column="hired_on"),
        "employment › job_start_column: 'hired_on' is not one of:",
    ),
    "a length that is no number": (
        lambda p: employment(p)["profile"].update(months_column="contract_nature"),
        "employment › profile › months_column: 'contract_nature' is not one of:",
    ),
    "a trait without codes or classes": (
        lambda p: employment(p)["profile"]["trait"][3].pop("cut_points"),
        "employment › profile › trait 4 › column: 'n_employees' is not one of:",
    ),
    "classes of a trait out of order": (
        lambda p: employment(p)["profile"]["trait"][3].update(cut_points=[50.0, 10.0]),
        "employment › profile › trait 4 › cut_points: must increase",
    ),
    "a situation told by no column": (
        lambda p: employment(p)["situation"][0].update(true_when=[{"above": {"pay": 1.0}}]),
        "employment › situation 1 (permanent) › column: 'pay' is not one of:",
    ),
    "a situation told by no code": (
        lambda p: employment(p)["situation"][0].update(
            true_when=[{"codes": {"activity_status": ["asleep"]}}]
        ),
        "employment › situation 1 (permanent) › codes › activity_status: 'asleep' is not one of:",
    ),
    "two situations of one name": (
        lambda p: employment(p)["situation"][1].update(name="permanent"),
        "employment › situation: 'permanent' is declared more than once",
    ),
    "a qualification told in no wave": (
        lambda p: employment(p).update(qualification_waves=["diploma"]),
        "employment › qualification_waves: 'diploma' is not one of:",
    ),
    "a landmark of no event": (
        lambda p: mechanism(p).update(outcome="durable_employment"),
        "mechanism › outcome: 'durable_employment' is not one of: rupture",
    ),
    "a start that is no moment": (
        lambda p: mechanism(p).update(start_moment="birth"),
        "mechanism › start_moment: 'birth' is not one of: t0, t1, t2",
    ),
    "answers of nobody": (
        lambda p: mechanism(p)["asked"][0].update(party="family"),
        "mechanism › asked 1 › party: 'family' is not one of: company, training, youth",
    ),
    "answers of no wave": (
        lambda p: mechanism(p)["asked"][0].update(wave="w"),
        "mechanism › asked 1 › wave: 'w' is not one of:",
    ),
    "a risk told by no column": (
        lambda p: mechanism(p)["risk"][0].update(rule={"minimum": {"debts": 1.0}}),
        "mechanism › risk 1 (money) › column: 'debts' is not one of:",
    ),
    "a scale of an item nobody is asked": (
        lambda p: mechanism(p)["scale"][1]["dimension"][0].update(columns=["posture_9"]),
        "mechanism › scale 2 (posture) › dimension 1 (posture) › columns: 'posture_9' is not one",
    ),
    "an item without limits": (
        lambda p: mechanism(p)["scale"][1]["dimension"][0].update(columns=["job_pcs"]),
        "mechanism › scale 2 (posture) › dimension 1 (posture): 'job_pcs' has no limits: minimum",
    ),
    "a dimension of no item": (
        lambda p: mechanism(p)["scale"][1]["dimension"][0].update(columns=[]),
        "mechanism › scale 2 (posture) › dimension 1 (posture): is empty; say what it is",
    ),
    "a link of no scale": (
        lambda p: mechanism(p)["link"].update(scale="bond"),
        "mechanism › link › scale: 'bond' is not one of:",
    ),
    "a link told in a wave that is not read": (
        lambda p: mechanism(p)["link"].update(wave="youth_tf"),
        "mechanism › link › wave: 'youth_tf' is not one of:",
    ),
    "classes in no order": (
        lambda p: mechanism(p)["link"]["class"][1].update(from_score=80.0),
        "mechanism › link › class › from_score: must increase",
    ),
    "support that is no log": (
        lambda p: mechanism(p)["support"].update(origin="youth_survey_t0"),
        "mechanism › support › origin: 'youth_survey_t0' is not one of: support_log",
    ),
    "a log without such a column": (
        lambda p: mechanism(p)["support"].update(minutes_column="hours"),
        "mechanism › support › minutes_column: 'hours' is not one of:",
    ),
    "a theme no code tells": (
        lambda p: mechanism(p)["support"].update(watched_theme="T99"),
        "mechanism › support › watched_theme: 'T99' is not one of:",
    ),
    "a joint contact with nobody": (
        lambda p: mechanism(p)["support"].update(joint_when=["mayor"]),
        "mechanism › support › joint_when: 'mayor' is not one of:",
    ),
    "a primary date that hangs on the ending": (
        lambda p: p["outcome"][1]["definition"][0].update(counted_from="actual_end"),
        "outcome 2 (durable_employment) › primary_definition: a date that hangs on the end",
    ),
    "a primary definition of another day": (
        lambda p: p["outcome"][1]["definition"][0].update(
            asked=p["outcome"][1]["definition"][6]["asked"]
        ),
        "outcome 2 (durable_employment) › definition 1 (durable) › asked: the primary definition",
    ),
    "a first definition of another day, none being the primary": (
        lambda p: (
            p["outcome"][1].pop("primary_definition"),
            p["outcome"][1]["definition"].insert(0, p["outcome"][1]["definition"].pop(6)),
        ),
        "outcome 2 (durable_employment) › definition 1 (durable_at_planned_end) › asked: the",
    ),
    "a day that no wave is asked for": (
        lambda p: p["outcome"][1]["definition"][6]["asked"].update(origin="contract_register"),
        "outcome 2 (durable_employment) › definition 7 (durable_at_planned_end) › asked › origin: "
        "'contract_register' is not one of: ",
    ),
    "a wave that does not ask for the situation": (
        lambda p: p["outcome"][1]["definition"][6]["asked"].update(origin="youth_survey_t0"),
        "outcome 2 (durable_employment) › definition 7 (durable_at_planned_end) › column: "
        "'activity_status' is not one of: ",
    ),
    "no waves to read": (
        lambda p: p.update(wave=[]),
        "mechanism: needs waves of answers and an outcome of kind 'event'",
    ),
    "an actual end without an event": (
        lambda p: p["outcome"].pop(0),
        "outcome 1 (durable_employment) › definition 6 (durable_after_actual_end) › counted_from: ",
    ),
}


@pytest.mark.parametrize(("edit", "expected"), CASES.values(), ids=CASES)
def test_a_disagreement_is_found_and_named(edit: Edit, expected: str, agir: dict[str, Any]) -> None:
    edit(agir)
    said = [f"{one.place}: {one.message}" for one in inconsistencies(agir)]
    assert any(sentence.startswith(expected) for sentence in said), said


def test_a_study_without_them_has_nothing_to_disagree(agir: dict[str, Any]) -> None:
    del agir["employment"], agir["mechanism"]
    assert inconsistencies(agir) == []
    agir["mechanism"] = {"outcome": "rupture"}
    agir["employment"] = {"register_origin": 3, "lasting_column": 4}
    assert all("not one of" not in mistake.message for mistake in inconsistencies(agir))
