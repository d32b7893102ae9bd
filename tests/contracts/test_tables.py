"""The declared tables of both packaged studies, and the rules between their rows."""

from collections.abc import Callable

import pandas as pd
import pytest

from agir_pipeline.contracts.checking import checked
from agir_pipeline.contracts.covariates import covariate_columns, level_namer
from agir_pipeline.contracts.lineage import matched_origins
from agir_pipeline.contracts.matched import frontier_contract, refuse_later
from agir_pipeline.contracts.model import Column, Labels, TableContract, in_language
from agir_pipeline.contracts.programme import programme_contracts
from agir_pipeline.contracts.programme_lineage import programme_origins
from agir_pipeline.contracts.published import FLOW_REASONS, flow_steps
from agir_pipeline.contracts.tables import table_contract, table_contracts
from agir_pipeline.contracts.words import STATUSES, UNMATCHED_REASONS
from agir_pipeline.errors import CheckError
from agir_pipeline.language import current_language, use_language
from agir_pipeline.methods.dictionary import DICTIONARY_COLUMNS
from agir_pipeline.methods.effects.ascertainment import ASCERTAINMENT_COLUMNS
from agir_pipeline.methods.effects.cause_tables import CAUSE_COLUMNS
from agir_pipeline.methods.effects.event_tables import PAIRED_EFFECT_COLUMNS
from agir_pipeline.methods.effects.free_time_tables import FREE_TIME_COLUMNS
from agir_pipeline.methods.effects.hidden_bias_tables import HIDDEN_BIAS_COLUMNS
from agir_pipeline.methods.effects.incidence_tables import INCIDENCE_COLUMNS
from agir_pipeline.methods.effects.measure_tables import MEASURE_EFFECT_COLUMNS
from agir_pipeline.methods.effects.nonresponse_weights import WEIGHT_COLUMNS
from agir_pipeline.methods.effects.planned_end_tables import PLANNED_END_COLUMNS
from agir_pipeline.methods.effects.precision_tables import (
    EVALUABILITY_COLUMNS,
    PRECISION_COLUMNS,
)
from agir_pipeline.methods.effects.response_rates import RESPONSE_COLUMNS
from agir_pipeline.methods.effects.risk_tables import RISK_COLUMNS
from agir_pipeline.methods.effects.specifications import SPECIFICATION_COLUMNS
from agir_pipeline.methods.effects.status_tables import STATUS_EFFECT_COLUMNS
from agir_pipeline.methods.effects.subgroups import SUBGROUP_COLUMNS
from agir_pipeline.methods.matching import balance, named_alternatives, round_tables
from agir_pipeline.methods.matching.design import is_number
from agir_pipeline.methods.matching.finding_rows import TOLD_COLUMNS
from agir_pipeline.methods.matching.pair_findings import FINDING_COLUMNS
from agir_pipeline.methods.programme.costs import COST_COLUMNS, TOTAL_COLUMNS
from agir_pipeline.methods.programme.enrolment import PROGRESS_COLUMNS
from agir_pipeline.methods.programme.flow import EXITS, FLOW_COLUMNS
from agir_pipeline.methods.programme.governance import GOVERNANCE_COLUMNS
from agir_pipeline.methods.programme.membership import MEMBERSHIP_COLUMNS
from agir_pipeline.methods.programme.pace import PACE_COLUMNS, PROJECTION_COLUMNS
from agir_pipeline.methods.programme.quality import QUALITY_COLUMNS
from agir_pipeline.methods.programme.reach import (
    CONTEXT_COLUMNS,
    FUNNEL_COLUMNS,
    OBSTACLE_COLUMNS,
)
from agir_pipeline.methods.programme.reviews import REVIEW_COLUMNS
from agir_pipeline.methods.programme.sensitivity import SENSITIVITY_COLUMNS
from agir_pipeline.methods.programme.worth import ACCEPTABILITY_COLUMNS, EFFECTIVENESS_COLUMNS
from agir_pipeline.protocol.design import NearFine
from agir_pipeline.protocol.model import Protocol

Draw = Callable[[str], pd.DataFrame]


def both(agir: Protocol, nsw: Protocol) -> list[TableContract]:
    return [c for protocol in (agir, nsw) for c in table_contracts(protocol).values()]


@pytest.fixture
def balanced(nsw: Protocol) -> Protocol:
    """The study with a category that is balanced near-finely."""
    near_fine = NearFine(covariate="is_black", surplus_price="infinite", source="committee")
    matching = nsw.matching.model_copy(update={"near_fine": near_fine})
    return nsw.model_copy(update={"matching": matching})


