"""Tables that stand beside the effects: curves, causes, response, hidden bias, explorations."""

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from agir_pipeline.contracts.ascertainment import ascertainment_contracts
from agir_pipeline.contracts.effect_sheets import effect_sheet_contracts
from agir_pipeline.contracts.funding import is_sensitive
from agir_pipeline.contracts.model import Column, Invariant, TableContract, Text
from agir_pipeline.contracts.placebo import placebo_contracts
from agir_pipeline.contracts.response import response_contracts
from agir_pipeline.contracts.words import (
    MATCHING,
    PERSONS,
    coded,
    count,
    flag,
    number,
    points,
    share,
    spelled,
    text,
    vocabulary,
)
from agir_pipeline.language import mark
from agir_pipeline.protocol.model import Causes, EventOutcome, MeasureOutcome, Protocol

CLAIMS: Mapping[str, Text] = {
    "primary": mark("Primary, tested together with the other primary outcomes"),
    "secondary": mark("Secondary"),
    "exploratory": mark("Exploratory: looked at among others, not foreseen as a test"),
    "interim, descriptive, no test": mark("Interim: described, not tested"),
}
PAIRS_KEPT: Mapping[str, Text] = {
    "all": mark("All pairs that count"),
    "unrelaxed": mark("Pairs alike in every near-exact covariate"),
    "half_caliper": mark("Pairs within half of the caliper"),
    "never_supported": mark("Pairs whose control was never supported"),
    "without_findings": mark("Pairs of which today's data say what the round recorded"),
    "not_helped_elsewhere": mark("Pairs of which nobody was helped by another adviser"),
}
ORIGINS: Mapping[str, Text] = {
    "index": mark("The index date"),
    "contract_start": mark("The start of the contract; members enter at their index date"),
    "planned_end": mark("The pair's common planned end"),
    "actual_end": mark("The actual end of the contract"),
}
WEIGHTINGS: Mapping[str, Text] = {
    "censored": mark("All pairs, as far as each is followed"),
    "while_unsupported": mark(
        "Controls until their own support begins, weighted for those who left so"
    ),
    "complete_pairs": mark("Complete pairs only"),
    "response": mark("All who answered, weighted by their chance of answering"),
    "none": mark("All who answered, without weights"),
    "lee_bounds": mark("Lee bounds"),
    "worst_case": mark("Worst and best case for the silent"),
}
APART: Text = mark("Pairs whose contracts name different organisations in this role")
ENDINGS: Mapping[str, Text] = {
    "event": mark("The event"),
    "not_told": mark("Not told"),
    "normal_end": mark("A normal end"),
}
FOLLOWED: Mapping[str, Text] = {
    "followed": mark("By another contract"),
    "not_followed": mark("By no other contract within the longest window"),
    "not_yet_known": mark("Not known: the longest window is not read whole"),
}

