"""What the columns of SQL tables say: the names our models give, beside those of the protocol."""

from collections.abc import Mapping
from dataclasses import replace

from agir_pipeline.contracts.employment import IN_REGISTER
from agir_pipeline.contracts.model import Column, Type
from agir_pipeline.contracts.words import (
    MATCHING,
    PERSONS,
    coded,
    count,
    day,
    flag,
    number,
    text,
    vocabulary,
    whole,
)
from agir_pipeline.language import mark
from agir_pipeline.protocol.model import Column as SourceColumn
from agir_pipeline.protocol.model import ColumnType, Derived, Protocol

TYPES: Mapping[ColumnType, Type] = {
    "text": "text",
    "identifier": "text",
    "code": "text",
    "codes": "text",
    "date": "date",
    "instant": "instant",
    "integer": "integer",
    "minutes": "integer",
    "number": "number",
    "boolean": "boolean",
}

PERSON_LINKS = (
    "source", "entity_id", "person_id", "tie_order", "rule", "known_on", "superseded_on",
)  # fmt: skip
"""The one table of the linked step that no SQL model makes."""

SPELL_PREFIX = "spell_"
"""Before a contract's own columns where they stand beside those of its person."""

FIRST_PREFIX = "first_"
"""Before a day of a person where it is the first that any list of the arm tells."""

LINKED = vocabulary(
    text("source", mark("Source")),
    text("provider", mark("Provider")),
    text("record_id", mark("Row of the file"), mark("Keyed hash of file, sheet and row"),
         sensitivity="pseudonym"),
    text("receipt_id", mark("Receipt")),
    text("sheet", mark("Sheet")),
    count("row_number", mark("Row number")),
    text("entity_id", mark("What the row is about"), mark("Keyed hash of source and business key"),
         sensitivity="pseudonym"),
    text("spell_id", mark("Contract"), mark("Without its amendment number"),
         sensitivity="pseudonym"),
    text("rule", mark("Rule of the link"), mark("What said that two rows are one person")),
    day("known_on", mark("Known since"), mark("The end of this day")),
    day("superseded_on", mark("Known until"), mark("First day it was no longer the known one")),
    day("extracted_on", mark("Drawn on"), mark("By the partner")),
    day("first_listed_on", mark("First listed"), mark("First delivery that held the key")),
    flag("is_always_listed", mark("Listed whatever happens"),
         mark("The list names everybody who started, not those present on a day")),
    count("list_rank", mark("Order of the lists"), mark("1: the list that proves most")),
    day("starts_on", mark("First day of the contract")),
    day("planned_end_initial_on", mark("Planned end at signature")),
    day("planned_end_on", mark("Planned end"), mark("The amendments in force applied")),
    day("ended_early_on", mark("Day of the early end")),
    count("amendment_number", mark("Number of the amendment"), mark("0: the contract itself")),
    day("amendment_effective_on", mark("Amendment in force from")),
    day("holds_from_on", mark("First day this term holds")),
    count("spell_rank", mark("Order of the person's contracts")),
    coded("scope", mark("Withdrawn from"), {
        "study": mark("The whole study"), "answers": mark("The questionnaires alone")}),
    day("withdrawn_on", mark("Withdrawn on"), mark("Day of the first withdrawal of this scope")),
    Column("answered_at", "instant", mark("Submitted at")),
    text("codebook", mark("Version of the questionnaire"),
         mark("A hash of its questions, codes and wording when the response came")),
    count("answer_rank", mark("Order of the person's responses"), mark("1: the last one counts")),
    text("fact", mark("Fact"), mark("As named in the protocol")),
    count("teller", mark("Number of the column"), mark("Of those that tell a fact, in file order")),
    text("column_name", mark("Column")),
    count("tolerance_days", mark("Days two of them may lie apart"), unit="days"),
    count("waits_days", mark("Days the slower source may take to say so"), unit="days"),
    day("drawn_on", mark("Day of the newest file of the source")),
    day("told_on", mark("When the source said it first")),
    text("said", mark("What it says"), mark("Of what identifies somebody, only a label")),
    day("said_on", mark("The same as a day")),
    flag("is_shown", mark("May be read"), mark("What identifies somebody stays in the vault")),
    text("spell", mark("Contract it tells of"), mark("As a column of both sources names it")),
    day("spell_on", mark("The contract, as a day")),
    count("spell_days", mark("Days two names of a contract may lie apart"), unit="days"),
    text("source_a", mark("First source"), mark("As named in the protocol")),
    text("column_a", mark("Its column"), mark("As named in the protocol")),
    text("said_a", mark("What the first says"), mark("Empty where it identifies somebody")),
    day("known_on_a", mark("The first says so since"), mark("The end of this day")),
    text("record_id_a", mark("Row that said the first"), sensitivity="pseudonym"),
    text("receipt_id_a", mark("Receipt of the file that said the first"),
         mark("As in release_manifest")),
    text("source_b", mark("Second source"), mark("As named in the protocol")),
    text("column_b", mark("Its column"), mark("As named in the protocol")),
    text("said_b", mark("What the second says"), mark("Empty where it identifies somebody")),
    count("contradiction_rank", mark("Order of the person's contradictions"),
          mark("Several where both sources tell of several contracts")),
    day("known_on_b", mark("The second says so since"), mark("The end of this day")),
    text("record_id_b", mark("Row that said the second"), sensitivity="pseudonym"),
    text("receipt_id_b", mark("Receipt of the file that said the second"),
         mark("As in release_manifest")),
    text("role", mark("What the organisation is to the row")),
    text("organisation_id", mark("Organisation"), mark("An establishment; without SIRET or number "
         "a name and a commune")),
    text("company_id", mark("Company"), mark("Its establishments share the SIREN")),
    text("siret", mark("SIRET"), mark("Of the row, or the one its number or name leads to")),
    text("number", mark("Number of the organisation"), mark("One of the study's own")),
    text("name_label", mark("Label of the name"), mark("Alike or not; the name stays in the vault"),
         sensitivity="pseudonym"),
    text("named_label", mark("Label of name and commune"), sensitivity="pseudonym"),
    text("known_as", mark("What SIRET or number alone say")),
    coded("conflict", mark("What does not fit"), {
        "names_differ": mark("One SIRET, two names without a word in common"),
        "sirets_differ": mark("One name and commune, two companies"),
        "number_has_two_sirets": mark("One number, two SIRETs"),
        "commune_missing": mark("The same name once without its commune")}),
    text("organisation_id_a", mark("First organisation")),
    text("organisation_id_b", mark("Second organisation")),
)  # fmt: skip

