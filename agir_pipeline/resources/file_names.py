"""What files are called outside the landing and the vault: a name may say whose the file is.

A name is shown as received only if every part of it is known to tell of nobody: words of the
protocol, words by which files are usually called, single letters, a day of the study, up to three
digits. Any other file is called after its source and the number of its receipt; its own name
stays with the receipt, in the landing.
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
YEARS = 12
"""Nobody in a study is younger: an earlier day, where the study has no start, may be a birthday."""
COMMON = frozenset(
    """
    a accepted add added address adviser advisers after again all answer answers archive arrears
    attendance audit avril backup bad batch before bis blank book bordereau broken by calendar
    case cases cell cells centre changed check checked clean code codes column columns comite
    comites common complete compte contact contacts content contract contracts control controls
    copie copy correct corrected correction corrections corrompu corrupt cost costs csv cut
    daily damaged data date dates day days decembre decision decisions delivery demo depenses
    derniere document donnees double draft drawn duplicate duplicates early empty encoding
    entree entrees entretien entretiens erreur error errors essai evening events extra extract
    extraction extrait fault faults fautif feuil feuille fevrier fichier fichiers field fields
    file files
    final first fix fixed for form format formation formula formulas from full garbage good
    group groupe groups header headers heading headings hidden historique history home hostile
    html in inbox income index input inscription inscriptions invalid janvier job jobs jour
    journal juillet juin keys last late latest layout leavers length letter limesurvey line
    lines link links list liste listes locked log logs mai main mars members merged messy
    missing mois month monthly morning names nasty new newer next no normal not note notes
    nouveau nouvelle novembre null number numbers octobre odd ods of old older on one only open
    original other out output part partial participants partner pay people person persons pilot
    plain pool presence present previous quarantine questionnaire questionnaires random raw re
    read record records refused register registre rejected release rename renamed repeat
    reponses report resent response responses result resultats results review revised round row
    rows rupture ruptures same sample schema second sent septembre series sheet sheets short
    shuffled site small source sources spell spells spreadsheet stagiaires start status step
    stop string study suivi suivis support survey surveys swapped tab table tableau tableaux
    tables target template temporary test tests text the third three to today too total totals
    training treated trial truncated tsv two type types unknown unreadable update updated utf
    valid value values version versions vide wave week weekly with withdrawals without workbook
    workbooks worker workers wrong xls xlsx year years zero zip
    """.split()  # noqa: SIM905 - a list of them would fill pages
)
"""Words by which files are usually called, in English and French; none is anybody's name."""
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
    return n_digits > DIGITS or not (known | COMMON).issuperset(told)


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
