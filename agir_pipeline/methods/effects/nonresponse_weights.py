"""The released weights of those who answered a questionnaire: 1 over their chance of answering.

The model of response is that of the weighted effects: logistic, a small ridge penalty, weights
truncated at their 1st and 99th percentiles. An effect fits it anew in each bootstrap draw; here it
is fitted once, on everybody due. Source: Kish 1965, Survey Sampling, § 11.7, for the effective n.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from agir_pipeline.methods.effects.layout import COUNT, DAY, FLAG, NUMBER, TEXT
from agir_pipeline.methods.effects.response_model import ResponseModel, response_design
from agir_pipeline.protocol.model import Wave

WEIGHT_COLUMNS = {
    "wave": TEXT, "instrument": TEXT, "person_id": TEXT, "pair_id": TEXT, "arm": TEXT,
    "asked_on": DAY, "is_respondent": FLAG, "event_by_then": TEXT, "n_respondents": COUNT,
    "response_chance": NUMBER, "weight": NUMBER, "n_effective": NUMBER,
}  # fmt: skip
ANSWERED = "answered"
HAPPENED, NOT_HAPPENED = "happened", "not_happened"
MEMBER = ["pair_id", "arm"]


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
    due = responses[responses["is_due"].fillna(False).astype(bool)]
    due = due.merge(population[[*MEMBER, *covariates]], on=MEMBER, how="left")
    due["is_respondent"] = (due["state"] == ANSWERED).fillna(False).astype(bool)
    due["event_by_then"] = _event_by_then(due, events)
    parts = [
        _weighted(due[due["wave"] == wave.name].sort_values(MEMBER), covariates).assign(
            instrument=wave.origin
        )
        for wave in waves
    ]
    table = pd.concat(parts, ignore_index=True)
    return table[list(WEIGHT_COLUMNS)].astype(WEIGHT_COLUMNS)


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


def _weighted(due: pd.DataFrame, covariates: Sequence[str]) -> pd.DataFrame:
    """The members due in one wave, with their chances, weights and effective numbers."""
    answers = due["is_respondent"].to_numpy(dtype=bool)
    unknown = np.full(len(due), np.nan)
    if not answers.any():
        return due.assign(
            n_respondents=0, response_chance=unknown, weight=unknown, n_effective=unknown
        )
    is_beneficiary = (due["arm"] == "beneficiary").to_numpy(dtype=bool)
    model = ResponseModel.of(
        response_design(due, [*covariates, "event_by_then"]), answers, is_beneficiary
    )
    once = np.ones((1, len(due)))
    weights = np.where(answers, model.weights(once)[0], np.nan)
    made = due.assign(
        n_respondents=0, response_chance=model.chances(once)[0], weight=weights, n_effective=unknown
    )
    for is_own in (is_beneficiary, ~is_beneficiary):
        own = weights[is_own & answers]
        made.loc[is_own, "n_respondents"] = len(own)
        if len(own):
            made.loc[is_own, "n_effective"] = own.sum() ** 2 / (own**2).sum()
    return made
