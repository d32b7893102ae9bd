"""Tables of step ``outcomes``: effects with their intervals, what they can find, and when."""

from collections.abc import Mapping

import pandas as pd

from agir_pipeline.contracts.beside import CLAIMS, ORIGINS, beside_contracts
from agir_pipeline.contracts.model import Column, Invariant, TableContract, Text
from agir_pipeline.contracts.once import once_per_protocol
from agir_pipeline.contracts.words import (
    ALTERNATIVES,
    PERSONS,
    coded,
    count,
    day,
    flag,
    number,
    points,
    share,
    spelled,
    text,
    vocabulary,
)
from agir_pipeline.language import mark
from agir_pipeline.protocol.model import EventOutcome, Outcome, Protocol, StatusOutcome

MEASURE_ROWS: Mapping[str, Text] = {
    "matched_pairs": mark("Within matched pairs"),
    "benchmark": mark("Known answer of a randomised comparison"),
    **ALTERNATIVES,
}
ASKED_FROM = {name: ORIGINS[name] for name in ("planned_end", "actual_end")}
RISK_LIMITS: Mapping[tuple[str, str], Text] = {
    ("beneficiary", "low"): mark("Risk of beneficiaries, lower limit"),
    ("beneficiary", "high"): mark("Risk of beneficiaries, upper limit"),
    ("control", "low"): mark("Risk of controls, lower limit"),
    ("control", "high"): mark("Risk of controls, upper limit"),
}

