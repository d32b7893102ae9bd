"""What a protocol says for the register of processing (GDPR art. 30) that no column can tell."""

from agir_pipeline.protocol.values import Frozen, Labels, Many, Text


class Recipient(Frozen):
    """Somebody the data are given to, and what of them."""

    name: Text
    receives: Labels


class Processing(Frozen):
    """Why a study processes personal data, on which ground, for whom and how long."""

    purposes: Labels
    legal_basis: Labels
    contact: Text
    """Of the controller, or of its data protection officer."""
    retention: Labels
    """What holds where a source says no date of its own."""
    recipients: Many[Recipient] = ()
    transfers: Labels | None = None
    """Out of the European Economic Area; without it there are none."""
    source: Text
