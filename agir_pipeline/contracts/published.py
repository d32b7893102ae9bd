"""Tables of step ``published``: the flow of persons, enrolment, the dictionary, the inputs."""

from collections.abc import Mapping

import pandas as pd

from agir_pipeline.contracts.facts import fact_contracts
from agir_pipeline.contracts.mechanism import mechanism_contracts
from agir_pipeline.contracts.model import Column, Invariant, Sensitivity, TableContract, Text
from agir_pipeline.contracts.once import once_per_protocol
from agir_pipeline.contracts.programme import programme_contracts
from agir_pipeline.contracts.sql_words import LINKED
from agir_pipeline.contracts.validated import SEVERITIES
from agir_pipeline.contracts.words import (
    EXCLUSION_REASONS,
    PERSONS,
    STATUSES,
    UNMATCHED_REASONS,
    coded,
    count,
    day,
    flag,
    share,
    spelled,
    text,
    vocabulary,
    whole,
)
from agir_pipeline.language import mark
from agir_pipeline.protocol.model import Outcome, Protocol, Wave

STEPS: Mapping[str, Text] = {
    "registered": mark("On the register or a list"),
    "eligible": mark("Eligible"),
    "contract_linked": mark("Contract found, and it is known whose"),
    "listed": mark("On a list by then, and consenting where that is asked"),
    "enrolled": mark("Entered the support"),
    "at_risk": mark("At risk in some band"),
    "waited": mark("Looked at by a matching round"),
    "matched": mark("Matched"),
    "analysed": mark("In a pair that counts"),
}
FLOW_REASONS: Mapping[str, Text] = {
    **UNMATCHED_REASONS,
    **EXCLUSION_REASONS,
    "not_entered": mark("No day of entry into the support"),
    "never_at_risk": mark("In contract at no band's index date near enough"),
    "not_chosen": mark("At risk, but no pair was formed"),
    **{status: label for status, label in STATUSES.items() if status != "active"},
    "not_yet_evaluable": mark("The pair's horizon comes after the data cut"),
    "unknown": mark("A member of the pair cannot be followed"),
    "not_due": mark("The question is not yet due"),
    "in_part": mark("Answered in part"),
    "out_of_window": mark("Answered outside the window"),
    "no_contact": mark("Refused to be asked"),
    "silent": mark("Silent"),
    "no_answer": mark("No answer"),
    "no_value": mark("No value"),
}
OF_INDEX = ("listed", "enrolled")
"""Steps that only a study with index dates has."""
SENSITIVITIES: Mapping[str, Text] = {
    "none": mark("None"),
    "pseudonym": mark("Pseudonym of a person, or of what belongs to one"),
    "sensitive": mark("Sensitive"),
}
TYPES: Mapping[str, Text] = {
    "text": mark("Text"),
    "integer": mark("Whole number"),
    "number": mark("Number"),
    "boolean": mark("True or false"),
    "date": mark("Day"),
    "instant": mark("Instant, UTC"),
}
KINDS: Mapping[str, Text] = {
    "protocol": mark("Protocol"),
    "delivery": mark("Delivery of a source"),
    "link": mark("Links of the model"),
    "structure": mark("Structure of a questionnaire"),
    "round": mark("Matching round"),
}

