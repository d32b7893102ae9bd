"""What an invented study must look like, read from the TOML files beside the protocol.

Study facts (targets, instants, windows, codes) stay in the protocol; here stand the levels to
reproduce, the planted effects and the partners' habits.
"""

import tomllib
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from pydantic import Field

from agir_pipeline.methods.synthetic.catalogue import Fault
from agir_pipeline.protocol.model import Count, Fact, Frozen, Many, Name, Share, Text

FILES = (Path("demo") / "calibration.toml", Path("demo") / "faults.toml")

Range = Fact[Many[int]]
"""Lowest and highest value, both included."""


class Pace(Frozen):
    """How many beneficiaries enter support in each month between two days."""

    since: date
    until: date
    per_month: Fact[int]


class Timing(Frozen):
    in_time_in_limit_month: Fact[int]
    deposited_late_before_first_instant: Fact[int]
    support_first_share: Fact[Share]
    max_lead_days: Fact[int]
    delay_band_weights: Fact[Many[float]]
    deposit_days: Range


class Pool(Frozen):
    alike_per_beneficiary: Fact[int]
    classmates_per_beneficiary: Fact[int]
    others_per_beneficiary: Fact[int]
    unlike_share: Fact[Share]
    intake_days: Range
    strangers_per_month: Fact[int]
    over_age_share: Fact[Share]
    supported_later_share: Fact[Share]
    unlinkable_share: Fact[Share]
    misspelt_share: Fact[Share]
    n_training_bodies: Fact[int]
    n_employers: Fact[int]
    n_advisers: Fact[int]
    siren_prefix: Fact[str]


class Profile(Frozen):
    """How a characteristic is spread among the supported and among the others."""

    column: Name
    source: Text
    codes: Many[Text]
    supported: Many[float]
    other: Many[float]


class Factor(Frozen):
    """People with one of these codes break their contract more often."""

    column: Name
    codes: Many[Text]
    log_hazard: Fact[float]


class Rupture(Frozen):
    base_risk: Fact[Share]
    effect: Fact[float]
    shape_days: Fact[Many[int]]
    shape_risks: Fact[Many[float]]
    legal_notice_days: Fact[int]
    notice_mean_days: Fact[int]
    notice_shape: Fact[float]
    notice_longest_days: Fact[int]
    renewed_share_with_support: Fact[Share]
    renewed_share_without: Fact[Share]
    renewed_late_share: Fact[Share]
    renewed_gap_days: Range
    renewed_late_gap_days: Range
    renewed_duration_months: Fact[int]
    next_contract_share: Fact[Share]
    extension_share: Fact[Share]
    trial_days: Fact[int]
    reasons: Fact[Many[str]]
    reason_shares: Fact[Many[float]]
    factors: Many[Factor] = Field(alias="factor")


class Employment(Frozen):
    base_share: Fact[Share]
    effect: Fact[float]
    rupture_log_odds: Fact[float]
    risk_log_odds: Fact[float]
    durable_kinds: Fact[Many[str]]
    durable_shares: Fact[Many[float]]
    other_situations: Fact[Many[str]]
    other_shares: Fact[Many[float]]
    short_kinds: Fact[Many[str]]
    short_shares: Fact[Many[float]]


class Survey(Frozen):
    source: Name
    response_supported: Fact[Share]
    response_other: Fact[Share]


class Answers(Frozen):
    risk_log_odds: Fact[float]
    contact_consent_share: Fact[Share]
    incomplete_share: Fact[Share]
    repeated_share: Fact[Share]
    nameless: Fact[Count]
    outside_window_share: Fact[Share]


class Support(Frozen):
    interviews: Range
    minutes: Fact[Many[int]]
    prospects: Fact[int]
    theme_weights: Fact[Many[float]]
    workshop_share: Fact[Share]


class Triad(Frozen):
    first_wave_days: Fact[int]
    new_version_on: Fact[date]
    link_effect: Fact[float]
    respondent_days: Range
    n_referents: Fact[int]
    verbatim_share: Fact[Share]


class OrganisationKind(Frozen):
    """Organisations of one kind: their names are these words before those of the towns."""

    code: Name
    number: Count
    words: Many[Text]


class Outreach(Frozen):
    from_on: Fact[date]
    first_contact_days: Fact[int]
    follow_up_days: Fact[int]
    contacts_each: Range
    results: Fact[Many[str]]
    result_shares: Fact[Many[float]]
    legal_forms: Fact[Many[Text]]
    variant_shares: Fact[Many[float]]
    """Of rows whose name has a legal form, has a slip, or stands without its SIRET."""
    kinds: Many[OrganisationKind] = Field(alias="kind")


class Committee(Frozen):
    name: Name
    every_days: Fact[int]
    cases_each: Fact[Count]
    members: Many[Text]


class Series(Frozen):
    name: Name
    source: Text
    per_month: Fact[int]
    areas: Many[Text]
    levels: Many[Text]
    area_shares: dict[Text, float]
    level_shares: dict[Text, float]
    yearly: dict[Text, float]
    """Year → level, the first year being 1."""


class Context(Frozen):
    from_on: Fact[date]
    publication_months: Fact[int]
    series: Many[Series]


class Costs(Frozen):
    direct_per_beneficiary_eur: Fact[int]
    direct_share: Fact[Share]
    lines_per_beneficiary: Fact[int]
    hourly_rate_eur: Fact[int]
    credit_note_every: Fact[int]
    common_shares: dict[Text, float]
    common_funders: dict[Text, str]


class Steward(Frozen):
    corrections: Fact[int]
    waits_days: Fact[int]
    consents_withdrawn_on: Fact[date]


class Partner(Frozen):
    """What a partner's files are called, what stands above their headings, and their rhythm."""

    source: Name
    provider: Name
    reference_prefix: str
    title: Many[Text]
    file_name: Text
    every_months: Count = 1


class Place(Frozen):
    zone: Name
    commune: Text
    postcodes: Many[Text]
    districts: Many[Text]


class Calibration(Frozen):
    """The whole file."""

    history_from_on: Fact[date]
    entries: Many[Pace]
    timing: Timing
    pool: Pool
    profiles: Many[Profile] = Field(alias="profile")
    rupture: Rupture
    employment: Employment
    surveys: Many[Survey] = Field(alias="survey")
    answers: Answers
    support: Support
    triad: Triad
    outreach: Outreach
    committees: Many[Committee] = Field(alias="committee")
    context: Context
    costs: Costs
    steward: Steward
    partners: Many[Partner] = Field(alias="partner")
    naf: dict[Name, Many[Text]]
    places: Many[Place] = Field(alias="place")
    faults: Many[Fault] = Field(alias="fault")

    def profile(self, column: str) -> Profile:
        return next(p for p in self.profiles if p.column == column)

    def survey(self, source: str) -> Survey:
        return next(s for s in self.surveys if s.source == source)

    def partner(self, source: str, provider: str) -> Partner:
        return next(p for p in self.partners if (p.source, p.provider) == (source, provider))

    def providers(self, source: str) -> Sequence[str]:
        return [p.provider for p in self.partners if p.source == source]


def load_calibration(folder: Path) -> Calibration:
    """The calibration that lies beside the protocol in ``folder``, with its catalogue of faults."""
    parts = [tomllib.loads((folder / file).read_text(encoding="utf-8")) for file in FILES]
    return Calibration.model_validate({key: part[key] for part in parts for key in part})
