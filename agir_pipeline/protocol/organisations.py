"""Which columns name a company, a training organisation or another body, and by what."""

from pydantic import Field

from agir_pipeline.protocol.values import Frozen, Name, Some, Text


class OrganisationTeller(Frozen):
    """The columns by which the rows of a source name an organisation in one role."""

    role: Name
    source: Name
    siret: Name | None = None
    """Its column is read with the checksum, so that a wrong number names nobody."""
    number: Name | None = None
    """A number of the study's own: the same in every source that tells this role."""
    name: Name | None = None
    commune: Name | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """All it names."""
        told = (self.siret, self.number, self.name, self.commune)
        return tuple(name for name in told if name is not None)


class Spillover(Frozen):
    """Where a control may hear what beneficiaries are told."""

    role: Name
    """Of the organisation whose trainees meet, as contracts name it."""
    territory: Name
    """The covariate that says where somebody lives."""
    source: Text


class Organisations(Frozen):
    """How organisations are known again: the SIRET first, a number, then name and commune."""

    left_out: Some[str]
    """Words that tell no organisation from another: legal forms, articles."""
    written_out: dict[str, str] = Field(default_factory=dict)
    """Short word → the word it stands for, in names and communes."""
    told_by: Some[OrganisationTeller]
    source: Text
    spillover: Spillover | None = None