WORDS = {
    **PERSONS,
    **vocabulary(
        whole("step_order", mark("Order of the step"),
              mark("Steps up to analysed follow each other; each wave and outcome follows it")),
        count("n_in", mark("Enter the step"), mark("Persons who remained after the step before")),
        coded("reason", mark("Reason for leaving"), FLOW_REASONS,
              description=mark("Empty where nobody leaves the step")),
        count("n_out", mark("Leave, for this reason"), mark("Persons, each under one reason")),
        count("n_remaining", mark("Remain after the step"),
              mark("The same in every row of a step: enter minus all who leave")),
        day("month_on", mark("Month"), mark("Its first day")),
        count("n_entries", mark("Entries of the month"),
              mark("Beneficiaries by their day of entry, controls by the day of their pair")),
        count("n_cumulative", mark("Entries so far"), mark("Up to the end of the month")),
        count("n_target", mark("Target"), mark("Of the whole study, as in the protocol")),
        whole("n_gap", mark("Still to enter"), mark("Target minus entries so far")),
        share("share_watched", mark("Share watched"),
              mark("Of the entries so far whose code is known: those with a watched code")),
        share("share_watched_low", mark("Share watched, lower limit"), mark("Wilson")),
        share("share_watched_high", mark("Share watched, upper limit"), mark("Wilson")),
        text("table", mark("Table"), mark("Name of its file in this release")),
        text("column", mark("Column"), mark("Name as in the files")),
        count("position", mark("Place in the table"), mark("From 1")),
        coded("type", mark("Type"), TYPES, description=mark("Of the values of the column")),
        text("label_en", mark("Label, English"), mark("What the column is called in reports")),
        text("label_fr", mark("Label, French"), mark("What the column is called in reports")),
        text("description_en", mark("Description, English"), mark("What the label leaves open")),
        text("description_fr", mark("Description, French"), mark("What the label leaves open")),
        text("unit", mark("Unit"), mark("Empty for a column without one")),
        text("codes", mark("Codes"), mark("JSON: for each code its label in both languages")),
        coded("sensitivity", mark("Sensitivity"), SENSITIVITIES,
              description=mark("How carefully the column must be handled")),
        text("source_columns", mark("Read from"), mark("source.column, separated by a space")),
        text("since_version", mark("Since version"),
             mark("Of the product that first had it; empty for what the study itself names")),
        text("receipt_id", mark("Receipt"), mark("Hash of what arrived, from whom and when")),
        coded("kind", mark("Kind"), KINDS, description=mark("What arrived")),
        text("source", mark("Source"), mark("As named in the protocol")),
        text("provider", mark("Provider"), mark("Who delivered it")),
        day("known_on", mark("Known since"), mark("The end of this day")),
        day("extracted_on", mark("Drawn on"), mark("By the partner")),
        text("sha256", mark("SHA-256"), mark("Of the bytes as received")),
        count("n_rows", mark("Rows"), mark("Each came to exactly one end")),
        count("n_accepted", mark("Accepted"), mark("Rows in use, or replaced by a later version")),
        count("n_rejected", mark("Rejected"), mark("Rows that break a rule")),
        count("n_duplicate", mark("Duplicate"), mark("Rows equal to another one of the file")),
        count("n_blank", mark("Blank"), mark("Rows without anything in them")),
        count("n_outside", mark("Outside the table"), mark("Titles, headings, totals, footnotes")),
        count("n_erased", mark("Erased"), mark("Rows of persons who had their data erased")),
    ),
}  # fmt: skip


@once_per_protocol
def published_contracts(protocol: Protocol) -> Mapping[str, TableContract]:
    """The contract of every table of this step, by name; enrolment where the study counts it."""
    enrolment = (_enrolment_progress(),) if protocol.enrolment else ()
    shared = (_contradictions(protocol),) if protocol.shared_facts else ()
    about = (_data_quality(), _data_dictionary(), _release_manifest())
    tables = (_participant_flow(protocol), *enrolment, *shared, *about)
    own = {table.name: table for table in tables}
    beside = {**programme_contracts(protocol), **mechanism_contracts(protocol)}
    return {**own, **beside, **fact_contracts(protocol)}


def flow_steps(protocol: Protocol) -> dict[str, Text]:
    """The steps persons go through: to the pairs that count, then to each wave and outcome."""
    is_dated = protocol.matching.index is not None
    steps: dict[str, Text] = {n: t for n, t in STEPS.items() if is_dated or n not in OF_INDEX}
    for wave in protocol.waves:
        steps[wave_step(wave)] = wave.labels
    for outcome in protocol.outcomes:
        steps[outcome_step(outcome)] = outcome.labels
    return steps


def outcome_step(outcome: Outcome) -> str:
    """The name of an outcome's step: whether it can be told for a person."""
    endings = {"event": "evaluable", "status": "answered", "measure": "known"}
    return f"{outcome.name}_{endings[outcome.kind]}"


def wave_step(wave: Wave) -> str:
    """The name of a wave's step: whether a person answered it whole and in time."""
    return f"{wave.name}_answered"


def _participant_flow(protocol: Protocol) -> TableContract:
    return TableContract(
        "participant_flow",
        mark("Who entered, who left at which step, and why"),
        spelled(
            WORDS,
            "step_order step arm n_in reason? n_out n_remaining",
            coded("step", mark("Step"), flow_steps(protocol), mark("In the order of step_order")),
        ),
        ("step_order", "arm", "reason"),
        (Invariant(mark("steps that do not add up"), _steps_astray),),
    )


