"""The released weights of those who answered a questionnaire: 1 over their chance of answering.

The model of response is that of the weighted effects: logistic, a small ridge penalty, weights
truncated at their 1st and 99th percentiles. An effect fits it anew in each bootstrap draw; here it
is fitted once, on everybody due. Source: Kish 1965, Survey Sampling, § 11.7, for the effective n.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from agir_pipeline.methods.effects.layout import COUNT, DAY, FLAG, NUMBER, TEXT
from agir_pipeline.methods.effects.response_model import Floats, ResponseModel, response_design
from agir_pipeline.protocol.model import Wave

WEIGHT_COLUMNS = {
    "wave": TEXT, "instrument": TEXT, "person_id": TEXT, "pair_id": TEXT, "arm": TEXT,
    "asked_on": DAY, "is_respondent": FLAG, "event_by_then": TEXT, "n_respondents": COUNT,
    "response_chance": NUMBER, "weight": NUMBER, "n_effective": NUMBER,
}  # fmt: skip
ANSWERED = "answered"
DIGITS = 10
"""Of a chance: the last bits of the fit differ with the number of threads."""
HAPPENED, NOT_HAPPENED = "happened", "not_happened"
MEMBER = ["pair_id", "arm"]

Bools = NDArray[np.bool_]


def nonresponse_weights(
    responses: pd.DataFrame,
    population: pd.DataFrame,
    events: pd.DataFrame | None,
    waves: Sequence[Wave],
    covariates: Sequence[str],
) -> pd.DataFrame:
    """One row per wave and member due to answer, respondent or not.

    ``responses``: wave, pair_id, arm, person_id, asked_on, is_due, state; who answered whole and
    inside the window is a respondent, as in the response rates. ``population``: the ``covariates``
    of each pair_id × arm as matched on. ``events``: the days of the first outcome's primary event
    by pair_id × arm; whether it had happened by the day asked explains the response too, unknown
    being a level of its own. The weight of whoever did not answer is missing; in a wave that
    nobody answered the chance is missing too. ``n_effective`` is Kish's, of the arm's respondents.
    """
    places = population[MEMBER].assign(place=np.arange(len(population)))
    due = responses[responses["is_due"].fillna(False).astype(bool)].sort_values(MEMBER)
    due = due.merge(places, on=MEMBER)
    due["is_respondent"] = (due["state"] == ANSWERED).fillna(False).astype(bool)
    due["event_by_then"] = _event_by_then(due, events)
    told = due["event_by_then"].to_numpy(dtype=object, na_value="")[:, None]
    explaining = np.hstack(
        [
            response_design(population, covariates)[due["place"].to_numpy()],
            told == np.array([HAPPENED, NOT_HAPPENED, ""], dtype=object),
        ]
    ).astype(float)
    is_beneficiary = (due["arm"] == "beneficiary").to_numpy(dtype=bool)
    answers, of_wave = due["is_respondent"].to_numpy(), due["wave"].to_numpy(dtype=object)
    figures = np.full((4, len(due)), np.nan)
    own = [np.flatnonzero(of_wave == wave.name) for wave in waves]
    for rows in own:
        figures[:, rows] = _figures(explaining[rows], answers[rows], is_beneficiary[rows])
    names = ("n_respondents", "response_chance", "weight", "n_effective")
    made = due.assign(
        instrument=due["wave"].map({wave.name: wave.origin for wave in waves}),
        **dict(zip(names, figures, strict=True)),
    )
    order = np.concatenate([*own, np.empty(0, dtype=np.int64)]).astype(np.int64)
    return made.iloc[order].reset_index(drop=True)[list(WEIGHT_COLUMNS)].astype(WEIGHT_COLUMNS)


def _event_by_then(due: pd.DataFrame, events: pd.DataFrame | None) -> "pd.Series[str]":
    """Whether the event had happened by the day asked; missing where nobody can know yet."""
    if events is None:
        return pd.Series(pd.NA, due.index, dtype="string")
    told = due[[*MEMBER, "asked_on"]].merge(events, on=MEMBER, how="left").set_axis(due.index)
    days = (told["asked_on"] - told["index_on"]).dt.days
    time, until = (told[name].astype("Float64") for name in ("time_days", "follow_up_days"))
    happened = (told["cause"] == 1) & (time <= until) & (time <= days)
    seen = pd.Series(NOT_HAPPENED, due.index, dtype="string").where((until >= days).fillna(False))
    return seen.mask(happened.fillna(False).astype(bool), HAPPENED)


def _figures(explaining: Floats, answers: Bools, is_beneficiary: Bools) -> Floats:
    """Of the members due in one wave: respondents of the arm, chance, weight, effective number."""
    n_own, n_others = (answers & is_beneficiary).sum(), (answers & ~is_beneficiary).sum()
    n_respondents = np.where(is_beneficiary, n_own, n_others)
    if not answers.any():
        return np.vstack([n_respondents, np.full((3, len(answers)), np.nan)])
    model = ResponseModel.of(explaining, answers, is_beneficiary)
    once = np.ones((1, len(answers)))
    chances = np.round(model.chances(once), DIGITS)
    weights = np.where(answers, model.truncated(1 / chances, once)[0], np.nan)
    n_effective = np.full(len(answers), np.nan)
    for arm in (is_beneficiary, ~is_beneficiary):
        if (own := weights[arm & answers]).size:
            n_effective[arm] = own.sum() ** 2 / (own**2).sum()
    return np.vstack([n_respondents, chances[0], weights, n_effective])
