"""The sheet of an effect says the figures of the tables, and nothing it may not claim."""

import pandas as pd
import pytest

from agir_pipeline.language import use_language
from agir_pipeline.methods.effects.effect_sheet import SHEET_COLUMNS, SheetGround, effect_sheet
from agir_pipeline.methods.effects.event_tables import PAIRED_EFFECT_COLUMNS
from agir_pipeline.methods.effects.hidden_bias_tables import HIDDEN_BIAS_COLUMNS
from agir_pipeline.methods.effects.measure_tables import MEASURE_EFFECT_COLUMNS
from agir_pipeline.methods.effects.paired import PairedTable
from agir_pipeline.methods.effects.precision_tables import EVALUABILITY_COLUMNS
from agir_pipeline.methods.effects.status_tables import STATUS_EFFECT_COLUMNS
from agir_pipeline.protocol.design import NearFine
from agir_pipeline.protocol.loading import load_protocol, packaged_protocols

EVENT = {
    "outcome": "leaving", "definition": "net", "horizon_days": 90, "n": 23, "n_complete_pairs": 20,
    "n_missing_pairs": 1, "n_void_pairs": 2, "is_evaluable": True, "risk_beneficiary": 0.15,
    "risk_control": 0.3, "risk_difference_points": -15.0, "ci_low_points": -35.04,
    "ci_high_points": 7.0, "p_value": 0.2, "p_value_holm": 0.4, "bonett_price_low_points": -34.0,
    "bonett_price_high_points": 8.0, "newcombe_low_points": -33.0, "newcombe_high_points": None,
    "minimum_detectable_points": 21.5, "minimum_detectable_holm_points": None,
    "claim": "primary", "method": "by hand", "definition_text": "left for good",
}  # fmt: skip
STATUS = {
    "outcome": "working", "definition": "lasting", "n": 23, "n_due": 20, "n_complete_pairs": 9,
    "is_evaluable": True, "share_beneficiary": 0.6, "share_control": 0.5,
    "difference_points": 10.0, "ci_low_points": 2.0, "ci_high_points": 18.0, "p_value": 0.01,
    "p_value_holm": None, "lee_low_points": -3.0, "lee_high_points": 22.0,
    "worst_case_low_points": -40.0, "worst_case_high_points": 55.0,
    "n_respondents_beneficiary": 15, "n_respondents_control": 12, "claim": "primary",
    "minimum_detectable_points": 30.0, "minimum_detectable_holm_points": 33.0,
    "method": "by hand", "definition_text": "at work",
}  # fmt: skip
BIAS = {"outcome": "leaving", "definition": "net", "horizon_days": 90, "gamma": 1.0,
        "gamma_star": None, "e_value": 3.41, "e_value_limit": 1.0}  # fmt: skip
EVALUABLE = {"outcome": "leaving", "definition": "net", "horizon_days": 90, "n_pairs": 23,
             "n_evaluable_pairs": 20, "n_never_evaluable_pairs": 1,
             "all_evaluable_on": pd.Timestamp(2011, 5, 20), "mde_points": 20.1,
             "mde_holm_points": 21.4}  # fmt: skip


def table(columns, *rows):
    frame = pd.DataFrame(rows, columns=list(columns))
    return frame.astype({"horizon_days": "Int64"} if "horizon_days" in columns else {})


def ground(effect, columns=PAIRED_EFFECT_COLUMNS, bias=(BIAS,), evaluable=(EVALUABLE,), **other):
    told = {
        "cells": PairedTable(1, 2, 5, 12),
        "n_entered": 30,
        "n_linked": {"beneficiary": (30, 30), "control": (1999, 2000)},
    }
    return SheetGround(
        table(columns, *effect),
        table(EVALUABILITY_COLUMNS, *evaluable),
        table(HIDDEN_BIAS_COLUMNS, *bias),
        **(told | other),
    )


@pytest.fixture(scope="module")
def protocol():
    return load_protocol(packaged_protocols()["agir"])


def lines(sheet):
    return {(row["section"], row["item"]): row["told"] for row in sheet.to_dict("records")}


