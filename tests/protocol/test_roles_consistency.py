"""What a rule of the design may rely on: each way to rely on something else, once."""

from collections.abc import Callable
from typing import Any

import pytest

from agir_pipeline.protocol.consistency import inconsistencies

Edit = Callable[[dict[str, Any]], object]
Mistakes = Callable[[dict[str, Any]], list[str]]

REGISTER, POOL, CONTRACTS, SURVEY = (
    "source 1 (beneficiary_register)",
    "source 2 (control_pool)",
    "source 3 (contract_register)",
    "source 5 (youth_survey_tf)",
)
LATER = "is not known before the index date; it can only be an outcome"


def column(protocol: dict[str, Any], source: int, name: str) -> dict[str, Any]:
    written = protocol["source"][source]
    return next(c for c in written["column"] + written.get("derived", []) if c["name"] == name)


def without(protocol: dict[str, Any], source: int, name: str) -> None:
    written = protocol["source"][source]
    for section in ("column", "derived"):
        kept = [c for c in written.get(section, []) if c["name"] != name]
        written[section] = kept


def eligibility(**rule: Any) -> dict[str, Any]:
    labels = {"en": "X", "fr": "X"}
    return {"name": "x", "labels": labels, "origin": "person", "source": "s", **rule}


def told(protocol: dict[str, Any], number: int, **more: Any) -> None:
    """New contracts that a questionnaire tells count in one of the definitions."""
    rule = {"origin": "youth_survey_tf", "codes": {"job_contract_type": ["alternance"]}}
    window = {"window_days": more.pop("window_days")} if "window_days" in more else {}
    protocol["outcome"][0]["definition"][number].update(also_told=[rule | more], **window)


