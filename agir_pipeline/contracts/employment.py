"""Tables of employment: the situation on a date, the months since the index, the qualification."""

from collections.abc import Mapping

import pandas as pd

from agir_pipeline.contracts.model import Invariant, TableContract, Text
from agir_pipeline.contracts.words import (
    PERSONS,
    coded,
    count,
    day,
    flag,
    share,
    spelled,
    vocabulary,
)
from agir_pipeline.language import mark
from agir_pipeline.protocol.model import Employment, Protocol

UNKNOWN: Mapping[str, Text] = {"unknown": mark("Not known")}
IN_REGISTER: Mapping[str, Text] = {
    "in_contract": mark("In a contract, by the register"),
    "no_contract": mark("In no contract, by the register"),
}
AT_ODDS: Mapping[str, Text] = {"contradictory": mark("Sources contradict each other")}
NO_SITUATION: Mapping[str, Text] = {
    **UNKNOWN,
    "no_answer": mark("No answer"),
    "not_due": mark("The question is not yet due"),
}
NAMED = mark("As named in the protocol")

WORDS = {
    **PERSONS,
    **vocabulary(
        count("n_persons", mark("Persons"), mark("Members of pairs that count")),
        count("n_members", mark("Members followed"), mark("Of the arm, in the month")),
        count("n_contradictory", mark("Contradictions"),
              mark("The register shows a contract, the answer says out of work")),
        count("n_told", mark("Persons who told"), mark("Of the arm; of them the share is taken")),
        share("share", mark("Share"), mark("Empty where it would be of nothing told")),
        coded("contract", mark("By the register"), IN_REGISTER,
              mark("On the day; of several contracts the open-ended one, else the longest")),
        count("month_number", mark("Month"), mark("Since the index date, from 1")),
        day("month_on", mark("First day of the month"), mark("Counted from the index date")),
        flag("is_contradictory", mark("Contradictory"),
             mark("In a contract by the register and told out of work, or told twice differently")),
        count("n_months_at_work", mark("Months at work so far"),
              mark("By the register or as told; a month not known adds nothing"), unit="months"),
    ),
}  # fmt: skip


def employment_contracts(protocol: Protocol, employment: Employment) -> list[TableContract]:
    """The contract of each table of employment, in the order a reader meets them."""
    waves: dict[str, Text] = {wave.name: wave.labels for wave in protocol.waves}
    situations: dict[str, Text] = {one.name: one.labels for one in employment.situations}
    told = _answer_codes(protocol, employment.month_columns[:1])
    return [
        TableContract(
            "situation_at_six_months",
            mark("Situation on the date asked for, and by the register"),
            spelled(
                WORDS,
                "arm situation contract n_persons n_contradictory n_told share?",
                coded("situation", mark("Situation"), {**situations, **NO_SITUATION},
                      mark("As answered; whether or not the contract broke")),
                coded("contract", mark("By the register"), {**IN_REGISTER, **UNKNOWN},
                      mark("On the same day; nothing is chosen between the two")),
            ),
            ("arm", "situation", "contract"),
        ),
        TableContract(
            "employment_calendar",
            mark("Each member of a pair month by month since the index date"),
            spelled(
                WORDS,
                """person_id pair_id arm month_number month_on contract? told? told_in?
                is_contradictory n_months_at_work""",
                coded("told", mark("As told"), told, mark("Of the month, by the member")),
                coded("told_in", mark("Told in"), waves, NAMED),
            ),
            ("pair_id", "arm", "month_number"),
        ),
        TableContract(
            "employment_by_month",
            mark("Situations of each arm month by month since the index date"),
            spelled(
                WORDS,
                "arm month_number month_state n_members n_persons share",
                coded("month_state", mark("Situation of the month"),
                      {**told, **IN_REGISTER, **AT_ODDS, **UNKNOWN},
                      mark("As told, else by the register")),
            ),
            ("arm", "month_number", "month_state"),
            (Invariant(mark("months whose members do not add up"), _members_astray),),
        ),
        _qualification(protocol, employment, waves),
    ]  # fmt: skip


def _qualification(
    protocol: Protocol, employment: Employment, waves: Mapping[str, Text]
) -> TableContract:
    results = _answer_codes(protocol, (employment.qualification_column,))
    return TableContract(
        "qualification",
        mark("Whether the qualification was obtained, by who says so"),
        spelled(
            WORDS,
            "arm told_by result n_persons n_told share?",
            coded("told_by", mark("Told by"),
                  {**waves, "together": mark("All who told, together")},
                  mark("Every member stands once under each")),
            coded("result", mark("Result"),
                  {**results, **AT_ODDS, "not_told": mark("Not told")},
                  mark("No teller is preferred")),
        ),
        ("arm", "told_by", "result"),
    )  # fmt: skip


def _members_astray(months: pd.DataFrame) -> int:
    total = months.groupby(["arm", "month_number"])["n_persons"].transform("sum")
    return int(total.ne(months["n_members"]).sum())


def _answer_codes(protocol: Protocol, columns: tuple[str, ...]) -> dict[str, Text]:
    return {
        code.code: code.labels
        for source in protocol.feeding("answer")
        for column in source.columns
        if column.name in columns
        for code in column.codes
    }