EFFECTS = {
    **PERSONS,
    **vocabulary(
        text("outcome", mark("Outcome"), mark("As named in the protocol")),
        text("definition", mark("Definition"),
             mark("Variant of the outcome, as named in the protocol")),
        count("horizon_days", mark("Horizon"), mark("Counted from the index date"), unit="days"),
        count("n", mark("Pairs"), mark("Pairs that count, evaluable or not")),
        count("n_at_risk", mark("At risk"),
              mark("Still followed without any ending at the start of the horizon's day")),
        count("n_events", mark("Events"), mark("Seen by the horizon")),
        count("n_not_evaluable", mark("Not evaluable"), mark("The horizon comes after the cut")),
        count("n_complete_pairs", mark("Complete pairs"), mark("Both members known")),
        count("n_pairs_not_evaluable", mark("Pairs not evaluable"),
              mark("The horizon of a member comes after the cut")),
        count("n_missing_pairs", mark("Pairs with a member unknown"),
              mark("Not in the source of the definition: missing, not without event")),
        count("n_void_pairs", mark("Void pairs"), mark("Left out: not at risk on the index day")),
        share("link_rate_beneficiary", mark("Link rate of beneficiaries"),
              mark("Members whose contract is in the source of the definition")),
        share("link_rate_control", mark("Link rate of controls"),
              mark("Members whose contract is in the source of the definition")),
        coded("counted_from", mark("Counted from"), ASKED_FROM,
              description=mark("Where the months to the date of the question begin")),
        count("months_after", mark("Months after"),
              mark("From there to the date of the question; 0: on the day itself"),
              unit="months"),
        count("n_due", mark("Pairs due"), mark("The date of the question and its window passed")),
        count("n_not_due", mark("Pairs not yet due"),
              mark("The question or its window lies after the data or the study")),
        count("n_respondents_beneficiary", mark("Beneficiaries who answered"),
              mark("Among the pairs due, inside the window")),
        count("n_respondents_control", mark("Controls who answered"),
              mark("Among the pairs due, inside the window")),
        count("n_both", mark("Event in both"), mark("Complete pairs")),
        count("n_beneficiary_only", mark("Event in the beneficiary only"), mark("Complete pairs")),
        count("n_control_only", mark("Event in the control only"), mark("Complete pairs")),
        count("n_neither", mark("Event in neither"), mark("Complete pairs")),
        count("n_pairs", mark("Pairs"), mark("Pairs that count, evaluable or not")),
        count("n_evaluable_pairs", mark("Pairs evaluable today"), mark("Complete, or due")),
        flag("is_evaluable", mark("Evaluable"), mark("Decided by the calendar alone")),
        share("risk", mark("Risk"), mark("Aalen–Johansen; empty where nothing is evaluable")),
        share("ci_low", mark("Lower limit"),
              mark("Of the risk, at the protocol's confidence level")),
        share("ci_high", mark("Upper limit"),
              mark("Of the risk, at the protocol's confidence level")),
        share("risk_beneficiary", mark("Risk of beneficiaries"),
              mark("By the horizon, over all pairs that count")),
        share("risk_control", mark("Risk of controls"),
              mark("By the horizon, over all pairs that count")),
        *(share(f"risk_{arm}_{end}", label, mark("Log-log, of the arm by itself"))
          for (arm, end), label in RISK_LIMITS.items()),
        share("share_beneficiary", mark("Share of beneficiaries"),
              mark("Weighted for those who did not answer")),
        share("share_control", mark("Share of controls"),
              mark("Weighted for those who did not answer")),
        points("risk_difference_points", mark("Risk difference"),
               mark("Beneficiaries minus controls")),
        points("difference_points", mark("Difference"), mark("Beneficiaries minus controls")),
        points("standard_error_points", mark("Standard error"), mark("Of the difference")),
        points("ci_low_points", mark("Lower limit"), mark("Of the difference")),
        points("ci_high_points", mark("Upper limit"), mark("Of the difference")),
        share("p_value", mark("p-value"), mark("Two-sided; empty in interim releases")),
        share("p_value_holm", mark("p-value after Holm"), mark("Primary outcomes together")),
        share("p_value_bh", mark("p-value after Benjamini–Hochberg"),
              mark("All secondary effects together; empty for the primary ones")),
        points("complete_pairs_difference_points", mark("Difference in complete pairs"),
               mark("Beneficiaries minus controls, unweighted")),
        points("bonett_price_low_points", mark("Bonett–Price, lower limit"),
               mark("Of the difference in complete pairs")),
        points("bonett_price_high_points", mark("Bonett–Price, upper limit"),
               mark("Of the difference in complete pairs")),
        points("newcombe_low_points", mark("Newcombe, lower limit"),
               mark("Of the difference in complete pairs")),
        points("newcombe_high_points", mark("Newcombe, upper limit"),
               mark("Of the difference in complete pairs")),
        share("mcnemar_midp", mark("McNemar, mid-p"),
              mark("Two-sided p-value of the discordant pairs")),
        number("risk_ratio", mark("Risk ratio"), mark("Beneficiaries over controls"), minimum=0),
        number("risk_ratio_low", mark("Risk ratio, lower limit"),
               mark("Complete pairs, on the log scale"), minimum=0),
        number("risk_ratio_high", mark("Risk ratio, upper limit"),
               mark("Complete pairs, on the log scale"), minimum=0),
        number("odds_ratio", mark("Conditional odds ratio"),
               mark("Pairs with the event in the beneficiary only over those in the control "
                    "only"), minimum=0),
        number("odds_ratio_low", mark("Odds ratio, lower limit"),
               mark("Exact, given the discordant pairs"), minimum=0),
        number("odds_ratio_high", mark("Odds ratio, upper limit"),
               mark("Exact, given the discordant pairs"), minimum=0),
        number("n_effective_beneficiary", mark("Effective number of beneficiaries"),
               mark("Kish: what the weights leave of the number who answered"), minimum=0),
        number("n_effective_control", mark("Effective number of controls"),
               mark("Kish: what the weights leave of the number who answered"), minimum=0),
        points("unweighted_difference_points", mark("Difference without weights"),
               mark("Means of all who answered")),
        points("lee_low_points", mark("Lee bound, lower"), mark("If support changes who answers")),
        points("lee_high_points", mark("Lee bound, upper"), mark("If support changes who answers")),
        points("lee_ci_low_points", mark("Lee bounds, lower limit"),
               mark("Confidence limit of the lower bound")),
        points("lee_ci_high_points", mark("Lee bounds, upper limit"),
               mark("Confidence limit of the upper bound")),
        points("worst_case_low_points", mark("Worst case, lower"),
               mark("All the silent against the beneficiaries")),
        points("worst_case_high_points", mark("Worst case, upper"),
               mark("All the silent in favour of the beneficiaries")),
        points("minimum_detectable_points", mark("Smallest effect that could be found"),
               mark("With the protocol's power; empty where none could be found, and for "
                    "variants")),
        points("minimum_detectable_holm_points", mark("Smallest effect, under Holm"),
               mark("When all primary outcomes are tested together")),
        number("mean_beneficiary", mark("Mean of beneficiaries"),
               mark("In a benchmark: supported arm")),
        number("mean_control", mark("Mean of controls"), mark("In a benchmark: reference arm")),
        number("difference", mark("Difference"), mark("Beneficiaries minus controls")),
        number("standard_error", mark("Standard error"), mark("Of the difference"), minimum=0),
        number("minimum_detectable", mark("Smallest effect that could be found"),
               mark("With the protocol's power; empty where none could be found")),
        number("minimum_detectable_holm", mark("Smallest effect, under Holm"),
               mark("When all primary outcomes are tested together")),
        number("published", mark("Published answer"),
               mark("Of the randomised comparison, where the protocol gives one")),
        number("baseline", mark("Level of the controls"), mark("A share, or a mean")),
        number("half_width", mark("Half-width of the interval"),
               mark("Half the distance between its limits"), minimum=0),
        number("mde", mark("Smallest effect that could be found"),
               mark("With the protocol's power; empty where none could be found")),
        number("mde_holm", mark("Smallest effect, under Holm"),
               mark("When all primary outcomes are tested together")),
        points("mde_points", mark("Smallest effect once all are evaluable"),
               mark("At the controls' level as estimated today; of a question: if all answer")),
        points("mde_holm_points", mark("The same under Holm"),
               mark("When all primary outcomes are tested together")),
        count("n_never_evaluable_pairs", mark("Pairs never evaluable"),
              mark("The question would be asked after the end of the study")),
        day("all_evaluable_on", mark("All evaluable on"),
            mark("With data drawn on this day; without the pairs that never are")),
        text("unit", mark("Unit"), mark("Of the estimates of the row")),
        coded("claim", mark("What the row may claim"), CLAIMS,
              description=mark("Interim releases describe, they do not test")),
        text("method", mark("Method"), mark("How the figures of the row were computed")),
        text("definition_text", mark("Definition in words"), mark("What counts, in full")),
    ),
}  # fmt: skip


