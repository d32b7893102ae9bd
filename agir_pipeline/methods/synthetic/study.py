"""An invented study from a protocol and a seed: the files partners send, and the truth.

people → what would become of them with and without support → what the partners see of it, and
when → files, a few of them faulty. The same protocol, calibration, seed and scale always give
the same bytes; nothing is read from the clock.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from agir_pipeline.methods.synthetic.answers import (
    employment,
    entry_answers,
    final_answers,
    status_outcome,
)
from agir_pipeline.methods.synthetic.calibration import Calibration, load_calibration
from agir_pipeline.methods.synthetic.contracts import register_rows
from agir_pipeline.methods.synthetic.deliveries import (
    Deliveries,
    days_with_news,
    delivered_keys,
    listed_faults,
    month_ends,
    plan_deliveries,
)
from agir_pipeline.methods.synthetic.people import end_of_study, invent_people
from agir_pipeline.methods.synthetic.ruptures import calibrated_model, draw_fates, paths
from agir_pipeline.methods.synthetic.streams import (
    Stream,
    answer_rows,
    beneficiary_rows,
    contract_rows,
    make_stream,
    pool_rows,
)
from agir_pipeline.methods.synthetic.timeline import Days
from agir_pipeline.methods.synthetic.truth import (
    n_pairs_at_first_instant,
    true_effects,
    true_people,
)
from agir_pipeline.protocol.model import Protocol

SURVEY_MONTHS = 3
KEY_COLUMNS = {
    "beneficiary_register": "case_number",
    "control_pool": "provider_ref",
    "contract_register": "contract_number",
}
ENTRY_SURVEY = "youth_survey_t0"


@dataclass(frozen=True)
class World:
    """Everything that is so, whether or not a file ever shows it."""

    people: pd.DataFrame
    with_support: pd.DataFrame
    without: pd.DataFrame
    lived: pd.DataFrame
    """The path each person lived: with support for beneficiaries, without it for the others."""
    employment: pd.DataFrame
    register: pd.DataFrame
    answers: dict[str, pd.DataFrame]


@dataclass(frozen=True)
class Study:
    """``deliveries`` in known order, made one by one; ``truth`` can be written as JSON."""

    deliveries: Deliveries
    truth: dict[str, Any]


def invent_study(
    protocol: Protocol, seed: int, scale: int, calibration: Calibration | None = None
) -> Study:
    """The study of ``protocol`` with ``scale`` times its people.

    Without ``calibration``, the one beside the protocol.
    """
    calibration = calibration or load_calibration(protocol.folder)
    world = invent_world(protocol, calibration, seed, scale)
    streams = _streams(protocol, calibration, world)
    # A generator of its own: delays of the post change nothing about people.
    rng = np.random.default_rng([seed, scale])
    plan = plan_deliveries(streams, end_of_study(protocol), rng)
    definition = status_outcome(protocol).definitions[0].name
    truth = {
        "seed": seed,
        "scale": scale,
        "n_pairs_expected_2010": n_pairs_at_first_instant(protocol, world.people),
        "people": true_people(
            world.people,
            world.register[world.register["deposited_on"] <= pd.Timestamp(end_of_study(protocol))],
            world.answers,
            _delivered(streams),
        ),
        "faults": listed_faults(plan),
        "effects": true_effects(
            protocol,
            world.people,
            world.with_support,
            world.without,
            world.employment,
            definition,
        ),
    }
    return Study(Deliveries(plan), truth)


def invent_world(protocol: Protocol, calibration: Calibration, seed: int, scale: int) -> World:
    """People, both potential outcomes of each, what the register and the surveys make of them."""
    chances = iter(np.random.default_rng(seed).spawn(6))
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
    return World(
        people,
        with_support,
        without,
        lived,
        jobs,
        register_rows(protocol, calibration, people, lived, next(chances)),
        {
            ENTRY_SURVEY: entry_answers(calibration, people, ENTRY_SURVEY, next(chances)),
            status_outcome(protocol).origin: final_answers(
                protocol, calibration, people, is_durable, next(chances)
            ),
        },
    )


def _delivered(streams: list[tuple[Stream, Days]]) -> dict[str, frozenset[str]]:
    """For each source, the keys that stand in its files."""
    keys: dict[str, frozenset[str]] = {}
    for stream, days in streams:
        found = delivered_keys(stream, days, KEY_COLUMNS.get(stream.source, "response_id"))
        keys[stream.source] = keys.get(stream.source, frozenset()) | found
    return keys


def _streams(
    protocol: Protocol, calibration: Calibration, world: World
) -> list[tuple[Stream, Days]]:
    """Each partner's file through time, with the days on which it is drawn."""
    first = calibration.history_from_on.value
    last = end_of_study(protocol).astype(object)
    people = world.people
    register = contract_rows(world.register)
    first_contract = world.register.query("kind == 'first'").set_index("person")["contract_number"]
    numbered = people.assign(contract_number=first_contract.reindex(people.index))

    def stream(source: str, provider: str, rows: pd.DataFrame) -> Stream:
        return make_stream(protocol, calibration, source, provider, rows)

    whole = month_ends(first, last)
    made = [
        (stream("beneficiary_register", "cnam", beneficiary_rows(numbered, world.lived)), whole),
        (stream("contract_register", "opca_export", register), whole),
    ]
    # Lists of possible controls are asked for as long as somebody may still be matched.
    listing = month_ends(first, max(protocol.matching.instants))
    for provider in protocol.source("control_pool").providers:
        rows = pool_rows(
            people[people["provider"] == provider.name],
            world.lived,
            provider.frame == "present_on_date",
        )
        listed = stream("control_pool", provider.name, rows)
        made.append((listed, days_with_news(listed, listing)))
    for source, answers in world.answers.items():
        survey = stream(source, "limesurvey", answer_rows(answers))
        made.append((survey, days_with_news(survey, month_ends(first, last, SURVEY_MONTHS))))
    return made