def test_a_study_that_balances_a_category_has_tables_that_say_so(
    nsw: Protocol, balanced: Protocol, draw: Draw
) -> None:
    plain, contracts = table_contracts(nsw), table_contracts(balanced)
    assert set(contracts) - set(plain) == {"category_prices"}
    told = contracts["category_prices"]
    assert set(told.names) == {*round_tables.CATEGORIES, "round_number"}
    more = set(contracts["certificates"].names) - set(plain["certificates"].names)
    assert more == set(round_tables.SURPLUS)
    own = next(c for c in covariate_columns(balanced) if c.name == "is_black")
    assert in_language(own.description, "en").endswith("are balanced")
    assert matched_origins(balanced)["category_prices"]["category"]
    assert "n_surplus" in frontier_contract(balanced).names
    rows = draw("""
        surplus_before | n_beneficiaries | n_controls | surplus_after
        1              | 2               | 1          | 0
        -1             | 2               | 3          | 1
    """).astype(int)
    assert told.invariants[0].count_broken(rows) == 1


def test_a_study_that_names_alternatives_has_a_table_of_their_weights(nsw: Protocol) -> None:
    assert "alternative_weights" not in table_contracts(nsw)
    matching = nsw.matching.model_copy(update={"alternatives": ("full",)})
    contract = table_contracts(nsw.model_copy(update={"matching": matching}))["alternative_weights"]
    assert tuple(contract.names) == named_alternatives.COLUMNS
    assert set(contract.key) <= set(contract.names)


def test_keys_and_names_are_sound(agir: Protocol, nsw: Protocol) -> None:
    for contract in both(agir, nsw):
        assert len(set(contract.names)) == len(contract.names), contract.name
        assert set(contract.key) <= set(contract.names), contract.name
        assert contract.title


def test_every_column_has_a_label(agir: Protocol, nsw: Protocol) -> None:
    for contract in both(agir, nsw):
        for column in contract.columns:
            assert in_language(column.label, "en"), (contract.name, column.name)


def test_a_name_has_one_type_and_one_unit_in_all_tables(agir: Protocol, nsw: Protocol) -> None:
    for protocol in (agir, nsw):
        covariates = {covariate.name for covariate in protocol.covariates}
        types: dict[str, set[str]] = {}
        for contract in table_contracts(protocol).values():
            for column in contract.columns:
                if column.name not in covariates:
                    types.setdefault(column.name, set()).add(column.type)
        assert {name: kinds for name, kinds in types.items() if len(kinds) > 1} == {}


def test_a_study_has_the_tables_of_its_outcomes(agir: Protocol, nsw: Protocol) -> None:
    assert {"rupture_risk", "rupture_paired_effect", "durable_employment"} <= set(
        table_contracts(agir)
    )
    assert "enrolment_progress" in table_contracts(agir)
    assert "earnings_1978" in table_contracts(nsw)
    assert "enrolment_progress" not in table_contracts(nsw)
    assert "hidden_bias" in table_contracts(nsw)
    assert not {"specification_curve", "subgroups", "response_rates"} & set(table_contracts(nsw))
    with pytest.raises(CheckError, match="rupture_risk is not a declared table"):
        table_contract("rupture_risk", nsw)


