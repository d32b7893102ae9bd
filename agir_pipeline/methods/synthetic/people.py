"""Who is in the invented study: beneficiaries, their classmates, other controls, strangers.

Support goes to people more at risk, and every reason for it is a column the files show.
One row per person. ``role`` is beneficiary, control or stranger (in the register alone).
"""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pandas as pd

from agir_pipeline.methods.synthetic.calibration import Calibration, Profile
from agir_pipeline.methods.synthetic.identifiers import add_identifiers
from agir_pipeline.methods.synthetic.names import DAYS_OF_AN_AGE, invent_names, registered_names
from agir_pipeline.methods.synthetic.timeline import (
    Days,
    beneficiary_timeline,
    plus_months,
    uniform,
)
from agir_pipeline.protocol.model import Code, Column, Protocol

SHARED_IN_CLASS = ("prepared_level", "contract_nature", "sector", "duration_months", "opca")
"""What classmates have in common with the beneficiary: one course, one kind of employer."""

ALIKE = ("entry_step", "previous_situation", "zone", "age_years", "sex")
"""Where those who are nearly alike agree with the beneficiary, but for a few of them."""

N_TWINS = 2
"""Of the controls of one intake who are nearly alike, those who differ in age and sex alone;
the first of them in age alone."""

TWIN_AGES = (-1, -1, 0, 1, 1)
"""By how many years twins are older: hardly anybody is matched with a copy."""

DAY = np.timedelta64(1, "D")


def invent_people(
    protocol: Protocol, calibration: Calibration, seed: int, scale: int, rng: np.random.Generator
) -> pd.DataFrame:
    """All people with their fixed characteristics; nothing here depends on what happens later."""
    timeline = beneficiary_timeline(protocol, calibration, scale, rng)
    beneficiaries = _profiles(calibration, len(timeline), True, rng)
    beneficiaries = pd.concat([beneficiaries, timeline], axis=1).assign(role="beneficiary")
    beneficiaries["training_body"] = _training_bodies(calibration, len(timeline), rng)
    people = pd.concat(
        [
            beneficiaries,
            _intake(beneficiaries, calibration, rng),
            _others(beneficiaries, calibration, rng),
            _strangers(protocol, calibration, scale, rng),
        ],
        ignore_index=True,
    )
    people = people.assign(
        edge_days=people["edge_days"].fillna(0).astype("int64"),
        is_twin=people["is_twin"].eq(True),
    )
    people = _with_dates(people, calibration, rng)
    people = _with_level(people, protocol)
    people = _with_place(people, calibration, rng)
    people = _with_firm(people, calibration, rng)
    is_woman = (people["sex"] == "F").to_numpy()
    named = invent_names(seed, is_woman, people["born_on"], _youngest_on(people), rng)
    people = pd.concat([people.drop(columns="born_on"), named], axis=1)
    people = _with_lists(people, protocol, calibration, rng)
    return add_identifiers(_with_registered_name(people, calibration, seed), protocol, calibration)


def column_codes(protocol: Protocol, source: str, column: str) -> list[str]:
    """The codes of a column, in the order of the protocol."""
    found: Iterable[Column] = protocol.source(source).columns
    codes: Iterable[Code] = next(c.codes for c in found if c.name == column)
    return [code.code for code in codes]


# ------------------------------------------------------------------------- groups of people


def _profiles(
    calibration: Calibration, n: int, is_supported: bool, rng: np.random.Generator
) -> pd.DataFrame:
    def drawn(profile: Profile) -> npt.NDArray[np.object_]:
        shares = np.array(profile.supported if is_supported else profile.other)
        codes = np.array(profile.codes, dtype=object)
        return codes[rng.choice(len(codes), n, p=shares / shares.sum())]

    return pd.DataFrame({p.column: drawn(p) for p in calibration.profiles}, dtype=object)


def _training_bodies(calibration: Calibration, n: int, rng: np.random.Generator) -> list[str]:
    drawn = rng.integers(1, calibration.pool.n_training_bodies.value + 1, n)
    return [f"OF-{number:04d}" for number in drawn]


