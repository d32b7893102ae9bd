"""How the protocol says that two rows are one person."""

from agir_pipeline.protocol.values import Fact, Frozen, Many, Name, Share, Some, Text


class LinkageColumns(Frozen):
    """Where a source says it; of several names the first is the one in use, another a second."""

    last_name: Some[Name]
    first_name: Some[Name]
    born_on: Some[Name]
    place: Many[Name] = ()
    phone: Many[Name] = ()
    email: Many[Name] = ()


class Linkage(Frozen):
    """How probable one person must be where no key says it: a trained model beside the protocol."""

    model: Text
    columns: LinkageColumns
    automatic_from: Fact[Share]
    """Linked at once from this probability on, beside all rivals."""
    review_from: Fact[Share]
    """Shown to the steward from this probability on."""


class Identity(Frozen):
    """Which columns say that two rows are one person; the first rule that is unique wins."""

    same_when: Some[Many[Name]]
    """Each rule is a list of identifying columns; all of them filled and equal means the same."""
    source: Text
    decisions: Name | None = None
    """The source of decisions in which the steward says who is who."""
    linkage: Linkage | None = None