FACTS = vocabulary(
    text("outcome", mark("Outcome")),
    text("definition", mark("Definition")),
    flag("is_early", mark("Ended before its planned end")),
    day("ends_on", mark("First day out of the contract")),
    count("time_days", mark("Days to the first event"), mark("From the index date"), unit="days"),
    coded("cause", mark("What ended it"), {
        "0": mark("None known"), "1": mark("The event"), "2": mark("A normal end")}),
    count("follow_up_days", mark("Days followed"), mark("From the index date to the common cut"),
          unit="days"),
    day("asked_on", mark("Day of the question")),
    flag("is_due", mark("Due"), mark("The windows of both members have closed")),
    flag("is_respondent", mark("Answered"), mark("An answer lies in the window")),
    flag("status", mark("The situation holds")),
    number("value", mark("Measured value")),
    text("reason", mark("Reason as reported"), mark("A code of the source")),
    text("initiative", mark("Initiative as reported"), mark("A code of the source")),
    count("next_days", mark("Days to the next contract"),
          mark("From the event to the first later day in another contract"), unit="days"),
    whole("seen_days", mark("Days read since the event"),
          mark("How far the register has been read after it"), unit="days"),
    text("wave", mark("Wave"), mark("As named in the protocol")),
    coded("state", mark("What became of the questionnaire"), {
        "answered": mark("Answered"), "in_part": mark("Answered in part"),
        "out_of_window": mark("Answered outside the window"),
        "no_contact": mark("Refused to be asked"), "silent": mark("Silent")}),
    flag("is_lost", mark("Out of reach by a list"),
         mark("By the end of the window; empty where no list of the arm tells it")),
    day("answered_on", mark("Day of the answer")),
    whole("answered_days", mark("Days to the answer"), mark("From the index date"), unit="days"),
    flag("is_before_early_end", mark("Before any early end"),
         mark("Empty where the contract of the pair is not linked")),
    coded("contract", mark("By the register"), IN_REGISTER),
    text("contract_kind", mark("Kind of the contract that counts"), mark("A code of the source")),
    count("n_contracts", mark("Contracts in force")),
    count("month_number", mark("Month"), mark("Since the index date, from 1")),
    day("month_on", mark("First day of the month")),
    text("told", mark("As told"), mark("A code of the source")),
    text("told_in", mark("Told in"), mark("As named in the protocol")),
    flag("has_two_answers", mark("Told twice, differently")),
    flag("has_job", mark("In a job as dated by an answer")),
    flag("is_job_lasting", mark("The job is what the outcome asks for"),
         mark("Empty where its kind is not told")),
    day("session_on", mark("Day of the interview")),
    text("theme_codes", mark("Themes"), mark("Codes of the source")),
    text("subtheme_codes", mark("Sub-themes"), mark("Codes of the source"),
         sensitivity="sensitive"),
    whole("index_days", mark("Days to the interview"), mark("From the index date"), unit="days"),
    whole("entry_days", mark("Days from the entry into support"), unit="days"),
    count("minutes", mark("Length of the interview"), unit="minutes"),
    number("shared_minutes", mark("Length, shared by those present"), unit="minutes"),
    text("phase", mark("Phase"), mark("A code of the source")),
    text("present", mark("Who was present"), mark("Codes of the source")),
    flag("is_unfollowed", mark("Nothing followed in time"),
         mark("The number behind the name is the window in days")),
)  # fmt: skip


def sql_column(name: str, protocol: Protocol, step: str) -> Column:
    """What a column of an SQL table says, whose name is ours or the protocol's.

    A name nobody explained stands for itself: a test asks for its words.
    """
    ours = {**PERSONS, **MATCHING, **LINKED, **(FACTS if step == "outcomes" else {})}
    if name in ours:
        return ours[name]
    bare = name.removeprefix(SPELL_PREFIX).removeprefix(FIRST_PREFIX)
    for source in protocol.sources:
        for column in source.warehouse_columns:
            if column.name in (name, bare):
                return protocol_column(name, column)
    stem = name.rstrip("0123456789").rstrip("_")
    return replace(ours[stem], name=name) if stem in ours else Column(name, "text", name)


def protocol_column(name: str, column: SourceColumn | Derived) -> Column:
    """A column of a source as the tables of the study hold it."""
    return Column(
        name,
        TYPES[column.type],
        column.labels,
        unit=column.unit,
        codes={code.code: code.labels for code in column.codes},
        is_nullable=True,
        sensitivity="sensitive" if column.sensitivity == "sensitive" else "none",
    )