@pytest.mark.parametrize(
    ("table", "made"),
    [
        ("rupture_risk", RISK_COLUMNS),
        ("rupture_paired_effect", PAIRED_EFFECT_COLUMNS),
        ("rupture_planned_end", PLANNED_END_COLUMNS),
        ("durable_employment", STATUS_EFFECT_COLUMNS),
        ("precision", PRECISION_COLUMNS),
        ("evaluability", EVALUABILITY_COLUMNS),
        ("rupture_incidence", INCIDENCE_COLUMNS),
        ("rupture_causes", CAUSE_COLUMNS),
        ("rupture_free_time", FREE_TIME_COLUMNS),
        ("hidden_bias", HIDDEN_BIAS_COLUMNS),
        ("specification_curve", SPECIFICATION_COLUMNS),
        ("subgroups", SUBGROUP_COLUMNS),
        ("response_rates", RESPONSE_COLUMNS),
        ("enrolment_pace", PACE_COLUMNS),
        ("enrolment_projection", PROJECTION_COLUMNS),
        ("costs", COST_COLUMNS),
        ("cost_totals", TOTAL_COLUMNS),
        ("cost_effectiveness", EFFECTIVENESS_COLUMNS),
        ("cost_acceptability", ACCEPTABILITY_COLUMNS),
        ("mobilisation_obstacles", OBSTACLE_COLUMNS),
        ("governance", [*GOVERNANCE_COLUMNS, *REVIEW_COLUMNS]),
        ("committee_members", MEMBERSHIP_COLUMNS),
        ("cost_sensitivity", SENSITIVITY_COLUMNS),
        ("mobilisation_funnel", FUNNEL_COLUMNS),
        ("context", CONTEXT_COLUMNS),
        ("participant_flow", FLOW_COLUMNS),
        ("enrolment_progress", PROGRESS_COLUMNS),
        ("data_dictionary", DICTIONARY_COLUMNS),
        ("covariate_balance", balance.COLUMNS),
        ("certificates", [*round_tables.CERTIFICATES, "round_number"]),
        ("matching_prices", [*round_tables.PRICES, "round_number"]),
        ("exclusions", [*round_tables.EXCLUSIONS, "round_number"]),
        ("nonresponse_weights", WEIGHT_COLUMNS),
        ("data_quality", QUALITY_COLUMNS),
        ("pair_findings", [*FINDING_COLUMNS, *TOLD_COLUMNS]),
        ("ascertainment", ASCERTAINMENT_COLUMNS),
        ("unmatched_beneficiaries", [*round_tables.UNMATCHED, "round_number"]),
    ],
)
def test_what_a_method_makes_is_what_is_declared(
    agir: Protocol, table: str, made: list[str]
) -> None:
    assert set(table_contract(table, agir).names) == set(made)


def test_the_pool_and_the_measure_are_as_made(nsw: Protocol) -> None:
    covariates = [covariate.name for covariate in nsw.covariates]
    pool = {*round_tables.POOL, *covariates, "round_number"}
    assert set(table_contract("matching_pool", nsw).names) == pool
    assert table_contract("earnings_1978", nsw).names == list(MEASURE_EFFECT_COLUMNS)


def test_covariates_have_the_type_they_are_matched_in(agir: Protocol, nsw: Protocol) -> None:
    for protocol in (agir, nsw):
        for covariate, column in zip(protocol.covariates, covariate_columns(protocol), strict=True):
            assert (column.type == "number") == is_number(covariate)
            assert column.source_columns, covariate.name


def test_every_released_column_says_more_than_its_label(agir: Protocol, nsw: Protocol) -> None:
    for protocol in (agir, nsw):
        bare = [
            f"{table.name}.{column.name}"
            for table in table_contracts(protocol).values()
            for column in table.columns
            if not in_language(column.description, "en")
        ]
        covariates = {c.name for c in protocol.covariates}
        assert [name for name in bare if name.partition(".")[2] not in covariates] == []


def test_covariates_say_where_they_come_from_and_what_their_levels_mean(agir: Protocol) -> None:
    columns = {column.name: column for column in covariate_columns(agir)}
    assert columns["sex"].source_columns == ("beneficiary_register.sex", "control_pool.sex")
    assert in_language(columns["sex"].codes["F"], "fr") == "Femme"
    assert in_language(columns["sex"].codes["missing"], "en") == "Not known"
    assert "III" not in columns["prepared_level"].codes  # folded into a group
    assert in_language(columns["prepared_level"].codes["III_plus"], "fr") == "III et plus"
    lengths = columns["duration_class"].codes
    assert [in_language(label, "en") for label in lengths.values()] == [
        "under 9.5 months", "9.5 to under 15.5 months", "15.5 months and more", "Not known",
    ]  # fmt: skip
    assert in_language(lengths["[9.5, 15.5)"], "fr") == "de 9,5 à moins de 15,5 mois"
    assert columns["age_years"].codes == {}
    planned = agir.source("contract_register").spell
    assert planned is not None
    assert (
        f"contract_register.{planned.planned_end}"
        in columns["planned_days_remaining"].source_columns
    )


def test_every_level_that_is_matched_on_has_a_name_in_words(agir: Protocol) -> None:
    for covariate, column in zip(agir.covariates, covariate_columns(agir), strict=True):
        if column.type == "text":
            assert {*covariate.groups.values(), "missing"} < set(column.codes), covariate.name


