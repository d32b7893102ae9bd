"""The kinds of value a protocol is made of: names, texts, facts and labels, all frozen."""

from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

T = TypeVar("T")

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
"""A database cuts names after 63 bytes, and tables carry these with a word before or after."""
Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Count = Annotated[int, Field(ge=0)]
A_CENTURY = 36_525
Days = Annotated[int, Field(ge=0, le=A_CENTURY)]
SomeDays = Annotated[int, Field(ge=1, le=A_CENTURY)]
Months = Annotated[int, Field(ge=0, le=A_CENTURY // 30)]
AtLeastOne = Annotated[int, Field(ge=1)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(gt=0, lt=1)]


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


Many = Annotated[tuple[T, ...], BeforeValidator(_as_tuple)]
"""A TOML array of ``T``, frozen."""

Some = Annotated[tuple[T, ...], BeforeValidator(_as_tuple), Field(min_length=1)]
"""The same, never empty."""


class Frozen(BaseModel):
    """Unknown keys are refused and nothing is converted: "75" is not 75, nan and inf no numbers."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Fact(Frozen, Generic[T]):
    """A study fact: its value, its unit, and the document that says so."""

    value: T
    unit: Text
    source: Text


class Labels(Frozen):
    """What people read, in both languages of the releases."""

    en: Text
    fr: Text

    def in_language(self, code: str) -> str:
        return self.fr if code == "fr" else self.en
