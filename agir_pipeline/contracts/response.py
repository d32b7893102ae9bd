"""Tables of the answers: who gave one, and what those who did stand for."""

from collections.abc import Mapping

import pandas as pd

from agir_pipeline.contracts.model import Column, Invariant, TableContract, Text
from agir_pipeline.contracts.words import (
    PERSONS,
    coded,
    count,
    day,
    flag,
    number,
    points,
    share,
    spelled,
    vocabulary,
)
from agir_pipeline.language import mark
from agir_pipeline.protocol.model import Protocol

BY_THEN: Mapping[str, Text] = {
    "happened": mark("Had happened"),
    "not_happened": mark("Had not happened"),
}

WORDS = {
    **PERSONS,
    **vocabulary(
        count("n_expected", mark("Members expected"), mark("Of the pairs that count")),
        count("n_not_due", mark("Members not due"),
              mark("Their window is still open or was never dated")),
        count("n_due", mark("Members due"), mark("Their window has closed")),
        count("n_answered", mark("Answered"), mark("Whole answer inside the window")),
        count("n_in_part", mark("Answered in part"),
              mark("In the window, or begun and never sent")),
        count("n_out_of_window", mark("Answered outside the window"), mark("Too early or late")),
        count("n_no_contact", mark("Refused to be asked"), mark("No consent to be contacted")),
        count("n_silent", mark("Silent"), mark("Asked, and no answer known")),
        count("n_unreachable", mark("Of the silent, out of reach"),
              mark("As a list of the arm says; empty for an arm of which no list tells it, and in "
                   "no rate")),
        share("response_rate", mark("Response rate"), mark("Whole answers among those due")),
        share("ci_low", mark("Lower limit"), mark("Of the response rate; Wilson")),
        share("ci_high", mark("Upper limit"), mark("Of the response rate; Wilson")),
        points("difference_points", mark("Difference"), mark("Beneficiaries minus controls")),
        points("ci_low_points", mark("Lower limit"), mark("Of the difference")),
        points("ci_high_points", mark("Upper limit"), mark("Of the difference")),
        day("asked_on", mark("Asked for"), mark("The day of the wave for this member")),
        flag("is_respondent", mark("Respondent"), mark("Whole answer inside the window")),
        coded("event_by_then", mark("Event by the day asked"), BY_THEN,
              description=mark("Of the first outcome, primary definition; empty: not known yet")),
        count("n_respondents", mark("Respondents"), mark("Of the arm, in the wave")),
        share("response_chance", mark("Chance of answering"),
              mark("Logistic model with a small ridge penalty, on arm, covariates as matched on "
                   "and the event; empty where nobody answered")),
        number("weight", mark("Weight"),
               mark("1 over the chance, truncated at 1 and 99 %; empty without an answer"),
               minimum=1),
        number("n_effective", mark("Effective number"),
               mark("Kish: what the weights leave of the arm's respondents"), minimum=0),
    ),
}  # fmt: skip


def response_contracts(protocol: Protocol) -> list[TableContract]:
    """The contract of each table of answers, in the order a reader meets them."""
    return [_response_rates(protocol), _nonresponse_weights(protocol)]


def _asked(protocol: Protocol) -> tuple[Column, Column]:
    sources: dict[str, Text] = {w.origin: protocol.source(w.origin).labels for w in protocol.waves}
    return (
        coded("wave", mark("Wave"), {w.name: w.labels for w in protocol.waves},
              mark("Who was to answer, and when")),
        coded("instrument", mark("Questionnaire"), sources, mark("Source of the answers")),
    )  # fmt: skip


def _response_rates(protocol: Protocol) -> TableContract:
    return TableContract(
        "response_rates",
        mark("Who answered which questionnaire, and why the others did not"),
        spelled(
            WORDS,
            """wave instrument arm n_expected n_not_due n_due n_answered n_in_part
            n_out_of_window n_no_contact n_silent n_unreachable? response_rate? ci_low? ci_high?
            difference_points? ci_low_points? ci_high_points?""",
            *_asked(protocol),
        ),
        ("wave", "arm"),
        (Invariant(mark("members that came to no end or to two"), _members_astray),),
    )  # fmt: skip


def _nonresponse_weights(protocol: Protocol) -> TableContract:
    return TableContract(
        "nonresponse_weights",
        mark("Weights of those who answered, for those who did not"),
        spelled(
            WORDS,
            """wave instrument person_id pair_id arm asked_on is_respondent event_by_then?
            n_respondents response_chance? weight? n_effective?""",
            *_asked(protocol),
        ),
        ("wave", "arm", "pair_id"),
        (Invariant(mark("weights without an answer, or answers without a weight"), _unweighted),),
    )  # fmt: skip


def _unweighted(weights: pd.DataFrame) -> int:
    answered = weights["is_respondent"].fillna(False).astype(bool)
    return int(answered.ne(weights["weight"].notna()).sum())


def _members_astray(rates: pd.DataFrame) -> int:
    ends = rates[["n_answered", "n_in_part", "n_out_of_window", "n_no_contact", "n_silent"]]
    told = ends.sum(axis=1).ne(rates["n_due"])
    told |= rates["n_unreachable"].gt(rates["n_silent"]).fillna(False)
    return int((told | (rates["n_due"] + rates["n_not_due"]).ne(rates["n_expected"])).sum())