def test_a_line_of_the_balance_is_named_in_the_language_in_force(agir: Protocol) -> None:
    use_language("fr")
    name_of = level_namer(agir)
    assert name_of("zone", "priority") == "Zone de résidence · Quartier prioritaire"
    assert name_of("duration_class", "< 9.5") == "Durée du contrat · moins de 9,5 mois"
    assert name_of("age_years", "value") == "Âge au début du contrat"
    assert name_of("age_years", "value_squared") == "Âge au début du contrat, au carré"
    assert name_of("age_years", "missing").startswith("Âge au début du contrat, ")
    assert name_of("age_years", "21") == "Âge au début du contrat · 21"
    assert name_of("sex", "missing") == "Sexe · Inconnu"
    assert name_of("sex", "X") == "Sexe · X"
    assert name_of("unheard_of", "x") == "unheard_of · x"


def test_a_sensitive_source_makes_a_sensitive_covariate(nsw: Protocol) -> None:
    columns = tuple(
        c.model_copy(update={"sensitivity": "sensitive"}) if c.name == "is_married" else c
        for c in nsw.sources[0].columns
    )
    source = nsw.sources[0].model_copy(update={"columns": columns})
    changed = nsw.model_copy(update={"sources": (source, *nsw.sources[1:])})
    found = {c.name: c.sensitivity for c in covariate_columns(changed)}
    assert found["is_married"] == "sensitive"
    assert found["is_black"] == "none"


def test_a_watched_covariate_is_said_to_be_only_watched(nsw: Protocol) -> None:
    watched = nsw.covariates[0].model_copy(update={"role": "report"})
    first = covariate_columns(nsw.model_copy(update={"covariates": (watched,)}))[0]
    assert first.description == "Not matched on; watched"


def test_the_population_refuses_what_is_known_only_later(nsw: Protocol) -> None:
    late = nsw.covariates[0].model_copy(update={"column": "earnings_1978_usd"})
    changed = nsw.model_copy(update={"covariates": (late, *nsw.covariates[1:])})
    with pytest.raises(CheckError, match="not known by the index date: age_years"):
        table_contract("analysis_population", changed)
    refuse_later((Column("a", "text", "A", is_measured_before_index=True),), "t")


def test_the_population_refuses_a_column_it_does_not_declare(nsw: Protocol, draw: Draw) -> None:
    population = members(nsw, draw)
    contract = table_contract("analysis_population", nsw)
    assert len(checked(population, contract)) == 2
    with pytest.raises(CheckError, match=r"columns that are not declared \(1\)"):
        checked(population.assign(status="active"), contract)


def test_a_pair_without_its_two_members_is_refused(nsw: Protocol, draw: Draw) -> None:
    contract = table_contract("analysis_population", nsw)
    with pytest.raises(CheckError, match=r"pairs without their two members \(1\)"):
        checked(members(nsw, draw).head(1), contract)


def members(nsw: Protocol, draw: Draw) -> pd.DataFrame:
    drawn = draw("""
        pair_id  | arm         | person_id | round_number | band_number
        1-1-0001 | beneficiary | a         | 1            | 0
        1-1-0001 | control     | b         | 1            | 0
    """)
    absent = [n for n in table_contract("analysis_population", nsw).names if n not in drawn]
    texts = {c.name for c in covariate_columns(nsw) if c.type == "text"}
    return drawn.assign(**{n: "x" if n in texts else None for n in absent})


PAIRS = """
    pair_id | beneficiary_person_id | control_person_id | status
    1       | a                     | b                 | active
    2       | c                     | d                 | active
"""


def pairs_of(text: str, draw: Draw, agir: Protocol) -> pd.DataFrame:
    drawn = draw(text).astype({"pair_id": "string"})
    filled: dict[str, object] = {
        "text": "x", "integer": 1, "number": 1.0, "date": pd.Timestamp("2010-12-15"),
        "boolean": True,
    }  # fmt: skip
    columns = table_contract("matched_pairs", agir).columns
    return drawn.assign(**{c.name: filled[c.type] for c in columns if c.name not in drawn})


def test_nobody_is_in_two_pairs(agir: Protocol, draw: Draw) -> None:
    contract = table_contract("matched_pairs", agir)
    assert len(checked(pairs_of(PAIRS, draw, agir), contract)) == 2
    twice = pairs_of(PAIRS.replace("d    ", "a    "), draw, agir)
    with pytest.raises(CheckError, match=r"persons in more than one pair \(1\)"):
        checked(twice, contract)
    twice.loc[0, "status"] = "replaced"
    assert len(checked(twice, contract)) == 2