def _intake(
    beneficiaries: pd.DataFrame, calibration: Calibration, rng: np.random.Generator
) -> pd.DataFrame:
    """Controls of the same course and intake as a beneficiary; some of them are nearly alike."""
    pool = calibration.pool
    n_alike = pool.alike_per_beneficiary.value
    n_each = n_alike + pool.classmates_per_beneficiary.value
    model = beneficiaries.loc[beneficiaries.index.repeat(n_each)].reset_index(drop=True)
    rank = np.arange(len(model)) % n_each
    is_alike, is_twin = rank < n_alike, rank < N_TWINS
    controls = _profiles(calibration, len(model), False, rng)
    for column in ALIKE:
        differs = rng.random(len(model)) < pool.unlike_share.value
        is_other_sex = (column == "sex") & (rank > 0)
        is_same = (is_twin & ~is_other_sex) | (is_alike & ~is_twin & ~differs)
        controls[column] = controls[column].where(~is_same, model[column])
    controls["age_years"] = _aged(controls["age_years"], is_twin, calibration, rng)
    for column in (*SHARED_IN_CLASS, "training_body"):
        controls[column] = model[column]
    # Twins stand on lists of all starts: whether they are candidates hangs on no delivery.
    controls["provider"] = controls["provider"].where(~is_twin, model["provider"])
    shift = uniform(rng, pool.intake_days, len(model))
    controls["contract_start_on"] = model["contract_start_on"] + shift
    return controls.assign(role="control", is_twin=is_twin)


def _aged(
    ages: pd.Series,
    is_twin: npt.NDArray[np.bool_],
    calibration: Calibration,
    rng: np.random.Generator,
) -> pd.Series:
    """Twins up to a year older or younger, within the ages there are."""
    known = [int(age) for age in calibration.profile("age_years").codes]
    shifted = ages.astype(int) + rng.choice(TWIN_AGES, len(ages))
    return ages.where(~is_twin, shifted.clip(min(known), max(known)).astype(str))


def _others(
    beneficiaries: pd.DataFrame, calibration: Calibration, rng: np.random.Generator
) -> pd.DataFrame:
    """Controls of any course, at the pace at which beneficiaries start their contracts."""
    n = calibration.pool.others_per_beneficiary.value * len(beneficiaries)
    others = _profiles(calibration, n, False, rng)
    others["training_body"] = _training_bodies(calibration, n, rng)
    model = rng.integers(0, len(beneficiaries), n)
    shift = uniform(rng, calibration.pool.intake_days, n)
    others["contract_start_on"] = beneficiaries["contract_start_on"].to_numpy()[model] + shift
    is_over_age = rng.random(n) < calibration.pool.over_age_share.value
    oldest = max(int(age) for age in calibration.profile("age_years").codes)
    others.loc[is_over_age, "age_years"] = str(oldest + 2)
    return others.assign(role="control")


def _strangers(
    protocol: Protocol, calibration: Calibration, scale: int, rng: np.random.Generator
) -> pd.DataFrame:
    """People of the register alone: each monthly delivery brings somebody new."""
    n_each = calibration.pool.strangers_per_month.value * scale
    first = np.datetime64(calibration.history_from_on.value, "M")
    months = np.repeat(np.arange(first, end_of_study(protocol).astype("M8[M]") + 1), n_each)
    strangers = _profiles(calibration, len(months), False, rng)
    strangers["training_body"] = _training_bodies(calibration, len(months), rng)
    day = rng.integers(0, 10, len(months)).astype("m8[D]")
    strangers["contract_start_on"] = months.astype("M8[D]") + day
    strangers["deposited_on"] = strangers["contract_start_on"] + np.timedelta64(10, "D")
    return strangers.assign(role="stranger")


def end_of_study(protocol: Protocol) -> np.datetime64:
    if protocol.study.end_on is None:
        raise ValueError("the invented study needs a protocol with study.end_on")
    return np.datetime64(protocol.study.end_on.value, "D")


# -------------------------------------------------------------------- what follows from them


def as_days(dates: pd.Series) -> Days:
    return dates.to_numpy(dtype="M8[D]")


def _with_dates(
    people: pd.DataFrame, calibration: Calibration, rng: np.random.Generator
) -> pd.DataFrame:
    start = as_days(people["contract_start_on"])
    months = people["duration_months"].to_numpy(dtype=np.int64)
    deposited = start + uniform(rng, calibration.timing.deposit_days, len(people))
    since = rng.integers(0, DAYS_OF_AN_AGE, len(people)).astype("m8[D]")
    return people.assign(
        born_on=_youngest_on(people) - since,
        planned_end_on=plus_months(start, months) - DAY,
        deposited_on=people["deposited_on"].fillna(pd.Series(deposited, people.index)),
        signed_on=start - rng.integers(0, 16, len(people)).astype("m8[D]"),
    )


