"""The protocol as frozen values. No study fact has a default: the file says it or it is wrong.

Every study fact is a ``Fact``: value, unit, and the document that decided it. Text fields named
``source`` say the same for choices that are not quantities. This module is the whole of it: its
parts about sources and the kinds of value are named here too.
"""

from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from agir_pipeline.protocol.audit import Audit
from agir_pipeline.protocol.design import Balance, Covariate, Eligibility, Index, Matching, OtherWay
from agir_pipeline.protocol.funding import Funding
from agir_pipeline.protocol.identity import Identity, Linkage, LinkageColumns
from agir_pipeline.protocol.mechanism import Employment, Mechanism, StatusRule
from agir_pipeline.protocol.organisations import Organisations, OrganisationTeller
from agir_pipeline.protocol.placebo import Placebo
from agir_pipeline.protocol.processing import Processing, Recipient
from agir_pipeline.protocol.programme import (
    Context,
    Costs,
    Enrolment,
    Governance,
    Membership,
    Outreach,
    Pace,
    Reviews,
    Target,
    Territory,
)
from agir_pipeline.protocol.reporting import CauseClass, Causes, Wave
from agir_pipeline.protocol.shared_facts import SharedFact, Teller
from agir_pipeline.protocol.sources import (
    Agreement,
    Alias,
    Arm,
    ArmColumn,
    BackDated,
    Code,
    Column,
    ColumnType,
    DateOrder,
    Decimal,
    Derived,
    Feeds,
    Provider,
    Pull,
    Sensitivity,
    Source,
    SpellColumns,
)
from agir_pipeline.protocol.values import (
    AtLeastOne,
    Count,
    Days,
    Fact,
    Frozen,
    Labels,
    Many,
    Months,
    Name,
    Share,
    Some,
    SomeDays,
    Text,
)
from agir_pipeline.protocol.warnings import EarlyWarnings

__all__ = [
    "PERSONAL",
    "Agreement",
    "Alias",
    "Arm",
    "ArmColumn",
    "Asked",
    "Audit",
    "BackDated",
    "Balance",
    "Benchmark",
    "CauseClass",
    "Causes",
    "Code",
    "Column",
    "ColumnType",
    "Context",
    "Costs",
    "Count",
    "Covariate",
    "DateOrder",
    "Decimal",
    "Derived",
    "Eligibility",
    "Employment",
    "Enrolment",
    "EventDefinition",
    "EventOutcome",
    "Fact",
    "Feeds",
    "Frozen",
    "Governance",
    "Identity",
    "Index",
    "Inference",
    "Labels",
    "Linkage",
    "LinkageColumns",
    "Many",
    "Matching",
    "MeasureOutcome",
    "Mechanism",
    "Membership",
    "Name",
    "OrganisationTeller",
    "Organisations",
    "OtherWay",
    "Outcome",
    "Outreach",
    "Pace",
    "Party",
    "Processing",
    "Protocol",
    "Provider",
    "Pull",
    "Recipient",
    "Reviews",
    "Sensitivity",
    "Share",
    "SharedFact",
    "Source",
    "SpellColumns",
    "StatusDefinition",
    "StatusOutcome",
    "StatusRule",
    "Study",
    "Target",
    "Teller",
    "Territory",
    "Text",
    "ToldContract",
    "Wave",
]

PERSONAL: tuple[Feeds, ...] = ("person", "spell", "session", "answer")
"""What is always somebody's, even where nothing says whose."""


# ----------------------------------------------------------------------------- outcomes


class ToldContract(Frozen):
    """What an answer says of a contract that the source followed does not hold."""

    origin: Name
    codes: dict[str, Many[str]]
    """All of them tell that such a contract is in force on the day of the answer."""
    starts: Name | None = None
    """Its first day; told by no column, it is known from the day of the answer on."""


class EventDefinition(Frozen):
    name: Name
    labels: Labels
    method: Name
    """gross: the contract ended before its planned end · path_net: and nothing followed · or any
    other that the SQL folder has a macro for."""
    window_days: Days = 0
    """path_net: how long a new contract may take to secure the path."""
    apart: Many[str] = ()
    """Reasons of an early end that are another ending under this definition, not the event."""
    apart_if: Name | None = None
    """A yes-or-no column of the origin: an early end it says yes of is another ending as well."""
    also_told: Many[ToldContract] = ()
    """Where others tell of a new contract: for a variant, since the arms are not seen alike."""
    is_variant: bool = False
    """Told in the risks, the effects and the specification curve, and in no table beside them."""


class EventOutcome(Frozen):
    """Something that happens on a day, counted from the index date."""

    kind: Literal["event"]
    name: Name
    labels: Labels
    origin: Name
    """The spell source whose contracts are followed."""
    benefit: Literal["lower", "higher"]
    horizons_days: Fact[Many[SomeDays]]
    consolidation_days: Fact[Days]
    definitions: Some[EventDefinition] = Field(alias="definition")
    source: Text
    primary_definition: Name | None = None
    primary_horizon_days: int | None = None
    free_time_days: Fact[Some[SomeDays]] | None = None
    """Up to which days after the index the mean time free of the event is told."""
    causes: Causes | None = None

    @property
    def without_variants(self) -> "EventOutcome":
        """The same event under the definitions that every table beside the effects tells."""
        kept = tuple(definition for definition in self.definitions if not definition.is_variant)
        return self.model_copy(update={"definitions": kept})


class Asked(Frozen):
    """Which answers tell a situation, and of which day."""

    origin: Name
    """The answer source of the wave asked for that day."""
    months_after_planned_end: Fact[Months]