def test_an_event_says_its_figures_with_their_sign_and_their_bounds(leaving, protocol):
    other = EVENT | {"horizon_days": 30, "risk_difference_points": 99.0}
    sheet = effect_sheet(leaving, protocol, ground([other, EVENT]))
    assert list(sheet.columns) == list(SHEET_COLUMNS)
    assert sheet["position"].tolist() == list(range(1, len(sheet) + 1))
    said = lines(sheet)
    assert said["effect", "Difference, beneficiaries minus controls"] == "−15.0 points"
    assert said["effect", "Interval"] == "−35.0 to +7.0 points"
    assert said["effect", "Complete pairs, Newcombe"] == "−33.0 to – points"
    assert (said["effect", "Beneficiaries"], said["effect", "Controls"]) == ("15.0%", "30.0%")
    cells = ["a: both members", "b: the beneficiary only", "c: the control only", "d: neither"]
    assert [said["pairs", cell] for cell in cells] == ["1", "2", "5", "12"]
    assert said["effect", "McNemar, mid-p, complete pairs"] == "0.2891"
    assert said["effect", "p-value after Holm, over the primary outcomes"] == "0.4000"
    small = "Smallest effect that could be found, "
    assert said["precision", f"{small}tested alone"] == "21.5 points"
    assert said["precision", f"{small}under Holm"].startswith("none:")
    assert said["effect", "Reading"].startswith("Inconclusive")
    assert said["hidden_bias", "Γ*, Rosenbaum"].startswith("none:")
    assert said["hidden_bias", "E-value of the risk ratio, complete pairs"] == "3.41"
    assert said["evaluability", "Pairs evaluable today"] == "20 of 23"
    assert said["evaluability", "Pairs never evaluable"] == "1"
    assert said["evaluability", "All evaluable with data drawn on"] == "2011-05-20"
    assert said["ascertainment", "Contract found, controls"] == "1,999 of 2,000"
    assert "23 of 30" in said["estimand", "In one sentence"]
    assert "left for good" in said["estimand", "In one sentence"]
    assert said["trial", "Follow-up"].startswith("90 days")


def test_a_category_balanced_near_finely_is_named(leaving, protocol):
    assert ("trial", "Near-fine balance") not in lines(
        effect_sheet(leaving, protocol, ground([EVENT]))
    )
    near_fine = NearFine(covariate="zone", surplus_price=0.5, source="committee")
    matching = protocol.matching.model_copy(update={"near_fine": near_fine})
    balanced = protocol.model_copy(update={"matching": matching})
    said = lines(effect_sheet(leaving, balanced, ground([EVENT])))
    assert said["trial", "Near-fine balance"].endswith("as far as pairs allow: Zone of residence")


def test_the_mid_p_of_the_sheet_is_the_exact_enumeration_of_seven_coins():
    # b = 2, c = 5: twice P(Bin(7, ½) ≤ 2) less P(= 2) = (2·29 − 21)/128
    assert round((2 * 29 - 21) / 128, 4) == 0.2891


def test_an_interim_release_describes_and_shows_no_test(leaving, protocol):
    interim = EVENT | {"claim": "interim, descriptive, no test"}
    said = lines(effect_sheet(leaving, protocol, ground([interim])))
    assert said["effect", "What may be claimed"] == "Interim: described, not tested"
    told = " ".join(item for _section, item in said)
    assert "p-value" not in told
    assert "McNemar" not in told
    assert ("hidden_bias", "Γ*, Rosenbaum") not in said
    assert said["effect", "Interval"] == "−35.0 to +7.0 points"


def test_what_is_not_evaluable_says_so_and_when_it_will_be(leaving, protocol):
    nothing = EVENT | {"is_evaluable": False, "risk_difference_points": None}
    early = EVALUABLE | {"n_evaluable_pairs": 0, "mde_points": None, "n_never_evaluable_pairs": 0}
    facts = ground([nothing], bias=(), evaluable=(early,), cells=None, n_linked={})
    said = lines(effect_sheet(leaving, protocol, facts))
    assert said["effect", "Estimate"] == "not evaluable"
    assert said["hidden_bias", "Bounds"] == "not evaluable"
    assert said["evaluability", "All evaluable with data drawn on"] == "2011-05-20"
    assert ("evaluability", "Smallest effect then, tested alone") not in said
    assert not any(section in ("precision", "ascertainment") for section, _item in said)


def test_a_status_shows_its_bounds_and_who_answered(working, protocol):
    facts = ground(
        [STATUS], STATUS_EFFECT_COLUMNS, bias=(), evaluable=(), cells=PairedTable(0, 0, 0, 0)
    )
    said = lines(effect_sheet(working, protocol, facts))
    assert said["effect", "Lee bounds"] == "−3.0 to +22.0 points"
    assert said["effect", "Worst and best case"] == "−40.0 to +55.0 points"
    assert said["ascertainment", "Answered, controls"] == "12 of 20"
    assert said["effect", "p-value after Holm, over the primary outcomes"] == "–"
    assert ("effect", "Reading") not in said  # the interval holds no zero
    assert ("effect", "McNemar, mid-p, complete pairs") not in said  # no complete pair
    assert said["trial", "Follow-up"].startswith("to 6 months")