def test_beneficiaries_of_a_certificate_are_paired_or_left_out(agir: Protocol, draw: Draw) -> None:
    drawn = draw("""
        round_number | band_number | elapsed_days | relaxation_level | stratum | n_beneficiaries
        1            | 0           | 0            | 0                | all     | 3
    """).assign(
        n_candidates=5, n_pairs=2, n_left_out=1, n_tied=0, total_distance=1.0, bound=1.0, gap=0.0
    )
    contract = table_contract("certificates", agir)
    assert len(checked(drawn, contract)) == 1
    with pytest.raises(CheckError, match=r"neither paired nor left out \(1\)"):
        checked(drawn.assign(n_left_out=0), contract)


def test_the_cells_of_an_effect_add_up_to_its_complete_pairs(agir: Protocol) -> None:
    contract = table_contract("rupture_paired_effect", agir)
    row: dict[str, object] = dict.fromkeys(contract.names)
    row |= {c.name: 0 for c in contract.columns if c.type == "integer"}
    row |= {
        "outcome": "rupture", "definition": "gross", "horizon_days": 91, "claim": "secondary",
        "method": "m", "definition_text": "d", "is_evaluable": True,
        "n_complete_pairs": 10, "n_both": 1, "n_beneficiary_only": 2, "n_control_only": 3,
        "n_neither": 4,
    }  # fmt: skip
    told = pd.DataFrame([row, row | {"horizon_days": 183}])
    assert len(checked(told, contract)) == 2
    with pytest.raises(CheckError, match=r"do not add up to the complete pairs \(1\)"):
        checked(told.assign(n_neither=[4, 5]), contract)
    assert len(checked(told.assign(n_neither=[4, None]), contract)) == 2


def test_the_endings_of_a_day_and_the_free_add_up_to_one(agir: Protocol) -> None:
    contract = table_contract("rupture_incidence", agir)
    row = {
        "outcome": "rupture", "definition": "gross", "arm": "control", "time_days": 9,
        "cause": "not_told", "n": 4, "n_at_risk": 4, "n_events": 1, "share_free": 0.5,
        "incidence": 0.25, "standard_error": 0.1,
    }  # fmt: skip
    told = pd.DataFrame([row, row | {"cause": "normal_end"}])
    assert len(checked(told, contract)) == 2
    with pytest.raises(CheckError, match=r"do not add up to one \(1\)"):
        checked(told.assign(share_free=0.6), contract)


def test_each_member_asked_comes_to_one_end(agir: Protocol) -> None:
    contract = table_contract("response_rates", agir)
    row: dict[str, object] = {c.name: 0 if c.type == "integer" else None for c in contract.columns}
    row |= {"wave": "youth_t0", "instrument": "youth_survey_t0", "arm": "control"}
    row |= {"n_expected": 3, "n_due": 2, "n_not_due": 1, "n_answered": 1, "n_silent": 1}
    assert len(checked(pd.DataFrame([row]), contract)) == 1
    for broken in ({"n_silent": 0}, {"n_expected": 4}):
        with pytest.raises(CheckError, match=r"came to no end or to two \(1\)"):
            checked(pd.DataFrame([row | broken]), contract)


def test_whoever_answered_has_a_weight_and_nobody_else(agir: Protocol) -> None:
    contract = table_contract("nonresponse_weights", agir)
    row: dict[str, object] = {
        "wave": "youth_t0", "instrument": "youth_survey_t0", "person_id": "a", "pair_id": "p1",
        "arm": "control", "asked_on": pd.Timestamp("2011-01-01"), "is_respondent": True,
        "event_by_then": None, "n_respondents": 1, "response_chance": 0.5, "weight": 2.0,
        "n_effective": 1.0,
    }  # fmt: skip
    assert len(checked(pd.DataFrame([row]), contract)) == 1
    for broken in ({"weight": None}, {"is_respondent": False}):
        with pytest.raises(CheckError, match=r"answers without a weight \(1\)"):
            checked(pd.DataFrame([row | broken]), contract)


def test_an_event_without_causes_or_days_has_neither_table(agir: Protocol) -> None:
    rupture = agir.outcomes[0].model_copy(update={"causes": None, "free_time_days": None})
    inference = agir.inference.model_copy(update={"subgroups": ()})
    bare = agir.model_copy(
        update={"outcomes": (rupture, agir.outcomes[1]), "inference": inference, "waves": ()}
    )
    found = set(table_contracts(bare))
    assert "rupture_incidence" in found
    assert not {"rupture_causes", "rupture_free_time", "subgroups", "response_rates"} & found


