"""What a protocol says of its sources: their columns, codes, headings and providers."""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from agir_pipeline.protocol.values import Count, Fact, Frozen, Labels, Many, Name, Text


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
    "text",
    "identifier",
    "code",
    "codes",
    "date",
    "instant",
    "integer",
    "number",
    "minutes",
    "boolean",
]
"""codes: several of one list in a cell · minutes: a length of time, "90" or "1h30"."""


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
    not_after: Literal["received"] | None = None
    """Of a day that tells what has happened: it cannot lie after the day its file came."""
    missing: Many[str] = ()
    """Spellings of an empty cell in this column alone, beside those of the source."""
    refused: Many[str] = ()
    """Answer sources: what stands in the cell of somebody who would not answer."""
    dont_know: Many[str] = ()
    """Answer sources: what stands in the cell of somebody who did not know."""
    required: bool = False
    must_exist: bool = False
    """A delivery without this column is refused whole, even if single values may be empty."""
    is_sheet_name: bool = False
    """Filled with the name of the sheet a row stands in; files have no such column."""
    is_fixed: bool = False
    """Once filled it never changes: a delivery that says something else of a row is told."""

    @property
    def is_identifying(self) -> bool:
        return self.sensitivity == "identifying"

    @property
    def spellings_of_nothing(self) -> tuple[str, ...]:
        """All that is written in a cell that holds no value."""
        return (*self.missing, *self.refused, *self.dont_know)


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
    recoded_by: str | None = None
    """lookup: another such CSV that turns what stands in an input into its code of the day, such
    as the name of a commune into its official code, before ``table`` is asked about it."""
    day: Name | None = None
    """lookup in a table with ``valid_from`` and ``valid_to``: the column whose day decides."""
    otherwise: str | None = None
    """lookup: the result when no row of the table applies."""
    codes: Many[Code] = ()

    @property
    def type(self) -> ColumnType:
        return "code" if self.method == "lookup" else "integer"


class Agreement(Frozen):
    """Two columns that must go together: what stands in the first allows only some of the second.

    A value the table does not know allows everything; a breach is told, not refused.
    """

    columns: Many[Name]
    table: str
    """A CSV beside the protocol with columns ``column, value, result``: one row per pair."""


class InOrder(Frozen):
    """Two days of one row of which ``first`` never lies after ``then``; a breach is told."""

    first: Name
    then: Name


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
    is_cumulative: bool = False
    """Every delivery repeats the rows of the one before: one that is gone is told."""
    sheet: Text | None = None
    sheets: Many[Text] = ()
    date_order: DateOrder | None = None
    decimal: Decimal | None = None
    encoding: str | None = None
    """Where this provider's files differ from the layout of the source."""


Arm = Literal["beneficiary", "control", "reference"]


class ArmColumn(Frozen):
    """Reads the arm from a column: which of its codes means which arm."""

    column: Name
    codes: dict[str, Arm]


class OpenEnded(Frozen):
    """Spells without an end of their own: those with ``code`` in ``column`` end with ``ends``."""

    column: Name
    code: str
    ends: Name
    """The column of the day that counts as the planned end; where empty, ``planned_end`` does."""


class SpellColumns(Frozen):
    """Which columns of a spell source say when a spell began, was to end, and ended early."""

    starts: Name
    planned_end: Name
    ended_early: Name
    amendment_number: Name | None = None
    """Rows above 0 amend the spell that shares the rest of the key …"""
    amendment_effective: Name | None = None
    """… from this day on."""
    open_ended: OpenEnded | None = None
    shortened_within_days: Count | None = None
    """An amendment so few days before the end it brings forward is told: it may hide a rupture."""


class BackDated(Frozen):
    """When a row that is new in a file should have been in an earlier one."""

    column: Name
    after_days: Count
    """Its day lies more than so many days before the extraction of the file before."""


Feeds = Literal[
    "person",
    "spell",
    "session",
    "answer",
    "measure",
    "activity",
    "cost",
    "decision",
    "reference",
]
"""What a row is: a person · a contract · an interview · a questionnaire · a figure of a series ·
something done for the programme · an expense · a decision of the steward · an entry of a list."""


class LegalRule(Frozen):
    """Limits that the law set to a figure of a row, for rows of the days it was in force."""

    name: Name
    labels: Labels
    column: Name
    day: Name
    """The column whose day says which law applies."""
    article: Text
    valid_from: date | None = None
    valid_to: date | None = None
    minimum: float | None = None
    maximum: float | None = None
    where: dict[Name, Text] = Field(default_factory=dict)
    """Column → code: only rows that say this."""
    severity: Literal["warn", "error"] = "warn"


class CorrectionColumns(Frozen):
    """Which columns of a source of decisions correct one value of one row of another source."""

    of_source: Name
    of_key: Name
    """The business key; parts of a key of several columns stand side by side, parted by `` / ``."""
    of_column: Name
    old_value: Name
    """What the source says; a correction of something else is a conflict."""
    new_value: Name
    effective: Name
    """Files drawn before this day are left as they are …"""
    expires: Name
    """… and so are those drawn after this one."""
    author: Name
    approver: Name
    withdrawn: Name


