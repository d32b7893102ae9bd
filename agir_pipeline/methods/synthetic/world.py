"""Everything that is so in an invented study, whether or not a file ever shows it."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from agir_pipeline.methods.synthetic import ledgers, mobilisation, steward, support, triad
from agir_pipeline.methods.synthetic.answers import (
    employment,
    entry_answers,
    final_answers,
    status_outcome,
)
from agir_pipeline.methods.synthetic.calibration import Calibration
from agir_pipeline.methods.synthetic.code_lists import code_list_rows
from agir_pipeline.methods.synthetic.contracts import register_rows
from agir_pipeline.methods.synthetic.details import (
    describe_contracts,
    describe_entry,
    describe_final,
    describe_people,
)
from agir_pipeline.methods.synthetic.people import invent_people
from agir_pipeline.methods.synthetic.ruptures import Bools, calibrated_model, draw_fates, paths
from agir_pipeline.protocol.model import Protocol

ENTRY_SURVEY = "youth_survey_t0"
N_CHANCES = 24
"""Generators, one for each part of the world: a new part changes nothing about the others."""

Chances = Iterator[np.random.Generator]


@dataclass(frozen=True)
class World:
    """People, what becomes of them with and without support, and all that is written of it."""

    people: pd.DataFrame
    with_support: pd.DataFrame
    without: pd.DataFrame
    lived: pd.DataFrame
    """The path each person lived: with support for beneficiaries, without it for the others."""
    employment: pd.DataFrame
    register: pd.DataFrame
    answers: dict[str, pd.DataFrame]
    tables: dict[str, pd.DataFrame]
    """The rows of every other source."""


def invent_world(protocol: Protocol, calibration: Calibration, seed: int, scale: int) -> World:
    """People, both potential outcomes of each, what the register and the surveys make of them."""
    chances = iter(np.random.default_rng(seed).spawn(N_CHANCES))
    people = invent_people(protocol, calibration, seed, scale, next(chances))
    model = calibrated_model(protocol, calibration, people)
    fates = draw_fates(calibration, len(people), next(chances))
    everybody = np.ones(len(people), dtype=bool)
    with_support = paths(model, calibration, people, fates, everybody)
    without = paths(model, calibration, people, fates, ~everybody)
    supported = people["role"] == "beneficiary"
    lived = with_support.where(supported, without)
    jobs = employment(calibration, people, with_support, without, next(chances))
    is_durable = jobs["y1"].where(supported, jobs["y0"]).to_numpy()
    register = register_rows(protocol, calibration, people, lived, next(chances))
    answers = _answers(protocol, calibration, people, lived, is_durable, chances)
    tables = _tables(protocol, calibration, people, lived, register, chances)
    final = status_outcome(protocol).origin
    answers[ENTRY_SURVEY] = describe_entry(answers[ENTRY_SURVEY], people, next(chances))
    answers[final] = describe_final(protocol, answers[final], next(chances))
    return World(
        describe_people(protocol, calibration, people, next(chances)),
        with_support,
        without,
        lived,
        jobs,
        describe_contracts(protocol, calibration, register, next(chances)),
        answers,
        tables,
    )


def _answers(
    protocol: Protocol,
    calibration: Calibration,
    people: pd.DataFrame,
    lived: pd.DataFrame,
    is_durable: Bools,
    chances: Chances,
) -> dict[str, pd.DataFrame]:
    return {
        ENTRY_SURVEY: entry_answers(calibration, people, ENTRY_SURVEY, next(chances)),
        status_outcome(protocol).origin: final_answers(
            protocol, calibration, people, is_durable, next(chances)
        ),
        triad.THREE_MONTHS: triad.three_month_answers(calibration, people, next(chances)),
        triad.END: triad.end_answers(calibration, people, lived, is_durable, next(chances)),
        **{
            source: triad.respondent_answers(calibration, people, lived, source, next(chances))
            for source in (triad.TUTORS, triad.REFERENTS)
        },
    }


def _tables(
    protocol: Protocol,
    calibration: Calibration,
    people: pd.DataFrame,
    lived: pd.DataFrame,
    register: pd.DataFrame,
    chances: Chances,
) -> dict[str, pd.DataFrame]:
    return {
        support.SOURCE: support.interviews(protocol, calibration, people, lived, next(chances)),
        mobilisation.OUTREACH: mobilisation.contacts(protocol, calibration, next(chances)),
        mobilisation.COMMITTEES: mobilisation.committees(
            protocol, calibration, people, next(chances)
        ),
        ledgers.CONTEXT: ledgers.context_rows(protocol, calibration, next(chances)),
        ledgers.COSTS: ledgers.cost_rows(protocol, calibration, people, next(chances)),
        steward.CORRECTIONS: steward.corrections(protocol, calibration, people),
        steward.IDENTITIES: steward.identity_decisions(calibration, people, register),
        steward.CONSENTS: steward.consent_withdrawals(calibration, people),
        steward.MAPPINGS: steward.layout_mappings(protocol),
        steward.HOLDS: steward.layout_holds(protocol),
        steward.DEPARTURES: steward.row_departures(protocol, calibration, people),
        "code_lists": code_list_rows(protocol, calibration),
    }
