"""The protocol as frozen values. No study fact has a default: the file says it or it is wrong.

Every study fact is a ``Fact``: value, unit, and the document that decided it. Text fields named
``source`` say the same for choices that are not quantities.
"""

from datetime import date
from pathlib import Path
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

T = TypeVar("T")

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
Text = Annotated[str, StringConstraints(min_length=1)]
Count = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(gt=0, lt=1)]


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


Many = Annotated[tuple[T, ...], BeforeValidator(_as_tuple)]
"""A TOML array of ``T``, frozen."""


class Frozen(BaseModel):
    """Unknown keys are refused and nothing is converted: "75" is not 75."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Fact(Frozen, Generic[T]):
    """A study fact: its value, its unit, and the document that says so."""

    value: T
    unit: Text
    source: Text


class Labels(Frozen):
    """What people read, in both languages of the releases."""

    en: Text
    fr: Text

    def in_language(self, code: str) -> str:
        return self.fr if code == "fr" else self.en


# ------------------------------------------------------------------------------ sources


class Alias(Frozen):
    """A heading a partner uses for a column, and the days between which it may."""

    heading: Text
    since: date | None = None
    until: date | None = None


def _as_alias(value: Any) -> Any:
    return {"heading": value} if isinstance(value, str) else value


class Code(Frozen):
    """One value of a coded column; ``aliases`` are the spellings partners use for it."""

    code: Text
    labels: Labels
    aliases: Many[Text] = ()


Sensitivity = Literal["none", "identifying", "sensitive"]
ColumnType = Literal[
    "text", "identifier", "code", "date", "instant", "integer", "number", "boolean"
]


class Column(Frozen):
    """One column of a source. Identifying ones go to the vault, never to the warehouse."""

    name: Name
    type: ColumnType
    labels: Labels
    sensitivity: Sensitivity
    known_before_index: bool
    """Whether the value is fixed by the index date; only such columns may be matched on."""
    aliases: Many[Annotated[Alias, BeforeValidator(_as_alias)]] = ()
    unit: str = ""
    codes: Many[Code] = ()
    pattern: str | None = None
    """For identifiers: the form the whole value must have."""
    checksum: Literal["siret"] | None = None
    minimum: float | date | None = None
    maximum: float | date | None = None
    missing: Many[str] = ()
    """Spellings of an empty cell in this column alone, beside those of the source."""
    required: bool = False
    must_exist: bool = False
    """A delivery without this column is refused whole, even if single values may be empty."""

    @property
    def is_identifying(self) -> bool:
        return self.sensitivity == "identifying"


class Derived(Frozen):
    """A column computed row by row before identifying columns leave for the vault."""

    name: Name
    method: Literal["completed_years", "lookup", "days_between"]
    inputs: Many[Name]
    """completed_years: birth, day · days_between: from, to · lookup: columns by priority."""
    labels: Labels
    sensitivity: Literal["none", "sensitive"]
    known_before_index: bool
    unit: str = ""
    table: str | None = None
    """lookup: a CSV beside the protocol with columns ``column, value, result``."""
    otherwise: str | None = None
    """lookup: the result when no row of the table applies."""
    codes: Many[Code] = ()

    @property
    def type(self) -> ColumnType:
        return "code" if self.method == "lookup" else "integer"


DateOrder = Literal["day_month_year", "month_day_year", "year_month_day"]
Decimal = Literal[".", ","]


class Provider(Frozen):
    """Who delivers a source, and what its files promise."""

    name: Name
    labels: Labels
    frame: Literal["all_starts", "present_on_date"] | None = None
    """For lists of people: everybody who started, or those present on the day of extraction."""
    complete: bool = False
    """A complete delivery holds every row: a key that is no longer in it has left."""
    sheet: str | None = None
    date_order: DateOrder | None = None
    decimal: Decimal | None = None
    encoding: str | None = None
    """Where this provider's files differ from the layout of the source."""


Arm = Literal["beneficiary", "control", "reference"]


class ArmColumn(Frozen):
    """Reads the arm from a column: which of its codes means which arm."""

    column: Name
    codes: dict[str, Arm]


