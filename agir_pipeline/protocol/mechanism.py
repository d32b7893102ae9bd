"""What a study wants told of how an effect may come about: support, scales, risks, employment."""

from pydantic import Field

from agir_pipeline.protocol.values import (
    AtLeastOne,
    Fact,
    Frozen,
    Labels,
    Many,
    Name,
    Positive,
    Some,
    SomeDays,
    Text,
)


class StatusRule(Frozen):
    """True when every named column has one of the codes and every limit is met."""

    codes: dict[str, Many[str]] = Field(default_factory=dict)
    minimum: dict[str, float] = Field(default_factory=dict)
    above: dict[str, float] = Field(default_factory=dict)
    """Like ``minimum``, but the limit itself is not enough."""


class Named(Frozen):
    """Something that only has a name and labels."""

    name: Name
    labels: Labels


class Situation(Frozen):
    """One of the situations somebody can be in; the first that holds counts."""

    name: Name
    labels: Labels
    true_when: Some[StatusRule]


class Trait(Frozen):
    """Something that tells contracts apart: the codes of a column, or classes of its numbers."""

    column: Name
    cut_points: Many[float] = ()
    """The least number of every class but the first."""


class ContractProfile(Frozen):
    """Which contracts the members of pairs have, and how long these were to last."""

    months_column: Name
    traits: Some[Trait] = Field(alias="trait")
    source: Text


class Employment(Frozen):
    """Each pair member's situation on the date of the question, and month by month."""

    outcome: Name
    """The status outcome whose date and answers these are."""
    wave: Name
    """The wave whose answers tell the situation on the date."""
    situations: Some[Situation] = Field(alias="situation")
    register_origin: Name
    """The spell source that shows who is in a contract, alike in both arms."""
    lasting_column: Name
    lasting_codes: Some[str]
    """Of several contracts in force one of these counts first, else the longest."""
    months: Fact[AtLeastOne]
    month_columns: Many[Name]
    """What an answer tells of the month one, two … months before it."""
    now_column: Name
    now_waves: Some[Name]
    now_means: dict[str, str]
    """The situation on the day of an answer, in the words of the months."""
    job_start_column: Name | None = None
    """Since when somebody has had the job an answer tells of; without it the day of the answer."""
    is_register_lasting: bool = False
    """Whether a contract of the register is itself what the outcome asks for."""
    at_work: Some[str]
    against_contract: Some[str]
    """Told of a day on which the register shows a contract: the two contradict each other."""
    qualification_column: Name
    qualification_waves: Some[Name]
    profile: ContractProfile | None = None
    source: Text


class Support(Frozen):
    """Where interviews are logged, and which of them are more than a talk of two."""

    origin: Name
    day_column: Name
    time_column: Name
    minutes_column: Name
    themes_column: Name
    subthemes_column: Name | None = None
    """What a theme was about more precisely."""
    phase_column: Name
    present_column: Name
    shared_by_column: Name
    """Among how many young people the minutes of an interview are shared."""
    joint_when: Some[str]
    """Who makes an interview a contact between institutions."""
    watched_theme: Text


class Dimension(Frozen):
    """A side of a scale: the mean of its items, each put between 0 and 100 by its own limits."""

    name: Name
    labels: Labels
    columns: Many[Name] = ()
    """Asked alike in every version of the questionnaire."""
    version_columns: Many[Name] = ()
    """Asked in some versions only: they count in a score, never in a change of it."""

    @property
    def every_column(self) -> tuple[str, ...]:
        return (*self.columns, *self.version_columns)


class Scale(Frozen):
    name: Name
    labels: Labels
    dimensions: Some[Dimension] = Field(alias="dimension")


class Asked(Frozen):
    """Whose answers a wave holds, and of which moment."""

    wave: Name
    party: Name
    moment: Name


class LinkClass(Frozen):
    name: Name
    labels: Labels
    from_score: float
    """The least score of the class."""


class Link(Frozen):
    """The scale that says how near company and training are to each other, told by three parties.

    As a mediator it is read from one wave, before any early end, at a landmark of its own.
    """

    scale: Name
    classes: Some[LinkClass] = Field(alias="class")
    shifts_points: Fact[Some[float]]
    """By how much the limits of the classes are moved to see what hangs on them."""
    wave: Name
    landmark_days: Fact[SomeDays]


class Risk(Frozen):
    """What is held to put somebody's path at risk, as told by themselves."""

    name: Name
    labels: Labels
    rule: StatusRule


class Mechanism(Frozen):
    """Everything an exploration of the mechanism reads; none of it is a primary outcome."""

    outcome: Name
    """The event outcome that is looked at after the landmark."""
    landmark_days: Fact[SomeDays]
    """Days after the index on which both members of a pair must be at risk."""
    dose_classes: Fact[Some[AtLeastOne]]
    """Interviews reached by the landmark from which on a pair counts in the next class."""
    change_limit: Fact[Positive]
    """From which size of the reliable-change index on somebody has changed."""
    start_moment: Name
    end_moment: Name
    respondent_column: Name
    """Who answered, where one person answers for several."""
    moments: Some[Named] = Field(alias="moment")
    parties: Some[Named] = Field(alias="party")
    asked: Some[Asked]
    scales: Some[Scale] = Field(alias="scale")
    link: Link
    risks: Some[Risk] = Field(alias="risk")
    source: Text
    support: Support | None = None
