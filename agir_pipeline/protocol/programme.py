"""What the programme promised beside its outcomes: pace, committees, costs and reach."""

from collections.abc import Mapping
from datetime import date

from pydantic import Field

from agir_pipeline.protocol.values import (
    AtLeastOne,
    Count,
    Fact,
    Frozen,
    Labels,
    Many,
    Name,
    NotNegative,
    Positive,
    Share,
    Some,
    SomeDays,
    Text,
)


class Pace(Frozen):
    """From when entries quickened, and until when they are projected."""

    change_on: Fact[date]
    until_on: Fact[date]
    prior_entries: Fact[Positive]
    """With ``prior_months`` what was known of the pace beforehand: a gamma distribution."""
    prior_months: Fact[NotNegative]
    interval_level: Fact[Share]


class Target(Frozen):
    beneficiary: Fact[AtLeastOne]
    control: Fact[AtLeastOne]


class Enrolment(Frozen):
    """Where a person's entry date stands, for progress against the target."""

    entry_column: Name
    target: Target | None = None
    watched_column: Name | None = None
    """A coded column whose share is watched (AGIR: the level prepared) …"""
    watched_codes: Many[str] = ()
    """… and the codes that make up the share."""
    watched_at_least: Fact[Share] | None = None
    """The share that was promised; the steward is warned below it."""
    pace: Pace | None = None


class Committee(Frozen):
    """How often a committee meets at least."""

    code: Text
    labels: Labels
    every_days: Fact[SomeDays]
    tolerance_days: Fact[Count]


class Reviews(Frozen):
    """Which committee goes through the cases of supported persons, and how often at least."""

    committee: Text
    listed_column: Name
    """Of the log: the keys of the persons whose cases were gone through, one after the other."""
    within_meetings: Fact[AtLeastOne]
    """Everybody supported is gone through at least once in so many meetings."""
    persons_origin: Name
    """The list of those who are supported …"""
    key_column: Name
    """… their key in it, …"""
    entered_column: Name
    left_column: Name
    """… the day support began, and the day it ended."""


class Membership(Frozen):
    """Who sits in the committees, as the log tells who was present."""

    present_column: Name
    gone_after: Fact[AtLeastOne]
    """Meetings missed in a row after which a member is no longer one."""


class Governance(Frozen):
    origin: Name
    type_column: Name
    day_column: Name
    cases_column: Name
    committees: Some[Committee] = Field(alias="committee")
    reviews: Reviews | None = None
    membership: Membership | None = None


class Outreach(Frozen):
    """Which organisations were told of the programme, and how far each came.

    What makes two rows one organisation stands in ``organisations``.
    """

    origin: Name
    day_column: Name
    type_column: Name
    result_column: Name
    replied_when: Some[str]
    agreed_when: Some[str]
    referred_when: Some[str]
    watched_type: Text
    at_least: Fact[AtLeastOne]
    """Organisations of the watched type that were to be contacted."""
    obstacle_column: Name | None = None
    """A coded column: what stood in the way of an organisation."""
    referral_column: Name | None = None
    """A coded column of the lists of persons: who sent a beneficiary …"""
    referred_by: Mapping[str, str] = Field(default_factory=dict)
    """… and which type of organisation each of its codes is of. A code of none is left out."""


class CostActor(Frozen):
    """Somebody who might give or pay the support, and what one person's would cost it."""

    code: Text
    labels: Labels
    per_beneficiary: Fact[Positive] | None = None
    source: Text
    """Where the cost stands, or why none is told."""


class Costs(Frozen):
    """What support costs: the part spent on persons, and its share of everything."""

    origin: Name
    day_column: Name
    item_column: Name
    amount_column: Name
    direct_items: Some[str]
    direct_per_beneficiary: Fact[Positive]
    direct_share: Fact[Share]
    announced: Fact[Positive] | None = None
    """What the whole study was announced to cost."""
    acceptable: Fact[Some[Positive]] | None = None
    """What somebody might pay for one more person with the benefit: the acceptability curve."""
    actors: Many[CostActor] = Field(default=(), alias="actor")
    """For whom the cost of a gain is told beside the study's own."""


class Context(Frozen):
    """Series of what happened around the programme, each figure with its publications."""

    origin: Name
    series_columns: Some[Name]
    month_column: Name
    value_column: Name
    published_column: Name


class Territory(Frozen):
    """On what ground each person is in the territory: by a rule of eligibility, or its other way.

    ``zone_column``, of persons, tells the part of the territory.
    """

    eligibility: Name
    zone_column: Name
