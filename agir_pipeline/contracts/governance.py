"""Tables of the committees: how often they met, whose case they went through, who sits in them."""

from collections.abc import Iterator, Mapping

from agir_pipeline.contracts.model import Column, TableContract, Text
from agir_pipeline.contracts.words import coded, count, day, flag, spelled, vocabulary
from agir_pipeline.language import mark
from agir_pipeline.protocol.model import Governance, Membership, Protocol

WORDS = vocabulary(
    day("month_on", mark("Month"), mark("Its first day")),
    count("n_held", mark("Meetings held"), mark("In the month")),
    count("gap_days", mark("Longest gap"), mark("Without a meeting, reaching into the month"),
          unit="days"),
    count("limit_days", mark("Limit"), mark("Cadence and tolerance of the protocol"), unit="days"),
    flag("is_compliant", mark("In time"), mark("No gap is longer than the limit")),
    count("n_cases", mark("Cases reviewed"), mark("In the meetings of the month")),
    count("n_reviewed", mark("Persons reviewed"),
          mark("Whose case the meetings of the month went through, each once")),
    count("n_unlisted", mark("Cases of nobody"),
          mark("Keys named in the month that no list of supported persons holds")),
    count("n_active", mark("In support"), mark("At the end of the month, or on the last day")),
    count("within_meetings", mark("Meetings within which each is reviewed"),
          mark("As in the protocol")),
    count("n_due", mark("Due for review"),
          mark("In support, and so at the first of that many last meetings; 0 before there are")),
    count("n_not_reviewed", mark("Not reviewed"),
          mark("Of those due: whose case none of these meetings went through")),
    flag("is_covered", mark("All reviewed"), mark("Empty while nobody is due")),
    day("since_on", mark("Member since"), mark("The first meeting the organisation came to")),
    day("gone_on", mark("Gone since"),
        mark("The last of the meetings missed in a row that end a membership; empty: a member")),
    day("last_present_on", mark("Last present on"), mark("Of this time as a member")),
    count("n_present", mark("Meetings it came to"), mark("Of this time as a member")),
    flag("is_new", mark("Joined later"), mark("Not since the committee's first meeting")),
)  # fmt: skip


def governance_contracts(protocol: Protocol) -> Iterator[TableContract]:
    """The tables of the committees that the protocol asks for."""
    if governance := protocol.governance:
        yield _governance(governance)
        if governance.membership:
            yield _members(protocol, governance, governance.membership)


def codes_of(protocol: Protocol, source: str, column: str) -> Mapping[str, Text]:
    declared = {c.name: c for c in protocol.source(source).columns}
    return {code.code: code.labels for code in declared[column].codes}


REVIEWED = """n_reviewed? n_unlisted? n_active? within_meetings? n_due? n_not_reviewed?
    is_covered?"""


def _governance(governance: Governance) -> TableContract:
    cover = REVIEWED if governance.reviews else ""
    return TableContract(
        "governance",
        mark("Whether the committees met and went through every case"),
        spelled(
            WORDS,
            f"committee month_on n_held gap_days limit_days is_compliant n_cases {cover}",
            _committee(governance),
        ),
        ("committee", "month_on"),
    )


def _members(protocol: Protocol, governance: Governance, membership: Membership) -> TableContract:
    organisations = codes_of(protocol, governance.origin, membership.present_column)
    return TableContract(
        "committee_members",
        mark("Which organisations sit in the committees, and since when"),
        spelled(
            WORDS,
            """committee organisation_present since_on gone_on? last_present_on n_present n_held
            is_new""",
            _committee(governance),
            coded("organisation_present", mark("Organisation"), organisations,
                  mark("As named in the log")),
            count("n_held", mark("Meetings held"), mark("From the first to the last it came to")),
        ),
        ("committee", "organisation_present", "since_on"),
    )  # fmt: skip


def _committee(governance: Governance) -> Column:
    committees: Mapping[str, Text] = {c.code: c.labels for c in governance.committees}
    return coded("committee", mark("Committee"), committees, mark("As named in the protocol"))