CASES: dict[str, tuple[Edit, str]] = {
    "eligibility by what came later": (
        lambda p: p["eligibility"].append(
            eligibility(column="support_exit_reason", one_of=["moved"])
        ),
        f"eligibility 4 (x) › column: 'support_exit_reason' {LATER}",
    ),
    "another way in by what came later": (
        lambda p: p["eligibility"][2]["or_else"].update(origin="person", column="support_exit_on"),
        f"eligibility 3 (in_territory) › or_else › column: 'support_exit_on' {LATER}",
    ),
    "entry by what came later": (
        lambda p: p["matching"]["index"].update(entry_column="support_exit_on"),
        f"matching › index › entry_column: 'support_exit_on' {LATER}",
    ),
    "earlier support by what came later": (
        lambda p: p["matching"]["index"].update(supported_since_column="support_exit_on"),
        f"matching › index › supported_since_column: 'support_exit_on' {LATER}",
    ),
    "consent by what came later": (
        lambda p: p["matching"]["index"].update(consent_column="support_exit_on"),
        f"matching › index › consent_column: 'support_exit_on' {LATER}",
    ),
    "enrolment by what came later": (
        lambda p: p["enrolment"].update(entry_column="support_exit_on"),
        f"enrolment › entry_column: 'support_exit_on' {LATER}",
    ),
    "a share watched by what came later": (
        lambda p: p["enrolment"].update(watched_column="support_exit_reason"),
        f"enrolment › watched_column: 'support_exit_reason' {LATER}",
    ),
    "an arm by what came later": (
        lambda p: p["source"][0].update(
            arm={"column": "support_exit_reason", "codes": {"moved": "beneficiary"}}
        ),
        f"{REGISTER} › arm › column: 'support_exit_reason' {LATER}",
    ),
    "contracts that start by what came later": (
        lambda p: p["source"][2]["spell"].update(starts="rupture_on"),
        f"{CONTRACTS} › starts: 'rupture_on' {LATER}",
    ),
    "an open end that came later": (
        lambda p: p["source"][2]["spell"]["open_ended"].update(ends="rupture_on"),
        f"{CONTRACTS} › open_ended › ends: 'rupture_on' {LATER}",
    ),
    "a covariate that one list calls later": (
        lambda p: (
            column(p, 1, "sex").update(known_before_index=False)
            or p["eligibility"].append(eligibility(column="sex", one_of=["F"]))
        ),
        f"eligibility 4 (x) › column: 'sex' {LATER}",
    ),
    "entry on no day": (
        lambda p: p["matching"]["index"].update(entry_column="sex"),
        "matching › index › entry_column: 'sex' is not a date",
    ),
    "enrolment on no day": (
        lambda p: p["enrolment"].update(entry_column="zone"),
        "enrolment › entry_column: 'zone' is not a date",
    ),
    "a limit on a code": (
        lambda p: p["eligibility"].append(eligibility(column="sex", minimum=3.0)),
        "eligibility 4 (x) › column: 'sex' is not a number",
    ),
    "codes of a number": (
        lambda p: p["eligibility"].append(
            eligibility(origin="spell", column="age_at_start_years", one_of=["18"])
        ),
        "eligibility 4 (x) › one_of: 'age_at_start_years' has no codes",
    ),
    "one of nothing": (
        lambda p: p["eligibility"].append(eligibility(column="sex", one_of=[])),
        "eligibility 4 (x) › one_of: is empty",
    ),
    "limits the wrong way round": (
        lambda p: p["eligibility"][1].update(minimum=26.0),
        "eligibility 2 (young) › minimum: 26.0 comes after 25.0",
    ),
    "nobody to be compared with": (
        lambda p: p["source"][1].update(arm="reference"),
        "source: no source gives anybody the arm 'control'",
    ),
    "nobody supported": (
        lambda p: p["source"][0].update(arm={"column": "sex", "codes": {}}),
        "source: no source gives anybody the arm 'beneficiary'",
    ),
    "an arm by a column without codes": (
        lambda p: p["source"][0].update(
            arm={"column": "case_number", "codes": {"1": "beneficiary"}}
        ),
        f"{REGISTER} › arm › column: 'case_number' is not a code with its codes",
    ),
    "one column of two types": (
        lambda p: column(p, 1, "entry_level").update(type="text", codes=[]),
        f"{POOL} › column (entry_level) › type: is text here and code in another source",
    ),
    "a derived column of another type": (
        lambda p: (
            without(p, 1, "zone")
            or p["source"][1]["column"].append(
                {**column(p, 1, "beneficiary_since_on"), "name": "zone", "aliases": []}
            )
        ),
        f"{POOL} › column (zone) › type: is date here and code in another source",
    ),
    "a covariate that only one arm is asked": (
        lambda p: without(p, 1, "zone"),
        f"covariate 8 (zone) › column: {POOL} has no column 'zone'",
    ),
    "contracts that no rule links": (
        lambda p: p["identity"].update(same_when=[["case_number"]]),
        f"{CONTRACTS}: no rule of [identity] links its rows to a person source",
    ),
    "nobody is anybody": (
        lambda p: p.pop("identity"),
        f"{SURVEY}: no rule of [identity] links its rows to a person source",
    ),
    "an index date without contracts": (
        lambda p: p["source"][2].update(feeds="answer"),
        "matching › index: counts from contracts: no source feeds spells",
    ),
    "days left at no index date": (
        lambda p: p["matching"].pop("index"),
        "covariate 11 (planned_days_remaining): is counted from the index date: "
        "[matching.index] is missing",
    ),
    "a share of no codes": (
        lambda p: p["enrolment"].pop("watched_codes"),
        "enrolment › watched_codes: is empty",
    ),
    "a share of what has no codes": (
        lambda p: p["enrolment"].update(watched_column="adviser_id"),
        "enrolment › watched_column: 'adviser_id' is not a code with its codes",
    ),
    "a number made of days": (
        lambda p: p["covariate"][5].update(origin="person", column="first_contact_on"),
        "covariate 6 (age_years) › scale: 'first_contact_on' is not a number",
    ),
    "classes of a category": (
        lambda p: p["covariate"][6].update(cut_points=[1.0]),
        "covariate 7 (sex) › cut_points: goes with the scale 'number' alone",
    ),
    "groups of a number": (
        lambda p: p["covariate"][5].update(groups={"18": "young"}),
        "covariate 6 (age_years) › groups: goes with the scale 'category' alone",
    ),
    "a secured path without its window": (
        lambda p: p["outcome"][0]["definition"][1].pop("window_days"),
        "outcome 1 (rupture) › definition 2 (net_180) › window_days: is missing",
    ),
    "a contract told elsewhere without a window": (
        lambda p: told(p, 0, window_days=0),
        "outcome 1 (rupture) › definition 1 (gross) › window_days: is missing",
    ),
    "a contract told elsewhere in a definition that judges": (
        lambda p: told(p, 1),
        "outcome 1 (rupture) › definition 2 (net_180) › also_told: sources that do not see both "
        "arms alike serve a variant only",
    ),
    "a contract told by a register of persons": (
        lambda p: told(p, 2, origin="beneficiary_register"),
        "outcome 1 (rupture) › definition 3 (gross_after_trial) › also_told 1 › origin: "
        "'beneficiary_register' is not one of: ",
    ),
    "a contract told by no answer": (
        lambda p: told(p, 4, codes={"job": ["alternance"]}),
        "outcome 1 (rupture) › definition 5 (net_90) › also_told 1 › column: 'job' is not one of",
    ),
    "a contract told by an answer nobody can give": (
        lambda p: told(p, 4, codes={"job_contract_type": ["apprentice"]}),
        "outcome 1 (rupture) › definition 5 (net_90) › also_told 1 › codes › job_contract_type: "
        "'apprentice' is not one of",
    ),
    "a contract that begins on no day": (
        lambda p: told(p, 4, starts="job_contract_months"),
        "outcome 1 (rupture) › definition 5 (net_90) › also_told 1 › starts: "
        "'job_contract_months' is not a day of the source",
    ),
    "one outcome twice in a family": (
        lambda p: p["inference"]["primary_family"].append("rupture"),
        "inference › primary_family: 'rupture' is declared more than once",
    ),
    "a primary outcome without its horizon": (
        lambda p: p["outcome"][0].pop("primary_horizon_days"),
        "inference › primary_family: outcome 'rupture' has no primary_horizon_days",
    ),
    "one key column twice": (
        lambda p: p["source"][0]["key"].append("case_number"),
        f"{REGISTER} › key: 'case_number' is declared more than once",
    ),
    "an encoding nobody knows": (
        lambda p: p["source"][0].update(encoding="klingon"),
        f"{REGISTER} › encoding: 'klingon' is not an encoding of text",
    ),
    "a sheet and sheets": (
        lambda p: p["source"][1]["provider"][0].update(sheet="A", sheets=["B*"]),
        f"{POOL} › provider 1 (opca_pdl) › sheets: either sheet or sheets",
    ),
    "an encoding of no text": (
        lambda p: p["source"][1]["provider"][0].update(encoding="rot13"),
        f"{POOL} › provider 1 (opca_pdl) › encoding: 'rot13' is not an encoding of text",
    ),
    "a label that is the heading of another column": (
        lambda p: column(p, 0, "adviser_id").update(labels={"en": "Sex", "fr": "Conseiller"}),
        f"{REGISTER} › column: the heading 'Sex' stands for both sex and adviser_id",
    ),
    "a spelling of two codes": (
        lambda p: column(p, 0, "sex")["codes"][1]["aliases"].append("Mme"),
        f"{REGISTER} › column 5 (sex) › codes: 'Mme' stands for both F and M",
    ),
    "codes of a text": (
        lambda p: column(p, 0, "sex").update(type="text"),
        f"{REGISTER} › column 5 (sex) › codes: only a code has codes",
    ),
    "the form of a number": (
        lambda p: column(p, 2, "contract_duration_months").update(pattern="[0-9]+"),
        f"{CONTRACTS} › column 14 (contract_duration_months) › pattern: only an identifier has",
    ),
    "a limit of a text": (
        lambda p: column(p, 0, "last_name").update(minimum=3.0),
        f"{REGISTER} › column 2 (last_name) › minimum: the limits of a date are dates",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_rule_that_relies_on_something_else_is_told(
    case: str, agir: dict[str, Any], mistakes: Mistakes
) -> None:
    edit, expected = CASES[case]
    edit(agir)
    found = mistakes(agir)
    assert any(line.startswith(expected) for line in found), found


def test_a_measure_must_be_asked_of_both_arms(nsw: dict[str, Any], mistakes: Mistakes) -> None:
    without(nsw, 1, "earnings_1978_usd")
    assert mistakes(nsw) == [
        "outcome 1 (earnings_1978) › column: source 2 (survey_comparison) has no column "
        "'earnings_1978_usd'"
    ]


def test_a_list_of_the_reference_arm_need_not_have_the_covariates(
    nsw: dict[str, Any], mistakes: Mistakes
) -> None:
    extra = {**nsw["source"][1], "name": "reference_people", "arm": "reference"}
    extra["column"] = [c for c in extra["column"] if c["name"] != "education_years"]
    nsw["source"].append(extra)
    assert mistakes(nsw) == []


def test_answers_that_make_no_outcome_need_no_rule(
    agir: dict[str, Any], mistakes: Mistakes
) -> None:
    without(agir, 3, "case_number")
    without(agir, 3, "provider_ref")
    assert mistakes(agir) == []


def test_a_true_or_false_column_may_be_a_number(nsw: dict[str, Any], mistakes: Mistakes) -> None:
    nsw["covariate"][2].update(scale="number")
    assert mistakes(nsw) == []


def test_an_unknown_arm_is_left_to_the_model(agir: dict[str, Any], mistakes: Mistakes) -> None:
    agir["source"][1]["arm"] = "witness"
    assert mistakes(agir) == [
        "source 2 (control_pool) › arm: is 'witness', expected beneficiary, control, reference or "
        "a table of keys and values"
    ]


@pytest.mark.parametrize(
    ("place", "value", "expected"),
    [
        (("matching", "caliper_multiple"), float("nan"), "is nan, expected a number"),
        (("matching", "caliper_multiple"), -0.2, "is -0.2, expected more than 0.0"),
        (("matching", "index", "delay_band_days"), 0, "is 0, expected 1 or more"),
        (("matching", "index", "waiting_days"), 10**9, "is 1000000000, expected 36525 or less"),
        (("balance", "max_absolute_smd"), 0.0, "is 0.0, expected more than 0.0"),
    ],
)
def test_a_fact_out_of_its_range_is_told(
    place: tuple[str, ...], value: float, expected: str, agir: dict[str, Any], mistakes: Mistakes
) -> None:
    fact = agir
    for key in place:
        fact = fact[key]
    fact["value"] = value
    assert mistakes(agir) == [f"{' › '.join(place)} › value: {expected}"]


@pytest.mark.parametrize("section", ["covariate", "outcome", "source"])
def test_a_section_may_not_be_an_empty_list(
    section: str, agir: dict[str, Any], mistakes: Mistakes
) -> None:
    agir[section] = []
    assert f"{section}: is empty; say what it is" in mistakes(agir)


def test_what_is_half_written_is_left_to_the_model(agir: dict[str, Any]) -> None:
    """None of these checks may stumble over a key that is not there."""
    for section in ("covariate", "eligibility", "outcome"):
        for item in agir[section]:
            for key in ("name", "column", "origin", "kind"):
                item.pop(key, None)
    for source in agir["source"]:
        for item in (*source["column"], *source.get("derived", [])):
            item.pop("labels")
            item.pop("type", None)
        source.pop("name")
    agir["identity"]["same_when"] = "case_number"
    assert inconsistencies(agir)


def test_a_half_told_contract_is_left_to_the_model(agir: dict[str, Any]) -> None:
    told(agir, 4)
    del agir["outcome"][0]["definition"][4]["also_told"][0]["origin"]
    assert inconsistencies(agir) == []
