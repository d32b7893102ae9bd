"""What became of each member of a pair, released as the effects read it.

With these rows and ``matched_pairs`` every effect can be worked out again elsewhere.
"""

from collections.abc import Mapping
from typing import NamedTuple

from agir_pipeline.contracts.model import TableContract, Text
from agir_pipeline.contracts.outcomes import EFFECTS
from agir_pipeline.contracts.places import Origins, Place
from agir_pipeline.contracts.words import (
    MATCHING,
    PERSONS,
    coded,
    count,
    day,
    flag,
    number,
    spelled,
    vocabulary,
)
from agir_pipeline.language import mark
from agir_pipeline.protocol.model import Protocol

ENDINGS: Mapping[str, Text] = {
    "none": mark("None known"),
    "event": mark("The event"),
    "other_ending": mark("Another ending of the contract"),
}
"""How a follow-up ended, in the order of the numbers of ``cause`` in the step's own table."""

WORDS = {
    **EFFECTS,
    **MATCHING,
    **PERSONS,
    **vocabulary(
        count("ending_days", mark("Days to the first ending"),
              mark("From the index date; one after the days followed does not count"), unit="days"),
        coded("ending", mark("First ending"), ENDINGS,
              mark("Empty where the contract of the pair is not linked")),
        count("follow_up_days", mark("Days followed"),
              mark("From the index date to the common cut, whatever happened"), unit="days"),
        day("asked_on", mark("Day of the question"), mark("Of the member")),
        flag("is_due", mark("Due"), mark("The windows of both members have closed")),
        flag("is_respondent", mark("Answered"), mark("An answer lies in the window")),
        flag("has_situation", mark("The situation holds"), mark("As answered")),
        number("value", mark("Measured value"), mark("In the unit of the outcome")),
    ),
}  # fmt: skip


class Released(NamedTuple):
    """A table of facts: its name, that of the step's own table, its title and its columns."""

    name: str
    title: str
    columns: str


FACTS_OF: Mapping[str, Released] = {
    "event": Released(
        "event_times",
        mark("The first ending of each member of a pair, by definition"),
        "outcome definition pair_id arm index_on? ending_days? ending? follow_up_days?",
    ),
    "status": Released(
        "status_answers",
        mark("What each member of a pair told, by definition"),
        "outcome definition pair_id arm asked_on? is_due? is_respondent? has_situation?",
    ),
    "measure": Released(
        "measures",
        mark("What was measured of each member of a pair"),
        "outcome pair_id arm value?",
    ),
}
"""Kind of outcome → the table of its facts."""

NAMES = {"ending_days": "time_days", "ending": "cause", "has_situation": "status"}
"""Column of a released table → the column of the step's table, where they differ."""
KEY = ("outcome", "definition", "pair_id", "arm")


def fact_contracts(protocol: Protocol) -> Mapping[str, TableContract]:
    """The contract of each table of facts, by name: one for each kind of outcome there is."""
    found = {}
    for kind in dict.fromkeys(outcome.kind for outcome in protocol.outcomes):
        name, title, columns = FACTS_OF[kind]
        declared = spelled(WORDS, columns)
        own = {column.name for column in declared}
        key = tuple(column for column in KEY if column in own)
        found[name] = TableContract(name, title, declared, key)
    return found


def fact_origins(protocol: Protocol) -> dict[str, Origins]:
    """Table → origins: the columns of the step's table of the same name."""
    return {
        name: {c: (Place("outcomes", name, NAMES.get(c, c)),) for c in contract.names}
        for name, contract in fact_contracts(protocol).items()
    }