def test_effects_by_eligibility_are_as_sensitive_as_what_it_rests_on(agir: Protocol) -> None:
    def told(protocol: Protocol) -> set[str]:
        columns = table_contracts(protocol)["subgroups"].columns
        return {column.name for column in columns if column.sensitivity == "sensitive"}

    assert told(agir) == {"n", "n_complete_pairs"}
    inference = agir.inference.model_copy(update={"subgroups": ("sex",)})
    assert told(agir.model_copy(update={"inference": inference})) == set()


def test_a_programme_without_its_parts_has_none_of_their_tables(
    agir: Protocol, nsw: Protocol
) -> None:
    parts = {"costs", "cost_totals", "governance", "mobilisation_funnel", "context"}
    assert parts <= set(table_contracts(agir))
    assert not parts & set(table_contracts(nsw))
    measured = nsw.model_copy(update={"costs": agir.costs, "sources": agir.sources})
    assert "cost_effectiveness" not in programme_contracts(measured)
    assert "cost_totals" in programme_contracts(measured)
    costs = agir.costs.model_copy(update={"acceptable": None})  # type: ignore[union-attr]
    outreach = agir.outreach.model_copy(  # type: ignore[union-attr]
        update={"obstacle_column": None, "referral_column": None}
    )
    rules = tuple(rule.model_copy(update={"or_else": None}) for rule in agir.eligibility)
    bare = agir.governance.model_copy(  # type: ignore[union-attr]
        update={"membership": None, "reviews": None}
    )
    plain = agir.model_copy(
        update={"costs": costs, "outreach": outreach, "eligibility": rules, "governance": bare}
    )
    found = programme_contracts(plain)
    assert "governance" in found
    assert "committee_members" in programme_contracts(agir)
    assert "committee_members" not in {*found, *programme_origins(plain, ())}
    assert "is_covered" not in found["governance"].names
    assert "mobilisation_funnel" in found
    assert not {"cost_acceptability", "mobilisation_obstacles"} & set(found)
    grounds = {c.name: c for c in found["territory"].columns}["territorial_basis"].codes
    assert list(grounds) == ["residence", "out_of_scope", "not_told"]


@pytest.mark.parametrize(
    ("n_in", "n_remaining", "is_sound"),
    [([10, 10], [5, 5], True), ([10, 10], [6, 6], False), ([10, 11], [5, 5], False)],
)
def test_a_step_adds_up(
    agir: Protocol, n_in: list[int], n_remaining: list[int], is_sound: bool
) -> None:
    flow = pd.DataFrame(
        {
            "step_order": 6, "step": "matched", "arm": "beneficiary", "n_in": n_in,
            "reason": ["not_at_risk", "priced_out"], "n_out": [2, 3], "n_remaining": n_remaining,
        }
    )  # fmt: skip
    contract = table_contract("participant_flow", agir)
    if is_sound:
        assert len(checked(flow, contract)) == 2
    else:
        with pytest.raises(CheckError, match=r"steps that do not add up \(1\)"):
            checked(flow, contract)


def test_every_reason_and_step_of_the_flow_is_declared(agir: Protocol) -> None:
    assert set(EXITS) | set(UNMATCHED_REASONS) <= set(FLOW_REASONS)
    assert set(EXITS.values()) <= set(flow_steps(agir))
    assert set(STATUSES) - set(FLOW_REASONS) == {"active"}
    assert list(flow_steps(agir))[-2:] == ["rupture_evaluable", "durable_employment_answered"]


def test_released_tables_end_with_the_same_three_columns(agir: Protocol) -> None:
    for contract in table_contracts(agir).values():
        assert contract.as_released().names == [
            *contract.names, "as_of", "protocol_digest", "design_digest",
        ]  # fmt: skip


def test_the_language_in_force_is_left_as_it_was() -> None:
    before = current_language()
    try:
        use_language("fr")
        assert in_language(Labels(en="Age", fr="Âge"), "en") == "Age"
        assert in_language("", "fr") == ""
        in_language("Person", "en")
        assert current_language() == "fr"
    finally:
        use_language(before)


def test_a_study_without_primary_outcomes_has_no_effect_sheet(agir: Protocol) -> None:
    assert "effect_sheet" in table_contracts(agir)
    inference = agir.inference.model_copy(update={"primary_family": ()})
    assert "effect_sheet" not in table_contracts(agir.model_copy(update={"inference": inference}))
