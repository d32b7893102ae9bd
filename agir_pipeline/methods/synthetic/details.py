"""What partners also write of people and contracts, and nothing else of the study hangs on.

Drawn last, so that it changes nothing about who is matched and what becomes of whom.
"""

from typing import Any

import numpy as np
import pandas as pd

from agir_pipeline.methods.synthetic.calibration import Calibration
from agir_pipeline.methods.synthetic.people import as_days, column_codes
from agir_pipeline.methods.synthetic.streams import NOTHING
from agir_pipeline.methods.synthetic.timeline import Days
from agir_pipeline.protocol.model import Protocol

PERSONS, CONTRACTS, FINAL = "beneficiary_register", "contract_register", "youth_survey_tf"
DIPLOMAS = {
    "VI": "",
    "V": "CAP cuisine",
    "IV": "Bac pro commerce",
    "III": "BTS comptabilité",
    "II": "Licence pro",
    "I": "Master",
}
CONSENT_FORM = "v1 - janvier 2010"
RAW_LABELS = {
    "resignation": "démission",
    "to_permanent_job": "démission - embauche en CDI",
    "mutual": "résiliation d'un commun accord",
    "employer": "licenciement pour faute grave",
    "liquidation": "liquidation judiciaire",
    "trial_period": "rupture en période d'essai",
    "other": "autre",
}
INITIATIVES = {
    "resignation": "by_employee",
    "to_permanent_job": "by_employee",
    "mutual": "by_both",
    "employer": "by_employer",
    "liquidation": "by_employer",
    "trial_period": "by_employee",
}
LEGAL_CODES = {"to_permanent_job": "L1243-2", "mutual": "L1243-1", "employer": "L1243-1"}
LATER_SCALES = ("training_relation", "employment_relation", "posture")
DAY = np.timedelta64(1, "D")


def describe_people(
    protocol: Protocol, calibration: Calibration, people: pd.DataFrame, rng: np.random.Generator
) -> pd.DataFrame:
    """Diploma, address, income, referent and consent of everybody."""
    n = len(people)
    start = as_days(people["contract_start_on"])
    was_jobseeker = (people["previous_situation"] == "jobseeker").to_numpy()
    has_referent = rng.random(n) < np.where(was_jobseeker, 0.7, 0.2)
    followed = start - rng.integers(60, 400, n) * DAY
    number = rng.integers(1, 90, n)
    is_married = (people["sex"] == "F").to_numpy() & (rng.random(n) < 0.06)
    return people.assign(
        birth_name=people["last_name"].where(is_married, ""),
        street_address=[f"{k} rue des Invents" for k in number],
        last_diploma=people["entry_level"].map(DIPLOMAS),
        has_upper_secondary=people["entry_level"].isin(["IV", "III", "II", "I"]),
        jobseeker_since_on=_where(was_jobseeker, start - rng.integers(30, 500, n) * DAY),
        jobseeker_number=np.where(
            was_jobseeker, [f"{k:07d}A" for k in rng.integers(1, 9_999_999, n)], ""
        ),
        minimum_income=rng.choice(
            np.array(column_codes(protocol, PERSONS, "minimum_income"), object),
            n,
            p=[0.93, 0.05, 0.01, 0.01],
        ),
        has_had_aided_contract=people["previous_situation"] == "aided_contract",
        is_disabled_worker=rng.random(n) < 0.03,
        has_prior_referent=has_referent,
        prior_referent_organisation=np.where(has_referent, "Mission locale", ""),
        prior_referent_from_on=_where(has_referent, followed),
        prior_referent_to_on=_where(has_referent, start - rng.integers(1, 30, n) * DAY),
        permanent_job_last_3_years=rng.choice(
            np.array(column_codes(protocol, PERSONS, "permanent_job_last_3_years"), object),
            n,
            p=[0.04, 0.9, 0.06],
        ),
        consent_version=CONSENT_FORM,
        consent_withdrawn_on=NOTHING,
        employer_name=people["employer_number"].map("Entreprise {:03d}".format),
        training_body_ref=people["training_body"],
        contact_consented_on=_where(
            people["has_contact_consent"].to_numpy(dtype=bool),
            np.minimum(start + 5 * DAY, _end_of_month(start)),  # lists are drawn at its end
        ),
    )


