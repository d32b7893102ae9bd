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
    number,
    share,
    spelled,
    text,
    vocabulary,
)
from agir_pipeline.language import mark
from agir_pipeline.protocol.mechanism import ContractProfile
from agir_pipeline.protocol.model import Employment, Protocol

UNKNOWN: Mapping[str, Text] = {"unknown": mark("Not known")}
IN_REGISTER: Mapping[str, Text] = {
    "in_contract": mark("In a contract, by the register"),
    "no_contract": mark("In no contract, by the register"),
}
JOBS: Mapping[str, Text] = {
    "durable": mark("What the outcome asks for"),
    "other": mark("Another job"),
    "kind_not_told": mark("Its kind is not told"),
}
IN_JOB: Mapping[str, Text] = {"in_job": mark("In a job, as dated by an answer")}
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
        coded("job", mark("Job told"), JOBS,
              mark("From its first day to the day of the answer, in whole months and the last")),
        flag("is_contradictory", mark("Contradictory"),
             mark("In a contract by the register, or a job as dated, and told out of work; or told "
                  "twice differently")),
        flag("is_at_work", mark("At work"),
             mark("In a contract of the register, in a job as dated, or told so; no: told "
                  "otherwise; empty where nobody says, since the register holds not every job")),
        count("n_months_at_work", mark("Months at work so far"),
              mark("Those of which a source says so"), unit="months"),
        count("n_months_known", mark("Months so far of which work is known"),
              mark("At work or not; the others add to neither count"), unit="months"),
        flag("is_durable", mark("In durable employment"),
             mark("In a job which the primary definition of the outcome holds for; no: in a "
                  "contract of the register that does not count as such, in another job, or out "
                  "of work; empty where nobody says or sources contradict each other")),
        count("n_months_durable", mark("Months in durable employment so far"),
              mark("Those of which a source says so; none is assumed"), unit="months"),
        count("n_months_durable_known", mark("Months so far of which durable employment is known"),
              mark("So or not; the others add to neither count"), unit="months"),
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
                """person_id pair_id arm month_number month_on contract? told? told_in? job?
                is_contradictory is_at_work? n_months_at_work n_months_known is_durable?
                n_months_durable n_months_durable_known""",
                coded("told", mark("As told"), told, mark("Of the month, by the member")),
                coded("told_in", mark("Told in"), waves, NAMED),
            ),
            ("pair_id", "arm", "month_number"),
            (Invariant(mark("months in a state counted beyond those known"), _beyond_known),),
        ),
        TableContract(
            "employment_by_month",
            mark("Situations of each arm month by month since the index date"),
            spelled(
                WORDS,
                "arm month_number month_state n_members n_persons share",
                coded("month_state", mark("Situation of the month"),
                      {**told, **IN_REGISTER, **IN_JOB, **AT_ODDS, **UNKNOWN},
                      mark("As told, else by the register, else by a job told")),
            ),
            ("arm", "month_number", "month_state"),
            (Invariant(mark("months whose members do not add up"), _members_astray),),
        ),
        _qualification(protocol, employment, waves),
        *([_profile(protocol, employment, employment.profile)] if employment.profile else []),
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


def _profile(protocol: Protocol, employment: Employment, profile: ContractProfile) -> TableContract:
    columns = {c.name: c for c in protocol.source(employment.register_origin).warehouse_columns}
    labels = {trait.column: columns[trait.column].labels for trait in profile.traits}
    of_months = mark("To the first planned end, before any amendment")
    return TableContract(
        "contract_profile",
        mark("Which contracts the members of pairs have, how long"),
        spelled(
            WORDS,
            """trait level arm n_persons n_known share? months_mean? months_p25? months_median?
            months_p75?""",
            coded("trait", mark("Trait"), labels, mark("Of the contract of the pair")),
            text("level", mark("Level"), mark("A code of the source, or a class of its numbers")),
            count("n_known", mark("Of how many"), mark("Members of the arm whose trait is known")),
            share("share", mark("Share"), mark("Of those whose trait is known")),
            number("months_mean", mark("Months, mean"), of_months, unit="months"),
            number("months_p25", mark("Months, first quartile"), of_months, unit="months"),
            number("months_median", mark("Months, median"), of_months, unit="months"),
            number("months_p75", mark("Months, third quartile"), of_months, unit="months"),
        ),
        ("trait", "level", "arm"),
        (Invariant(mark("traits whose members do not add up"), _levels_astray),),
    )


def _levels_astray(profile: pd.DataFrame) -> int:
    known = profile[profile["level"] != "missing"]
    total = known.groupby(["trait", "arm"])["n_persons"].transform("sum")
    return int(total.ne(known["n_known"]).sum())


def _beyond_known(calendar: pd.DataFrame) -> int:
    at_work = calendar["n_months_at_work"].gt(calendar["n_months_known"])
    durable = calendar["n_months_durable"].gt(calendar["n_months_durable_known"])
    return int((at_work | durable | calendar["n_months_known"].gt(calendar["month_number"])).sum())


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
