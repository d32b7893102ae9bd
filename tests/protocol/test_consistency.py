"""Each way in which two places of a protocol can disagree, once."""

from collections.abc import Callable
from datetime import date
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


def column(protocol: dict[str, Any], source: int, name: str) -> dict[str, Any]:
    return next(c for c in protocol["source"][source]["column"] if c["name"] == name)


def _source(protocol: dict[str, Any], name: str) -> dict[str, Any]:
    return next(s for s in protocol["source"] if s["name"] == name)


CASES: dict[str, tuple[Edit, str]] = {
    "a study that ends before it starts": (
        lambda p: p["study"]["start_on"].update(value=date(2013, 1, 1)),
        "study › start_on: 2013-01-01 comes after 2012-12-31",
    ),
    "a survey pulled for a source of persons": (
        lambda p: p["source"][0].update(pull={"adapter": "limesurvey", "form": "entry"}),
        f"{REGISTER} › pull: a survey is pulled for a source that feeds answers",
    ),
    "a survey whose answers name nobody": (
        lambda p: (
            p["source"][4].update(pull={"adapter": "limesurvey", "form": "exit"}),
            column(p, 4, "token").update(name="passage", aliases=["code"]),
        ),
        f"{SURVEY} › pull: no identifying column is headed token: anonymous answers could be",
    ),
    "a table of the product for a source": (
        lambda p: p["source"][4].update(name="answers"),
        "source 5 (answers) › name: 'answers' is a name the product uses itself",
    ),
    "a time zone nobody keeps": (
        lambda p: p["study"].update(time_zone="Europe/Nantes"),
        "study › time_zone: 'Europe/Nantes' is not a time zone; write one such as Europe/Paris",
    ),
    "a time zone that is a path": (
        lambda p: p["study"].update(time_zone="/etc/passwd"),
        "study › time_zone: '/etc/passwd' is not a time zone",
    ),
    "two sources of one name": (
        lambda p: p["source"][1].update(name="beneficiary_register"),
        "source: 'beneficiary_register' is declared more than once",
    ),
    "two eligibility rules of one name": (
        lambda p: p["eligibility"][1].update(name="work_study_contract"),
        "eligibility: 'work_study_contract' is declared more than once",
    ),
    "a derived column named like a column": (
        lambda p: p["source"][0]["derived"][0].update(name="sex"),
        f"{REGISTER} › column: 'sex' is declared more than once",
    ),
    "two providers of one name": (
        lambda p: p["source"][1]["provider"][1].update(name="opca_pdl"),
        f"{POOL} › provider: 'opca_pdl' is declared more than once",
    ),
    "two definitions of one name": (
        lambda p: p["outcome"][0]["definition"][0].update(name="net_180"),
        "outcome 1 (rupture) › definition: 'net_180' is declared more than once",
    ),
    "a key that is no column": (
        lambda p: p["source"][0].update(key=["case"]),
        f"{REGISTER} › key: 'case' is not one of: adviser_id, birth_name, born_on, case_number,",
    ),
    "a person source without an arm": (
        lambda p: p["source"][0].pop("arm"),
        f"{REGISTER}: feeds persons: say their arm",
    ),
    "contracts with an arm": (
        lambda p: p["source"][2].update(arm="control"),
        f"{CONTRACTS}: only sources that feed persons have an arm",
    ),
    "an arm by a column that does not exist": (
        lambda p: p["source"][0].update(arm={"column": "group", "codes": {"F": "control"}}),
        f"{REGISTER} › arm › column: 'group' is not one of:",
    ),
    "an arm by a code that does not exist": (
        lambda p: p["source"][0].update(arm={"column": "sex", "codes": {"X": "control"}}),
        f"{REGISTER} › arm › codes: 'X' is not one of: F, M",
    ),
    "contracts without their dates": (
        lambda p: p["source"][2].pop("spell"),
        f"{CONTRACTS}: feeds spells: a [source.spell] table must name its columns",
    ),
    "a contract that starts in no column": (
        lambda p: p["source"][2]["spell"].update(starts="begun_on"),
        f"{CONTRACTS} › starts: 'begun_on' is not one of:",
    ),
    "a contract that ends in a code": (
        lambda p: p["source"][2]["spell"].update(ended_early="rupture_reason"),
        f"{CONTRACTS} › ended_early: 'rupture_reason' is not a date",
    ),
    "an open end told by nothing": (
        lambda p: p["source"][2]["spell"]["open_ended"].update(column="nature"),
        f"{CONTRACTS} › open_ended › column: 'nature' is not one of:",
    ),
    "an open end of no such code": (
        lambda p: p["source"][2]["spell"]["open_ended"].update(code="for_ever"),
        f"{CONTRACTS} › open_ended › code: 'for_ever' is not one of:",
    ),
    "an open end that ends in a code": (
        lambda p: p["source"][2]["spell"]["open_ended"].update(ends="contract_nature"),
        f"{CONTRACTS} › open_ended › ends: 'contract_nature' is not a date",
    ),
    "amendments outside the key": (
        lambda p: p["source"][2].update(key=["opca", "contract_number"]),
        f"{CONTRACTS} › amendment_number: 'amendment_number' must be part of the key",
    ),
    "answers without a day": (
        lambda p: p["source"][4].pop("answered_at"),
        f"{SURVEY}: feeds answers: answered_at must name the day of submission",
    ),
    "answers on a day that is no column": (
        lambda p: p["source"][4].update(answered_at="sent_at"),
        f"{SURVEY} › answered_at: 'sent_at' is not one of:",
    ),
    "a source nobody delivers": (
        lambda p: p["source"][0].update(provider=[]),
        f"{REGISTER}: has no provider; say who delivers it",
    ),
    "one heading for two columns": (
        lambda p: column(p, 0, "opca").update(aliases=["Sexe "]),
        f"{REGISTER} › column: the heading 'Sexe ' stands for both sex and opca",
    ),
    "one person by a column that does not exist": (
        lambda p: p["source"][0].update(same_person=["surname"]),
        f"{REGISTER} › same_person: 'surname' is not one of:",
    ),
    "a law on a column that does not exist": (
        lambda p: p["source"][2]["law"][0].update(column="weeks"),
        f"{CONTRACTS} › law 1 (length) › column: 'weeks' is not one of:",
    ),
    "a law on a text": (
        lambda p: p["source"][2]["law"][0].update(column="scheme"),
        f"{CONTRACTS} › law 1 (length): 'scheme' is not a number",
    ),
    "a law by a text": (
        lambda p: p["source"][2]["law"][0].update(day="scheme"),
        f"{CONTRACTS} › law 1 (length): 'scheme' is not a date",
    ),
    "a law that ends before it begins": (
        lambda p: p["source"][2]["law"][0].update(valid_from=date(2020, 1, 1)),
        f"{CONTRACTS} › law 1 (length) › valid_from: 2020-01-01 comes after 2018-12-31",
    ),
    "a correction in a source of persons": (
        lambda p: p["source"][0].update(corrects=_source(p, "corrections")["corrects"]),
        f"{REGISTER} › corrects: only sources of decisions decide something",
    ),
    "a role of a column that does not exist": (
        lambda p: _source(p, "layout_holds")["maps"].update(author="who"),
        "source 19 (layout_holds) › maps › author: 'who' is not one of:",
    ),
    "late by a column that does not exist": (
        lambda p: p["source"][0].update(back_dated={"column": "held_on", "after_days": 9}),
        f"{REGISTER} › back_dated: 'held_on' is not one of:",
    ),
    "late by a text": (
        lambda p: p["source"][0].update(back_dated={"column": "last_name", "after_days": 9}),
        f"{REGISTER} › back_dated: 'last_name' is not a date",
    ),
    "an order of a column that does not exist": (
        lambda p: p["source"][0]["in_order"][0].update(first="contacted_on"),
        f"{REGISTER} › in_order: 'contacted_on' is not one of:",
    ),
    "an order of a text": (
        lambda p: p["source"][0]["in_order"][0].update(then="last_name"),
        f"{REGISTER} › in_order: 'last_name' is not a date",
    ),
    "an agreement of a column that does not exist": (
        lambda p: p["source"][0]["agreements"][0].update(columns=["town", "postcode"]),
        f"{REGISTER} › agreements › columns: 'town' is not one of:",
    ),
    "an agreement of one column": (
        lambda p: p["source"][0]["agreements"][0].update(columns=["postcode"]),
        f"{REGISTER} › agreements 1 › columns: names two columns: the one that decides, then",
    ),
    "a code without codes": (
        lambda p: column(p, 0, "sex").pop("codes"),
        f"{REGISTER} › column 5 (sex): is a code without codes; list them with their labels",
    ),
    "a code listed twice": (
        lambda p: column(p, 0, "sex")["codes"].append(column(p, 0, "sex")["codes"][0]),
        f"{REGISTER} › column 5 (sex) › codes: 'F' is declared more than once",
    ),
    "a broken pattern": (
        lambda p: column(p, 0, "case_number").update(pattern="AGIR-["),
        f"{REGISTER} › column 1 (case_number) › pattern: is not a pattern: unterminated",
    ),
    "a text that lies after a day": (
        lambda p: column(p, 0, "case_number").update(not_after="received"),
        f"{REGISTER} › column 1 (case_number) › not_after: only a date or an instant comes after",
    ),
    "limits the wrong way round": (
        lambda p: column(p, 0, "born_on").update(minimum=date(2006, 1, 1)),
        f"{REGISTER} › column 4 (born_on) › minimum: 2006-01-01 comes after 2005-12-31",
    ),
    "a number that limits a date": (
        lambda p: column(p, 0, "born_on").update(minimum=1960),
        f"{REGISTER} › column 4 (born_on) › minimum: the limits of a date are dates",
    ),
    "a date that limits a number": (
        lambda p: column(p, 2, "contract_duration_months").update(maximum=date(2012, 1, 1)),
        f"{CONTRACTS} › column 14 (contract_duration_months) › maximum: the limits of a date are",
    ),
    "a heading used until before it was": (
        lambda p: column(p, 0, "sex").update(
            aliases=[{"heading": "S", "since": date(2011, 1, 1), "until": date(2010, 1, 1)}]
        ),
        f"{REGISTER} › column 5 (sex) › aliases 1 › since: 2011-01-01 comes after 2010-01-01",
    ),
    "a derived column from nothing": (
        lambda p: p["source"][2]["derived"][0].update(inputs=["birthday", "contract_start_on"]),
        f"{CONTRACTS} › derived 1 (age_at_start_years) › inputs: 'birthday' is not one of:",
    ),
    "an age from a name": (
        lambda p: p["source"][2]["derived"][0].update(inputs=["last_name", "contract_start_on"]),
        f"{CONTRACTS} › derived 1 (age_at_start_years) › inputs: 'last_name' is not a date",
    ),
    "an age from one date": (
        lambda p: p["source"][2]["derived"][0].update(inputs=["born_on"]),
        f"{CONTRACTS} › derived 1 (age_at_start_years) › inputs: names two dates: from, then to",
    ),
    "a lookup without a table": (
        lambda p: p["source"][0]["derived"][0].pop("table"),
        f"{REGISTER} › derived 1 (zone): a lookup needs a table",
    ),
    "a lookup without codes": (
        lambda p: p["source"][0]["derived"][0].pop("codes"),
        f"{REGISTER} › derived 1 (zone): is a code without codes",
    ),
    "a lookup that falls back on no code": (
        lambda p: p["source"][0]["derived"][0].update(otherwise="abroad"),
        f"{REGISTER} › derived 1 (zone) › otherwise: 'abroad' is not one of: other_44,",
    ),
    "the same by a column nobody has": (
        lambda p: p["identity"]["same_when"].append(["nir"]),
        "identity › same_when 5: 'nir' is not one of:",
    ),
    "the same by nothing": (
        lambda p: p["identity"]["same_when"].append([]),
        "identity › same_when 5: names no column",
    ),
    "a compared column that no source has": (
        lambda p: p["identity"]["linkage"]["columns"].update(place=["region"]),
        "identity › linkage › columns › place: 'region' is not one of:",
    ),
    "a review that begins above what is linked at once": (
        lambda p: p["identity"]["linkage"]["review_from"].update(value=0.995),
        "identity › linkage › review_from: lies above automatic_from",
    ),
    "decisions in a source that is none": (
        lambda p: p["identity"].update(decisions="control_pool"),
        "identity › decisions: 'control_pool' is not one of: consent_withdrawals, corrections,",
    ),
    "decisions without the fingerprint of a record": (
        lambda p: p["source"][15]["column"].pop(7),
        "identity › decisions: identity_decisions has no column 'fingerprint_a'",
    ),
    "eligible by a column that is not there": (
        lambda p: p["eligibility"][1].update(column="age"),
        "eligibility 2 (young) › column: 'age' is not one of:",
    ),
    "eligible by an identifying column": (
        lambda p: p["eligibility"][1].update(origin="person", column="born_on"),
        "eligibility 2 (young) › column: 'born_on' is not one of:",
    ),
    "eligible by a code that is not there": (
        lambda p: p["eligibility"][0].update(one_of=["contrat pro"]),
        "eligibility 1 (work_study_contract) › one_of: 'contrat pro' is not one of:",
    ),
    "eligible by no limit": (
        lambda p: p["eligibility"][0].pop("one_of"),
        "eligibility 1 (work_study_contract): says no limit; give minimum, maximum or one_of",
    ),
    "another way in by a column that is not there": (
        lambda p: p["eligibility"][2]["or_else"].update(column="place"),
        "eligibility 3 (in_territory) › or_else › column: 'place' is not one of:",
    ),
    "another way in by a code that is not there": (
        lambda p: p["eligibility"][2]["or_else"].update(one_of=["firm"]),
        "eligibility 3 (in_territory) › or_else › one_of: 'firm' is not one of:",
    ),
    "a covariate that is not there": (
        lambda p: p["covariate"][6].update(column="gender"),
        "covariate 7 (sex) › column: 'gender' is not one of:",
    ),
    "a covariate computed by nobody": (
        lambda p: p["covariate"][10].update(column="days_left"),
        "covariate 11 (planned_days_remaining) › column: 'days_left' is not one of: "
        "planned_days_remaining",
    ),
    "matching on an outcome": (
        lambda p: p["covariate"][4].update(origin="spell", column="rupture_reason"),
        "covariate 5 (territorial_basis) › column: 'rupture_reason' is not known before the index "
        "date; it can only be an outcome",
    ),
    "codes taken for numbers": (
        lambda p: p["covariate"][6].update(scale="number"),
        "covariate 7 (sex) › scale: 'sex' has codes, not numbers",
    ),
    "a label of no group": (
        lambda p: p["covariate"][0]["group_labels"].update(IV_plus={"en": "x", "fr": "x"}),
        "covariate 1 (prepared_level) › group_labels: 'IV_plus' is not one of: III_plus",
    ),
    "a group of a code that is not there": (
        lambda p: p["covariate"][0]["groups"].update(VII="III_plus"),
        "covariate 1 (prepared_level) › groups: 'VII' is not one of:",
    ),
    "cut points that fall": (
        lambda p: p["covariate"][2].update(cut_points=[15.5, 9.5]),
        "covariate 3 (duration_class) › cut_points: must increase",
    ),
    "rounds that go back": (
        lambda p: p["matching"]["instants"].reverse(),
        "matching › instants: must increase",
    ),
    "alternatives to pairs of risk sets": (
        lambda p: p["matching"].update(alternatives=["full"]),
        "matching › alternatives: are for a study without [matching.index]",
    ),
    "alternatives without a measure": (
        lambda p: p["matching"].update(alternatives=["full"]),
        "matching › alternatives: are estimated for outcomes of kind 'measure' only; there is none",
    ),
    "an alternative named twice": (
        lambda p: p["matching"].update(alternatives=["full", "full"]),
        "matching › alternatives: 'full' is declared more than once",
    ),
    "an entry that is no column": (
        lambda p: p["matching"]["index"].update(entry_column="entry_on"),
        "matching › index › entry_column: 'entry_on' is not one of:",
    ),
    "one bound of a ratio": (
        lambda p: p["balance"]["variance_ratio_range"].update(value=[2.0]),
        "balance › variance_ratio_range: names two numbers that increase",
    ),
    "bounds of a ratio that fall": (
        lambda p: p["balance"]["variance_ratio_range"].update(value=[2.0, 0.5]),
        "balance › variance_ratio_range: names two numbers that increase",
    ),
    "an event of no source": (
        lambda p: p["outcome"][0].update(origin="youth_survey_tf"),
        "outcome 1 (rupture) › origin: 'youth_survey_tf' is not one of: contract_register",
    ),
    "a primary definition that is not there": (
        lambda p: p["outcome"][0].update(primary_definition="net"),
        "outcome 1 (rupture) › primary_definition: 'net' is not one of: gross, gross_after_trial",
    ),
    "an event counted from nowhere": (
        lambda p: p["matching"].pop("index"),
        "outcome 1 (rupture): is counted from the index date: [matching.index] is missing",
    ),
    "an event counted in a way nobody wrote": (
        lambda p: p["outcome"][0]["definition"][0].update(method="net_net"),
        "outcome 1 (rupture) › definition 1 (gross) › method: 'net_net' is not one of: first_net,",
    ),
    "horizons that fall": (
        lambda p: p["outcome"][0]["horizons_days"].update(value=[274, 91]),
        "outcome 1 (rupture) › horizons_days: must be days from 1 on that increase",
    ),
    "no horizon": (
        lambda p: p["outcome"][0]["horizons_days"].update(value=[]),
        "outcome 1 (rupture) › horizons_days: must be days from 1 on that increase",
    ),
    "a primary horizon that is not one": (
        lambda p: p["outcome"][0].update(primary_horizon_days=270),
        "outcome 1 (rupture) › primary_horizon_days: '270' is not one of: 91, 183, 274, 365",
    ),
    "half a window": (
        lambda p: p["outcome"][1]["window_days"].update(value=[30]),
        "outcome 2 (durable_employment) › window_days: names two numbers: days before, days after",
    ),
    "a status that is never true": (
        lambda p: p["outcome"][1]["definition"][0].update(true_when=[]),
        "outcome 2 (durable_employment) › definition 1 (durable) › true_when: holds no rule",
    ),
    "a status known by no answer": (
        lambda p: p["outcome"][1]["definition"][0].update(known_when="status"),
        "outcome 2 (durable_employment) › definition 1 (durable) › column: 'status' is not one of:",
    ),
    "a status by an answer nobody can give": (
        lambda p: p["outcome"][1]["definition"][0]["true_when"][0]["codes"].update(
            activity_status=["working"]
        ),
        "outcome 2 (durable_employment) › definition 1 (durable) › codes › activity_status: "
        "'working' is not one of: employed,",
    ),
    "a status by a question nobody asked": (
        lambda p: p["outcome"][1]["definition"][0]["true_when"][1]["minimum"].update(hours=6.0),
        "outcome 2 (durable_employment) › definition 1 (durable) › column: 'hours' is not one of:",
    ),
    "a family with a stranger": (
        lambda p: p["inference"]["primary_family"].append("wages"),
        "inference › primary_family: 'wages' is not one of: durable_employment, rupture",
    ),
    "a family member without a primary definition": (
        lambda p: p["outcome"][0].pop("primary_definition"),
        "inference › primary_family: outcome 'rupture' has no primary_definition",
    ),
    "progress by a column that is not there": (
        lambda p: p["enrolment"].update(entry_column="entry_on"),
        "enrolment › entry_column: 'entry_on' is not one of:",
    ),
    "a watched code that is not there": (
        lambda p: p["enrolment"].update(watched_codes=["VII"]),
        "enrolment › watched_codes: 'VII' is not one of:",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_disagreement_is_told_at_its_place(
    case: str, agir: dict[str, Any], mistakes: Mistakes
) -> None:
    edit, expected = CASES[case]
    edit(agir)
    found = mistakes(agir)
    assert any(line.startswith(expected) for line in found), found


def _near_fine(covariate: Any, price: Any = "infinite") -> dict[str, Any]:
    return {"covariate": covariate, "surplus_price": price, "source": "committee"}


NSW_CASES: dict[str, tuple[Edit, str]] = {
    "a measure of no column": (
        lambda p: p["outcome"][0].update(column="wages"),
        "outcome 1 (earnings_1978) › column: 'wages' is not one of:",
    ),
    "a measure from before": (
        lambda p: p["outcome"][0].update(column="earnings_1974_usd"),
        "outcome 1 (earnings_1978) › column: 'earnings_1974_usd' is known before the index date; "
        "nothing could change it",
    ),
    "a measure of a code": (
        lambda p: p["outcome"][0].update(column="is_treated"),
        "outcome 1 (earnings_1978) › column: 'is_treated' is not a number",
    ),
    "a balance of no covariate": (
        lambda p: p["matching"].update(near_fine=_near_fine("town")),
        "matching › near_fine › covariate: 'town' is not one of: age_years, earnings_1974_usd",
    ),
    "a balance of a number": (
        lambda p: p["matching"].update(near_fine=_near_fine("age_years")),
        "matching › near_fine › covariate: 'age_years' is a number; only a category has shares",
    ),
    "a balance of two covariates": (
        lambda p: p["matching"].update(near_fine=_near_fine(["is_black", "is_married"])),
        "matching › near_fine › covariate: names one covariate; more than one cannot be balanced",
    ),
    "a balance of what is equal": (
        lambda p: (
            p["covariate"][2].update(role="exact"),
            p["matching"].update(near_fine=_near_fine("is_black")),
        ),
        "matching › near_fine › covariate: 'is_black' is equal within every pair already",
    ),
    "a balance beside sets": (
        lambda p: p["matching"].update(near_fine=_near_fine("is_black"), alternatives=["full"]),
        "matching › near_fine: is for pairs; take 'full' out of alternatives: its sets have no",
    ),
    "a balance for nothing": (
        lambda p: p["matching"].update(near_fine=_near_fine("is_black", 0)),
        "matching › near_fine › surplus_price:",
    ),
    "a benchmark of nothing": (
        lambda p: p["benchmark"][0].update(outcome="wages"),
        "benchmark 1 (wages) › outcome: 'wages' is not one of: earnings_1978",
    ),
}


@pytest.mark.parametrize("case", NSW_CASES)
def test_a_disagreement_about_measures_is_told(
    case: str, nsw: dict[str, Any], mistakes: Mistakes
) -> None:
    edit, expected = NSW_CASES[case]
    edit(nsw)
    found = mistakes(nsw)
    assert any(line.startswith(expected) for line in found), found


def test_a_heading_may_pass_to_another_column_on_a_day(
    agir: dict[str, Any], mistakes: Mistakes
) -> None:
    column(agir, 0, "opca")["aliases"] = [{"heading": "Sexe", "since": date(2012, 1, 1)}]
    column(agir, 0, "sex")["aliases"] = [{"heading": "Sexe", "until": date(2011, 12, 31)}]
    assert mistakes(agir) == []


def test_a_study_of_measures_may_name_alternatives(nsw: dict[str, Any], mistakes: Mistakes) -> None:
    nsw["matching"]["alternatives"] = ["propensity_pairs", "overlap_weights"]
    assert mistakes(nsw) == []


@pytest.mark.parametrize("price", ["infinite", 0.5])
def test_one_category_may_be_balanced_near_finely(
    price: Any, nsw: dict[str, Any], mistakes: Mistakes
) -> None:
    nsw["matching"]["near_fine"] = _near_fine("is_black", price)
    nsw["matching"]["alternatives"] = ["propensity_pairs"]
    assert mistakes(nsw) == []


def test_a_measure_or_definition_half_written_is_left_to_the_model(
    agir: dict[str, Any], nsw: dict[str, Any]
) -> None:
    del nsw["outcome"][0]["column"]
    assert inconsistencies(nsw) == []
    agir["outcome"][1]["definition"][0]["true_when"][0]["codes"]["activity_status"] = "employed"
    del agir["outcome"][1]["origin"]
    del agir["outcome"][0]["horizons_days"]
    assert inconsistencies(agir) == []


def test_a_column_with_no_limit_on_one_side_holds(agir: dict[str, Any], mistakes: Mistakes) -> None:
    column(agir, 0, "born_on").pop("maximum")
    assert mistakes(agir) == []
