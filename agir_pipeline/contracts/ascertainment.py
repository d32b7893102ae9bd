"""The table that says whether both arms are seen by the same eyes."""

from collections.abc import Mapping

from agir_pipeline.contracts.model import TableContract, Text
from agir_pipeline.contracts.words import (
    PERSONS,
    coded,
    count,
    flag,
    number,
    share,
    spelled,
    text,
    vocabulary,
)
from agir_pipeline.language import mark
from agir_pipeline.protocol.model import EventOutcome, Protocol

ASCERTAINMENT = "ascertainment"
FRAMES: Mapping[str, Text] = {
    "all_starts": mark("Everybody who started"),
    "present_on_date": mark("Those present on the day of the list"),
}

WORDS = {
    **PERSONS,
    **vocabulary(
        text("provider", mark("Provider"), mark("Whose list it is; empty for a source whole")),
        coded("frame", mark("Frame of the list"), FRAMES,
              description=mark("Whom the list promises to hold; empty for a source whole")),
        flag("is_covering_both_arms", mark("Covers both arms"),
             mark("Whether persons of both arms are found in the source; empty for lists")),
        count("n_persons", mark("Persons"), mark("Of the arm, on the list or in all")),
        count("n_linked", mark("Found"),
              mark("Of a list: with a contract that is followed; of a source: found in it")),
        share("link_rate", mark("Link rate"), mark("Found, of the persons")),
        count("n_ruptured_in_list", mark("Broken, of the list"),
              mark("Contracts found that ended early, by any day")),
        share("share_ruptured_in_list", mark("Share broken, of the list"),
              mark("Of the contracts found; far below the register's: the list leaves them out")),
        count("n_in_register", mark("Contracts in the register"),
              mark("All of them; of a source, those of the arm")),
        count("n_ruptured_in_register", mark("Broken, in the register"),
              mark("Contracts that ended early, by any day")),
        share("share_ruptured_in_register", mark("Share broken, in the register"),
              mark("Of the contracts in the register")),
        count("n_notified", mark("Early ends told"), mark("Contracts of the arm with one")),
        number("notification_lag_median_days", mark("Median delay of the news"),
               mark("From an early end to the delivery that first told it"), unit="days"),
        count("n_not_listed_at_index", mark("Kept out: not yet listed"),
              mark("Controls that some band could not use for this reason")),
        count("n_supported_before_index", mark("Kept out: already supported"),
              mark("Controls that some band could not use for this reason")),
        count("n_not_consented_at_index", mark("Kept out: not yet consented"),
              mark("Controls that some band could not use for this reason")),
    ),
}  # fmt: skip


def followed_origin(protocol: Protocol) -> str | None:
    """The source whose contracts are followed: that of the first event."""
    origins = [o.origin for o in protocol.outcomes if isinstance(o, EventOutcome)]
    return origins[0] if origins else None


def ascertainment_contracts(protocol: Protocol) -> dict[str, TableContract]:
    """The contract of the table, where an event is followed in contracts."""
    if followed_origin(protocol) is None:
        return {}
    sources: dict[str, Text] = {source.name: source.labels for source in protocol.sources}
    columns = spelled(
        WORDS,
        """arm source provider? frame? is_covering_both_arms? n_persons n_linked link_rate?
        n_ruptured_in_list? share_ruptured_in_list? n_in_register? n_ruptured_in_register?
        share_ruptured_in_register? n_notified? notification_lag_median_days?
        n_not_listed_at_index? n_supported_before_index? n_not_consented_at_index?""",
        coded("source", mark("Source"), sources, mark("List of people, or source of an outcome")),
    )
    title = mark("Whether both arms are seen by the same eyes")
    return {
        ASCERTAINMENT: TableContract(ASCERTAINMENT, title, columns, ("arm", "source", "provider"))
    }