WORDS = {
    **PERSONS,
    **vocabulary(
        MATCHING["covariate"],
        MATCHING["level"],
        text("outcome", mark("Outcome"), mark("As named in the protocol")),
        text("definition", mark("Definition"),
             mark("Variant of the outcome, as named in the protocol")),
        count("horizon_days", mark("Horizon"), mark("Counted from the index date"), unit="days"),
        count("time_days", mark("Day"), mark("Counted from the index date"), unit="days"),
        count("n", mark("Pairs"), mark("Pairs that count, evaluable or not")),
        count("n_complete_pairs", mark("Complete pairs"), mark("Both members known")),
        flag("is_evaluable", mark("Evaluable"), mark("Decided by the calendar alone")),
        count("n_at_risk", mark("At risk"),
              mark("Still followed without any ending at the start of the day")),
        count("n_events", mark("Events"), mark("Of this ending, on this day")),
        coded("followed", mark("What followed"), FOLLOWED,
              description=mark("In the sources that cover both arms alike")),
        count("followed_within_days", mark("Followed within"),
              mark("The shortest window of the protocol that holds the next contract"),
              unit="days"),
        share("share_free", mark("Free of any ending"), mark("After the day; Kaplan–Meier")),
        share("incidence", mark("Cumulative incidence"),
              mark("Share that had this ending by the day; Aalen–Johansen, the others compete")),
        number("standard_error", mark("Standard error"), mark("Of the cumulative incidence"),
               minimum=0),
        number("free_days_beneficiary", mark("Days free, beneficiaries"),
               mark("Mean days without the event up to the horizon"), unit="days"),
        number("free_days_control", mark("Days free, controls"),
               mark("Mean days without the event up to the horizon"), unit="days"),
        number("difference_days", mark("Difference in days free"),
               mark("Beneficiaries minus controls"), unit="days"),
        number("standard_error_days", mark("Standard error"), mark("Of the difference in days"),
               unit="days", minimum=0),
        number("ci_low_days", mark("Lower limit"), mark("Of the difference in days"), unit="days"),
        number("ci_high_days", mark("Upper limit"), mark("Of the difference in days"),
               unit="days"),
        share("p_value", mark("p-value"), mark("Two-sided; empty in interim releases")),
        number("hazard_ratio", mark("Hazard ratio"), mark("Beneficiaries over controls"),
               minimum=0),
        number("hazard_ratio_low", mark("Hazard ratio, lower limit"),
               mark("Standard error robust by pair"), minimum=0),
        number("hazard_ratio_high", mark("Hazard ratio, upper limit"),
               mark("Standard error robust by pair"), minimum=0),
        share("hazard_ratio_p", mark("Hazard ratio, p-value"),
              mark("Two-sided; empty in interim releases")),
        share("proportional_p", mark("Proportional hazards, p-value"),
              mark("Small: the ratio moves with the day, one number does not say it")),
        number("within_pairs_ratio", mark("Hazard ratio within pairs"),
               mark("Beneficiaries over controls: who of the two had the event first"), minimum=0),
        number("within_pairs_ratio_low", mark("Hazard ratio within pairs, lower limit"),
               mark("Cox model stratified by pair"), minimum=0),
        number("within_pairs_ratio_high", mark("Hazard ratio within pairs, upper limit"),
               mark("Cox model stratified by pair"), minimum=0),
        number("subdistribution_ratio", mark("Fine–Gray ratio"),
               mark("Subdistribution hazard of beneficiaries over controls: other endings compete"),
               minimum=0),
        number("subdistribution_ratio_low", mark("Fine–Gray ratio, lower limit"),
               mark("Standard error robust by pair"), minimum=0),
        number("subdistribution_ratio_high", mark("Fine–Gray ratio, upper limit"),
               mark("Standard error robust by pair"), minimum=0),
        share("subdistribution_ratio_p", mark("Fine–Gray ratio, p-value"),
              mark("Two-sided; empty in interim releases")),
        number("gray_statistic", mark("Gray's test"),
               mark("That the incidences of the arms are alike, as if pairs had nothing in common; "
                    "chi-squared of one degree, empty in interim releases"), minimum=0),
        share("gray_p", mark("Gray's test, p-value"),
              mark("Members taken as independent, hence careful; empty in interim releases")),
        number("gamma", mark("Γ"),
               mark("How many times the odds of being supported may differ within a pair"),
               minimum=1),
        share("p_upper", mark("Largest p-value"),
              mark("One-sided, at this Γ; empty in interim releases")),
        number("gamma_star", mark("Γ*"),
               mark("Largest Γ at which the effect stands; empty: not even without bias"),
               minimum=1),
        number("e_value", mark("E-value"),
               mark("Strength an unseen cause would need with both arm and outcome"), minimum=1),
        number("e_value_limit", mark("E-value of the limit"),
               mark("Of the limit nearest to no effect; 1 when the interval holds it"),
               minimum=1),
        points("difference_points", mark("Difference"), mark("Beneficiaries minus controls")),
        points("standard_error_points", mark("Standard error"), mark("Of the difference")),
        points("ci_low_points", mark("Lower limit"), mark("Of the difference")),
        points("ci_high_points", mark("Upper limit"), mark("Of the difference")),
        count("interaction_df", mark("Degrees of freedom"), mark("Levels told, less one")),
        number("interaction_statistic", mark("Interaction"),
               mark("Cochran's Q over the levels; empty in interim releases"), minimum=0),
        share("interaction_p", mark("Interaction, p-value"),
              mark("That the levels do not differ; empty in interim releases")),
        count("specification_number", mark("Number"), mark("In the order of the choices")),
        coded("counted_from", mark("Counted from"), ORIGINS,
              description=mark("Where time, or the date of the question, begins")),
        coded("weighting", mark("Weighting"), WEIGHTINGS,
              description=mark("How what is not known is dealt with")),
        points("estimate_points", mark("Estimate"),
               mark("Beneficiaries minus controls; empty for bounds")),
        flag("is_primary", mark("Primary choice"), mark("The one the study is judged by")),
        coded("claim", mark("What the row may claim"), CLAIMS,
              description=mark("Interim releases describe, they do not test")),
        text("method", mark("Method"), mark("How the figures of the row were computed")),
    ),
}  # fmt: skip


