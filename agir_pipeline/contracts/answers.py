"""The table of all answers: one row per version of a response and question, with its state."""

from agir_pipeline.contracts.model import Column, TableContract
from agir_pipeline.contracts.sql_words import LINKED
from agir_pipeline.contracts.words import coded, text
from agir_pipeline.language import mark

STATES = {
    "answered": mark("Answered"),
    "refused": mark("Would not answer"),
    "dont_know": mark("Did not know"),
    "shown_unanswered": mark("Saw the question and left it out"),
    "not_reached": mark("Stopped before the question"),
    "not_applicable": mark("Was not asked: the question did not apply"),
    "not_asked": mark("Was not asked: the question came later"),
    "unknown": mark("Not known why it is missing"),
}

ANSWERS = TableContract(
    "answers",
    mark("Every answer and its state"),
    (
        LINKED["record_id"],
        LINKED["receipt_id"],
        LINKED["entity_id"],
        LINKED["source"],
        text("item", mark("Question")),
        Column("code", "text", mark("Answer"), mark("As the protocol codes it"), is_nullable=True),
        coded("state", mark("State of the answer"), STATES),
        Column(
            "codebook",
            "text",
            mark("Version of the questionnaire"),
            mark("A hash of its questions, codes and wording when the response came"),
            is_nullable=True,
        ),
        LINKED["known_on"],
        Column(
            "superseded_on",
            "date",
            LINKED["superseded_on"].label,
            LINKED["superseded_on"].description,
            is_nullable=True,
        ),
    ),
    ("record_id", "item"),
)
