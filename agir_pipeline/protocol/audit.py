"""How far a delivery may lie from the ones before it until the steward is told."""

from agir_pipeline.protocol.values import AtLeastOne, Fact, Frozen, Share


class Audit(Frozen):
    """The room each night's deliveries have beside their history."""

    least_deliveries: Fact[AtLeastOne]
    """Fewer earlier ones of a provider are no history; so many of the newest are one."""
    volume_ratio: Fact[Share]
    """Rows: not below this part of the smallest, nor above the largest by as much."""
    share_tolerance: Fact[Share]
    """Missing rates and shares of codes: not outside the range so far by more than this."""