def beside_contracts(protocol: Protocol) -> dict[str, TableContract]:
    """The contract of every table beside the effects of this study, by name."""
    tables = [
        table
        for outcome in protocol.outcomes
        if isinstance(outcome, EventOutcome)
        for table in _of_event(outcome, protocol)
    ]
    tables.append(_hidden_bias(protocol))
    if not all(isinstance(outcome, MeasureOutcome) for outcome in protocol.outcomes):
        tables.append(_specification_curve(protocol))
        if protocol.inference.subgroups:
            tables.append(_subgroups(protocol))
    if protocol.waves:
        tables += response_contracts(protocol)
    own = {table.name: table for table in tables}
    return {
        **own,
        **ascertainment_contracts(protocol),
        **placebo_contracts(protocol),
        **effect_sheet_contracts(protocol),
    }


def _of_event(outcome: EventOutcome, protocol: Protocol) -> list[TableContract]:
    tables = [_incidence(outcome)]
    if outcome.free_time_days:
        tables.append(_free_time(outcome))
    if outcome.causes:
        tables.append(_causes(outcome, outcome.causes, protocol))
    return tables


def _own(outcome: EventOutcome) -> tuple[Column, Column, Column]:
    groups = outcome.causes.classes if outcome.causes else ()
    return (
        coded("outcome", mark("Outcome"), {outcome.name: outcome.labels},
              mark("As named in the protocol")),
        coded("definition", mark("Definition"), {d.name: d.labels for d in outcome.definitions},
              mark("Variant of the outcome, as named in the protocol")),
        coded("cause", mark("Cause"), {**ENDINGS, **{g.name: g.labels for g in groups}},
              mark("Class of the reason reported, or another ending of the contract")),
    )  # fmt: skip


def _incidence(outcome: EventOutcome) -> TableContract:
    return TableContract(
        f"{outcome.name}_incidence",
        mark("Every ending day by day in each arm"),
        spelled(
            WORDS,
            """outcome definition arm time_days cause n n_at_risk n_events share_free incidence
            standard_error""",
            *_own(outcome),
        ),
        ("outcome", "definition", "arm", "time_days", "cause"),
        (Invariant(mark("days whose shares do not add up to one"), _days_astray),),
    )


def _days_astray(curves: pd.DataFrame) -> int:
    days = curves.groupby(["definition", "arm", "time_days"])
    whole = days["incidence"].sum() + days["share_free"].first()
    return int(((whole - 1).abs() > 1e-9).sum())


def _free_time(outcome: EventOutcome) -> TableContract:
    return TableContract(
        f"{outcome.name}_free_time",
        mark("Days without the event, and the hazard ratio"),
        spelled(
            WORDS,
            """outcome definition horizon_days n n_complete_pairs is_evaluable
            free_days_beneficiary? free_days_control? difference_days? standard_error_days?
            ci_low_days? ci_high_days? p_value? hazard_ratio? hazard_ratio_low?
            hazard_ratio_high? hazard_ratio_p? proportional_p? within_pairs_ratio?
            within_pairs_ratio_low? within_pairs_ratio_high? subdistribution_ratio?
            subdistribution_ratio_low? subdistribution_ratio_high? subdistribution_ratio_p?
            gray_statistic? gray_p? claim method""",
            *_own(outcome),
        ),
        ("outcome", "definition", "horizon_days"),
    )


