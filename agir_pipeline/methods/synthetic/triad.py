"""What young people, tutors and training referents answer at three months and at the end.

Support brings company and training nearer to each other: the link items of beneficiaries lie
higher. A question was asked on a scale of four, then of five: two columns, never one.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd

from agir_pipeline.methods.synthetic.answers import living_answers, responses, situations
from agir_pipeline.methods.synthetic.calibration import Calibration
from agir_pipeline.methods.synthetic.people import as_days
from agir_pipeline.methods.synthetic.ruptures import Bools
from agir_pipeline.methods.synthetic.timeline import Days, uniform

THREE_MONTHS, END = "youth_survey_t1", "youth_survey_t2"
TUTORS, REFERENTS = "tutor_survey", "training_referent_survey"
REPRESENTATIONS = ("company_relation", "training_relation", "employment_relation")
N_ITEMS, N_LINK_ITEMS = 4, 6
LATEST_ANSWER_DAYS = 28
QUALIFIED_SHARES = (0.71, 0.07, 0.17, 0.05)
"""Full, partial, no, pending (DARES: contracts ended in 2011)."""
PAPER_SHARE = 0.06
PAPER_NUMBER = "P-{:04d}"


def three_month_answers(
    calibration: Calibration, people: pd.DataFrame, rng: np.random.Generator
) -> pd.DataFrame:
    """Responses of young people three months into their contract."""
    began = as_days(people["support_entry_on"].fillna(people["contract_start_on"]))
    wait = np.timedelta64(calibration.triad.first_wave_days.value, "D")
    day = began + wait + rng.integers(0, LATEST_ANSWER_DAYS, len(people)).astype("m8[D]")
    answers = _youth_items(calibration, people, day, rng)
    return responses(calibration, people, THREE_MONTHS, day, answers, rng)


def end_answers(
    calibration: Calibration,
    people: pd.DataFrame,
    lived: pd.DataFrame,
    is_durable: Bools,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Responses of young people when their contract ends, as planned or before."""
    day = _end_day(people, lived, rng)
    answers = _youth_items(calibration, people, day, rng)
    answers = pd.concat([answers, situations(calibration, is_durable, rng)], axis=1)
    answers["qualification_result"] = _qualifications(len(people), rng)
    rows = responses(calibration, people, END, day, answers, rng)
    is_paper = (rng.random(len(rows)) < PAPER_SHARE) & rows["submitted_at"].notna()
    number = pd.Series(is_paper.cumsum(), rows.index)
    return rows.assign(
        provider=np.where(is_paper, "paper", "limesurvey"),
        response_id=rows["response_id"].where(~is_paper, number.map(PAPER_NUMBER.format)),
    )


