"""One invented study of each size, made once."""

import pytest

from agir_pipeline.methods.synthetic.calibration import Calibration, load_calibration
from agir_pipeline.methods.synthetic.deliveries import Delivery
from agir_pipeline.methods.synthetic.study import Study, invent_study
from agir_pipeline.methods.synthetic.world import World, invent_world
from agir_pipeline.protocol.loading import load_protocol, packaged_protocols
from agir_pipeline.protocol.model import Protocol


@pytest.fixture(scope="session")
def protocol() -> Protocol:
    return load_protocol(packaged_protocols()["agir"])


@pytest.fixture(scope="session")
def calibration(protocol: Protocol) -> Calibration:
    return load_calibration(protocol.folder)


@pytest.fixture(scope="session")
def study(protocol: Protocol) -> Study:
    return invent_study(protocol, seed=1, scale=1)


@pytest.fixture(scope="session")
def delivered(study: Study) -> list[Delivery]:
    """Every file of ``study``, made once."""
    return list(study.deliveries)


@pytest.fixture(scope="session")
def world(protocol: Protocol, calibration: Calibration) -> World:
    """The people behind ``study``."""
    return invent_world(protocol, calibration, seed=1, scale=1)


@pytest.fixture(scope="session")
def large_world(protocol: Protocol, calibration: Calibration) -> World:
    """So many people that Monte-Carlo error is about a point."""
    return invent_world(protocol, calibration, seed=4, scale=25)
