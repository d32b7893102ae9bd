"""What a questionnaire asks: its fields in order, when each is shown, and how each is headed.

It comes from the survey server or from a structure file, and is kept as canonical JSON: the same
questionnaire gives the same bytes by either way, as far as both tell it.
"""

import hashlib
import html
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

METADATA: Mapping[str, tuple[str, ...]] = {
    "id": ("Response ID", "ID de la réponse"),
    "submitdate": ("Date submitted", "Date de soumission"),
    "lastpage": ("Last page", "Dernière page"),
    "startlanguage": ("Start language", "Langue de départ"),
    "seed": ("Seed", "Tête de série"),
    "token": ("Access code", "Code d'accès"),
    "startdate": ("Date started", "Date de lancement"),
    "datestamp": ("Date last action", "Date de la dernière action"),
    "ipaddr": ("IP address", "Adresse IP"),
    "refurl": ("Referrer URL", "URL référente"),
}
"""What LimeSurvey says of a response beside its answers, as it heads it in English and French."""

NOT_ASKED = frozenset({"X", "|count"})
"""A text that is only displayed, and the number of files sent: nobody is asked for them."""

DUAL_SCALE = "1"
WHOLE = "W"
"""The pages of a form that is sent whole or not at all: every question was reached."""

TAGS = re.compile(r"<[^>]*>")

Labels = Mapping[str, tuple[str, ...]]
"""Language → the parts of a heading: the question, then its sub-questions."""


@dataclass(frozen=True)
class Field:
    """One column of the responses. Metadata has no question."""

    name: str
    """The heading in the style "code": ``LOGT[other]``."""
    question: str = ""
    type: str = ""
    """LimeSurvey's letter of the question's type; ``|count`` for a number of files."""
    page: int = 0
    """The group of the question, from 1."""
    relevance: tuple[str, ...] = ()
    """Expressions that must all hold for the question to be shown."""
    labels: Labels = field(default_factory=dict)
    options: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Code → language → label."""
    raw_name: str = ""
    """The server's own name of the column, which expressions may use: ``140140X1X7other``."""

    @property
    def is_asked(self) -> bool:
        return bool(self.question) and self.type not in NOT_ASKED

    @property
    def is_box(self) -> bool:
        """A box to tick, whose empty cell means "not ticked" where the question was shown."""
        is_comment = self.name.endswith("comment]")
        return self.type in ("M", "P") and not is_comment and not self.name.endswith("[other]")


@dataclass(frozen=True)
class Questionnaire:
    """The fields of one form in the order of its export."""

    form: str
    languages: tuple[str, ...]
    """The base language first."""
    pages: str
    """``G``: one page per group, where the last page reached tells which groups were seen."""
    fields: tuple[Field, ...]

    @cached_property
    def by_name(self) -> dict[str, Field]:
        return {one.name: one for one in self.fields}

    @cached_property
    def codebook(self) -> str:
        """A hash of what is asked and how: it changes with a question, a scale or a wording."""
        base = self.languages[0]
        told = [
            [
                *(one.name, one.type, one.page, one.relevance, one.labels.get(base, ())),
                _scale(one, base),
            ]
            for one in self.fields
            if one.question
        ]
        text = json.dumps(told, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def to_json(self) -> str:
        return json.dumps(asdict(self), sort_keys=True, ensure_ascii=False, indent=1)

    @classmethod
    def from_json(cls, text: str) -> "Questionnaire":
        told = json.loads(text)
        fields = tuple(_field(one) for one in told["fields"])
        return cls(told["form"], tuple(told["languages"]), told["pages"], fields)


def _field(told: Mapping[str, Any]) -> Field:
    labels = {language: tuple(parts) for language, parts in told["labels"].items()}
    return Field(**{**told, "relevance": tuple(told["relevance"]), "labels": labels})


def _scale(one: Field, language: str) -> dict[str, str]:
    """The codes of a field with their labels; of a dual scale a server tells none, a file all."""
    is_told = one.type != DUAL_SCALE
    return {c: labels.get(language, "") for c, labels in one.options.items() if is_told}


def changes(before: Questionnaire, after: Questionnaire) -> tuple[list[str], list[str], list[str]]:
    """The columns that were added, removed and changed from one version to the next."""
    one, two = before.by_name, after.by_name
    base = before.languages[0]
    changed = [
        name
        for name in two
        if name in one and _asked(one[name], base) != _asked(two[name], after.languages[0])
    ]
    return [n for n in two if n not in one], [n for n in one if n not in two], changed


def _asked(one: Field, language: str) -> tuple[object, ...]:
    return (one.type, one.page, one.relevance, one.labels.get(language), _scale(one, language))


def plain(text: str | None) -> str:
    """A label without tags and entities, on one line."""
    return " ".join(html.unescape(TAGS.sub("", text or "")).replace("\xa0", " ").split())
