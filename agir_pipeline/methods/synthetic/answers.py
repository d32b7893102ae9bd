"""What young people answer at entry, and six months after the planned end of their contract.

Employment has two potential outcomes, like ruptures: support helps by itself and by the
ruptures it avoids. Whether somebody answers depends on the arm and on how much at risk they are.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd

from agir_pipeline.methods.synthetic.calibration import Calibration
from agir_pipeline.methods.synthetic.people import as_days
from agir_pipeline.methods.synthetic.ruptures import Bools, Floats, log_hazard, solve
from agir_pipeline.methods.synthetic.timeline import Days, plus_months
from agir_pipeline.protocol.model import Protocol, StatusOutcome

ENTRY_ANSWER_DAYS = 21
LATE_ANSWER_DAYS = 20
DONT_KNOW = 98
TRIALS = 100
"""Response numbers used up while the questionnaire was tried out."""
LAST_PAGE = 4
STOPPED_PAGE = 2
DURABLE_MONTHS = (6, 12, 18, 24)
SHORT_MONTHS = (1, 2, 3, 4, 5)


def status_outcome(protocol: Protocol) -> StatusOutcome:
    return next(o for o in protocol.outcomes if isinstance(o, StatusOutcome))


def employment(
    calibration: Calibration,
    people: pd.DataFrame,
    with_support: pd.DataFrame,
    without: pd.DataFrame,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """``y1`` and ``y0`` of each person: durable employment with and without support."""
    rule = calibration.employment
    supported = (people["role"] == "beneficiary").to_numpy()
    risk = rule.risk_log_odds.value * log_hazard(calibration, people)
    lines = [
        risk + rule.rupture_log_odds.value * path["rupture_on"].notna().to_numpy()
        for path in (with_support, without)
    ]

    def mean_share(odds: float, line: Floats) -> float:
        return float(logistic(np.log(odds) + line[supported]).mean())

    base = rule.base_share.value
    odds_without = solve(lambda odds: mean_share(odds, lines[1]), base)
    odds_with = solve(lambda odds: mean_share(odds, lines[0]), base + rule.effect.value)
    luck = rng.random(len(people))
    return pd.DataFrame(
        {
            "y1": luck < logistic(np.log(odds_with) + lines[0]),
            "y0": luck < logistic(np.log(odds_without) + lines[1]),
        }
    )


def logistic(log_odds: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-log_odds)), dtype=float)


def entry_answers(
    calibration: Calibration, people: pd.DataFrame, source: str, rng: np.random.Generator
) -> pd.DataFrame:
    """Responses to the questionnaire at entry, one row per response in order of arrival."""
    began = people["support_entry_on"].fillna(people["contract_start_on"])
    delay = rng.integers(0, ENTRY_ANSWER_DAYS, len(people)).astype("m8[D]")
    answers = living_answers(calibration, people, rng)
    for item in range(1, 5):
        answers[f"company_relation_{item}"] = rng.integers(1, 6, len(people))
    return responses(calibration, people, source, as_days(began) + delay, answers, rng)


def living_answers(
    calibration: Calibration, people: pd.DataFrame, rng: np.random.Generator
) -> pd.DataFrame:
    """What everybody says of home, journey, licence and difficulties."""
    n = len(people)
    unstable = log_hazard(calibration, people) > 1
    housing = np.where(
        unstable & (rng.random(n) < 0.3),
        "unstable",
        rng.choice(np.array(["own", "family", "hostel"], dtype=object), n, p=[0.3, 0.55, 0.15]),
    )
    minutes = np.round(rng.gamma(2.0, 15.0, n)).clip(2, 97)
    minutes = np.where(rng.random(n) < 0.03, DONT_KNOW, minutes)
    return pd.DataFrame(
        {
            "housing_status": housing,
            "commute_minutes": minutes,
            "has_licence": rng.random(n) < 0.45,
            "has_money_difficulty": rng.random(n) < np.where(unstable, 0.5, 0.25),
            "has_health_difficulty": rng.random(n) < 0.1,
        }
    )


def final_answers(
    protocol: Protocol,
    calibration: Calibration,
    people: pd.DataFrame,
    is_durable: Bools,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Responses to the final questionnaire, asked some months after the planned end."""
    outcome = status_outcome(protocol)
    n = len(people)
    due = final_due_on(protocol, people)
    after = outcome.window_days.value[1]
    delay = rng.integers(0, after, n)
    too_late = rng.random(n) < calibration.answers.outside_window_share.value
    delay = np.where(too_late, after + 1 + delay % LATE_ANSWER_DAYS, delay)
    answers = situations(calibration, is_durable, rng)
    results = np.array(["full", "partial", "no", "pending"], dtype=object)
    answers["qualification_result"] = rng.choice(results, n, p=[0.71, 0.07, 0.17, 0.05])
    return responses(calibration, people, outcome.origin, due + delay.astype("m8[D]"), answers, rng)


