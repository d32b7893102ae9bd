import pytest

from agir_pipeline.protocol.loading import load_protocol, packaged_protocols
from agir_pipeline.protocol.model import Protocol


@pytest.fixture(scope="session")
def agir() -> Protocol:
    return load_protocol(packaged_protocols()["agir"])