def _steps_astray(flow: pd.DataFrame) -> int:
    """Steps in which those who enter are not those who leave and those who remain."""
    steps = flow.groupby(["step_order", "arm"])
    left = steps["n_in"].first() - steps["n_out"].sum()
    is_one = steps[["n_in", "n_remaining"]].nunique().eq(1).all(axis=1)
    return int((~is_one | left.ne(steps["n_remaining"].first())).sum())


def _enrolment_progress() -> TableContract:
    return TableContract(
        "enrolment_progress",
        mark("Entries month by month against the target"),
        spelled(
            WORDS,
            """month_on arm n_entries n_cumulative n_target? n_gap? share_watched?
            share_watched_low? share_watched_high?""",
        ),
        ("month_on", "arm"),
    )


def _contradictions(protocol: Protocol) -> TableContract:
    """Of members of pairs; nothing is chosen between what two sources say."""
    facts = {fact.name: fact.labels for fact in protocol.shared_facts}
    sources = {source.name: source.labels for source in protocol.sources}
    named = mark("As named in the protocol")
    told = mark("As the source says it; empty where it identifies somebody")
    return TableContract(
        "contradictions",
        mark("Where sources contradict each other about a person"),
        spelled(
            {**LINKED, **WORDS},
            """person_id fact source_a column_a said_a? known_on_a receipt_id_a
            source_b column_b said_b? known_on_b receipt_id_b known_on contradiction_rank""",
            coded("fact", mark("Fact"), facts, named),
            coded("source_a", mark("First source"), sources, named),
            coded("source_b", mark("Second source"), sources, named),
            *_said(protocol, told),
        ),
        ("person_id", "fact", "source_a", "column_a", "source_b", "column_b", "contradiction_rank"),
    )


def _said(protocol: Protocol, told: str) -> tuple[Column, Column]:
    """What both say; as sensitive as the most sensitive column that tells a fact."""
    tellers = {(teller.source, teller.column) for _fact, teller in protocol.tellers}
    has_sensitive = any(
        column.sensitivity == "sensitive" and (source.name, column.name) in tellers
        for source in protocol.sources
        for column in source.warehouse_columns
    )
    how: Sensitivity = "sensitive" if has_sensitive else "none"
    return (
        text("said_a", mark("What the first says"), told, sensitivity=how),
        text("said_b", mark("What the second says"), told, sensitivity=how),
    )


def _data_quality() -> TableContract:
    return TableContract(
        "data_quality",
        mark("What each check found, night by night"),
        spelled(
            WORDS,
            "check source night_on severity n_rows n_change is_silenced oldest_open_on?",
            text("check", mark("Check"), mark("Rule, finding or fact, by its code")),
            text("source", mark("Source"), mark("As named in the protocol")),
            day("night_on", mark("Night"), mark("The day on which files of it became known")),
            coded(
                "severity",
                mark("Severity"),
                SEVERITIES,
                mark("To be put right: something is not taken as it came"),
            ),
            count(
                "n_rows",
                mark("Found"),
                mark(
                    "Rows in the newest files of each provider; of a check on files the files "
                    "or columns"
                ),
            ),
            whole("n_change", mark("Change"), mark("Since the night before of the source")),
            flag(
                "is_silenced",
                mark("In order"),
                mark("The steward has said of all of them that they are in order"),
            ),
            day(
                "oldest_open_on",
                mark("Found since"),
                mark("The first night of the unbroken run; empty where nothing is found any more"),
            ),
        ),
        ("check", "source", "night_on", "severity"),
    )


def _data_dictionary() -> TableContract:
    return TableContract(
        "data_dictionary",
        mark("Every column of every table"),
        spelled(
            WORDS,
            """table position column type label_en label_fr description_en? description_fr?
            unit? codes? sensitivity source_columns? since_version?""",
        ),
        ("table", "position"),
    )


def _release_manifest() -> TableContract:
    return TableContract(
        "release_manifest",
        mark("What the release was made from"),
        spelled(
            WORDS,
            """receipt_id kind source? provider? known_on extracted_on? sha256 n_rows?
            n_accepted? n_rejected? n_duplicate? n_blank? n_outside? n_erased?""",
        ),
        ("receipt_id",),
    )