class SpellColumns(Frozen):
    """Which columns of a spell source say when a spell began, was to end, and ended early."""

    starts: Name
    planned_end: Name
    ended_early: Name
    amendment_number: Name | None = None
    """Rows above 0 amend the spell that shares the rest of the key …"""
    amendment_effective: Name | None = None
    """… from this day on."""


class Pull(Frozen):
    """Where the nightly run fetches a source by itself; without it, files come to the inbox."""

    adapter: Literal["causaldata"]
    dataset: Text


class Source(Frozen):
    """One stream of deliveries: its layout, its providers and what it feeds."""

    name: Name
    labels: Labels
    feeds: Literal["person", "spell", "answer"]
    source: Text
    key: Many[Name]
    """The business key. Empty: the row number is the key (public data sets that never change)."""
    columns: Many[Column] = Field(alias="column")
    providers: Many[Provider] = Field(alias="provider")
    derived: Many[Derived] = ()
    arm: Arm | ArmColumn | None = None
    """Person sources only."""
    sheet: str | None = None
    """The sheet to read; without it, the first visible one. Others are listed as ignored."""
    date_order: DateOrder = "year_month_day"
    decimal: Decimal = "."
    encoding: str | None = None
    """Declared encoding of csv files; without it BOM, then UTF-8, then cp1252."""
    missing: Many[str] = ()
    """Spellings of an empty cell, beside the empty cell itself."""
    wave: Name | None = None
    spell: SpellColumns | None = None
    """Spell sources only."""
    answered_at: Name | None = None
    """Answer sources: the instant of submission; missing means the answer was not finished."""
    pull: Pull | None = None

    @property
    def warehouse_columns(self) -> tuple[Column | Derived, ...]:
        """The columns that may leave the vault, in declared order, derived ones last."""
        return (*(c for c in self.columns if not c.is_identifying), *self.derived)

    @property
    def identifying_columns(self) -> tuple[Column, ...]:
        return tuple(c for c in self.columns if c.is_identifying)

    def provider(self, name: str) -> Provider:
        return next(p for p in self.providers if p.name == name)

    def as_delivered_by(self, name: str) -> "Source":
        """This source with the layout of one provider's files."""
        own = self.provider(name)
        layout = {k: getattr(own, k) for k in ("sheet", "date_order", "decimal", "encoding")}
        return self.model_copy(update={k: v for k, v in layout.items() if v is not None})

    def arm_of(self, value: str | None = None) -> Arm | None:
        if isinstance(self.arm, ArmColumn):
            return self.arm.codes.get(value or "")
        return self.arm


# ----------------------------------------------------------------------------- identity


class Identity(Frozen):
    """Which columns say that two rows are one person; the first rule that is unique wins."""

    same_when: Many[Many[Name]]
    """Each rule is a list of identifying columns; all of them filled and equal means the same."""
    source: Text


# ------------------------------------------------------------------- population, matching


class Eligibility(Frozen):
    """A rule a person must meet to enter the study; a person without the value does not fail."""

    name: Name
    labels: Labels
    origin: Literal["person", "spell"]
    column: Name
    source: Text
    minimum: float | None = None
    maximum: float | None = None
    one_of: Many[str] = ()


class Covariate(Frozen):
    """Something pairs are made alike on (or watched on), fixed by the index date."""

    name: Name
    labels: Labels
    origin: Literal["person", "spell", "index"]
    """index: ``column`` is computed at the index date (``planned_days_remaining``)."""
    column: Name
    scale: Literal["number", "category"]
    role: Literal["exact", "near_exact", "distance", "report"]
    """Near-exact ones are given up in the order of the file, each time on record."""
    in_propensity: bool
    source: Text
    cut_points: Many[float] = ()
    """Folds a number into half-open classes [a, b)."""
    groups: dict[str, str] = Field(default_factory=dict)
    """Folds codes into groups; a code that is not named keeps its own."""
    unit: str = ""


class Index(Frozen):
    """Risk-set rule: time zero of a pair is the day support began, counted from contract start."""

    entry_column: Name
    delay_band_days: Fact[int]
    start_window_days: Fact[int]
    waiting_days: Fact[int]
    supported_since_column: Name
    consent_column: Name | None = None