@once_per_protocol
def outcome_contracts(protocol: Protocol) -> Mapping[str, TableContract]:
    """The contract of every released table of this step, by name."""
    tables = [table for outcome in protocol.outcomes for table in _of_outcome(outcome)]
    names: dict[str, Text] = {outcome.name: outcome.labels for outcome in protocol.outcomes}
    tables += [_precision(names), _evaluability(names)]
    return {**{table.name: table for table in tables}, **beside_contracts(protocol)}


def _of_outcome(outcome: Outcome) -> list[TableContract]:
    if isinstance(outcome, EventOutcome):
        return [_risk(outcome), _planned_end(outcome), _paired_effect(outcome)]
    return [_status(outcome)] if isinstance(outcome, StatusOutcome) else [_measure(outcome)]


def _named(outcome: Outcome, definitions: Mapping[str, Text]) -> tuple[Column, Column]:
    return (
        coded(
            "outcome",
            mark("Outcome"),
            {outcome.name: outcome.labels},
            mark("As named in the protocol"),
        ),
        coded(
            "definition",
            mark("Definition"),
            definitions,
            mark("Variant of the outcome, as named in the protocol"),
        ),
    )


def _definitions(outcome: EventOutcome | StatusOutcome) -> dict[str, Text]:
    return {definition.name: definition.labels for definition in outcome.definitions}


def _risk(outcome: EventOutcome) -> TableContract:
    return TableContract(
        f"{outcome.name}_risk",
        mark("Risk of the event by arm and horizon"),
        spelled(
            EFFECTS,
            """outcome definition horizon_days arm n n_at_risk n_events n_not_evaluable
            is_evaluable risk? ci_low? ci_high? method definition_text""",
            *_named(outcome, _definitions(outcome)),
        ),
        ("outcome", "definition", "horizon_days", "arm"),
    )


def _planned_end(outcome: EventOutcome) -> TableContract:
    return TableContract(
        f"{outcome.name}_planned_end",
        mark("Effect on the event by the planned end of each pair"),
        spelled(
            EFFECTS,
            """outcome definition n n_complete_pairs n_pairs_not_evaluable n_missing_pairs
            is_evaluable planned_days_median? risk_beneficiary? risk_beneficiary_low?
            risk_beneficiary_high? risk_control? risk_control_low? risk_control_high?
            risk_difference_points? standard_error_points? ci_low_points? ci_high_points? p_value?
            n_both? n_beneficiary_only? n_control_only? n_neither? risk_ratio? risk_ratio_low?
            risk_ratio_high? claim method definition_text""",
            *_named(outcome, _definitions(outcome)),
            number("planned_days_median", mark("Days to the planned end"),
                   mark("Median of the pairs, from the index date"), unit="days", minimum=0),
        ),
        ("outcome", "definition"),
        (Invariant(mark("cells that do not add up to the complete pairs"), _cells_astray),),
    )  # fmt: skip


