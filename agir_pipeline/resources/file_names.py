"""What files are called outside the landing and the vault: a name may say whose the file is.

A name is shown as received only if every part of it is known to tell of nobody: words of the
protocol, single letters, a day of the study, up to three digits. Any other file is called after
its source and the number of its receipt; its own name stays with the receipt, in the landing.
"""

import hashlib
import os
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path, PurePath

from agir_pipeline.methods.identity.normalise import folded_words
from agir_pipeline.protocol.model import Protocol
from agir_pipeline.resources.files import ending, legible

HIDDEN = "…"
"""Stands for what is not shown of a file that has no receipt yet."""
DIGITS = 3
"""A wave, a version, an adviser: too few to be a birthday or a number of anything."""
YEARS = 5
"""A file drawn longer ago than this was drawn for another study: such a day may be a birthday."""
DAY = re.compile(
    r"(?<!\d)(?:(?P<day>[0-3]?\d)[-_. ](?P<month>[01]?\d)[-_. ](?P<last>(?:19|20)\d\d)"
    r"|(?P<first>(?:19|20)\d\d)(?:[-_. ]?[01]\d(?:[-_. ]?[0-3]\d)?)?)(?!\d)"
)
ISO_DAY = re.compile(r"(\d{4}-\d{2}-\d{2})(?!.*\d{4}-\d{2}-\d{2})")
WORD = re.compile(r"[^\W\d_]+")


def is_private(protocol: Protocol, file_name: str, known_on: date) -> bool:
    """Whether a name holds anything that might tell of a person."""
    stem = legible(file_name).removesuffix(ending(file_name))
    found = DAY.search(stem)
    if found:
        year = int(found["last"] or found["first"])
        if first_year(protocol, known_on) <= year <= known_on.year:
            stem = stem[: found.start()] + " " + stem[found.end() :]
    known = _words(tuple(_texts(protocol)))
    told = [word for word in WORD.findall(folded_words(stem)) if len(word) > 1]
    n_digits = sum(letter.isdigit() for letter in stem)
    return n_digits > DIGITS or not known.issuperset(told)


def shown_before_receipt(protocol: Protocol, path: str | Path) -> str:
    """A path without what might tell of a person, for a file nobody has taken in."""
    today = datetime.now(UTC).date()
    return "/".join(
        HIDDEN + ending(part) if is_private(protocol, part, today) else part
        for part in PurePath(legible(path)).parts
    )


def place_of(path: str | Path, *told: str) -> str:
    """What names a file where it lies, without saying its name."""
    whole = os.fsencode(path) + b"".join(b"\x1f" + text.encode() for text in told)
    return hashlib.sha256(whole).hexdigest()[:32]


def drawn_on(protocol: Protocol, file_name: str, known_on: date) -> date | None:
    """The last day written as YYYY-MM-DD in a file's name: when the partner drew it."""
    found = ISO_DAY.search(file_name)
    try:
        day = date.fromisoformat(found.group(1)) if found else None
    except ValueError:
        return None
    return day if day and day.year >= first_year(protocol, known_on) else None


def first_year(protocol: Protocol, known_on: date) -> int:
    """The first year of which a file of the study may be."""
    start = protocol.study.start_on
    years = [known_on.year - YEARS] + ([start.value.year - 1] if start else [])
    return min(years)


def _texts(protocol: Protocol) -> Iterator[str]:
    yield from protocol.study.file_words
    for source in protocol.sources:
        yield from (source.name, source.labels.en, source.labels.fr)
        for provider in source.providers:
            yield from (provider.name, provider.labels.en, provider.labels.fr)


@lru_cache(maxsize=4)
def _words(texts: tuple[str, ...]) -> frozenset[str]:
    return frozenset(word for text in texts for word in WORD.findall(folded_words(text)))
