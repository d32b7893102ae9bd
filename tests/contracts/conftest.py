"""The two packaged studies, for every test of a declared table."""

import pytest

from agir_pipeline.protocol.loading import load_protocol, packaged_protocols
from agir_pipeline.protocol.model import Protocol


@pytest.fixture(scope="session")
def agir() -> Protocol:
    return load_protocol(packaged_protocols()["agir"])


@pytest.fixture(scope="session")
def nsw() -> Protocol:
    return load_protocol(packaged_protocols()["nsw"])
