"""The language of every text a steward or an evaluator reads.

Texts are written in English where they are used and looked up at the moment they are shown:
the language is known only once the protocol is loaded. ``AGIR_LANGUAGE`` wins over the
protocol; that choice is made at the command line and in ``definitions``, never here.
"""

import gettext as catalogues
from contextvars import ContextVar
from datetime import date
from functools import cache
from pathlib import Path

from babel.dates import format_date
from babel.numbers import format_decimal

LOCALES = Path(__file__).parent / "locales"
LANGUAGES = ("en", "fr")
DAY_PATTERNS = {"en": "yyyy-MM-dd", "fr": "dd/MM/yyyy"}

_current: ContextVar[str] = ContextVar("language", default="en")


def use_language(code: str) -> None:
    """Show texts in ``code`` ("en" or "fr") from now on; anything else means English."""
    _current.set(code if code in LANGUAGES else "en")


def current_language() -> str:
    return _current.get()


@cache
def _catalogue(code: str) -> catalogues.NullTranslations:
    return catalogues.translation("agir", LOCALES, languages=[code], fallback=True)


def _(text: str) -> str:
    """``text`` in the current language; English when the catalogue has no entry.

    Nothing stays nothing: under the empty text a catalogue keeps its own description.
    """
    return _catalogue(_current.get()).gettext(text) if text else ""


def written_day(day: date) -> str:
    """31/12/2012 in French; in English 2012-12-31, which no country reads the wrong way round."""
    return str(format_date(day, DAY_PATTERNS[_current.get()], locale=_current.get()))


def written_number(value: float, pattern: str = "#,##0.###") -> str:
    """A number with the decimal mark of the current language."""
    return str(format_decimal(value, pattern, locale=_current.get()))


def mark(text: str) -> str:
    """Marks a text defined at import time for extraction; ``_`` translates it when shown."""
    return text