def respondent_answers(
    calibration: Calibration,
    people: pd.DataFrame,
    lived: pd.DataFrame,
    source: str,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """What tutors or referents say of each young person, at entry and at the end of the contract.

    They are asked about beneficiaries and about one control of each of their intakes.
    """
    supported = people["role"] == "beneficiary"
    asked = people[supported | people["is_twin"] & (people.groupby("is_twin").cumcount() % 2 == 0)]
    n = len(asked)
    start = as_days(asked["contract_start_on"])
    waves = {
        "t0": start + uniform(rng, calibration.triad.respondent_days, n),
        "t2": _end_day(asked, lived.loc[asked.index], rng),
    }
    parts = [
        _respondent_wave(calibration, asked, source, wave, day, rng) for wave, day in waves.items()
    ]
    rows = pd.concat(parts).sort_values(["answered_on", "person"], kind="stable")
    numbers = [str(k) for k in range(1, len(rows) + 1)]
    return rows.assign(response_id=numbers).reset_index(drop=True)


# ------------------------------------------------------------------------------------- items


def _youth_items(
    calibration: Calibration, people: pd.DataFrame, day: Days, rng: np.random.Generator
) -> pd.DataFrame:
    n = len(people)
    lift = _lift(calibration, people)
    items = living_answers(calibration, people, rng)
    items.insert(3, "has_vehicle", rng.random(n) < 0.35)
    for stem in REPRESENTATIONS:
        for item in range(1, N_ITEMS + 1):
            items[f"{stem}_{item}"] = _scale(n, 0.0, 5, rng)
    items = pd.concat([items, _link_and_posture(calibration, day, lift, rng)], axis=1)
    return items.assign(
        satisfaction=_scale(n, 0.3, 5, rng),
        is_aware_of_help=(lift > 0) | (rng.random(n) < 0.1),
        has_other_adviser=rng.random(n) < 0.08,
        birth_month=people["born_on"].dt.month.to_numpy(),
        birth_year=people["born_on"].dt.year.to_numpy(),
    )


def _link_and_posture(
    calibration: Calibration, day: Days, lift: npt.NDArray[np.float64], rng: np.random.Generator
) -> pd.DataFrame:
    n = len(day)
    is_first_version = day < np.datetime64(calibration.triad.new_version_on.value, "D")
    items: dict[str, npt.NDArray[np.float64]] = {
        f"link_{item}": _scale(n, lift, 5, rng) for item in range(1, N_LINK_ITEMS + 1)
    }
    # The new version of the questionnaire no longer asks the last item.
    last = f"link_{N_LINK_ITEMS}"
    items[last] = np.where(is_first_version, items[last], np.nan)
    items["link_frequency_of_4"] = np.where(is_first_version, _scale(n, lift, 4, rng), np.nan)
    items["link_frequency_of_5"] = np.where(is_first_version, np.nan, _scale(n, lift, 5, rng))
    items |= {f"posture_{item}": _scale(n, lift, 5, rng) for item in range(1, N_ITEMS + 1)}
    return pd.DataFrame(items)


def _scale(
    n: int, lift: float | npt.NDArray[np.float64], top: int, rng: np.random.Generator
) -> npt.NDArray[np.float64]:
    """Answers from 1 to ``top`` around the middle, higher by ``lift``."""
    middle = (1 + top) / 2
    return np.clip(np.rint(rng.normal(middle + lift, 1.0, n)), 1, top)


def _lift(calibration: Calibration, people: pd.DataFrame) -> npt.NDArray[np.float64]:
    supported = (people["role"] == "beneficiary").to_numpy()
    return np.where(supported, calibration.triad.link_effect.value, 0.0)


def _qualifications(n: int, rng: np.random.Generator) -> npt.NDArray[np.object_]:
    codes = np.array(["full", "partial", "no", "pending"], dtype=object)
    drawn: npt.NDArray[np.object_] = rng.choice(codes, n, p=QUALIFIED_SHARES)
    return drawn


def _end_day(people: pd.DataFrame, lived: pd.DataFrame, rng: np.random.Generator) -> Days:
    end = as_days(lived["rupture_on"].fillna(people["planned_end_on"]))
    day: Days = end + rng.integers(0, LATEST_ANSWER_DAYS, len(people)).astype("m8[D]")
    return day


# ------------------------------------------------------------------------------- respondents


def _respondent_wave(
    calibration: Calibration,
    asked: pd.DataFrame,
    source: str,
    wave: str,
    day: Days,
    rng: np.random.Generator,
) -> pd.DataFrame:
    n = len(asked)
    rows = _link_and_posture(calibration, day, _lift(calibration, asked), rng).set_index(
        asked.index
    )
    survey = calibration.survey(source)
    supported = asked["role"] == "beneficiary"
    rate = np.where(supported, survey.response_supported.value, survey.response_other.value)
    seconds = rng.integers(8 * 3600, 19 * 3600, n).astype("m8[s]")
    consents = rng.random(n) < calibration.triad.verbatim_share.value
    rows = rows.assign(
        person=asked.index,
        wave=wave,
        case_number=asked["case_number"],
        provider_ref=asked["provider_ref"].where(~supported, ""),
        answered_on=day,
        submitted_at=day.astype("M8[s]") + seconds,
        last_page=2,
        has_verbatim_consent=consents,
        interview_verbatim_ref=np.where(consents, wave.upper() + "-V" + asked["token"], ""),
        **_respondent(calibration, asked, source),
    )
    if source == REFERENTS:
        rows["qualification_result"] = _qualifications(n, rng) if wave == "t2" else ""
    return rows[rng.random(n) < rate]


def _respondent(calibration: Calibration, asked: pd.DataFrame, source: str) -> dict[str, pd.Series]:
    """Reference and name: tutors follow the young people of one workplace, at most three each."""
    if source == TUTORS:
        rank = asked.groupby("employer_number").cumcount()
        number = asked["employer_number"] + 1000 * (rank // 3)
        return {"respondent_ref": number.map("T-{:04d}".format), "tutor_name": _names(number)}
    number = asked["training_body"].str[-3:].astype(int) % calibration.triad.n_referents.value
    return {"respondent_ref": number.map("R-{:03d}".format), "referent_name": _names(number)}


def _names(number: pd.Series) -> pd.Series:
    """Names nobody bears: a title, a syllable for each digit."""
    syllables = ("ka", "lo", "mi", "nu", "ra", "se", "ti", "vo", "za", "be")

    def name(k: int) -> str:
        return "Mme X" + "".join(syllables[int(digit)] for digit in str(k))

    return number.map(name)
