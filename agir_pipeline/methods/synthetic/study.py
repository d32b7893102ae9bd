"""An invented study from a protocol and a seed: the files partners send, and the truth.

people → what would become of them with and without support → what the partners see of it, and
when → files, a few of them faulty. The same protocol, calibration, seed and scale always give
the same bytes; nothing is read from the clock.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from agir_pipeline.methods.synthetic import mobilisation, steward, support
from agir_pipeline.methods.synthetic.answers import status_outcome
from agir_pipeline.methods.synthetic.assembly import Assembly, assembled
from agir_pipeline.methods.synthetic.calibration import Calibration, load_calibration
from agir_pipeline.methods.synthetic.deliveries import (
    Deliveries,
    Delivery,
    listed_faults,
    plan_deliveries,
    plan_workbook,
)
from agir_pipeline.methods.synthetic.people import end_of_study
from agir_pipeline.methods.synthetic.truth import (
    n_pairs_at_first_instant,
    organisations_of_contracts,
    true_effects,
    true_people,
)
from agir_pipeline.methods.synthetic.world import World, invent_world
from agir_pipeline.protocol.model import Protocol


@dataclass(frozen=True)
class Study:
    """``deliveries`` in known order, made one by one; ``truth`` can be written as JSON."""

    deliveries: Deliveries
    workbook: Delivery
    """The steward's decisions as they stand at the end."""
    truth: dict[str, Any]
    deciders: tuple[str, ...] = (steward.AUTHOR, steward.APPROVER)
    """The people who sign its decisions."""


def invent_study(
    protocol: Protocol, seed: int, scale: int, calibration: Calibration | None = None
) -> Study:
    """The study of ``protocol`` with ``scale`` times its people.

    Without ``calibration``, the one beside the protocol.
    """
    calibration = calibration or load_calibration(protocol.folder)
    world = invent_world(protocol, calibration, seed, scale)
    assembly = assembled(protocol, calibration, world)
    # A generator of its own: delays of the post change nothing about people.
    rng = np.random.default_rng([seed, scale])
    plan = plan_deliveries(assembly.files, calibration.faults, end_of_study(protocol), rng)
    book = plan_workbook(assembly.book, assembly.book_days, calibration.faults)
    plan += book
    plan.sort(key=lambda planned: planned.known_on)
    truth = {
        "seed": seed,
        "scale": scale,
        "n_pairs_expected_2010": n_pairs_at_first_instant(protocol, world.people),
        "people": _people(protocol, world, assembly),
        "faults": listed_faults(plan),
        "corrections": steward.told_decisions(
            world.tables[steward.CORRECTIONS],
            ("source_name", "business_key", "field_name", "effective_on", "status"),
        ),
        "organisations": [
            *mobilisation.true_organisations(world.tables[mobilisation.OUTREACH]),
            *organisations_of_contracts(world.people, world.register),
        ],
        "effects": true_effects(
            protocol,
            world.people,
            world.with_support,
            world.without,
            world.employment,
            status_outcome(protocol).definitions[0].name,
        ),
    }
    return Study(Deliveries(plan), book[-1].made(), truth)


def _people(protocol: Protocol, world: World, assembly: Assembly) -> list[dict[str, Any]]:
    last = pd.Timestamp(end_of_study(protocol))
    decided = world.tables[steward.IDENTITIES]
    same = decided.loc[decided["identity_decision"] == steward.SAME_PERSON, "person"]
    is_one = world.people["is_linkable"] | world.people.index.isin(same)
    return true_people(
        world.people.assign(is_linkable=is_one),
        world.register[world.register["deposited_on"] <= last],
        world.answers,
        world.tables[support.SOURCE],
        assembly.delivered(world.answers),
    )
