"""The table of placebos: what the design and its estimators claim where nothing can be found."""

from collections.abc import Mapping

from agir_pipeline.contracts.model import TableContract, Text
from agir_pipeline.contracts.words import coded, count, flag, points, spelled, text, vocabulary
from agir_pipeline.language import mark
from agir_pipeline.protocol.model import Protocol

PLACEBOS: Mapping[str, Text] = {
    "permuted": mark("Arms drawn by lot within pairs"),
    "reassigned": mark("Index dates given to people never supported"),
    "unaligned": mark("The same with a clock wrong on purpose"),
    "joint_bands": mark("All bands of delay solved together, wrong on purpose"),
    "null_outcome": mark("Something that was so before the index date"),
}
PLACEBO = "placebo"

WORDS = vocabulary(
    coded("placebo", mark("Placebo"), PLACEBOS, description=mark("Where nothing can be found")),
    text("definition", mark("Definition"),
         mark("Variant of the outcome, as named in the protocol")),
    count("horizon_days", mark("Horizon"), mark("Counted from the index date"), unit="days"),
    count("n", mark("Pairs or persons"), mark("Pairs; of reassigned index dates, persons")),
    count("n_replicates", mark("Replicates"), mark("1: one estimate, with its own error")),
    points("effect_points", mark("Effect claimed"), mark("Mean over the replicates")),
    points("monte_carlo_se_points", mark("Its error"),
           mark("Monte-Carlo error of the mean; of one estimate, its standard error")),
    points("limit_points", mark("Limit"), mark("Largest error that is let pass")),
    flag("is_alarm", mark("Alarm"),
         mark("Beyond the limit by more than its error; empty for the wrong clock")),
    text("method", mark("Method"), mark("How the figures of the row were computed")),
)  # fmt: skip


def placebo_contracts(protocol: Protocol) -> dict[str, TableContract]:
    """The contract of the table, where the protocol asks for it."""
    if protocol.placebo is None:
        return {}
    names: dict[str, Text] = {o.name: o.labels for o in protocol.outcomes}
    names |= {null.name: null.labels for null in protocol.placebo.null_outcomes}
    columns = spelled(
        WORDS,
        """placebo outcome definition horizon_days? n n_replicates effect_points?
        monte_carlo_se_points? limit_points is_alarm? method""",
        coded("outcome", mark("Outcome"), names, mark("As named in the protocol")),
    )
    title = mark("What the design claims where nothing can be found")
    key = ("placebo", "outcome", "definition", "horizon_days")
    return {PLACEBO: TableContract(PLACEBO, title, columns, key)}