def _paired_effect(outcome: EventOutcome) -> TableContract:
    return TableContract(
        f"{outcome.name}_paired_effect",
        mark("Effect on the event, pair by pair"),
        spelled(
            EFFECTS,
            """outcome definition horizon_days n n_complete_pairs n_pairs_not_evaluable
            n_missing_pairs n_void_pairs link_rate_beneficiary? link_rate_control? is_evaluable
            risk_beneficiary? risk_control?
            risk_difference_points? standard_error_points? ci_low_points? ci_high_points?
            p_value? p_value_holm? p_value_bh? n_both? n_beneficiary_only? n_control_only?
            n_neither? complete_pairs_difference_points? bonett_price_low_points?
            bonett_price_high_points? newcombe_low_points? newcombe_high_points?
            mcnemar_midp? risk_ratio? risk_ratio_low? risk_ratio_high? odds_ratio?
            odds_ratio_low? odds_ratio_high? minimum_detectable_points?
            minimum_detectable_holm_points? claim method definition_text""",
            *_named(outcome, _definitions(outcome)),
        ),
        ("outcome", "definition", "horizon_days"),
        (Invariant(mark("cells that do not add up to the complete pairs"), _cells_astray),),
    )


def _cells_astray(effects: pd.DataFrame) -> int:
    cells = effects[["n_both", "n_beneficiary_only", "n_control_only", "n_neither"]]
    told = cells.notna().all(axis=1)
    return int((cells.sum(axis=1)[told] != effects.loc[told, "n_complete_pairs"]).sum())


def _status(outcome: StatusOutcome) -> TableContract:
    return TableContract(
        outcome.name,
        mark("Effect on the situation, answers weighted"),
        spelled(
            EFFECTS,
            """outcome definition counted_from months_after n n_due n_not_due
            n_respondents_beneficiary
            n_respondents_control is_evaluable share_beneficiary? share_control?
            difference_points? standard_error_points? ci_low_points? ci_high_points? p_value?
            p_value_holm? p_value_bh? n_effective_beneficiary? n_effective_control?
            unweighted_difference_points? n_complete_pairs complete_pairs_difference_points?
            bonett_price_low_points? bonett_price_high_points? lee_low_points? lee_high_points?
            lee_ci_low_points? lee_ci_high_points? worst_case_low_points?
            worst_case_high_points? minimum_detectable_points? minimum_detectable_holm_points?
            claim method definition_text""",
            *_named(outcome, _definitions(outcome)),
        ),
        ("outcome", "definition"),
    )


def _measure(outcome: Outcome) -> TableContract:
    return TableContract(
        outcome.name,
        mark("Effect on the measure, pair by pair"),
        spelled(
            EFFECTS,
            """outcome definition n n_complete_pairs? n_missing_pairs? is_evaluable
            mean_beneficiary? mean_control? difference? standard_error? ci_low? ci_high?
            p_value? p_value_holm? p_value_bh? minimum_detectable? minimum_detectable_holm?
            published? unit claim? method definition_text""",
            *_named(outcome, MEASURE_ROWS),
            number("ci_low", mark("Lower limit"), mark("Of the difference")),
            number("ci_high", mark("Upper limit"), mark("Of the difference")),
        ),
        ("outcome", "definition", "definition_text"),
    )


def _precision(outcomes: Mapping[str, Text]) -> TableContract:
    return TableContract(
        "precision",
        mark("How precisely each effect is known"),
        spelled(
            EFFECTS,
            """outcome definition horizon_days? n baseline? half_width? mde? mde_holm? unit""",
            coded("outcome", mark("Outcome"), outcomes, mark("As named in the protocol")),
            count("n", mark("Pairs"), mark("Complete ones; of a question those that are due")),
        ),
        ("outcome", "definition", "horizon_days"),
    )


def _evaluability(outcomes: Mapping[str, Text]) -> TableContract:
    return TableContract(
        "evaluability",
        mark("What can be known now, and when the rest"),
        spelled(
            EFFECTS,
            """outcome definition horizon_days? n_pairs n_evaluable_pairs
            n_never_evaluable_pairs all_evaluable_on? mde_points? mde_holm_points?""",
            coded("outcome", mark("Outcome"), outcomes, mark("As named in the protocol")),
        ),
        ("outcome", "definition", "horizon_days"),
    )