def _causes(outcome: EventOutcome, causes: Causes, protocol: Protocol) -> TableContract:
    initiative = next(
        column
        for column in protocol.source(outcome.origin).columns
        if column.name == causes.initiative_column
    )
    said = {code.code: code.labels for code in initiative.codes}
    named = protocol.employment.situations if protocol.employment else ()
    situations: dict[str, Text] = {one.name: one.labels for one in named}
    return TableContract(
        f"{outcome.name}_causes",
        mark("Who broke the contract, why, how early, and what followed"),
        spelled(
            WORDS,
            """outcome definition arm horizon_days initiative cause followed followed_within_days?
            told_after n_events""",
            *_own(outcome),
            count("horizon_days", mark("First horizon it falls within"),
                  mark("An event stands in one row: add the shorter horizons for all by a day"),
                  unit="days"),
            count("n_events", mark("Events"), mark("After the horizon before, up to this one")),
            coded("told_after", mark("Situation told since"),
                  {**situations, "not_told": ENDINGS["not_told"]},
                  mark("First answer since the event that tells one; the arms do not answer "
                       "alike")),
            coded("initiative", mark("Initiative"), {**said, "not_told": ENDINGS["not_told"]},
                  mark("Who broke the contract, as reported")),
        ),
        ("outcome", "definition", "arm", "horizon_days", "initiative", "cause", "followed",
         "followed_within_days", "told_after"),
    )  # fmt: skip


def _named(protocol: Protocol) -> Column:
    names: dict[str, Text] = {outcome.name: outcome.labels for outcome in protocol.outcomes}
    return coded("outcome", mark("Outcome"), names, mark("As named in the protocol"))


def _hidden_bias(protocol: Protocol) -> TableContract:
    return TableContract(
        "hidden_bias",
        mark("How large an unseen difference would have to be"),
        spelled(
            WORDS,
            """outcome definition horizon_days? gamma n_complete_pairs p_upper? gamma_star?
            e_value? e_value_limit? claim method""",
            _named(protocol),
        ),
        ("outcome", "definition", "horizon_days", "gamma"),
    )


def _specification_curve(protocol: Protocol) -> TableContract:
    return TableContract(
        "specification_curve",
        mark("The effects under every choice that could be defended"),
        spelled(
            WORDS,
            """outcome specification_number definition horizon_days? counted_from pairs_kept
            weighting n estimate_points? ci_low_points? ci_high_points? is_primary claim method""",
            _named(protocol),
            coded("pairs_kept", mark("Pairs kept"), _pairs_kept(protocol),
                  mark("Which pairs the estimate uses")),
            count("n", mark("Pairs"),
                  mark("Of those kept: complete ones where the row is of these, or those due")),
        ),
        ("outcome", "specification_number"),
    )  # fmt: skip


def _pairs_kept(protocol: Protocol) -> dict[str, Text]:
    """With a line for each role of an organisation that the study tells of contracts."""
    roles = [teller.role for teller in protocol.contract_tellers]
    return {**PAIRS_KEPT, **{f"other_{role}": APART for role in roles}}


def _subgroups(protocol: Protocol) -> TableContract:
    """Counts by eligibility for funding are as sensitive as what the eligibility rests on."""
    columns = spelled(
        WORDS,
        """outcome definition horizon_days? covariate level n n_complete_pairs
        difference_points? standard_error_points? ci_low_points? ci_high_points?
        interaction_df interaction_statistic? interaction_p? claim method""",
        _named(protocol),
        count("n", mark("Pairs"), mark("Of the level; of a question those that are due")),
    )
    funding = protocol.funding
    if funding and funding.name in protocol.inference.subgroups and is_sensitive(funding, protocol):
        counted = {"n", "n_complete_pairs"}
        columns = tuple(
            replace(column, sensitivity="sensitive") if column.name in counted else column
            for column in columns
        )
    return TableContract(
        "subgroups",
        mark("Effects by kind of person, explored"),
        columns,
        ("outcome", "definition", "covariate", "level"),
    )
