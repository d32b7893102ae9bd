"""All declared tables of one study, by name."""

from collections.abc import Mapping

from agir_pipeline.contracts.matched import matched_contracts
from agir_pipeline.contracts.model import TableContract
from agir_pipeline.contracts.once import once_per_protocol
from agir_pipeline.contracts.outcomes import outcome_contracts
from agir_pipeline.contracts.published import published_contracts
from agir_pipeline.errors import CheckError
from agir_pipeline.language import _
from agir_pipeline.protocol.model import Protocol


@once_per_protocol
def table_contracts(protocol: Protocol) -> Mapping[str, TableContract]:
    """Every declared table of the study, in the order a reader meets them."""
    published = published_contracts(protocol)
    return {**published, **matched_contracts(protocol), **outcome_contracts(protocol)}


def table_contract(name: str, protocol: Protocol) -> TableContract:
    """The contract of one table.

    Raises:
        CheckError: the study has no such declared table.
    """
    contracts = table_contracts(protocol)
    if name not in contracts:
        raise CheckError(_("{table} is not a declared table of this study").format(table=name))
    return contracts[name]
