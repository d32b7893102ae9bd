"""The tables of the validated step that are no source: what was decided, what changed."""

from collections.abc import Mapping

from agir_pipeline.contracts.model import TableContract
from agir_pipeline.contracts.once import once_per_protocol
from agir_pipeline.contracts.sql_words import LINKED
from agir_pipeline.contracts.words import coded, count, day, flag, number, spelled, text
from agir_pipeline.language import mark
from agir_pipeline.protocol.model import Protocol

OUTCOMES = {
    "applied": mark("Carried out, or the source says it by itself"),
    "conflict": mark("Not carried out: somebody has to look at it"),
    "orphan": mark("Nothing has this source, column or key"),
    "expired": mark("No longer carried out: its last day has passed"),
    "withdrawn": mark("Withdrawn by its author"),
    "waiting": mark("No file of its day of effect has come"),
}
REASONS = {
    "already_right": mark("The source says the new value by itself"),
    "old_value_differs": mark("The source says neither the old nor the new value"),
    "old_value_unreadable": mark("The old value is none the column could hold"),
    "new_value_unreadable": mark("The new value is none the column could hold"),
    "row_still_rejected": mark("The row is rejected for another cell, or says something else"),
    "author_not_listed": mark("The author is not among the deciders of study.toml"),
    "not_approved": mark("Nobody of the deciders of study.toml has approved it"),
    "approved_by_author": mark("It was approved by its own author"),
    "key_cannot_change": mark("The column is part of the key"),
    "no_such_source": mark("There is no such source"),
    "no_such_column": mark("The source has no such column"),
    "no_such_key": mark("No file of the source has this key"),
    "not_yet_effective": mark("Its day of effect is still to come"),
}
SEVERITIES = {"warn": mark("To be looked at"), "error": mark("To be put right")}
CHANGES = {
    "added": mark("New in this file"),
    "changed": mark("Says something else in one column"),
    "removed": mark("No longer in this file"),
}
MEASURES = {
    "rows": mark("Rows"),
    "rejected": mark("Share of rejected rows"),
    "missing": mark("Share of empty cells in the column"),
    "code": mark("Share of the code among the filled cells of the column"),
}

OWN = (
    text("decision_id", mark("Decision"), mark("Keyed hash of its own key"),
         sensitivity="pseudonym"),
    text("column_name", mark("Column")),
    day("effective_on", mark("Holds for files drawn from")),
    day("expires_on", mark("Holds for files drawn until")),
    coded("status", mark("What it came to"), OUTCOMES),
    coded("reason", mark("Why"), REASONS),
    text("rule", mark("Rule of law")),
    text("article", mark("Article")),
    coded("severity", mark("Severity"), SEVERITIES),
    count("n_changed", mark("Versions changed"), mark("Of the row, in all files so far")),
    text("previous_receipt_id", mark("Receipt of the file before")),
    coded("change", mark("Change"), CHANGES),
    flag("is_deletion", mark("Deleted"), mark("The delivery was declared complete")),
    flag("is_missing", mark("Still missing"), mark("The row left the file and has not come back")),
    coded("measure", mark("Measure"), MEASURES),
    text("code", mark("Code")),
    number("found", mark("Found"), mark("A count for rows, else a share")),
    number("low", mark("Expected from")),
    number("high", mark("Expected up to")),
    flag("is_met", mark("As expected")),
)  # fmt: skip


@once_per_protocol
def validated_contracts(protocol: Protocol) -> Mapping[str, TableContract]:
    """By name; a study whose sources of decisions correct nothing has no outcomes of them."""
    made = [
        TableContract(
            "delivery_changes",
            mark("What is new, changed or gone in each full file"),
            spelled(
                LINKED,
                "source provider receipt_id previous_receipt_id known_on entity_id change "
                "column_name is_deletion is_missing",
                *OWN,
            ),
            key=("receipt_id", "entity_id", "change", "column_name"),
        )
    ]
    if any(source.corrects for source in protocol.sources):
        made.append(
            TableContract(
                "correction_outcomes",
                mark("What became of each correction"),
                spelled(
                    LINKED,
                    "decision_id source column_name entity_id known_on effective_on "
                    "expires_on? status reason? n_changed",
                    *OWN,
                ),
                key=("decision_id",),
            )
        )
    if any(source.law for source in protocol.sources):
        made.append(
            TableContract(
                "legal_findings",
                mark("Rows that the law of their day did not allow"),
                spelled(
                    LINKED,
                    "source rule article severity column_name entity_id record_id receipt_id "
                    "row_number known_on",
                    *OWN,
                ),
                key=("source", "rule", "entity_id"),
            )
        )
    if protocol.audit is not None:
        made.append(
            TableContract(
                "delivery_audits",
                mark("Each night's deliveries beside the ones before them"),
                spelled(
                    LINKED,
                    "receipt_id source provider known_on measure column_name? code? found low "
                    "high is_met",
                    *OWN,
                ),
                key=("receipt_id", "measure", "column_name", "code"),
            )
        )
    return {contract.name: contract for contract in made}