def test_a_measure_speaks_in_its_own_unit(earnings):
    nsw = load_protocol(packaged_protocols()["nsw"])
    row = {
        "outcome": "earnings", "definition": "matched_pairs", "n": 185, "n_complete_pairs": 185,
        "is_evaluable": True, "mean_beneficiary": 6349.1, "mean_control": 4554.8,
        "difference": 1794.34, "ci_low": None, "ci_high": 3100.0, "p_value": 0.01,
        "p_value_holm": 0.01, "minimum_detectable": 1900.0, "minimum_detectable_holm": 1900.0,
        "unit": "USD", "claim": "secondary", "method": "m", "definition_text": "d",
    }  # fmt: skip
    bias = {"outcome": "earnings", "definition": "matched_pairs", "gamma": 1.0, "gamma_star": 1.3}
    facts = ground([row], MEASURE_EFFECT_COLUMNS, (bias,), (), cells=None, n_linked={})
    said = lines(effect_sheet(earnings, nsw, facts))
    assert said["effect", "Difference, beneficiaries minus controls"] == "+1,794.3 USD"
    assert said["effect", "Beneficiaries"] == "6,349.1 USD"
    assert said["effect", "Interval"] == "– to +3,100.0 USD"
    assert said["hidden_bias", "Γ*, Rosenbaum"] == "1.3"
    assert said["precision", "Smallest effect that could be found, tested alone"] == "1,900.0 USD"
    assert said["trial", "Who"] == "everybody in the sources of persons"
    assert ("trial", "Time zero") not in said
    assert "from the day of matching" in said["estimand", "In one sentence"]
    assert said["trial", "Follow-up"] == "to the day the measure was taken"


def test_no_difference_has_no_sign_and_an_unknown_one_is_a_dash(leaving, protocol):
    for value, text in ((0.04, "0.0 points"), (None, "–")):
        row = EVENT | {"risk_difference_points": value}
        said = lines(effect_sheet(leaving, protocol, ground([row])))
        assert said["effect", "Difference, beneficiaries minus controls"] == text


def test_what_a_table_does_not_know_is_not_on_the_sheet(leaving, protocol):
    row = EVENT | {"risk_control": None}
    undated = EVALUABLE | {"all_evaluable_on": None}
    said = lines(effect_sheet(leaving, protocol, ground([row], evaluable=(undated,))))
    assert ("effect", "Beneficiaries") in said
    assert ("effect", "Controls") not in said
    assert ("evaluability", "All evaluable with data drawn on") not in said


def test_an_outcome_without_a_row_has_no_sheet(leaving, protocol):
    assert effect_sheet(leaving, protocol, ground([])).empty


def test_what_is_estimated_may_be_named_in_one_language(leaving, protocol):
    matching = protocol.matching.model_copy(update={"estimand": "the effect on the supported"})
    plain = protocol.model_copy(update={"matching": matching})
    said = lines(effect_sheet(leaving, plain, ground([EVENT])))
    assert said["trial", "Estimand"] == "the effect on the supported"


def test_a_french_reader_reads_french_numbers_and_days(leaving, protocol):
    use_language("fr")
    sheet = effect_sheet(leaving, protocol, ground([EVENT]))
    said = sheet["told"].tolist()
    assert "15,0\N{NO-BREAK SPACE}%" in said
    assert any(told.startswith("ATT\N{NO-BREAK SPACE}: effet moyen") for told in said)
    assert "20/05/2011" in said


def test_what_could_be_found_stands_before_what_was(leaving, protocol):
    sections = effect_sheet(leaving, protocol, ground([EVENT]))["section"].drop_duplicates()
    order = ["pairs", "precision", "effect", "hidden_bias"]
    assert [section for section in sections if section in order] == order


def test_what_a_question_can_find_is_told_for_the_case_that_all_answer(working, protocol):
    told = EVALUABLE | {"outcome": working.name, "definition": working.primary_definition}
    facts = ground([STATUS], STATUS_EFFECT_COLUMNS, bias=(), evaluable=(told,))
    said = lines(effect_sheet(working, protocol, facts))
    assert ("evaluability", "Smallest effect if all who are due answer, tested alone") in said
    assert ("evaluability", "Smallest effect then, tested alone") not in said
