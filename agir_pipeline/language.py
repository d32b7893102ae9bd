"""The language of every text a steward or an evaluator reads.

Texts are written in English where they are used and looked up at the moment they are shown:
the language is known only once the protocol is loaded. ``AGIR_LANGUAGE`` wins over the
protocol; that choice is made at the command line and in ``definitions``, never here.
"""

import gettext as catalogues
from contextvars import ContextVar
from functools import cache
from pathlib import Path

LOCALES = Path(__file__).parent / "locales"
LANGUAGES = ("en", "fr")

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


def mark(text: str) -> str:
    """Marks a text defined at import time for extraction; ``_`` translates it when shown."""
    return text