def describe_contracts(
    protocol: Protocol, calibration: Calibration, register: pd.DataFrame, rng: np.random.Generator
) -> pd.DataFrame:
    """Employer, qualification, tutor, pay and state of the file of every contract."""
    n = len(register)
    is_permanent = (register["contract_nature"] == "permanent").to_numpy()
    reason = register["rupture_reason"].fillna("")
    lasted = register["rupture_on"] - register["contract_start_on"]
    is_early = lasted.dt.days <= calibration.rupture.trial_days.value
    firm = register["employer_number"].astype(int)
    first = register[register["kind"] == "first"].set_index("person")["contract_number"]
    follows = register["kind"].isin(["second", "next"])
    body = register["training_body"].str[-3:].astype(int)
    kinds = np.array(column_codes(protocol, CONTRACTS, "target_qualification_type"), object)
    return register.assign(
        action_end_on=_where(is_permanent, as_days(register["planned_end_on"])),
        rupture_label_raw=reason.map(RAW_LABELS).fillna(""),
        rupture_legal_code=reason.map(LEGAL_CODES).fillna(""),
        rupture_initiative=reason.map(INITIATIVES).fillna(""),
        is_in_trial_period=is_early.astype("boolean").where(register["rupture_on"].notna()),
        employer_name=firm.map("Entreprise {:03d}".format),
        employer_idcc=firm.map(lambda k: f"{1000 + k % 90:04d}"),
        n_employees=firm.map(lambda k: 3 + (k * 37) % 240),
        workplace_commune_code=firm.map(lambda k: f"44{1 + (k * 7) % 200:03d}"),
        occupation_code=firm.map(lambda k: f"D1{100 + k % 9}"),
        target_qualification=register["prepared_level"].map(DIPLOMAS),
        target_qualification_type=kinds[rng.choice(len(kinds), n, p=[0.6, 0.2, 0.2])],
        diploma_code=firm.map(lambda k: f"500{20_000 + k:05d}"),
        training_hours=np.rint(register["duration_months"].astype(float) * 151.67 * 0.2),
        training_body_uai=body.map(lambda k: f"0{440_000 + k}A"),
        training_body_activity_number=body.map(lambda k: f"52440{k:04d}"),
        tutor_name=firm.map(lambda k: f"Mme Xtut{k:03d}"),
        tutor_position=firm.map(lambda k: ("chef d'équipe", "gérant", "responsable")[k % 3]),
        tutor_experience_years=rng.integers(2, 30, n).astype(float),
        is_tutor_45_or_more=rng.random(n) < 0.35,
        monthly_pay_eur=np.rint(rng.uniform(750, 1400, n)),
        previous_contract_number=register["person"].map(first).where(follows, ""),
    )


def describe_entry(
    answers: pd.DataFrame, people: pd.DataFrame, rng: np.random.Generator
) -> pd.DataFrame:
    """Birth, distance, vehicle, autonomy, representations and posture at entry."""
    n = len(answers)
    born = people["born_on"].loc[answers["person"]]
    is_whole = answers["submitted_at"].notna().to_numpy()
    scales = [f"{stem}_{k}" for stem in LATER_SCALES for k in range(1, 5)]
    return answers.assign(
        birth_month=born.dt.month.to_numpy(),
        birth_year=born.dt.year.to_numpy(),
        commute_distance_km=np.rint(answers["commute_minutes"].astype(float) * 0.6),
        has_vehicle=rng.random(n) < 0.35,
        autonomy_score=rng.integers(1, 6, n),
        **{scale: np.where(is_whole, rng.integers(1, 6, n), np.nan) for scale in scales},
    )


WORKED = "worked"


def describe_final(
    protocol: Protocol, answers: pd.DataFrame, rng: np.random.Generator
) -> pd.DataFrame:
    """More about the job, and the months before the question."""
    n = len(answers)
    is_whole = answers["submitted_at"].notna().to_numpy()
    works = is_whole & (answers["activity_status"] == "employed").to_numpy()
    wages = np.array(column_codes(protocol, FINAL, "wage_class"), object)
    months = np.array(column_codes(protocol, FINAL, "month_1_status"), object)
    day: Days = as_days(answers["answered_on"]) - rng.integers(10, 300, n) * DAY
    stays = pd.Series(rng.random(n) < 0.5, answers.index, dtype="boolean")
    told: dict[str, Any] = {
        f"month_{k}_status": np.where(is_whole, rng.choice(months, n), "") for k in range(1, 7)
    }
    for k in range(1, 7):  # whoever had the job already was at work
        has_job = works & (day <= as_days(answers["answered_on"]) - 31 * k * DAY)
        told[f"month_{k}_status"][has_job] = WORKED
    return answers.assign(
        job_start_on=_where(works, day),
        working_time_share=np.where(works, rng.choice([0.5, 0.8, 1.0], n), np.nan),
        is_same_employer=stays.where(works),
        job_pcs=np.where(works, rng.choice(np.array(["54", "55", "62", "67"], object), n), ""),
        wage_class=np.where(works, rng.choice(wages, n), ""),
        **told,
    )


def _end_of_month(days: Days) -> Days:
    first_of_next: Any = days.astype("datetime64[M]") + np.timedelta64(1, "M")
    ended: Days = first_of_next.astype("datetime64[D]") - DAY
    return ended


def _where(is_so: Any, days: Days) -> Days:
    known: Days = np.where(is_so, days, np.datetime64("NaT"))
    return known