class Matching(Frozen):
    """How controls are chosen; all of it is covered by the design digest."""

    design_number: Count
    estimand: Text
    instants: Many[date]
    """Days (their end, in the study's time zone) on which a round is matched. Empty: one round,
    on the first night on which every person source has a delivery."""
    distance: Literal["logit", "robust_rank_mahalanobis"]
    propensity: Literal["plain", "firth"]
    caliper_multiple: Fact[float]
    caliper_convention: Literal["pooled", "whole"]
    leave_out_price: float | Literal["infinite"]
    source: Text
    index: Index | None = None


class Balance(Frozen):
    max_absolute_smd: Fact[float]
    variance_ratio_range: Fact[Many[float]]


# ----------------------------------------------------------------------------- outcomes


class EventDefinition(Frozen):
    name: Name
    labels: Labels
    method: Name
    """gross: the contract ended before its planned end · path_net: and nothing followed · or any
    other that the SQL folder has a macro for."""
    window_days: Count = 0
    """path_net: how long a new contract may take to secure the path."""


class EventOutcome(Frozen):
    """Something that happens on a day, counted from the index date."""

    kind: Literal["event"]
    name: Name
    labels: Labels
    origin: Name
    """The spell source whose contracts are followed."""
    benefit: Literal["lower", "higher"]
    horizons_days: Fact[Many[int]]
    consolidation_days: Fact[int]
    definitions: Many[EventDefinition] = Field(alias="definition")
    source: Text
    primary_definition: Name | None = None
    primary_horizon_days: int | None = None


class StatusRule(Frozen):
    """True when every named column has one of the codes and every minimum is met."""

    codes: dict[str, Many[str]]
    minimum: dict[str, float] = Field(default_factory=dict)


class StatusDefinition(Frozen):
    name: Name
    labels: Labels
    true_when: Many[StatusRule]
    """Any of the rules makes the status true."""
    known_when: Name
    """The status is known when this column is answered; otherwise the person is missing."""


class StatusOutcome(Frozen):
    """A situation on a date: the pair's common planned end plus some months."""

    kind: Literal["status"]
    name: Name
    labels: Labels
    origin: Name
    """The answer source of the wave asked for that date."""
    benefit: Literal["lower", "higher"]
    months_after_planned_end: Fact[int]
    window_days: Fact[Many[int]]
    """Days before and after the date in which an answer counts."""
    definitions: Many[StatusDefinition] = Field(alias="definition")
    source: Text
    primary_definition: Name | None = None
    bootstrap_draws: Fact[int]


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


class Benchmark(Frozen):
    """A known answer shown beside an effect: beneficiaries against a randomised reference arm."""

    outcome: Name
    published: Fact[float]
    labels: Labels


class Target(Frozen):
    beneficiary: Fact[int]
    control: Fact[int]


class Enrolment(Frozen):
    """Where a person's entry date stands, for progress against the target."""

    entry_column: Name
    target: Target | None = None
    watched_column: Name | None = None
    """A coded column whose share is watched (AGIR: the level prepared) …"""
    watched_codes: Many[str] = ()
    """… and the codes that make up the share."""


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
    parties: Many[Party] = Field(default=(), alias="party")


class Protocol(Frozen):
    """One study, whole. ``folder`` is where its code lists lie."""

    protocol_version: Literal[1]
    study: Study
    sources: Many[Source] = Field(alias="source")
    identity: Identity | None = None
    eligibility: Many[Eligibility] = ()
    covariates: Many[Covariate] = Field(alias="covariate")
    matching: Matching
    balance: Balance
    outcomes: Many[Outcome] = Field(alias="outcome")
    inference: Inference
    enrolment: Enrolment | None = None
    benchmarks: Many[Benchmark] = Field(default=(), alias="benchmark")

    design_digest: str = Field(exclude=True)
    protocol_digest: str = Field(exclude=True)
    folder: Path = Field(exclude=True)

    def source(self, name: str) -> Source:
        return next(s for s in self.sources if s.name == name)

    def feeding(self, feeds: str) -> tuple[Source, ...]:
        return tuple(s for s in self.sources if s.feeds == feeds)