class StatusDefinition(Frozen):
    name: Name
    labels: Labels
    true_when: Many[StatusRule]
    """Any of the rules makes the status true."""
    known_when: Name
    """The status is known when this column is answered; otherwise the person is missing."""
    counted_from: Literal["planned_end", "actual_end"] = "planned_end"
    """actual_end: the date hangs on how the contract ended, hence never for a primary one."""
    asked: Asked | None = None
    """Where another wave tells the situation on another date; none: as the outcome says."""


class StatusOutcome(Frozen):
    """A situation on a date: the pair's common planned end plus some months."""

    kind: Literal["status"]
    name: Name
    labels: Labels
    origin: Name
    """The answer source of the wave asked for that date."""
    benefit: Literal["lower", "higher"]
    months_after_planned_end: Fact[Months]
    window_days: Fact[Many[Days]]
    """Days before and after the date in which an answer counts."""
    definitions: Some[StatusDefinition] = Field(alias="definition")
    source: Text
    primary_definition: Name | None = None
    bootstrap_draws: Fact[AtLeastOne]
    variant_draws: Fact[AtLeastOne] | None = None
    """Draws of the definitions that other persons told than the primary one; none: as many."""

    def asked(self, definition: StatusDefinition) -> Asked:
        """Which answers tell the situation under one of the definitions, and of which day."""
        months = self.months_after_planned_end
        return definition.asked or Asked(origin=self.origin, months_after_planned_end=months)


class MeasureOutcome(Frozen):
    """A quantity of each person; the effect is the mean difference within pairs."""

    kind: Literal["measure"]
    name: Name
    labels: Labels
    column: Name
    """A column of the person sources that is not known before the index date."""
    unit: Text
    benefit: Literal["lower", "higher"]
    source: Text


Outcome = Annotated[EventOutcome | StatusOutcome | MeasureOutcome, Field(discriminator="kind")]


class Inference(Frozen):
    confidence_level: Fact[Share]
    power: Fact[Share]
    primary_family: Many[Name]
    """Outcomes whose primary definitions are tested together (Holm)."""
    final_on: Fact[date] | None = None
    """Releases with an earlier data cut are interim: described, not tested."""
    seed: Count
    subgroups: Many[Name] = ()
    """Covariates by whose levels effects are told apart, as an exploration; or whom the rules of
    ``[funding]``, by their name, would fund."""
    helped_column: Name | None = None
    """Whether somebody was helped elsewhere, as answered: told after the index, a variant only."""


class Benchmark(Frozen):
    """A known answer shown beside an effect: beneficiaries against a randomised reference arm."""

    outcome: Name
    published: Fact[float]
    labels: Labels


class Party(Frozen):
    role: Literal["bearer", "funder", "evaluator", "partner"]
    name: Text


class Study(Frozen):
    name: Name
    title: Labels
    language: Literal["en", "fr"]
    time_zone: Text
    start_on: Fact[date] | None = None
    end_on: Fact[date] | None = None
    project_number: str = ""
    file_words: Many[Text] = ()
    """Words that partners put into names of files, and that tell of nobody."""
    parties: Many[Party] = Field(default=(), alias="party")


class Protocol(Frozen):
    """One study, whole. ``folder`` is where its code lists lie."""

    protocol_version: Literal[1]
    study: Study
    sources: Some[Source] = Field(alias="source")
    identity: Identity | None = None
    eligibility: Many[Eligibility] = ()
    covariates: Some[Covariate] = Field(alias="covariate")
    matching: Matching
    balance: Balance
    outcomes: Some[Outcome] = Field(alias="outcome")
    inference: Inference
    enrolment: Enrolment | None = None
    waves: Many[Wave] = Field(default=(), alias="wave")
    governance: Governance | None = None
    outreach: Outreach | None = None
    costs: Costs | None = None
    territory: Territory | None = None
    context: Context | None = None
    employment: Employment | None = None
    mechanism: Mechanism | None = None
    placebo: Placebo | None = None
    funding: Funding | None = None
    warnings: EarlyWarnings | None = None
    processing: Processing | None = None
    benchmarks: Many[Benchmark] = Field(default=(), alias="benchmark")
    shared_facts: Many[SharedFact] = Field(default=(), alias="shared_fact")
    audit: Audit | None = None
    organisations: Organisations | None = None

    design_digest: str = Field(exclude=True)
    protocol_digest: str = Field(exclude=True)
    folder: Path = Field(exclude=True)

    def source(self, name: str) -> Source:
        return next(s for s in self.sources if s.name == name)

    def feeding(self, feeds: str) -> tuple[Source, ...]:
        return tuple(s for s in self.sources if s.feeds == feeds)

    @property
    def contract_tellers(self) -> tuple[OrganisationTeller, ...]:
        """How contracts themselves name an organisation by a number, one teller a role."""
        told = self.organisations.told_by if self.organisations else ()
        spells = {source.name for source in self.feeding("spell")}
        own = [t for t in told if t.source in spells and (t.siret or t.number)]
        return tuple({teller.role: teller for teller in reversed(own)}.values())

    @property
    def tellers(self) -> tuple[tuple[SharedFact, Teller], ...]:
        """Every column that tells a shared fact; its number is its place here."""
        return tuple((fact, teller) for fact in self.shared_facts for teller in fact.told_by)

    def is_identity(self, fact: SharedFact) -> bool:
        """Whether a fact says who somebody is: its values are compared in the vault alone."""
        names = {(teller.source, teller.column) for teller in fact.told_by}
        return any(
            (source.name, column.name) in names
            for source in self.sources
            for column in source.identifying_columns
        )

    @property
    def tables(self) -> frozenset[str]:
        """The files beside it that it needs: lookup tables and the linkage model."""
        own = frozenset().union(*(source.tables for source in self.sources))
        linkage = self.identity.linkage if self.identity else None
        return own | {linkage.model} if linkage else own