def final_due_on(protocol: Protocol, people: pd.DataFrame) -> Days:
    """The day the final questionnaire is sent."""
    months = status_outcome(protocol).months_after_planned_end.value
    return plus_months(as_days(people["planned_end_on"]), np.full(len(people), months))


def situations(
    calibration: Calibration, is_durable: Bools, rng: np.random.Generator
) -> pd.DataFrame:
    """Answers that say, by the protocol's definition, whether the job is durable."""
    rule = calibration.employment
    n = len(is_durable)
    lasting = _drawn(rule.durable_kinds.value, rule.durable_shares.value, n, rng)
    short = _drawn(rule.short_kinds.value, rule.short_shares.value, n, rng)
    other = _drawn(rule.other_situations.value, rule.other_shares.value, n, rng)
    status = np.where(is_durable, "employed", other)
    kind = np.where(is_durable, lasting, np.where(status == "employed", short, ""))
    months = np.where(
        is_durable, rng.choice(DURABLE_MONTHS, n), rng.choice(SHORT_MONTHS, n)
    ).astype(float)
    has_term = np.isin(kind, ["fixed_term", "agency"])
    return pd.DataFrame(
        {
            "activity_status": status,
            "job_contract_type": kind,
            "job_contract_months": np.where(has_term, months, np.nan),
        }
    )


def _drawn(
    codes: tuple[str, ...], shares: tuple[float, ...], n: int, rng: np.random.Generator
) -> npt.NDArray[np.object_]:
    p = np.array(shares)
    return np.array(codes, dtype=object)[rng.choice(len(codes), n, p=p / p.sum())]


def responses(
    calibration: Calibration,
    people: pd.DataFrame,
    source: str,
    answered_on: Days,
    answers: pd.DataFrame,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Who answers, which answers stay incomplete, are repeated, or come without a name."""
    n = len(people)
    seconds = rng.integers(8 * 3600, 21 * 3600, n).astype("m8[s]")
    rows = answers.assign(
        person=people.index,
        case_number=people["case_number"],
        provider_ref=people["provider_ref"].where(people["role"] == "control", ""),
        token=people["token"],
        answered_on=answered_on,
        submitted_at=answered_on.astype("M8[s]") + seconds,
        last_page=LAST_PAGE,
        start_language="fr",
    )
    rule = calibration.answers
    is_incomplete = rng.random(n) < rule.incomplete_share.value
    is_repeated = rng.random(n) < rule.repeated_share.value
    wait = rng.integers(1, 6, n).astype("m8[D]")
    does_answer = _does_answer(calibration, people, source, rng)
    rows = _cut_short(rows, is_incomplete, list(answers.columns))
    again = rows.assign(
        answered_on=rows["answered_on"] + wait, submitted_at=rows["submitted_at"] + wait
    )[does_answer & is_repeated & ~is_incomplete]
    rows = rows[does_answer]
    middle = len(rows) // 2
    nameless = rows.index[middle : middle + rule.nameless.value]
    blank = ["token", "case_number", "provider_ref"]
    rows.loc[nameless, blank] = ""
    rows = pd.concat([rows, again[~again.index.isin(nameless)]])
    rows = rows.sort_values(["answered_on", "submitted_at", "person"], kind="stable")
    return rows.assign(response_id=[str(TRIALS + k) for k in range(1, len(rows) + 1)])


def _does_answer(
    calibration: Calibration, people: pd.DataFrame, source: str, rng: np.random.Generator
) -> Bools:
    survey = calibration.survey(source)
    supported = (people["role"] == "beneficiary").to_numpy()
    asked = supported | ((people["role"] == "control") & people["has_contact_consent"]).to_numpy()
    rate = np.where(supported, survey.response_supported.value, survey.response_other.value)
    risk = log_hazard(calibration, people)
    risk = risk - np.where(supported, risk[supported].mean(), risk[~supported].mean())
    log_odds = np.log(rate / (1 - rate)) + calibration.answers.risk_log_odds.value * risk
    answers: Bools = asked & (rng.random(len(people)) < logistic(log_odds))
    return answers


def _cut_short(rows: pd.DataFrame, is_incomplete: Bools, items: list[str]) -> pd.DataFrame:
    """Answers given up on the way: no submission, and nothing from the second half on."""
    cut = rows.assign(
        submitted_at=rows["submitted_at"].where(~is_incomplete),
        last_page=rows["last_page"].where(~is_incomplete, STOPPED_PAGE),
    )
    for item in items[len(items) // 2 :]:
        cut[item] = cut[item].astype(object).where(~is_incomplete, None)
    return cut