def _youngest_on(people: pd.DataFrame) -> Days:
    """The last birthday that gives each person's age at the start of the contract."""
    age = people["age_years"].to_numpy(dtype=np.int64)
    return plus_months(as_days(people["contract_start_on"]), -12 * age)


def _with_level(people: pd.DataFrame, protocol: Protocol) -> pd.DataFrame:
    """The level at entry lies some steps below the level prepared."""
    ladder = column_codes(protocol, "beneficiary_register", "entry_level")
    prepared = people["prepared_level"].map(ladder.index).astype(int)
    step = (prepared + people["entry_step"].astype(int)).clip(upper=len(ladder) - 1)
    return people.assign(entry_level=step.map(dict(enumerate(ladder))))


def _with_place(
    people: pd.DataFrame, calibration: Calibration, rng: np.random.Generator
) -> pd.DataFrame:
    spots = pd.DataFrame(
        [
            (place.zone, place.commune, postcode, district)
            for place in calibration.places
            for postcode in place.postcodes
            for district in (place.districts or ("",))
        ],
        columns=["zone", "commune_name", "postcode", "district_name"],
        dtype=object,
    )
    chosen = np.zeros(len(people), dtype=int)
    for zone, rows in spots.groupby("zone").indices.items():
        here = np.flatnonzero(people["zone"] == zone)
        chosen[here] = rows[rng.integers(0, len(rows), len(here))]
    places = spots.drop(columns="zone").iloc[chosen].reset_index(drop=True)
    return pd.concat([people, places], axis=1)


def _with_firm(
    people: pd.DataFrame, calibration: Calibration, rng: np.random.Generator
) -> pd.DataFrame:
    """An employer of the person's sector: number of the workplace and activity code."""
    n_each = max(1, calibration.pool.n_employers.value // len(calibration.naf))
    sectors = list(calibration.naf)
    sector = people["sector"].map(sectors.index).astype(int).to_numpy()
    firm = sector * n_each + rng.integers(0, n_each, len(people))
    naf = [calibration.naf[sectors[k // n_each]] for k in range(n_each * len(sectors))]
    code = np.array([codes[k % len(codes)] for k, codes in enumerate(naf)], dtype=object)
    return people.assign(employer_number=firm, employer_naf=code[firm])


def _with_lists(
    people: pd.DataFrame, protocol: Protocol, calibration: Calibration, rng: np.random.Generator
) -> pd.DataFrame:
    """Who is on a partner's list. A few beneficiaries were, before their support began."""
    after = pd.Timestamp(protocol.matching.instants[0])
    is_late = (people["support_entry_on"] > after) & (people["edge_days"] >= 60)
    late = np.flatnonzero(is_late)
    share = calibration.pool.supported_later_share.value
    n = round(share * int((people["role"] == "beneficiary").sum()))
    later = np.isin(np.arange(len(people)), late[:n])
    is_listed = (people["role"] == "control") | later
    consents = rng.random(len(people)) < calibration.answers.contact_consent_share.value
    unlinkable = (
        (people["role"] == "control")
        & ~people["is_twin"]
        & (rng.random(len(people)) < calibration.pool.unlinkable_share.value)
    )
    return people.assign(
        provider=people["provider"].where(is_listed, ""),
        has_contact_consent=consents,
        is_linkable=~unlinkable,
        spelling=rng.integers(0, 4, len(people)),
        adviser=rng.integers(1, calibration.pool.n_advisers.value + 1, len(people)),
    )


def _with_registered_name(
    people: pd.DataFrame, calibration: Calibration, seed: int
) -> pd.DataFrame:
    """The family name as the register writes it: some with a letter twice, which the model still
    finds, some another name altogether."""
    chances = np.random.default_rng([seed, len(people)]).random(len(people))
    is_candidate = (people["role"] == "control") & people["is_linkable"] & ~people["is_twin"]
    share = calibration.pool.misspelt_share.value
    people = people.assign(is_misspelt=is_candidate & (chances < share))
    return people.assign(registered_name=registered_names(people))
