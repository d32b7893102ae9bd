"""Null outcomes, funding and warnings: each way in which they can disagree with the sources."""

from collections.abc import Callable
from typing import Any

import pytest

from agir_pipeline.protocol.consistency import inconsistencies

Edit = Callable[[dict[str, Any]], object]
NULL = "placebo › null_outcome 1 (upper_secondary_before)"
CRITERION = "funding › criterion 3 (prior_referent)"
CONDITION = f"{CRITERION} › way 1 › condition 1"
RULE = "warnings › rule 2 (risk_noted)"


def condition(protocol: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = protocol["funding"]["criterion"][2]["way"][0]["condition"][0]
    return found


def rule(protocol: dict[str, Any], number: int = 1) -> dict[str, Any]:
    found: dict[str, Any] = protocol["warnings"]["rule"][number]
    return found


CASES: dict[str, tuple[Edit, str]] = {
    "a null outcome of no column": (
        lambda p: p["placebo"]["null_outcome"][0].update(column="height"),
        f"{NULL} › column: 'height' is not one of:",
    ),
    "a null outcome that came later": (
        lambda p: p["placebo"]["null_outcome"][0].update(column="support_exit_reason"),
        f"{NULL} › column: 'support_exit_reason' is not known before the index date",
    ),
    "a null outcome of an unknown code": (
        lambda p: p["placebo"]["null_outcome"][0].update(column="sex", codes=["X"]),
        f"{NULL} › codes: 'X' is not one of:",
    ),
    "a null outcome named like an outcome": (
        lambda p: p["placebo"]["null_outcome"][0].update(name="rupture"),
        "placebo › null_outcome 1 (rupture): 'rupture' is declared more than once",
    ),
    "two null outcomes of one name": (
        lambda p: p["placebo"]["null_outcome"][1].update(name="upper_secondary_before"),
        "placebo › null_outcome 2 (upper_secondary_before): 'upper_secondary_before' is declared",
    ),
    "rules counted from no day": (
        lambda p: p["funding"].update(day_column="someday"),
        "funding › day_column: 'someday' is not one of:",
    ),
    "months of no column": (
        lambda p: p["funding"].update(duration_column="weeks"),
        "funding › duration_column: 'weeks' is not one of:",
    ),
    "a table named like another": (
        lambda p: p["funding"].update(name="costs"),
        "funding › name: its table costs would have the name of another",
    ),
    "evidence that is no column": (
        lambda p: p["funding"]["criterion"][2].update(evidence=["letter"]),
        f"{CRITERION} › evidence: 'letter' is not one of:",
    ),
    "a condition on no column": (
        lambda p: condition(p).update(column="luck"),
        f"{CONDITION} › column: 'luck' is not one of:",
    ),
    "a condition that says two things": (
        lambda p: condition(p).update(minimum=1.0),
        f"{CONDITION}: says one thing: codes, is_true, days_before, or its limits",
    ),
    "a condition on a code nobody knows": (
        lambda p: p["funding"]["criterion"][3]["way"][0]["condition"][0].update(
            unknown_codes=["perhaps"]
        ),
        "funding › criterion 4 (no_permanent_job) › way 1 › condition 1 › codes: 'perhaps' is not",
    ),
    "an increase by no criterion": (
        lambda p: p["funding"]["amount"][0].update(increased_by=["charm"]),
        "funding › amount 1 › increased_by: 'charm' is not one of:",
    ),
    "an increase by no column": (
        lambda p: p["funding"]["amount"][0]["increased_when"][0].update(column="charm"),
        "funding › amount 1 › increased_when 1 › column: 'charm' is not one of:",
    ),
    "a warning from no source of persons": (
        lambda p: rule(p).update(origin="cost_ledger"),
        f"{RULE} › origin: 'cost_ledger' is not one of:",
    ),
    "a warning of no day": (
        lambda p: rule(p).update(day_column="when"),
        f"{RULE} › day_column: 'when' is not one of:",
    ),
    "a warning by what identifies": (
        lambda p: rule(p).update(column="case_number"),
        f"{RULE} › column: 'case_number' is not one of:",
    ),
    "a warning of an unknown code": (
        lambda p: rule(p).update(codes=["boredom"]),
        f"{RULE} › codes: 'boredom' is not one of:",
    ),
    "a warning that says nothing": (
        lambda p: rule(p).pop("codes"),
        f"{RULE}: says what a column must say: codes, is_true or minimum",
    ),
    "a silence that speaks": (
        lambda p: rule(p, 0).update(column="risks"),
        "warnings › rule 1 (no_interview): is about silence: it names no column and no value",
    ),
    "a variant that judges": (
        lambda p: p["outcome"][0]["definition"][1].update(is_variant=True),
        "outcome 1 (rupture) › primary_definition: 'net_180' is a variant",
    ),
    "a reason apart that nobody reports": (
        lambda p: p["outcome"][0]["definition"][2].update(apart=["boredom"]),
        "outcome 1 (rupture) › definition 3 (gross_after_trial) › apart: 'boredom' is not one of:",
    ),
    "reasons apart where none are told": (
        lambda p: p["outcome"][0].pop("causes"),
        "outcome 1 (rupture) › definition 3 (gross_after_trial) › apart: needs [outcome.causes]",
    ),
}


@pytest.mark.parametrize("name", sorted(CASES))
def test_a_disagreement_is_told(agir: dict[str, Any], name: str) -> None:
    edit, expected = CASES[name]
    edit(agir)
    found = [f"{mistake.place}: {mistake.message}" for mistake in inconsistencies(agir)]
    assert [text for text in found if text.startswith(expected)], found


def test_a_condition_from_nowhere_is_told_by_the_model_alone(agir: dict[str, Any]) -> None:
    condition(agir).update(origin="answer")
    condition(agir).pop("column")
    assert inconsistencies(agir) == []


def test_a_protocol_without_any_of_them_agrees(agir: dict[str, Any]) -> None:
    for section in ("placebo", "funding", "warnings"):
        agir.pop(section)
    agir["inference"]["subgroups"].remove("opca_eligibility")
    assert inconsistencies(agir) == []
