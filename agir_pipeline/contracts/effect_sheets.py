"""The table of effect sheets: for each primary outcome the lines of its page."""

from collections.abc import Mapping

from agir_pipeline.contracts.model import TableContract, Text
from agir_pipeline.contracts.words import coded, count, spelled, text, vocabulary
from agir_pipeline.language import mark
from agir_pipeline.protocol.model import Protocol

SECTIONS: Mapping[str, Text] = {
    "trial": mark("The trial it stands in for"),
    "estimand": mark("What is estimated"),
    "pairs": mark("Pairs"),
    "effect": mark("Effect"),
    "precision": mark("How small an effect could be found"),
    "hidden_bias": mark("How large an unseen difference would have to be"),
    "evaluability": mark("What can be known now, and when the rest"),
    "ascertainment": mark("Who is seen"),
}
EFFECT_SHEET = "effect_sheet"

WORDS = vocabulary(
    count("position", mark("Line"), mark("In the order to read them")),
    coded("section", mark("Section"), SECTIONS, description=mark("Part of the page")),
    text("item", mark("Item"), mark("What the line is about, in the language of the release")),
    text("told", mark("What it says"), mark("A figure or a sentence, as on the page")),
)  # fmt: skip


def effect_sheet_contracts(protocol: Protocol) -> dict[str, TableContract]:
    """The contract of the table, where the protocol names primary outcomes."""
    names: dict[str, Text] = {
        o.name: o.labels for o in protocol.outcomes if o.name in protocol.inference.primary_family
    }
    if not names:
        return {}
    columns = spelled(
        WORDS,
        "outcome position section item told",
        coded("outcome", mark("Outcome"), names, mark("As named in the protocol")),
    )
    title = mark("All one needs to judge each primary effect")
    return {EFFECT_SHEET: TableContract(EFFECT_SHEET, title, columns, ("outcome", "position"))}
