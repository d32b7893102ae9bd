"""Why a cell of a questionnaire is empty, for every response and question.

An export does not say. It follows from the conditions of the questionnaire, from whether the
response was submitted, and from the last page that was reached; where that is not enough the
state is ``unknown``.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import pairwise

from agir_pipeline.methods.reading.expressions import NotShown, Value, is_true, names_of
from agir_pipeline.methods.reading.questionnaire import WHOLE, Field, Questionnaire

DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
BY_GROUP = "G"
"""The only format whose last page says which groups were seen."""


class AnswerState(StrEnum):
    """What is known of one question in one response."""

    ANSWERED = "answered"
    REFUSED = "refused"
    DONT_KNOW = "dont_know"
    SHOWN_UNANSWERED = "shown_unanswered"
    NOT_REACHED = "not_reached"
    NOT_APPLICABLE = "not_applicable"
    NOT_ASKED = "not_asked"
    """The question did not exist yet."""
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Spellings:
    """The codes of one column that are no answers."""

    refused: frozenset[str] = frozenset()
    dont_know: frozenset[str] = frozenset()
    missing: frozenset[str] = frozenset()
    """Written in the file for an empty cell."""

    def said(self, text: str) -> AnswerState | None:
        """The state that the cell itself tells; None when it is empty."""
        if text in self.refused:
            return AnswerState.REFUSED
        if text in self.dont_know:
            return AnswerState.DONT_KNOW
        return AnswerState.ANSWERED if text and text not in self.missing else None


Added = Mapping[str, tuple[date, date]]
"""Field that was added → the last day it was known not to be there, the first it was."""
NOTHING_ADDED: Added = {}


def added_fields(versions: Sequence[tuple[date, Questionnaire]]) -> Added:
    """Of the last version, the fields that an earlier one had not; ``versions`` by their day."""
    found: dict[str, tuple[date, date]] = {}
    if not versions:
        return found
    for (without, before), (since, after) in pairwise(versions):
        found |= {name: (without, since) for name in after.by_name.keys() - before.by_name}
    return {name: days for name, days in found.items() if name in versions[-1][1].by_name}


class Conditions:
    """A questionnaire ready to say of many responses which of its questions were shown."""

    def __init__(self, questionnaire: Questionnaire, added: Added = NOTHING_ADDED) -> None:
        self.questionnaire = questionnaire
        self.added = {
            name: (without.isoformat(), since.isoformat())
            for name, (without, since) in added.items()
        }
        self.of_question = {
            one.question: one for one in questionnaire.fields if one.question and one.relevance
        }
        self.names: dict[str, Field] = {}
        self.boxes: dict[str, list[str]] = {}
        for one in questionnaire.fields:
            if one.question:
                part = one.name.removeprefix(one.question)
                self.names.update(dict.fromkeys(names_of(one.question, part, one.raw_name), one))
                if one.type in ("M", "P"):
                    self.boxes.setdefault(one.question, []).append(one.name)

    def states(
        self, answers: Mapping[str, str], wanted: Mapping[str, Spellings]
    ) -> dict[str, AnswerState]:
        """Name of each wanted field → its state in one response.

        ``answers``: name of a field → text as exported, for all fields of the response, in codes.
        """
        shown = _Shown(self, answers)
        found = {}
        for name, spellings in wanted.items():
            one = self.questionnaire.by_name[name]
            found[name] = (
                spellings.said(answers.get(name, ""))
                or (self._not_yet_asked(name, answers) if name in self.added else None)
                or self._ticked(one, answers)
                or self._why_empty(one, answers, shown)
            )
        return found

    def _not_yet_asked(self, name: str, answers: Mapping[str, str]) -> AnswerState | None:
        """By the last day somebody was at the response; None where the question was there."""
        told = (answers.get("submitdate", ""), answers.get("datestamp", ""))
        day = max((text[:10] for text in told if DAY.match(text)), default=None)
        without, since = self.added[name]
        if day is None or day > since:
            return None
        return AnswerState.NOT_ASKED if day < without else AnswerState.UNKNOWN

    def _ticked(self, one: Field, answers: Mapping[str, str]) -> AnswerState | None:
        """An empty box beside a ticked one is an answer: it was left out on purpose."""
        beside = self.boxes.get(one.question, ()) if one.is_box else ()
        return AnswerState.ANSWERED if any(answers.get(name) for name in beside) else None

    def _why_empty(self, one: Field, answers: Mapping[str, str], shown: "_Shown") -> AnswerState:
        is_shown = shown.is_asked(one.question)
        if is_shown is False:
            return AnswerState.NOT_APPLICABLE
        if is_shown is None:
            return AnswerState.UNKNOWN
        if answers.get("submitdate") or self.questionnaire.pages == WHOLE:
            return AnswerState.SHOWN_UNANSWERED
        if self.questionnaire.pages != BY_GROUP:
            return AnswerState.UNKNOWN
        reached = answers.get("lastpage", "").removesuffix(".0")
        last_page = int(reached) if reached.isdecimal() else 0
        is_seen = one.page <= last_page
        return AnswerState.SHOWN_UNANSWERED if is_seen else AnswerState.NOT_REACHED


class _Shown:
    """Which questions were asked in one response; each is found once."""

    def __init__(self, conditions: Conditions, answers: Mapping[str, str]) -> None:
        self.conditions, self.answers = conditions, answers
        self.found: dict[str, bool | None] = {}

    def is_asked(self, question: str) -> bool | None:
        """None where a condition is not understood, or leads back to itself."""
        if question not in self.found:
            self.found[question] = None
            one = self.conditions.of_question.get(question)
            self.found[question] = self._hold(one.relevance if one else ())
        return self.found[question]

    def _hold(self, expressions: Sequence[str]) -> bool | None:
        truths = [is_true(expression, self._look) for expression in expressions]
        return False if False in truths else (None if None in truths else True)

    def _look(self, name: str, empty_if_unasked: bool) -> Value:
        one = self.conditions.names.get(name)
        if one is None:
            return None
        is_asked = self.is_asked(one.question)
        if is_asked is False:
            if empty_if_unasked:
                return ""
            raise NotShown
        return None if is_asked is None else self.answers.get(one.name)