class MappingColumns(Frozen):
    """Which columns of a source of decisions accept a layout that a partner changed.

    A heading with a column: the heading means it. A heading alone: nobody reads it. A column
    alone: files may lack it, or have it empty.
    """

    of_source: Name
    of_heading: Name | None = None
    of_column: Name
    effective: Name
    """Holds for files drawn from this day on."""
    author: Name
    withdrawn: Name


class SettlingColumns(Frozen):
    """Which columns of a source of decisions say what became of a row that left its file."""

    of_source: Name
    of_key: Name
    """The business key; parts of a key of several columns stand side by side, parted by `` / ``."""
    fate: Name
    """A code: ``gone`` for good, or ``still_true``."""
    since: Name
    """Since when; kept for the reader: a row counts as gone from the night of the decision."""
    author: Name
    withdrawn: Name


class WithdrawalColumns(Frozen):
    """Which columns of a source say that somebody withdrew a consent."""

    withdrawn_on: Name
    """A day in it: from the night it is known on, the person's data are used no more."""
    scope: Name | None = None
    """A coded column; without it a withdrawal is of the whole study …"""
    scopes: dict[str, Literal["study", "answers"]] = Field(default_factory=dict)
    """… with it, what each code means: the whole study, or the questionnaires alone."""
    retracted: Name | None = None
    """A day in it: the row counts no longer."""


class DatasetPull(Frozen):
    """A public data set that ships in a package."""

    adapter: Literal["causaldata"]
    dataset: Text


class FormPull(Frozen):
    """A form of a survey server. Which server and which form is said by ``study.toml``."""

    adapter: Literal["limesurvey", "odk", "kobo", "redcap"]
    form: Name
    """The role the form plays: the same name stands in ``study.toml``."""
    participant_columns: Many[Text] = ()
    """LimeSurvey: columns of the participants' table that are read beside the answers."""


Pull = Annotated[DatasetPull | FormPull, Field(discriminator="adapter")]
"""Where the nightly run fetches a source by itself; without it, files come to the inbox."""


class Source(Frozen):
    """One stream of deliveries: its layout, its providers and what it feeds."""

    name: Name
    labels: Labels
    feeds: Feeds
    source: Text
    keep_until: Fact[date] | None = None
    """The last day on which its rows may be kept; the night after it purges them."""
    key: Many[Name]
    """The business key. Empty: the row number is the key (public data sets that never change)."""
    columns: Many[Column] = Field(alias="column")
    providers: Many[Provider] = Field(alias="provider")
    derived: Many[Derived] = ()
    arm: Arm | ArmColumn | None = None
    """Person sources only."""
    sheet: Text | None = None
    """The sheet to read; without it, the first visible one. Others are listed as ignored."""
    sheets: Many[Text] = ()
    """Several sheets put one under the other: names, or patterns ("20??") for visible sheets."""
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
    corrects: CorrectionColumns | None = None
    maps: MappingColumns | None = None
    settles: SettlingColumns | None = None
    """Decision sources only: what a row of theirs decides."""
    withdraws: WithdrawalColumns | None = None
    same_person: Many[Name] = ()
    """Columns that tell people apart: two keys of one file that agree in all of them are told."""
    back_dated: BackDated | None = None
    agreements: Many[Agreement] = ()
    in_order: Many[InOrder] = ()
    law: Many[LegalRule] = ()
    study_time_zone: str = "UTC"
    """Set from the study, never written: a clock time with an offset is read as the time there."""

    @property
    def wanted_sheets(self) -> tuple[str, ...]:
        return self.sheets or ((self.sheet,) if self.sheet else ())

    @property
    def warehouse_columns(self) -> tuple[Column | Derived, ...]:
        """The columns that may leave the vault, in declared order, derived ones last."""
        return (*(c for c in self.columns if not c.is_identifying), *self.derived)

    @property
    def identifying_columns(self) -> tuple[Column, ...]:
        return tuple(c for c in self.columns if c.is_identifying)

    @property
    def tables(self) -> frozenset[str]:
        """The lookup tables its rows are read with."""
        looked_up = {name for d in self.derived for name in (d.table, d.recoded_by) if name}
        return frozenset(looked_up | {agreement.table for agreement in self.agreements})

    def provider(self, name: str) -> Provider:
        return next(p for p in self.providers if p.name == name)

    def as_delivered_by(self, name: str) -> "Source":
        """This source with the layout of one provider's files."""
        own = self.provider(name)
        names = ("sheet", "sheets", "date_order", "decimal", "encoding")
        layout = {name: getattr(own, name) for name in names}
        return self.model_copy(update={k: v for k, v in layout.items() if v})

    def arm_of(self, value: str | None = None) -> Arm | None:
        if isinstance(self.arm, ArmColumn):
            return self.arm.codes.get(value or "")
        return self.arm
